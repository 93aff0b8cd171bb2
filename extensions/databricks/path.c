#include "path.h"

#include <stdio.h>
#include <string.h>

#include "messages.h"

enum { SHOWN = 121 };

/* What a message shows of a text: cut between characters, and in one line. */
static const char *shown(const char *text, size_t size, char to[SHOWN])
{
    size_t used = 0;

    while (used < size && used < SHOWN - 1 && text[used] != '\0') {
        unsigned char byte = (unsigned char)text[used];
        to[used++] = byte < 0x20 || byte == 0x7f ? '?' : (char)byte;
    }
    if (used == SHOWN - 1 && used < size) {
        while (used > 0 && ((unsigned char)text[used] & 0xc0) == 0x80)
            used--;
    }
    to[used] = '\0';
    return to;
}

#define WRONG(wrong, which, text, ...)                                                                                         \
    ((wrong)->part = (which), (void)snprintf((wrong)->message, sizeof(wrong)->message, text, __VA_ARGS__), PF_BAD_OPTION)
#define REMEDY(wrong, ...) ((void)snprintf((wrong)->remedy, sizeof(wrong)->remedy, __VA_ARGS__))

/* ---- parts */

struct parts {
    const char *at, *end;
};

static void skip_slashes(struct parts *parts)
{
    while (parts->at < parts->end && *parts->at == '/')
        parts->at++;
}

/* The part that begins here, which may be empty; parts is left at the slash after it. */
static size_t take_part(struct parts *parts, const char **part)
{
    *part = parts->at;
    while (parts->at < parts->end && *parts->at != '/')
        parts->at++;
    return (size_t)(parts->at - *part);
}

static bool is_word(const char *part, size_t size, const char *word)
{
    return size == strlen(word) && memcmp(part, word, size) == 0;
}

/* Steps over slashes, and parts that are ".", and then over the word; false, with parts as it was, when another part comes. */
static bool step_into(struct parts *parts, const char *word)
{
    struct parts ahead = *parts;
    const char *part;
    size_t size;

    do {
        if (ahead.at < ahead.end && *ahead.at != '/')
            return false;
        skip_slashes(&ahead);
        size = take_part(&ahead, &part);
    } while (is_word(part, size, "."));
    if (!is_word(part, size, word))
        return false;
    *parts = ahead;
    return true;
}

/* Adds "/part"; the text fits, as it is never longer than what was given. */
static void add_part(struct path *out, size_t *used, const char *part, size_t size)
{
    out->path[(*used)++] = '/';
    memcpy(out->path + *used, part, size);
    *used += size;
    out->path[*used] = '\0';
}

static enum pf_status take_volumes(struct parts parts, const char *text, struct path *out, struct path_wrong *wrong);

/* The parts after out->fixed: folders and files. What is Volumes in /dbfs is /Volumes. */
static enum pf_status take_rest(struct parts parts, const char *text, struct path *out, struct path_wrong *wrong)
{
    size_t used = out->fixed;
    char what[SHOWN], whole[SHOWN];

    for (;;) {
        const char *part;
        size_t size;

        if (out->kind == PATH_DBFS && used == out->fixed && step_into(&parts, "Volumes"))
            return take_volumes(parts, text, out, wrong);
        skip_slashes(&parts);
        if (parts.at == parts.end)
            return PF_OK;
        size = take_part(&parts, &part);
        if (is_word(part, size, "."))
            continue;
        if (!is_word(part, size, "..")) {
            add_part(out, &used, part, size);
            continue;
        }
        if (used == out->fixed) {
            REMEDY(wrong, SAY_LEAVES_REMEDY);
            return WRONG(wrong, PATH_PART_REST, SAY_LEAVES, shown(out->path, out->fixed, what),
                         shown(text, (size_t)(parts.end - text), whole));
        }
        while (out->path[used - 1] != '/')
            used--;
        out->path[--used] = '\0';
    }
}

/* ---- /Volumes */

static const char *const level_names[] = { "catalog", "schema", "volume" };

/* What a name must not have in it; NULL = nothing. */
static const char *bad_letter(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)name[i];
        if (byte == ' ')
            return "a space";
        if (byte == '.')
            return "a full stop";
        if (byte < 0x20 || byte == 0x7f)
            return "a control character";
    }
    return NULL;
}

static bool is_long(const char *name, size_t size)
{
    size_t letters = 0;

    for (size_t i = 0; i < size; i++)
        letters += ((unsigned char)name[i] & 0xc0) != 0x80;
    return size >= PATH_NAME || letters > 255;
}

static enum pf_status check_name(size_t level, const char *name, size_t size, const char *text, size_t text_size,
                                 struct path_wrong *wrong)
{
    const char *which = level_names[level];
    enum path_part part = PATH_PART_CATALOG + (enum path_part)level;
    char what[SHOWN];

    if (size == 0) {
        REMEDY(wrong, SAY_PART_EMPTY_REMEDY);
        return WRONG(wrong, part, SAY_PART_EMPTY, which, shown(text, text_size, what));
    }
    (void)shown(name, size, what);
    if (is_word(name, size, ".") || is_word(name, size, "..")) {
        REMEDY(wrong, SAY_PART_DOTS_REMEDY);
        return WRONG(wrong, part, SAY_PART_DOTS, which, what);
    }
    if (bad_letter(name, size) != NULL) {
        REMEDY(wrong, SAY_PART_LETTER_REMEDY);
        return WRONG(wrong, part, SAY_PART_LETTER, which, what, bad_letter(name, size), which);
    }
    if (is_long(name, size)) {
        REMEDY(wrong, SAY_PART_LONG_REMEDY);
        return WRONG(wrong, part, SAY_PART_LONG, which, what);
    }
    return PF_OK;
}

/* parts: what follows /Volumes. */
static enum pf_status take_volumes(struct parts parts, const char *text, struct path *out, struct path_wrong *wrong)
{
    char *const names[] = { out->catalog, out->schema, out->volume };
    size_t level = 0;

    out->kind = PATH_ABOVE_VOLUME;
    memcpy(out->path, "/Volumes", sizeof "/Volumes");
    out->fixed = strlen("/Volumes");
    for (; level < 3; level++) {
        struct parts last = parts;
        const char *name;
        size_t size;

        skip_slashes(&last);
        if (last.at == last.end)
            break;  /* slashes at the end name nothing */
        parts.at++; /* one slash: what follows at once is a name */
        size = take_part(&parts, &name);
        if (check_name(level, name, size, text, (size_t)(parts.end - text), wrong) != PF_OK)
            return PF_BAD_OPTION;
        memcpy(names[level], name, size);
        names[level][size] = '\0';
        add_part(out, &out->fixed, name, size);
    }
    if (level < 3)
        return PF_OK;
    out->kind = PATH_VOLUME;
    return take_rest(parts, text, out, wrong);
}

/* ---- schemes */

/* The letters before a colon and a slash, or before the colon of a scheme that is ours; 0 = there is no scheme. */
static size_t scheme_size(const char *text, size_t size)
{
    size_t used = 0;

    while (used < size) {
        char letter = text[used];
        bool small = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
        bool other = (letter >= '0' && letter <= '9') || letter == '+' || letter == '-' || letter == '.';
        if (!small && (!other || used == 0))
            break;
        used++;
    }
    return used >= 2 && used < size && text[used] == ':' ? used : 0;
}

static bool is_scheme(const char *text, size_t size, const char *name)
{
    size_t i = 0;

    for (; i < size && name[i] != '\0'; i++) {
        char letter = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
        if (letter != name[i])
            return false;
    }
    return i == size && name[i] == '\0';
}

static bool is_one_of(const char *text, size_t size, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (is_scheme(text, size, *names))
            return true;
    }
    return false;
}

static enum pf_status refuse_scheme(const char *text, size_t size, struct path_wrong *wrong)
{
    static const char *const cloud[] = { "s3", "s3a", "s3n", "abfss", "abfs", "wasbs", "wasb", "adl", "gs", NULL };
    static const char *const web[] = { "http", "https", "ftp", "sftp", "hdfs", NULL };
    char name[SHOWN];

    (void)shown(text, size, name);
    if (is_one_of(text, size, cloud)) {
        REMEDY(wrong, SAY_SCHEME_CLOUD_REMEDY);
        return WRONG(wrong, PATH_PART_SCHEME, SAY_SCHEME_CLOUD, name);
    }
    if (is_one_of(text, size, web)) {
        REMEDY(wrong, SAY_SCHEME_WEB_REMEDY);
        return WRONG(wrong, PATH_PART_SCHEME, SAY_SCHEME_WEB, name);
    }
    REMEDY(wrong, SAY_SCHEME_UNKNOWN_REMEDY);
    return WRONG(wrong, PATH_PART_SCHEME, SAY_SCHEME_UNKNOWN, name);
}

/* A scheme of ours has to have an absolute path, and no host. */
static enum pf_status check_scheme(const char *name, struct parts parts, struct path_wrong *wrong)
{
    const char *host;
    char what[SHOWN];
    size_t size;

    if (parts.at == parts.end || *parts.at != '/') {
        REMEDY(wrong, SAY_SCHEME_RELATIVE_REMEDY, name, name);
        return WRONG(wrong, PATH_PART_SCHEME, SAY_SCHEME_RELATIVE, name, name);
    }
    if (parts.end - parts.at < 2 || parts.at[1] != '/')
        return PF_OK;
    parts.at += 2;
    size = take_part(&parts, &host);
    if (size == 0)
        return PF_OK; /* dbfs:///x */
    (void)shown(host, size, what);
    REMEDY(wrong, SAY_SCHEME_HOST_REMEDY, name);
    return WRONG(wrong, PATH_PART_SCHEME, SAY_SCHEME_HOST, name, what, name, what);
}

/* ---- the whole */

/* parts: what follows /dbfs. */
static enum pf_status take_dbfs(struct parts parts, const char *text, struct path *out, struct path_wrong *wrong)
{
    out->kind = PATH_DBFS;
    memcpy(out->path, "/dbfs", sizeof "/dbfs");
    out->fixed = strlen("/dbfs");
    return take_rest(parts, text, out, wrong);
}

static enum pf_status take_absolute(struct parts parts, const char *text, struct path *out, struct path_wrong *wrong)
{
    if (step_into(&parts, "Volumes"))
        return take_volumes(parts, text, out, wrong);
    if (step_into(&parts, "dbfs"))
        return take_dbfs(parts, text, out, wrong);
    if (!step_into(&parts, "Workspace")) {
        memcpy(out->path, parts.at, (size_t)(parts.end - parts.at));
        out->path[parts.end - parts.at] = '\0';
        return PF_OK;
    }
    out->kind = PATH_WORKSPACE;
    memcpy(out->path, "/Workspace", sizeof "/Workspace");
    out->fixed = strlen("/Workspace");
    return take_rest(parts, text, out, wrong);
}

static enum pf_status check_text(const char *text, size_t size, struct path_wrong *wrong)
{
    const char *nul = size > 0 ? memchr(text, '\0', size) : NULL;
    char what[SHOWN];

    if (size == 0) {
        REMEDY(wrong, SAY_PATH_EMPTY_REMEDY);
        return WRONG(wrong, PATH_PART_REST, "%s", SAY_PATH_EMPTY);
    }
    if (nul != NULL) {
        REMEDY(wrong, SAY_PATH_NUL_REMEDY);
        return WRONG(wrong, PATH_PART_REST, SAY_PATH_NUL, shown(text, (size_t)(nul - text), what));
    }
    if (size >= PATH_BYTES) {
        REMEDY(wrong, SAY_PATH_LONG_REMEDY);
        return WRONG(wrong, PATH_PART_REST, SAY_PATH_LONG, PATH_BYTES - 1);
    }
    return PF_OK;
}

enum pf_status path_parse(const char *text, size_t size, struct path *out, struct path_wrong *wrong)
{
    struct parts parts = { text, text + size };
    size_t scheme = scheme_size(text, size);
    bool is_dbfs = is_scheme(text, scheme, "dbfs"), is_file = is_scheme(text, scheme, "file");

    *wrong = (struct path_wrong){ .part = PATH_PART_NONE };
    out->kind = PATH_LOCAL;
    out->path[0] = out->catalog[0] = out->schema[0] = out->volume[0] = '\0';
    out->fixed = 0;
    if (check_text(text, size, wrong) != PF_OK)
        return PF_BAD_OPTION;
    if (is_dbfs || is_file) {
        parts.at += scheme + 1;
        if (check_scheme(is_dbfs ? "dbfs" : "file", parts, wrong) != PF_OK)
            return PF_BAD_OPTION;
        while (parts.end - parts.at > 1 && parts.at[1] == '/')
            parts.at++;
        return is_dbfs ? take_dbfs(parts, text, out, wrong) : take_absolute(parts, text, out, wrong);
    }
    if (scheme > 0 && size > scheme + 1 && text[scheme + 1] == '/')
        return refuse_scheme(text, scheme, wrong);
    if (*text == '/')
        return take_absolute(parts, text, out, wrong);
    memcpy(out->path, text, size);
    out->path[size] = '\0';
    return PF_OK;
}

enum pf_status path_needs_volume(const struct path *path, struct path_wrong *wrong)
{
    size_t level = path->catalog[0] == '\0' ? 0 : path->schema[0] == '\0' ? 1 : 2;
    char what[SHOWN];

    if (path->kind != PATH_ABOVE_VOLUME)
        return PF_OK;
    *wrong = (struct path_wrong){ .part = PATH_PART_NONE };
    REMEDY(wrong, SAY_PART_MISSING_REMEDY);
    return WRONG(wrong, PATH_PART_CATALOG + (enum path_part)level, SAY_PART_MISSING, level_names[level],
                 shown(path->path, strlen(path->path), what));
}

enum pf_status path_fail(const struct pf_host *host, enum pf_status status, const struct path_wrong *wrong,
                         struct pf_error *err)
{
    (void)host->fail(err, status, wrong->message);
    host->remedy(err, wrong->remedy);
    return status;
}

const char *path_rest(const struct path *path)
{
    const char *rest = path->path + path->fixed;

    return path->fixed > 0 && *rest == '/' ? rest + 1 : rest;
}

size_t path_quote(const char *name, char *to, size_t size)
{
    size_t used = 0;

    for (int part = 0; part < 3; part++) {
        for (const char *at = part == 1 ? name : "`"; *at != '\0'; at++) {
            for (int twice = part == 1 && *at == '`'; twice >= 0; twice--) {
                if (used + 1 < size)
                    to[used] = *at;
                used++;
            }
        }
    }
    if (size > 0)
        to[used < size ? used : size - 1] = '\0';
    return used;
}
