/* PyForge: data files in, analysis-ready tables out. The public interface of libpyforge.
 *
 * Ownership: what a function returns by pointer is borrowed from the object it was asked of, unless its name ends in _new;
 * what ends in _new is given back to the function of the same name that ends in _free. NULL may be given to every _free.
 * Errors: calls that can fail return an enum pf_status and fill a struct pf_error that the caller supplies; they never print,
 * exit, or install a signal handler.
 * Threads: a context may be used by one thread at a time; pf_context_cancel may be called from any thread or signal handler. */
#ifndef PYFORGE_PYFORGE_H
#define PYFORGE_PYFORGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PF_API __attribute__((visibility("default")))
#else
#define PF_API
#endif

#define PF_VERSION "2.0.0-dev"

enum pf_status {
    PF_OK = 0,
    PF_END,         /* not an error: nothing follows */
    PF_NO_MEMORY,   /* an allocation was refused */
    PF_IO,          /* the operating system refused to read or write */
    PF_BAD_DATA,    /* the input breaks the rules of its format */
    PF_UNSUPPORTED, /* correct, but not something this version reads or writes */
    PF_LIMIT,       /* a limit was reached; the message names the option that raises it */
    PF_BAD_OPTION,  /* an option is unknown, has a bad value, or contradicts another */
    PF_NOT_FOUND,   /* the input, or the table or column asked for, is not there */
    PF_EXISTS,      /* the output exists and may not be replaced */
    PF_CANCELLED,   /* pf_context_cancel was called */
    PF_REJECTED,    /* more rows were rejected than allowed */
    PF_INTERNAL     /* an accounting check failed: the fault is ours, nothing was written */
};

/* An error with its place. Filled by the call that failed; fixed size, so that reporting never allocates. */
struct pf_error {
    enum pf_status status;
    int64_t row;          /* from 1, data rows; 0 = not known */
    int64_t line;         /* from 1, physical lines of the file; 0 = not known */
    int64_t column;       /* from 1; 0 = not known */
    int64_t offset;       /* byte in the (decompressed) source; -1 = not known */
    char source[256];     /* file, and table or part in it; "" = not known */
    char column_name[96]; /* "" = not known */
    char message[512];    /* one line: what was found and what was expected */
    char remedy[256];     /* one line: what to do about it; "" = nothing to advise */
};

struct pf_context;

enum pf_log_level {
    PF_LOG_DEBUG,
    PF_LOG_INFO,
    PF_LOG_WARNING,
    PF_LOG_ERROR,
    PF_LOG_AS_SET /* for pf_context_on_log only: from the level that the setting log-level (PYFORGE_LOG_LEVEL) names */
};

/* What a conversion has done so far; given to the progress function between blocks, on the thread that called. */
struct pf_progress {
    int64_t bytes_read, bytes_total; /* of the input as stored; total -1 = not known (a pipe) */
    int64_t rows;                    /* rows read so far */
    double seconds;                  /* since the start of the conversion */
    const char *step;                /* "reading", "repairing", "writing" */
};

typedef void (*pf_log_fn)(void *user, enum pf_log_level level, const char *message);
typedef void (*pf_progress_fn)(void *user, const struct pf_progress *progress);

/* NULL when out of memory. A context serves one conversion, or one stream, at a time: --memory is its budget. */
PF_API struct pf_context *pf_context_new(void);
/* Requests, results and streams made from it may outlive it: they hold it. None of its functions is called any more. */
PF_API void pf_context_free(struct pf_context *ctx);
PF_API void pf_context_on_log(struct pf_context *ctx, pf_log_fn fn, void *user, enum pf_log_level from);
/* The level from which on messages are given; with PF_LOG_AS_SET that of the last call that read the settings. */
PF_API enum pf_log_level pf_context_log_level(const struct pf_context *ctx);
PF_API void pf_context_on_progress(struct pf_context *ctx, pf_progress_fn fn, void *user);
/* Called several times a second while a call waits for somebody else (a pipe that gives or takes nothing), on the thread that waits; it
 * may cancel. For programs whose signals are only noted, and dealt with when they are asked for. */
PF_API void pf_context_on_wait(struct pf_context *ctx, void (*fn)(void *user), void *user);
/* Async-signal-safe. The running call ends with PF_CANCELLED soon after; nothing it began is left behind. */
PF_API void pf_context_cancel(struct pf_context *ctx);
/* True once pf_context_cancel was called and until the next conversion begins. */
PF_API bool pf_context_cancelled(const struct pf_context *ctx);

PF_API const char *pf_version(void);
/* "PF_BAD_DATA" and so on. */
PF_API const char *pf_status_name(enum pf_status status);
/* Puts stars in place of the secrets in the locations that text has in it ("https://user:***@host/a.csv?***"), in place: it never grows. Of a
 * text that was cut no beginning of a secret is left. All messages, results and reports are without them already. */
PF_API void pf_hide_secrets(char *text);

/* ---- options: the tables that command lines, keyword arguments and documentation are made from */

enum pf_option_kind {
    PF_OPTION_FLAG,    /* bool */
    PF_OPTION_INTEGER, /* int64_t */
    PF_OPTION_SIZE,    /* int64_t, bytes; takes K, M, G (powers of 1024) */
    PF_OPTION_NUMBER,  /* double; takes a trailing % */
    PF_OPTION_TEXT,    /* const char * */
    PF_OPTION_CHOICE   /* int: place in choices, from 0 */
};

#define PF_OPTION_SECRET "SECRET"

/* One row of an option table. Tables end with a row whose name is NULL. */
struct pf_option {
    const char *name;    /* long name without dashes: "row-group-size" */
    const char *aliases; /* other spellings, separated by '|'; a single letter is a short option; NULL = none */
    enum pf_option_kind kind;
    const char *choices; /* for PF_OPTION_CHOICE: "snappy|zstd|none"; case does not matter; "reject=skip": other spellings */
    const char *initial; /* the default as a user would write it; NULL = false, 0, or absent (NULL) */
    const char *unit;    /* metavariable in help: "N", "BYTES", "PATH"; PF_OPTION_SECRET: the value is shown nowhere */
    const char *help;    /* one sentence */
    const char *group;   /* heading in help: "CSV input" */
    size_t offset;       /* of the member in the owner's struct */
};

/* All option tables known to the context, one after another. index from 0; NULL after the last. owner: "convert",
 * "csv reader", "parquet writer", ... */
PF_API const struct pf_option *pf_option_table(const struct pf_context *ctx, uint32_t index, const char **owner);

/* The functions below work on any table, also a caller's own. A name is a long name or an alias, with or without leading dashes,
 * '_' as '-'; a flag may also be named with "no-" in front. */
/* NULL = the table has no such option. */
PF_API const struct pf_option *pf_option_find(const struct pf_option *table, const char *name);
/* Fills the members of target with the defaults of the table. */
PF_API void pf_option_defaults(const struct pf_option *table, void *target);
/* Reads value into the option's member of target. value NULL = true for a flag; name is what the user wrote (NULL = the option's).
 * A text is not copied: value must outlive target. PF_BAD_OPTION names the option, the value and what is possible. */
PF_API enum pf_status pf_option_set(const struct pf_option *option, const char *name, const char *value, void *target,
                                    struct pf_error *err);
/* The option's value in target as a user would write it, "***" for a secret; scratch may be used for it. NULL = no text was given. */
PF_API const char *pf_option_text(const struct pf_option *option, const void *target, char scratch[32]);
/* Writes "did you mean --a or --b?" for an unknown name; "" when nothing is near. */
PF_API void pf_option_suggest(const struct pf_option *const *tables, uint32_t count, const char *name, char *to, size_t size);
/* For hosts whose options are keywords: in what err advises, "--on-error reject" becomes on_error="reject", and "--force" force=True. */
PF_API void pf_error_for_keywords(const struct pf_context *ctx, struct pf_error *err);
/* From here on the same in what the context's calls warn of, in logs and results. */
PF_API void pf_context_use_keywords(struct pf_context *ctx);

/* ---- formats */

struct pf_format_entry {
    const char *name;        /* "csv" */
    const char *description; /* "Comma-separated values" */
    char suffixes[96];       /* ".csv .tsv .txt" */
    bool reads, writes;
};
/* false after the last. */
PF_API bool pf_format_at(const struct pf_context *ctx, uint32_t index, struct pf_format_entry *out);

/* ---- conversion */

struct pf_request;
struct pf_result;

/* A request starts empty; options are set by the names of the option tables, with or without leading dashes, '_' as '-'.
 * NULL when out of memory. */
PF_API struct pf_request *pf_request_new(struct pf_context *ctx);
PF_API void pf_request_free(struct pf_request *request);
/* Both paths are copied. "-" is standard input or output. output NULL or "" = derived from the input and the format. input
 * NULL = pf_request_input was called, or pf_write_stream will be. */
PF_API enum pf_status pf_request_paths(struct pf_request *request, const char *input, const char *output, struct pf_error *err);
/* The output that pf_request_paths named is what the input's would be called, and nobody's own choice: of several tables, a folder takes its
 * place as if none were named. */
PF_API void pf_request_derived(struct pf_request *request);

/* An input that is no file: bytes in memory, or a function that gives them. */
struct pf_input {
    const char *name;  /* copied; for messages, and its suffix takes part in detection; NULL = "input" */
    const void *bytes; /* size bytes, which must stay as they are until release; NULL = read gives them */
    int64_t size;      /* -1 = not known, with read only (for progress) */
    /* Writes the next bytes, at most size of them, to to; *got 0 = the end. On failure: a status other than PF_OK and PF_END,
     * and, when there is more to say, err->message. */
    enum pf_status (*read)(void *user, void *to, size_t size, size_t *got, struct pf_error *err);
    void (*release)(void *user); /* called once, when nothing is needed any more; NULL = nothing to do */
    void *user;
};

/* Takes the input over, also on failure (release is called then), in place of any input named before. The call that reads
 * (pf_convert, pf_explain, pf_info, pf_validate, pf_read_stream) uses it up: another call needs another. read and release are
 * called only by the thread that is in a call on the request, on the stream made of it, or in pf_request_free. What a function
 * gives is copied to a private temporary file where it has to be read twice or in parts. */
PF_API enum pf_status pf_request_input(struct pf_request *request, const struct pf_input *input, struct pf_error *err);

/* An output that is no file. It gets the bytes in order, each once. */
struct pf_output {
    const char *name; /* copied; for messages, and its suffix names the format unless --to does; NULL = "output" */
    /* All size bytes are to be taken. Errors as with pf_input. */
    enum pf_status (*write)(void *user, const void *bytes, size_t size, struct pf_error *err);
    /* Called once, after the last write of a conversion in which all went well; NULL = nothing to do. */
    enum pf_status (*finish)(void *user, struct pf_error *err);
    /* Called once, at the very end; without finish before it, what was written is not complete and to be discarded. NULL =
     * nothing to do. */
    void (*release)(void *user);
    void *user;
};

/* Takes the output over, also on failure (release is called then), in place of any output named before. pf_convert or
 * pf_write_stream uses it up. Called only by the thread that is in such a call, or in pf_request_free. Rejected rows are kept
 * only where --rejects names a file. */
PF_API enum pf_status pf_request_output(struct pf_request *request, const struct pf_output *output, struct pf_error *err);
/* value NULL = true for a flag. An unknown name is PF_BAD_OPTION with a suggestion in remedy. The last value given wins. */
PF_API enum pf_status pf_request_set(struct pf_request *request, const char *name, const char *value, struct pf_error *err);
/* Whether name is a flag that takes no value (1), an option that takes one (0), or unknown (-1). */
PF_API int pf_request_is_flag(const struct pf_request *request, const char *name);
/* The exit code with which a command answers status, as pf_result_exit_code (--compat 1.0 has codes of its own). */
PF_API int pf_request_exit_code(const struct pf_request *request, enum pf_status status);

/* The input's location as a process opens it: "/x" for "file:/x"; of a storage scheme that is mounted the path there, "/Volumes/a" for
 * "dbfs:/Volumes/a". Whatever else is as it was given. PF_BAD_OPTION says what is wrong with it. The caller frees *text with
 * pf_text_free. */
PF_API enum pf_status pf_process_path(struct pf_request *request, char **text, struct pf_error *err);

/* Every option with its value in force and where that comes from: default, file of settings, environment, or the request. As text
 * for people (json false) or JSON; the caller frees *text with pf_text_free. PF_BAD_OPTION, with source and line, when a file
 * of settings or a variable is wrong. */
PF_API enum pf_status pf_config(struct pf_request *request, bool json, char **text, struct pf_error *err);

/* Runs the conversion. *out is always set when memory allows, also on failure (its error is *err); the caller frees it. */
PF_API enum pf_status pf_convert(struct pf_request *request, struct pf_result **out, struct pf_error *err);
/* What would be done, as text for people (json false) or JSON; the caller frees *text with pf_text_free. */
PF_API enum pf_status pf_explain(struct pf_request *request, bool json, char **text, struct pf_error *err);

PF_API void pf_result_free(struct pf_result *result);
/* The result record as JSON on one line. Borrowed from the result. */
PF_API const char *pf_result_json(const struct pf_result *result);
/* 0 done, 1 failed, 2 usage, 3 some rows rejected, 4 refused. */
PF_API int pf_result_exit_code(const struct pf_result *result);
/* One line for people: rows, size, time, engine. Borrowed. */
PF_API const char *pf_result_summary(const struct pf_result *result);
/* NULL after the last. */
PF_API const char *pf_result_warning(const struct pf_result *result, uint32_t index);

/* What pyforge knows of a file without converting it: format, schema, rows, dialect, row groups. As a table for people or
 * as JSON. The request's input and reader options are used. */
PF_API enum pf_status pf_info(struct pf_request *request, bool json, char **text, struct pf_error *err);
/* Reads the whole input and reports the first thing wrong with it. PF_OK: valid; *text says of what kind. */
PF_API enum pf_status pf_validate(struct pf_request *request, char **text, struct pf_error *err);
/* The same; *text is one line of JSON whether the input is valid or not, and NULL only when out of memory. */
PF_API enum pf_status pf_validate_json(struct pf_request *request, char **text, struct pf_error *err);
PF_API void pf_text_free(struct pf_context *ctx, char *text);

/* ---- many files */

struct pf_bulk; /* files to be converted, each into an output of its own */

struct pf_bulk_totals {
    uint32_t files, finished, converted;
    uint32_t with_rejects; /* of those converted */
    double seconds;
};

/* inputs: locations of files; folders, which stand for the files in them (and with recursive in the folders below) whose suffix is of a
 * format that is read and not of the one that is written; and patterns, with * ? [...] in a name and ** for folders at any depth. A file
 * named twice is converted once. folder: where the outputs go, below it in the folders that the pattern's wildcards or recursive went
 * through; NULL or "" = as the setting output-dir says, else each beside its input. Outputs are called as their inputs; those that would
 * be called alike get the input's suffix ("sales_csv.parquet") or a number. The settings of request hold for all; its paths are not
 * used, and it must outlive the bulk. PF_NOT_FOUND when a pattern or folder has no files; a file that is missing is found when its
 * turn comes. */
PF_API enum pf_status pf_bulk_new(struct pf_request *request, const char *const *inputs, uint32_t count, const char *folder,
                                  bool recursive, struct pf_bulk **out, struct pf_error *err);
/* Whether input stands for several files: a folder, or a pattern when no file is called so. Never with --compat 1.0, which knew neither. */
PF_API bool pf_bulk_is_meant(const struct pf_request *request, const char *input);
PF_API void pf_bulk_free(struct pf_bulk *bulk);
/* Borrowed from the bulk. false after the last. */
PF_API bool pf_bulk_at(const struct pf_bulk *bulk, uint32_t index, const char **input, const char **output);
/* Called on the calling thread as each file is done, in any order. result as from pf_convert, borrowed for the call; NULL when memory
 * did not allow it. */
typedef void (*pf_bulk_fn)(void *user, uint32_t index, enum pf_status status, const struct pf_result *result,
                           const struct pf_error *err);
/* Converts them, jobs at a time (0 = as many as there are threads), which share the threads and the memory of the settings. A file that
 * fails does not keep the others back. With more than one job, extensions are called by threads of the library's, and log functions by
 * one at a time. The status tells of the whole: PF_CANCELLED, PF_NO_MEMORY, PF_BAD_OPTION. */
PF_API enum pf_status pf_bulk_run(struct pf_bulk *bulk, uint32_t jobs, pf_bulk_fn done, void *user,
                                  struct pf_bulk_totals *totals, struct pf_error *err);

struct ArrowArrayStream;
/* Opens the input's first table (or the one chosen) as an Arrow C stream: types settled over the whole input first, then the
 * data, batch by batch. The request and the context may be freed while the stream is used. The stream may move from thread to
 * thread, but is used by one at a time; threads of its own run only during a call of get_next. Batches do not count against
 * --memory, may outlive the stream and the context, and may be released by any thread. Rows that cannot be read are set aside as
 * by pf_convert: PF_REJECTED when they are more than --max-rejects allows, written where --rejects names a file (never else), and
 * told by a warning. Of an input without types all that is known, and done, when this call returns. */
PF_API enum pf_status pf_read_stream(struct pf_request *request, struct ArrowArrayStream *out, struct pf_error *err);
/* The same; *result, which the caller frees, is the record of it, as pf_convert gives one: row_count is what the stream will give
 * (null: an input with types did not tell), rows_rejected, rows_left_out, rows_short and warnings are what became of the rest. Set
 * when memory allows, also on failure. result NULL = not wanted. */
PF_API enum pf_status pf_read_stream_result(struct pf_request *request, struct ArrowArrayStream *out, struct pf_result **result,
                                            struct pf_error *err);

/* Converts an Arrow C stream of record batches into the request's output; what pf_convert does, with the stream as its input.
 * The stream is taken over, also on failure: it is released, and in->release is NULL, on return. Its functions are called only
 * by the calling thread. Columns may be of null, boolean, integer, float16/32/64, decimal32/64/128, date32, date64, time,
 * timestamp, (large) utf8, (large, fixed-size) binary, utf8 view and binary view type, also dictionary-encoded. Refused with
 * the column's name: nested types, durations and intervals (PF_UNSUPPORTED); a time or timestamp in nanoseconds that is no
 * whole number of microseconds (PF_BAD_DATA, with the row). The instants of a timestamp with a zone are kept in UTC. */
PF_API enum pf_status pf_write_stream(struct pf_request *request, struct ArrowArrayStream *in, struct pf_result **out,
                                      struct pf_error *err);

#ifdef __cplusplus
}
#endif

#endif
