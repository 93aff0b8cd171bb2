/* Paths from anywhere. Held to: a path is of one kind and as that kind says; parsing it gives the same path again; nothing of it leaves
 * its mount; a refusal has its part, its message and its remedy; statements are one line each and well quoted. */
#include <stdlib.h>
#include <string.h>

#include "databricks/grants.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* No part of a mounted path is empty, "." or "..". */
static void check_parts(const char *path)
{
    while (*path != '\0') {
        size_t size;

        demand(*path == '/');
        size = strcspn(path + 1, "/");
        demand(size > 0);
        demand(!(size == 1 && path[1] == '.') && !(size == 2 && path[1] == '.' && path[2] == '.'));
        path += 1 + size;
    }
}

static void check_kind(const struct path *path)
{
    demand((path->kind == PATH_VOLUME) == (path->volume[0] != '\0'));
    demand(path->volume[0] == '\0' || path->schema[0] != '\0');
    demand(path->schema[0] == '\0' || path->catalog[0] != '\0');
    demand(path->fixed <= strlen(path->path));
    demand(path->path[path->fixed] == '\0' || path->path[path->fixed] == '/' || path->kind == PATH_LOCAL);
    if (path->kind == PATH_LOCAL) {
        demand(path->fixed == 0 && path->path[0] != '\0');
        return;
    }
    demand(begins(path->path, path->kind == PATH_DBFS ? "/dbfs" : path->kind == PATH_WORKSPACE ? "/Workspace" : "/Volumes"));
    demand(path->kind != PATH_DBFS || !begins(path->path, "/dbfs/Volumes/"));
    check_parts(path->path);
}

static void check_again(const struct path *path)
{
    struct path_wrong wrong;
    struct path again;

    demand(path_parse(path->path, strlen(path->path), &again, &wrong) == PF_OK);
    demand(again.kind == path->kind && again.fixed == path->fixed && strcmp(again.path, path->path) == 0);
    demand(strcmp(again.catalog, path->catalog) == 0 && strcmp(again.schema, path->schema) == 0 &&
           strcmp(again.volume, path->volume) == 0);
}

/* Quotes come in pairs, so that nothing of a name is outside of them. */
static void check_statement(const char *text)
{
    size_t quotes = 0;

    for (const char *at = text; *at != '\0'; at++) {
        quotes += *at == '`';
        demand((unsigned char)*at >= 0x20 && (*at != ';' || at[1] == '\0' || quotes % 2 == 1));
    }
    demand(quotes % 2 == 0 && text[strlen(text) - 1] == ';');
}

static void check_statements(const struct path *path)
{
    char text[GRANTS_STATEMENT], remedy[256];

    for (enum grants_level level = GRANTS_CATALOG; level < GRANTS_LEVELS; level++) {
        if (grants_statement(path, level, path->fixed % 2 == 0, text, sizeof text))
            check_statement(text);
        if (grants_creation(path, level, text, sizeof text))
            check_statement(text);
    }
    grants_remedy(path, true, remedy, sizeof remedy);
    demand(remedy[0] != '\0');
    grants_make_remedy(path, remedy, sizeof remedy);
    demand(remedy[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct path_wrong wrong;
    struct path path;

    if (path_parse((const char *)data, size, &path, &wrong) != PF_OK) {
        demand(wrong.part != PATH_PART_NONE && wrong.message[0] != '\0' && wrong.remedy[0] != '\0');
        demand(strchr(wrong.message, '\n') == NULL && strlen(wrong.message) < sizeof wrong.message - 1);
        demand(strlen(wrong.remedy) < sizeof wrong.remedy - 1);
        return 0;
    }
    check_kind(&path);
    check_again(&path);
    check_statements(&path);
    demand((path_needs_volume(&path, &wrong) != PF_OK) == (path.kind == PATH_ABOVE_VOLUME));
    return 0;
}
