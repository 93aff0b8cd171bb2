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

/* ---- storage schemes: locations that begin with the name of the scheme and a colon */

struct pf_location {
    int64_t bytes;       /* -1 = not known */
    int64_t modified_ns; /* since 1970; 0 = not known */
    bool directory;
};

typedef enum pf_status (*pf_list_fn)(void *user, const char *location, const struct pf_location *what, struct pf_error *err);

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
};

/* ---- engines: other ways to carry out a conversion */

/* A conversion, decided. plan: the plan as JSON (what pyforge convert --explain --json prints), which names everything. */
struct pf_engine_job {
    size_t size;
    const char *plan, *input, *output;
    int64_t input_bytes; /* -1 = not known */
};

/* What the engine did. Strings are allocated by host->allocate with ctx and are taken over. */
struct pf_engine_outcome {
    size_t size;
    int64_t rows_read, rows_written, rows_rejected, rows_left_out;
    char *note; /* a line for people: what it ran on; NULL = none */
};

/* Estimates may be wrong; they only put the engines in order. An engine that fails leaves nothing at the output, and the core goes on
 * with the next, unless the status is PF_CANCELLED, PF_EXISTS, PF_BAD_DATA, PF_BAD_OPTION or PF_REJECTED. */
struct pf_engine_addition {
    size_t size;
    const char *name; /* what --engine takes */
    const char *description;
    /* Seconds it would take; negative = it cannot do it, and reason says why. */
    double (*estimate)(void *self, struct pf_context *ctx, const struct pf_engine_job *job, char *reason, size_t reason_size);
    enum pf_status (*run)(void *self, struct pf_context *ctx, const struct pf_engine_job *job, struct pf_engine_outcome *out,
                          struct pf_error *err);
    void *self; /* what these functions are given in place of the extension's; NULL = the extension's */
};

/* ---- commands, options, probes, services */

struct pf_command_addition {
    size_t size;
    const char *name;    /* pyforge NAME ... */
    const char *summary; /* one line for the list of commands */
    const char *help;    /* what pyforge NAME --help prints; NULL = the summary */
    /* argv[0] is the name. Gives the exit code. */
    int (*run)(void *self, struct pf_context *ctx, struct pf_command_io *io, int argc, const char *const *argv);
};

/* Options of convert that are the extension's: read by host->hook_option, or in hooks. Members and offsets are not used: kind NUMBER,
 * choices and so on only check the value. */
struct pf_options_addition {
    size_t size;
    const struct pf_option *options;
};

/* What is known of the machine. Gives a JSON object, allocated by host->allocate with ctx and taken over; NULL = nothing. Must not
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
