/* Plan: from a request to a job in which everything is decided. The only place that looks up formats by name, derives output
 * names and checks what may be written. */
#ifndef PF_CONVERT_PLAN_H
#define PF_CONVERT_PLAN_H

#include "convert/options.h"
#include "convert/request.h"
#include "engine/engine.h"

enum pf_plan_purpose {
    PF_PLAN_CONVERT,
    PF_PLAN_READ,    /* info, stream: one table is read; nothing is written, output options are ignored */
    PF_PLAN_READ_ALL /* validate: every table is, one after another */
};

/* What a reader tells of the input: "delimiter" = ",". */
struct pf_fact {
    const char *name, *value;
    bool number; /* value is a JSON number, true or false, or a list */
};

struct pf_engine_candidate; /* engines.h */

/* One table as it is written: of one table of the input, or of several that become one. */
struct pf_plan_table {
    const char *name; /* of its first part */
    struct pf_part *parts;
    uint32_t part_count;
    const char *path;    /* of its file; that of all where one file holds them */
    const char *rejects; /* where its rejected rows go; NULL = nowhere */
    bool exists;         /* a file is there */
};

/* A table of the input that is not read although nobody said so. */
struct pf_left_out {
    const char *name, *why;
};

/* What is made of the tables of an input that may have several. */
struct pf_plan_tables {
    struct pf_plan_table *tables;
    uint32_t count; /* 0 = the input is of a format that has one table, without a name */
    bool one_file;  /* the output holds all of them */
    const char *suffix;
    struct pf_left_out *left_out;
    uint32_t left_out_count;
};

struct pf_plan {
    struct pf_context *ctx;
    struct pf_arena arena; /* holds every text the job refers to: the request may be freed */
    struct pf_convert_options options;
    struct pf_job job;
    struct pf_schema declared;
    const struct pf_setting *settings;
    uint32_t setting_count;
    struct pf_given given;        /* what stands in the place of files; the request's until then */
    const char *reader_chosen_by; /* "content", "--from", "the caller" */
    const char *writer_chosen_by; /* "--format", "suffix of the output", "default" */
    const char *compression;      /* of the input: "", "gzip", "zstd" */
    struct pf_source_stat input_stat;
    bool output_exists;
    bool engines_only;  /* what is written is no file: a table, or a format that only engines write */
    bool reader_opened; /* job.reader_state is to be closed */
    struct pf_fact *facts;
    uint32_t fact_count, fact_capacity;
    struct pf_schema replaced; /* of the typed file that is to be replaced, when every column of it is text; else empty */
    struct pf_plan_tables tables;
    const char *about;                   /* the table that warnings are about, of several; NULL = there is one */
    struct pf_engine_candidate *engines; /* in the order in which they are tried; none where nothing is written */
    uint32_t engine_count, engine_capacity;
    const char **warnings;
    uint32_t warning_count;
};

/* Fills plan, which pf_plan_free always takes back, also after a failure; what was decided up to then can be shown. The
 * limits of ctx are set to those asked for. What was given to the request in the place of files is the plan's from here on. The
 * plan stays where it is. */
enum pf_status pf_plan_make(struct pf_plan *plan, struct pf_request *request, enum pf_plan_purpose purpose,
                            struct pf_error *err);
void pf_plan_free(struct pf_plan *plan);
/* A warning for the result; it goes to the log at once. false = out of memory. */
bool pf_plan_warn(struct pf_plan *plan, const char *format, ...) PF_PRINTF(2, 3);

/* The same of something asked for that is lost: who wants errors only is told of it, too. */
bool pf_plan_warn_loss(struct pf_plan *plan, const char *format, ...) PF_PRINTF(2, 3);

/* Opens the reader, unless that is done, and has ask (unless NULL) ask it something; what it warns of goes to the plan. */
typedef enum pf_status (*pf_plan_ask_fn)(struct pf_plan *plan, void *user, struct pf_error *err);
enum pf_status pf_plan_ask(struct pf_plan *plan, pf_plan_ask_fn ask, void *user, struct pf_error *err);
/* Which tables are read, and which of them become one (tables.c): the job has the first, or its parts. The reader is opened. */
enum pf_status pf_plan_choose_tables(struct pf_plan *plan, enum pf_plan_purpose purpose, struct pf_error *err);
/* Whether an option is about tables of the input, of which some formats have one only. */
bool pf_is_tables_option(const char *name);
/* Several tables, each with a file of its own. output: NULL = named by the input; folder: it is a folder that is there (outputs.c). */
enum pf_status pf_plan_spread(struct pf_plan *plan, const struct pf_request *request, const char *output, bool folder,
                              struct pf_error *err);
/* The job of one of the tables. */
struct pf_job pf_plan_job(const struct pf_plan *plan, uint32_t table);
/* Whether the outputs lie in a folder of their own: output is as the caller names it, NULL = nobody does. */
bool pf_plan_wants_folder(const struct pf_plan *plan, const char *output);
/* Several tables go into outputs, or into one: the job alone does not tell everything. */
bool pf_plan_is_many(const struct pf_plan *plan);
/* Whether tables of the input can become one: their types are then found over all of them. */
bool pf_plan_can_combine(const struct pf_plan *plan);

/* Opens the reader for the job, and fills plan->facts and, unless table is NULL, the table (its schema initialised by the
 * caller). Once, before the engine runs. */
enum pf_status pf_plan_facts(struct pf_plan *plan, struct pf_table *table, struct pf_error *err);
/* NULL = the reader told no such thing. */
const char *pf_plan_fact(const struct pf_plan *plan, const char *name);

/* Whether the input, the output is a location (a path or "-"), not something given in its place. */
bool pf_plan_input_located(const struct pf_plan *plan);
bool pf_plan_output_located(const struct pf_plan *plan);
/* Whether one of the settings is of this option of the table. */
bool pf_plan_is_set(const struct pf_plan *plan, const struct pf_option *table, const struct pf_option *option);

/* The option struct of a format, in the plan's arena: defaults, then the settings that its table knows. */
enum pf_status pf_plan_fill(struct pf_plan *plan, const struct pf_option *table, size_t size, void **struct_out,
                            struct pf_error *err);
/* An option of several names as it was given last; a name of one letter does not count. */
const char *pf_plan_spelled(const struct pf_plan *plan, const char *name);
/* PF_BAD_OPTION: --from, --format name nothing that is read, written here. */
enum pf_status pf_plan_no_reader(struct pf_plan *plan, struct pf_error *err);
enum pf_status pf_plan_no_writer(struct pf_plan *plan, struct pf_error *err);

/* ---- parts of a plan with files of their own */

/* "a,'b, c',\"d\"\"e\"" as names. PF_BAD_OPTION for an empty list or an open quote. */
enum pf_status pf_names_parse(const char *text, struct pf_arena *arena, const char *const **names, uint32_t *count,
                              struct pf_error *err);
enum { PF_FORMAT_NAMES = 128 };
/* "csv, parquet": the formats that are written, or read. */
void pf_list_formats(const struct pf_context *ctx, bool written, char to[PF_FORMAT_NAMES]);
/* "10%" and "0.1" as a share of the rows; "25", a whole number, as rows, and the share is then 1. */
enum pf_status pf_max_rejects_parse(const char *text, double *share, int64_t *rows, struct pf_error *err);
/* Whether the value of an option of the conversion can be one, as far as it tells by itself. */
enum pf_status pf_setting_range(struct pf_context *ctx, const struct pf_setting *setting, struct pf_error *err);
/* "id:int64,amount:decimal(12,2),day:date(dmy)" into schema. */
enum pf_status pf_schema_parse(const char *text, struct pf_schema *schema, struct pf_error *err);

/* Bytes of a location that is shown. */
enum { PF_SHOWN = 4096 };

/* The input's last name: in arena, or a part of it. Of a location with a scheme, without a user and password, and without a signature. */
enum pf_status pf_last_name(const char *input, struct pf_arena *arena, const char **name, struct pf_error *err);
/* The same without compression and suffix. */
enum pf_status pf_stem(const char *input, struct pf_arena *arena, const char **stem, struct pf_error *err);
/* The last name of a location as it may be shown: what hides its secrets has to see all of it. */
const char *pf_shown_name(const char *location, char shown[PF_SHOWN]);
/* "sales.csv.gz" and "parquet" give "sales.parquet" beside the input; folder (NULL = the input's) is where to. */
enum pf_status pf_output_name(const char *input, const char *folder, const char *suffix, struct pf_arena *arena,
                              const char **name, struct pf_error *err);

/* Where rejected rows go when nothing else is written: only where --rejects names a file. */
enum pf_status pf_plan_rejects(struct pf_plan *plan, struct pf_error *err);
/* Nothing is there, or it cannot be told. A location that can never be one is refused before the work; what else stands in the way is told
 * when it is made. */
enum pf_status pf_plan_no_place(const struct pf_error *absent, struct pf_error *err);
/* Decides and checks where the output goes (plan_output.c); the reader is known. */
enum pf_status pf_plan_output(struct pf_plan *plan, const struct pf_request *request, struct pf_error *err);

/* A table, or a format that only engines write, as the target: plan->engines_only says so, and the job has its name, and a writer that
 * stands for it. PF_UNSUPPORTED when no engine writes such a thing (plan_target.c). */
enum pf_status pf_plan_target(struct pf_plan *plan, const struct pf_request *request, struct pf_error *err);
/* What --to names, when it is nothing that the core writes; NULL = it is, or nothing is named. */
enum pf_status pf_plan_find_format(struct pf_plan *plan, const char **name, struct pf_error *err);
/* Whether an option has a meaning for such targets only. */
bool pf_is_target_option(const char *name);
/* "append" */
const char *pf_plan_mode(const struct pf_plan *plan);

/* ---- folders made for the output */
struct pf_folders {
    char **made; /* in the order in which they were made */
    uint32_t count;
};

/* Makes the missing folders above path. What was made is remembered also when a later one fails. */
enum pf_status pf_folders_make(struct pf_folders *folders, const char *path, struct pf_arena *arena, struct pf_error *err);
/* Removes those that are empty. */
void pf_folders_remove(const struct pf_folders *folders);

/* ---- exit codes */
int pf_exit_code(enum pf_status status, bool rejected, const struct pf_convert_options *options);

#endif
