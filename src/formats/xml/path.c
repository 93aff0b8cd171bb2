/* The tree of paths, and the rule that tells which elements are rows. */
#include "formats/xml/xml.h"

enum { FIRST_PATHS = 256, MOST_PATHS = 1 << 22 };

static uint64_t hash_of(uint32_t parent, bool attribute, const char *name, size_t size)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ ((uint64_t)parent << 1 | attribute);

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)name[i]) * UINT64_C(1099511628211);
    return hash ^ hash >> 29;
}

enum pf_status xml_tree_init(struct xml_tree *tree, struct pf_memory *memory, struct pf_error *err)
{
    tree->memory = memory;
    pf_arena_init(&tree->arena, memory, SIZE_MAX);
    tree->slot_count = FIRST_PATHS * 2;
    tree->paths = pf_alloc_zero(memory, FIRST_PATHS, sizeof *tree->paths);
    tree->slots = pf_alloc_zero(memory, tree->slot_count, sizeof *tree->slots);
    if (tree->paths == NULL || tree->slots == NULL)
        return pf_fail_memory(err, FIRST_PATHS * sizeof *tree->paths);
    tree->capacity = FIRST_PATHS;
    tree->paths[0] = (struct xml_path){ .name = "", .column = XML_NO_COLUMN };
    tree->count = 1;
    return PF_OK;
}

void xml_tree_free(struct xml_tree *tree)
{
    if (tree->memory == NULL)
        return;
    pf_free(tree->memory, tree->paths);
    pf_free(tree->memory, tree->slots);
    pf_arena_free(&tree->arena);
    memset(tree, 0, sizeof *tree);
}

/* The slot of a path, or the free one where it would stand. */
static uint32_t slot_of(const struct xml_tree *tree, uint64_t hash, uint32_t parent, bool attribute, const char *name,
                        size_t size)
{
    uint32_t slot = (uint32_t)hash & (tree->slot_count - 1);

    while (tree->slots[slot] != 0) {
        const struct xml_path *path = &tree->paths[tree->slots[slot]];

        if (path->hash == hash && path->parent == parent && path->attribute == attribute && path->name_size == size &&
            memcmp(path->name, name, size) == 0)
            break;
        slot = (slot + 1) & (tree->slot_count - 1);
    }
    return slot;
}

uint32_t xml_tree_find(const struct xml_tree *tree, uint32_t parent, bool attribute, const char *name, size_t size)
{
    return tree->slots[slot_of(tree, hash_of(parent, attribute, name, size), parent, attribute, name, size)];
}

static bool grow(struct xml_tree *tree)
{
    struct xml_path *paths;
    uint32_t *slots;

    if (tree->count < tree->capacity)
        return true;
    if (tree->capacity >= MOST_PATHS)
        return false;
    slots = pf_alloc_zero(tree->memory, (size_t)tree->capacity * 4, sizeof *slots);
    if (slots == NULL)
        return false;
    paths = pf_resize(tree->memory, tree->paths, (size_t)tree->capacity * 2 * sizeof *paths);
    if (paths == NULL) {
        pf_free(tree->memory, slots);
        return false;
    }
    tree->paths = paths;
    tree->capacity *= 2;
    tree->slot_count = tree->capacity * 2;
    pf_free(tree->memory, tree->slots);
    tree->slots = slots;
    for (uint32_t i = 1; i < tree->count; i++) {
        uint32_t slot = (uint32_t)paths[i].hash & (tree->slot_count - 1);

        while (slots[slot] != 0)
            slot = (slot + 1) & (tree->slot_count - 1);
        slots[slot] = i;
    }
    return true;
}

uint32_t xml_tree_add(struct xml_tree *tree, uint32_t parent, bool attribute, const char *name, size_t size)
{
    const uint64_t hash = hash_of(parent, attribute, name, size);
    uint32_t found = tree->slots[slot_of(tree, hash, parent, attribute, name, size)];
    char *copy;

    if (found != 0)
        return found;
    if (!grow(tree))
        return 0;
    copy = pf_arena_copy(&tree->arena, name, size);
    if (copy == NULL)
        return 0;
    found = tree->count++;
    tree->paths[found] = (struct xml_path){ .parent = parent,
                                            .name = copy,
                                            .name_size = (uint32_t)size,
                                            .hash = hash,
                                            .column = XML_NO_COLUMN,
                                            .depth = tree->paths[parent].depth + 1,
                                            .attribute = attribute };
    tree->slots[slot_of(tree, hash, parent, attribute, name, size)] = found;
    return found;
}

/* ---- rule */

bool xml_same_name(const struct xml_name *name, const char *text, size_t size)
{
    const char *colon;

    if (name->size == size && memcmp(name->text, text, size) == 0)
        return true;
    colon = memchr(text, ':', size);
    if (colon == NULL)
        return false;
    size -= (size_t)(colon + 1 - text);
    return name->size == size && memcmp(name->text, colon + 1, size) == 0;
}

static bool is_step(const struct xml_name *step, const char *name, size_t size)
{
    return step->size == size && memcmp(step->text, name, size) == 0;
}

int xml_order_names(const struct xml_name *a, const struct xml_name *b)
{
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    return memcmp(a->text, b->text, a->size);
}

/* A document may have thousands of kinds. */
static bool is_other(const struct xml_rule *rule, struct xml_name name)
{
    uint32_t from = 0, to = rule->other_count;

    while (from < to) {
        const uint32_t middle = from + (to - from) / 2;
        const int order = xml_order_names(&rule->others[middle], &name);

        if (order == 0)
            return true;
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return false;
}

/* The element goes on where the path of the rule stands. true = it is a row. */
static bool follow_steps(const struct xml_rule *rule, struct xml_where *where, const char *name, size_t size)
{
    if (where->matched != where->depth || where->depth >= rule->step_count)
        return false;
    if (where->depth + 1 < rule->step_count) {
        where->matched += is_step(&rule->steps[where->depth], name, size);
        return false;
    }
    return is_step(&rule->steps[where->depth], name, size) || is_other(rule, (struct xml_name){ name, size });
}

bool xml_enter(const struct xml_rule *rule, struct xml_where *where, const char *name, size_t size)
{
    if (follow_steps(rule, where, name, size))
        return true;
    if (rule->root.size == 0 || where->roots != 0) {
        for (uint32_t i = 0; i < rule->tag_count; i++) {
            if (xml_same_name(&rule->tags[i], name, size))
                return true;
        }
    }
    if (rule->root.size != 0 && xml_same_name(&rule->root, name, size))
        where->roots++;
    where->depth++;
    return false;
}

void xml_leave(const struct xml_rule *rule, struct xml_where *where, const char *name, size_t size)
{
    where->depth--;
    if (where->matched > where->depth)
        where->matched = where->depth;
    if (rule->root.size != 0 && where->roots != 0 && xml_same_name(&rule->root, name, size))
        where->roots--;
}
