/* Extensions written in Python: what the files extension*.c share (docs/design/python.md, "Extensions").
 *
 * The library calls the functions of a descriptor without the GIL. Each takes it once, calls one method of an object that
 * pyforge_cli/extensions/_bridge.py made of what the extension's author wrote, and gives it up again. What Python may do
 * differently from case to case is settled there; here objects have just the methods that are called. */
#ifndef PF_PYTHON_EXTENSION_H
#define PF_PYTHON_EXTENSION_H

#include "binding.h"
#include "pyforge/extension.h"

struct py_extension;

/* A set of extensions, and what it was made with: the user of the language. */
struct py_set {
    PyObject *module; /* borrowed: the module frees the set */
    struct pf_extensions *extensions;
    struct py_extension *loading; /* the innermost that is being loaded; the set's lock is held */
    struct py_extension *all;     /* kept until the set is freed: what was added is never taken away */
};

/* One extension in Python, each time it is loaded. */
struct py_extension {
    struct pf_extension descriptor;
    struct py_set *set;
    PyObject *bridge; /* owned; NULL once unloaded */
    const struct pf_host *host;
    struct py_memory *memory; /* of what the descriptor and the additions point to */
    struct py_extension *outer, *next;
};

/* ---- extension.c */
/* The set of the module's state, made when there is none. NULL without an exception: there shall be none. */
struct py_set *py_set_get(PyObject *module);
/* The same, counted among those that use it until it is left (NULL is not), so that nobody shuts it down meanwhile. */
struct py_set *py_set_use(PyObject *module);
void py_set_leave(PyObject *module, const struct py_set *set);
/* Shuts all extensions down. false = something uses them still. */
bool py_set_close(PyObject *module);
/* What was added is static for the library, so memory for it is freed with the set only. Zeroed; NULL = out of memory. */
void *py_keep(struct py_extension *own, size_t size);
/* A text, or NULL with an exception. None is NULL without one. */
const char *py_keep_text(struct py_extension *own, PyObject *text);
/* A list of texts, NULL-ended; NULL with an exception. */
const char *const *py_keep_texts(struct py_extension *own, PyObject *list);

/* ---- extension_error.c */
/* The exception that is set becomes err; it is told in the log with its trace. ctx NULL: there is none. Ctrl-C and its like end
 * the call and are raised from there. Gives the status. */
enum pf_status py_fail(const struct py_set *set, struct pf_context *ctx, struct pf_error *err);
/* The same for a function that cannot fail: it is only logged. */
void py_forget(const struct py_set *set, struct pf_context *ctx);

/* ---- extension_format.c, extension_scheme.c, extension_engine.c, extension_more.c: an addition made of what the bridge gives, and its registration.
 * PF_OK, or err is filled. */
enum pf_status py_add_format(struct py_extension *own, struct pf_registration *to, PyObject *format, struct pf_error *err);
enum pf_status py_add_scheme(struct py_extension *own, struct pf_registration *to, PyObject *scheme, struct pf_error *err);
enum pf_status py_add_command(struct py_extension *own, struct pf_registration *to, PyObject *command, struct pf_error *err);
enum pf_status py_add_probe(struct py_extension *own, struct pf_registration *to, PyObject *probe, struct pf_error *err);
enum pf_status py_add_engine(struct py_extension *own, struct pf_registration *to, PyObject *engine, struct pf_error *err);
enum pf_status py_add_options(struct py_extension *own, struct pf_registration *to, PyObject *options, struct pf_error *err);

/* ---- extension_option.c */
/* A table of the rows of a list, (name, aliases, kind, choices, initial, unit, help, group); *size is that of the struct its
 * offsets are into. NULL with an exception; an empty list gives NULL without one. */
const struct pf_option *py_option_table(struct py_extension *own, PyObject *rows, size_t *size);
/* The values in such a struct, as a dictionary. */
PyObject *py_option_values(const struct pf_option *table, const void *values);

/* ---- extension_hook.c */
enum pf_status py_hook(void *self, enum pf_hook hook, struct pf_context *ctx, struct pf_hook_call *call, struct pf_error *err);

/* ---- extension_bytes.c: a source and a sink of the library as objects. They are of no use after py_bytes_end. */
PyObject *py_source_new(const struct py_extension *own, struct pf_source *src);
PyObject *py_sink_new(const struct py_extension *own, struct pf_sink *sink);
void py_bytes_end(PyObject *object);

/* ---- capsule.c: what is in a capsule, and capsules of what the library gives */
/* Takes the stream out. */
bool py_stream_from(PyObject *capsule, struct ArrowArrayStream *out);
bool py_is_stream(PyObject *capsule);
/* What it holds, which stays the capsule's. */
struct ArrowSchema *py_schema_in(PyObject *capsule);
struct ArrowArray *py_array_in(PyObject *capsule);
/* On failure the stream stays the caller's. */
PyObject *py_stream_capsule(const struct ArrowArrayStream *stream);
/* These take over what they are given, also on failure. */
PyObject *py_schema_capsule(struct ArrowSchema *schema);
PyObject *py_array_capsule(struct ArrowArray *batch);

/* ---- extension_stream.c */
PyObject *py_schema_copy(const struct ArrowSchema *schema);

/* ---- the module's functions: extension_list.c, extension_stream.c */
PyObject *py_extensions(PyObject *module, PyObject *unused);
PyObject *py_extension_do(PyObject *module, PyObject *args);
PyObject *py_extension_object(PyObject *module, PyObject *args);
PyObject *py_extensions_close(PyObject *module, PyObject *unused);
PyObject *py_stream_of(PyObject *module, PyObject *args);

#endif
