/* Formats written in Python, as additions of the library. */
#include "extension.h"

#include <stdlib.h>
#include <string.h>

struct py_format {
    struct pf_format_addition addition;
    struct py_extension *own;
    PyObject *object; /* of the bridge, which keeps it until the extension is unloaded */
};

/* A file being read, or one being written. */
struct py_table_file {
    const struct py_format *format;
    struct pf_context *ctx;
    PyObject *file;   /* the source or the sink */
    PyObject *object; /* what the bridge gave for it */
    int64_t rows;     /* written */
};

static struct py_table_file *file_new(const struct py_format *format, struct pf_context *ctx, PyObject *file)
{
    struct py_table_file *own = file != NULL ? calloc(1, sizeof *own) : NULL;

    if (own == NULL) {
        Py_XDECREF(file);
        if (PyErr_Occurred() == NULL)
            PyErr_NoMemory();
        return NULL;
    }
    own->format = format;
    own->ctx = ctx;
    own->file = file;
    return own;
}

static void file_free(struct py_table_file *own)
{
    if (own == NULL)
        return;
    py_bytes_end(own->file);
    Py_XDECREF(own->object);
    Py_XDECREF(own->file);
    free(own);
}

/* Calls a method that gives nothing. */
static enum pf_status call_it(const struct py_table_file *own, PyObject *answer, struct pf_error *err)
{
    if (answer == NULL)
        return py_fail(own->format->own->set, own->ctx, err);
    Py_DECREF(answer);
    return PF_OK;
}

/* ---- reading */

static int format_probe(void *self, const uint8_t *head, size_t size)
{
    const struct py_format *format = self;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *answer = PyObject_CallMethod(format->object, "probe", "y#", (const char *)head, (Py_ssize_t)size);
    long score = answer != NULL ? PyLong_AsLong(answer) : -1;

    py_forget(format->own->set, NULL);
    Py_XDECREF(answer);
    PyGILState_Release(gil);
    return score < 0 ? 0 : score > 100 ? 100 : (int)score;
}

static enum pf_status format_open(void *self, struct pf_context *ctx, struct pf_source *src, const void *options, void **reader,
                                  struct pf_error *err)
{
    const struct py_format *format = self;
    PyGILState_STATE gil = PyGILState_Ensure();
    struct py_table_file *own = file_new(format, ctx, py_source_new(format->own, src));
    enum pf_status status = PF_OK;
    PyObject *values = own != NULL ? py_option_values(format->addition.read_options, options) : NULL;

    if (values != NULL)
        own->object = PyObject_CallMethod(format->object, "open", "OO", own->file, values);
    if (own == NULL || own->object == NULL) {
        status = py_fail(format->own->set, ctx, err);
        file_free(own);
        own = NULL;
    }
    Py_XDECREF(values);
    *reader = own;
    PyGILState_Release(gil);
    return status;
}

/* The names are bytes that the bridge's object keeps. */
static enum pf_status format_table(void *reader, uint32_t index, const char **name, struct pf_error *err)
{
    const struct py_table_file *own = reader;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *answer = PyObject_CallMethod(own->object, "table", "I", (unsigned)index);
    enum pf_status status = answer == Py_None ? PF_END : PF_OK;

    *name = answer != NULL && answer != Py_None ? PyBytes_AsString(answer) : NULL;
    if (answer == NULL || (*name == NULL && status == PF_OK))
        status = py_fail(own->format->own->set, own->ctx, err);
    Py_XDECREF(answer);
    PyGILState_Release(gil);
    return status;
}

static enum pf_status format_read(void *reader, uint32_t table, struct ArrowArrayStream *out, struct pf_error *err)
{
    const struct py_table_file *own = reader;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *capsule = PyObject_CallMethod(own->object, "read", "I", (unsigned)table);
    enum pf_status status = PF_OK;

    if (capsule == NULL || !py_stream_from(capsule, out))
        status = py_fail(own->format->own->set, own->ctx, err);
    Py_XDECREF(capsule);
    PyGILState_Release(gil);
    return status;
}

static void format_close(void *reader)
{
    struct py_table_file *own = reader;
    const struct py_set *set = own->format->own->set;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *answer = PyObject_CallMethod(own->object, "close", NULL);

    Py_XDECREF(answer);
    py_forget(set, NULL);
    file_free(own);
    PyGILState_Release(gil);
}

/* ---- writing */

static enum pf_status format_create(void *self, struct pf_context *ctx, struct pf_sink *sink, const struct ArrowSchema *schema,
                                    const void *options, void **writer, struct pf_error *err)
{
    const struct py_format *format = self;
    PyGILState_STATE gil = PyGILState_Ensure();
    struct py_table_file *own = file_new(format, ctx, py_sink_new(format->own, sink));
    PyObject *values = own != NULL ? py_option_values(format->addition.write_options, options) : NULL;
    PyObject *copy = values != NULL ? py_schema_copy(schema) : NULL;
    enum pf_status status = PF_OK;

    if (copy != NULL)
        own->object = PyObject_CallMethod(format->object, "create", "OOO", own->file, copy, values);
    if (own == NULL || own->object == NULL) {
        status = py_fail(format->own->set, ctx, err);
        file_free(own);
        own = NULL;
    }
    Py_XDECREF(copy);
    Py_XDECREF(values);
    *writer = own;
    PyGILState_Release(gil);
    return status;
}

static enum pf_status format_add(void *writer, struct ArrowArray *batch, struct pf_error *err)
{
    struct py_table_file *own = writer;
    PyGILState_STATE gil = PyGILState_Ensure();
    int64_t rows = batch->length;
    PyObject *capsule = py_array_capsule(batch), *answer = NULL;
    enum pf_status status;

    own->rows += rows;
    if (capsule != NULL)
        answer = PyObject_CallMethod(own->object, "add", "O", capsule);
    status = call_it(own, answer, err);
    Py_XDECREF(capsule);
    PyGILState_Release(gil);
    return status;
}

static enum pf_status format_finish(void *writer, int64_t rows, struct pf_error *err)
{
    const struct py_table_file *own = writer;
    PyGILState_STATE gil = PyGILState_Ensure();
    enum pf_status status;

    if (own->rows != rows)
        PyErr_Format(PyExc_SystemError, "%lld rows were given to be written, there were %lld", (long long)own->rows,
                     (long long)rows);
    status = call_it(own, own->rows == rows ? PyObject_CallMethod(own->object, "finish", NULL) : NULL, err);
    PyGILState_Release(gil);
    return status;
}

static void format_discard(void *writer)
{
    struct py_table_file *own = writer;
    const struct py_set *set = own->format->own->set;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *answer = PyObject_CallMethod(own->object, "discard", NULL);

    Py_XDECREF(answer);
    py_forget(set, NULL);
    file_free(own);
    PyGILState_Release(gil);
}

/* ---- the addition */

static const char *const *keep_suffixes(struct py_extension *own, PyObject *list)
{
    Py_ssize_t count = PyList_Size(list);
    const char **suffixes = count >= 0 ? py_keep(own, ((size_t)count + 1) * sizeof(char *)) : NULL;

    for (Py_ssize_t i = 0; i < count && suffixes != NULL; i++) {
        suffixes[i] = py_keep_text(own, PyList_GetItem(list, i));
        if (suffixes[i] == NULL)
            return NULL;
    }
    return suffixes;
}

/* The format's facts: (name, description, suffixes, flags, read options, write options, does). */
static bool fill(struct py_extension *own, struct py_format *format)
{
    enum { PROBES = 1, READS = 2, WRITES = 4, HAS_TABLES = 8 };
    struct pf_format_addition *to = &format->addition;
    PyObject *facts = PyObject_CallMethod(format->object, "facts", NULL);
    PyObject *name, *description, *suffixes, *read_options, *write_options;
    int does = 0;
    bool good = facts != NULL && PyArg_ParseTuple(facts, "OOO!IO!O!i", &name, &description, &PyList_Type, &suffixes, &to->flags,
                                                  &PyList_Type, &read_options, &PyList_Type, &write_options, &does) != 0;

    to->size = sizeof *to;
    to->self = format;
    if (good) {
        to->name = py_keep_text(own, name);
        to->description = py_keep_text(own, description);
        to->suffixes = keep_suffixes(own, suffixes);
        to->read_options = py_option_table(own, read_options, &to->read_option_size);
        to->write_options = py_option_table(own, write_options, &to->write_option_size);
        good = PyErr_Occurred() == NULL;
    }
    to->probe = (does & PROBES) != 0 ? format_probe : NULL;
    if ((does & READS) != 0) {
        to->open = format_open;
        to->table = (does & HAS_TABLES) != 0 ? format_table : NULL;
        to->read = format_read;
        to->close = format_close;
    }
    if ((does & WRITES) != 0) {
        to->create = format_create;
        to->add = format_add;
        to->finish = format_finish;
        to->discard = format_discard;
    }
    Py_XDECREF(facts);
    return good;
}

enum pf_status py_add_format(struct py_extension *own, struct pf_registration *to, PyObject *object, struct pf_error *err)
{
    struct py_format *format = py_keep(own, sizeof *format);
    enum pf_status status;

    if (format == NULL)
        return py_fail(own->set, NULL, err);
    format->own = own;
    format->object = object;
    if (!fill(own, format))
        return py_fail(own->set, NULL, err);
    Py_BEGIN_ALLOW_THREADS;
    status = own->host->add_format(to, &format->addition, err);
    Py_END_ALLOW_THREADS;
    return status;
}
