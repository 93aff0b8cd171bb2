/* A set of extensions, as the files of this room see it. docs/design/extensions.md tells how it all goes together.
 *
 * Everything that is found or added lives in the set's arena until the set is freed: what an extension added is only marked as
 * gone when it is shut down, so that a pointer to it never dangles. The set's lock is held wherever entries and additions are
 * looked at or changed, and never while code of an extension runs. One thread at a time loads, initialises and shuts down: it has the
 * turn, and an extension may load another meanwhile. */
#ifndef PF_EXTENSION_SET_H
#define PF_EXTENSION_SET_H

#include "base/folder.h"
#include "base/thread.h"
#include "formats/format.h"
#include "pyforge/extension.h"
#include "storage/scheme.h"

enum pf_adds {
    PF_ADDS_FORMAT,
    PF_ADDS_SCHEME,
    PF_ADDS_ENGINE,
    PF_ADDS_COMMAND,
    PF_ADDS_OPTION,
    PF_ADDS_PROBE,
    PF_ADDS_SERVICE,
    PF_ADDS_HOOK,
    PF_ADDS
};

enum { PF_REASON = 900, PF_EXTENSION_NAME = 64 };

/* One thing that an extension adds, or says that it will. */
struct pf_promise {
    enum pf_adds kind;
    const char *name;
    /* Of a format; of a scheme, paths it claims; of an engine, "tables" and formats that are all it is for. NULL-ended, NULL = none are
     * named. */
    const char *const *suffixes;
    struct pf_promise *next;
};

enum pf_entry_kind {
    PF_ENTRY_PART,    /* of the program itself */
    PF_ENTRY_NATIVE,  /* a shared library */
    PF_ENTRY_LANGUAGE /* the binding loads it */
};

/* The library of an extension whose other half is a class in a language. */
struct pf_half {
    struct pf_extension extension;
    void *self;
    bool initialised;
};

/* One extension that was found. */
struct pf_entry {
    enum pf_entry_kind kind;
    const char *name, *version, *description, *licence, *origin; /* never NULL */
    const char *reason;                                          /* "" = nothing to say */
    const char *adds;                                            /* in words; what it added, else what it promises */
    const char *library;                                         /* native: its path */
    const char *point;                                           /* of a language: "module:Class" */
    bool has_manifest;
    uint32_t manifest_abi;
    uint64_t device, inode;      /* native: of the manifest */
    struct pf_promise *promises; /* of the manifest, else what it added when it was loaded before */
    struct pf_promise *added;    /* what it did add */
    bool refused;                /* is never loaded: the reason says why */
    bool crashed;                /* is disabled because it ended the process when it was loaded */
    uint32_t endings;            /* how often in a row it has */
    enum pf_extension_state state;
    bool available;
    double load_seconds;
    uint32_t loads;                      /* how often its code was loaded */
    uint32_t order;                      /* of being loaded, among all */
    struct pf_extension extension;       /* with zero where its maker knew less */
    const struct pf_extension *language; /* as the binding gave it */
    void *self;
    struct pf_half half;   /* of one in a language: the library that its class names */
    struct pf_entry *next; /* in the order of finding */
};

/* An addition as a reader and writer of the core (format.c). */
struct pf_format_use {
    struct pf_reader reader;
    struct pf_writer writer;
    struct pf_format format;
    struct pf_format_addition calls;
    const struct pf_entry *entry;
    void *self;
};

struct pf_addition {
    enum pf_adds kind;
    const char *name;  /* of options: of the extension */
    const char *owner; /* of options: "NAME extension" */
    struct pf_entry *entry;
    bool live;
    bool of_half; /* added by the entry's library, whose self it is given */
    union {
        struct pf_format_use *format;
        struct pf_scheme scheme;
        struct pf_engine_addition engine;
        struct pf_command_addition command;
        struct pf_options_addition options;
        struct pf_probe_addition probe;
        struct pf_service_addition service;
    } as;
    struct pf_addition *next; /* in the order of adding */
};

/* A value of [extensions.NAME] in a settings file. */
struct pf_extension_setting {
    const char *extension, *name;
    const char *text, *json; /* NULL = there was no memory */
    struct pf_extension_setting *next;
};

/* A name in the lists enable or disable of [extensions]; "*" = all. */
struct pf_extension_choice {
    const char *name, *path; /* path: the file */
    bool enabled;
    struct pf_extension_choice *next;
};

/* What is wrong with what the user says of extensions. */
struct pf_extension_warning {
    const char *text;
    struct pf_extension_warning *next;
};

enum { PF_CONFIGURE_FILES = 8 };

/* What the room above gives: what is built in, and the functions of the host that run conversions. */
struct pf_extension_core {
    const struct pf_format_list *formats;
    const struct pf_option *const *tables; /* of the conversion itself; NULL-ended */
    void (*fill_host)(struct pf_host *host);
    /* The places of settings files, the one that wins last. NULL = there are none. */
    uint32_t (*setting_files)(struct pf_arena *arena, const char **paths, uint32_t most);
};

struct pf_extensions {
    struct pf_schemes schemes; /* contexts point here */
    struct pf_memory memory;
    struct pf_arena arena;
    struct pf_mutex *lock;
    struct pf_mutex
        *turn; /* of the thread that loads; taken and given back under the lock, and kept while code runs without it */
    const struct pf_extension_core *core;
    struct pf_host host;
    bool has_language;
    struct pf_extension_language language;
    const char *state_folder, *settings_folder, *cache_folder; /* "" = there is none */
    struct pf_entry *entries, **entries_end;
    struct pf_addition *additions, **additions_end;
    struct pf_extension_setting *settings;
    struct pf_extension_choice *choices; /* the last one first */
    struct pf_extension_warning *warnings;
    const struct pf_format_list *formats; /* with those of extensions; NULL = is to be made */
    struct pf_entry **by_name;            /* sorted by name, then in the order of finding */
    uint32_t count, capacity;
    uint32_t users; /* conversions and streams under way */
    uint32_t loads;
    uint32_t begun, waited_for; /* loadings; the last one that was waited for in vain */
};

struct pf_registration {
    struct pf_extensions *set;
    struct pf_entry *entry;
    bool of_half; /* it is the entry's library that adds */
};

/* ---- registry.c */
struct pf_extensions *pf_extensions_make(const struct pf_extension_core *core, const struct pf_extension_language *language);
void pf_extensions_lock(struct pf_extensions *set);
void pf_extensions_unlock(struct pf_extensions *set);
/* The lock, for what may load: waits while another thread is loading, and when that takes too long (PYFORGE_LOAD_LIMIT), goes on
 * without being able to load; pf_entry_load says so then. Gives what pf_extensions_end is to be given. */
bool pf_extensions_begin(struct pf_extensions *set);
void pf_extensions_end(struct pf_extensions *set, bool turn);
/* Seconds as a variable has them, "5" or "500ms"; usual when it has none. */
double pf_limit_of(const char *text, double usual);
/* Conversions keep what they use: nothing is shut down meanwhile. */
void pf_extensions_use(struct pf_extensions *set);
void pf_extensions_leave(struct pf_extensions *set);
/* A text in the arena; a fixed one when there is no memory. */
const char *pf_set_text(struct pf_extensions *set, const char *format, ...) PF_PRINTF(2, 3);
/* A text of a stranger's as one line, at most so many bytes of it and no character cut apart, without control characters. */
const char *pf_set_line(struct pf_extensions *set, const char *text, size_t most);
/* A new entry at the end, with empty texts; NULL = out of memory. name is copied. */
struct pf_entry *pf_entry_new(struct pf_extensions *set, enum pf_entry_kind kind, const char *name, const char *origin);
/* The one that counts under this name; NULL = none. */
struct pf_entry *pf_entry_find(const struct pf_extensions *set, const char *name);
/* Whether it may be shut down now: nothing uses it, or is being loaded. turn: of pf_extensions_begin. */
enum pf_status pf_entry_idle(const struct pf_extensions *set, const struct pf_entry *entry, bool turn, struct pf_error *err);
/* Never to be loaded, and why. */
void pf_entry_refuse(struct pf_extensions *set, struct pf_entry *entry, const char *format, ...) PF_PRINTF(3, 4);
/* Whether text can be the name of an extension or of something it adds. */
bool pf_name_is_legal(const char *text);

/* ---- promises.c */
/* "format example ex exa" and so on. false = not of that form, or out of memory: why says which. */
bool pf_promise_parse(struct pf_extensions *set, const char *text, struct pf_promise **list, char *why, size_t size);
bool pf_promise_add(struct pf_extensions *set, struct pf_promise **list, enum pf_adds kind, const char *name,
                    const char *const *suffixes);
const struct pf_promise *pf_promise_find(const struct pf_promise *list, enum pf_adds kind, const char *name);
/* "format example, scheme mem, options a b, hooks pre post" */
const char *pf_promise_text(struct pf_extensions *set, const struct pf_promise *list);
/* The first of list that others has not, as words: "format example"; NULL = none. */
const char *pf_promise_missing(struct pf_extensions *set, const struct pf_promise *list, const struct pf_promise *others);
const char *pf_adds_word(enum pf_adds kind);
/* Whether it is a command of pyforge itself: one of an extension would never be called. */
bool pf_command_is_taken(const char *name);
/* The word by which a manifest's line begins. */
const char *pf_adds_begin(enum pf_adds kind);
const char *pf_hook_word(enum pf_hook hook);

/* ---- configure.c */
void pf_configure(struct pf_extensions *set);
/* Warns of choices for extensions that were not found. */
void pf_configured_check(struct pf_extensions *set);
/* Why an extension is disabled by a settings file; NULL = it is not. */
const char *pf_configured_off(struct pf_extensions *set, const char *name);
void pf_host_fill_settings(struct pf_host *host);

/* ---- discover.c, manifest.c, entry_points.c, cache.c */
void pf_discover(struct pf_extensions *set);
/* Who has disabled it; NULL = nobody. */
const char *pf_why_disabled(struct pf_extensions *set, const char *name);
/* Reads a manifest; what is wrong with it makes the entry a refused one. folder has it. */
void pf_manifest_find(struct pf_extensions *set, const char *folder, const char *file,
                      const struct pf_file_facts *folder_facts);
/* The manifest of an extension in a language, if there is one that names it. */
void pf_manifest_beside(struct pf_extensions *set, struct pf_entry *entry, const char *path);

/* An entry point of one of the groups that are looked for. */
struct pf_entry_point {
    const char *group, *name, *value, *package;
    const char *wrong; /* "" = nothing; else it names no extension: why, in words that follow "its entry points in PACKAGE" */
};
typedef void (*pf_entry_point_fn)(void *user, const struct pf_entry_point *point);

/* Of a text of the form of entry_points.txt; texts are given as they stand, without blanks around them. The text is changed. */
void pf_entry_points_read(char *text, const char *package, pf_entry_point_fn emit, void *user);
/* Of all packages installed in a folder. */
void pf_entry_points_find(struct pf_extensions *set, const char *folder, pf_entry_point_fn emit, void *user);
/* As _find, from what was kept of the folder as long as it has not changed. */
void pf_entry_points_cached(struct pf_extensions *set, const char *folder, pf_entry_point_fn emit, void *user);

/* ---- remember.c */
/* The text of a file in the cache folder, in memory of the set; NULL = there is none, or it is not to be believed: others may write to
 * it. */
char *pf_kept_load(struct pf_extensions *set, const char *path, size_t most);
/* What entry has added, for the time when it cannot be loaded. */
void pf_remember(struct pf_extensions *set, const struct pf_entry *entry);
/* Makes what it added then its promises. */
void pf_recall(struct pf_extensions *set, struct pf_entry *entry);

/* ---- load.c; the lock is held */
/* PF_OK when it is loaded now. */
enum pf_status pf_entry_load(struct pf_extensions *set, struct pf_entry *entry, struct pf_error *err);
/* Hooks wanted, of both halves. */
uint32_t pf_entry_hooks(const struct pf_entry *entry);
/* What its maker knew of a descriptor, when it is one of this entry. */
enum pf_status pf_descriptor_take(const struct pf_entry *entry, const struct pf_extension *given, struct pf_extension *own,
                                  struct pf_error *err);
/* Takes back what it added. */
void pf_entry_unload(struct pf_extensions *set, struct pf_entry *entry);
/* Everything that promises an addition, or whose promises are not known. kind PF_ADDS = all. */
void pf_load_unknown(struct pf_extensions *set);
void pf_load_promised(struct pf_extensions *set, enum pf_adds kind);
/* Engines that are for any conversion, and those that are for this kind: to a table, or to a format that only engines write. */
void pf_load_engines(struct pf_extensions *set, bool table, const char *format);
/* Markers of loadings that ended a process. */
void pf_markers_read(struct pf_extensions *set);
/* "settings folder/disabled-NAME" */
bool pf_disabled_path(const struct pf_extensions *set, const char *name, char to[PF_PATH_BYTES]);
bool pf_crashed_path(const struct pf_extensions *set, const char *name, char to[PF_PATH_BYTES]);

/* ---- library.c */
/* The library of an extension that is in a language too: shut down, if it was initialised. */
void pf_half_end(struct pf_entry *entry);
/* The descriptor that the library of a native extension gives; *out stays valid. */
enum pf_status pf_library_load(struct pf_extensions *set, struct pf_entry *entry, const struct pf_extension **out,
                               struct pf_error *err);

/* ---- host.c, register.c, hooks.c, command.c */
void pf_host_fill(struct pf_host *host);
void pf_host_fill_additions(struct pf_host *host);
void pf_host_fill_hooks(struct pf_host *host);
void pf_host_fill_commands(struct pf_host *host);
/* Of an extension, perhaps while one of its hooks runs. */
void pf_hook_log(struct pf_context *ctx, enum pf_log_level level, const char *message);
void pf_hook_warn(struct pf_context *ctx, const char *message);

/* ---- lookup.c; the lock is held */
/* Whether location begins with one of the paths; NULL = there are none. */
bool pf_claims(const char *const *paths, const char *location);
/* The scheme that claims the path, loading the one that promises to; *out NULL = none does. */
enum pf_status pf_scheme_get(struct pf_extensions *set, const char *location, struct pf_addition **out, struct pf_error *err);
/* Something live of that kind and name; NULL = none. */
struct pf_addition *pf_addition_find(const struct pf_extensions *set, enum pf_adds kind, const char *name);
/* What the functions of an addition are given; own: a self of the addition itself, NULL = it has none. */
void *pf_addition_self(const struct pf_addition *addition, void *own);
/* The same, loading what promises it; with unknown, also what promises nothing. */
enum pf_status pf_addition_get(struct pf_extensions *set, enum pf_adds kind, const char *name, bool unknown,
                               struct pf_addition **out, struct pf_error *err);

/* ---- format.c */
/* NULL = out of memory. */
struct pf_format_use *pf_format_use_new(struct pf_extensions *set, const struct pf_entry *entry,
                                        const struct pf_format_addition *calls);
/* The extension's own writer in a state of ours. */
void *pf_format_writer_of(void *state);

/* ---- json.c */
/* Whether text is one JSON value, on one line. */
bool pf_json_is_valid(const char *text);

#endif
