/* Lists in option values: names of columns, and declared types. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "convert/plan.h"
#include "extension/use.h"
#include "formats/format.h"

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
                   "date(dmy), time, timestamp, timestamptz or binary");
    return PF_BAD_OPTION;
}

/* A type, of which a date or timestamp may say in which order day and month stand: "date(dmy)". */
static bool parse_type(const char *text, size_t size, struct pf_field *field)
{
    static const struct {
        const char *text;
        enum pf_day_order order;
    } orders[] = { { "(dmy)", PF_DAY_FIRST }, { "(mdy)", PF_MONTH_FIRST } };
    enum { ORDER = 5 };

    memset(field, 0, sizeof *field);
    while (size > 0 && is_blank(text[size - 1]))
        size--;
    for (size_t i = 0; i < PF_COUNT(orders) && size > ORDER; i++) {
        if (strncasecmp(text + size - ORDER, orders[i].text, ORDER) != 0)
            continue;
        field->order = (uint8_t)orders[i].order;
        return pf_type_parse(text, size - ORDER, field) && (field->type == PF_TYPE_DATE32 || field->type == PF_TYPE_TIMESTAMP);
    }
    return pf_type_parse(text, size, field);
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
        if (!parse_type(type, size, &field))
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

/* ---- numbers of rows */

static enum pf_status bad_rejects(const char *text, struct pf_error *err)
{
    pf_fail(err, PF_BAD_OPTION, "option --max-rejects cannot be '%.100s'", text);
    pf_remedy(err, "it takes a share of the rows, as 10%% or 0.1, or a whole number of rows, as 25");
    return PF_BAD_OPTION;
}

enum pf_status pf_max_rejects_parse(const char *text, double *share, int64_t *rows, struct pf_error *err)
{
    size_t size = strlen(text);
    bool percent = size > 0 && text[size - 1] == '%';
    struct pf_float_form form;

    *rows = 0;
    *share = 1.0;
    if (pf_parse_int64((const uint8_t *)text, size, rows)) {
        if (*rows == 0)
            *share = 0.0;
        return *rows >= 0 ? PF_OK : bad_rejects(text, err);
    }
    size -= percent;
    while (percent && size > 0 && is_blank(text[size - 1]))
        size--;
    if (!pf_parse_float64((const uint8_t *)text, size, share, &form))
        return bad_rejects(text, err);
    if (percent)
        *share /= 100.0;
    return *share >= 0.0 && *share <= 1.0 ? PF_OK : bad_rejects(text, err);
}

/* ---- formats */

void pf_list_formats(const struct pf_context *ctx, bool written, char to[PF_FORMAT_NAMES])
{
    const struct pf_format_list *list = pf_formats(ctx);
    size_t used = 0;

    to[0] = '\0';
    for (uint32_t i = 0; i < list->count && used < PF_FORMAT_NAMES; i++) {
        const struct pf_format *format = &list->formats[i];
        const char *name = written ? (format->writer != NULL ? format->writer->name : NULL)
                                   : (format->reader != NULL ? format->reader->name : NULL);
        int wrote = name == NULL ? 0 : snprintf(to + used, PF_FORMAT_NAMES - used, "%s%s", used == 0 ? "" : ", ", name);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
}
