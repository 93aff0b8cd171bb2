/* Whether a plan can be carried out by Spark with the result that the native engine would give. What depends on a format is said by its
 * reader (foreign); here is what depends on the conversion. */
#include <string.h>

#include "convert/remote.h"
#include "formats/format.h"

/* Types that are made of texts, and those of a typed format that both engines hold alike. */
static const char *refuse_type(const struct pf_field *field)
{
    switch (field->type) {
    case PF_TYPE_STRING:
    case PF_TYPE_BOOL:
    case PF_TYPE_INT8:
    case PF_TYPE_INT16:
    case PF_TYPE_INT32:
    case PF_TYPE_INT64:
    case PF_TYPE_FLOAT32:
    case PF_TYPE_FLOAT64:
    case PF_TYPE_DECIMAL128:
    case PF_TYPE_DATE32:
    case PF_TYPE_TIMESTAMP:
    case PF_TYPE_BINARY:
        return NULL;
    default:
        return "a column is of a type that Spark does not have";
    }
}

static const char *refuse_declared(const struct pf_plan *plan)
{
    for (uint32_t i = 0; i < plan->declared.count; i++) {
        if ((plan->job.reader->flags & PF_READER_TYPED) != 0)
            return "types are declared";
        if (plan->declared.fields[i].type != PF_TYPE_STRING)
            return "types are declared, and their texts are read more leniently here";
    }
    return NULL;
}

/* What a reading of the whole input has shown. */
static const char *refuse_seen(const struct pf_outcome *seen)
{
    const char *why = NULL;

    if (seen->rows_rejected != 0)
        return "rows are set aside, which Spark would not tell apart";
    if (seen->rows_written == 0)
        return "it has no rows";
    for (uint32_t i = 0; why == NULL && i < seen->schema.count; i++)
        why = refuse_type(&seen->schema.fields[i]);
    return why;
}

const char *pf_remote_refusal(const struct pf_plan *plan, const struct pf_outcome *seen)
{
    const struct pf_job *job = &plan->job;
    const char *why;

    if (!pf_plan_input_located(plan) || !plan->input_stat.regular)
        return "the input is no file";
    if (job->reader->foreign == NULL)
        return "its format is read natively only";
    if (plan->compression[0] != '\0')
        return "it is compressed, and Spark could not read it in parts";
    if (pf_plan_is_many(plan) || job->part_count != 0)
        return "it has several tables";
    if (!plan->engines_only && strcmp(job->writer->name, "parquet") != 0 && strcmp(job->writer->name, "csv") != 0)
        return "what Spark writes is joined as Parquet or CSV only";
    why = refuse_declared(plan);
    return why == NULL && seen != NULL ? refuse_seen(seen) : why;
}
