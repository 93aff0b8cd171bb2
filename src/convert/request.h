/* Request: what a caller asks for, as given; nothing is decided before plan.c. */
#ifndef PF_CONVERT_REQUEST_H
#define PF_CONVERT_REQUEST_H

#include "base/context.h"
#include "convert/options.h"

enum { PF_REQUEST_TABLES = 32 };

/* One option as the caller gave it. */
struct pf_setting {
    const char *name;     /* as written, without leading dashes */
    const char *value;    /* NULL = a flag named without a value */
    const char *variable; /* the environment variable (or our own function) it came from; NULL = given by the caller */
};

struct pf_request {
    struct pf_context *ctx;
    struct pf_arena arena;
    const char *input, *output; /* NULL = not given */
    struct pf_setting *settings;
    uint32_t setting_count, setting_capacity;
};

/* The settings with those of the environment in front, so that what the caller gave wins. In arena. */
enum pf_status pf_request_settings(const struct pf_request *request, struct pf_arena *arena, const struct pf_setting **settings,
                                   uint32_t *count, struct pf_error *err);
/* The options of the convert table under these settings. Texts are the settings'. */
enum pf_status pf_request_options(const struct pf_setting *settings, uint32_t count, struct pf_convert_options *options,
                                  struct pf_error *err);

#endif
