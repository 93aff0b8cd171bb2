/* How columns are called. */
#include "formats/xml/xml.h"
#include "transform/infer.h"

bool xml_append_step(const struct xml_reader *reader, struct pf_buffer *to, const struct xml_path *path)
{
    const char *colon = memchr(path->name, ':', path->name_size);
    size_t begin = to->size, skip = 0;

    if (colon != NULL && reader->options->namespaces == PF_XML_STRIP)
        skip = (size_t)(colon + 1 - path->name);
    if (!pf_buffer_append(to, path->name + skip, path->name_size - skip))
        return false;
    for (; reader->options->namespaces == PF_XML_PREFIX && begin < to->size; begin++) {
        if (to->data[begin] == ':')
            to->data[begin] = '_';
    }
    return true;
}

bool xml_append_steps(const struct xml_reader *reader, struct pf_buffer *to, uint32_t path, uint32_t first)
{
    const struct xml_path *step = &reader->tree.paths[path];

    if (path != first && step->parent != 0) {
        if (!xml_append_steps(reader, to, step->parent, first))
            return false;
        if (to->size != 0 && !pf_buffer_append(to, step->attribute ? "@" : "_", 1))
            return false;
    }
    return xml_append_step(reader, to, step);
}

/* Under moderate the row's own name stands only in front of its attributes and text. */
static uint32_t first_step(const struct xml_reader *reader, uint32_t path)
{
    const struct xml_path *paths = reader->tree.paths;
    uint32_t below = path;

    if (reader->options->strategy != PF_XML_MODERATE)
        return 0;
    if (paths[path].attribute && paths[paths[path].parent].row)
        return paths[path].parent;
    for (uint32_t at = path; at != 0; at = paths[at].parent) {
        if (paths[at].row)
            return below;
        below = at;
    }
    return 0;
}

/* ---- as version 1.0.9 had them: names in braces, the row twice */

bool xml_add_namespace(struct xml_reader *reader, const char *name, const char *uri)
{
    const char *prefix = name[5] == ':' ? name + 6 : "";
    struct xml_namespace *list;

    for (uint32_t i = 0; i < reader->namespace_count; i++) {
        if (strcmp(reader->namespaces[i].prefix, prefix) == 0)
            return true;
    }
    list =
        pf_arena_grow(&reader->arena, reader->namespaces, reader->namespace_count, &reader->namespace_capacity, sizeof *list);
    if (list == NULL)
        return false;
    reader->namespaces = list;
    list += reader->namespace_count;
    list->prefix = pf_arena_copy(&reader->arena, prefix, strlen(prefix));
    list->uri = pf_arena_copy(&reader->arena, uri, strlen(uri));
    if (list->prefix == NULL || list->uri == NULL)
        return false;
    reader->namespace_count++;
    return true;
}

static const char *uri_of(const struct xml_reader *reader, const struct xml_path *path, size_t prefix_size)
{
    if (path->attribute && prefix_size == 0)
        return NULL;
    for (uint32_t i = 0; i < reader->namespace_count; i++) {
        const struct xml_namespace *space = &reader->namespaces[i];

        if (strlen(space->prefix) == prefix_size && memcmp(space->prefix, path->name, prefix_size) == 0)
            return space->uri[0] != '\0' ? space->uri : NULL;
    }
    return NULL;
}

/* The first three letters of the last part of the namespace. */
static bool append_short(struct pf_buffer *to, const char *uri)
{
    size_t size = strlen(uri), from;

    while (size != 0 && uri[size - 1] == '/')
        size--;
    for (from = size; from != 0 && uri[from - 1] != '/';)
        from--;
    return pf_buffer_append(to, uri + from, size - from < 3 ? size - from : 3) && pf_buffer_append(to, "_", 1);
}

/* last: the namespace is written as the option says, else with its slashes as underscores. */
static bool append_old_step(const struct xml_reader *reader, struct pf_buffer *to, const struct xml_path *path, bool last)
{
    const char *colon = memchr(path->name, ':', path->name_size);
    const size_t prefix = colon != NULL ? (size_t)(colon - path->name) : 0, skip = colon != NULL ? prefix + 1 : 0;
    const char *uri = uri_of(reader, path, prefix);
    const size_t begin = to->size;
    const int way = last ? reader->options->namespaces : PF_XML_PRESERVE;

    if (uri != NULL && way == PF_XML_PREFIX && !append_short(to, uri))
        return false;
    if (uri != NULL && way == PF_XML_PRESERVE && !pf_buffer_printf(to, "{%s}", uri))
        return false;
    for (size_t i = begin; i < to->size && !last; i++)
        to->data[i] = to->data[i] == '/' ? '_' : to->data[i];
    return pf_buffer_append(to, path->name + skip, path->name_size - skip);
}

/* All steps to the path, each inner one as such; where the row ends, it is there once more. */
static bool append_old_steps(const struct xml_reader *reader, struct pf_buffer *to, uint32_t path, bool last)
{
    const struct xml_path *step = &reader->tree.paths[path];

    if (step->parent != 0 && (!append_old_steps(reader, to, step->parent, false) || !pf_buffer_append(to, "_", 1)))
        return false;
    if (step->row && (!append_old_step(reader, to, step, false) || !pf_buffer_append(to, "_", 1)))
        return false;
    return append_old_step(reader, to, step, last);
}

static bool append_old_name(const struct xml_reader *reader, struct pf_buffer *to, uint32_t path)
{
    const struct xml_path *step = &reader->tree.paths[path];

    if (!step->attribute)
        return append_old_steps(reader, to, path, true);
    return append_old_steps(reader, to, step->parent, true) && pf_buffer_append(to, "@", 1) &&
           append_old_step(reader, to, step, true);
}

/* ---- */

bool xml_append_column_name(const struct xml_reader *reader, struct pf_buffer *to, uint32_t path)
{
    if (reader->options->compat && reader->options->strategy == PF_XML_CONSERVATIVE)
        return append_old_name(reader, to, path);
    return xml_append_steps(reader, to, path, first_step(reader, path));
}

enum pf_status xml_name_columns(struct xml_reader *reader, struct pf_error *err)
{
    struct pf_buffer name;
    bool ok;

    reader->names = pf_arena_alloc_zero(&reader->arena, (size_t)reader->column_count + 1, sizeof *reader->names);
    ok = reader->names != NULL;
    pf_buffer_init(&name, &reader->ctx->memory, SIZE_MAX);
    for (uint32_t i = 1; ok && i < reader->tree.count; i++) {
        const uint32_t column = reader->tree.paths[i].column;

        if (column == XML_NO_COLUMN)
            continue;
        pf_buffer_clear(&name);
        ok = xml_append_column_name(reader, &name, i);
        if (ok)
            reader->names[column] = pf_arena_copy(&reader->arena, (const char *)name.data, name.size);
        ok = ok && reader->names[column] != NULL;
    }
    pf_buffer_free(&name);
    if (!ok)
        return pf_fail_memory(err, reader->column_count * sizeof *reader->names);
    return pf_names_settle(reader->names, NULL, reader->column_count, reader->options->compat, &reader->arena, err);
}
