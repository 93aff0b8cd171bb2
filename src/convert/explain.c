/* Explain: the plan of a conversion, as text for people or as JSON. Nothing is written. */
#include <string.h>

#include "base/option.h"
#include "base/thread.h"
#include "convert/json.h"
#include "convert/notes.h"
#include "convert/words.h"
#include "formats/format.h"

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
        bool given = false;
        const char *value;
        for (uint32_t i = 0; i < plan->setting_count; i++)
            given = given || pf_option_find(table, plan->settings[i].name) == option;
        if (!given)
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

static bool put_work(struct pf_buffer *text, const struct pf_plan *plan)
{
    char declared[32];
    bool good = pf_buffer_printf(text, "types     %s", types_word(plan));

    for (uint32_t i = 0; good && i < plan->declared.count; i++)
        good = pf_buffer_printf(text, "%s%s %s", i == 0 ? "; declared: " : ", ", plan->declared.fields[i].name,
                                pf_type_text(&plan->declared.fields[i], declared));
    for (uint32_t i = 0; good && i < plan->job.column_count; i++)
        good = pf_buffer_printf(text, "%s%s", i == 0 ? "\ncolumns   " : ", ", plan->job.columns[i]);
    return good &&
           pf_buffer_printf(text, "\nengine    native: the only one of this version\nthreads   %u\nmemory    %lld MiB\n",
                            thread_count(plan), (long long)(plan->options.memory >> 20));
}

static bool put_output(struct pf_buffer *text, const struct pf_plan *plan)
{
    bool to_stdout = strcmp(plan->job.output, "-") == 0;
    bool good = pf_buffer_printf(text, "writer    %s, by %s", plan->job.writer->name, plan->writer_chosen_by) &&
                put_given(text, plan, plan->job.writer->options, plan->job.writer_options) &&
                pf_buffer_printf(text, "\noutput    %s%s\n", to_stdout ? "standard output" : plan->job.output,
                                 plan->output_exists ? ", replaces the file that is there" : "");

    if (good && plan->job.rejects != NULL)
        good = pf_buffer_printf(text, "rejects   %s, if any\n", plan->job.rejects);
    for (uint32_t i = 0; good && i < plan->warning_count; i++)
        good = pf_buffer_printf(text, "note      %s\n", plan->warnings[i]);
    return good;
}

static char *explain_text(const struct pf_plan *plan)
{
    struct pf_buffer text;
    char *done = NULL;

    pf_buffer_init(&text, &plan->ctx->memory, SIZE_MAX);
    if (put_input(&text, plan) && put_work(&text, plan) && put_output(&text, plan))
        done = pf_buffer_take_text(&text);
    pf_buffer_free(&text);
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

static char *explain_json(const struct pf_plan *plan)
{
    const struct pf_job *job = &plan->job;
    struct pf_json json;

    pf_json_begin(&json, &plan->ctx->memory);
    pf_json_open(&json, '{');
    pf_json_set_text(&json, "input_path", job->input);
    pf_json_set_integer(&json, "file_size_bytes", plan->input_stat.size);
    pf_json_set_text(&json, "compression", plan->compression);
    pf_json_set_text(&json, "input_format", job->reader->name);
    pf_json_set_text(&json, "input_format_chosen_by", plan->reader_chosen_by);
    put_facts(&json, plan);
    put_values(&json, "options", pf_convert_option_table, &plan->options);
    put_values(&json, "reader_options", job->reader->options, job->reader_options);
    pf_json_set_text(&json, "engine", "native");
    pf_json_set_text(&json, "engine_reason", "the only one of this version");
    pf_json_set_text(&json, "types", types_word(plan));
    pf_json_set_integer(&json, "threads", thread_count(plan));
    pf_json_set_integer(&json, "memory_bytes", plan->options.memory);
    pf_json_set_text(&json, "output_path", job->output);
    pf_json_set_bool(&json, "output_exists", plan->output_exists);
    pf_json_set_text(&json, "output_format", job->writer->name);
    pf_json_set_text(&json, "output_format_chosen_by", plan->writer_chosen_by);
    put_values(&json, "writer_options", job->writer->options, job->writer_options);
    pf_json_set_text(&json, "rejects_path", job->rejects);
    pf_json_name(&json, "warnings");
    pf_json_open(&json, '[');
    for (uint32_t i = 0; i < plan->warning_count; i++)
        pf_json_text(&json, plan->warnings[i]);
    pf_json_close(&json, ']');
    pf_json_close(&json, '}');
    return pf_json_end(&json);
}

enum pf_status pf_explain(struct pf_request *request, bool json, char **text, struct pf_error *err)
{
    struct pf_plan plan;

    *text = NULL;
    pf_error_clear(err);
    if (pf_plan_make(&plan, request, PF_PLAN_CONVERT, err) == PF_OK && pf_plan_facts(&plan, NULL, err) == PF_OK) {
        if (pf_note_facts(&plan))
            *text = json ? explain_json(&plan) : explain_text(&plan);
        if (*text == NULL)
            (void)pf_fail_memory(err, 1);
    }
    pf_plan_free(&plan);
    return err->status;
}
