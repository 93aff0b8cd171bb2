#include "convert/options.h"

#include <stddef.h>

#define AT(member) offsetof(struct pf_convert_options, member)

/* Rows are set in columns by hand: a table to be read. */
/* clang-format off */
const struct pf_option pf_convert_option_table[] = {
    { "format", "f|to|output-format", PF_OPTION_TEXT, NULL, NULL, "FORMAT",
      "Write this format, whatever OUTPUT is called; without it the suffix of OUTPUT decides, else parquet.",
      "Conversion", AT(format) },
    { "from", "input-format", PF_OPTION_TEXT, NULL, NULL, "FORMAT",
      "Read the input as this format instead of telling it by content and suffix.",
      "Conversion", AT(from) },
    { "columns", NULL, PF_OPTION_TEXT, NULL, NULL, "NAMES",
      "Keep these columns only: 'id,name,\"a, b\"'.",
      "Conversion", AT(columns) },
    { "force", NULL, PF_OPTION_FLAG, NULL, NULL, NULL,
      "Replace an existing output; the old one stays until the new one is whole.",
      "Conversion", AT(force) },
    { "compat", NULL, PF_OPTION_CHOICE, "none|1.0=1", "none", NULL,
      "1.0: column types, nulls, output names and exit codes as pyforge-cli 1.0 had them (environment: PYFORGE_COMPAT).",
      "Conversion", AT(compat) },

    { "types", NULL, PF_OPTION_CHOICE, "infer|string", "infer", NULL,
      "infer: types that fit every value of a column without loss; string: every column as text (environment: PYFORGE_TYPES).",
      "Types and errors", AT(types) },
    { "schema", NULL, PF_OPTION_TEXT, NULL, NULL, "COLUMNS",
      "Declare types: 'id:int64,amount:decimal(12,2)'; other columns are inferred.",
      "Types and errors", AT(schema) },
    { "on-error", NULL, PF_OPTION_CHOICE, "fail|null|reject=skip", "fail", NULL,
      "What becomes of a value that does not fit its declared type: stop, write null, or set the row aside.",
      "Types and errors", AT(on_error) },
    { "rejects", NULL, PF_OPTION_TEXT, NULL, NULL, "PATH",
      "Where rows that could not be kept are written (default: OUTPUT.rejects.csv).",
      "Types and errors", AT(rejects) },
    { "rejects-full", NULL, PF_OPTION_FLAG, NULL, NULL, NULL,
      "Write the whole text of rejected rows instead of the first 1 KiB.",
      "Types and errors", AT(rejects_full) },
    { "max-rejects", NULL, PF_OPTION_NUMBER, NULL, "10%", "SHARE",
      "Fail when more than this share of the rows is rejected.",
      "Types and errors", AT(max_rejects) },

    { "threads", NULL, PF_OPTION_INTEGER, NULL, "0", "N",
      "Threads in all; 0 = one for each core.",
      "Resources", AT(threads) },
    { "memory", "max-memory", PF_OPTION_SIZE, NULL, "256M", "SIZE",
      "Memory to stay within, whatever the size of the input (environment: PYFORGE_MAX_MEMORY).",
      "Resources", AT(memory) },
    { "engine", NULL, PF_OPTION_CHOICE, "auto|native|spark", "auto", NULL,
      "What does the work; this version has the native engine only.",
      "Resources", AT(engine) },
    { "sync", NULL, PF_OPTION_FLAG, NULL, NULL, NULL,
      "Wait until the output is on the disk, so that it survives a power failure.",
      "Resources", AT(sync) },
    { "force-pyspark", NULL, PF_OPTION_FLAG, NULL, NULL, NULL,
      "Accepted for scripts of version 1.0; the native engine is used.",
      "Resources", AT(force_pyspark) },

    { "max-record", NULL, PF_OPTION_SIZE, NULL, "64M", "SIZE",
      "Refuse a text record larger than this; an unclosed quote ends here.",
      "Limits", AT(max_record) },
    { "max-columns", NULL, PF_OPTION_INTEGER, NULL, "100000", "N",
      "Refuse a table with more columns.",
      "Limits", AT(max_columns) },
    { "max-expansion", NULL, PF_OPTION_NUMBER, NULL, "2000", "TIMES",
      "Refuse compressed input that grows to more than this many times its size.",
      "Limits", AT(max_expansion) },
    { .name = NULL },
};

const struct pf_option pf_other_option_table[] = {
    { "pages", "p", PF_OPTION_TEXT, NULL, NULL, "RANGE", "Pages of a PDF document.", "Other formats", 0 },
    { "metadata", "m", PF_OPTION_FLAG, NULL, NULL, NULL, "Page marks in the text of a PDF document.", "Other formats", 0 },
    { "password", NULL, PF_OPTION_TEXT, NULL, NULL, "TEXT", "Password of an Access database.", "Other formats", 0 },
    { "tables", "t|sheets", PF_OPTION_TEXT, NULL, NULL, "NAMES", "Tables of a database, sheets of a workbook.",
      "Other formats", 0 },
    { "combine", "combine-sheets", PF_OPTION_FLAG, NULL, NULL, NULL, "All sheets into one table.", "Other formats", 0 },
    { "separate", NULL, PF_OPTION_FLAG, NULL, NULL, NULL, "Each sheet into a table of its own.", "Other formats", 0 },
    { "flatten-strategy", NULL, PF_OPTION_CHOICE, "conservative|moderate|aggressive", "conservative", NULL,
      "How XML becomes columns.", "Other formats", 0 },
    { "array-handling", NULL, PF_OPTION_CHOICE, "expand|concatenate|json_string=json-string", "expand", NULL,
      "What becomes of repeated XML elements.", "Other formats", 0 },
    { "namespace-handling", "namespaces", PF_OPTION_CHOICE, "preserve=keep|strip|prefix", "preserve", NULL,
      "What becomes of XML namespaces.", "Other formats", 0 },
    { "preview-schema", NULL, PF_OPTION_FLAG, NULL, NULL, NULL, "Show the columns an XML document gives.", "Other formats", 0 },
    { .name = NULL },
};
/* clang-format on */

const struct pf_option_variable pf_option_variables[] = {
    { "PYFORGE_TYPES", "types" },
    { "PYFORGE_COMPAT", "compat" },
    { "PYFORGE_MAX_MEMORY", "memory" },
    { "PYFORGE_COMPRESSION", "compression" },
    { NULL, NULL },
};
