/* pyforge list-volumes and pyforge validate-volume. */
#include <stdio.h>
#include <string.h>

#include "databricks.h"
#include "messages.h"
#include "volumes.h"

enum { LINE = 2 * PATH_BYTES };

static const char *mount_remedy(const struct environment *environment)
{
    return environment->is_databricks ? SAY_NO_MOUNT_CLUSTER_REMEDY : SAY_NO_MOUNT_REMEDY;
}

/* ---- list-volumes */

struct listing {
    struct page *page;
    struct json *json; /* NULL = lines */
    bool reasons;      /* the second pass over JSON: those that were not listed */
};

static bool list_one(void *user, const char *catalog, const char *schema, const char *volume, const char *reason)
{
    const struct listing *listing = user;
    char path[LINE];

    (void)snprintf(path, sizeof path, "%s/%s%s%s%s%s", VOLUMES_MOUNT, catalog, *schema != '\0' ? "/" : "", schema,
                   *volume != '\0' ? "/" : "", volume);
    if (listing->json == NULL && reason == NULL) {
        page_print(listing->page, "%s\n", path);
    } else if (listing->json == NULL) {
        char message[LINE + 200];

        (void)snprintf(message, sizeof message, SAY_LIST_FAILED, path, reason);
        (void)page_fail(listing->page, EXIT_DONE, message, SAY_LIST_FAILED_REMEDY);
    } else if (listing->reasons == (reason != NULL)) {
        json_open(listing->json, '{');
        json_name(listing->json, "path");
        json_text(listing->json, path);
        json_name(listing->json, "catalog");
        json_text(listing->json, catalog);
        json_name(listing->json, "schema");
        json_text_or_null(listing->json, schema);
        json_name(listing->json, reason != NULL ? "reason" : "volume");
        json_text(listing->json, reason != NULL ? reason : volume);
        json_close(listing->json, '}');
    }
    return !listing->page->failed;
}

/* "main", "main.default" or "/Volumes/main/default"; nothing is all. false = it is none of them. */
static bool read_spec(const char *text, struct path *out)
{
    char path[PATH_BYTES];
    struct path_wrong wrong;
    const char *dot = text != NULL ? strchr(text, '.') : NULL;
    int used = snprintf(path, sizeof path, "%s", VOLUMES_MOUNT);

    if (text != NULL && text[0] == '/')
        used = snprintf(path, sizeof path, "%s", text);
    else if (dot != NULL)
        used = snprintf(path, sizeof path, "%s/%.*s/%s", VOLUMES_MOUNT, (int)(dot - text), text, dot + 1);
    else if (text != NULL)
        used = snprintf(path, sizeof path, "%s/%s", VOLUMES_MOUNT, text);
    return used > 0 && (size_t)used < sizeof path && (text == NULL || *text != '\0') &&
           path_parse(path, (size_t)used, out, &wrong) == PF_OK && out->kind == PATH_ABOVE_VOLUME &&
           (text == NULL || out->catalog[0] != '\0' || text[0] == '/');
}

static int walk(const struct databricks *with, const struct path *path, struct listing *listing)
{
    return volumes_walk(with->host, with->mount, path->catalog, path->schema, list_one, listing);
}

static int list_as_json(const struct databricks *with, const struct path *path, struct page *page)
{
    struct json json;
    struct listing listing = { page, &json, false };
    int why;

    json_begin(&json, with->host, NULL);
    json_open(&json, '{');
    json_name(&json, "volumes");
    json_open(&json, '[');
    why = walk(with, path, &listing);
    json_close(&json, ']');
    json_name(&json, "not_listed");
    json_open(&json, '[');
    listing.reasons = true;
    if (why == 0)
        why = walk(with, path, &listing);
    json_close(&json, ']');
    json_close(&json, '}');
    if (why == 0)
        page_json(page, &json);
    else
        with->host->release(NULL, json_take(&json));
    return why;
}

int command_list_volumes(const struct databricks *with, struct pf_command_io *io, int argc, const char *const *argv)
{
    struct page page = { with->host, io, false };
    struct listing listing = { &page, NULL, false };
    struct environment environment;
    struct arguments arguments;
    struct path path;
    char message[LINE + 200];
    int why, code = arguments_read(&page, argc, argv, "--json", true, &arguments);

    if (code != EXIT_DONE)
        return code;
    if (!read_spec(arguments.operand, &path)) {
        (void)snprintf(message, sizeof message, SAY_LIST_SPEC, arguments.operand);
        return page_fail(&page, EXIT_USAGE, message, SAY_LIST_SPEC_REMEDY);
    }
    environment_look(with->view, &environment);
    if (!environment.volumes.on) {
        (void)snprintf(message, sizeof message, SAY_LIST_NO_MOUNT, environment.volumes.signal);
        return page_fail(&page, EXIT_FAILED, message, mount_remedy(&environment));
    }
    why = arguments.json ? list_as_json(with, &path, &page) : walk(with, &path, &listing);
    if (why != 0 && !page.failed) {
        (void)snprintf(message, sizeof message, SAY_LIST_FAILED, path.path, strerror(why));
        return page_fail(&page, EXIT_FAILED, message, SAY_LIST_FAILED_REMEDY);
    }
    return page.failed ? EXIT_FAILED : EXIT_DONE;
}

/* ---- validate-volume */

struct verdict {
    const char *given; /* the path, as it was given */
    struct path path;
    char message[3 * PATH_BYTES]; /* "" = it can be used */
    char remedy[256];
    struct volumes_check checks[VOLUMES_PARTS];
    bool looked, writing;
    int code;
};

static const char *const part_names[VOLUMES_PARTS] = { "catalog", "schema", "volume", "path", "writing" };

#define SAY(verdict, ...)     ((void)snprintf((verdict)->message, sizeof(verdict)->message, __VA_ARGS__))
#define ADVISE(verdict, text) ((void)snprintf((verdict)->remedy, sizeof(verdict)->remedy, "%s", text))

/* The part as its name stands in the path. */
static const char *part_name(const struct verdict *verdict, enum volumes_part part)
{
    const struct path *path = &verdict->path;
    const char *const names[VOLUMES_PARTS] = { path->catalog, path->schema, path->volume, path_rest(path), "" };

    return names[part];
}

/* The part that is not usable; VOLUMES_PARTS = none. Where it is to be written the path itself need not be there. */
static enum volumes_part failed_part(const struct verdict *verdict)
{
    for (int part = VOLUMES_CATALOG; part < VOLUMES_PARTS; part++) {
        enum volumes_state state = verdict->checks[part].state;
        bool matters = part != VOLUMES_PATH || !verdict->writing || state != VOLUMES_MISSING;

        if (state >= VOLUMES_MISSING && matters)
            return (enum volumes_part)part;
    }
    return VOLUMES_PARTS;
}

static void judge(struct verdict *verdict)
{
    enum volumes_part part = failed_part(verdict);
    const char *path = verdict->path.path, *reason;

    if (part == VOLUMES_PARTS)
        return;
    reason = verdict->checks[part].reason;
    verdict->code = EXIT_FAILED;
    ADVISE(verdict, SAY_VOLUME_STATEMENTS);
    if (part == VOLUMES_PATH && verdict->checks[part].state == VOLUMES_MISSING) {
        SAY(verdict, SAY_VOLUME_NOT_THERE, path, reason);
        ADVISE(verdict, SAY_VOLUME_NOT_THERE_REMEDY);
    } else if (part == VOLUMES_PATH) {
        SAY(verdict, SAY_VOLUME_NOT_READABLE, path, reason);
    } else if (part == VOLUMES_WRITING) {
        SAY(verdict, SAY_VOLUME_NOT_WRITABLE, path, reason);
    } else {
        SAY(verdict, SAY_VOLUME_NOT_USABLE, path, part_names[part], part_name(verdict, part), reason);
        ADVISE(verdict, SAY_VOLUME_NOT_USABLE_REMEDY);
    }
    if (verdict->checks[part].state == VOLUMES_FAILED)
        ADVISE(verdict, SAY_VOLUME_FAILED_REMEDY);
}

static void refuse_kind(struct verdict *verdict)
{
    verdict->code = EXIT_USAGE;
    SAY(verdict, SAY_NOT_A_VOLUME, verdict->path.path);
    ADVISE(verdict, verdict->path.kind == PATH_WORKSPACE ? SAY_WORKSPACE_REMEDY
                    : verdict->path.kind == PATH_DBFS    ? SAY_DBFS_REMEDY
                                                         : SAY_NOT_A_VOLUME_REMEDY);
}

static void look(const struct databricks *with, struct verdict *verdict)
{
    struct environment environment;
    struct path_wrong wrong;

    verdict->code = EXIT_USAGE;
    if (path_parse(verdict->given, strlen(verdict->given), &verdict->path, &wrong) != PF_OK ||
        path_needs_volume(&verdict->path, &wrong) != PF_OK) {
        SAY(verdict, "%s", wrong.message);
        ADVISE(verdict, wrong.remedy);
        return;
    }
    if (verdict->path.kind != PATH_VOLUME) {
        refuse_kind(verdict);
        return;
    }
    environment_look(with->view, &environment);
    verdict->code = EXIT_DONE;
    if (!environment.volumes.on) {
        verdict->code = EXIT_FAILED;
        SAY(verdict, SAY_NO_MOUNT, verdict->path.path, environment.volumes.signal);
        ADVISE(verdict, mount_remedy(&environment));
    } else if (verdict->writing && !environment.volumes_keep.on) {
        verdict->code = EXIT_REFUSED;
        SAY(verdict, SAY_OLD_RUNTIME, environment.runtime_version.text);
        ADVISE(verdict, SAY_OLD_RUNTIME_REMEDY);
    } else {
        verdict->looked = true;
        volumes_check(with->host, with->mount, &verdict->path, verdict->writing, verdict->checks);
        judge(verdict);
    }
}

/* The statements that may be missing, one after another; false after the last. What is missing may only be hidden, so that both ways
 * out are told: making it, and having it granted. */
static bool statement_at(const struct verdict *verdict, size_t index, char to[GRANTS_STATEMENT])
{
    enum volumes_part part = verdict->looked ? failed_part(verdict) : VOLUMES_PARTS;
    enum grants_level level = part < VOLUMES_PATH ? (enum grants_level)part : GRANTS_VOLUME;
    enum volumes_state state;
    bool made, reads;

    if (part == VOLUMES_PARTS)
        return false;
    state = verdict->checks[part].state;
    if (state == VOLUMES_FAILED || (part == VOLUMES_PATH && state == VOLUMES_MISSING))
        return false;
    made = state == VOLUMES_MISSING && level != GRANTS_CATALOG;
    if (made && index == 0)
        return grants_creation(&verdict->path, level, to, GRANTS_STATEMENT);
    index -= made ? 1 : 0;
    /* who cannot read the volume needs that right, too, before writing to it */
    reads = index == GRANTS_VOLUME && part != VOLUMES_WRITING;
    index -= index > GRANTS_VOLUME && verdict->writing && part != VOLUMES_WRITING ? 1 : 0;
    return index < GRANTS_LEVELS &&
           grants_statement(&verdict->path, (enum grants_level)index, verdict->writing && !reads, to, GRANTS_STATEMENT);
}

static const char *state_word(enum volumes_state state)
{
    static const char *const words[] = { "not looked at", "ok", "missing", "refused", "failed" };

    return words[state];
}

static void write_verdict(const struct verdict *verdict, struct json *json)
{
    char statement[GRANTS_STATEMENT];

    json_open(json, '{');
    json_name(json, "path");
    json_text(json, verdict->looked ? verdict->path.path : verdict->given);
    json_name(json, "is_valid");
    json_flag(json, verdict->code == EXIT_DONE);
    json_name(json, "checks");
    json_open(json, '[');
    for (int part = VOLUMES_CATALOG; verdict->looked && part < VOLUMES_PARTS; part++) {
        json_open(json, '{');
        json_name(json, "part");
        json_text(json, part_names[part]);
        json_name(json, "name");
        json_text_or_null(json, part_name(verdict, (enum volumes_part)part));
        json_name(json, "state");
        json_text(json, state_word(verdict->checks[part].state));
        json_name(json, "reason");
        json_text_or_null(json, verdict->checks[part].reason);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_name(json, "statements");
    json_open(json, '[');
    for (size_t i = 0; statement_at(verdict, i, statement); i++)
        json_text(json, statement);
    json_close(json, ']');
    json_name(json, "error");
    json_text_or_null(json, verdict->message);
    json_name(json, "remedy");
    json_text_or_null(json, verdict->remedy);
    json_close(json, '}');
}

static void print_verdict(const struct verdict *verdict, struct page *page)
{
    char statement[GRANTS_STATEMENT];

    for (int part = VOLUMES_CATALOG; verdict->looked && part < VOLUMES_PARTS; part++) {
        const struct volumes_check *check = &verdict->checks[part];

        if (part == VOLUMES_WRITING && !verdict->writing)
            continue;
        page_print(page, "%-8s %-24s %s%s%s%s\n", part_names[part], part_name(verdict, (enum volumes_part)part),
                   state_word(check->state), check->reason[0] != '\0' ? " (" : "", check->reason,
                   check->reason[0] != '\0' ? ")" : "");
    }
    for (size_t i = 0; statement_at(verdict, i, statement); i++)
        page_print(page, "%s%s\n", i == 0 ? "\n" : "", statement);
    if (verdict->code != EXIT_DONE)
        (void)page_fail(page, verdict->code, verdict->message, verdict->remedy);
}

int command_validate_volume(const struct databricks *with, struct pf_command_io *io, int argc, const char *const *argv)
{
    struct page page = { with->host, io, false };
    struct verdict verdict = { .given = NULL };
    struct arguments arguments;
    struct json json;
    char message[100], remedy[100];
    int code = arguments_read(&page, argc, argv, "--json --write", true, &arguments);

    if (code != EXIT_DONE)
        return code;
    if (arguments.operand == NULL) {
        (void)snprintf(message, sizeof message, SAY_COMMAND_NO_PATH, argv[0]);
        (void)snprintf(remedy, sizeof remedy, SAY_COMMAND_REMEDY, argv[0]);
        return page_fail(&page, EXIT_USAGE, message, remedy);
    }
    verdict.given = arguments.operand;
    verdict.writing = arguments.write;
    look(with, &verdict);
    if (arguments.json) {
        json_begin(&json, with->host, NULL);
        write_verdict(&verdict, &json);
        page_json(&page, &json);
    } else {
        print_verdict(&verdict, &page);
    }
    return page.failed ? EXIT_FAILED : verdict.code;
}
