/* Input and output that are no files: bytes, and Python's file objects.
 *
 * The library calls on the thread that called it, or on the one that pulls from a stream; either may hold the GIL or not. */
#include "binding.h"

#include <stdlib.h>
#include <string.h>

/* A file object in use by the library. It is freed when both the library and the call have let go of it: the input of a stream
 * outlives the call that opened it. */
struct py_file {
    PyObject *object;       /* NULL once the library has let go */
    struct py_watch *watch; /* where exceptions are kept; NULL once the call has let go */
    bool ended;             /* read() gave nothing: a terminal would wait for more if it were asked again */
};

/* The exception that is set ends the call; without a call it becomes the message. Gives PF_IO. */
static enum pf_status failed(struct py_file *file, struct pf_error *err)
{
    PyObject *type, *value, *trace, *text = NULL, *bytes = NULL;

    if (file->watch != NULL) {
        py_watch_keep(file->watch);
        return PF_IO;
    }
    PyErr_Fetch(&type, &value, &trace);
    text = value != NULL ? PyObject_Str(value) : NULL;
    bytes = text != NULL ? PyUnicode_AsUTF8String(text) : NULL;
    if (bytes != NULL)
        (void)PyOS_snprintf(err->message, sizeof err->message, "%s", PyBytes_AsString(bytes));
    PyErr_Clear();
    Py_XDECREF(bytes);
    Py_XDECREF(text);
    Py_XDECREF(trace);
    Py_XDECREF(value);
    Py_XDECREF(type);
    return PF_IO;
}

/* What read() gave, as bytes. Takes given over. */
static PyObject *as_bytes(PyObject *given)
{
    PyObject *bytes = NULL;

    if (given == NULL || PyBytes_Check(given))
        return given;
    if (PyUnicode_Check(given))
        PyErr_SetString(PyExc_TypeError, "read() gave text, not bytes: open the file in binary mode ('rb')");
    else if (given == Py_None)
        PyErr_SetString(PyExc_BlockingIOError, "read() gave None: the file is non-blocking and has nothing yet");
    else
        bytes = PyBytes_FromObject(given);
    Py_DECREF(given);
    return bytes;
}

static enum pf_status file_read(void *user, void *to, size_t size, size_t *got, struct pf_error *err)
{
    struct py_file *file = user;
    enum pf_status status = PF_OK;
    PyGILState_STATE gil;
    PyObject *bytes;

    *got = 0;
    if (file->ended)
        return PF_OK;
    gil = PyGILState_Ensure();
    bytes = as_bytes(PyObject_CallMethod(file->object, "read", "n", (Py_ssize_t)size));
    if (bytes != NULL && (size_t)PyBytes_Size(bytes) > size)
        PyErr_SetString(PyExc_ValueError, "read() gave more bytes than it was asked for");
    if (PyErr_Occurred() != NULL) {
        status = failed(file, err);
    } else {
        *got = (size_t)PyBytes_Size(bytes);
        memcpy(to, PyBytes_AsString(bytes), *got);
        file->ended = *got == 0;
    }
    Py_XDECREF(bytes);
    PyGILState_Release(gil);
    return status;
}

/* Whether None means that nothing was taken (io.RawIOBase), not that the object does not count. -1 = an exception is set. */
static int none_is_nothing(PyObject *object)
{
    PyObject *io = PyImport_ImportModule("io");
    PyObject *raw = io != NULL ? PyObject_GetAttrString(io, "RawIOBase") : NULL;
    int is = raw != NULL ? PyObject_IsInstance(object, raw) : -1;

    Py_XDECREF(raw);
    Py_XDECREF(io);
    return is;
}

/* How many of size bytes a call of write() took; -1 = an exception is set. Takes answer over. */
static Py_ssize_t taken(PyObject *object, PyObject *answer, Py_ssize_t size)
{
    Py_ssize_t count = size;

    if (answer == NULL)
        return -1;
    if (answer != Py_None)
        count = PyLong_AsSsize_t(answer);
    else if (none_is_nothing(object) != 0)
        count = 0;
    Py_DECREF(answer);
    if (PyErr_Occurred() != NULL)
        return -1;
    if (count == 0)
        PyErr_SetString(PyExc_BlockingIOError, "write() took nothing: the file must wait until it has room");
    else if (count < 0 || count > size)
        PyErr_Format(PyExc_ValueError, "write() answered that it took %zd of %zd bytes", count, size);
    return PyErr_Occurred() == NULL ? count : -1;
}

static enum pf_status file_write(void *user, const void *bytes, size_t size, struct pf_error *err)
{
    struct py_file *file = user;
    PyGILState_STATE gil = PyGILState_Ensure();
    enum pf_status status = PF_OK;
    size_t at = 0;

    while (status == PF_OK && at < size) {
        Py_ssize_t left = (Py_ssize_t)(size - at);
        Py_ssize_t count =
            taken(file->object, PyObject_CallMethod(file->object, "write", "y#", (const char *)bytes + at, left), left);
        if (count < 0)
            status = failed(file, err);
        else
            at += (size_t)count;
    }
    PyGILState_Release(gil);
    return status;
}

static enum pf_status file_finish(void *user, struct pf_error *err)
{
    struct py_file *file = user;
    PyGILState_STATE gil = PyGILState_Ensure();
    enum pf_status status = PF_OK;
    PyObject *done = Py_None;

    if (PyObject_HasAttrString(file->object, "flush"))
        done = PyObject_CallMethod(file->object, "flush", NULL);
    else
        Py_INCREF(done);
    if (done == NULL)
        status = failed(file, err);
    Py_XDECREF(done);
    PyGILState_Release(gil);
    return status;
}

/* A stream may be released when the interpreter is gone; then there is nothing left to give back. */
static void drop(PyObject *object)
{
    PyGILState_STATE gil;

    if (!Py_IsInitialized())
        return;
    gil = PyGILState_Ensure();
    Py_DECREF(object);
    PyGILState_Release(gil);
}

static void file_release(void *user)
{
    struct py_file *file = user;

    drop(file->object);
    file->object = NULL;
    if (file->watch == NULL)
        free(file);
}

void py_file_leave(struct py_file *file)
{
    if (file == NULL)
        return;
    file->watch = NULL;
    if (file->object == NULL)
        free(file);
}

static void bytes_release(void *user)
{
    drop(user);
}

static struct py_file *file_new(struct py_call *call, PyObject *object)
{
    struct py_file *file = malloc(sizeof *file);

    if (file == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    file->object = object;
    file->watch = &call->watch;
    file->ended = false;
    Py_INCREF(object);
    return file;
}

/* The name of a file object as the system's bytes, or NULL (no exception): it may have none, or a descriptor's number. */
static PyObject *name_of(PyObject *object)
{
    PyObject *name = PyObject_GetAttrString(object, "name"), *path = NULL;

    if (name == NULL || !PyUnicode_Check(name) || !PyUnicode_FSConverter(name, &path)) {
        PyErr_Clear();
        path = NULL;
    }
    Py_XDECREF(name);
    return path;
}

bool py_input_give(struct py_call *call, PyObject *input)
{
    struct pf_input given;
    struct pf_error err;
    PyObject *name = NULL;
    enum pf_status status;

    memset(&given, 0, sizeof given);
    if (PyBytes_Check(input)) {
        given.bytes = PyBytes_AsString(input);
        given.size = PyBytes_Size(input);
        given.release = bytes_release;
        given.user = input;
        Py_INCREF(input);
    } else {
        given.size = -1;
        given.read = file_read;
        given.release = file_release;
        given.user = call->input = file_new(call, input);
        if (given.user == NULL)
            return false;
    }
    name = name_of(input); /* bytes may be of a class that gives them one */
    given.name = name != NULL ? PyBytes_AsString(name) : NULL;
    status = pf_request_input(call->request, &given, &err);
    Py_XDECREF(name);
    if (status != PF_OK)
        (void)py_raise(call->module, &err);
    return status == PF_OK;
}

bool py_output_give(struct py_call *call, PyObject *output)
{
    struct pf_output given;
    struct pf_error err;
    PyObject *name;
    enum pf_status status;

    memset(&given, 0, sizeof given);
    given.write = file_write;
    given.finish = file_finish;
    given.release = file_release;
    given.user = call->output = file_new(call, output);
    if (given.user == NULL)
        return false;
    name = name_of(output);
    given.name = name != NULL ? PyBytes_AsString(name) : NULL;
    status = pf_request_output(call->request, &given, &err);
    Py_XDECREF(name);
    if (status != PF_OK)
        (void)py_raise(call->module, &err);
    return status == PF_OK;
}
