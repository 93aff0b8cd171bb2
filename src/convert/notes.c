#include "convert/notes.h"

#include <stdio.h>
#include <string.h>

#include "convert/words.h"

enum { CHANGES = 320 };

/* A fact, what it usually is, the option by which the user states it, and the note otherwise, its value following when there
 * is an end. */
static const struct {
    const char *fact, *usual, *option;
    const char *begin, *end;
} remarkable[] = {
    { "encoding", "utf-8", "encoding", "the input is read as ", "" },
    { "delimiter", ",", "delimiter", "the delimiter is ", "" },
    { "quote", "\"", "quote", "the quote is ", "" },
    { "escape", "doubled quote", "escape", "the escape in quoted fields is ", " (--escape none: there is none)" },
    { "comment", "none", "comment", "lines that begin with ", " are taken for comments (--comment none keeps them)" },
    { "has_header", "true", "header", "the first row was taken for data, not for column names", NULL },
};

static bool is_given(const struct pf_plan *plan, const char *name)
{
    const struct pf_option *table = plan->job.reader->options;
    const struct pf_option *option = table != NULL ? pf_option_find(table, name) : NULL;

    return option != NULL && pf_plan_is_set(plan, table, option);
}

bool pf_note_facts(struct pf_plan *plan)
{
    for (size_t i = 0; i < PF_COUNT(remarkable); i++) {
        const char *value = pf_plan_fact(plan, remarkable[i].fact);
        if (value == NULL || strcmp(value, remarkable[i].usual) == 0 || strcmp(value, "none") == 0 ||
            is_given(plan, remarkable[i].option))
            continue;
        if ((plan->job.reader->flags & PF_READER_TELLS_HEADER) != 0 && strcmp(remarkable[i].fact, "has_header") == 0)
            continue;
        if (!pf_plan_warn(plan, "%s%s%s", remarkable[i].begin, remarkable[i].end != NULL ? pf_words_visible(value) : "",
                          remarkable[i].end != NULL ? remarkable[i].end : ""))
            return false;
    }
    return true;
}

bool pf_note_types(struct pf_plan *plan, const struct pf_schema *written)
{
    char changes[CHANGES] = "";
    char type[32];
    size_t used = 0;
    uint32_t count = 0;

    for (uint32_t i = 0; i < written->count; i++) {
        const struct pf_field *field = &written->fields[i];
        if (field->type == PF_TYPE_STRING || pf_schema_find(&plan->replaced, field->name) < 0)
            continue;
        count++;
        if (used < sizeof changes / 2) {
            int wrote = snprintf(changes + used, sizeof changes - used, "%s%.60s %s", used > 0 ? ", " : "", field->name,
                                 pf_type_text(field, type));
            used += wrote > 0 ? (size_t)wrote : 0;
        }
    }
    if (count == 0)
        return true;
    return pf_plan_warn(plan, "the file that was replaced held text only; %s now: %s%s (--types string keeps text)",
                        count == 1 ? "one column has a type" : "columns have types", changes,
                        used >= sizeof changes / 2 ? ", ..." : "");
}

bool pf_note_rejects(struct pf_plan *plan, const struct pf_outcome *outcome)
{
    struct pf_source_stat stat;
    struct pf_error absent;
    char rows[PF_WORDS];
    bool directory;

    if (outcome->rejects_written && plan->job.rejects == NULL)
        return pf_plan_warn(plan, "%s rejected and kept in files beside the outputs",
                            pf_words_verb(outcome->rows_rejected, "row", "was", "were", rows));
    if (outcome->rejects_written)
        return pf_plan_warn(plan, "%s rejected and kept in %s",
                            pf_words_verb(outcome->rows_rejected, "row", "was", "were", rows), plan->job.rejects);
    if (outcome->rows_rejected == 0) {
        const char *path = plan->job.rejects;
        if (path == NULL || pf_location_stat(plan->ctx, path, &stat, &directory, &absent) != PF_OK)
            return true;
        return pf_plan_warn(plan, "no rows were rejected; %s is of an earlier conversion", path);
    }
    return pf_plan_warn_loss(plan, "%s rejected and not kept: --rejects PATH keeps them",
                             pf_words_of(outcome->rows_rejected, "row", rows));
}

/* In a table of one column a line without anything might have been meant for a row. */
static bool note_left_out(struct pf_plan *plan, const struct pf_outcome *outcome)
{
    char lines[PF_WORDS];

    return outcome->rows_left_out == 0 || outcome->schema.count != 1 || plan->job.columns != NULL ||
           (plan->job.reader->flags & PF_READER_TYPED) != 0 ||
           pf_plan_warn(plan, "%s left out as empty: a row of one empty value is written \"\"",
                        pf_words_verb(outcome->rows_left_out, "line", "was", "were", lines));
}

/* The columns, by name, that are numbers under options. */
static bool note_forms_of(struct pf_plan *plan, const struct pf_outcome *outcome, uint32_t first, const char *options)
{
    char names[CHANGES] = "";
    size_t used = 0;
    uint32_t count = 0;

    for (uint32_t i = first; i < outcome->schema.count; i++) {
        const char *of = outcome->columns[i].number_options;
        if (of == NULL || strcmp(of, options) != 0)
            continue;
        count++;
        if (used < sizeof names / 2) {
            int wrote =
                snprintf(names + used, sizeof names - used, "%s'%.60s'", used > 0 ? ", " : "", outcome->schema.fields[i].name);
            used += wrote > 0 ? (size_t)wrote : 0;
        }
    }
    return pf_plan_warn(plan, "column%s %s%s %s read as text, but all values are numbers with %s: %s reads them as such",
                        count == 1 ? "" : "s", names, used >= sizeof names / 2 ? ", ..." : "", count == 1 ? "was" : "were",
                        strncmp(options, "--decimal", strlen("--decimal")) == 0 ? "a comma" : "marks between thousands",
                        options);
}

static bool note_number_forms(struct pf_plan *plan, const struct pf_outcome *outcome)
{
    const struct pf_option *table = plan->job.reader->options;

    if (outcome->columns == NULL || table == NULL || pf_option_find(table, "decimal") == NULL)
        return true;
    for (uint32_t i = 0; i < outcome->schema.count; i++) {
        const char *options = outcome->columns[i].number_options;
        bool told = options == NULL;

        for (uint32_t before = 0; before < i && !told; before++) {
            const char *other = outcome->columns[before].number_options;
            told = other != NULL && strcmp(other, options) == 0;
        }
        if (!told && !note_forms_of(plan, outcome, i, options))
            return false;
    }
    return true;
}

/* Of a table that is written as text. */
static bool note_binary(struct pf_plan *plan, const struct pf_outcome *outcome)
{
    if (plan->job.writer == NULL || plan->job.writer->settle != PF_SETTLE_NONE || strcmp(plan->job.writer->name, "csv") != 0)
        return true;
    for (uint32_t i = 0; i < outcome->schema.count; i++) {
        const struct pf_field *field = &outcome->schema.fields[i];
        if (field->type == PF_TYPE_BINARY &&
            !pf_plan_warn(plan, "column '%.96s' is binary and was written as base64", field->name))
            return false;
    }
    return true;
}

bool pf_note_rows(struct pf_plan *plan, const struct pf_outcome *outcome)
{
    char rows[PF_WORDS];

    if (!note_left_out(plan, outcome) || !note_number_forms(plan, outcome) || !note_binary(plan, outcome))
        return false;
    if (outcome->rows_short > 0 &&
        !pf_plan_warn(plan, "%s fewer fields than there are columns, and got nulls (--ragged fail stops at such rows)",
                      pf_words_verb(outcome->rows_short, "row", "has", "have", rows)))
        return false;
    return outcome->rows_like_header == 0 ||
           pf_plan_warn(plan, "%s the header once more, as in a file that was put together from several",
                        pf_words_verb(outcome->rows_like_header, "row", "is", "are", rows));
}

void pf_log_reasons(const struct pf_plan *plan, const struct pf_outcome *outcome)
{
    for (uint32_t i = 0; outcome->columns != NULL && i < outcome->schema.count; i++) {
        const struct pf_column_facts *facts = &outcome->columns[i];
        const char *name = outcome->schema.fields[i].name;
        if (facts->because != NULL && facts->because_row > 0)
            pf_log(plan->ctx, PF_LOG_INFO, "Column '%.96s' is text: row %lld: %s", name, (long long)facts->because_row,
                   facts->because);
        else if (facts->because != NULL)
            pf_log(plan->ctx, PF_LOG_INFO, "Column '%.96s' is text: %s", name, facts->because);
    }
}
