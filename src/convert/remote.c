/* The plan for Spark: what is read, made and written, out of the plan of the conversion and a reading of the input. */
#include "convert/remote.h"

#include <stdio.h>
#include <string.h>

#include "convert/result.h"
#include "formats/format.h"
#include "transform/pattern.h"

/* ---- expressions */

bool pf_remote_literal(struct pf_buffer *to, const char *text, size_t size)
{
    bool good = pf_buffer_append_text(to, "CAST(X'");

    for (size_t i = 0; good && i < size; i++)
        good = pf_buffer_printf(to, "%02X", (unsigned)(uint8_t)text[i]);
    return good && pf_buffer_append_text(to, "' AS STRING)");
}

/* Day, month and year by their places between the separators. */
static bool cast_ordered(struct pf_buffer *to, const char *text, uint32_t candidate)
{
    static const char separators[] = { '/', '-', '.' };
    const bool day_first = candidate < PF_CAN_MDY;
    const char separator = separators[(candidate - (day_first ? PF_CAN_DMY : PF_CAN_MDY)) % PF_COUNT(separators)];
    const int place[] = { 3, day_first ? 2 : 1, day_first ? 1 : 2 };
    bool good = pf_buffer_append_text(to, "make_date(");

    for (size_t i = 0; good && i < PF_COUNT(place); i++)
        good = pf_buffer_printf(to, "%sCAST(split_part(%s, '%c', %d) AS INT)", i == 0 ? "" : ", ", text, separator, place[i]);
    return good && pf_buffer_append_text(to, ")");
}

static bool cast_date(struct pf_buffer *to, const char *text, uint32_t pattern)
{
    const uint32_t candidate = pf_date_candidate(pattern);

    if (candidate == PF_CAN_YMD_SLASH)
        return pf_buffer_printf(to, "CAST(replace(%s, '/', '-') AS DATE)", text);
    if (candidate >= PF_CAN_DMY)
        return cast_ordered(to, text, candidate);
    return pf_buffer_printf(to, "CAST(%s AS DATE)", text);
}

bool pf_remote_cast(struct pf_buffer *to, const char *column, const struct pf_field *field, uint32_t pattern)
{
    struct pf_buffer text;
    const char *value;
    bool good;

    if (field->type == PF_TYPE_STRING)
        return pf_buffer_append_text(to, column);
    pf_buffer_init(&text, to->memory, SIZE_MAX);
    good = pf_buffer_printf(&text, "NULLIF(%s, '')", column) && pf_buffer_append(&text, "", 1);
    value = good ? (const char *)text.data : "";
    if (good && field->type == PF_TYPE_DATE32)
        good = cast_date(to, value, pattern);
    else if (good && field->type == PF_TYPE_BOOL)
        good = pf_buffer_printf(to, "lower(%s) = 'true'", value);
    else if (good)
        good = pf_buffer_printf(to, "CAST(%s AS %s)", value,
                                field->type == PF_TYPE_INT64     ? "BIGINT"
                                : field->type == PF_TYPE_FLOAT64 ? "DOUBLE"
                                : field->utc                     ? "TIMESTAMP"
                                                                 : "TIMESTAMP_NTZ");
    pf_buffer_free(&text);
    return good;
}

/* ---- making */

struct making {
    struct pf_plan *plan;
    struct pf_remote *out;
    bool failed;
};

static bool add_option(struct making *making, const char *name, const char *value, size_t size)
{
    struct pf_remote_read *read = &making->out->read;
    struct pf_arena *arena = &making->plan->arena;
    struct pf_remote_option *list =
        pf_arena_grow(arena, read->options, read->option_count, &read->option_capacity, sizeof *list);

    if (list == NULL)
        return false;
    read->options = list;
    list[read->option_count].name = pf_arena_copy(arena, name, strlen(name));
    list[read->option_count].value = pf_arena_copy(arena, value, size);
    if (list[read->option_count].name == NULL || list[read->option_count].value == NULL)
        return false;
    read->option_count++;
    return true;
}

static bool add_null(struct making *making, const char *text, size_t size)
{
    struct pf_remote_read *read = &making->out->read;
    struct pf_buffer literal;
    bool good;

    pf_buffer_init(&literal, &making->plan->ctx->memory, SIZE_MAX);
    good = pf_remote_literal(&literal, text, size) && pf_buffer_append(&literal, "", 1) &&
           pf_arena_list_add(&making->plan->arena, &read->nulls, &read->null_count, (const char *)literal.data);
    pf_buffer_free(&literal);
    return good;
}

static bool add_column(struct making *making, const char *value, size_t size)
{
    struct pf_remote_read *read = &making->out->read;
    struct pf_arena *arena = &making->plan->arena;
    const char **list = pf_arena_grow(arena, read->columns, read->column_count, &read->column_capacity, sizeof *list);

    if (list == NULL)
        return false;
    read->columns = list;
    list[read->column_count] = pf_arena_copy(arena, value, size);
    return list[read->column_count++] != NULL;
}

static bool set_schema(struct making *making, const char *value, size_t size)
{
    making->out->read.schema = pf_arena_copy(&making->plan->arena, value, size);
    return making->out->read.schema != NULL;
}

static bool take(void *user, enum pf_foreign kind, const char *name, const char *value, size_t size)
{
    struct making *making = user;
    bool good = kind == PF_FOREIGN_OPTION   ? add_option(making, name, value, size)
                : kind == PF_FOREIGN_NULL   ? add_null(making, value, size)
                : kind == PF_FOREIGN_SCHEMA ? set_schema(making, value, size)
                                            : kind == PF_FOREIGN_COLUMN && add_column(making, value, size);

    making->failed = making->failed || !good;
    return good;
}

/* The text of a column as it is read, with the texts that mean null as nulls. */
static bool put_text(struct pf_buffer *to, const struct pf_remote_read *read, uint32_t column)
{
    bool good;

    if (read->null_count == 0)
        return pf_buffer_printf(to, "c%u", column);
    good = pf_buffer_printf(to, "CASE WHEN c%u IN (", column);
    for (uint32_t i = 0; good && i < read->null_count; i++)
        good = pf_buffer_printf(to, "%s%s", i == 0 ? "" : ", ", read->nulls[i]);
    return good && pf_buffer_printf(to, ") THEN NULL ELSE c%u END", column);
}

/* Of a format with types the column itself. */
static bool put_expression(const struct making *making, const struct pf_outcome *seen, uint32_t at, uint32_t column,
                           struct pf_buffer *text, struct pf_buffer *to)
{
    const struct pf_remote *remote = making->out;
    const uint32_t pattern = seen->columns != NULL ? seen->columns[at].pattern : 0;

    pf_buffer_clear(text);
    pf_buffer_clear(to);
    if ((making->plan->job.reader->flags & PF_READER_TYPED) != 0)
        return pf_buffer_printf(to, "c%u", column);
    return put_text(text, &remote->read, column) && pf_buffer_append(text, "", 1) &&
           pf_remote_cast(to, (const char *)text->data, &seen->schema.fields[at], pattern);
}

static enum pf_status put_expressions(struct making *making, const struct pf_outcome *seen, const struct pf_schema *table,
                                      struct pf_error *err)
{
    struct pf_arena *arena = &making->plan->arena;
    struct pf_memory *memory = &making->plan->ctx->memory;
    struct pf_remote *out = making->out;
    struct pf_buffer text, made;
    bool good;

    out->expressions = pf_arena_alloc_zero(arena, seen->schema.count + 1, sizeof *out->expressions);
    pf_buffer_init(&text, memory, SIZE_MAX);
    pf_buffer_init(&made, memory, SIZE_MAX);
    good = out->expressions != NULL;
    for (uint32_t i = 0; good && i < seen->schema.count; i++) {
        int64_t column = pf_schema_find(table, seen->schema.fields[i].name);

        good = put_expression(making, seen, i, column >= 0 ? (uint32_t)column : i, &text, &made);
        out->expressions[i] = good ? pf_arena_copy(arena, (const char *)made.data, made.size) : NULL;
        good = out->expressions[i] != NULL;
    }
    out->expression_count = seen->schema.count;
    pf_buffer_free(&text);
    pf_buffer_free(&made);
    return good ? PF_OK : pf_fail_memory(err, 1);
}

static enum pf_status put_schema(struct making *making, const struct pf_schema *table, struct pf_error *err)
{
    struct pf_remote *out = making->out;
    struct pf_buffer text;
    bool good = true;

    pf_buffer_init(&text, &making->plan->ctx->memory, SIZE_MAX);
    for (uint32_t i = 0; good && i < table->count; i++)
        good = pf_buffer_printf(&text, "%sc%u STRING", i == 0 ? "" : ", ", i);
    out->read.schema = good && text.size != 0 ? pf_arena_copy(&making->plan->arena, (const char *)text.data, text.size) : NULL;
    pf_buffer_free(&text);
    return out->read.schema != NULL ? PF_OK : pf_fail_memory(err, 1);
}

static void put_write(const struct pf_plan *plan, struct pf_remote_write *write)
{
    write->format = plan->job.writer->name;
    write->mode = plan->engines_only ? pf_plan_mode(plan) : plan->job.replace ? "overwrite" : "error";
    write->table = plan->options.table != NULL;
    write->target = write->table ? plan->options.table : plan->job.output;
    write->merge_schema = plan->options.merge_schema;
}

static enum pf_status make_of_reader(struct making *making, const struct pf_outcome *seen, const struct pf_schema *table,
                                     struct pf_error *err)
{
    const struct pf_job *job = &making->plan->job;
    struct pf_remote *out = making->out;

    out->refusal = job->reader->foreign(job->reader_state, seen != NULL ? seen->met : 0, take, making);
    if (making->failed)
        return pf_fail_memory(err, 1);
    if (out->refusal != NULL)
        return PF_OK;
    if ((job->reader->flags & PF_READER_TYPED) == 0 && out->read.schema == NULL && put_schema(making, table, err) != PF_OK)
        return err->status;
    return seen != NULL ? put_expressions(making, seen, table, err) : PF_OK;
}

static enum pf_status ask_table(struct pf_plan *plan, void *user, struct pf_error *err)
{
    return plan->job.reader->table(plan->job.reader_state, plan->job.table, user, err);
}

enum pf_status pf_remote_make(struct pf_plan *plan, const struct pf_outcome *seen, struct pf_remote *out, struct pf_error *err)
{
    struct making making = { .plan = plan, .out = out };
    struct pf_table table;

    memset(out, 0, sizeof *out);
    memset(&table, 0, sizeof table);
    out->whole = seen != NULL;
    out->read.format = plan->job.reader->name;
    out->read.path = plan->job.input;
    put_write(plan, &out->write);
    out->refusal = pf_remote_refusal(plan, seen);
    if (out->refusal != NULL)
        return PF_OK;
    pf_schema_init(&table.schema, &plan->ctx->memory);
    if (pf_plan_ask(plan, ask_table, &table, err) == PF_OK)
        (void)make_of_reader(&making, seen, &table.schema, err);
    pf_schema_free(&table.schema);
    return err->status;
}

/* ---- printing */

static void print_read(struct pf_json *json, const struct pf_remote_read *read)
{
    pf_json_name(json, "read");
    pf_json_open(json, '{');
    pf_json_set_text(json, "format", read->format);
    pf_json_set_location(json, "path", read->path);
    pf_json_set_text(json, "schema", read->schema);
    pf_json_name(json, "columns");
    pf_json_open(json, '[');
    for (uint32_t i = 0; i < read->column_count; i++)
        pf_json_text(json, read->columns[i]);
    pf_json_close(json, ']');
    pf_json_name(json, "options");
    pf_json_open(json, '{');
    for (uint32_t i = 0; i < read->option_count; i++)
        pf_json_set_text(json, read->options[i].name, read->options[i].value);
    pf_json_close(json, '}');
    pf_json_close(json, '}');
}

static void print_write(struct pf_json *json, const struct pf_remote_write *write)
{
    pf_json_name(json, "write");
    pf_json_open(json, '{');
    pf_json_set_text(json, "format", write->format);
    pf_json_set_text(json, "mode", write->mode);
    pf_json_set_bool(json, "table", write->table);
    pf_json_set_location(json, "target", write->target);
    pf_json_set_bool(json, "merge_schema", write->merge_schema);
    pf_json_close(json, '}');
}

void pf_remote_print(struct pf_json *json, const struct pf_remote *remote, const struct pf_outcome *seen)
{
    pf_json_open(json, '{');
    pf_json_set_text(json, "refusal", remote->refusal);
    pf_json_set_bool(json, "whole", remote->whole);
    print_read(json, &remote->read);
    pf_json_name(json, "expressions");
    pf_json_open(json, '[');
    for (uint32_t i = 0; i < remote->expression_count; i++)
        pf_json_text(json, remote->expressions[i]);
    pf_json_close(json, ']');
    print_write(json, &remote->write);
    if (seen != NULL) {
        pf_json_set_integer(json, "rows_read", seen->rows_read);
        pf_json_set_integer(json, "rows_written", seen->rows_written);
        pf_json_set_integer(json, "rows_left_out", seen->rows_left_out);
        pf_json_set_columns(json, &seen->schema, seen->columns);
    }
    pf_json_close(json, '}');
}
