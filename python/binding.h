/* The extension module pyforge_cli._pyforge: what its files share (docs/design/python.md).
 *
 * Functions that return PyObject * follow Python's rules: a new reference, or NULL with an exception set. Those that return bool
 * give false with an exception set. All are called with the GIL held unless said otherwise. */
#ifndef PF_PYTHON_BINDING_H
#define PF_PYTHON_BINDING_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

#include "pyforge/arrow_abi.h"
#include "pyforge/pyforge.h"

/* A function as what a type's slot or a method's entry holds. */
#define PY_SLOT(function) __extension__(void *)(function)
#define PY_COUNT(array)   (sizeof(array) / sizeof((array)[0]))

enum { PY_ERROR_CLASSES = 12 };

struct py_set;  /* extension.h */
struct py_call; /* below */

/* A hook that runs now: what its thread starts belongs to it. */
struct py_inside {
    struct pf_context *ctx;
    const struct pf_host *host;
    unsigned long thread;
    struct py_inside *outer;
};

struct py_state {
    PyObject *errors[PY_ERROR_CLASSES]; /* in the order of the table in errors.c; the first is PyForgeError */
    PyObject *stream_type, *source_type, *sink_type, *hook_type;
    struct py_set *set;       /* the extensions; NULL = not looked for yet */
    long process;             /* that set is of */
    uint32_t busy;            /* calls and streams that use set */
    bool closed;              /* extensions were shut down for good */
    struct py_inside *inside; /* hooks that run, of all threads */
    struct py_call *calls;    /* under way, of all threads */
};

struct py_state *py_state_of(PyObject *module);

/* ---- errors.c */
/* Makes the exception classes and puts them into the module. */
bool py_errors_add(PyObject *module);
/* The exception that err stands for, with all its attributes. */
PyObject *py_error_new(PyObject *module, const struct pf_error *err);
/* Sets it. Returns NULL. */
PyObject *py_raise(PyObject *module, const struct pf_error *err);
/* Sets the TypeError for a keyword that no option table has. */
void py_raise_unknown(PyObject *module, const struct pf_context *ctx, const char *name);

/* ---- call.c: one call into the library */

/* What the library's callbacks work with. An exception raised in one of them is kept, and ends the call. */
struct py_watch {
    struct pf_context *ctx;
    PyObject *log, *progress; /* callables, borrowed; NULL = none */
    bool told;                /* progress was told before, at .. */
    double told_at;
    struct pf_progress latest; /* not told yet when untold */
    bool untold;
    PyObject *type, *value, *trace; /* the exception kept */
};

struct py_file; /* bytes.c */

struct py_call {
    PyObject *module; /* borrowed */
    struct pf_context *ctx;
    struct pf_request *request;
    struct py_watch watch;
    struct py_file *input, *output; /* file objects the library was given; NULL = none */
    const struct pf_host *host;     /* that the context is of: the call is made by a hook; NULL = it is our own */
    bool counted;                   /* among those that use the set */
    unsigned long thread;
    struct py_call *next;
};

/* Arguments that every call has, as Python gives them. */
struct py_arguments {
    PyObject *input, *output; /* str = path, bytes = content (input only), else a file object; None = none */
    PyObject *settings;       /* list of (name, str or bool) */
    PyObject *log;            /* callable(level, message) or None */
    int log_from;             /* enum pf_log_level; beyond PF_LOG_AS_SET = nothing */
    PyObject *progress;       /* callable(bytes_read, bytes_total, rows, seconds, step) or None */
    bool plain;               /* without extensions */
};

/* Makes context and request and fills them. py_call_end is called also after a failure. The GIL is given up for all that the library
 * does: it may load an extension, or wait for another thread that does. */
bool py_call_begin(struct py_call *call, PyObject *module, const struct py_arguments *arguments);
void py_call_end(struct py_call *call);
/* After the library returned: false, with the exception set, when a callback raised one or a signal handler did. */
bool py_call_check(struct py_call *call);
/* What is done on this thread, until it is left, is done for the call. Part of begin and end. */
void py_call_enter(struct py_call *call);
void py_call_leave(const struct py_call *call);
/* The call that this thread is in; NULL = none. */
struct py_call *py_call_here(PyObject *module);
/* The hook is no longer running. */
void py_inside_end(struct py_state *state, const struct py_inside *inside);
/* Keeps the exception that is set, and cancels. For callbacks. */
void py_watch_keep(struct py_watch *watch);
/* Text of the library: UTF-8, with what is none of it kept as Python's file names keep it. */
PyObject *py_text(const char *text);

/* ---- bytes.c: input and output that are no files. Both give them to the call's request. */
bool py_input_give(struct py_call *call, PyObject *input);
bool py_output_give(struct py_call *call, PyObject *output);
/* The call ends; what a stream still reads from is freed with the stream. NULL may be given. */
void py_file_leave(struct py_file *file);

/* ---- functions.c, bulk.c, stream.c, command.c: functions of the module */
PyObject *py_convert(PyObject *module, PyObject *args);
PyObject *py_explain(PyObject *module, PyObject *args);
PyObject *py_config(PyObject *module, PyObject *args);
PyObject *py_environment(PyObject *module, PyObject *args);
PyObject *py_info(PyObject *module, PyObject *args);
PyObject *py_validate(PyObject *module, PyObject *args);
PyObject *py_files(PyObject *module, PyObject *args);
PyObject *py_shown(PyObject *module, PyObject *args);
PyObject *py_formats(PyObject *module, PyObject *args);
PyObject *py_process_path(PyObject *module, PyObject *args);
PyObject *py_owner_name(PyObject *module, PyObject *args);
PyObject *py_owner_of(PyObject *module, PyObject *args);
PyObject *py_read(PyObject *module, PyObject *args);
PyObject *py_write(PyObject *module, PyObject *args);
PyObject *py_command(PyObject *module, PyObject *args);
/* The record of a conversion that has ended: (json, exit code, summary, exception or None). Frees result. */
PyObject *py_ended(struct py_call *call, struct pf_result *result, enum pf_status status, const struct pf_error *err);

/* Make the types. */
bool py_stream_add(PyObject *module);
bool py_bytes_add(PyObject *module);
bool py_hook_add(PyObject *module);

#endif
