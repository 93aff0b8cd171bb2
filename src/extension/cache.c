/* What entry points a folder of packages has, kept for as long as the folder does not change.
 *
 * One small file a folder, under a name made of the folder's: a first line that says what of, then a line an entry point, fields
 * separated by tabs. Whatever is not as expected counts as no cache. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "extension/set.h"

enum { MOST_TEXT = 1 << 20, LINE = PF_PATH_BYTES + 160 };
/* A folder changed so lately may change again within the same tick of its clock. */
static const int64_t settled_ns = (int64_t)2 * 1000000000;

struct keeping {
    struct pf_buffer text;
    bool failed; /* an entry point cannot be kept, or there is no memory */
    pf_entry_point_fn emit;
    void *user;
};

static bool cache_path(const struct pf_extensions *set, const char *folder, char to[PF_PATH_BYTES])
{
    int wrote = snprintf(to, PF_PATH_BYTES, "%s/%016llx", set->cache_folder, (unsigned long long)pf_text_hash(folder));

    return set->cache_folder[0] != '\0' && wrote > 0 && wrote < PF_PATH_BYTES;
}

static void first_line(const char *folder, const struct pf_file_facts *facts, char to[LINE])
{
    (void)snprintf(to, LINE, "pyforge 2 %lld %llu %llu %s\n", (long long)facts->modified_ns, (unsigned long long)facts->inode,
                   (unsigned long long)facts->device, folder);
}

/* ---- reading */

/* The next field of a line, ended by a tab or the line's end; NULL = there is none. */
static const char *field(char **line)
{
    char *from = *line;

    if (from == NULL)
        return NULL;
    *line = strchr(from, '\t');
    if (*line != NULL)
        *(*line)++ = '\0';
    return from;
}

static void read_kept(char *text, pf_entry_point_fn emit, void *user)
{
    while (text != NULL && text[0] != '\0') {
        char *next = strchr(text, '\n');
        struct pf_entry_point point;

        if (next == NULL)
            return; /* cut off */
        *next++ = '\0';
        point.group = field(&text);
        point.name = field(&text);
        point.value = field(&text);
        point.package = field(&text);
        point.wrong = field(&text);
        if (point.wrong != NULL)
            emit(user, &point);
        text = next;
    }
}

static bool use_kept(struct pf_extensions *set, const char *path, const char *first, pf_entry_point_fn emit, void *user)
{
    size_t begins = strlen(first);
    char *text = pf_kept_load(set, path, MOST_TEXT);
    bool good = text != NULL && strncmp(text, first, begins) == 0;

    if (good)
        read_kept(text + begins, emit, user);
    pf_free(&set->memory, text);
    return good;
}

/* ---- writing */

static void keep(void *user, const struct pf_entry_point *point)
{
    struct keeping *keeping = user;

    keeping->failed = keeping->failed || strchr(point->name, '\t') != NULL || strchr(point->value, '\t') != NULL ||
                      strchr(point->package, '\t') != NULL || strchr(point->package, '\n') != NULL ||
                      !pf_buffer_printf(&keeping->text, "%s\t%s\t%s\t%s\t%s\n", point->group, point->name, point->value,
                                        point->package, point->wrong);
    keeping->emit(keeping->user, point);
}

void pf_entry_points_cached(struct pf_extensions *set, const char *folder, pf_entry_point_fn emit, void *user)
{
    struct keeping keeping = { .emit = emit, .user = user };
    struct pf_file_facts facts;
    char path[PF_PATH_BYTES], first[LINE];
    bool named = cache_path(set, folder, path);

    if (!pf_file_look(folder, &facts) || !facts.directory)
        return;
    first_line(folder, &facts, first);
    if (named && use_kept(set, path, first, emit, user))
        return;
    pf_buffer_init(&keeping.text, &set->memory, MOST_TEXT);
    keeping.failed = !pf_buffer_append_text(&keeping.text, first);
    pf_entry_points_find(set, folder, keep, &keeping);
    if (named && !keeping.failed && pf_now_ns() - facts.modified_ns > settled_ns && pf_folder_make_private(set->cache_folder))
        (void)pf_file_store(path, keeping.text.data, keeping.text.size);
    pf_buffer_free(&keeping.text);
}
