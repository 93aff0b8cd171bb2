/* Commands that extensions add, for a command line. */
#include <string.h>

#include "extension/set.h"

struct pf_command_io {
    const struct pf_command_host *host;
};

static bool write_out(struct pf_command_io *io, const char *bytes, size_t size)
{
    return io->host->write_out(io->host->user, bytes, size);
}

static bool write_err(struct pf_command_io *io, const char *bytes, size_t size)
{
    return io->host->write_err(io->host->user, bytes, size);
}

void pf_host_fill_commands(struct pf_host *host)
{
    host->write_out = write_out;
    host->write_err = write_err;
}

/* ---- which there are */

static const char *text_or_nothing(const char *text)
{
    return text != NULL ? text : "";
}

static void fill(const struct pf_extensions *set, const struct pf_entry *entry, const char *name,
                 struct pf_extension_command *out)
{
    const struct pf_addition *addition = pf_addition_find(set, PF_ADDS_COMMAND, name);

    memset(out, 0, sizeof *out);
    out->name = name;
    out->extension = entry->name;
    out->summary = addition != NULL ? text_or_nothing(addition->as.command.summary) : "";
    out->help = addition != NULL ? text_or_nothing(addition->as.command.help) : "";
    if (out->help[0] == '\0')
        out->help = out->summary;
}

/* Whether an extension that stands before entry, and can be had, offers the name already. */
static bool is_offered_before(const struct pf_extensions *set, const struct pf_entry *entry, const char *name)
{
    for (const struct pf_entry *other = set->entries; other != entry; other = other->next) {
        const struct pf_promise *list = other->added != NULL ? other->added : other->promises;

        if (other->available && pf_promise_find(list, PF_ADDS_COMMAND, name) != NULL)
            return true;
    }
    return false;
}

/* The first name after last, in the order of names; NULL = there is none. */
static const char *next_name(const struct pf_extensions *set, const char *last, const struct pf_entry **of)
{
    const char *best = NULL;

    for (const struct pf_entry *entry = set->entries; entry != NULL; entry = entry->next) {
        const struct pf_promise *promise = entry->added != NULL ? entry->added : entry->promises;

        for (; entry->available && promise != NULL; promise = promise->next) {
            if (promise->kind != PF_ADDS_COMMAND || strcmp(promise->name, last) <= 0 ||
                (best != NULL && strcmp(promise->name, best) >= 0) || is_offered_before(set, entry, promise->name))
                continue;
            best = promise->name;
            *of = entry;
        }
    }
    return best;
}

bool pf_extension_command_at(struct pf_extensions *set, uint32_t index, struct pf_extension_command *out)
{
    const struct pf_entry *entry = NULL;
    const char *name = "";

    pf_extensions_lock(set);
    for (uint32_t i = 0; i <= index && name != NULL; i++)
        name = next_name(set, name, &entry);
    if (name != NULL)
        fill(set, entry, name, out);
    pf_extensions_unlock(set);
    return name != NULL;
}

/* ---- running one */

static bool asks_for_help(int argc, const char *const *argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

static int print_help(const struct pf_addition *addition, const struct pf_command_host *host)
{
    const char *help = text_or_nothing(addition->as.command.help);

    if (help[0] == '\0')
        help = text_or_nothing(addition->as.command.summary);
    return host->write_out(host->user, help, strlen(help)) &&
                   (help[0] == '\0' || help[strlen(help) - 1] == '\n' || host->write_out(host->user, "\n", 1))
               ? 0
               : 1;
}

enum pf_status pf_extension_command_run(struct pf_extensions *set, struct pf_context *ctx, const char *name,
                                        const struct pf_command_host *host, int argc, const char *const *argv, int *code,
                                        struct pf_error *err)
{
    struct pf_command_io io = { host };
    struct pf_addition *addition = NULL;
    bool turn;

    pf_error_clear(err);
    pf_extensions_use(set);
    turn = pf_extensions_begin(set);
    (void)pf_addition_get(set, PF_ADDS_COMMAND, name, true, &addition, err);
    pf_extensions_end(set, turn);
    if (addition == NULL && err->status == PF_OK)
        pf_fail(err, PF_NOT_FOUND, "there is no command '%.60s'", name);
    else if (addition != NULL && asks_for_help(argc, argv))
        *code = print_help(addition, host);
    else if (addition != NULL)
        *code = addition->as.command.run(pf_addition_self(addition, addition->as.command.self), ctx, &io, argc, argv);
    pf_extensions_leave(set);
    return err->status;
}
