/* What an extension adds while it is initialised. */
#include <string.h>

#include "base/text.h"
#include "extension/set.h"

/* Copies as much of an addition as both sides know; the rest of to is zero. */
#define COPY_KNOWN(to, from) memcpy((to), (from), (from)->size < sizeof *(to) ? (from)->size : sizeof *(to))

static enum pf_status incomplete(const char *what, const char *name, struct pf_error *err)
{
    return pf_fail(err, PF_BAD_DATA, "%s %.60s lacks functions that it has to have", what, name != NULL ? name : "");
}

static bool is_built_in(const struct pf_extensions *set, const char *name)
{
    return set->core->formats != NULL &&
           (pf_reader_by_name(set->core->formats, name) != NULL || pf_writer_by_name(set->core->formats, name) != NULL);
}

/* A new addition, dead as yet; NULL fills err. */
static struct pf_addition *begin(struct pf_registration *to, enum pf_adds kind, const char *name, struct pf_error *err)
{
    struct pf_addition *addition;

    if (to->entry->state != PF_EXTENSION_LOADING) {
        pf_fail(err, PF_BAD_OPTION, "additions are made while an extension is initialised, and at no other time");
        return NULL;
    }
    if (name == NULL || !pf_name_is_legal(name)) {
        pf_fail(err, PF_BAD_OPTION, "'%.60s' cannot be the name of a %s", name != NULL ? name : "", pf_adds_word(kind));
        return NULL;
    }
    if ((kind != PF_ADDS_OPTION && pf_addition_find(to->set, kind, name) != NULL) ||
        (kind == PF_ADDS_FORMAT && is_built_in(to->set, name))) {
        pf_fail(err, PF_EXISTS, "there is a %s '%s' already", pf_adds_word(kind), name);
        return NULL;
    }
    addition = pf_arena_alloc_zero(&to->set->arena, 1, sizeof *addition);
    if (addition == NULL) {
        pf_fail_memory(err, sizeof *addition);
        return NULL;
    }
    addition->kind = kind;
    addition->entry = to->entry;
    addition->of_half = to->of_half;
    addition->name = pf_set_text(to->set, "%s", name);
    return addition;
}

static enum pf_status end(struct pf_registration *to, struct pf_addition *addition, struct pf_error *err)
{
    const char *const *more = addition->kind == PF_ADDS_FORMAT   ? addition->as.format->calls.suffixes
                              : addition->kind == PF_ADDS_SCHEME ? addition->as.scheme.calls.paths
                                                                 : NULL;

    if (!pf_promise_add(to->set, &to->entry->added, addition->kind, addition->name, more))
        return pf_fail_memory(err, sizeof(struct pf_promise));
    addition->live = true;
    *to->set->additions_end = addition;
    to->set->additions_end = &addition->next;
    to->set->formats = NULL;
    return PF_OK;
}

/* Options are promised by name, whatever they are of. */
static enum pf_status note_options(struct pf_registration *to, const struct pf_option *option, struct pf_error *err)
{
    for (; option != NULL && option->name != NULL; option++) {
        if (pf_promise_find(to->entry->added, PF_ADDS_OPTION, option->name) == NULL &&
            !pf_promise_add(to->set, &to->entry->added, PF_ADDS_OPTION, option->name, NULL))
            return pf_fail_memory(err, sizeof(struct pf_promise));
    }
    return PF_OK;
}

static enum pf_status put_format(struct pf_registration *to, const struct pf_format_addition *format, struct pf_error *err)
{
    struct pf_format_addition known;
    struct pf_addition *addition;

    memset(&known, 0, sizeof known);
    COPY_KNOWN(&known, format);
    if ((known.open == NULL && known.create == NULL) || (known.open != NULL && (known.read == NULL || known.close == NULL)) ||
        (known.create != NULL && (known.add == NULL || known.finish == NULL || known.discard == NULL)))
        return incomplete("format", known.name, err);
    addition = begin(to, PF_ADDS_FORMAT, known.name, err);
    if (addition == NULL)
        return err->status;
    addition->as.format = pf_format_use_new(to->set, to->entry, &known);
    if (addition->as.format == NULL)
        return pf_fail_memory(err, sizeof(struct pf_format_use));
    return note_options(to, known.read_options, err) == PF_OK && note_options(to, known.write_options, err) == PF_OK
               ? end(to, addition, err)
               : err->status;
}

/* Whether one of the paths lies in the folder. */
static bool lies_below(const char *const *paths, const char *folder)
{
    for (; paths != NULL && *paths != NULL; paths++) {
        if (strncmp(*paths, folder, strlen(folder)) == 0)
            return true;
    }
    return false;
}

/* Paths that a scheme claims: none may lie in another's, or be all. */
static enum pf_status check_paths(const struct pf_registration *to, const char *const *paths, struct pf_error *err)
{
    for (; paths != NULL && *paths != NULL; paths++) {
        size_t size = strlen(*paths);

        if (size < 3 || (*paths)[0] != '/' || (*paths)[size - 1] != '/')
            return pf_fail(err, PF_BAD_OPTION, "'%.100s' is no path that a scheme can claim: it begins and ends with a slash",
                           *paths);
        for (const struct pf_addition *other = to->set->additions; other != NULL; other = other->next) {
            if (other->live && other->kind == PF_ADDS_SCHEME &&
                (pf_claims(other->as.scheme.calls.paths, *paths) || lies_below(other->as.scheme.calls.paths, *paths)))
                return pf_fail(err, PF_EXISTS, "the scheme %s has the path %.100s already", other->name, *paths);
        }
    }
    return PF_OK;
}

static enum pf_status put_scheme(struct pf_registration *to, const struct pf_scheme_addition *scheme, struct pf_error *err)
{
    struct pf_scheme known;
    struct pf_addition *addition;
    char name[PF_SCHEME_NAME], location[PF_SCHEME_NAME + 1];

    memset(&known, 0, sizeof known);
    COPY_KNOWN(&known.calls, scheme);
    if (known.calls.stat == NULL || known.calls.open == NULL || known.calls.read == NULL || known.calls.close == NULL ||
        (known.calls.create != NULL &&
         (known.calls.write == NULL || known.calls.commit == NULL || known.calls.discard == NULL)))
        return incomplete("scheme", known.calls.name, err);
    if (check_paths(to, known.calls.paths, err) != PF_OK)
        return err->status;
    addition = begin(to, PF_ADDS_SCHEME, known.calls.name, err);
    if (addition == NULL)
        return err->status;
    (void)strcat(strcpy(location, addition->name), ":");
    pf_scheme_name(location, name);
    if (strcmp(name, addition->name) != 0)
        return pf_fail(err, PF_BAD_OPTION, "'%s' cannot begin a location: small letters, digits, '+', '-' and '.', two or more",
                       addition->name);
    addition->as.scheme = known;
    return end(to, addition, err);
}

static enum pf_status put_engine(struct pf_registration *to, const struct pf_engine_addition *engine, struct pf_error *err)
{
    struct pf_engine_addition known;
    struct pf_addition *addition;

    memset(&known, 0, sizeof known);
    COPY_KNOWN(&known, engine);
    if (known.takes == NULL || known.run == NULL)
        return incomplete("engine", known.name, err);
    if (known.name != NULL && (pf_same_word(known.name, "auto") || pf_same_word(known.name, "native")))
        return pf_fail(err, PF_EXISTS, "there is an engine '%s' already", known.name);
    addition = begin(to, PF_ADDS_ENGINE, known.name, err);
    if (addition == NULL)
        return err->status;
    addition->as.engine = known;
    return end(to, addition, err);
}

static enum pf_status put_command(struct pf_registration *to, const struct pf_command_addition *command, struct pf_error *err)
{
    struct pf_command_addition known;
    struct pf_addition *addition;

    memset(&known, 0, sizeof known);
    COPY_KNOWN(&known, command);
    if (known.run == NULL)
        return incomplete("command", known.name, err);
    if (known.name != NULL && pf_command_is_taken(known.name))
        return pf_fail(err, PF_EXISTS, "pyforge itself has a command '%.60s'", known.name);
    addition = begin(to, PF_ADDS_COMMAND, known.name, err);
    if (addition == NULL)
        return err->status;
    addition->as.command = known;
    return end(to, addition, err);
}

static bool format_has(const struct pf_format *format, const char *option)
{
    return (format->reader != NULL && format->reader->options != NULL &&
            pf_option_find(format->reader->options, option) != NULL) ||
           (format->writer != NULL && format->writer->options != NULL &&
            pf_option_find(format->writer->options, option) != NULL);
}

/* The format, built in or added, that has an option of this name; NULL = none has. */
static const char *format_with(const struct pf_extensions *set, const char *option)
{
    const struct pf_format_list *list = set->core->formats;

    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        const struct pf_format *format = &list->formats[i];

        if (format_has(format, option))
            return format->reader != NULL ? format->reader->name : format->writer->name;
    }
    for (const struct pf_addition *other = set->additions; other != NULL; other = other->next) {
        if (other->live && other->kind == PF_ADDS_FORMAT && format_has(&other->as.format->format, option))
            return other->name;
    }
    return NULL;
}

/* An option of a name that is taken would change what command lines mean. */
static enum pf_status check_option(const struct pf_registration *to, const struct pf_option *option, struct pf_error *err)
{
    const char *format;
    bool taken = false;

    if (!pf_name_is_legal(option->name))
        return pf_fail(err, PF_BAD_OPTION, "'%.60s' cannot be the name of an option", option->name);
    format = format_with(to->set, option->name);
    if (format != NULL)
        return pf_fail(err, PF_EXISTS, "the format %s has an option --%s already", format, option->name);
    for (const struct pf_option *const *table = to->set->core->tables; table != NULL && *table != NULL; table++)
        taken = taken || pf_option_find(*table, option->name) != NULL;
    for (const struct pf_addition *other = to->set->additions; other != NULL; other = other->next)
        taken = taken || (other->live && other->kind == PF_ADDS_OPTION &&
                          pf_option_find(other->as.options.options, option->name) != NULL);
    return taken ? pf_fail(err, PF_EXISTS, "there is an option --%s already", option->name) : PF_OK;
}

static enum pf_status put_options(struct pf_registration *to, const struct pf_options_addition *options, struct pf_error *err)
{
    struct pf_options_addition known;
    struct pf_addition *addition;

    memset(&known, 0, sizeof known);
    COPY_KNOWN(&known, options);
    if (known.options == NULL || known.options->name == NULL)
        return incomplete("option table", "", err);
    for (const struct pf_option *option = known.options; option->name != NULL; option++) {
        if (check_option(to, option, err) != PF_OK)
            return err->status;
    }
    addition = begin(to, PF_ADDS_OPTION, to->entry->name, err);
    if (addition == NULL)
        return err->status;
    addition->as.options = known;
    addition->owner = pf_set_text(to->set, "%s extension", to->entry->name);
    if (note_options(to, known.options, err) != PF_OK)
        return err->status;
    addition->live = true;
    *to->set->additions_end = addition;
    to->set->additions_end = &addition->next;
    return PF_OK;
}

static enum pf_status put_probe(struct pf_registration *to, const struct pf_probe_addition *probe, struct pf_error *err)
{
    struct pf_probe_addition known;
    struct pf_addition *addition;

    memset(&known, 0, sizeof known);
    COPY_KNOWN(&known, probe);
    if (known.probe == NULL)
        return incomplete("probe", known.name, err);
    addition = begin(to, PF_ADDS_PROBE, known.name, err);
    if (addition == NULL)
        return err->status;
    addition->as.probe = known;
    return end(to, addition, err);
}

static enum pf_status put_service(struct pf_registration *to, const struct pf_service_addition *service, struct pf_error *err)
{
    struct pf_service_addition known;
    struct pf_addition *addition;

    memset(&known, 0, sizeof known);
    COPY_KNOWN(&known, service);
    if (known.functions == NULL)
        return incomplete("service", known.name, err);
    addition = begin(to, PF_ADDS_SERVICE, known.name, err);
    if (addition == NULL)
        return err->status;
    addition->as.service = known;
    return end(to, addition, err);
}

/* Code of the extension runs without the set's lock, and what it adds becomes the set's. */
#define LOCKED(name, type)                                                                                                     \
    static enum pf_status add_##name(struct pf_registration *to, const struct type *addition, struct pf_error *err)            \
    {                                                                                                                          \
        enum pf_status status;                                                                                                 \
                                                                                                                               \
        pf_extensions_lock(to->set);                                                                                           \
        status = put_##name(to, addition, err);                                                                                \
        pf_extensions_unlock(to->set);                                                                                         \
        return status;                                                                                                         \
    }

LOCKED(format, pf_format_addition)
LOCKED(scheme, pf_scheme_addition)
LOCKED(engine, pf_engine_addition)
LOCKED(command, pf_command_addition)
LOCKED(options, pf_options_addition)
LOCKED(probe, pf_probe_addition)
LOCKED(service, pf_service_addition)

void pf_host_fill_additions(struct pf_host *host)
{
    host->add_format = add_format;
    host->add_scheme = add_scheme;
    host->add_engine = add_engine;
    host->add_command = add_command;
    host->add_options = add_options;
    host->add_probe = add_probe;
    host->add_service = add_service;
}
