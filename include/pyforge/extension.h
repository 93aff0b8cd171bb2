/* Extensions: formats, storage schemes, engines, commands, options, environment probes, services and hooks that are not part of the
 * core. The guide is docs/extensions.md; extensions/example/ is a complete one.
 *
 * A native extension is a shared library that links nothing of ours. It exports one function, PF_EXTENSION_ENTRY, which is given the
 * host table and gives the extension's descriptor. An extension in Python is the same descriptor, made by the Python package.
 *
 * Versions. Every struct here that crosses the border begins with its size, as the side that made it knows it, and grows only
 * at its end. The core reads of an extension's struct as much as both know; members beyond its size count as zero, and zero always
 * means "not offered". An extension asks PF_HAS before it uses a function of the host that came after the version it requires. The
 * number PF_EXTENSION_ABI changes when this promise is broken; 0 means that it may be broken by any release. An extension of
 * another number is not loaded, and the list says why.
 *
 * Threads. The functions of an extension are called by the thread that is in a call to the library, never by two threads for the same
 * handle at the same time; two conversions in two threads use an extension at the same time. Nothing of a conversion may be used
 * after the call it belongs to has ended. The log function of a context is also called by a thread of the core's while a hook
 * takes too long; so a binding calls the host, and pf_ functions, with the lock of its interpreter given up.
 *
 * Errors. Functions that can fail give a status and fill err by host->fail and host->remedy. Strings given to the core are UTF-8
 * and are copied, unless said otherwise; strings the core gives are borrowed for the call. */
#ifndef PYFORGE_EXTENSION_H
#define PYFORGE_EXTENSION_H

#include "pyforge/arrow_abi.h"
#include "pyforge/pyforge.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PF_EXTENSION_ABI   0
#define PF_EXTENSION_ENTRY "pf_extension_entry"

/* Whether a struct that begins with its size reaches as far as member. */
#define PF_HAS(object, member) (offsetof(__typeof__(*(object)), member) + sizeof((object)->member) <= (object)->size)

struct pf_host;
struct pf_registration; /* an extension being initialised: what the add functions of the host take */
struct pf_source;       /* bytes to read */
struct pf_sink;         /* bytes to write */
struct pf_hook_call;    /* one call of a hook */
struct pf_command_io;   /* a command being run */

/* ---- formats: a table is an Arrow C stream of record batches */

enum {
    PF_FORMAT_UNTYPED = 1, /* all columns are of type utf8, texts of a format without types: their types are inferred */
    PF_FORMAT_READ_AT = 2  /* open needs a source with source_read_at; the core makes one of any input */
};

/* Reads, writes, or both: what open or create is not NULL for. Tables of options end with a row whose name is NULL; their
 * offsets are into a struct of option_size bytes, which the core fills and hands to open or create. Everything pointed to is static. */
struct pf_format_addition {
    size_t size;
    const char *name; /* what --from and --to take */
    const char *description;
    const char *const *suffixes; /* without the dot, NULL-ended */
    uint32_t flags;
    const struct pf_option *read_options, *write_options; /* NULL = none */
    size_t read_option_size, write_option_size;
    /* 0 = not this format ... 100 = certain; from 90 on it is believed against what the suffix says. head: the first bytes,
     * decompressed, at most 64 KiB. NULL = by suffix only. */
    int (*probe)(void *self, const uint8_t *head, size_t size);
    /* src is at its first byte and is borrowed until close. */
    enum pf_status (*open)(void *self, struct pf_context *ctx, struct pf_source *src, const void *options, void **reader,
                           struct pf_error *err);
    /* The name of the table, borrowed until close; "" for the only one. PF_END after the last. NULL = one table. */
    enum pf_status (*table)(void *reader, uint32_t index, const char **name, struct pf_error *err);
    /* Begins to read a table; the core releases the stream, before close. It may come again: src is then at its first byte
     * again. A failing stream answers ENOMEM, EIO, ENOTSUP, ECANCELED or, when the data is wrong, EINVAL. */
    enum pf_status (*read)(void *reader, uint32_t table, struct ArrowArrayStream *out, struct pf_error *err);
    void (*close)(void *reader); /* not after a failed open */
    /* schema is a struct of the columns, borrowed for the call. */
    enum pf_status (*create)(void *self, struct pf_context *ctx, struct pf_sink *sink, const struct ArrowSchema *schema,
                             const void *options, void **writer, struct pf_error *err);
    /* The batch is taken over, also on failure. */
    enum pf_status (*add)(void *writer, struct ArrowArray *batch, struct pf_error *err);
    /* rows: what the core gave. A writer that has written another number fails with PF_INTERNAL. */
    enum pf_status (*finish)(void *writer, int64_t rows, struct pf_error *err);
    void (*discard)(void *writer); /* frees it: after finish, and in place of it when the conversion has failed */
    void *self;                    /* what these functions are given in place of the extension's; NULL = the extension's */
};

/* ---- storage schemes: locations that begin with the name of the scheme and a colon, or with a path that the scheme claims */

struct pf_location {
    int64_t bytes;       /* -1 = not known */
    int64_t modified_ns; /* since 1970; 0 = not known */
    bool directory;
};

typedef enum pf_status (*pf_list_fn)(void *user, const char *location, const struct pf_location *what, struct pf_error *err);

enum {
    /* Outputs are built whole in local temporary space and then written in one pass, from create to commit in one go; where that
     * space is too small, as they come. */
    PF_SCHEME_STAGED = 1
};

/* A scheme without read_at has its inputs copied to local disk where a format needs any place of them. */
struct pf_scheme_addition {
    size_t size;
    const char *name; /* "s3": letters, digits, '+', '-' and '.'; two or more */
    const char *description;
    /* PF_NOT_FOUND when there is nothing. */
    enum pf_status (*stat)(void *self, struct pf_context *ctx, const char *location, struct pf_location *out,
                           struct pf_error *err);
    enum pf_status (*open)(void *self, struct pf_context *ctx, const char *location, void **reader, struct pf_error *err);
    /* Next bytes; *got 0 at the end, fewer than asked for at any time. */
    enum pf_status (*read)(void *reader, void *to, size_t size, size_t *got, struct pf_error *err);
    /* Exactly size bytes; any thread, several at once. NULL = not possible. */
    enum pf_status (*read_at)(void *reader, int64_t offset, void *to, size_t size, struct pf_error *err);
    void (*close)(void *reader);
    /* Entries of a directory, whole locations, any order. NULL = the scheme has no directories. */
    enum pf_status (*list)(void *self, struct pf_context *ctx, const char *location, pf_list_fn emit, void *user,
                           struct pf_error *err);
    enum pf_status (*make_directory)(void *self, struct pf_context *ctx, const char *location, struct pf_error *err);
    enum pf_status (*remove)(void *self, struct pf_context *ctx, const char *location, struct pf_error *err);
    /* Nothing is seen at the location before commit, and all of it is then; folders above it are made as needed. replace false:
     * PF_EXISTS when something is there, from create or, decided by the store itself, from commit. NULL = read only. */
    enum pf_status (*create)(void *self, struct pf_context *ctx, const char *location, bool replace, void **writer,
                             struct pf_error *err);
    enum pf_status (*write)(void *writer, const void *bytes, size_t size, struct pf_error *err);
    enum pf_status (*commit)(void *writer, struct pf_error *err);
    void (*discard)(void *writer); /* frees it; without a commit before, nothing stays */
    void *self;                    /* what these functions are given in place of the extension's; NULL = the extension's */
    /* Paths that belong to the scheme besides, each with a slash at both ends: "/Volumes/", NULL-ended. Locations are given to
     * the functions above as the user wrote them. NULL = none. */
    const char *const *paths;
    /* Writes the text by which two locations are told to be one: "/Volumes/a" for "dbfs:/Volumes/a". NULL = the location itself. */
    enum pf_status (*identity)(void *self, struct pf_context *ctx, const char *location, char *to, size_t size,
                               struct pf_error *err);
    uint32_t flags;
    /* Called before anything is built that will be created there: whether it can be, as far as that can be told without writing it.
     * What a stopped process has left there may be put right. NULL = create tells. */
    enum pf_status (*prepare)(void *self, struct pf_context *ctx, const char *location, bool replace, struct pf_error *err);
    /* STAGED: the folder to build in, unless the user has named one; NULL, also its answer: the system's. */
    const char *(*scratch)(void *self);
};

/* ---- engines: other ways to carry out a conversion
 *
 * With --engine auto the plan asks every engine whether it takes the job, those with a higher priority first, else in the order in which
 * they were added; the native engine comes last. Engines are asked about jobs whose input is a location that can be read again and
 * whose output is a location. They are then tried one after another. */

struct pf_engine_run; /* the job, as the functions of the host take it */

/* A conversion, decided. Strings are borrowed for the call. */
struct pf_engine_job {
    size_t size;
    const char *input, *input_format; /* a location; the name of the format */
    const char *output, *output_format;
    const char *options; /* all options given, wherever, as a JSON object of names and texts */
    int64_t input_bytes; /* as stored; -1 = not known */
    int64_t data_bytes;  /* an estimate of what there is to read, decompressed; -1 = none */
    bool replace;        /* what is at the output may be replaced */
    struct pf_engine_run *run;
    /* What is written is no file: output is the table's name, or the place of data in a format that only engines write. The functions of the
     * host write no such thing: job_place refuses, and a request of job_request has the input only, for a file of the engine's own. */
    bool engines_only;
    const char *table;    /* --table; "" = none */
    const char *mode;     /* "error", "append" or "overwrite", for what is there already; --force is "overwrite" */
    bool merge_schema;    /* columns that are new may be added */
    const char *staging;  /* a folder for what the engine keeps on the way; "" = none is named */
    const char *timezone; /* of timestamps without one, where the target has instants only */
};

/* What an engine says to a job. Zero and empty before. */
struct pf_engine_answer {
    size_t size;
    int32_t priority;
    char reason[300]; /* why, or why not: one line, shown by --explain and --verbose */
};

/* What follows from a failure. */
enum pf_engine_failure {
    /* PF_CANCELLED, PF_EXISTS, PF_BAD_DATA, PF_BAD_OPTION and PF_REJECTED end the conversion, all others fall back */
    PF_ENGINE_BY_STATUS,
    /* nothing is at the output, and nothing that was started can still write there: the next engine is tried */
    PF_ENGINE_FALLS_BACK,
    /* every engine would fail like this: the user's data, the target, a permission */
    PF_ENGINE_ENDS,
    /* it cannot be told whether the output was written: nothing else is tried, and the error begins with "outcome unknown" */
    PF_ENGINE_UNKNOWN
};

/* What the engine did. Zero before. */
struct pf_engine_outcome {
    size_t size;
    int64_t rows_read, rows_written, rows_rejected, rows_left_out; /* read = written + rejected + left out */
    int64_t bytes_written;                                         /* 0 = as large as what is at the output then */
    char display[64]; /* its name in the summary and in processing_engine: "spark (serverless)"; "" = the engine's */
    enum pf_engine_failure failure; /* when run fails */
};

/* A column of what the engine has written. */
struct pf_engine_column {
    size_t size;
    const char *name;
    const char
        *type;     /* as results name types: "int64", "timestamp[us, UTC]"; what these have no name for, in words of its own */
    int64_t nulls; /* -1 = not known */
    const char *text_because; /* why a column of a format without types became text; NULL = it did not, or nobody knows */
    int64_t because_row;      /* the row of that, from 1; 0 = not known */
};

/* The output appears whole or not at all: by host->job_place, by host->convert or host->write_stream on a request of
 * host->job_request, or by means of the engine's own. Warnings go to host->warn. After a failure the core looks whether the output
 * has changed, and if it has, tries nothing else. */
enum {
    PF_ENGINE_TABLES = 1 /* it writes tables: --table NAME */
};

struct pf_engine_addition {
    size_t size;
    const char *name; /* what --engine takes; not auto or native */
    const char *description;
    /* Whether it can do the job, and should. Quick: it starts nothing. */
    bool (*takes)(void *self, struct pf_context *ctx, const struct pf_engine_job *job, struct pf_engine_answer *answer);
    enum pf_status (*run)(void *self, struct pf_context *ctx, const struct pf_engine_job *job, struct pf_engine_outcome *out,
                          struct pf_error *err);
    void *self; /* what these functions are given in place of the extension's; NULL = the extension's */
    /* Formats that it writes and the core does not, NULL-ended: "delta". --to takes them; the output is a location, whatever is there.
     * Only engines that write the format, or tables, are asked about such jobs; the native one never is. The core sees nothing of what they
     * write: a failure ends the conversion unless the engine says that it falls back. NULL = none. */
    const char *const *formats;
    uint32_t flags;
};

/* ---- commands, options, probes, services */

struct pf_command_addition {
    size_t size;
    const char *name;    /* pyforge NAME ... */
    const char *summary; /* one line for the list of commands */
    const char *help;    /* what pyforge NAME --help prints; NULL = the summary */
    /* argv[0] is the name. Gives the exit code. */
    int (*run)(void *self, struct pf_context *ctx, struct pf_command_io *io, int argc, const char *const *argv);
    void *self; /* what run is given in place of the extension's; NULL = the extension's */
};

/* Options of convert that are the extension's: read by host->hook_option, or in hooks. Members and offsets are not used: kind NUMBER,
 * choices and so on only check the value. */
struct pf_options_addition {
    size_t size;
    const struct pf_option *options;
};

/* What is known of the machine. Gives a JSON object of facts, each a value, or {"value": ..., "signal": "what decided it"}; allocated by host->allocate with ctx and taken over; NULL = nothing. Must not
 * start anything. */
struct pf_probe_addition {
    size_t size;
    const char *name;
    char *(*probe)(void *self, struct pf_context *ctx, struct pf_error *err);
    void *self; /* what these functions are given in place of the extension's; NULL = the extension's */
};

/* A table of functions that other extensions use. */
struct pf_service_addition {
    size_t size;
    const char *name;
    uint32_t version;
    const void *functions;
};

/* ---- hooks */

enum pf_hook {
    PF_HOOK_ENVIRONMENT, /* before everything: what the machine is; hook_fact */
    PF_HOOK_PARAMETERS,  /* before the plan is made: may change options */
    PF_HOOK_PERFORMANCE, /* the same, after all PARAMETERS hooks: settings of speed */
    PF_HOOK_PRE,         /* the last before the plan is made: may change options */
    PF_HOOK_POST,        /* after success: hook_result */
    PF_HOOK_ERROR,       /* after failure: hook_error; may change options and ask for one more attempt */
    PF_HOOKS
};

/* ---- the extension and the host */

struct pf_extension {
    size_t size;
    uint32_t abi; /* PF_EXTENSION_ABI */
    const char *name, *version, *description, *licence;
    /* Whether it can be of use here. On false, reason says why not and what would help. NULL = always. */
    bool (*available)(const struct pf_host *host, char *reason, size_t reason_size);
    /* Called once, before anything of it is used; *self is given to every function it adds. On failure nothing it added stays. */
    enum pf_status (*initialise)(const struct pf_host *host, struct pf_registration *to, void **self, struct pf_error *err);
    void (*shutdown)(void *self);
    uint32_t hooks;     /* bits 1 << PF_HOOK_..., which of them it wants */
    int32_t hook_order; /* hooks with a lower number run first; then by name */
    enum pf_status (*hook)(void *self, enum pf_hook hook, struct pf_context *ctx, struct pf_hook_call *call,
                           struct pf_error *err);
};

typedef const struct pf_extension *(*pf_extension_entry_fn)(const struct pf_host *host);

/* ---- temporary files
 *
 * What stands beside an output while it is written has to go with its process, also where that was killed and files cannot be locked.
 * So its name says whose it is: the machine, as it was started this time, the process, and when that started. */

enum { PF_OWNER_BYTES = 64 };

enum pf_owner {
    PF_OWNER_NONE, /* it is no such name */
    PF_OWNER_LIVES,
    PF_OWNER_GONE,
    PF_OWNER_ELSEWHERE /* on another machine, or before this one was started again: only the file's age can tell */
};

/* A new name of this process: digits, small letters and '-'. */
PF_API void pf_owner_name(char to[PF_OWNER_BYTES]);
/* Whether the process that a name is of may still use what has that name. One of which nothing more can be told lives. */
PF_API enum pf_owner pf_owner_of(const char *name, size_t size);

struct pf_host {
    size_t size;
    uint32_t abi;
    const char *version; /* of the core */

    /* Memory. ctx NULL: not counted against a budget. NULL when refused. */
    void *(*allocate)(struct pf_context *ctx, size_t size);
    void *(*resize)(struct pf_context *ctx, void *pointer, size_t size);
    void (*release)(struct pf_context *ctx, void *pointer);

    /* Errors and messages. fail gives status. warn becomes a warning of the running conversion's result. */
    enum pf_status (*fail)(struct pf_error *err, enum pf_status status, const char *message);
    void (*remedy)(struct pf_error *err, const char *message);
    void (*log)(struct pf_context *ctx, enum pf_log_level level, const char *message);
    void (*warn)(struct pf_context *ctx, const char *message);
    /* PF_CANCELLED once the user wants the conversion to end. */
    enum pf_status (*check_cancel)(struct pf_context *ctx, struct pf_error *err);

    /* Additions, in initialise only. PF_EXISTS when the name is taken: the one that was there stays. What is added is static. */
    enum pf_status (*add_format)(struct pf_registration *to, const struct pf_format_addition *format, struct pf_error *err);
    enum pf_status (*add_scheme)(struct pf_registration *to, const struct pf_scheme_addition *scheme, struct pf_error *err);
    enum pf_status (*add_engine)(struct pf_registration *to, const struct pf_engine_addition *engine, struct pf_error *err);
    enum pf_status (*add_command)(struct pf_registration *to, const struct pf_command_addition *command, struct pf_error *err);
    enum pf_status (*add_options)(struct pf_registration *to, const struct pf_options_addition *options, struct pf_error *err);
    enum pf_status (*add_probe)(struct pf_registration *to, const struct pf_probe_addition *probe, struct pf_error *err);
    enum pf_status (*add_service)(struct pf_registration *to, const struct pf_service_addition *service, struct pf_error *err);
    /* Another extension's functions, which loads it; NULL when there is none of that version or later. */
    const void *(*find_service)(struct pf_context *ctx, const char *name, uint32_t version);

    /* Sources and sinks given to formats. */
    const char *(*source_name)(const struct pf_source *src);
    int64_t (*source_size)(const struct pf_source *src); /* decompressed; -1 = not known */
    enum pf_status (*source_read)(struct pf_source *src, void *to, size_t size, size_t *got, struct pf_error *err);
    enum pf_status (*source_read_at)(const struct pf_source *src, int64_t offset, void *to, size_t size, struct pf_error *err);
    enum pf_status (*sink_write)(struct pf_sink *sink, const void *bytes, size_t size, struct pf_error *err);

    /* The call of a hook. Strings are borrowed for the call; NULL = there is none. */
    const char *(*hook_input)(const struct pf_hook_call *call);
    const char *(*hook_output)(const struct pf_hook_call *call); /* as asked for; "" = derived from the input */
    /* The value of an option as the user wrote it, by any of its names; NULL = not given. */
    const char *(*hook_option)(const struct pf_hook_call *call, const char *name);
    /* All options given, as a JSON object of names and texts. */
    const char *(*hook_options)(const struct pf_hook_call *call);
    /* PARAMETERS, PERFORMANCE, PRE and ERROR only. An unknown option or a bad value is PF_BAD_OPTION and changes nothing. An option
     * the user gave keeps the user's value, and a note says so. */
    enum pf_status (*hook_set)(struct pf_hook_call *call, const char *name, const char *value, struct pf_error *err);
    const char *(*hook_result)(const struct pf_hook_call *call);           /* POST: the result record, JSON */
    const struct pf_error *(*hook_error)(const struct pf_hook_call *call); /* ERROR */
    void (*hook_note)(struct pf_hook_call *call, const char *text); /* a note in the result, under the extension's name */
    void (*hook_retry)(struct pf_hook_call *call);                  /* ERROR: once a conversion, with the options set */
    void (*hook_fact)(struct pf_hook_call *call, const char *name, const char *json); /* ENVIRONMENT: a value, as JSON */

    /* Commands. */
    bool (*write_out)(struct pf_command_io *io, const char *bytes, size_t size);
    bool (*write_err)(struct pf_command_io *io, const char *bytes, size_t size);
    /* Runs conversions, and anything else of pyforge.h, with a context of their own that has the extensions of ctx. */
    struct pf_context *(*context_new)(struct pf_context *ctx);
    void (*context_free)(struct pf_context *ctx);
    struct pf_request *(*request_new)(struct pf_context *ctx);
    void (*request_free)(struct pf_request *request);
    enum pf_status (*request_paths)(struct pf_request *request, const char *input, const char *output, struct pf_error *err);
    enum pf_status (*request_set)(struct pf_request *request, const char *name, const char *value, struct pf_error *err);
    enum pf_status (*convert)(struct pf_request *request, struct pf_result **out, struct pf_error *err);
    enum pf_status (*read_stream)(struct pf_request *request, struct ArrowArrayStream *out, struct pf_error *err);
    enum pf_status (*write_stream)(struct pf_request *request, struct ArrowArrayStream *in, struct pf_result **out,
                                   struct pf_error *err);
    const char *(*result_json)(const struct pf_result *result);
    void (*result_free)(struct pf_result *result);

    void *language_user; /* of the pf_extension_language that loads the extension; meant for nobody else */

    /* Engines: within takes and run. The value of an option in force, by any of its names; NULL = not given. */
    const char *(*job_option)(const struct pf_engine_job *job, const char *name);
    /* A request for the native engine with the job's options, input and, unless engines_only, output, for convert, read_stream and write_stream; paths
     * and options may be changed. Freed by request_free, before run ends. What runs on it is cancelled with the job, tells its
     * progress as the job's, and calls neither hooks nor engines. */
    enum pf_status (*job_request)(const struct pf_engine_job *job, struct pf_request **out, struct pf_error *err);
    /* Puts a complete local file at the output, whole or not at all, as the job's options allow. The file stays where it is. */
    enum pf_status (*job_place)(const struct pf_engine_job *job, const char *path, struct pf_error *err);
    /* Tells how far the run is. PF_CANCELLED once it is to end. */
    enum pf_status (*job_progress)(const struct pf_engine_job *job, const struct pf_progress *progress, struct pf_error *err);

    /* In initialise: the extension's table [extensions.NAME] of the settings files. A value as text (true, 12, "a", ["a"] as JSON),
     * NULL = not there; and all of them, as a JSON object. */
    const char *(*setting)(const struct pf_registration *to, const char *name);
    const char *(*settings)(const struct pf_registration *to);

    /* pf_environment, for commands and engines; the text is freed by release with ctx. */
    enum pf_status (*environment)(struct pf_context *ctx, char **text, struct pf_error *err);

    /* Engines, within run: the next column of what is written, in order, for the result. A run that succeeds without a call leaves
     * the result without columns, and so does one with a call that is refused: half a list would be taken for all there are. */
    enum pf_status (*job_column)(const struct pf_engine_job *job, const struct pf_engine_column *column, struct pf_error *err);

    /* pf_owner_name and pf_owner_of. */
    void (*owner_name)(char to[PF_OWNER_BYTES]);
    enum pf_owner (*owner_of)(const char *name, size_t size);

    /* Engines: how Spark carries out the job with the result of the native engine, as a JSON object (docs/design/spark.md); its "refusal" is null,
     * or why Spark would not. whole: the input is read to its end for that, within run only; else its beginning tells, and there are no
     * expressions yet. The text is freed by release with ctx. */
    enum pf_status (*job_remote)(struct pf_context *ctx, const struct pf_engine_job *job, bool whole, char **text,
                                 struct pf_error *err);
    /* After that, within run: local Parquet files, in order, with the columns of the expressions, become the output in the types of the plan, whole or
     * not at all. Instants are whole microseconds since 1970 in them, as integers. PF_INTERNAL when rows or nulls are not those that the
     * native reading has counted: nothing is written then. */
    enum pf_status (*job_join)(const struct pf_engine_job *job, const char *const *paths, uint32_t count, struct pf_error *err);
};

/* ---- for programs that use the library: which extensions there are */

struct pf_extensions; /* a set of extensions; may be shared by many contexts and threads */

enum pf_extension_state {
    PF_EXTENSION_DISCOVERED, /* its manifest or entry point was read, none of its code has run */
    PF_EXTENSION_LOADING,
    PF_EXTENSION_LOADED,
    PF_EXTENSION_FAILED,   /* reason says why and what to do */
    PF_EXTENSION_DISABLED, /* by the user, or because it ended the process when it was last loaded */
    PF_EXTENSION_UNLOADED  /* shut down, or not available here: reason says why */
};

struct pf_extension_info {
    const char *name, *version, *description, *licence;
    const char *kind;   /* "native", "python" */
    const char *origin; /* the file, or "module:Class" and its distribution */
    enum pf_extension_state state;
    bool available;
    const char *reason;  /* "" = nothing to say */
    const char *adds;    /* "format example, scheme mem, command hello, hooks pre post"; "" = not known before it is loaded */
    double load_seconds; /* 0 before */
};

/* How extensions in another language are loaded: the binding's part. All functions may be NULL. */
struct pf_extension_language {
    const char *name;        /* "python" */
    const char *const *path; /* directories in which packages are installed, NULL-ended: sys.path; copied */
    /* Extensions that no package names: name, entry and place of each, one after another, NULL-ended; copied. NULL = none. */
    const char *const *points;
    /* Makes the descriptor for an entry point ("module:Class"); it stays valid until unload. The error's message is shown. */
    enum pf_status (*load)(void *user, const char *name, const char *entry, const struct pf_extension **out,
                           struct pf_error *err);
    void (*unload)(void *user, const struct pf_extension *extension);
    void (*release)(void *user); /* when the set is freed */
    void *user;
};

/* Looks for extensions without running any of their code: in PYFORGE_EXTENSION_PATH and the usual directories, and by the entry
 * points of packages in language->path. language NULL = native ones only. NULL when out of memory. What is wrong with an
 * extension stands in its info, never here. */
PF_API struct pf_extensions *pf_extensions_new(const struct pf_extension_language *language);
/* Shuts down what was loaded, last first. No context that uses the set may be in a call. */
PF_API void pf_extensions_free(struct pf_extensions *extensions);
/* Conversions with ctx use the set; it must outlive the context. NULL = none (--no-extensions). */
PF_API void pf_context_extensions(struct pf_context *ctx, struct pf_extensions *extensions);

/* By name. false after the last. Borrowed until the next call on the set by the same thread. */
PF_API bool pf_extension_at(struct pf_extensions *extensions, uint32_t index, struct pf_extension_info *out);
/* What is wrong with what settings files say of extensions. NULL after the last. Borrowed for as long as the set is there. */
PF_API const char *pf_extension_warning_at(struct pf_extensions *extensions, uint32_t index);
/* Runs its code unless it is loaded, disabled or failed already. */
PF_API enum pf_status pf_extension_load(struct pf_extensions *extensions, const char *name, struct pf_error *err);
/* Kept for later runs in the user's settings directory. Disabling shuts a loaded one down. */
PF_API enum pf_status pf_extension_enable(struct pf_extensions *extensions, const char *name, bool enabled,
                                          struct pf_error *err);
/* Shuts it down and loads it again from where it was found. A native library is loaded under a new name; the old code stays. */
PF_API enum pf_status pf_extension_reload(struct pf_extensions *extensions, const char *name, struct pf_error *err);
/* Adds an extension that is part of the program; it is loaded when first needed. It stays valid as long as the set. */
PF_API enum pf_status pf_extension_add(struct pf_extensions *extensions, const struct pf_extension *extension,
                                       struct pf_error *err);

/* For bindings, while an extension of their language is initialised, first of all: the native half of the same extension. The library at
 * path is loaded and initialised into the same registration: one name, one state, one line in the list. It is shut down after the
 * extension's own shutdown, and loaded as a copy when that is reloaded; of both, the library's hooks come first. Who may have written the file is not
 * asked: it is as trusted as the extension that names it. A failure should fail the extension. */
PF_API enum pf_status pf_extension_add_library(struct pf_registration *to, const char *path, struct pf_error *err);

/* A command that an extension adds or, before it is loaded, promises. */
struct pf_extension_command {
    const char *name, *extension;
    const char *summary, *help; /* "" = not known before it is loaded */
};

/* Where a command writes. Functions as in pf_cli_host. */
struct pf_command_host {
    void *user;
    bool (*write_out)(void *user, const char *bytes, size_t size);
    bool (*write_err)(void *user, const char *bytes, size_t size);
};

/* By name; loads nothing. false after the last. Borrowed as with pf_extension_at. */
PF_API bool pf_extension_command_at(struct pf_extensions *extensions, uint32_t index, struct pf_extension_command *out);
/* Runs one, loading its extension. ctx is of the set. --help among its arguments prints the help, and nothing is run. PF_NOT_FOUND
 * when there is none; else *code is the exit code. */
PF_API enum pf_status pf_extension_command_run(struct pf_extensions *extensions, struct pf_context *ctx, const char *name,
                                               const struct pf_command_host *host, int argc, const char *const *argv, int *code,
                                               struct pf_error *err);

/* What probes and environment hooks of all extensions know of the machine, as JSON on one line: {"EXTENSION": {"PROBE": {"FACT":
 * VALUE, ...}, ...}, ...}. The caller frees *text with pf_text_free. A probe that fails leaves a warning in the log. */
PF_API enum pf_status pf_environment(struct pf_context *ctx, char **text, struct pf_error *err);

/* One check of the conformance suite; why is "" when it went well. */
typedef void (*pf_extension_check_fn)(void *user, bool good, const char *what, const char *why);
/* Checks what can be checked of any extension: its manifest, loading it twice, every format, scheme, command and hook. location is a
 * place of a scheme of its that may be written to, without its last part; NULL = "SCHEME:". PF_OK when all went well. */
PF_API enum pf_status pf_extension_test(struct pf_extensions *extensions, const char *name, const char *location,
                                        pf_extension_check_fn tell, void *user, struct pf_error *err);

#ifdef __cplusplus
}
#endif

#endif
