/* The module's functions over paths, bytes and file objects. Arguments are positional: pyforge_cli/_api.py is what users see. */
#include <stdlib.h>
#include <string.h>

#include "extension.h"

static bool parse(PyObject *args, const char *format, struct py_arguments *to, int *more)
{
    int unused;

    to->plain = false;
    return PyArg_ParseTuple(args, format, &to->input, &to->output, &PyList_Type, &to->settings, &to->log, &to->log_from,
                            &to->progress, more != NULL ? more : &unused) != 0;
}

PyObject *py_ended(struct py_call *call, struct pf_result *result, enum pf_status status, const struct pf_error *err)
{
    PyObject *record = NULL, *json = NULL, *summary = NULL, *error = NULL;

    if (!py_call_check(call)) {
        pf_result_free(result);
        return NULL;
    }
    if (result == NULL)
        return status != PF_OK ? py_raise(call->module, err) : PyErr_NoMemory();
    json = py_text(pf_result_json(result));
    summary = py_text(pf_result_summary(result));
    if (status != PF_OK) {
        error = py_error_new(call->module, err);
    } else {
        error = Py_None;
        Py_INCREF(error);
    }
    if (json != NULL && summary != NULL && error != NULL)
        record = Py_BuildValue("OiOO", json, pf_result_exit_code(result), summary, error);
    Py_XDECREF(json);
    Py_XDECREF(summary);
    Py_XDECREF(error);
    pf_result_free(result);
    return record;
}

PyObject *py_convert(PyObject *module, PyObject *args)
{
    struct pf_result *result = NULL;
    struct py_arguments arguments;
    PyObject *record = NULL;
    struct py_call call;
    struct pf_error err;
    enum pf_status status;

    if (!parse(args, "OOO!OiO:convert", &arguments, NULL))
        return NULL;
    if (py_call_begin(&call, module, &arguments)) {
        Py_BEGIN_ALLOW_THREADS;
        status = pf_convert(call.request, &result, &err);
        Py_END_ALLOW_THREADS;
        record = py_ended(&call, result, status, &err);
    }
    py_call_end(&call);
    return record;
}

/* What gives a text, for the request at hand. */
typedef enum pf_status text_fn(struct pf_request *request, bool json, char **text, struct pf_error *err);

/* fn NULL = the text is that of the environment, for which there is no request. */
static PyObject *call_for_text(PyObject *module, const struct py_arguments *arguments, text_fn *fn, bool json)
{
    PyObject *answer = NULL;
    struct py_call call;
    struct pf_error err;
    enum pf_status status;
    char *text = NULL;

    if (py_call_begin(&call, module, arguments)) {
        Py_BEGIN_ALLOW_THREADS;
        status = fn != NULL ? fn(call.request, json, &text, &err) : pf_environment(call.ctx, &text, &err);
        Py_END_ALLOW_THREADS;
        if (py_call_check(&call))
            answer = status == PF_OK ? py_text(text) : py_raise(module, &err);
        pf_text_free(call.ctx, text);
    }
    py_call_end(&call);
    return answer;
}

PyObject *py_explain(PyObject *module, PyObject *args)
{
    struct py_arguments arguments;
    int json = 0;

    if (!parse(args, "OOO!OiOp:explain", &arguments, &json))
        return NULL;
    return call_for_text(module, &arguments, pf_explain, json != 0);
}

PyObject *py_config(PyObject *module, PyObject *args)
{
    struct py_arguments arguments;
    int json = 0;

    if (!parse(args, "OOO!OiOp:config", &arguments, &json))
        return NULL;
    return call_for_text(module, &arguments, pf_config, json != 0);
}

PyObject *py_environment(PyObject *module, PyObject *args)
{
    struct py_arguments arguments;

    if (!parse(args, "OOO!OiO:environment", &arguments, NULL))
        return NULL;
    return call_for_text(module, &arguments, NULL, false);
}

static enum pf_status process_path(struct pf_request *request, bool json, char **text, struct pf_error *err)
{
    (void)json;
    return pf_process_path(request, text, err);
}

PyObject *py_process_path(PyObject *module, PyObject *args)
{
    struct py_arguments arguments;

    if (!parse(args, "OOO!OiO:process_path", &arguments, NULL))
        return NULL;
    return call_for_text(module, &arguments, process_path, false);
}

/* ---- temporary files */

PyObject *py_owner_name(PyObject *module, PyObject *unused)
{
    char name[PF_OWNER_BYTES];

    (void)module;
    (void)unused;
    pf_owner_name(name);
    return PyUnicode_FromString(name);
}

PyObject *py_owner_of(PyObject *module, PyObject *args)
{
    static const char *const words[] = {
        [PF_OWNER_NONE] = NULL, [PF_OWNER_LIVES] = "lives", [PF_OWNER_GONE] = "gone", [PF_OWNER_ELSEWHERE] = "elsewhere"
    };
    const char *name;
    Py_ssize_t size;

    (void)module;
    if (!PyArg_ParseTuple(args, "y#:owner_of", &name, &size))
        return NULL;
    return Py_BuildValue("z", words[pf_owner_of(name, (size_t)size)]);
}

PyObject *py_info(PyObject *module, PyObject *args)
{
    struct py_arguments arguments;
    int json = 0;

    if (!parse(args, "OOO!OiOp:info", &arguments, &json))
        return NULL;
    return call_for_text(module, &arguments, pf_info, json != 0);
}

/* (json, exception or None); what text tells is complete also when the input is not valid. */
static PyObject *verdict(PyObject *module, const char *text, enum pf_status status, const struct pf_error *err)
{
    PyObject *json, *error = Py_None, *both = NULL;

    if (text == NULL)
        return py_raise(module, err);
    json = py_text(text);
    if (status != PF_OK)
        error = py_error_new(module, err);
    else
        Py_INCREF(error);
    if (json != NULL && error != NULL)
        both = PyTuple_Pack(2, json, error);
    Py_XDECREF(json);
    Py_XDECREF(error);
    return both;
}

PyObject *py_validate(PyObject *module, PyObject *args)
{
    struct py_arguments arguments;
    PyObject *answer = NULL;
    struct py_call call;
    struct pf_error err;
    enum pf_status status;
    char *text = NULL;

    if (!parse(args, "OOO!OiO:validate", &arguments, NULL))
        return NULL;
    if (py_call_begin(&call, module, &arguments)) {
        Py_BEGIN_ALLOW_THREADS;
        status = pf_validate_json(call.request, &text, &err);
        Py_END_ALLOW_THREADS;
        if (py_call_check(&call))
            answer = verdict(module, text, status, &err);
        pf_text_free(call.ctx, text);
    }
    py_call_end(&call);
    return answer;
}

/* [(name, description, suffixes, reads, writes), ...] */
PyObject *py_shown(PyObject *module, PyObject *args)
{
    PyObject *bytes, *shown = NULL;
    char *text, *copy;
    Py_ssize_t size;

    (void)module;
    if (!PyArg_ParseTuple(args, "S:shown", &bytes) || PyBytes_AsStringAndSize(bytes, &text, &size) != 0)
        return NULL;
    copy = malloc((size_t)size + 1);
    if (copy == NULL)
        return PyErr_NoMemory();
    memcpy(copy, text, (size_t)size + 1);
    pf_hide_secrets(copy);
    shown = py_text(copy);
    free(copy);
    return shown;
}

PyObject *py_formats(PyObject *module, PyObject *args)
{
    struct pf_format_entry entry;
    struct pf_context *ctx;
    struct py_set *set;
    PyObject *list;
    int plain = 0;

    if (!PyArg_ParseTuple(args, "|p:formats", &plain))
        return NULL;
    set = plain != 0 ? NULL : py_set_use(module);
    ctx = PyErr_Occurred() == NULL ? pf_context_new() : NULL;
    list = ctx != NULL ? PyList_New(0) : NULL;
    if (ctx == NULL && PyErr_Occurred() == NULL)
        PyErr_NoMemory();
    if (ctx != NULL && set != NULL)
        pf_context_extensions(ctx, set->extensions);
    for (uint32_t i = 0; list != NULL; i++) {
        PyObject *row;
        bool there;

        Py_BEGIN_ALLOW_THREADS;
        there = pf_format_at(ctx, i, &entry);
        Py_END_ALLOW_THREADS;
        if (!there)
            break;
        row = Py_BuildValue("sssOO", entry.name, entry.description, entry.suffixes, entry.reads ? Py_True : Py_False,
                            entry.writes ? Py_True : Py_False);
        if (row == NULL || PyList_Append(list, row) < 0)
            Py_CLEAR(list);
        Py_XDECREF(row);
    }
    Py_BEGIN_ALLOW_THREADS;
    pf_context_free(ctx);
    Py_END_ALLOW_THREADS;
    py_set_leave(module, set);
    return list;
}
