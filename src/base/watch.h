/* A watch: tells when a call takes longer than it may, while it does. Its thread exists from _new to _free. */
#ifndef PF_BASE_WATCH_H
#define PF_BASE_WATCH_H

#include <stdbool.h>

struct pf_watch;

/* late is called on the watch's thread. NULL = no thread could be started. */
struct pf_watch *pf_watch_new(void (*late)(void *user), void *user);
void pf_watch_free(struct pf_watch *watch); /* NULL is allowed */
/* From here on seconds are counted. */
void pf_watch_begin(struct pf_watch *watch, double seconds);
/* The call is over; late is not running any more and will not be called for it. true = it was. */
bool pf_watch_end(struct pf_watch *watch);

#endif
