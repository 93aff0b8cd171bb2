#include "storage/scheme.h"

#include <string.h>

#include "base/text.h"

struct scheme_raw {
    struct pf_raw raw; /* first: a raw of this kind is one of these */
    const struct pf_scheme *scheme;
    void *reader;
};

/* ---- names */

static bool in_name(char c, bool first)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return true;
    return !first && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.');
}

void pf_scheme_name(const char *location, char to[PF_SCHEME_NAME])
{
    size_t size = 0;

    to[0] = '\0';
    while (size < PF_SCHEME_NAME && in_name(location[size], size == 0))
        size++;
    if (size < 2 || size == PF_SCHEME_NAME || location[size] != ':')
        return;
    for (size_t i = 0; i < size; i++)
        to[i] = location[i] >= 'A' && location[i] <= 'Z' ? (char)(location[i] + ('a' - 'A')) : location[i];
    to[size] = '\0';
}

const char *pf_location_path(const char *location)
{
    char name[PF_SCHEME_NAME];
    const char *path;

    pf_scheme_name(location, name);
    if (strcmp(name, "file") != 0)
        return location;
    path = location + strlen(name) + 1;
    if (strncmp(path, "///", 3) == 0)
        return path + 2;
    return path[0] == '/' && path[1] != '/' ? path : location; /* two slashes name a host */
}

static enum pf_status nobody_has(const char *name, const char *location, struct pf_error *err)
{
    if (strcmp(name, "file") == 0) {
        pf_fail(err, PF_BAD_OPTION, "file:// names a host: expected file:/PATH");
        pf_remedy(err, "write the path with one slash after file:, or without file:");
    } else {
        pf_fail(err, PF_BAD_OPTION, "%s:/ is a storage scheme that nobody has here", name);
        pf_remedy(err, "use a local path, or one below which the store is mounted (Databricks: an external volume over it, "
                       "/Volumes/...), or an extension that adds it; ./ in front makes it the name of a local file");
    }
    pf_error_source(err, location);
    return PF_BAD_OPTION;
}

enum pf_status pf_scheme_of(struct pf_context *ctx, const char *location, const struct pf_scheme **out, struct pf_error *err)
{
    const struct pf_schemes *schemes = ctx != NULL ? ctx->schemes : NULL;
    char name[PF_SCHEME_NAME];

    *out = NULL;
    pf_scheme_name(location, name);
    if (name[0] == '\0')
        return schemes != NULL && location[0] == '/' ? schemes->find_path(schemes, location, out, err) : PF_OK;
    if (schemes != NULL && schemes->find(schemes, name, out, err) != PF_OK)
        return err->status;
    return *out == NULL && location[strlen(name) + 1] == '/' ? nobody_has(name, location, err) : PF_OK;
}

bool pf_location_is_remote(struct pf_context *ctx, const char *location)
{
    const struct pf_scheme *scheme;
    struct pf_error ignored;

    /* one that should be there and cannot be had is no path, either */
    return pf_scheme_of(ctx, location, &scheme, &ignored) != PF_OK || scheme != NULL;
}

/* ---- calling a scheme */

static enum pf_status not_offered(const char *location, const char *doing, struct pf_error *err)
{
    pf_fail(err, PF_UNSUPPORTED, "its storage scheme does not %s", doing);
    pf_error_source(err, location);
    return PF_UNSUPPORTED;
}

/* What the scheme takes a location for; the location itself where it does not say. The name of a scheme has no case. */
static const char *identity_of(struct pf_context *ctx, const struct pf_scheme *scheme, const char *location,
                               char to[PF_SCHEME_IDENTITY])
{
    char name[PF_SCHEME_NAME];
    struct pf_error ignored;
    size_t size;

    to[0] = '\0';
    pf_error_clear(&ignored);
    if (scheme->calls.identity != NULL &&
        scheme->calls.identity(scheme->self, ctx, location, to, PF_SCHEME_IDENTITY, &ignored) == PF_OK && to[0] != '\0') {
        to[PF_SCHEME_IDENTITY - 1] = '\0';
        return to;
    }
    pf_scheme_name(location, name);
    size = strlen(name);
    if (strlen(location) >= PF_SCHEME_IDENTITY)
        return location;
    memcpy(to, name, size);
    memcpy(to + size, location + size, strlen(location + size) + 1);
    return to;
}

bool pf_scheme_same(struct pf_context *ctx, const char *a, const char *b)
{
    char first[PF_SCHEME_IDENTITY], second[PF_SCHEME_IDENTITY];
    const struct pf_scheme *of_a, *of_b;
    struct pf_error ignored;

    if (pf_scheme_of(ctx, a, &of_a, &ignored) != PF_OK || pf_scheme_of(ctx, b, &of_b, &ignored) != PF_OK || of_a == NULL ||
        of_b == NULL)
        return false;
    return strcmp(identity_of(ctx, of_a, a, first), identity_of(ctx, of_b, b, second)) == 0;
}

enum pf_status pf_scheme_resolve(struct pf_context *ctx, const char *location, char **out, struct pf_error *err)
{
    const struct pf_scheme *scheme;
    char identity[PF_SCHEME_IDENTITY];

    if (pf_scheme_of(ctx, location, &scheme, err) != PF_OK)
        return err->status;
    if (scheme != NULL && scheme->calls.identity != NULL) {
        identity[0] = '\0';
        pf_error_clear(err);
        if (pf_foreign_answer(scheme->calls.identity(scheme->self, ctx, location, identity, sizeof identity, err), location,
                              "resolved", err) != PF_OK)
            return err->status;
        identity[sizeof identity - 1] = '\0';
        location = identity;
    }
    *out = pf_copy_text(&ctx->memory, location, strlen(location));
    return *out != NULL ? PF_OK : pf_fail_memory(err, strlen(location));
}

enum pf_status pf_scheme_stat(struct pf_context *ctx, const struct pf_scheme *scheme, const char *location,
                              struct pf_source_stat *out, bool *directory, struct pf_error *err)
{
    struct pf_location found = { .bytes = -1 };
    char identity[PF_SCHEME_IDENTITY];

    memset(out, 0, sizeof *out);
    *directory = false;
    pf_error_clear(err);
    if (pf_foreign_answer(scheme->calls.stat(scheme->self, ctx, location, &found, err), location, "found", err) != PF_OK)
        return err->status;
    *directory = found.directory;
    out->regular = !found.directory;
    out->size = found.directory ? -1 : found.bytes;
    out->modified_ns = found.modified_ns;
    out->device = UINT64_MAX;
    out->inode = pf_text_hash(identity_of(ctx, scheme, location, identity));
    return PF_OK;
}

/* ---- reading */

static struct scheme_raw *own(const struct pf_raw *raw)
{
    return (struct scheme_raw *)(uintptr_t)raw;
}

/* A connection that breaks off looks like the end of the file: what the store has said of its size tells one from the other. */
static enum pf_status check_length(const struct pf_raw *raw, bool ended, struct pf_error *err)
{
    if (raw->stat.size < 0 || raw->at == raw->stat.size || (raw->at < raw->stat.size && !ended))
        return PF_OK;
    if (ended)
        pf_fail(err, PF_IO, "the file ended early: %lld bytes came, its store tells of %lld", (long long)raw->at,
                (long long)raw->stat.size);
    else
        pf_fail(err, PF_IO, "the file is longer than its store said, %lld bytes", (long long)raw->stat.size);
    pf_error_source(err, raw->name);
    pf_remedy(err, "convert again; if it comes again, the storage scheme or the store tells a wrong size");
    return PF_IO;
}

static enum pf_status scheme_read(struct pf_raw *raw, void *to, size_t size, size_t *got, struct pf_error *err)
{
    struct scheme_raw *self = own(raw);

    if (pf_check_cancel(raw->ctx, err) != PF_OK)
        return err->status;
    *got = 0;
    pf_error_clear(err);
    if (pf_foreign_answer(self->scheme->calls.read(self->reader, to, size, got, err), raw->name, "read", err) != PF_OK)
        return err->status;
    if (*got > size)
        return pf_fail(err, PF_IO, "%zu bytes were asked for, the storage scheme gave %zu", size, *got);
    raw->at += (int64_t)*got;
    return check_length(raw, size > 0 && *got == 0, err);
}

static enum pf_status scheme_read_at(const struct pf_raw *raw, int64_t offset, void *to, size_t size, struct pf_error *err)
{
    const struct scheme_raw *self = own(raw);

    if (size == 0)
        return PF_OK;
    if (raw->stat.size >= 0 && (offset < 0 || offset > raw->stat.size || size > (size_t)(raw->stat.size - offset)))
        return pf_fail(err, PF_BAD_DATA, "the data ends at byte %lld, %zu bytes were expected at %lld",
                       (long long)raw->stat.size, size, (long long)offset);
    pf_error_clear(err);
    return pf_foreign_answer(self->scheme->calls.read_at(self->reader, offset, to, size, err), raw->name, "read", err);
}

static void close_reader(struct scheme_raw *self)
{
    if (self->reader != NULL)
        self->scheme->calls.close(self->reader);
    self->reader = NULL;
}

static enum pf_status open_reader(struct scheme_raw *self, struct pf_error *err)
{
    const struct pf_scheme *scheme = self->scheme;
    bool directory;

    if (pf_scheme_stat(self->raw.ctx, scheme, self->raw.name, &self->raw.stat, &directory, err) != PF_OK)
        return err->status;
    if (directory)
        return pf_fail(err, PF_UNSUPPORTED, "%.300s is a directory, a file was expected", self->raw.name);
    pf_error_clear(err);
    if (pf_foreign_answer(scheme->calls.open(scheme->self, self->raw.ctx, self->raw.name, &self->reader, err), self->raw.name,
                          "opened", err) == PF_OK)
        return PF_OK;
    self->reader = NULL;
    return err->status;
}

static enum pf_status scheme_rewind(struct pf_raw *raw, struct pf_error *err)
{
    struct scheme_raw *self = own(raw);
    const struct pf_source_stat before = raw->stat;

    close_reader(self);
    raw->at = 0;
    if (open_reader(self, err) != PF_OK)
        return err->status;
    if (raw->stat.size == before.size && raw->stat.modified_ns == before.modified_ns)
        return PF_OK;
    pf_fail(err, PF_BAD_DATA, "it was changed by another program while it was read");
    pf_error_source(err, raw->name);
    return PF_BAD_DATA;
}

static void scheme_close(struct pf_raw *raw)
{
    close_reader(own(raw));
    pf_free(raw->memory, own(raw));
}

static const struct pf_raw_functions serial_functions = { scheme_read, NULL, scheme_rewind, scheme_close, NULL };
static const struct pf_raw_functions placed_functions = { scheme_read, scheme_read_at, scheme_rewind, scheme_close, NULL };

enum pf_status pf_raw_scheme(struct pf_context *ctx, const struct pf_scheme *scheme, const char *location, struct pf_raw **out,
                             struct pf_error *err)
{
    struct scheme_raw *self = pf_alloc_zero(&ctx->memory, 1, sizeof *self);

    *out = NULL;
    if (self == NULL)
        return pf_fail_memory(err, sizeof *self);
    self->raw.functions = scheme->calls.read_at != NULL ? &placed_functions : &serial_functions;
    self->raw.ctx = ctx;
    self->raw.memory = &ctx->memory;
    self->raw.name = location;
    self->raw.fd = -1;
    self->scheme = scheme;
    if (open_reader(self, err) != PF_OK) {
        pf_free(&ctx->memory, self);
        return err->status;
    }
    *out = &self->raw;
    return PF_OK;
}

/* ---- writing */

static enum pf_status scheme_write(struct pf_sink *sink, const void *bytes, size_t size, struct pf_error *err)
{
    pf_error_clear(err);
    return pf_foreign_answer(sink->scheme->calls.write(sink->writer, bytes, size, err), sink->name, "written", err);
}

static enum pf_status scheme_commit(struct pf_sink *sink, struct pf_error *err)
{
    pf_error_clear(err);
    if (pf_foreign_answer(sink->scheme->calls.commit(sink->writer, err), sink->name, "completed", err) == PF_OK)
        return PF_OK;
    if (err->status == PF_EXISTS)
        pf_remedy(err, "use --force to replace it");
    return err->status;
}

static void scheme_discard(struct pf_sink *sink)
{
    if (sink->writer != NULL)
        sink->scheme->calls.discard(sink->writer);
    sink->writer = NULL;
}

static const struct pf_sink_functions sink_functions = { scheme_write, NULL, scheme_commit, scheme_discard, false };

/* Whether the location can be written, before anything is built for it. */
static enum pf_status prepare(struct pf_context *ctx, const struct pf_scheme *scheme, const char *location, bool replace,
                              struct pf_error *err)
{
    if (scheme->calls.create == NULL)
        return not_offered(location, "write", err);
    if (scheme->calls.prepare == NULL)
        return PF_OK;
    pf_error_clear(err);
    return pf_foreign_answer(scheme->calls.prepare(scheme->self, ctx, location, replace, err), location, "written to", err);
}

enum pf_status pf_sink_scheme(struct pf_context *ctx, const struct pf_scheme *scheme, const char *location, bool replace,
                              struct pf_sink **out, struct pf_error *err)
{
    bool staged = (scheme->calls.flags & PF_SCHEME_STAGED) != 0;

    *out = NULL;
    if (prepare(ctx, scheme, location, replace, err) != PF_OK)
        return err->status;
    return (staged ? pf_sink_staged : pf_sink_straight)(ctx, scheme, location, replace, out, err);
}

enum pf_status pf_sink_straight(struct pf_context *ctx, const struct pf_scheme *scheme, const char *location, bool replace,
                                struct pf_sink **out, struct pf_error *err)
{
    *out = NULL;
    if (pf_sink_new(ctx, location, &sink_functions, out, err) != PF_OK)
        return err->status;
    (*out)->scheme = scheme;
    (*out)->replace = replace;
    pf_error_clear(err);
    if (pf_foreign_answer(scheme->calls.create(scheme->self, ctx, location, replace, &(*out)->writer, err), location,
                          "written to", err) == PF_OK)
        return PF_OK;
    if (err->status == PF_EXISTS)
        pf_remedy(err, "use --force to replace it");
    (*out)->writer = NULL;
    pf_sink_free(*out);
    *out = NULL;
    return err->status;
}

void pf_scheme_retract(const struct pf_sink *sink)
{
    const struct pf_scheme *scheme = sink->scheme;
    struct pf_error ignored;

    if (scheme->calls.remove == NULL)
        return;
    pf_error_clear(&ignored);
    (void)scheme->calls.remove(scheme->self, sink->ctx, sink->name, &ignored);
}
