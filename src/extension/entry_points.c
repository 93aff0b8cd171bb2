/* Entry points of installed packages, read as text: nothing is imported. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "extension/set.h"

enum { MOST_TEXT = 1 << 20 };

static const char *const groups[] = { "pyforge.extensions", "pyforge_cli.extensions", "pyforge.converters",
                                      "cortexpy_cli.converters" };

/* ---- one text */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the blanks off both ends, in place. */
static char *trim(char *text)
{
    size_t size;

    while (is_blank(*text))
        text++;
    size = strlen(text);
    while (size > 0 && is_blank(text[size - 1]))
        size--;
    text[size] = '\0';
    return text;
}

static const char *group_of(const char *name)
{
    for (size_t i = 0; i < PF_COUNT(groups); i++) {
        if (strcmp(name, groups[i]) == 0)
            return groups[i];
    }
    return NULL;
}

/* "name = module:Class [extra]" */
static void read_line(char *line, const char *group, const char *package, pf_entry_point_fn emit, void *user)
{
    char *mark = strchr(line, '='), *extras;
    struct pf_entry_point point = { .group = group, .name = package, .value = "", .package = package, .wrong = "" };

    if (mark == NULL) {
        point.wrong = "have a line without '='";
        emit(user, &point);
        return;
    }
    *mark = '\0';
    extras = strchr(mark + 1, '[');
    if (extras != NULL)
        *extras = '\0';
    point.name = trim(line);
    point.value = trim(mark + 1);
    if (point.name[0] == '\0') {
        point.name = package;
        point.wrong = "have a line without a name before '='";
    } else if (point.value[0] == '\0' || point.value[0] == ':') {
        point.wrong = "name no module";
    }
    emit(user, &point);
}

void pf_entry_points_read(char *text, const char *package, pf_entry_point_fn emit, void *user)
{
    const char *group = NULL;

    while (text != NULL) {
        char *next = strchr(text, '\n'), *line, *end;

        if (next != NULL)
            *next++ = '\0';
        line = trim(text);
        text = next;
        if (line[0] == '\0' || line[0] == '#' || line[0] == ';')
            continue;
        if (line[0] == '[') {
            end = strchr(line, ']');
            if (end != NULL)
                *end = '\0';
            group = group_of(trim(line + 1));
        } else if (group != NULL) {
            read_line(line, group, package, emit, user);
        }
    }
}

/* ---- all packages in a folder */

/* Of a text that cannot be read. */
static bool names_group(const char *text)
{
    for (size_t i = 0; i < PF_COUNT(groups); i++) {
        if (strstr(text, groups[i]) != NULL)
            return true;
    }
    return false;
}

struct search {
    struct pf_extensions *set;
    const char *folder;
    pf_entry_point_fn emit;
    void *user;
};

static bool ends_in(const char *name, const char *suffix)
{
    size_t size = strlen(name), more = strlen(suffix);

    return size > more && strcmp(name + size - more, suffix) == 0;
}

static bool look_at(void *user, const char *name)
{
    const struct search *search = user;
    struct pf_memory *memory = &search->set->memory;
    char path[PF_PATH_BYTES], *text;
    struct pf_error ignored;
    size_t size;
    int wrote;

    if (!ends_in(name, ".dist-info") && !ends_in(name, ".egg-info"))
        return true;
    wrote = snprintf(path, sizeof path, "%s/%s/entry_points.txt", search->folder, name);
    if (wrote < 0 || (size_t)wrote >= sizeof path ||
        pf_file_load(memory, path, MOST_TEXT, &text, &size, NULL, &ignored) != PF_OK)
        return true;
    if (strlen(text) == size && pf_utf8_valid((const uint8_t *)text, size, 0) == size)
        pf_entry_points_read(text, name, search->emit, search->user);
    else if (names_group(text))
        search->emit(search->user, &(struct pf_entry_point){ groups[0], name, "", name, "are not UTF-8" });
    pf_free(memory, text);
    return true;
}

void pf_entry_points_find(struct pf_extensions *set, const char *folder, pf_entry_point_fn emit, void *user)
{
    struct search search = { set, folder, emit, user };

    (void)pf_folder_list(folder, look_at, &search);
}
