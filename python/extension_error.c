/* Exceptions of extensions as errors of the library. */
#include "extension.h"

#include <string.h>

static enum pf_status status_named(const char *name)
{
    for (int i = PF_NO_MEMORY; i <= PF_INTERNAL; i++) {
        if (strcmp(pf_status_name((enum pf_status)i), name) == 0)
            return (enum pf_status)i;
    }
    return PF_INTERNAL;
}

static void copy(char *to, size_t size, const char *text)
{
    (void)PyOS_snprintf(to, size, "%s", text);
    /* a message is one line, and no character of it is cut apart */
    for (char *at = to; *at != '\0'; at++)
        *at = *at == '\n' || *at == '\r' ? ' ' : *at;
    size = strlen(to);
    while (size > 0 && ((unsigned char)to[size - 1] & 0xC0) == 0x80)
        size--;
    if (size > 0 && (unsigned char)to[size - 1] >= 0xC0 && strlen(text) > strlen(to))
        to[size - 1] = '\0';
}

static void tell_trace(const struct py_set *set, struct pf_context *ctx, const char *trace)
{
    const struct pf_host *host = set->all != NULL ? set->all->host : NULL;

    char line[400];

    if (ctx == NULL || host == NULL)
        return;
    Py_BEGIN_ALLOW_THREADS;
    while (*trace != '\0') {
        size_t size = strcspn(trace, "\n");

        (void)PyOS_snprintf(line, sizeof line, "%.*s", (int)(size < sizeof line ? size : sizeof line - 1), trace);
        host->log(ctx, PF_LOG_DEBUG, line);
        trace += size + (trace[size] == '\n' ? 1 : 0);
    }
    Py_END_ALLOW_THREADS;
}

/* describe(exception, is_logged) of the bridge: (status, message, remedy, trace); NULL without an exception. */
static PyObject *describe(PyObject *value, bool is_logged)
{
    PyObject *bridge = PyImport_ImportModule("pyforge_cli.extensions._bridge");
    PyObject *all =
        bridge != NULL ? PyObject_CallMethod(bridge, "describe", "OO", value, is_logged ? Py_True : Py_False) : NULL;

    Py_XDECREF(bridge);
    PyErr_Clear();
    return all;
}

/* Ctrl-C is not an error of the extension's. sys.exit() is: no extension ends the run of whoever uses it. */
static bool is_for_caller(PyObject *type)
{
    return type != NULL && !PyErr_GivenExceptionMatches(type, PyExc_Exception) &&
           !PyErr_GivenExceptionMatches(type, PyExc_SystemExit);
}

enum pf_status py_fail(const struct py_set *set, struct pf_context *ctx, struct pf_error *err)
{
    struct py_call *call = py_call_here(set->module);
    const char *status, *message, *remedy, *trace;
    PyObject *type = NULL, *value = NULL, *stack = NULL, *all;

    memset(err, 0, sizeof *err);
    err->offset = -1;
    err->status = PF_INTERNAL;
    copy(err->message, sizeof err->message, "the extension failed and does not say why");
    PyErr_Fetch(&type, &value, &stack);
    PyErr_NormalizeException(&type, &value, &stack);
    if (stack != NULL && value != NULL)
        (void)PyException_SetTraceback(value, stack);
    if (is_for_caller(type)) {
        err->status = PF_CANCELLED;
        copy(err->message, sizeof err->message, "cancelled");
        PyErr_Restore(type, value, stack);
        if (call != NULL)
            py_watch_keep(&call->watch);
        else
            PyErr_Clear();
        if (ctx != NULL)
            pf_context_cancel(ctx);
        return err->status;
    }
    all = value != NULL ? describe(value, ctx == NULL) : NULL;
    if (all != NULL && PyArg_ParseTuple(all, "ssss", &status, &message, &remedy, &trace)) {
        err->status = status_named(status);
        copy(err->message, sizeof err->message, message);
        copy(err->remedy, sizeof err->remedy, remedy);
        tell_trace(set, ctx, trace);
    }
    PyErr_Clear();
    Py_XDECREF(all);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(stack);
    return err->status;
}

void py_forget(const struct py_set *set, struct pf_context *ctx)
{
    struct pf_error ignored;

    if (PyErr_Occurred() != NULL)
        (void)py_fail(set, ctx, &ignored);
}
