/* Lists in option values: names of columns, and declared types. */
#include <string.h>

#include "convert/plan.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* One name at *text, quoted or up to a stop character, into the arena; *text is moved behind it and the blanks around it. */
static enum pf_status take_name(const char **text, const char *stops, struct pf_arena *arena, const char **name,
                                struct pf_error *err)
{
    const char *at = *text;
    char *to = pf_arena_alloc(arena, strlen(at) + 1);
    size_t size = 0;

    if (to == NULL)
        return pf_fail_memory(err, strlen(at) + 1);
    while (is_blank(*at))
        at++;
    if (*at == '"' || *at == '\'') {
        char quote = *at++;
        while (*at != '\0' && (*at != quote || at[1] == quote)) {
            at += *at == quote ? 1 : 0;
            to[size++] = *at++;
        }
        if (*at == '\0')
            return pf_fail(err, PF_BAD_OPTION, "a quote is not closed in '%.200s'", *text);
        at++;
        while (is_blank(*at))
            at++;
    } else {
        while (*at != '\0' && strchr(stops, *at) == NULL)
            to[size++] = *at++;
        while (size > 0 && is_blank(to[size - 1]))
            size--;
    }
    to[size] = '\0';
    *name = to;
    *text = at;
    return PF_OK;
}

/* Items separated by commas at most: enough for the arrays below. */
static size_t most_items(const char *text)
{
    size_t count = 1;

    for (; *text != '\0'; text++)
        count += *text == ',' ? 1 : 0;
    return count;
}

enum pf_status pf_names_parse(const char *text, struct pf_arena *arena, const char *const **names, uint32_t *count,
                              struct pf_error *err)
{
    const char **list = pf_arena_alloc_zero(arena, most_items(text), sizeof *list);
    const char *at = text;

    *count = 0;
    if (list == NULL)
        return pf_fail_memory(err, most_items(text) * sizeof *list);
    for (;;) {
        const char *name;
        if (take_name(&at, ",", arena, &name, err) != PF_OK)
            return err->status;
        if (name[0] == '\0' || (*at != ',' && *at != '\0')) {
            pf_fail(err, PF_BAD_OPTION, "--columns '%.200s' is not a list of names", text);
            pf_remedy(err, "write names separated by commas, and quote those with a comma: 'id,\"a, b\"'");
            return PF_BAD_OPTION;
        }
        list[(*count)++] = name;
        if (*at == '\0')
            break;
        at++;
    }
    *names = list;
    return PF_OK;
}

static enum pf_status bad_type(const char *name, const char *type, size_t size, struct pf_error *err)
{
    if (size == 0)
        pf_fail(err, PF_BAD_OPTION, "--schema gives column '%.80s' no type", name);
    else
        pf_fail(err, PF_BAD_OPTION, "--schema gives column '%.80s' the type '%.*s', which is not known", name,
                (int)(size < 80 ? size : 80), type);
    pf_remedy(err, "write NAME:TYPE with string, bool, int8 to int64, uint8 to uint64, float32, float64, decimal(12,2), date, "
                   "time, timestamp, timestamptz or binary");
    return PF_BAD_OPTION;
}

enum pf_status pf_schema_parse(const char *text, struct pf_schema *schema, struct pf_error *err)
{
    const char *at = text;

    for (;;) {
        struct pf_field field;
        const char *name, *type;
        size_t depth = 0, size;
        if (take_name(&at, ":,", &schema->arena, &name, err) != PF_OK)
            return err->status;
        if (*at != ':')
            return bad_type(name, at, 0, err);
        type = ++at;
        while (*at != '\0' && (*at != ',' || depth > 0)) {
            depth += *at == '(' ? 1 : 0;
            depth -= *at == ')' && depth > 0 ? 1 : 0;
            at++;
        }
        size = (size_t)(at - type);
        memset(&field, 0, sizeof field);
        if (!pf_type_parse(type, size, &field))
            return bad_type(name, type, size, err);
        if (pf_schema_find(schema, name) >= 0)
            return pf_fail(err, PF_BAD_OPTION, "--schema names column '%.80s' twice", name);
        if (!pf_schema_add(schema, name, strlen(name), &field))
            return pf_fail_memory(err, sizeof field);
        if (*at == '\0')
            return PF_OK;
        at++;
    }
}
