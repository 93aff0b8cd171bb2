/* Request: what a caller asks for, as given; nothing is decided before plan.c. */
#ifndef PF_CONVERT_REQUEST_H
#define PF_CONVERT_REQUEST_H

#include "base/context.h"
#include "convert/options.h"
#include "pyforge/arrow_abi.h"

enum { PF_REQUEST_TABLES = 32 };

/* One option as the caller gave it. */
struct pf_setting {
    const char *name;     /* as written, without leading dashes */
    const char *value;    /* NULL = a flag named without a value */
    const char *variable; /* the environment variable, file or function of ours it came from; NULL = given by the caller */
    int64_t line;         /* of the file; 0 = it is none */
};

/* What a caller gives in the place of files. The owner calls pf_given_release. */
struct pf_given {
    struct pf_input input;          /* name is not used: the request has it */
    struct pf_output output;        /* nor here */
    struct ArrowArrayStream stream; /* an input, too; release NULL = there is none */
    bool has_input, has_output;
};

struct pf_request {
    struct pf_context *ctx;
    struct pf_arena arena;
    const char *input, *output;      /* paths, or names of what is given; NULL = not named */
    struct pf_given given;           /* until a call uses it up */
    const struct pf_setting *hooked; /* by hooks of extensions, or by validate, while it runs: what nobody gave */
    uint32_t hooked_count;
    struct pf_setting *settings;
    uint32_t setting_count, setting_capacity;
    bool has_answered; /* a call has gathered the settings: these were in force */
    int compat;        /* enum pf_compat */
    bool force;
    bool output_derived; /* nobody has named output: it is what one of one table would be called */
};

void pf_given_drop_input(struct pf_given *given);
void pf_given_drop_output(struct pf_given *given);
void pf_given_release(struct pf_given *given); /* both, and the stream */

/* The first option of this name (as users write it) in any table; NULL = there is none. */
const struct pf_option *pf_option_anywhere(const struct pf_context *ctx, const char *name);
/* The same among the tables that are there already: no extension is loaded for it. */
const struct pf_option *pf_option_there(const struct pf_context *ctx, const char *name);
/* A value is good when one of the tables that know the option takes it: which of them counts is decided with the formats. */
enum pf_status pf_setting_check(const struct pf_context *ctx, const char *name, const char *value, struct pf_error *err);
/* The settings in force (settings.h), what the caller gave last. In arena. */
enum pf_status pf_request_settings(const struct pf_request *request, struct pf_arena *arena, const struct pf_setting **settings,
                                   uint32_t *count, struct pf_error *err);
/* The options of the convert table under these settings. Texts are the settings'. */
enum pf_status pf_request_options(const struct pf_setting *settings, uint32_t count, struct pf_convert_options *options,
                                  struct pf_error *err);
/* Both: the options in force. Texts are in arena. */
enum pf_status pf_request_in_force(const struct pf_request *request, struct pf_arena *arena, struct pf_convert_options *options,
                                   struct pf_error *err);
/* What the caller is told of an error: in keywords where those are used, in scratch then. err may be NULL. */
const struct pf_error *pf_error_told(const struct pf_context *ctx, const struct pf_error *err, struct pf_error *scratch);
/* Whether Parquet is written under names that end in .txt: the original wrote it under every name, and txt was its word for it. */
bool pf_is_compat_txt(const struct pf_convert_options *options);

#endif
