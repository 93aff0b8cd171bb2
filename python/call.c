/* One call into the library: its context and request, keywords, and what the library calls back. */
#include "extension.h"

#include <string.h>
#include <time.h>

/* The GIL is asked for this seldom, in seconds: another thread may need milliseconds to give it up. */
static const double between_looks = 0.05;

PyObject *py_text(const char *text)
{
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "surrogateescape");
}

/* ---- callbacks; called without the GIL */

void py_watch_keep(struct py_watch *watch)
{
    if (watch->type == NULL)
        PyErr_Fetch(&watch->type, &watch->value, &watch->trace);
    else
        PyErr_Clear();
    if (watch->ctx != NULL)
        pf_context_cancel(watch->ctx);
}

static void on_log(void *user, enum pf_log_level level, const char *message)
{
    struct py_watch *watch = user;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *text = PyUnicode_DecodeUTF8(message, (Py_ssize_t)strlen(message), "backslashreplace");
    PyObject *done = NULL;

    if (text != NULL)
        done = PyObject_CallFunction(watch->log, "iO", (int)level, text);
    if (done == NULL)
        py_watch_keep(watch);
    Py_XDECREF(done);
    Py_XDECREF(text);
    PyGILState_Release(gil);
}

static void tell(struct py_watch *watch, const struct pf_progress *progress)
{
    PyObject *done =
        PyObject_CallFunction(watch->progress, "LLLds", (long long)progress->bytes_read, (long long)progress->bytes_total,
                              (long long)progress->rows, progress->seconds, progress->step);

    if (done == NULL)
        py_watch_keep(watch);
    Py_XDECREF(done);
}

static double clock_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Not by progress->seconds: they begin again when another engine does. */
static void on_progress(void *user, const struct pf_progress *progress)
{
    struct py_watch *watch = user;
    double now = clock_now();
    PyGILState_STATE gil;

    watch->latest = *progress;
    watch->untold = true;
    if (watch->type != NULL || (watch->told && now - watch->told_at < between_looks))
        return;
    watch->told = true;
    watch->told_at = now;
    gil = PyGILState_Ensure();
    if (PyErr_CheckSignals() != 0) {
        py_watch_keep(watch);
    } else if (watch->progress != NULL) {
        watch->untold = false;
        tell(watch, progress);
    }
    PyGILState_Release(gil);
}

/* The library waits for somebody: the interpreter has noted a signal, perhaps, and runs nothing that would deal with it. */
static void on_wait(void *user)
{
    struct py_watch *watch = user;
    PyGILState_STATE gil = PyGILState_Ensure();

    if (watch->type == NULL && PyErr_CheckSignals() != 0)
        py_watch_keep(watch);
    PyGILState_Release(gil);
}

/* ---- keywords */

static bool set_text(struct py_call *call, const char *name, const char *value)
{
    struct pf_error err;
    enum pf_status status;

    Py_BEGIN_ALLOW_THREADS;
    status = pf_request_set(call->request, name, value, &err);
    Py_END_ALLOW_THREADS;
    if (status == PF_OK)
        return true;
    (void)py_raise(call->module, &err);
    return false;
}

/* True and False are a flag's, or yes and no where the option takes those. */
static bool set_truth(struct py_call *call, const char *name, bool truth, bool is_flag)
{
    char negated[80];

    if (!is_flag)
        return set_text(call, name, truth ? "yes" : "no");
    if (truth)
        return set_text(call, name, NULL);
    (void)PyOS_snprintf(negated, sizeof negated, "no-%s", name);
    return set_text(call, negated, NULL);
}

/* Words and names are UTF-8 for the library, whatever the system's file names are. */
static PyObject *utf8(PyObject *text)
{
    return PyUnicode_AsEncodedString(text, "utf-8", "surrogateescape");
}

static bool set_one(struct py_call *call, PyObject *pair)
{
    PyObject *key, *value, *name, *bytes = NULL;
    char *option, *text;
    bool good = false;
    int is_flag;

    if (!PyArg_ParseTuple(pair, "UO", &key, &value))
        return false;
    name = utf8(key);
    if (name == NULL || PyBytes_AsStringAndSize(name, &option, NULL) != 0) {
        Py_XDECREF(name);
        return false;
    }
    Py_BEGIN_ALLOW_THREADS;
    is_flag = pf_request_is_flag(call->request, option);
    Py_END_ALLOW_THREADS;
    if (is_flag < 0) {
        py_raise_unknown(call->module, call->ctx, option);
    } else if (PyBool_Check(value)) {
        good = set_truth(call, option, value == Py_True, is_flag == 1);
    } else if (PyObject_IsInstance(value, PyExc_TypeError) == 1) { /* instead of a value that no option takes */
        PyErr_SetObject(PyExc_TypeError, value);
    } else {
        bytes = utf8(value);
        good = bytes != NULL && PyBytes_AsStringAndSize(bytes, &text, NULL) == 0 && set_text(call, option, text);
    }
    Py_XDECREF(bytes);
    Py_DECREF(name);
    return good;
}

static bool set_all(struct py_call *call, PyObject *settings)
{
    Py_ssize_t count = PyList_Size(settings);

    for (Py_ssize_t i = 0; i < count; i++) {
        if (!set_one(call, PyList_GetItem(settings, i)))
            return false;
    }
    return count >= 0;
}

/* ---- input and output */

/* A path as the bytes the system takes, or NULL with *path NULL for what is no path. */
static bool path_of(PyObject *object, PyObject **path)
{
    *path = NULL;
    return !PyUnicode_Check(object) || PyUnicode_FSConverter(object, path);
}

static bool set_places(struct py_call *call, const struct py_arguments *arguments)
{
    PyObject *input = NULL, *output = NULL;
    struct pf_error err;
    bool good = path_of(arguments->input, &input) && path_of(arguments->output, &output);

    if (good && (input != NULL || output != NULL)) {
        const char *from = input != NULL ? PyBytes_AsString(input) : NULL;
        good = pf_request_paths(call->request, from, output != NULL ? PyBytes_AsString(output) : NULL, &err) == PF_OK;
        if (!good)
            (void)py_raise(call->module, &err);
        if (PyObject_HasAttrString(arguments->output, "pyforge_derived"))
            pf_request_derived(call->request);
    }
    if (good && input == NULL && arguments->input != Py_None)
        good = py_input_give(call, arguments->input);
    if (good && output == NULL && arguments->output != Py_None)
        good = py_output_give(call, arguments->output);
    Py_XDECREF(input);
    Py_XDECREF(output);
    return good;
}

/* ---- the call */

struct py_call *py_call_here(PyObject *module)
{
    unsigned long thread = (unsigned long)PyThread_get_thread_ident();
    struct py_call *call = py_state_of(module)->calls;

    while (call != NULL && call->thread != thread)
        call = call->next;
    return call;
}

void py_inside_end(struct py_state *state, const struct py_inside *inside)
{
    struct py_inside **at = &state->inside;

    while (*at != NULL && *at != inside)
        at = &(*at)->outer;
    if (*at != NULL)
        *at = inside->outer;
}

void py_call_enter(struct py_call *call)
{
    struct py_state *state = py_state_of(call->module);

    call->thread = (unsigned long)PyThread_get_thread_ident();
    call->next = state->calls;
    state->calls = call;
}

void py_call_leave(const struct py_call *call)
{
    struct py_state *state = py_state_of(call->module);
    struct py_call **at = &state->calls;

    while (*at != NULL && *at != call)
        at = &(*at)->next;
    if (*at != NULL)
        *at = call->next;
    if (call->counted && state->busy > 0)
        state->busy--;
}

/* A context of its own; in a hook one that tells the library so. */
static void make_context(struct py_call *call, bool plain)
{
    struct py_state *state = py_state_of(call->module);
    const struct py_inside *inside = state->inside;
    struct py_set *set = plain ? NULL : py_set_get(call->module);

    if (set == NULL && PyErr_Occurred() != NULL)
        return;
    while (inside != NULL && inside->thread != call->thread)
        inside = inside->outer;
    if (set != NULL) {
        call->counted = true;
        state->busy++;
    }
    if (set != NULL && inside != NULL) {
        call->host = inside->host;
        call->ctx = inside->host->context_new(inside->ctx);
    } else {
        call->ctx = pf_context_new();
    }
    if (call->ctx != NULL && call->host == NULL)
        pf_context_extensions(call->ctx, set != NULL ? set->extensions : NULL);
}

bool py_call_begin(struct py_call *call, PyObject *module, const struct py_arguments *arguments)
{
    memset(call, 0, sizeof *call);
    call->module = module;
    py_call_enter(call);
    make_context(call, arguments->plain);
    call->request = call->ctx != NULL ? pf_request_new(call->ctx) : NULL;
    if (call->request == NULL) {
        if (PyErr_Occurred() == NULL)
            PyErr_NoMemory();
        return false;
    }
    pf_context_use_keywords(call->ctx);
    call->watch.ctx = call->ctx;
    call->watch.log = arguments->log != Py_None ? arguments->log : NULL;
    call->watch.progress = arguments->progress != Py_None ? arguments->progress : NULL;
    if (call->watch.log != NULL && arguments->log_from <= PF_LOG_AS_SET)
        pf_context_on_log(call->ctx, on_log, &call->watch, (enum pf_log_level)arguments->log_from);
    pf_context_on_progress(call->ctx, on_progress, &call->watch);
    pf_context_on_wait(call->ctx, on_wait, &call->watch);
    return set_all(call, arguments->settings) && set_places(call, arguments);
}

bool py_call_check(struct py_call *call)
{
    struct py_watch *watch = &call->watch;

    if (watch->type == NULL && watch->untold && watch->progress != NULL)
        tell(watch, &watch->latest);
    watch->untold = false;
    if (watch->type == NULL)
        return true;
    PyErr_Restore(watch->type, watch->value, watch->trace);
    watch->type = watch->value = watch->trace = NULL;
    return false;
}

void py_call_end(struct py_call *call)
{
    Py_BEGIN_ALLOW_THREADS;
    pf_request_free(call->request);
    pf_context_free(call->ctx);
    Py_END_ALLOW_THREADS;
    py_call_leave(call);
    py_file_leave(call->input);
    py_file_leave(call->output);
    Py_XDECREF(call->watch.type);
    Py_XDECREF(call->watch.value);
    Py_XDECREF(call->watch.trace);
}
