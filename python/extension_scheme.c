/* Storage schemes written in Python, as additions of the library. */
#include "extension.h"

#include <stdlib.h>
#include <string.h>

struct py_scheme {
    struct pf_scheme_addition addition;
    struct py_extension *own;
    PyObject *object; /* of the bridge, which keeps it until the extension is unloaded */
};

/* Something open at a location. */
struct py_open {
    const struct py_scheme *scheme;
    PyObject *object;
};

static enum pf_status failed(const struct py_scheme *scheme, struct pf_context *ctx, struct pf_error *err)
{
    return py_fail(scheme->own->set, ctx, err);
}

/* An answer that says nothing. Takes it over. */
static enum pf_status done(const struct py_scheme *scheme, struct pf_context *ctx, PyObject *answer, struct pf_error *err)
{
    if (answer == NULL)
        return failed(scheme, ctx, err);
    Py_DECREF(answer);
    return PF_OK;
}

/* Calls a method with a location, as text that keeps what is no UTF-8. */
static PyObject *call_at(const struct py_scheme *scheme, const char *method, const char *location)
{
    PyObject *text = py_text(location);
    PyObject *answer = text != NULL ? PyObject_CallMethod(scheme->object, method, "O", text) : NULL;

    Py_XDECREF(text);
    return answer;
}

/* (bytes, modified in ns, directory) */
static bool take_facts(PyObject *facts, struct pf_location *out)
{
    long long bytes, modified;
    int directory;

    if (!PyArg_ParseTuple(facts, "LLp", &bytes, &modified, &directory))
        return false;
    out->bytes = bytes;
    out->modified_ns = modified;
    out->directory = directory != 0;
    return true;
}

static enum pf_status scheme_stat(void *self, struct pf_context *ctx, const char *location, struct pf_location *out,
                                  struct pf_error *err)
{
    const struct py_scheme *scheme = self;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *facts = call_at(scheme, "stat", location);
    enum pf_status status = PF_OK;

    if (facts == NULL || !take_facts(facts, out))
        status = failed(scheme, ctx, err);
    Py_XDECREF(facts);
    PyGILState_Release(gil);
    return status;
}

/* ---- reading */

static enum pf_status open_object(const struct py_scheme *scheme, struct pf_context *ctx, PyObject *object, void **out,
                                  struct pf_error *err)
{
    struct py_open *own = object != NULL ? malloc(sizeof *own) : NULL;

    *out = own;
    if (own != NULL) {
        own->scheme = scheme;
        own->object = object;
        return PF_OK;
    }
    if (object != NULL)
        PyErr_NoMemory();
    Py_XDECREF(object);
    return failed(scheme, ctx, err);
}

static enum pf_status scheme_open(void *self, struct pf_context *ctx, const char *location, void **reader, struct pf_error *err)
{
    const struct py_scheme *scheme = self;
    PyGILState_STATE gil = PyGILState_Ensure();
    enum pf_status status = open_object(scheme, ctx, call_at(scheme, "open", location), reader, err);

    PyGILState_Release(gil);
    return status;
}

/* Takes what a read gave: at most size bytes, exactly size with all. */
static enum pf_status take_bytes(const struct py_open *own, PyObject *bytes, void *to, size_t size, bool all, size_t *got,
                                 struct pf_error *err)
{
    size_t count = bytes != NULL && PyBytes_Check(bytes) ? (size_t)PyBytes_Size(bytes) : 0;

    *got = 0;
    if (bytes != NULL && !PyBytes_Check(bytes))
        PyErr_SetString(PyExc_TypeError, "a file of a storage scheme gave something else than bytes");
    else if (bytes != NULL && (count > size || (all && count < size)))
        PyErr_Format(PyExc_ValueError, "a file of a storage scheme gave %zu bytes where %zu were asked for", count, size);
    if (PyErr_Occurred() != NULL) {
        Py_XDECREF(bytes);
        return failed(own->scheme, NULL, err);
    }
    memcpy(to, PyBytes_AsString(bytes), count);
    *got = count;
    Py_DECREF(bytes);
    return PF_OK;
}

static enum pf_status scheme_read(void *reader, void *to, size_t size, size_t *got, struct pf_error *err)
{
    const struct py_open *own = reader;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *bytes = PyObject_CallMethod(own->object, "read", "n", (Py_ssize_t)size);
    enum pf_status status = take_bytes(own, bytes, to, size, false, got, err);

    PyGILState_Release(gil);
    return status;
}

static enum pf_status scheme_read_at(void *reader, int64_t offset, void *to, size_t size, struct pf_error *err)
{
    const struct py_open *own = reader;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *bytes = PyObject_CallMethod(own->object, "read_at", "Ln", (long long)offset, (Py_ssize_t)size);
    size_t got;
    enum pf_status status = take_bytes(own, bytes, to, size, true, &got, err);

    PyGILState_Release(gil);
    return status;
}

/* Ends the use of a reader or a writer by a method of its. */
static void end_with(struct py_open *own, const char *method)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *answer = PyObject_CallMethod(own->object, method, NULL);

    Py_XDECREF(answer);
    py_forget(own->scheme->own->set, NULL);
    Py_DECREF(own->object);
    free(own);
    PyGILState_Release(gil);
}

static void scheme_close(void *reader)
{
    end_with(reader, "close");
}

/* ---- directories */

static enum pf_status emit_one(const struct py_scheme *scheme, struct pf_context *ctx, PyObject *entry, pf_list_fn emit,
                               void *user, struct pf_error *err)
{
    struct pf_location what;
    PyObject *location, *facts, *bytes = NULL;
    char *text = NULL;
    enum pf_status status;

    if (PyArg_ParseTuple(entry, "UO", &location, &facts) && take_facts(facts, &what))
        bytes = PyUnicode_AsEncodedString(location, "utf-8", "surrogateescape");
    /* without a size, a NUL in the text is a ValueError */
    if (bytes == NULL || PyBytes_AsStringAndSize(bytes, &text, NULL) != 0) {
        Py_XDECREF(bytes);
        return failed(scheme, ctx, err);
    }
    Py_BEGIN_ALLOW_THREADS;
    status = emit(user, text, &what, err);
    Py_END_ALLOW_THREADS;
    Py_DECREF(bytes);
    return status;
}

static enum pf_status scheme_list(void *self, struct pf_context *ctx, const char *location, pf_list_fn emit, void *user,
                                  struct pf_error *err)
{
    const struct py_scheme *scheme = self;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *entries = call_at(scheme, "list", location), *entry = NULL;
    enum pf_status status = PF_OK;

    /* one by one: they may be more than there is room for */
    while (entries != NULL && status == PF_OK && (entry = PyIter_Next(entries)) != NULL) {
        status = emit_one(scheme, ctx, entry, emit, user, err);
        Py_DECREF(entry);
    }
    if (status == PF_OK && PyErr_Occurred() != NULL)
        status = failed(scheme, ctx, err);
    Py_XDECREF(entries);
    PyGILState_Release(gil);
    return status;
}

static enum pf_status scheme_make_directory(void *self, struct pf_context *ctx, const char *location, struct pf_error *err)
{
    const struct py_scheme *scheme = self;
    PyGILState_STATE gil = PyGILState_Ensure();
    enum pf_status status = done(scheme, ctx, call_at(scheme, "make_directory", location), err);

    PyGILState_Release(gil);
    return status;
}

static enum pf_status scheme_remove(void *self, struct pf_context *ctx, const char *location, struct pf_error *err)
{
    const struct py_scheme *scheme = self;
    PyGILState_STATE gil = PyGILState_Ensure();
    enum pf_status status = done(scheme, ctx, call_at(scheme, "remove", location), err);

    PyGILState_Release(gil);
    return status;
}

/* ---- writing */

static enum pf_status scheme_create(void *self, struct pf_context *ctx, const char *location, bool replace, void **writer,
                                    struct pf_error *err)
{
    const struct py_scheme *scheme = self;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *text = py_text(location), *object = NULL;
    enum pf_status status;

    if (text != NULL)
        object = PyObject_CallMethod(scheme->object, "create", "OO", text, replace ? Py_True : Py_False);
    status = open_object(scheme, ctx, object, writer, err);
    Py_XDECREF(text);
    PyGILState_Release(gil);
    return status;
}

static enum pf_status scheme_write(void *writer, const void *bytes, size_t size, struct pf_error *err)
{
    const struct py_open *own = writer;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *answer = PyObject_CallMethod(own->object, "write", "y#", (const char *)bytes, (Py_ssize_t)size);
    enum pf_status status = done(own->scheme, NULL, answer, err);

    PyGILState_Release(gil);
    return status;
}

static enum pf_status scheme_commit(void *writer, struct pf_error *err)
{
    const struct py_open *own = writer;
    PyGILState_STATE gil = PyGILState_Ensure();
    enum pf_status status = done(own->scheme, NULL, PyObject_CallMethod(own->object, "commit", NULL), err);

    PyGILState_Release(gil);
    return status;
}

static void scheme_discard(void *writer)
{
    end_with(writer, "discard");
}

/* The text by which two locations are told to be one. */
static enum pf_status scheme_identity(void *self, struct pf_context *ctx, const char *location, char *to, size_t size,
                                      struct pf_error *err)
{
    const struct py_scheme *scheme = self;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *answer = call_at(scheme, "identity", location), *bytes = NULL;
    enum pf_status status = PF_OK;

    if (answer == NULL || PyUnicode_FSConverter(answer, &bytes) == 0)
        status = failed(scheme, ctx, err);
    else if ((size_t)PyBytes_Size(bytes) >= size)
        PyErr_SetString(PyExc_ValueError, "identity() answered with a text that is too long");
    else
        memcpy(to, PyBytes_AsString(bytes), (size_t)PyBytes_Size(bytes) + 1);
    if (PyErr_Occurred() != NULL)
        status = failed(scheme, ctx, err);
    Py_XDECREF(bytes);
    Py_XDECREF(answer);
    PyGILState_Release(gil);
    return status;
}

/* ---- the addition */

/* The scheme's facts: (name, description, paths, does). */
static bool fill(struct py_extension *own, struct py_scheme *scheme)
{
    enum { READS_AT = 1, LISTS = 2, MAKES_DIRECTORIES = 4, REMOVES = 8, CREATES = 16, IDENTIFIES = 32 };
    struct pf_scheme_addition *to = &scheme->addition;
    PyObject *facts = PyObject_CallMethod(scheme->object, "facts", NULL);
    PyObject *name, *description, *paths;
    int does = 0;
    bool good = facts != NULL && PyArg_ParseTuple(facts, "OOOi", &name, &description, &paths, &does) != 0;

    if (good) {
        to->name = py_keep_text(own, name);
        to->description = py_keep_text(own, description);
        to->paths = py_keep_texts(own, paths);
        good = PyErr_Occurred() == NULL;
    }
    Py_XDECREF(facts);
    to->size = sizeof *to;
    to->self = scheme;
    to->stat = scheme_stat;
    to->open = scheme_open;
    to->read = scheme_read;
    to->close = scheme_close;
    to->read_at = (does & READS_AT) != 0 ? scheme_read_at : NULL;
    to->list = (does & LISTS) != 0 ? scheme_list : NULL;
    to->make_directory = (does & MAKES_DIRECTORIES) != 0 ? scheme_make_directory : NULL;
    to->identity = (does & IDENTIFIES) != 0 ? scheme_identity : NULL;
    to->remove = (does & REMOVES) != 0 ? scheme_remove : NULL;
    if ((does & CREATES) != 0) {
        to->create = scheme_create;
        to->write = scheme_write;
        to->commit = scheme_commit;
        to->discard = scheme_discard;
    }
    return good;
}

enum pf_status py_add_scheme(struct py_extension *own, struct pf_registration *to, PyObject *object, struct pf_error *err)
{
    struct py_scheme *scheme = py_keep(own, sizeof *scheme);
    enum pf_status status;

    if (scheme == NULL)
        return py_fail(own->set, NULL, err);
    scheme->own = own;
    scheme->object = object;
    if (!fill(own, scheme))
        return py_fail(own->set, NULL, err);
    Py_BEGIN_ALLOW_THREADS;
    status = own->host->add_scheme(to, &scheme->addition, err);
    Py_END_ALLOW_THREADS;
    return status;
}
