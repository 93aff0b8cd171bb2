/* Column names: none empty, none twice. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "transform/infer.h"

struct entry {
    const char *name; /* NULL = free */
    uint32_t uses;    /* columns that have it */
    uint32_t next;    /* number of the next repetition */
};

/* The names in use, as a hash table with open addressing; never more than half full. */
struct name_set {
    struct pf_arena *arena;
    struct entry *entries;
    size_t mask;
};

static bool set_init(struct name_set *set, struct pf_arena *arena, uint32_t count)
{
    size_t capacity = 16;

    while (capacity / 4 < count) /* a column brings two names at most: its own and the one it gets */
        capacity *= 2;
    set->arena = arena;
    set->entries = pf_arena_alloc_zero(arena, capacity, sizeof *set->entries);
    set->mask = capacity - 1;
    return set->entries != NULL;
}

/* The entry of the name, or the free one where it would stand. */
static struct entry *set_find(const struct name_set *set, const char *name)
{
    const uint64_t hash = pf_text_hash(name);
    size_t at = (size_t)(hash ^ hash >> 32) & set->mask;

    while (set->entries[at].name && strcmp(set->entries[at].name, name) != 0)
        at = (at + 1) & set->mask;
    return &set->entries[at];
}

static struct entry *set_use(const struct name_set *set, const char *name)
{
    struct entry *entry = set_find(set, name);

    entry->name = name;
    entry->uses++;
    return entry;
}

/* base, between, number: a new text in the arena; NULL = out of memory. */
static char *numbered(struct pf_arena *arena, const char *base, const char *between, uint32_t number)
{
    const size_t size = strlen(base) + strlen(between) + 12;
    char *text = pf_arena_alloc(arena, size);

    if (text)
        (void)snprintf(text, size, "%s%s%u", base, between, number);
    return text;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The name without what stands around it; the same pointer when nothing does. NULL = out of memory. */
static const char *without(struct pf_arena *arena, const char *name, bool (*around)(char))
{
    size_t size = strlen(name), skip = 0;

    while (size > 0 && around(name[size - 1]))
        size--;
    while (skip < size && around(name[skip]))
        skip++;
    return name[size] == '\0' && skip == 0 ? name : pf_arena_copy(arena, name + skip, size - skip);
}

/* A name that no column has: base, between and the first number from entry->next on that is free. */
static const char *next_free(const struct name_set *set, const char *base, const char *between, uint32_t *next)
{
    for (;;) {
        char *name = numbered(set->arena, base, between, (*next)++);

        if (!name || set_find(set, name)->uses == 0)
            return name;
    }
}

/* ---- names of this version */

static bool settle(const char **names, const uint32_t *numbers, uint32_t count, struct pf_arena *arena)
{
    struct name_set set;

    if (!set_init(&set, arena, count))
        return false;
    /* Every name that is there goes to a column first, so that a made one never takes it. */
    for (uint32_t i = 0; i < count; i++) {
        struct entry *entry;

        names[i] = without(arena, names[i] ? names[i] : "", is_blank);
        if (!names[i])
            return false;
        if (names[i][0] == '\0')
            continue;
        entry = set_find(&set, names[i]);
        entry->name = names[i];
        entry->uses = 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct entry *entry = set_find(&set, names[i]);

        if (names[i][0] == '\0') {
            names[i] = numbered(arena, "column", "_", numbers ? numbers[i] : i + 1);
            if (!names[i])
                return false;
            entry = set_find(&set, names[i]);
            if (entry->uses == 0) {
                set_use(&set, names[i])->next = 2;
                continue;
            }
            entry->next = entry->next ? entry->next : 2;
        } else if (entry->next == 0) { /* the first column of this name keeps it */
            entry->next = 2;
            continue;
        }
        names[i] = next_free(&set, names[i], "_", &entry->next);
        if (!names[i])
            return false;
        set_use(&set, names[i])->next = 2;
    }
    return true;
}

/* ---- names of 1.0.9: first as its CSV reader made them, then cleaned as the converter did */

/* "a", "a.1", "a.2"; a column without a name is "Unnamed: N", counted from 0, and comes after the others. */
static bool repeat_with_points(const char **names, uint32_t count, const bool *unnamed, struct pf_arena *arena)
{
    struct name_set set;

    if (!set_init(&set, arena, count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        set_use(&set, names[i]);
    for (uint32_t step = 0; step < 2 * count; step++) {
        const uint32_t i = step % count;
        struct entry *own = set_find(&set, names[i]), *other = own;

        if (unnamed[i] != (step >= count))
            continue;
        for (uint32_t number = own->next; number > 0;) {
            const char *name = numbered(arena, own->name, ".", number);

            if (!name)
                return false;
            own->next = number + 1;
            other = set_find(&set, name);
            number = other->uses > 0 ? number + 1 : other->next;
            if (number == 0)
                names[i] = other->name = name;
        }
        if (other != own) {
            own->uses--;
            other->uses++;
        }
        other->next = 1;
    }
    return true;
}

static bool is_double_quote(char c)
{
    return c == '"';
}
static bool is_single_quote(char c)
{
    return c == '\'';
}

/* Blanks and quotes around are taken off; what is then there twice becomes "a_duplicate_1", what is empty "Column_N". */
static bool clean(const char **names, uint32_t count, struct pf_arena *arena)
{
    struct name_set set;

    if (!set_init(&set, arena, count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct entry *entry;

        if (!(names[i] = without(arena, names[i], is_blank)) || !(names[i] = without(arena, names[i], is_double_quote)) ||
            !(names[i] = without(arena, names[i], is_single_quote)))
            return false;
        if (names[i][0] == '\0' && !(names[i] = numbered(arena, "Column", "_", i + 1)))
            return false;
        entry = set_find(&set, names[i]);
        if (entry->uses > 0) {
            entry->next = entry->next ? entry->next : 1;
            names[i] = next_free(&set, names[i], "_duplicate_", &entry->next);
            if (!names[i])
                return false;
        }
        set_use(&set, names[i]);
    }
    return true;
}

/* No name at all: the table had no header, and its columns are "Column_N". */
static bool settle_compat(const char **names, uint32_t count, struct pf_arena *arena)
{
    bool *unnamed = pf_arena_alloc_zero(arena, count, sizeof *unnamed);
    bool header = false;

    if (!unnamed)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        names[i] = names[i] ? names[i] : "";
        header |= names[i][0] != '\0';
    }
    for (uint32_t i = 0; i < count; i++) {
        if (names[i][0] != '\0')
            continue;
        unnamed[i] = true;
        names[i] = header ? numbered(arena, "Unnamed:", " ", i) : numbered(arena, "Column", "_", i + 1);
        if (!names[i])
            return false;
    }
    return repeat_with_points(names, count, unnamed, arena) && clean(names, count, arena);
}

enum pf_status pf_names_settle(const char **names, const uint32_t *numbers, uint32_t count, bool compat, struct pf_arena *arena,
                               struct pf_error *err)
{
    if (compat ? settle_compat(names, count, arena) : settle(names, numbers, count, arena))
        return PF_OK;
    return pf_fail_memory(err, (size_t)count * sizeof *names);
}

/* ---- names that were misspelt */

/* Letters in lower case, without what stands between words. */
static void reduce(const char *name, char *to, size_t size)
{
    size_t used = 0;

    for (; *name != '\0' && used + 1 < size; name++) {
        if (*name == ' ' || *name == '_' || *name == '-')
            continue;
        to[used++] = *name >= 'A' && *name <= 'Z' ? (char)(*name | 0x20) : *name;
    }
    to[used] = '\0';
}

const char *pf_names_near(const struct pf_schema *schema, const char *name)
{
    enum { LONGEST = 64, MOST_COLUMNS = 10000 };
    char wanted[LONGEST], other[LONGEST];
    const char *best = NULL;
    uint32_t least;

    reduce(name, wanted, sizeof wanted);
    least = (uint32_t)(strlen(wanted) > 3 ? 2 : 1) + 1;
    for (uint32_t i = 0; i < schema->count && i < MOST_COLUMNS; i++) {
        uint32_t distance;
        reduce(schema->fields[i].name, other, sizeof other);
        distance = pf_edit_distance(wanted, other, least);
        if (distance < least && distance < strlen(other)) {
            least = distance;
            best = schema->fields[i].name;
        }
    }
    return best;
}
