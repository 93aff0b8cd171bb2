/* Sources and sinks of the library as Python objects: what the file objects that a format is given are made of. */
#include "extension.h"

#include <string.h>

/* Of one of the two kinds; both pointers are NULL when the library has taken it back. */
struct py_bytes {
    PyObject_HEAD const struct pf_host *host;
    const struct py_extension *own;
    struct pf_source *src;
    struct pf_sink *sink;
};

static void bytes_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = __extension__(freefunc) PyType_GetSlot(type, Py_tp_free);

    release(self);
    Py_DECREF(type);
}

static bool is_open(const struct py_bytes *own)
{
    if (own->src == NULL && own->sink == NULL)
        PyErr_SetString(PyExc_ValueError, "this file belongs to a conversion that has ended");
    return own->src != NULL || own->sink != NULL;
}

static PyObject *failed(const struct py_bytes *own, const struct pf_error *err)
{
    return py_raise(own->own->set->module, err);
}

/* Bytes of at most size, or exactly size at an offset; -1 = the next ones. */
static PyObject *read_some(const struct py_bytes *own, int64_t offset, Py_ssize_t size)
{
    PyObject *bytes = size < 0 ? NULL : PyBytes_FromStringAndSize(NULL, size);
    struct pf_error err;
    enum pf_status status;
    size_t got = (size_t)size;
    PyObject *part;

    if (bytes == NULL) {
        if (PyErr_Occurred() == NULL)
            PyErr_SetString(PyExc_ValueError, "a size cannot be negative");
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS;
    if (offset < 0)
        status = own->host->source_read(own->src, PyBytes_AsString(bytes), (size_t)size, &got, &err);
    else
        status = own->host->source_read_at(own->src, offset, PyBytes_AsString(bytes), (size_t)size, &err);
    Py_END_ALLOW_THREADS;
    if (status != PF_OK && status != PF_END) {
        Py_DECREF(bytes);
        return failed(own, &err);
    }
    if (got == (size_t)size)
        return bytes;
    part = PyBytes_FromStringAndSize(PyBytes_AsString(bytes), (Py_ssize_t)got);
    Py_DECREF(bytes);
    return part;
}

static PyObject *source_read(PyObject *self, PyObject *args)
{
    const struct py_bytes *own = (const struct py_bytes *)self;
    Py_ssize_t size;

    if (!PyArg_ParseTuple(args, "n:read", &size) || !is_open(own))
        return NULL;
    return read_some(own, -1, size);
}

static PyObject *source_read_at(PyObject *self, PyObject *args)
{
    const struct py_bytes *own = (const struct py_bytes *)self;
    long long offset;
    Py_ssize_t size;

    if (!PyArg_ParseTuple(args, "Ln:read_at", &offset, &size) || !is_open(own))
        return NULL;
    if (offset < 0) {
        PyErr_SetString(PyExc_ValueError, "an offset cannot be negative");
        return NULL;
    }
    return read_some(own, offset, size);
}

static PyObject *source_name(PyObject *self, PyObject *unused)
{
    const struct py_bytes *own = (const struct py_bytes *)self;

    (void)unused;
    return is_open(own) ? py_text(own->host->source_name(own->src)) : NULL;
}

static PyObject *source_size(PyObject *self, PyObject *unused)
{
    const struct py_bytes *own = (const struct py_bytes *)self;

    (void)unused;
    return is_open(own) ? PyLong_FromLongLong(own->host->source_size(own->src)) : NULL;
}

static PyObject *sink_write(PyObject *self, PyObject *given)
{
    const struct py_bytes *own = (const struct py_bytes *)self;
    PyObject *bytes = is_open(own) ? PyBytes_FromObject(given) : NULL;
    enum pf_status status;
    struct pf_error err;
    Py_ssize_t size;

    if (bytes == NULL)
        return NULL;
    size = PyBytes_Size(bytes);
    Py_BEGIN_ALLOW_THREADS;
    status = own->host->sink_write(own->sink, PyBytes_AsString(bytes), (size_t)size, &err);
    Py_END_ALLOW_THREADS;
    Py_DECREF(bytes);
    return status == PF_OK ? PyLong_FromSsize_t(size) : failed(own, &err);
}

static PyMethodDef source_methods[] = {
    { "read", source_read, METH_VARARGS, "(size) -> bytes; fewer at any time, none at the end" },
    { "read_at", source_read_at, METH_VARARGS, "(offset, size) -> bytes, exactly size" },
    { "name", source_name, METH_NOARGS, "The file's name." },
    { "size", source_size, METH_NOARGS, "Bytes, decompressed; -1 = not known." },
    { NULL, NULL, 0, NULL },
};

static PyMethodDef sink_methods[] = {
    { "write", sink_write, METH_O, "(bytes) -> their number; all are taken" },
    { NULL, NULL, 0, NULL },
};

static PyObject *make_type(const char *name, PyMethodDef *methods)
{
    PyType_Slot slots[] = {
        { Py_tp_dealloc, PY_SLOT(bytes_dealloc) },
        { Py_tp_methods, methods },
        { 0, NULL },
    };
    PyType_Spec spec = { name, sizeof(struct py_bytes), 0, Py_TPFLAGS_DEFAULT, slots };

    return PyType_FromSpec(&spec);
}

bool py_bytes_add(PyObject *module)
{
    struct py_state *state = py_state_of(module);

    state->source_type = make_type("pyforge_cli._pyforge.Source", source_methods);
    state->sink_type = make_type("pyforge_cli._pyforge.Sink", sink_methods);
    return state->source_type != NULL && state->sink_type != NULL;
}

static PyObject *bytes_new(const struct py_extension *own, PyObject *type, struct pf_source *src, struct pf_sink *sink)
{
    PyObject *self = PyType_GenericAlloc((PyTypeObject *)type, 0);
    struct py_bytes *bytes = (struct py_bytes *)self;

    if (bytes != NULL) {
        bytes->host = own->host;
        bytes->own = own;
        bytes->src = src;
        bytes->sink = sink;
    }
    return self;
}

PyObject *py_source_new(const struct py_extension *own, struct pf_source *src)
{
    return bytes_new(own, py_state_of(own->set->module)->source_type, src, NULL);
}

PyObject *py_sink_new(const struct py_extension *own, struct pf_sink *sink)
{
    return bytes_new(own, py_state_of(own->set->module)->sink_type, NULL, sink);
}

void py_bytes_end(PyObject *object)
{
    struct py_bytes *bytes = (struct py_bytes *)object;

    if (bytes == NULL)
        return;
    bytes->src = NULL;
    bytes->sink = NULL;
}
