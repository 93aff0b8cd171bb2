/* Engines written in Python: an object that is asked and run, and the job as an object, for the time of the call. */
#include "extension.h"

#include <string.h>

struct py_engine {
    struct pf_engine_addition addition;
    struct py_extension *own;
    PyObject *object; /* of the bridge; borrowed: it keeps it */
};

struct py_job {
    PyObject_HEAD const struct py_extension *own;
    struct pf_context *ctx;
    const struct pf_engine_job *job; /* NULL: the call has ended */
};

static void job_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = __extension__(freefunc) PyType_GetSlot(type, Py_tp_free);

    release(self);
    Py_DECREF(type);
}

static const struct py_job *job_of(PyObject *self)
{
    const struct py_job *job = (const struct py_job *)self;

    if (job->job == NULL)
        PyErr_SetString(PyExc_ValueError, "this engine's call has ended");
    return job->job != NULL ? job : NULL;
}

static PyObject *nothing(void)
{
    Py_INCREF(Py_None);
    return Py_None;
}

static PyObject *answer_of(const struct py_job *job, enum pf_status status, const struct pf_error *err)
{
    return status == PF_OK ? nothing() : py_raise(job->own->set->module, err);
}

/* ---- its methods */

/* What concerns targets that are no files: (engines only, table, mode, merge schema, staging, timezone) */
static PyObject *target_facts(const struct pf_engine_job *job)
{
    PyObject *table = py_text(job->table), *staging = py_text(job->staging), *timezone = py_text(job->timezone), *all = NULL;

    if (table != NULL && staging != NULL && timezone != NULL)
        all = Py_BuildValue("OOsOOO", job->engines_only ? Py_True : Py_False, table, job->mode,
                            job->merge_schema ? Py_True : Py_False, staging, timezone);
    Py_XDECREF(table);
    Py_XDECREF(staging);
    Py_XDECREF(timezone);
    return all;
}

/* (input, input format, output, output format, options as JSON, input bytes, data bytes, replace, target_facts) */
static PyObject *job_facts(PyObject *self, PyObject *unused)
{
    const struct py_job *own = job_of(self);
    const struct pf_engine_job *job;
    PyObject *input, *output, *options, *target, *all = NULL;

    (void)unused;
    if (own == NULL)
        return NULL;
    job = own->job;
    input = py_text(job->input);
    output = py_text(job->output);
    options = py_text(job->options);
    target = target_facts(job);
    if (input != NULL && output != NULL && options != NULL && target != NULL)
        all = Py_BuildValue("OsOsOLLOO", input, job->input_format, output, job->output_format, options,
                            (long long)job->input_bytes, (long long)job->data_bytes, job->replace ? Py_True : Py_False, target);
    Py_XDECREF(target);
    Py_XDECREF(input);
    Py_XDECREF(output);
    Py_XDECREF(options);
    return all;
}

/* option(name) -> text or None */
static PyObject *job_option(PyObject *self, PyObject *args)
{
    const struct py_job *own = job_of(self);
    const char *name, *value;

    if (own == NULL || !PyArg_ParseTuple(args, "s:option", &name))
        return NULL;
    Py_BEGIN_ALLOW_THREADS;
    value = own->own->host->job_option(own->job, name);
    Py_END_ALLOW_THREADS;
    return value != NULL ? py_text(value) : nothing();
}

/* place(path): a finished file becomes the output */
static PyObject *job_place(PyObject *self, PyObject *args)
{
    const struct py_job *own = job_of(self);
    PyObject *path = NULL;
    enum pf_status status;
    struct pf_error err;

    if (own == NULL || !PyArg_ParseTuple(args, "O&:place", PyUnicode_FSConverter, &path))
        return NULL;
    Py_BEGIN_ALLOW_THREADS;
    status = own->own->host->job_place(own->job, PyBytes_AsString(path), &err);
    Py_END_ALLOW_THREADS;
    Py_DECREF(path);
    return answer_of(own, status, &err);
}

/* remote(whole) -> JSON: how Spark carries out the job */
static PyObject *job_remote(PyObject *self, PyObject *args)
{
    const struct py_job *own = job_of(self);
    const struct pf_host *host;
    PyObject *said = NULL;
    enum pf_status status;
    struct pf_error err;
    char *text = NULL;
    int whole;

    if (own == NULL || !PyArg_ParseTuple(args, "p:remote", &whole))
        return NULL;
    host = own->own->host;
    Py_BEGIN_ALLOW_THREADS;
    status = host->job_remote(own->ctx, own->job, whole != 0, &text, &err);
    Py_END_ALLOW_THREADS;
    if (status != PF_OK)
        return answer_of(own, status, &err);
    said = py_text(text);
    Py_BEGIN_ALLOW_THREADS;
    host->release(own->ctx, text);
    Py_END_ALLOW_THREADS;
    return said;
}

/* The paths of a list, as bytes objects that live as long as *kept. */
static const char **paths_of(PyObject *list, PyObject **kept, uint32_t *count)
{
    const Py_ssize_t size = PySequence_Size(list);
    const char **paths = size >= 0 ? PyMem_Malloc(((size_t)size + 1) * sizeof *paths) : NULL;

    *kept = paths != NULL ? PyList_New(0) : NULL;
    for (Py_ssize_t i = 0; *kept != NULL && i < size; i++) {
        PyObject *item = PySequence_GetItem(list, i), *bytes = NULL;

        if (item == NULL || !PyUnicode_FSConverter(item, &bytes) || PyList_Append(*kept, bytes) != 0)
            Py_CLEAR(*kept);
        else
            paths[i] = PyBytes_AsString(bytes);
        Py_XDECREF(item);
        Py_XDECREF(bytes);
    }
    *count = (uint32_t)(size > 0 ? size : 0);
    if (*kept == NULL) {
        PyMem_Free(paths);
        return NULL;
    }
    return paths;
}

/* join(paths): Parquet files that Spark has written become the output */
static PyObject *job_join(PyObject *self, PyObject *args)
{
    const struct py_job *own = job_of(self);
    PyObject *list, *kept = NULL;
    const char **paths;
    uint32_t count = 0;
    enum pf_status status;
    struct pf_error err;

    if (own == NULL || !PyArg_ParseTuple(args, "O:join", &list))
        return NULL;
    paths = paths_of(list, &kept, &count);
    if (paths == NULL)
        return PyErr_Occurred() != NULL ? NULL : PyErr_NoMemory();
    Py_BEGIN_ALLOW_THREADS;
    status = own->own->host->job_join(own->job, paths, count, &err);
    Py_END_ALLOW_THREADS;
    PyMem_Free(paths);
    Py_DECREF(kept);
    return answer_of(own, status, &err);
}

/* progress(bytes_read, bytes_total, rows, seconds, step): raises when the conversion is to end */
static PyObject *job_progress(PyObject *self, PyObject *args)
{
    const struct py_job *own = job_of(self);
    struct pf_progress progress;
    long long bytes, total, rows;
    enum pf_status status;
    struct pf_error err;

    memset(&progress, 0, sizeof progress);
    if (own == NULL || !PyArg_ParseTuple(args, "LLLds:progress", &bytes, &total, &rows, &progress.seconds, &progress.step))
        return NULL;
    progress.bytes_read = bytes;
    progress.bytes_total = total;
    progress.rows = rows;
    Py_BEGIN_ALLOW_THREADS;
    status = own->own->host->job_progress(own->job, &progress, &err);
    Py_END_ALLOW_THREADS;
    return answer_of(own, status, &err);
}

/* column(name, type, nulls, why it is text or None, the row of that): the next one of what is written. What is none is refused by the host,
 * too, which then tells of no columns. */
static PyObject *job_column(PyObject *self, PyObject *args)
{
    const struct py_job *own = job_of(self);
    struct pf_engine_column column = { .size = sizeof column };
    long long nulls, row;
    enum pf_status status;
    struct pf_error err;

    if (own == NULL)
        return NULL;
    if (!PyArg_ParseTuple(args, "ssLzL:column", &column.name, &column.type, &nulls, &column.text_because, &row)) {
        (void)own->own->host->job_column(own->job, NULL, &err);
        return NULL;
    }
    column.nulls = nulls;
    column.because_row = row;
    Py_BEGIN_ALLOW_THREADS;
    status = own->own->host->job_column(own->job, &column, &err);
    Py_END_ALLOW_THREADS;
    return answer_of(own, status, &err);
}

/* warn(text): a warning of the result */
static PyObject *job_warn(PyObject *self, PyObject *args)
{
    const struct py_job *own = job_of(self);
    const char *text;

    if (own == NULL || !PyArg_ParseTuple(args, "s:warn", &text))
        return NULL;
    Py_BEGIN_ALLOW_THREADS;
    own->own->host->warn(own->ctx, text);
    Py_END_ALLOW_THREADS;
    return nothing();
}

static PyMethodDef job_methods[] = {
    { "facts", job_facts, METH_NOARGS, "What there is to do." },
    { "option", job_option, METH_VARARGS, "(name) -> text or None" },
    { "place", job_place, METH_VARARGS, "(path)" },
    { "remote", job_remote, METH_VARARGS, "(whole) -> JSON" },
    { "join", job_join, METH_VARARGS, "(paths)" },
    { "progress", job_progress, METH_VARARGS, "(bytes_read, bytes_total, rows, seconds, step)" },
    { "column", job_column, METH_VARARGS, "(name, type, nulls, why it is text or None, the row of that)" },
    { "warn", job_warn, METH_VARARGS, "(text)" },
    { NULL, NULL, 0, NULL },
};

static PyObject *job_new(const struct py_extension *own, struct pf_context *ctx, const struct pf_engine_job *job)
{
    PyType_Slot slots[] = {
        { Py_tp_dealloc, PY_SLOT(job_dealloc) },
        { Py_tp_methods, job_methods },
        { 0, NULL },
    };
    PyType_Spec spec = { "pyforge_cli._pyforge.Job", sizeof(struct py_job), 0, Py_TPFLAGS_DEFAULT, slots };
    PyObject *type = PyType_FromSpec(&spec);
    PyObject *object = type != NULL ? PyType_GenericAlloc((PyTypeObject *)type, 0) : NULL;

    Py_XDECREF(type);
    if (object != NULL) {
        ((struct py_job *)object)->own = own;
        ((struct py_job *)object)->ctx = ctx;
        ((struct py_job *)object)->job = job;
    }
    return object;
}

/* ---- the calls */

/* Calls a method of the bridge's engine with the job. What it starts on this thread is done for the job: natively, without hooks. */
static PyObject *call(const struct py_engine *engine, struct pf_context *ctx, const struct pf_engine_job *job,
                      const char *method)
{
    struct py_state *state = py_state_of(engine->own->set->module);
    struct py_inside inside = { ctx, engine->own->host, (unsigned long)PyThread_get_thread_ident(), state->inside };
    PyObject *object = job_new(engine->own, ctx, job), *answer = NULL;

    state->inside = &inside;
    if (object != NULL) {
        answer = PyObject_CallMethod(engine->object, method, "O", object);
        ((struct py_job *)object)->job = NULL;
    }
    py_inside_end(state, &inside);
    Py_XDECREF(object);
    return answer;
}

/* takes(job) of the bridge gives (whether, reason, priority). */
static bool engine_takes(void *self, struct pf_context *ctx, const struct pf_engine_job *job, struct pf_engine_answer *answer)
{
    const struct py_engine *engine = self;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *said = call(engine, ctx, job, "takes");
    const char *reason = "";
    int good = 0, priority = 0;
    struct pf_error err;

    if (said == NULL || !PyArg_ParseTuple(said, "psi", &good, &reason, &priority)) {
        (void)py_fail(engine->own->set, ctx, &err);
        good = 0;
        reason = err.message;
    }
    answer->priority = priority;
    (void)PyOS_snprintf(answer->reason, sizeof answer->reason, "%s", reason);
    Py_XDECREF(said);
    PyGILState_Release(gil);
    return good != 0;
}

/* What follows from the exception that is set: the bridge has noted it. */
static enum pf_engine_failure failure_of(const struct py_engine *engine)
{
    PyObject *type, *value, *trace, *number;
    long failure = -1;

    PyErr_Fetch(&type, &value, &trace);
    number = PyObject_GetAttrString(engine->object, "failure");
    if (number != NULL)
        failure = PyLong_AsLong(number);
    PyErr_Clear();
    Py_XDECREF(number);
    PyErr_Restore(type, value, trace);
    return failure >= PF_ENGINE_BY_STATUS && failure <= PF_ENGINE_UNKNOWN ? (enum pf_engine_failure)failure
                                                                          : PF_ENGINE_FALLS_BACK;
}

/* run(job) of the bridge gives (rows read, written, rejected, left out, bytes written, display name). */
static enum pf_status engine_run(void *self, struct pf_context *ctx, const struct pf_engine_job *job,
                                 struct pf_engine_outcome *out, struct pf_error *err)
{
    const struct py_engine *engine = self;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *did = call(engine, ctx, job, "run");
    long long rows[4], bytes;
    const char *display;
    enum pf_status status = PF_OK;

    if (did != NULL && PyArg_ParseTuple(did, "LLLLLs", &rows[0], &rows[1], &rows[2], &rows[3], &bytes, &display)) {
        out->rows_read = rows[0];
        out->rows_written = rows[1];
        out->rows_rejected = rows[2];
        out->rows_left_out = rows[3];
        out->bytes_written = bytes;
        (void)PyOS_snprintf(out->display, sizeof out->display, "%s", display);
    } else {
        out->failure = failure_of(engine);
        status = py_fail(engine->own->set, ctx, err);
    }
    Py_XDECREF(did);
    PyGILState_Release(gil);
    return status;
}

/* An engine of the bridge: facts() gives (name, description, formats, whether it writes tables). */
enum pf_status py_add_engine(struct py_extension *own, struct pf_registration *to, PyObject *object, struct pf_error *err)
{
    struct py_engine *engine = py_keep(own, sizeof *engine);
    PyObject *facts = engine != NULL ? PyObject_CallMethod(object, "facts", NULL) : NULL;
    PyObject *name, *description, *formats;
    int tables = 0;
    enum pf_status status;

    if (facts == NULL || !PyArg_ParseTuple(facts, "OOOp", &name, &description, &formats, &tables)) {
        Py_XDECREF(facts);
        return py_fail(own->set, NULL, err);
    }
    engine->own = own;
    engine->object = object;
    engine->addition.size = sizeof engine->addition;
    engine->addition.name = py_keep_text(own, name);
    engine->addition.description = py_keep_text(own, description);
    engine->addition.takes = engine_takes;
    engine->addition.run = engine_run;
    engine->addition.self = engine;
    engine->addition.formats = py_keep_texts(own, formats);
    engine->addition.flags = tables ? PF_ENGINE_TABLES : 0;
    Py_DECREF(facts);
    if (PyErr_Occurred() != NULL)
        return py_fail(own->set, NULL, err);
    Py_BEGIN_ALLOW_THREADS;
    status = own->host->add_engine(to, &engine->addition, err);
    Py_END_ALLOW_THREADS;
    return status;
}
