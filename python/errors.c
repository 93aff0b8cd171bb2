/* Errors of the library as exceptions: the one place where a status becomes a class. */
#include "binding.h"

#include <stdio.h>
#include <string.h>

struct error_class {
    const char *name, *doc;
    PyObject **also; /* the class of Python's own that it is besides; NULL = none */
    enum pf_status status;
};

/* The first is the base, and stands for what the others do not. */
static const struct error_class error_classes[] = {
    { "PyForgeError", "The base of all errors of PyForge.", NULL, PF_OK },
    { "OutOfMemoryError", "An allocation was refused, by the system or by the option memory.", &PyExc_MemoryError,
      PF_NO_MEMORY },
    { "StorageError", "The operating system refused to read or write.", &PyExc_OSError, PF_IO },
    { "BadDataError", "The input breaks the rules of its format.", &PyExc_ValueError, PF_BAD_DATA },
    { "UnsupportedError", "Correct, but not something this version reads or writes.", &PyExc_ValueError, PF_UNSUPPORTED },
    { "LimitError", "A limit was reached; the message names the option that raises it.", &PyExc_ValueError, PF_LIMIT },
    { "OptionError", "An option has a bad value, or contradicts another.", &PyExc_ValueError, PF_BAD_OPTION },
    { "NotFoundError", "The input, or the table or column asked for, is not there.", &PyExc_FileNotFoundError, PF_NOT_FOUND },
    { "OutputExistsError", "The output exists and may not be replaced.", &PyExc_FileExistsError, PF_EXISTS },
    { "RejectedError", "More rows were rejected than allowed.", &PyExc_ValueError, PF_REJECTED },
    { "InternalError", "An accounting check failed; nothing was written.", &PyExc_RuntimeError, PF_INTERNAL },
    { "UnknownOptionError", "There is no option of this name.", &PyExc_TypeError, PF_END },
};
_Static_assert(PY_COUNT(error_classes) == PY_ERROR_CLASSES, "the module's state has room for every class");

/* What every instance has, so that it can be asked for also when somebody else made the exception. */
static PyObject *base_attributes(void)
{
    return Py_BuildValue("{s:s,s:s,s:s,s:O,s:O,s:O,s:O,s:O,s:O,s:O}", "message", "", "remedy", "", "source", "", "row", Py_None,
                         "line", Py_None, "column", Py_None, "column_name", Py_None, "offset", Py_None, "status", Py_None,
                         "result", Py_None);
}

bool py_errors_add(PyObject *module)
{
    struct py_state *state = py_state_of(module);

    for (size_t i = 0; i < PY_COUNT(error_classes); i++) {
        const struct error_class *row = &error_classes[i];
        PyObject *bases = NULL, *attributes = NULL;
        char name[64];

        (void)snprintf(name, sizeof name, "pyforge_cli.%s", row->name);
        if (i == 0)
            attributes = base_attributes();
        else
            bases = row->also != NULL ? PyTuple_Pack(2, state->errors[0], *row->also) : PyTuple_Pack(1, state->errors[0]);
        if (i == 0 ? attributes != NULL : bases != NULL)
            state->errors[i] = PyErr_NewExceptionWithDoc(name, row->doc, bases, attributes);
        Py_XDECREF(bases);
        Py_XDECREF(attributes);
        if (state->errors[i] == NULL)
            return false;
        Py_INCREF(state->errors[i]);
        if (PyModule_AddObject(module, row->name, state->errors[i]) < 0) {
            Py_DECREF(state->errors[i]);
            return false;
        }
    }
    return true;
}

static PyObject *class_of(const struct py_state *state, enum pf_status status)
{
    for (size_t i = 1; i < PY_COUNT(error_classes); i++) {
        if (error_classes[i].status == status)
            return state->errors[i];
    }
    return state->errors[0];
}

/* ---- the text: "sales.csv: row 12 (line 14), column 3 'amount': what was found", and the hint on a line of its own */

struct line {
    char text[1400]; /* room for all parts of an error */
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void put(struct line *line, const char *format, ...)
{
    size_t room = sizeof line->text - line->size;
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(line->text + line->size, room, format, args);
    va_end(args);
    if (size > 0)
        line->size += (size_t)size < room ? (size_t)size : room - 1;
}

static void put_place(struct line *line, const struct pf_error *err)
{
    size_t before = line->size;

    if (err->row > 0 && err->line > 0)
        put(line, "row %lld (line %lld)", (long long)err->row, (long long)err->line);
    else if (err->row > 0)
        put(line, "row %lld", (long long)err->row);
    else if (err->line > 0)
        put(line, "line %lld", (long long)err->line);
    else if (err->offset >= 0)
        put(line, "byte %lld", (long long)err->offset);
    if (err->column > 0)
        put(line, "%scolumn %lld", line->size > before ? ", " : "", (long long)err->column);
    if (err->column_name[0] != '\0')
        put(line, "%s'%s'", line->size > before ? " " : "", err->column_name);
    if (line->size > before)
        put(line, ": ");
}

static PyObject *whole_text(const struct pf_error *err)
{
    struct line line;

    line.size = 0;
    line.text[0] = '\0';
    if (err->source[0] != '\0' && strstr(err->message, err->source) == NULL)
        put(&line, "%s: ", err->source);
    put_place(&line, err);
    put(&line, "%s", err->message);
    if (err->remedy[0] != '\0')
        put(&line, "\n  hint: %s", err->remedy);
    return PyUnicode_DecodeUTF8(line.text, (Py_ssize_t)line.size, "backslashreplace");
}

/* ---- the exception */

/* Takes value over. */
static bool set(PyObject *exception, const char *name, PyObject *value)
{
    int done = value != NULL ? PyObject_SetAttrString(exception, name, value) : -1;

    Py_XDECREF(value);
    return done == 0;
}

/* Places count from 1; 0 is a place not known. */
static bool set_place(PyObject *exception, const char *name, int64_t place)
{
    return place <= 0 || set(exception, name, PyLong_FromLongLong(place));
}

static bool describe(PyObject *exception, const struct pf_error *err, const char *status)
{
    return set(exception, "message", py_text(err->message)) && set(exception, "remedy", py_text(err->remedy)) &&
           set(exception, "source", py_text(err->source)) && set_place(exception, "row", err->row) &&
           set_place(exception, "line", err->line) && set_place(exception, "column", err->column) &&
           (err->column_name[0] == '\0' || set(exception, "column_name", py_text(err->column_name))) &&
           (err->offset < 0 || set(exception, "offset", PyLong_FromLongLong(err->offset))) &&
           set(exception, "status", PyUnicode_FromString(status));
}

static PyObject *make(PyObject *class, const struct pf_error *err, const char *status)
{
    PyObject *text = whole_text(err);
    PyObject *exception = text != NULL ? PyObject_CallFunctionObjArgs(class, text, NULL) : NULL;

    Py_XDECREF(text);
    if (exception != NULL && !describe(exception, err, status))
        Py_CLEAR(exception);
    return exception;
}

static void raise_it(PyObject *exception)
{
    if (exception == NULL)
        return;
    PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    Py_DECREF(exception);
}

PyObject *py_error_new(PyObject *module, const struct pf_error *err)
{
    const struct py_call *call = py_call_here(module);
    struct pf_error told = *err;

    if (call != NULL && call->ctx != NULL) {
        Py_BEGIN_ALLOW_THREADS;
        pf_error_for_keywords(call->ctx, &told);
        Py_END_ALLOW_THREADS;
    }
    return make(class_of(py_state_of(module), err->status), &told, pf_status_name(err->status));
}

PyObject *py_raise(PyObject *module, const struct pf_error *err)
{
    raise_it(py_error_new(module, err));
    return NULL;
}

/* Control characters are told as \x1b, as the command tells them: the name may come from anywhere. */
static void escape(const char *text, char *to, size_t size)
{
    size_t at = 0;

    for (; *text != '\0' && at + 5 < size; text++) {
        bool control = (unsigned char)*text < ' ' || *text == 0x7f;

        at += (size_t)snprintf(to + at, size - at, control ? "\\x%02x" : "%c", (unsigned char)*text);
    }
    to[at] = '\0';
}

void py_raise_unknown(PyObject *module, const struct pf_context *ctx, const char *name)
{
    enum { MOST = 32 };
    const struct pf_option *tables[MOST];
    struct pf_error err;
    const char *owner;
    char told[100];
    uint32_t count = 0;

    memset(&err, 0, sizeof err);
    err.offset = -1;
    escape(name, told, sizeof told);
    Py_BEGIN_ALLOW_THREADS;
    while (count < MOST && (tables[count] = pf_option_table(ctx, count, &owner)) != NULL)
        count++;
    pf_option_suggest(tables, count, name, err.remedy, sizeof err.remedy);
    pf_error_for_keywords(ctx, &err);
    Py_END_ALLOW_THREADS;
    (void)snprintf(err.message, sizeof err.message, "there is no option '%s'", told);
    raise_it(make(class_of(py_state_of(module), PF_END), &err, pf_status_name(PF_BAD_OPTION)));
}
