/* The options of a conversion that belong to no format, and what is known of options besides their tables. */
#ifndef PF_CONVERT_OPTIONS_H
#define PF_CONVERT_OPTIONS_H

#include "pyforge/pyforge.h"

enum pf_compat { PF_COMPAT_NONE, PF_COMPAT_1_0 };

enum pf_table_mode { PF_TABLE_ERROR, PF_TABLE_APPEND, PF_TABLE_OVERWRITE };

enum pf_combine_by { PF_COMBINE_BY_COLUMNS, PF_COMBINE_BY_NAME };

struct pf_convert_options {
    const char *format, *from, *columns; /* NULL = not given */
    const char *schema;
    const char *tables;
    int combine_by; /* enum pf_combine_by */
    bool combine, separate, sheet_column;
    int types;          /* enum pf_types_mode */
    int on_error;       /* enum pf_on_error */
    int schema_missing; /* 1 = columns of schema that the input does not have are passed over */
    int compat;         /* enum pf_compat */
    const char *rejects;
    const char *max_rejects;
    int64_t threads, memory;
    const char *engine;                             /* "auto", "native", or of an extension */
    int log_level;                                  /* enum pf_log_level */
    const char *output_dir, *temp_dir, *report_dir; /* NULL = not given */
    int64_t max_record, max_columns;
    double max_expansion;
    const char *table, *staging, *timezone;
    int mode; /* enum pf_table_mode */
    bool merge_schema;
    bool force, sync, rejects_full, force_pyspark;
    bool force_core; /* never set: settings.c makes engine of it */
};

extern const struct pf_option pf_convert_option_table[];

/* Options of the original command that belong to formats this version does not read or write: accepted, without effect, with a
 * warning. They have no members. */
extern const struct pf_option pf_other_option_table[];

/* Options whose default comes from an environment variable. Ends with NULL. */
struct pf_option_variable {
    const char *variable;
    const char *option;
};
extern const struct pf_option_variable pf_option_variables[];

#endif
