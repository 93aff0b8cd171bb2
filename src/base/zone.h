/* Names of time zones, as options have them. */
#ifndef PF_BASE_ZONE_H
#define PF_BASE_ZONE_H

#include <stdbool.h>

enum { PF_ZONE_NAME = 64 };

/* "Europe/Berlin", "UTC", "+02:00", "UTC+2": what Spark takes for the zone of a session. Names are compared with case. */
bool pf_zone_is_known(const char *name);
/* "Berlin" and "europe/berlin" give "Europe/Berlin". false = nothing is near. */
bool pf_zone_suggest(const char *written, char to[PF_ZONE_NAME]);

#endif
