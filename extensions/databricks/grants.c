#include "grants.h"

#include <stdio.h>
#include <string.h>

#include "messages.h"

enum { QUOTED = 2 * PATH_NAME + 2 };

/* `catalog`.`schema`.`volume`, down to the level. false = the path has no such level. */
static bool object_name(const struct path *path, enum grants_level level, char to[3 * QUOTED])
{
    const char *const names[] = { path->catalog, path->schema, path->volume };
    size_t used = 0;

    for (size_t i = 0; i <= (size_t)level; i++) {
        if (names[i][0] == '\0')
            return false;
        if (i > 0)
            to[used++] = '.';
        used += path_quote(names[i], to + used, QUOTED);
    }
    return true;
}

bool grants_statement(const struct path *path, enum grants_level level, bool writing, char *to, size_t size)
{
    static const char *const privileges[] = { "USE CATALOG ON CATALOG", "USE SCHEMA ON SCHEMA", "READ VOLUME ON VOLUME" };
    const char *privilege = level == GRANTS_VOLUME && writing ? "WRITE VOLUME ON VOLUME" : privileges[level];
    char name[3 * QUOTED];
    int used;

    if (!object_name(path, level, name))
        return false;
    used = snprintf(to, size, "GRANT %s %s TO " GRANTS_PRINCIPAL ";", privilege, name);
    return used >= 0 && (size_t)used < size;
}

bool grants_creation(const struct path *path, enum grants_level level, char *to, size_t size)
{
    char name[3 * QUOTED];
    int used;

    if (level == GRANTS_CATALOG || !object_name(path, level, name))
        return false;
    used = snprintf(to, size, "CREATE %s %s;", level == GRANTS_SCHEMA ? "SCHEMA" : "VOLUME", name);
    return used >= 0 && (size_t)used < size;
}

static void all_statements(const struct path *path, bool writing, char *to, size_t size)
{
    size_t used = 0;

    to[0] = '\0';
    for (enum grants_level level = GRANTS_CATALOG; level < GRANTS_LEVELS; level++) {
        if (used + 1 < size && used > 0)
            to[used++] = ' ';
        if (!grants_statement(path, level, writing, to + used, size - used))
            return;
        used += strlen(to + used);
    }
}

void grants_remedy(const struct path *path, bool writing, char *to, size_t size)
{
    char statements[3 * GRANTS_STATEMENT];
    int used = 0;

    if (path->kind == PATH_WORKSPACE || path->kind == PATH_DBFS) {
        (void)snprintf(to, size, "%s", path->kind == PATH_DBFS ? SAY_DBFS_REMEDY : SAY_WORKSPACE_REMEDY);
        return;
    }
    if (path->catalog[0] == '\0') {
        (void)snprintf(to, size, "%s", SAY_PART_MISSING_REMEDY);
        return;
    }
    all_statements(path, writing, statements, sizeof statements);
    used = snprintf(to, size, SAY_GRANTS_REMEDY, statements);
    /* half a statement is worse than none */
    if (used < 0 || (size_t)used >= size)
        (void)snprintf(to, size, SAY_GRANTS_LONG_REMEDY, writing ? " --write" : "");
}

void grants_make_remedy(const struct path *path, char *to, size_t size)
{
    char statement[GRANTS_STATEMENT];
    enum grants_level level = path->volume[0] != '\0' ? GRANTS_VOLUME : GRANTS_SCHEMA;
    int used;

    if (!grants_creation(path, level, statement, sizeof statement)) {
        (void)snprintf(to, size, "%s", SAY_PART_MISSING_REMEDY);
        return;
    }
    used = snprintf(to, size, SAY_MAKE_VOLUME_REMEDY, statement);
    if (used < 0 || (size_t)used >= size)
        (void)snprintf(to, size, "%s", SAY_MAKE_LONG_REMEDY);
}
