/* Info: what is known of a file without converting it, as a table for people or as JSON. */
#include <string.h>

#include "base/date.h"
#include "convert/notes.h"
#include "convert/result.h"
#include "convert/words.h"
#include "formats/format.h"

struct inspection {
    struct pf_plan plan;
    struct pf_table table;
    struct pf_outcome outcome;
    const struct pf_schema *schema; /* the table's, or the one inferred */
    int64_t rows;
};

/* Keys of our own that a reader's fact of the same name does not repeat. */
static bool is_own_key(const char *name)
{
    static const char *const keys[] = { "file_name", "file_size",     "file_type",     "input_compression", "rows",
                                        "columns",   "last_modified", "rows_rejected", "column_count",      "estimated_rows" };

    for (size_t i = 0; i < PF_COUNT(keys); i++) {
        if (strcmp(name, keys[i]) == 0)
            return true;
    }
    return false;
}

static void file_type(const struct inspection *seen, char to[32])
{
    size_t i;

    for (i = 0; i < 31 && seen->plan.job.reader->name[i] != '\0'; i++) {
        char c = seen->plan.job.reader->name[i];
        to[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    to[i] = '\0';
}

static int64_t file_size(const struct inspection *seen)
{
    return seen->plan.input_stat.size >= 0 ? seen->plan.input_stat.size : seen->outcome.bytes_read;
}

/* ---- JSON */

static char *inspect_json(const struct inspection *seen)
{
    struct pf_json json;
    char type[32], shown[PF_SHOWN];

    pf_json_begin(&json, &seen->plan.ctx->memory);
    pf_json_open(&json, '{');
    file_type(seen, type);
    pf_json_set_text(&json, "file_name", pf_shown_name(seen->plan.job.input, shown));
    pf_json_set_integer(&json, "file_size", file_size(seen));
    pf_json_set_text(&json, "file_type", type);
    if (seen->plan.compression[0] != '\0')
        pf_json_set_text(&json, "input_compression", seen->plan.compression);
    for (uint32_t i = 0; i < seen->plan.fact_count; i++) {
        const struct pf_fact *fact = &seen->plan.facts[i];
        if (is_own_key(fact->name))
            continue;
        pf_json_name(&json, fact->name);
        if (fact->number)
            pf_json_raw(&json, fact->value);
        else
            pf_json_text(&json, fact->value);
    }
    pf_json_set_integer(&json, "rows", seen->rows);
    /* Its name in version 1.0, which counted lines. */
    pf_json_set_integer(&json, "estimated_rows", seen->rows);
    pf_json_set_integer(&json, "rows_rejected", seen->outcome.rows_rejected);
    pf_json_set_integer(&json, "column_count", seen->schema->count);
    pf_json_set_integer(&json, "rows_short", seen->outcome.rows_short);
    pf_json_set_columns(&json, seen->schema, seen->outcome.columns);
    pf_json_name(&json, "last_modified");
    if (seen->plan.input_stat.modified_ns > 0)
        pf_json_number(&json, (double)(seen->plan.input_stat.modified_ns / 1000) / 1e6);
    else
        pf_json_null(&json);
    pf_json_close(&json, '}');
    return pf_json_end(&json);
}

/* ---- table */

static bool pad(struct pf_buffer *text, size_t width, size_t to)
{
    bool good = true;

    for (; good && width < to; width++)
        good = pf_buffer_append(text, " ", 1);
    return good;
}

/* "file_size" as "File Size:", then the value. */
static bool put_fact(struct pf_buffer *text, const char *name, const char *value)
{
    enum { VALUE_AT = 22 };
    bool first = true, good = true;
    size_t width = strlen(name) + 1;

    for (; good && *name != '\0'; name++) {
        char c = *name == '_' ? ' ' : first && *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
        first = *name == '_';
        good = pf_buffer_append(text, &c, 1);
    }
    return good && pf_buffer_append(text, ":", 1) && pad(text, width, VALUE_AT - 1) && pf_buffer_append(text, " ", 1) &&
           pf_words_line(text, value) && pf_buffer_append(text, "\n", 1);
}

static bool put_facts(struct pf_buffer *text, const struct inspection *seen)
{
    char words[PF_WORDS], type[32], size[PF_WORDS + 8], modified[64], shown[PF_SHOWN];
    bool good = put_fact(text, "file_name", pf_shown_name(seen->plan.job.input, shown));

    file_type(seen, type);
    memset(size, 0, sizeof size);
    memcpy(size, pf_words_of(file_size(seen), "byte", words), PF_WORDS);
    good = good && put_fact(text, "file_size", size) && put_fact(text, "file_type", type);
    if (good && seen->plan.compression[0] != '\0')
        good = put_fact(text, "input_compression", seen->plan.compression);
    for (uint32_t i = 0; good && i < seen->plan.fact_count; i++) {
        const struct pf_fact *fact = &seen->plan.facts[i];
        if (!is_own_key(fact->name) && !(fact->number && fact->value[0] == '['))
            good = put_fact(text, fact->name, pf_words_visible(fact->value));
    }
    good = good && put_fact(text, "rows", pf_words_count(seen->rows, words));
    if (good && seen->outcome.rows_rejected > 0)
        good = put_fact(text, "rows_rejected", pf_words_count(seen->outcome.rows_rejected, words));
    if (good && seen->outcome.rows_short > 0)
        good = put_fact(text, "short_rows", pf_words_count(seen->outcome.rows_short, words));
    if (good && seen->plan.input_stat.modified_ns > 0) {
        modified[pf_print_timestamp(seen->plan.input_stat.modified_ns / 1000000000 * 1000000, true, modified)] = '\0';
        good = put_fact(text, "last_modified", modified);
    }
    return good && put_fact(text, "columns", pf_words_count(seen->schema->count, words));
}

static size_t name_width(const struct pf_schema *schema)
{
    enum { WIDEST = 48 };
    size_t widest = strlen("Name");

    for (uint32_t i = 0; i < schema->count; i++) {
        size_t width = pf_words_width(schema->fields[i].name);
        if (width > widest && width <= WIDEST)
            widest = width;
    }
    return widest;
}

enum { TYPE_WIDTH = 13, NULLS_WIDTH = 9 };

/* Of the column of types: wider than usual where there are nested ones, but not as wide as any. */
static bool type_width(const struct pf_schema *schema, struct pf_memory *memory, size_t *widest)
{
    enum { WIDEST = 40 };
    struct pf_buffer type;
    bool good = true;

    pf_buffer_init(&type, memory, SIZE_MAX);
    *widest = TYPE_WIDTH;
    for (uint32_t i = 0; good && i < schema->count; i++) {
        if (!pf_type_is_nested(schema->fields[i].type))
            continue;
        pf_buffer_clear(&type);
        good = pf_type_print(&schema->fields[i], &type);
        if (good && type.size > *widest)
            *widest = type.size < WIDEST ? type.size : WIDEST;
    }
    pf_buffer_free(&type);
    return good;
}

/* "  int64            3", then why a column is text. */
static bool put_type(struct pf_buffer *text, const struct pf_field *field, const struct pf_column_facts *facts, size_t width)
{
    char nulls[PF_WORDS] = "";
    size_t before;
    bool good = pf_buffer_append_text(text, "  ");

    before = text->size;
    good = good && pf_type_print(field, text);
    if (!good || facts == NULL)
        return good && pf_buffer_append(text, "\n", 1);
    if (facts->nulls >= 0)
        (void)pf_words_count(facts->nulls, nulls);
    good = pad(text, text->size - before, width) && pf_buffer_printf(text, " %*s", NULLS_WIDTH, nulls);
    if (good && facts->because != NULL && facts->because_row > 0)
        good = pf_buffer_printf(text, "  row %s: %s", pf_words_count(facts->because_row, nulls), facts->because);
    else if (good && facts->because != NULL)
        good = pf_buffer_printf(text, "  %s", facts->because);
    return good && pf_buffer_append(text, "\n", 1);
}

static bool put_columns(struct pf_buffer *text, const struct pf_schema *schema, const struct pf_column_facts *facts)
{
    size_t widest = name_width(schema), types = TYPE_WIDTH;
    bool good = type_width(schema, text->memory, &types);

    good = good && (schema->count == 0 || (pf_buffer_append_text(text, "\n    #  Name") && pad(text, strlen("Name"), widest) &&
                                           pf_buffer_append_text(text, "  Type")));
    if (good && schema->count > 0 && facts != NULL)
        good = pf_buffer_printf(text, "%*s %*s", (int)(types - strlen("Type")), "", NULLS_WIDTH, "Nulls");
    good = good && (schema->count == 0 || pf_buffer_append(text, "\n", 1));
    for (uint32_t i = 0; good && i < schema->count; i++) {
        const char *name = schema->fields[i].name;
        good = pf_buffer_printf(text, "%5u  ", i + 1) && pf_words_line(text, name) && pad(text, pf_words_width(name), widest) &&
               put_type(text, &schema->fields[i], facts != NULL ? &facts[i] : NULL, types);
    }
    return good;
}

static char *inspect_text(const struct inspection *seen)
{
    struct pf_buffer text;
    char *done = NULL;

    pf_buffer_init(&text, &seen->plan.ctx->memory, SIZE_MAX);
    if (put_facts(&text, seen) && put_columns(&text, seen->schema, seen->outcome.columns))
        done = pf_buffer_take_text(&text);
    pf_buffer_free(&text);
    return done;
}

/* ---- both */

/* What a typed format tells of its columns. */
static enum pf_status take_nulls(struct inspection *seen, struct pf_error *err)
{
    const uint32_t count = seen->schema->count;
    struct pf_column_facts *columns;

    if (seen->table.nulls == NULL)
        return PF_OK;
    columns = pf_arena_alloc_zero(&seen->outcome.arena, count, sizeof *columns);
    if (columns == NULL)
        return pf_fail_memory(err, count * sizeof *columns);
    for (uint32_t i = 0; i < count; i++)
        columns[i].nulls = seen->table.nulls[i];
    seen->outcome.columns = columns;
    return PF_OK;
}

/* Typed formats know their schema and rows; of text, the whole is read. */
static enum pf_status look(struct inspection *seen, struct pf_error *err)
{
    struct pf_job *job = &seen->plan.job;

    if (pf_plan_facts(&seen->plan, &seen->table, err) != PF_OK)
        return err->status;
    seen->schema = &seen->table.schema;
    seen->rows = seen->table.rows;
    if ((job->reader->flags & PF_READER_TYPED) != 0 && seen->rows >= 0)
        return take_nulls(seen, err);
    if (pf_native_scan(seen->plan.ctx, job, &seen->outcome, err) != PF_OK)
        return err->status;
    seen->schema = &seen->outcome.schema;
    seen->rows = seen->outcome.rows_written;
    return pf_note_rows(&seen->plan, &seen->outcome) ? PF_OK : pf_fail_memory(err, 1);
}

enum pf_status pf_info(struct pf_request *request, bool json, char **text, struct pf_error *err)
{
    struct inspection seen;

    memset(&seen, 0, sizeof seen);
    *text = NULL;
    pf_error_clear(err);
    atomic_store(&request->ctx->cancelled, false);
    pf_schema_init(&seen.table.schema, &request->ctx->memory);
    seen.table.rows = -1;
    pf_outcome_init(&seen.outcome, request->ctx);
    if (pf_plan_make(&seen.plan, request, PF_PLAN_READ, err) == PF_OK && look(&seen, err) == PF_OK) {
        *text = json ? inspect_json(&seen) : inspect_text(&seen);
        if (*text == NULL)
            (void)pf_fail_memory(err, 1);
    }
    pf_outcome_free(&seen.outcome);
    pf_schema_free(&seen.table.schema);
    pf_plan_free(&seen.plan);
    return err->status;
}
