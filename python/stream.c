/* Tables as Arrow C streams: out of the library (read) and into it (write).
 *
 * A stream is given on in a capsule, as the Arrow PyCapsule interface says: who takes it from there copies the structure and
 * marks the capsule's as released, and from then on it is theirs. */
#include "extension.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct py_stream {
    PyObject_HEAD struct ArrowArrayStream stream; /* release NULL: given on, or closed */
    PyObject *module;                             /* owned */
    PyObject *record;                             /* owned: what became of the rows, JSON; NULL = not opened */
};

/* ---- a stream that uses extensions
 *
 * Its consumer may hold the GIL or not, and what it asks for may need the GIL on another thread, or wait for a lock that a thread
 * holds which waits for the GIL. So the GIL is given up for each call, whoever has it. */

struct py_held {
    struct ArrowArrayStream inner;
    PyObject *module; /* owned: it frees the extensions */
    bool interrupted; /* a signal's handler raised an exception while the consumer pulled */
};

/* Gives the GIL up, if this thread holds it. */
static PyThreadState *give_up(PyGILState_STATE *gil)
{
    if (!Py_IsInitialized())
        return NULL;
    *gil = PyGILState_Ensure();
    return PyEval_SaveThread();
}

struct py_exception {
    PyObject *type, *value, *trace;
};

static int raise_kept(void *user)
{
    struct py_exception kept = *(struct py_exception *)user;

    free(user);
    PyErr_Restore(kept.type, kept.value, kept.trace);
    return -1;
}

/* A consumer asks for batch after batch, and Python runs nothing meanwhile that would deal with a signal. So its handlers are called here.
 * What one raises cannot go through the consumer, who gets an error of the stream: the interpreter raises it as soon as it runs
 * again. With the GIL. */
static bool signal_came(void)
{
    struct py_exception *kept;

    if (PyErr_Occurred() != NULL || PyErr_CheckSignals() == 0)
        return false;
    kept = malloc(sizeof *kept);
    if (kept == NULL) {
        PyErr_Clear();
        PyErr_SetInterrupt();
        return true;
    }
    PyErr_Fetch(&kept->type, &kept->value, &kept->trace);
    if (Py_AddPendingCall(raise_kept, kept) != 0) { /* the queue is full */
        Py_XDECREF(kept->type);
        Py_XDECREF(kept->value);
        Py_XDECREF(kept->trace);
        free(kept);
        PyErr_SetInterrupt();
    }
    return true;
}

static int held_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct py_held *held = stream->private_data;

    return held->inner.get_schema(&held->inner, out);
}

static int held_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct py_held *held = stream->private_data;
    PyGILState_STATE gil = PyGILState_UNLOCKED;
    PyThreadState *thread = give_up(&gil);
    int failed = held->interrupted ? EINTR : held->inner.get_next(&held->inner, out);

    if (thread == NULL)
        return failed;
    PyEval_RestoreThread(thread);
    if (failed == 0 && signal_came()) {
        held->interrupted = true;
        failed = EINTR;
        if (out->release != NULL)
            out->release(out);
    }
    PyGILState_Release(gil);
    return failed;
}

static const char *held_error(struct ArrowArrayStream *stream)
{
    struct py_held *held = stream->private_data;

    return held->interrupted ? "interrupted" : held->inner.get_last_error(&held->inner);
}

static void held_release(struct ArrowArrayStream *stream)
{
    struct py_held *held = stream->private_data;
    PyGILState_STATE gil = PyGILState_UNLOCKED;
    PyThreadState *thread = give_up(&gil);

    held->inner.release(&held->inner);
    if (thread != NULL) {
        struct py_state *state;

        PyEval_RestoreThread(thread);
        state = py_state_of(held->module);
        if (state->busy > 0)
            state->busy--;
        Py_DECREF(held->module);
        PyGILState_Release(gil);
    }
    free(held);
    stream->release = NULL;
}

static bool wrap(PyObject *module, struct ArrowArrayStream *stream)
{
    struct py_held *held = malloc(sizeof *held);

    if (held == NULL) {
        PyErr_NoMemory();
        return false;
    }
    held->inner = *stream;
    held->module = module;
    held->interrupted = false;
    Py_INCREF(module);
    py_state_of(module)->busy++;
    *stream = (struct ArrowArrayStream){ held_schema, held_next, held_error, held_release, held };
    return true;
}

/* ---- the type */

static void stream_dealloc(PyObject *self)
{
    struct py_stream *own = (struct py_stream *)self;
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = __extension__(freefunc) PyType_GetSlot(type, Py_tp_free);

    if (own->stream.release != NULL)
        own->stream.release(&own->stream);
    Py_XDECREF(own->record);
    Py_XDECREF(own->module);
    release(self);
    Py_DECREF(type);
}

static bool is_there(const struct py_stream *own)
{
    if (own->stream.release == NULL)
        PyErr_SetString(PyExc_ValueError, "the stream was given on or closed");
    return own->stream.release != NULL;
}

/* The stream in a capsule; this object is empty afterwards. */
static PyObject *stream_take(PyObject *self, PyObject *unused)
{
    struct py_stream *own = (struct py_stream *)self;
    PyObject *capsule;

    (void)unused;
    if (!is_there(own))
        return NULL;
    capsule = py_stream_capsule(&own->stream);
    if (capsule != NULL)
        own->stream.release = NULL;
    return capsule;
}

static PyObject *stream_close(PyObject *self, PyObject *unused)
{
    struct py_stream *own = (struct py_stream *)self;
    struct ArrowArrayStream stream = own->stream;

    (void)unused;
    /* the release gives the GIL up: another thread may close it, too */
    own->stream.release = NULL;
    if (stream.release != NULL)
        stream.release(&stream);
    Py_RETURN_NONE;
}

/* false, with an exception set, when the stream cannot tell its schema. */
static bool schema_of(struct py_stream *own, struct ArrowSchema *schema)
{
    const char *text;

    memset(schema, 0, sizeof *schema);
    if (!is_there(own))
        return false;
    if (own->stream.get_schema(&own->stream, schema) == 0)
        return true;
    text = own->stream.get_last_error(&own->stream);
    PyErr_SetString(PyExc_ValueError, text != NULL ? text : "the stream has no schema");
    return false;
}

static PyObject *stream_schema(PyObject *self, PyObject *unused)
{
    struct ArrowSchema schema;

    (void)unused;
    return schema_of((struct py_stream *)self, &schema) ? py_schema_capsule(&schema) : NULL;
}

/* [(name, Arrow's format string, nullable), ...] */
static PyObject *stream_fields(PyObject *self, PyObject *unused)
{
    struct py_stream *own = (struct py_stream *)self;
    struct ArrowSchema schema;
    PyObject *list;

    (void)unused;
    if (!schema_of(own, &schema))
        return NULL;
    list = PyList_New(0);
    for (int64_t i = 0; list != NULL && i < schema.n_children; i++) {
        const struct ArrowSchema *field = schema.children[i];
        PyObject *name = py_text(field->name != NULL ? field->name : "");
        PyObject *row = NULL;
        if (name != NULL)
            row = Py_BuildValue("OsO", name, field->format, (field->flags & ARROW_FLAG_NULLABLE) != 0 ? Py_True : Py_False);
        if (row == NULL || PyList_Append(list, row) < 0)
            Py_CLEAR(list);
        Py_XDECREF(row);
        Py_XDECREF(name);
    }
    schema.release(&schema);
    return list;
}

/* The record of the reading, also when the stream was given on. */
static PyObject *stream_record(PyObject *self, PyObject *unused)
{
    struct py_stream *own = (struct py_stream *)self;

    (void)unused;
    Py_INCREF(own->record);
    return own->record;
}

static PyMethodDef stream_methods[] = {
    { "take", stream_take, METH_NOARGS, "The stream in a capsule; this object is empty afterwards." },
    { "close", stream_close, METH_NOARGS, "Lets go of the input." },
    { "schema", stream_schema, METH_NOARGS, "The schema in a capsule." },
    { "fields", stream_fields, METH_NOARGS, "[(name, Arrow format, nullable), ...]" },
    { "record", stream_record, METH_NOARGS, "What became of the rows, as JSON." },
    { NULL, NULL, 0, NULL },
};

bool py_stream_add(PyObject *module)
{
    PyType_Slot slots[] = {
        { Py_tp_dealloc, PY_SLOT(stream_dealloc) },
        { Py_tp_methods, stream_methods },
        { Py_tp_doc, (void *)(uintptr_t) "An Arrow C stream that has not been given on yet." },
        { 0, NULL },
    };
    PyType_Spec spec = { "pyforge_cli._pyforge.Stream", sizeof(struct py_stream), 0, Py_TPFLAGS_DEFAULT, slots };
    struct py_state *state = py_state_of(module);

    state->stream_type = PyType_FromSpec(&spec);
    return state->stream_type != NULL;
}

/* ---- read */

static PyObject *stream_new(PyObject *module)
{
    PyObject *self = PyType_GenericAlloc((PyTypeObject *)py_state_of(module)->stream_type, 0);
    struct py_stream *own = (struct py_stream *)self;

    if (own != NULL) {
        own->module = module;
        Py_INCREF(module);
    }
    return self;
}

/* The exception that ends the call, or the record; the stream is released with self. */
static bool opened(struct py_call *call, struct py_stream *own, const struct pf_result *result, enum pf_status status,
                   const struct pf_error *err)
{
    if (status == PF_OK && call->counted && !wrap(call->module, &own->stream))
        return false;
    if (!py_call_check(call))
        return false;
    if (status != PF_OK) {
        (void)py_raise(call->module, err);
        return false;
    }
    own->record = result != NULL ? py_text(pf_result_json(result)) : PyErr_NoMemory();
    return own->record != NULL;
}

PyObject *py_read(PyObject *module, PyObject *args)
{
    struct pf_result *result = NULL;
    struct py_arguments arguments;
    PyObject *self;
    struct py_stream *own;
    struct py_call call;
    struct pf_error err;
    enum pf_status status;
    int plain = 0;

    if (!PyArg_ParseTuple(args, "OO!OiO|p:read", &arguments.input, &PyList_Type, &arguments.settings, &arguments.log,
                          &arguments.log_from, &arguments.progress, &plain))
        return NULL;
    arguments.output = Py_None;
    arguments.plain = plain != 0;
    self = stream_new(module);
    if (self == NULL)
        return NULL;
    own = (struct py_stream *)self;
    if (py_call_begin(&call, module, &arguments)) {
        Py_BEGIN_ALLOW_THREADS;
        status = pf_read_stream_result(call.request, &own->stream, &result, &err);
        Py_END_ALLOW_THREADS;
        if (!opened(&call, own, result, status, &err))
            Py_CLEAR(self);
        pf_result_free(result);
    } else {
        Py_CLEAR(self);
    }
    py_call_end(&call);
    return self;
}

/* ---- write */

PyObject *py_write(PyObject *module, PyObject *args)
{
    struct ArrowArrayStream in;
    struct pf_result *result = NULL;
    struct py_arguments arguments;
    PyObject *capsule, *record = NULL;
    struct py_call call;
    struct pf_error err;
    enum pf_status status;

    if (!PyArg_ParseTuple(args, "OOO!OiO:write", &capsule, &arguments.output, &PyList_Type, &arguments.settings, &arguments.log,
                          &arguments.log_from, &arguments.progress))
        return NULL;
    if (!py_is_stream(capsule))
        return NULL;
    arguments.input = Py_None;
    arguments.plain = false;
    if (!py_call_begin(&call, module, &arguments)) {
        py_call_end(&call);
        return NULL;
    }
    /* taken last: the call has given the GIL up, and another thread may have done so */
    if (py_stream_from(capsule, &in)) {
        Py_BEGIN_ALLOW_THREADS;
        status = pf_write_stream(call.request, &in, &result, &err);
        Py_END_ALLOW_THREADS;
        record = py_ended(&call, result, status, &err);
    }
    py_call_end(&call);
    return record;
}
