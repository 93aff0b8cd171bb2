/* The conformance suite for storage schemes: through the core's own sources and sinks, as conversions use them. */
#include <stdio.h>
#include <string.h>

#include "extension/conform.h"

enum { LOCATION = 1200, DATA = 100000, PIECE = 33333 };

struct scheme_check {
    struct conform *c;
    const struct pf_scheme *scheme;
    char file[LOCATION], folder[LOCATION];
    uint8_t *data; /* DATA bytes */
};

static bool tell(const struct scheme_check *s, bool good, const char *what, const char *why)
{
    char text[160];

    (void)snprintf(text, sizeof text, "scheme %.40s: %s", s->scheme->calls.name, what);
    return pf_conform_check(s->c, good, text, "%.700s", why);
}

static enum pf_status stat_of(const struct scheme_check *s, const char *location, struct pf_source_stat *stat,
                              struct pf_error *err)
{
    bool directory;

    pf_error_clear(err);
    return pf_location_stat(s->c->ctx, location, stat, &directory, err);
}

/* Opens a sink and writes size bytes of the data; NULL fills err. */
static struct pf_sink *begin(const struct scheme_check *s, bool replace, size_t size, struct pf_error *err)
{
    const struct pf_sink_options options = { .replace = replace };
    struct pf_sink *sink;

    pf_error_clear(err);
    if (pf_sink_open(s->c->ctx, s->file, &options, &sink, err) != PF_OK)
        return NULL;
    for (size_t at = 0; at < size; at += PIECE) {
        if (pf_sink_write(sink, s->data + at, size - at < PIECE ? size - at : PIECE, err) != PF_OK) {
            pf_sink_free(sink);
            return NULL;
        }
    }
    return sink;
}

static enum pf_status commit(struct pf_sink *sink, struct pf_error *err)
{
    if (sink == NULL)
        return err->status;
    (void)pf_sink_commit(sink, err);
    pf_sink_free(sink);
    return err->status;
}

static void check_absent(const struct scheme_check *s)
{
    struct pf_source_stat stat;
    struct pf_source *src;
    struct pf_error err;

    (void)stat_of(s, s->file, &stat, &err);
    (void)tell(s, err.status == PF_NOT_FOUND, "stat of nothing is PF_NOT_FOUND", pf_status_name(err.status));
    pf_error_clear(&err);
    if (pf_source_open(s->c->ctx, s->file, true, &src, &err) == PF_OK)
        pf_source_close(src);
    (void)tell(s, err.status == PF_NOT_FOUND, "reading nothing is PF_NOT_FOUND", pf_status_name(err.status));
}

static void check_abort(const struct scheme_check *s)
{
    struct pf_source_stat stat;
    struct pf_error err, seen;
    struct pf_sink *sink = begin(s, false, DATA, &err);

    if (!tell(s, sink != NULL, "writes", err.message))
        return;
    (void)tell(s, stat_of(s, s->file, &stat, &seen) == PF_NOT_FOUND, "nothing is seen before commit", "something is there");
    pf_sink_free(sink);
    (void)tell(s, stat_of(s, s->file, &stat, &seen) == PF_NOT_FOUND, "nothing stays without commit", "something is there");
}

/* The first size bytes of the data stand at the location. */
static bool reads_back(const struct scheme_check *s, size_t size, struct pf_error *err)
{
    struct pf_memory *memory = &s->c->ctx->memory;
    uint8_t *read = pf_alloc(memory, DATA + 1);
    struct pf_source *src = NULL;
    size_t got = 0;
    bool good = false;

    pf_error_clear(err);
    if (read == NULL)
        pf_fail_memory(err, DATA);
    else if (pf_source_open(s->c->ctx, s->file, true, &src, err) == PF_OK &&
             pf_source_read(src, read, DATA + 1, &got, err) == PF_OK)
        good = got == size && memcmp(read, s->data, size) == 0;
    if (good && pf_source_can_rewind(src))
        good = pf_source_rewind(src, err) == PF_OK && pf_source_read(src, read, 100, &got, err) == PF_OK &&
               memcmp(read, s->data, got) == 0;
    if (good && pf_source_has_read_at(src))
        good = pf_source_read_at(src, (int64_t)size / 2, read, size / 4, err) == PF_OK &&
               memcmp(read, s->data + size / 2, size / 4) == 0 &&
               pf_source_read_at(src, (int64_t)size - 1, read, 1, err) == PF_OK && read[0] == s->data[size - 1];
    pf_source_close(src);
    pf_free(memory, read);
    if (!good && err->message[0] == '\0')
        pf_fail(err, PF_BAD_DATA, "other bytes came back");
    return good;
}

static void check_writing(const struct scheme_check *s)
{
    struct pf_source_stat stat;
    struct pf_error err;

    (void)tell(s, commit(begin(s, false, DATA, &err), &err) == PF_OK, "commit", err.message);
    (void)tell(s, stat_of(s, s->file, &stat, &err) == PF_OK && (stat.size == DATA || stat.size == -1),
               "stat tells the size, or that it does not know", err.status != PF_OK ? err.message : "the size is wrong");
    (void)tell(s, reads_back(s, DATA, &err), "reads back what was written, twice and at any place", err.message);
    (void)tell(s, commit(begin(s, false, 10, &err), &err) == PF_EXISTS, "what is there is not replaced unasked",
               pf_status_name(err.status));
    (void)tell(s, reads_back(s, DATA, &err), "what was there has stayed", err.message);
    (void)tell(s, commit(begin(s, true, 5000, &err), &err) == PF_OK, "replaces when asked", err.message);
    (void)tell(s, reads_back(s, 5000, &err), "what replaced it is there", err.message);
}

/* Of two that began when nothing was there, the second is told so at its commit. */
static void check_race(const struct scheme_check *s)
{
    struct pf_error one_err, two_err;
    struct pf_sink *one = begin(s, false, 5000, &one_err), *two = begin(s, false, 10, &two_err);
    enum pf_status first = commit(one, &one_err), second = commit(two, &two_err);
    struct pf_error err;

    (void)tell(s, first == PF_OK && second == PF_EXISTS, "of two writers only one appears", pf_status_name(second));
    (void)tell(s, reads_back(s, 5000, &err), "it is the first one", err.message);
}

struct listing {
    const char *wanted;
    bool seen;
};

static enum pf_status note_entry(void *user, const char *location, const struct pf_location *what, struct pf_error *err)
{
    struct listing *listing = user;

    (void)err;
    listing->seen = listing->seen || (strcmp(location, listing->wanted) == 0 && !what->directory);
    return PF_OK;
}

static void check_list(struct scheme_check *s)
{
    const struct pf_scheme_addition *calls = &s->scheme->calls;
    struct listing listing = { s->file, false };
    struct pf_error err;

    if (calls->list == NULL || calls->make_directory == NULL) {
        pf_conform_note(s->c, "scheme: list", "it has no directories");
        return;
    }
    pf_error_clear(&err);
    (void)tell(s, calls->make_directory(s->scheme->self, s->c->ctx, s->folder, &err) == PF_OK, "makes a directory",
               err.message);
    (void)snprintf(s->file, sizeof s->file, "%.1000s/a", s->folder);
    (void)tell(s, commit(begin(s, false, 100, &err), &err) == PF_OK, "writes into it", err.message);
    (void)tell(s, calls->list(s->scheme->self, s->c->ctx, s->folder, note_entry, &listing, &err) == PF_OK && listing.seen,
               "lists it, by whole locations", err.message[0] != '\0' ? err.message : "the file is not listed");
    if (calls->remove == NULL)
        return;
    pf_error_clear(&err);
    (void)tell(s,
               calls->remove(s->scheme->self, s->c->ctx, s->file, &err) == PF_OK &&
                   calls->remove(s->scheme->self, s->c->ctx, s->folder, &err) == PF_OK,
               "removes file and directory", err.message);
}

static void check_remove(const struct scheme_check *s)
{
    const struct pf_scheme_addition *calls = &s->scheme->calls;
    struct pf_source_stat stat;
    enum pf_status status;
    struct pf_error err;

    pf_error_clear(&err);
    if (calls->remove == NULL) {
        (void)tell(s, false, "removes",
                   "it has no remove: what the suite has written stays, and a failed conversion's output would");
        return;
    }
    (void)tell(s, calls->remove(s->scheme->self, s->c->ctx, s->file, &err) == PF_OK, "removes", err.message);
    (void)tell(s, stat_of(s, s->file, &stat, &err) == PF_NOT_FOUND, "what was removed is gone", pf_status_name(err.status));
    pf_error_clear(&err);
    status = calls->remove(s->scheme->self, s->c->ctx, s->file, &err);
    (void)tell(s, status == PF_NOT_FOUND, "removing nothing is PF_NOT_FOUND", pf_status_name(status));
}

void pf_conform_scheme(struct conform *c, const struct pf_scheme *scheme, const char *location)
{
    struct scheme_check s = { .c = c, .scheme = scheme };
    const struct pf_scheme *of = NULL;
    struct pf_error ignored;
    /* a location of another scheme is not for this one */
    bool ours = location != NULL && pf_scheme_of(c->ctx, location, &of, &ignored) == PF_OK && of != NULL &&
                strcmp(of->calls.name, scheme->calls.name) == 0;
    unsigned long long number = (unsigned long long)pf_now_ns();

    (void)snprintf(s.file, sizeof s.file, "%.900s%spyforge-conformance-%llx", ours ? location : scheme->calls.name,
                   ours ? "" : ":", number);
    (void)snprintf(s.folder, sizeof s.folder, "%.1000s-d", s.file);
    s.data = pf_alloc(&c->ctx->memory, DATA);
    if (!tell(&s, s.data != NULL, "memory", "there is none"))
        return;
    for (size_t i = 0; i < DATA; i++)
        s.data[i] = (uint8_t)(i * 2654435761u >> 13);
    check_absent(&s);
    if (scheme->calls.create == NULL) {
        pf_conform_note(c, "scheme: writes", "it is read only: nothing more can be checked");
    } else {
        check_abort(&s);
        check_writing(&s);
        check_remove(&s);
        check_race(&s);
        check_remove(&s);
        check_list(&s);
    }
    pf_free(&c->ctx->memory, s.data);
}
