/* Settings: options that are not given with a call but stand in files and in the environment. docs/design/settings.md. */
#ifndef PF_CONVERT_SETTINGS_H
#define PF_CONVERT_SETTINGS_H

#include "convert/request.h"

enum { PF_SETTING_FILES = 3 };

/* A place where a file of settings may lie, whether there is one or not. */
struct pf_setting_file {
    const char *path;
    const char *named_by; /* "system", "PYFORGE_CONFIG", "user" */
    bool read;
    const char *problem; /* why one that exists was passed over; NULL = none */
};

/* Everything that is in force, all in one arena. */
struct pf_settings {
    struct pf_setting_file files[PF_SETTING_FILES];
    uint32_t file_count;
    /* In the order of files, environment, caller; one that a later origin overrides is left out, so that a list of texts is
     * made longer by its own origin only. */
    const struct pf_setting *list;
    uint32_t count;
};

/* The places of files as above, in order, as many as fit. For the extensions, which have a part of them. */
uint32_t pf_setting_places(struct pf_arena *arena, const char **paths, uint32_t most);

/* Reads the files and the environment and puts what the caller gave on top. PF_BAD_OPTION for an unknown name, a value that the
 * option does not take, and a file that is no TOML; err has file and line. A file of the system or the user that may not be
 * read is passed over: its folder may be closed to the account that runs the conversion. */
enum pf_status pf_settings_gather(const struct pf_request *request, struct pf_arena *arena, struct pf_settings *settings,
                                  struct pf_error *err);

/* Whether two names are one option, in any of the tables. */
bool pf_setting_same(const struct pf_context *ctx, const char *a, const char *b);
/* What a setting says, as text: of a flag "yes" or "no", however it was spelled. NULL = nothing, of an option that needs a value. */
const char *pf_setting_text(const struct pf_context *ctx, const struct pf_setting *setting);

#endif
