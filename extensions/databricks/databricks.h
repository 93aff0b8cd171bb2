/* Between the files of the extension. Only pyforge/extension.h is needed of PyForge, and nothing of it is linked. */
#ifndef DATABRICKS_H
#define DATABRICKS_H

#include "environment.h"
#include "json.h"

/* What a command works with. The extension keeps nothing: its additions are also added to another extension of the same name. */
struct databricks {
    const struct pf_host *host;
    const struct environment_view *view;
    const char *mount; /* VOLUMES_MOUNT */
};

/* A command's arguments: at most one that is no option. */
struct arguments {
    const char *operand; /* NULL = not given */
    bool json, write;
};

/* Exit codes, as those of the command line. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REFUSED = 4 };

/* What commands write, in one go. */
struct page {
    const struct pf_host *host;
    struct pf_command_io *io;
    bool failed;
};

__attribute__((format(printf, 2, 3))) void page_print(struct page *page, const char *text, ...);
/* The JSON, with an end of line; frees it. */
void page_json(struct page *page, struct json *json);
/* "pyforge: error: MESSAGE" and "  hint: REMEDY" to the error stream; remedy "" = none. Gives code. */
int page_fail(struct page *page, int code, const char *message, const char *remedy);

int command_env(const struct databricks *with, struct pf_command_io *io, int argc, const char *const *argv);
int command_list_volumes(const struct databricks *with, struct pf_command_io *io, int argc, const char *const *argv);
int command_validate_volume(const struct databricks *with, struct pf_command_io *io, int argc, const char *const *argv);

/* options: those that are allowed, "--json --write". operand: one may be given. Gives EXIT_DONE, or what the command ends with. */
int arguments_read(struct page *page, int argc, const char *const *argv, const char *options, bool operand,
                   struct arguments *out);

/* Adds the commands and the probe. */
enum pf_status commands_add(const struct pf_host *host, struct pf_registration *to, struct pf_error *err);

#endif
