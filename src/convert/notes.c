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
    { "delimiter", ",", "delimiter", "values are separated by ", "" },
    { "quote", "\"", "quote", "values are quoted with ", "" },
    { "has_header", "true", "header", "the first row was taken for data, not for column names", NULL },
};

static const char *in_words(const char *value)
{
    static const char *const words[][2] = { { "\t", "tabs" }, { "\\t", "tabs" }, { " ", "blanks" }, { "", "nothing" } };

    for (size_t i = 0; i < PF_COUNT(words); i++) {
        if (strcmp(value, words[i][0]) == 0)
            return words[i][1];
    }
    return value;
}

static bool is_given(const struct pf_plan *plan, const char *name)
{
    const struct pf_option *table = plan->job.reader->options;
    const struct pf_option *option = table != NULL ? pf_option_find(table, name) : NULL;

    for (uint32_t i = 0; option != NULL && i < plan->setting_count; i++) {
        if (pf_option_find(table, plan->settings[i].name) == option)
            return true;
    }
    return false;
}

bool pf_note_facts(struct pf_plan *plan)
{
    for (size_t i = 0; i < PF_COUNT(remarkable); i++) {
        const char *value = pf_plan_fact(plan, remarkable[i].fact);
        if (value == NULL || strcmp(value, remarkable[i].usual) == 0 || is_given(plan, remarkable[i].option))
            continue;
        if (!pf_plan_warn(plan, "%s%s%s", remarkable[i].begin, remarkable[i].end != NULL ? in_words(value) : "",
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
    return pf_plan_warn(plan, "the file that was replaced held text only; %s now: %s%s (--compat 1.0 keeps text)",
                        count == 1 ? "one column has a type" : "columns have types", changes,
                        used >= sizeof changes / 2 ? ", ..." : "");
}

bool pf_note_rejects(struct pf_plan *plan, const struct pf_outcome *outcome)
{
    struct pf_source_stat stat;
    struct pf_error absent;
    char rows[PF_WORDS];
    bool directory;

    if (outcome->rejects_written)
        return true;
    if (outcome->rows_rejected == 0) {
        const char *path = plan->job.rejects;
        if (path == NULL || pf_location_stat(path, &stat, &directory, &absent) != PF_OK)
            return true;
        return pf_plan_warn(plan, "no rows were rejected; %s is of an earlier conversion", path);
    }
    return pf_plan_warn(plan, "%s rejected and not kept: --rejects PATH keeps them",
                        pf_words_of(outcome->rows_rejected, "row", rows));
}
