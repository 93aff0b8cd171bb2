/* Which files a bulk has, and what their outputs are called. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "convert/bulk.h"
#include "extension/use.h"
#include "storage/scheme.h"

enum { MOST_FILES = 1000000, DEEPEST = 64 };

/* ---- a walk along a pattern */

struct walk {
    struct pf_bulk *bulk;
    const char *const *parts; /* of the pattern, without the slashes */
    uint32_t part_count;
    const char *root;       /* what "below" begins after */
    bool of_folder;         /* a folder was named, no pattern: what cannot be read or is an output is left out */
    struct pf_error absent; /* why the root is not there; PF_OK = it is */
    uint32_t depth;
    struct pf_source_stat above[DEEPEST]; /* folders on the way that "**" has entered: a mount may lead back to one */
};

struct entry {
    const char *location;
    int64_t bytes;
    bool directory;
};

struct entries {
    struct pf_context *ctx;
    const char *folder;
    struct pf_arena *arena;
    struct entry *list;
    uint32_t count, capacity;
    enum pf_status stopped; /* a scheme was told so, and may not say it */
};

static const char *name_of(const char *location)
{
    const char *slash = strrchr(location, '/');

    return slash != NULL ? slash + 1 : location;
}

/* Whether location is the folder's with one name behind it, as every entry is: outputs are named by what lies below. */
static bool is_entry_of(const char *folder, const char *location)
{
    size_t size = strlen(folder);
    const char *name = location + size;

    if (strncmp(folder, location, size) != 0)
        return false;
    if (size > 0 && folder[size - 1] != '/' && folder[size - 1] != ':' && *name++ != '/')
        return false;
    return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static enum pf_status add_entry(struct entries *entries, const char *location, const struct pf_location *what,
                                struct pf_error *err)
{
    struct entry *entry, *list;

    pf_waiting(entries->ctx);
    if (pf_check_cancel(entries->ctx, err) != PF_OK)
        return err->status;
    if (!is_entry_of(entries->folder, location)) {
        pf_fail(err, PF_BAD_DATA, "the folder has an entry '%.200s', which is no name in it", location);
        pf_error_source(err, entries->folder);
        pf_remedy(err, "name the files one by one");
        return PF_BAD_DATA;
    }
    if (entries->count == MOST_FILES)
        return pf_fail(err, PF_LIMIT, "a folder has more than %d entries", MOST_FILES);
    list = pf_arena_grow(entries->arena, entries->list, entries->count, &entries->capacity, sizeof *list);
    if (list == NULL)
        return pf_fail_memory(err, entries->count * sizeof *list);
    entries->list = list;
    entry = &entries->list[entries->count];
    entry->location = pf_arena_copy(entries->arena, location, strlen(location));
    entry->bytes = what->bytes;
    entry->directory = what->directory;
    if (entry->location == NULL)
        return pf_fail_memory(err, strlen(location));
    entries->count++;
    return PF_OK;
}

static enum pf_status keep_entry(void *user, const char *location, const struct pf_location *what, struct pf_error *err)
{
    struct entries *entries = user;

    if (entries->stopped == PF_OK)
        entries->stopped = add_entry(entries, location, what, err);
    return entries->stopped;
}

static int by_location(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->location, ((const struct entry *)b)->location);
}

/* Where the text behind a scheme's name and colon begins. */
static const char *behind_scheme(struct pf_context *ctx, const char *location)
{
    char scheme[PF_SCHEME_NAME];

    pf_scheme_name(location, scheme);
    return scheme[0] != '\0' && pf_location_is_remote(ctx, location) ? location + strlen(scheme) + 1 : location;
}

static enum pf_status look_at_folder(struct pf_bulk *bulk, const char *location, size_t size, struct pf_error *err)
{
    const char *folder = pf_arena_copy(&bulk->arena, size > 0 ? location : ".", size > 0 ? size : 1);
    struct pf_source_stat stat;
    struct pf_error absent;
    bool directory;

    if (folder == NULL)
        return pf_fail_memory(err, size);
    memset(&bulk->looked_at, 0, sizeof bulk->looked_at);
    bulk->looked_at.text = size > 0 ? folder : "";
    bulk->looked_at.size = size;
    if (pf_location_stat(bulk->request->ctx, folder, &stat, &directory, &absent) == PF_OK && directory) {
        bulk->looked_at.device = stat.device;
        bulk->looked_at.inode = stat.inode;
    }
    return PF_OK;
}

static enum pf_status identify(struct pf_bulk *bulk, struct pf_bulk_file *file, struct pf_error *err)
{
    const char *name = name_of(file->input);
    size_t size = (size_t)(name - file->input);

    file->name = file->input;
    file->device = file->inode = 0;
    if (pf_location_is_remote(bulk->request->ctx, file->input))
        return PF_OK;
    if ((bulk->looked_at.text == NULL || bulk->looked_at.size != size ||
         memcmp(bulk->looked_at.text, file->input, size) != 0) &&
        look_at_folder(bulk, file->input, size, err) != PF_OK)
        return err->status;
    if (bulk->looked_at.inode == 0)
        return PF_OK;
    file->device = bulk->looked_at.device;
    file->inode = bulk->looked_at.inode;
    file->name = file->input + size;
    return PF_OK;
}

static enum pf_status add_file(struct pf_bulk *bulk, const char *location, const char *below, int64_t bytes,
                               struct pf_error *err)
{
    struct pf_bulk_file *file, *files;

    if (bulk->count == MOST_FILES)
        return pf_fail(err, PF_LIMIT, "the bulk has more than %d files", MOST_FILES);
    files = pf_arena_grow(&bulk->arena, bulk->files, bulk->count, &bulk->capacity, sizeof *files);
    if (files == NULL)
        return pf_fail_memory(err, bulk->count * sizeof *files);
    bulk->files = files;
    file = &bulk->files[bulk->count];
    file->input = pf_arena_copy(&bulk->arena, location, strlen(location));
    file->below = pf_arena_copy(&bulk->arena, below, strlen(below));
    file->bytes = bytes;
    file->output = NULL;
    if (file->input == NULL || file->below == NULL)
        return pf_fail_memory(err, strlen(location));
    if (identify(bulk, file, err) != PF_OK)
        return err->status;
    bulk->count++;
    return PF_OK;
}

/* "sales.parquet.rejects.csv", which a conversion has left beside its output. */
static bool is_of_rejects(const char *name)
{
    static const char rejects[] = ".rejects.csv";
    size_t size = strlen(name);

    return size >= sizeof rejects && strcmp(name + size - (sizeof rejects - 1), rejects) == 0;
}

/* "~$sales.xlsx", beside a workbook that somebody has open. */
static bool is_lock(const char *name)
{
    return name[0] == '~' && name[1] == '$';
}

/* Of a folder that is named: what some format reads, unless it is of the format that is written. */
static bool is_input(const struct walk *walk, const char *location)
{
    const struct pf_reader *reader = pf_reader_by_suffix(pf_formats(walk->bulk->request->ctx), location);

    if (reader == NULL)
        return false;
    for (const char *const *suffix = reader->suffixes; *suffix != NULL; suffix++) {
        if (pf_same_word(*suffix, walk->bulk->suffix))
            return false;
    }
    return true;
}

/* One that may not be listed, in whole or in part, is a failure of its own, beside the files that are found. */
static enum pf_status add_unlisted(struct pf_bulk *bulk, const char *folder, struct pf_error *err)
{
    folder = folder[0] != '\0' ? folder : ".";
    if (add_file(bulk, folder, folder, 0, err) != PF_OK)
        return err->status;
    bulk->files[bulk->count - 1].output = "";
    return PF_OK;
}

/* A folder that is not there has no entries. */
static enum pf_status list_folder(struct walk *walk, const char *folder, struct entries *entries, struct pf_error *err)
{
    enum pf_status status;

    memset(entries, 0, sizeof *entries);
    entries->ctx = walk->bulk->request->ctx;
    entries->folder = folder;
    entries->arena = &walk->bulk->arena;
    status = pf_location_list(walk->bulk->request->ctx, folder, keep_entry, entries, err);
    if (status != PF_OK && (entries->stopped != PF_OK || status != PF_IO) && (status != PF_NOT_FOUND || entries->count > 0))
        return status;
    if (entries->stopped == PF_OK && status == PF_IO && add_unlisted(walk->bulk, folder, err) != PF_OK)
        return err->status;
    if (entries->stopped != PF_OK) {
        if (err->status != entries->stopped)
            pf_fail(err, entries->stopped, "the storage scheme went on listing after it was stopped");
        return entries->stopped;
    }
    if (entries->count > 1)
        qsort(entries->list, entries->count, sizeof *entries->list, by_location);
    return PF_OK;
}

static enum pf_status walk_part(struct walk *walk, const char *folder, uint32_t part, struct pf_error *err);

/* Whether a folder is one of those the walk is in. */
static bool is_above(const struct walk *walk, const struct pf_source_stat *stat)
{
    for (uint32_t i = 0; i < walk->depth; i++) {
        if (walk->above[i].device == stat->device && walk->above[i].inode == stat->inode)
            return true;
    }
    return false;
}

/* "**": the folder that entry is goes on with the same part. Links are not followed: one may lead out of the folder that was named, to what
 * nobody has asked for. */
static enum pf_status enter(struct walk *walk, const struct entry *entry, uint32_t part, struct pf_error *err)
{
    struct pf_source_stat stat;
    enum pf_status status;
    bool directory;

    if (name_of(entry->location)[0] == '.')
        return PF_OK;
    if (pf_location_is_link(entry->location)) {
        walk->bulk->not_entered = entry->location;
        return PF_OK;
    }
    if (pf_location_stat(walk->bulk->request->ctx, entry->location, &stat, &directory, err) != PF_OK)
        return err->status == PF_IO ? add_unlisted(walk->bulk, entry->location, err) : PF_OK;
    if (is_above(walk, &stat))
        return PF_OK;
    if (walk->depth == DEEPEST) {
        pf_fail(err, PF_LIMIT, "folders lie more than %d deep", DEEPEST);
        pf_error_source(err, entry->location);
        return PF_LIMIT;
    }
    walk->above[walk->depth++] = stat;
    status = walk_part(walk, entry->location, part, err);
    walk->depth--;
    return status;
}

static enum pf_status take_entry(struct walk *walk, const struct entry *entry, const char *pattern, bool last, uint32_t part,
                                 struct pf_error *err)
{
    const char *below = entry->location + strlen(walk->root), *name = name_of(entry->location);

    if (name < below) /* "mem:a.csv" */
        name = below;
    if (fnmatch(pattern, name, FNM_PERIOD | FNM_NOESCAPE) != 0)
        return PF_OK;
    if (!last)
        return entry->directory ? walk_part(walk, entry->location, part + 1, err) : PF_OK;
    if (entry->directory)
        return PF_OK;
    if (is_lock(name) && !is_lock(pattern))
        return PF_OK;
    if (is_of_rejects(entry->location) && !is_of_rejects(pattern)) {
        walk->bulk->left_out++;
        return PF_OK;
    }
    if (walk->of_folder && !is_input(walk, entry->location))
        return PF_OK;
    while (*below == '/')
        below++;
    return add_file(walk->bulk, entry->location, below, entry->bytes, err);
}

/* Matches the parts of the pattern from part on in folder. */
static enum pf_status walk_part(struct walk *walk, const char *folder, uint32_t part, struct pf_error *err)
{
    bool any_depth = strcmp(walk->parts[part], "**") == 0;
    bool last = part + 1 == walk->part_count;
    const char *pattern = any_depth && last ? "*" : walk->parts[part];
    struct entries entries;

    if (pf_check_cancel(walk->bulk->request->ctx, err) != PF_OK)
        return err->status;
    if (any_depth && !last && walk_part(walk, folder, part + 1, err) != PF_OK)
        return err->status;
    if (list_folder(walk, folder, &entries, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < entries.count; i++) {
        const struct entry *entry = &entries.list[i];

        if (any_depth && entry->directory && enter(walk, entry, part, err) != PF_OK)
            return err->status;
        if ((!any_depth || last) && take_entry(walk, entry, pattern, last, part, err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

/* ---- patterns */

static bool has_wildcard(const char *text)
{
    return strpbrk(text, PF_BULK_WILDCARDS) != NULL;
}

/* Cuts the pattern behind its fixed folders ("in/2024", "" for the current one, "/", "mem:", "s3://bucket") into parts, in place. */
static enum pf_status split(struct pf_bulk *bulk, char *text, struct walk *walk, struct pf_error *err)
{
    char *first = text + (behind_scheme(bulk->request->ctx, text) - text), *rest;
    const char **parts;
    uint32_t most = 1;
    size_t size;

    for (char *slash = strchr(first, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (has_wildcard(first)) {
            *slash = '/';
            break;
        }
        *slash = '/';
        first = slash + 1;
        most++;
    }
    for (const char *c = first; *c != '\0'; c++)
        most += *c == '/';
    parts = pf_arena_alloc_zero(&bulk->arena, most, sizeof *parts);
    if (parts == NULL)
        return pf_fail_memory(err, most * sizeof *parts);
    walk->parts = parts;
    size = (size_t)(first - text);
    if (size > 1 && text[size - 1] == '/' && text[size - 2] != '/' && text[size - 2] != ':')
        size--;
    walk->root = pf_arena_copy(&bulk->arena, text, size);
    if (walk->root == NULL)
        return pf_fail_memory(err, strlen(text));
    for (char *part = strtok_r(first, "/", &rest); part != NULL; part = strtok_r(NULL, "/", &rest))
        parts[walk->part_count++] = part;
    return PF_OK;
}

/* Walks from the root, which may be a link: it was named. */
static enum pf_status walk_root(struct walk *walk, struct pf_error *err)
{
    bool directory;

    pf_error_clear(&walk->absent);
    if (pf_location_stat(walk->bulk->request->ctx, walk->root[0] != '\0' ? walk->root : ".", &walk->above[0], &directory,
                         &walk->absent) == PF_OK)
        walk->depth = 1;
    return walk->part_count > 0 ? walk_part(walk, walk->root, 0, err) : PF_OK;
}

static enum pf_status find_pattern(struct pf_bulk *bulk, const char *text, struct pf_error *err)
{
    struct walk walk = { .bulk = bulk };
    uint32_t before = bulk->count;
    char *copy = pf_arena_copy(&bulk->arena, text, strlen(text));

    if (copy == NULL)
        return pf_fail_memory(err, strlen(text));
    if (split(bulk, copy, &walk, err) != PF_OK || walk_root(&walk, err) != PF_OK)
        return err->status;
    if (bulk->count > before)
        return PF_OK;
    if (walk.absent.status != PF_OK && pf_location_is_remote(bulk->request->ctx, walk.root)) {
        pf_fail(err, PF_NOT_FOUND, "no file matches the pattern: %.300s", walk.absent.message);
        pf_error_source(err, text);
        pf_remedy(err, "%s", walk.absent.remedy);
        return PF_NOT_FOUND;
    }
    pf_fail(err, PF_NOT_FOUND, "no file matches the pattern%s", bulk->left_out > 0 ? " besides those of rejected rows" : "");
    pf_error_source(err, text);
    if (bulk->left_out > 0)
        pf_remedy(err, "'*.rejects.csv' takes them, too");
    pf_remedy(err, "* and ? stand for letters of one name, ** for folders at any depth");
    return PF_NOT_FOUND;
}

static enum pf_status find_in_folder(struct pf_bulk *bulk, const char *folder, bool recursive, struct pf_error *err)
{
    static const char *const any[] = { "*" }, *const at_any_depth[] = { "**" };
    struct walk walk = { .bulk = bulk, .of_folder = true, .root = folder, .part_count = 1 };
    uint32_t before = bulk->count;

    walk.parts = recursive ? at_any_depth : any;
    if (walk_root(&walk, err) != PF_OK)
        return err->status;
    if (bulk->count > before)
        return PF_OK;
    pf_fail(err, PF_NOT_FOUND, "the folder holds no file with the suffix of a format that is read, besides %s", bulk->suffix);
    pf_error_source(err, folder);
    pf_remedy(err, "name the files, or a pattern such as '%.100s/*.dat'%s", folder,
              recursive ? "" : "; --recursive enters the folders in it");
    return PF_NOT_FOUND;
}

enum pf_status pf_bulk_find(struct pf_bulk *bulk, const char *location, bool recursive, struct pf_error *err)
{
    struct pf_source_stat stat;
    struct pf_error absent;
    bool directory = false;
    enum pf_status status = pf_location_stat(bulk->request->ctx, location, &stat, &directory, &absent);
    const char *text;

    if (status == PF_OK && directory)
        return find_in_folder(bulk, location, recursive, err);
    if (status == PF_NOT_FOUND && has_wildcard(location))
        return find_pattern(bulk, location, err);
    /* What is not there fails when its turn comes, and the others are converted. */
    text = behind_scheme(bulk->request->ctx, location);
    return add_file(bulk, location, name_of(text), status == PF_OK ? stat.size : -1, err);
}

/* ---- outputs */

static int by_identity(const void *a, const void *b)
{
    const struct pf_bulk_file *one = *(const struct pf_bulk_file *const *)a, *two = *(const struct pf_bulk_file *const *)b;

    if (one->device != two->device)
        return one->device < two->device ? -1 : 1;
    if (one->inode != two->inode)
        return one->inode < two->inode ? -1 : 1;
    return strcmp(one->name, two->name);
}

static int by_output(const void *a, const void *b)
{
    const struct pf_bulk_file *one = *(const struct pf_bulk_file *const *)a, *two = *(const struct pf_bulk_file *const *)b;
    int order = strcmp(one->output, two->output);

    return order != 0 ? order : strcmp(one->input, two->input);
}

static enum pf_status sorted(struct pf_bulk *bulk, int (*order)(const void *, const void *), struct pf_bulk_file ***out,
                             struct pf_error *err)
{
    const size_t each = sizeof(void *); /* pointers are sorted, not files: they are told apart by where they lie */
    struct pf_bulk_file **list = pf_arena_alloc_zero(&bulk->arena, bulk->count + 1, each);

    *out = list;
    if (list == NULL)
        return pf_fail_memory(err, bulk->count * each);
    for (uint32_t i = 0; i < bulk->count; i++)
        list[i] = &bulk->files[i];
    qsort(list, bulk->count, each, order);
    return PF_OK;
}

static enum pf_status drop_doubles(struct pf_bulk *bulk, struct pf_error *err)
{
    struct pf_bulk_file **list;
    uint32_t kept = 0;

    if (sorted(bulk, by_identity, &list, err) != PF_OK)
        return err->status;
    for (uint32_t i = bulk->count; i > 1; i--) {
        struct pf_bulk_file *one = list[i - 2], *two = list[i - 1];
        if (by_identity(&one, &two) != 0)
            continue;
        (one > two ? one : two)->input = NULL; /* the later mention */
        list[i - 2] = one > two ? two : one;
    }
    for (uint32_t i = 0; i < bulk->count; i++) {
        if (bulk->files[i].input != NULL)
            bulk->files[kept++] = bulk->files[i];
    }
    bulk->count = kept;
    return PF_OK;
}

/* The output's folder and stem; of the file's whole name, "sales_csv", when the stem alone is not enough; number 0 = none. */
static enum pf_status give_output(struct pf_bulk *bulk, struct pf_bulk_file *file, bool whole, uint32_t number,
                                  struct pf_error *err)
{
    const char *path = bulk->folder != NULL ? file->below : file->input;
    size_t above = (size_t)(name_of(path) - path);
    const char *stem;
    struct pf_buffer text;
    bool good = true;

    if ((whole ? pf_last_name : pf_stem)(strstr(file->input, "://") != NULL ? file->input : path, &bulk->arena, &stem, err) !=
        PF_OK)
        return err->status;
    pf_buffer_init(&text, &bulk->request->ctx->memory, SIZE_MAX);
    if (bulk->folder != NULL) {
        good = pf_buffer_append_text(&text, bulk->folder) &&
               (text.size == 0 || text.data[text.size - 1] == '/' || pf_buffer_append(&text, "/", 1));
    }
    good = good && pf_buffer_append(&text, path, above) && pf_buffer_append_text(&text, stem);
    for (size_t i = text.size; good && whole && i > 0 && text.data[i - 1] != '/'; i--) {
        if (text.data[i - 1] == '.')
            text.data[i - 1] = '_';
    }
    good = good && (number == 0 || pf_buffer_printf(&text, "_%u", number)) && pf_buffer_printf(&text, ".%s", bulk->suffix);
    file->output = good ? pf_arena_copy(&bulk->arena, (const char *)text.data, text.size) : NULL;
    pf_buffer_free(&text);
    return file->output != NULL ? PF_OK : pf_fail_memory(err, strlen(path));
}

/* Renames the files whose outputs are called alike; *clashes says whether there were any. */
static enum pf_status settle_clashes(struct pf_bulk *bulk, uint32_t round, bool *clashes, struct pf_error *err)
{
    struct pf_bulk_file **list;
    const char *taken = NULL;
    uint32_t number = 0;

    *clashes = false;
    if (sorted(bulk, by_output, &list, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < bulk->count; i++) {
        bool next = i + 1 < bulk->count && strcmp(list[i]->output, list[i + 1]->output) == 0;
        bool before = taken != NULL && strcmp(list[i]->output, taken) == 0;

        number = before ? number + 1 : 1;
        taken = list[i]->output;
        if ((!next && !before) || taken[0] == '\0')
            continue;
        *clashes = true;
        /* The first of several with one whole name keeps it, from the second round on. */
        if ((round == 0 || before) && give_output(bulk, list[i], true, round == 0 ? 0 : number + round - 1, err) != PF_OK)
            return err->status;
    }
    return PF_OK;
}

enum pf_status pf_bulk_name(struct pf_bulk *bulk, struct pf_error *err)
{
    bool clashes = true;

    if (drop_doubles(bulk, err) != PF_OK)
        return err->status;
    for (uint32_t i = 0; i < bulk->count; i++) {
        if (bulk->files[i].output == NULL && give_output(bulk, &bulk->files[i], false, 0, err) != PF_OK)
            return err->status;
    }
    for (uint32_t round = 0; clashes && round < bulk->count + 2; round++) {
        if (settle_clashes(bulk, round, &clashes, err) != PF_OK)
            return err->status;
    }
    return clashes ? pf_fail(err, PF_INTERNAL, "two outputs are called alike") : PF_OK;
}
