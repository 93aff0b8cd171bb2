/* Explain: the plan of a conversion, as text for people or as JSON. The input is read, for its types; nothing is written. */
#include <string.h>

#include "base/option.h"
#include "base/thread.h"
#include "convert/hooked.h"
#include "convert/notes.h"
#include "convert/outputs.h"
#include "convert/result.h"
#include "convert/words.h"
#include "formats/format.h"

struct explanation {
    struct pf_plan plan;
    struct pf_outcome outcome; /* of reading the input */
    struct pf_outcome *tables; /* of several tables: of each */
    uint32_t table_count;
    struct pf_remote remote; /* of the first engine, when it is not the native one */
    bool has_remote;
    struct pf_error stops; /* why reading stopped; status PF_OK = it did not */
    bool refused;          /* the output exists, and is not to be replaced */
};

static const char *types_word(const struct pf_plan *plan)
{
    if (plan->job.types == PF_TYPES_STRING)
        return "string";
    return plan->job.writer->settle == PF_SETTLE_NONE ? "text as it stands" : "infer";
}

static uint32_t thread_count(const struct pf_plan *plan)
{
    return plan->job.threads != 0 ? plan->job.threads : pf_cpu_count();
}

/* ---- text */

/* The options the caller set that this table knows: " delimiter=; header=no". */
static bool put_given(struct pf_buffer *text, const struct pf_plan *plan, const struct pf_option *table, const void *values)
{
    char scratch[32];

    for (const struct pf_option *option = table; option != NULL && option->name != NULL; option++) {
        const char *value;
        if (!pf_plan_is_set(plan, table, option))
            continue;
        value = pf_option_text(option, values, scratch);
        if (!pf_buffer_printf(text, ", %s %s", option->name, value != NULL ? value : ""))
            return false;
    }
    return true;
}

static bool put_input(struct pf_buffer *text, const struct pf_plan *plan)
{
    char size[PF_WORDS];
    bool good = pf_buffer_printf(text, "input     %s", strcmp(plan->job.input, "-") == 0 ? "standard input" : plan->job.input);

    if (good && plan->input_stat.regular)
        good = pf_buffer_printf(text, ", %s", pf_words_bytes(plan->input_stat.size, size));
    if (good && plan->compression[0] != '\0')
        good = pf_buffer_printf(text, ", %s", plan->compression);
    good = good && pf_buffer_printf(text, "\nreader    %s, by %s", plan->job.reader->name, plan->reader_chosen_by) &&
           put_given(text, plan, plan->job.reader->options, plan->job.reader_options);
    for (uint32_t i = 0; good && i < plan->fact_count; i++)
        good = pf_buffer_printf(text, "\n            %s: %s", plan->facts[i].name, plan->facts[i].value);
    return good && pf_buffer_append_text(text, "\n");
}

/* The order of day and month that was stated for a declared column: "(dmy)". */
static const char *order_text(const struct pf_field *field)
{
    return field->order == PF_DAY_FIRST ? "(dmy)" : field->order == PF_MONTH_FIRST ? "(mdy)" : "";
}

static bool put_schema(struct pf_buffer *text, const struct pf_schema *schema)
{
    bool good = true;

    for (uint32_t i = 0; good && i < schema->count; i++)
        good = pf_buffer_printf(text, "\n            %s: ", schema->fields[i].name) && pf_type_print(&schema->fields[i], text);
    return good;
}

/* What becomes one is named together. */
static bool put_table(struct pf_buffer *text, const struct explanation *seen, uint32_t at)
{
    const struct pf_plan_table *table = &seen->plan.tables.tables[at];
    bool good = true;

    for (uint32_t i = 0; good && i < table->part_count; i++)
        good = pf_buffer_printf(text, "%s%s", i == 0 ? "\ntable     " : ", ", table->parts[i].name);
    return good && pf_buffer_printf(text, " -> %s", table->path) && put_schema(text, &seen->tables[at].schema);
}

static bool put_left_out(struct pf_buffer *text, const struct pf_plan_tables *tables)
{
    bool good = true;

    for (uint32_t i = 0; good && i < tables->left_out_count; i++)
        good = pf_buffer_printf(text, "\nleft out  %s: %s", tables->left_out[i].name, tables->left_out[i].why);
    return good;
}

static bool put_columns(struct pf_buffer *text, const struct explanation *seen)
{
    bool good = put_schema(text, &seen->outcome.schema);

    for (uint32_t i = 0; good && i < seen->table_count; i++)
        good = put_table(text, seen, i);
    good = good && put_left_out(text, &seen->plan.tables);
    if (good && seen->stops.row > 0)
        good = pf_buffer_printf(text, "\nfails     in row %lld: %s", (long long)seen->stops.row, seen->stops.message);
    else if (good && seen->stops.status != PF_OK)
        good = pf_buffer_printf(text, "\nfails     %s", seen->stops.message);
    return good;
}

/* Those that are tried, in order, and those that are not, with their reasons. */
static bool put_engines(struct pf_buffer *text, const struct pf_plan *plan)
{
    bool good = true;

    for (uint32_t i = 0; good && i < plan->engine_count; i++) {
        const struct pf_engine_candidate *one = &plan->engines[i];

        good = pf_buffer_printf(text, "\n%s%s%s%s",
                                i == 0       ? "engine    "
                                : one->takes ? "then      "
                                             : "not       ",
                                one->name, one->reason[0] != '\0' ? ": " : "", one->reason);
    }
    return good;
}

/* "              reads csv: sep ';', header true", and what each column is made of. */
static bool put_remote(struct pf_buffer *text, const struct explanation *seen)
{
    const struct pf_remote *remote = &seen->remote;
    bool good = true;

    if (!seen->has_remote)
        return true;
    if (remote->refusal != NULL)
        return pf_buffer_printf(text, "\n            reads natively: %s", remote->refusal);
    good = pf_buffer_printf(text, "\n            reads %s", remote->read.format);
    for (uint32_t i = 0; good && i < remote->read.option_count; i++)
        good = pf_buffer_printf(text, ", %s '", remote->read.options[i].name) &&
               pf_words_line(text, remote->read.options[i].value) && pf_buffer_append_text(text, "'");
    for (uint32_t i = 0; good && i < remote->expression_count; i++)
        good = pf_buffer_printf(text, "\n            %s = %s", seen->outcome.schema.fields[i].name, remote->expressions[i]);
    return good && pf_buffer_printf(text, "\n            writes %s, mode %s", remote->write.format, remote->write.mode);
}

static bool put_work(struct pf_buffer *text, const struct explanation *seen)
{
    const struct pf_plan *plan = &seen->plan;
    char declared[32];
    bool good = pf_buffer_printf(text, "types     %s", types_word(plan));

    for (uint32_t i = 0; good && i < plan->declared.count; i++)
        good = pf_buffer_printf(text, "%s%s %s%s", i == 0 ? "; declared: " : ", ", plan->declared.fields[i].name,
                                pf_type_text(&plan->declared.fields[i], declared), order_text(&plan->declared.fields[i]));
    return good && put_columns(text, seen) && put_engines(text, plan) && put_remote(text, seen) &&
           pf_buffer_printf(text, "\nthreads   %u\nmemory    %lld MiB\n", thread_count(plan),
                            (long long)(plan->options.memory >> 20));
}

static bool put_output(struct pf_buffer *text, const struct explanation *seen)
{
    const struct pf_plan *plan = &seen->plan;
    bool to_stdout = strcmp(plan->job.output, "-") == 0;
    bool good = pf_buffer_printf(text, "writer    %s, by %s", plan->job.writer->name, plan->writer_chosen_by) &&
                put_given(text, plan, plan->job.writer->options, plan->job.writer_options) &&
                pf_buffer_printf(text, "\noutput    %s%s\n", to_stdout ? "standard output" : plan->job.output,
                                 !plan->output_exists ? ""
                                 : seen->refused      ? ", which exists: --force replaces it"
                                                      : ", replaces the file that is there");

    if (good && plan->job.rejects != NULL)
        good = pf_buffer_printf(text, "rejects   %s, if any\n", plan->job.rejects);
    for (uint32_t i = 0; good && i < plan->warning_count; i++)
        good = pf_buffer_printf(text, "note      %s\n", plan->warnings[i]);
    return good;
}

static char *explain_text(const struct explanation *seen)
{
    const struct pf_plan *plan = &seen->plan;
    struct pf_buffer text;
    char *done = NULL;

    pf_buffer_init(&text, &plan->ctx->memory, SIZE_MAX);
    if (put_input(&text, plan) && put_work(&text, seen) && put_output(&text, seen))
        done = pf_buffer_take_text(&text);
    pf_buffer_free(&text);
    if (done != NULL)
        pf_hide_secrets(done);
    return done;
}

/* ---- JSON */

static void put_values(struct pf_json *json, const char *name, const struct pf_option *table, const void *values)
{
    char scratch[32];

    pf_json_name(json, name);
    pf_json_open(json, '{');
    for (const struct pf_option *option = table; option != NULL && option->name != NULL; option++) {
        const uint8_t *member = (const uint8_t *)values + option->offset;
        pf_json_name(json, option->name);
        if (option->kind == PF_OPTION_FLAG) {
            bool flag;
            memcpy(&flag, member, sizeof flag);
            pf_json_bool(json, flag);
        } else if (option->kind == PF_OPTION_INTEGER || option->kind == PF_OPTION_SIZE) {
            int64_t integer;
            memcpy(&integer, member, sizeof integer);
            pf_json_integer(json, integer);
        } else if (option->kind == PF_OPTION_NUMBER) {
            double number;
            memcpy(&number, member, sizeof number);
            pf_json_number(json, number);
        } else {
            pf_json_text(json, pf_option_text(option, values, scratch));
        }
    }
    pf_json_close(json, '}');
}

static void put_facts(struct pf_json *json, const struct pf_plan *plan)
{
    pf_json_name(json, "facts");
    pf_json_open(json, '{');
    for (uint32_t i = 0; i < plan->fact_count; i++) {
        pf_json_name(json, plan->facts[i].name);
        if (plan->facts[i].number)
            pf_json_raw(json, plan->facts[i].value);
        else
            pf_json_text(json, plan->facts[i].value);
    }
    pf_json_close(json, '}');
}

static void put_engine_list(struct pf_json *json, const struct explanation *seen)
{
    const struct pf_plan *plan = &seen->plan;

    pf_json_set_text(json, "engine", plan->engine_count > 0 ? plan->engines[0].name : "native");
    pf_json_set_engine_reason(json, plan);
    pf_json_name(json, "engines");
    pf_json_open(json, '[');
    for (uint32_t i = 0; i < plan->engine_count; i++) {
        pf_json_open(json, '{');
        pf_json_set_text(json, "engine", plan->engines[i].name);
        pf_json_set_bool(json, "takes", plan->engines[i].takes);
        pf_json_set_text(json, "reason", plan->engines[i].reason);
        pf_json_close(json, '}');
    }
    pf_json_close(json, ']');
    pf_json_name(json, "remote");
    if (seen->has_remote)
        pf_remote_print(json, &seen->remote, &seen->outcome);
    else
        pf_json_null(json);
}

static void put_tables(struct pf_json *json, const struct explanation *seen)
{
    pf_json_name(json, "tables");
    pf_json_open(json, '[');
    for (uint32_t i = 0; i < seen->plan.tables.count; i++) {
        const struct pf_plan_table *table = &seen->plan.tables.tables[i];
        const struct pf_outcome *outcome = seen->table_count != 0 ? &seen->tables[i] : &seen->outcome;

        pf_json_open(json, '{');
        pf_json_set_planned(json, table);
        pf_json_set_columns(json, &outcome->schema, outcome->columns);
        pf_json_close(json, '}');
    }
    pf_json_close(json, ']');
    pf_json_set_left_out(json, &seen->plan.tables);
}

static char *explain_json(const struct explanation *seen)
{
    const struct pf_plan *plan = &seen->plan;
    const struct pf_job *job = &plan->job;
    struct pf_error scratch;
    struct pf_json json;

    pf_json_begin(&json, &plan->ctx->memory);
    pf_json_open(&json, '{');
    pf_json_set_location(&json, "input_path", job->input);
    pf_json_set_integer(&json, "file_size_bytes", plan->input_stat.size);
    pf_json_set_text(&json, "compression", plan->compression);
    pf_json_set_text(&json, "input_format", job->reader->name);
    pf_json_set_text(&json, "input_format_chosen_by", plan->reader_chosen_by);
    put_facts(&json, plan);
    put_values(&json, "options", pf_convert_option_table, &plan->options);
    put_values(&json, "reader_options", job->reader->options, job->reader_options);
    put_engine_list(&json, seen);
    pf_json_set_text(&json, "types", types_word(plan));
    pf_json_set_columns(&json, &seen->outcome.schema, seen->outcome.columns);
    put_tables(&json, seen);
    pf_json_set_error(&json, pf_error_told(plan->ctx, &seen->stops, &scratch));
    pf_json_set_integer(&json, "threads", thread_count(plan));
    pf_json_set_integer(&json, "memory_bytes", plan->options.memory);
    pf_json_set_location(&json, "output_path", job->output);
    pf_json_set_bool(&json, "output_exists", plan->output_exists);
    pf_json_set_bool(&json, "output_refused", seen->refused);
    pf_json_set_text(&json, "output_format", job->writer->name);
    pf_json_set_text(&json, "output_format_chosen_by", plan->writer_chosen_by);
    put_values(&json, "writer_options", job->writer->options, job->writer_options);
    pf_json_set_location(&json, "rejects_path", job->rejects);
    pf_json_name(&json, "warnings");
    pf_json_open(&json, '[');
    for (uint32_t i = 0; i < plan->warning_count; i++)
        pf_json_text(&json, plan->warnings[i]);
    pf_json_close(&json, ']');
    pf_json_close(&json, '}');
    return pf_json_end(&json);
}

/* The plan as if an existing output were to be replaced: that it would be refused is told with the rest. */
static enum pf_status make_plan(struct explanation *seen, struct pf_request *request, struct pf_error *err)
{
    uint32_t given = request->setting_count;
    struct pf_convert_options options;
    enum pf_status status;

    if (pf_request_options(request->settings, given, &options, err) != PF_OK ||
        pf_request_set(request, "force", NULL, err) != PF_OK)
        return err->status;
    status = pf_plan_make(&seen->plan, request, PF_PLAN_CONVERT, err);
    request->setting_count = given;
    seen->refused = seen->plan.output_exists && !options.force;
    seen->plan.options.force = options.force;
    return status;
}

/* A fault that the conversion would meet as well, not one of explaining it. */
static bool is_of_input(enum pf_status status)
{
    return status == PF_BAD_DATA || status == PF_UNSUPPORTED || status == PF_NOT_FOUND || status == PF_BAD_OPTION ||
           status == PF_LIMIT;
}

static enum pf_status make_tables(struct explanation *seen, struct pf_error *err)
{
    const uint32_t count = seen->plan.tables.count;

    seen->tables = pf_arena_alloc_zero(&seen->plan.arena, count, sizeof *seen->tables);
    if (seen->tables == NULL)
        return pf_fail_memory(err, count * sizeof *seen->tables);
    for (; seen->table_count < count; seen->table_count++)
        pf_outcome_init(&seen->tables[seen->table_count], seen->plan.ctx);
    return PF_OK;
}

/* How the engine that comes first would be asked to do it, where that is not the native one. */
static enum pf_status find_remote(struct explanation *seen, struct pf_error *err)
{
    if (!seen->plan.job.survey || pf_plan_is_many(&seen->plan))
        return PF_OK;
    seen->has_remote = true;
    return pf_remote_make(&seen->plan, &seen->outcome, &seen->remote, err);
}

/* The types that the output would have are those of the whole input; a fault in it is part of the answer. */
static enum pf_status find_types(struct explanation *seen, struct pf_error *err)
{
    struct pf_plan *plan = &seen->plan;
    enum pf_types_mode types;

    if (pf_plan_facts(plan, NULL, err) != PF_OK || !pf_note_facts(plan))
        return err->status != PF_OK ? err->status : pf_fail_memory(err, 1);
    types = plan->job.writer->settle == PF_SETTLE_NONE ? PF_TYPES_STRING : plan->job.types;
    if (pf_plan_is_many(plan) && make_tables(seen, err) != PF_OK)
        return err->status;
    plan->job.survey = plan->engine_count != 0 && plan->engines[0].calls != NULL;
    if (pf_outputs_scan(plan, types, &seen->outcome, seen->tables, &seen->stops) == PF_OK)
        return pf_note_rows(plan, &seen->outcome) ? find_remote(seen, err) : pf_fail_memory(err, 1);
    if (!is_of_input(seen->stops.status))
        *err = seen->stops;
    return err->status;
}

/* Of the hooks that had a say in the plan. */
static enum pf_status take_notes(struct pf_plan *plan, const struct pf_hooked *hooked, struct pf_error *err)
{
    for (uint32_t i = 0; i < hooked->note_count; i++) {
        if (!pf_plan_warn(plan, "%s", hooked->notes[i]))
            return pf_fail_memory(err, 1);
    }
    return PF_OK;
}

enum pf_status pf_explain(struct pf_request *request, bool json, char **text, struct pf_error *err)
{
    struct explanation seen;
    struct pf_hooked hooked;

    memset(&seen, 0, sizeof seen);
    memset(&hooked, 0, sizeof hooked);
    *text = NULL;
    pf_error_clear(err);
    pf_error_clear(&seen.stops);
    atomic_store(&request->ctx->cancelled, false);
    pf_outcome_init(&seen.outcome, request->ctx);
    if (pf_hooked_begin(&hooked, request, err) == PF_OK && make_plan(&seen, request, err) == PF_OK &&
        take_notes(&seen.plan, &hooked, err) == PF_OK && find_types(&seen, err) == PF_OK) {
        *text = json ? explain_json(&seen) : explain_text(&seen);
        if (*text == NULL)
            (void)pf_fail_memory(err, 1);
    }
    for (uint32_t i = 0; i < seen.table_count; i++)
        pf_outcome_free(&seen.tables[i]);
    pf_outcome_free(&seen.outcome);
    pf_plan_free(&seen.plan);
    pf_hooked_end(&hooked);
    return err->status;
}
