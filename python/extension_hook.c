/* Hooks: what one may ask and do, as an object, for the time of the call. */
#include "extension.h"

#include <string.h>

struct py_hook_object {
    PyObject_HEAD const struct py_extension *own;
    struct pf_context *ctx;
    struct pf_hook_call *call; /* NULL: the call has ended */
};

static void hook_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = __extension__(freefunc) PyType_GetSlot(type, Py_tp_free);

    release(self);
    Py_DECREF(type);
}

static const struct py_hook_object *hook_of(PyObject *self)
{
    const struct py_hook_object *hook = (const struct py_hook_object *)self;

    if (hook->call == NULL)
        PyErr_SetString(PyExc_ValueError, "this hook's call has ended");
    return hook->call != NULL ? hook : NULL;
}

static PyObject *text_or_none(const char *text)
{
    if (text != NULL)
        return py_text(text);
    Py_INCREF(Py_None);
    return Py_None;
}

/* ---- asking */

static PyObject *hook_places(PyObject *self, PyObject *unused)
{
    const struct py_hook_object *hook = hook_of(self);
    PyObject *input, *output, *both = NULL;

    (void)unused;
    if (hook == NULL)
        return NULL;
    input = text_or_none(hook->own->host->hook_input(hook->call));
    output = text_or_none(hook->own->host->hook_output(hook->call));
    if (input != NULL && output != NULL)
        both = PyTuple_Pack(2, input, output);
    Py_XDECREF(input);
    Py_XDECREF(output);
    return both;
}

static PyObject *hook_options(PyObject *self, PyObject *unused)
{
    const struct py_hook_object *hook = hook_of(self);
    const char *json;

    (void)unused;
    if (hook == NULL)
        return NULL;
    Py_BEGIN_ALLOW_THREADS;
    json = hook->own->host->hook_options(hook->call);
    Py_END_ALLOW_THREADS;
    return text_or_none(json);
}

static PyObject *hook_result(PyObject *self, PyObject *unused)
{
    const struct py_hook_object *hook = hook_of(self);

    (void)unused;
    return hook != NULL ? text_or_none(hook->own->host->hook_result(hook->call)) : NULL;
}

/* The error as the exception that the caller would get, or None. */
static PyObject *hook_error(PyObject *self, PyObject *unused)
{
    const struct py_hook_object *hook = hook_of(self);
    const struct pf_error *err;

    (void)unused;
    if (hook == NULL)
        return NULL;
    err = hook->own->host->hook_error(hook->call);
    return err != NULL ? py_error_new(hook->own->set->module, err) : text_or_none(NULL);
}

/* is_flag(name) -> True, False, or None for a name that no table has */
static PyObject *hook_is_flag(PyObject *self, PyObject *args)
{
    const struct py_hook_object *hook = hook_of(self);
    const struct pf_option *option = NULL, *table;
    const char *name, *owner;

    if (hook == NULL || !PyArg_ParseTuple(args, "s:is_flag", &name))
        return NULL;
    Py_BEGIN_ALLOW_THREADS;
    for (uint32_t i = 0; option == NULL && (table = pf_option_table(hook->ctx, i, &owner)) != NULL; i++)
        option = pf_option_find(table, name);
    Py_END_ALLOW_THREADS;
    return option != NULL ? PyBool_FromLong(option->kind == PF_OPTION_FLAG) : text_or_none(NULL);
}

/* ---- doing */

/* set(name, text or None) -> None, or what is wrong with it */
static PyObject *hook_set(PyObject *self, PyObject *args)
{
    const struct py_hook_object *hook = hook_of(self);
    const char *name, *value;
    enum pf_status status;
    struct pf_error err;

    if (hook == NULL || !PyArg_ParseTuple(args, "sz:set", &name, &value))
        return NULL;
    Py_BEGIN_ALLOW_THREADS;
    status = hook->own->host->hook_set(hook->call, name, value, &err);
    Py_END_ALLOW_THREADS;
    return text_or_none(status == PF_OK ? NULL : err.message);
}

static PyObject *hook_note(PyObject *self, PyObject *args)
{
    const struct py_hook_object *hook = hook_of(self);
    const char *text;

    if (hook == NULL || !PyArg_ParseTuple(args, "s:note", &text))
        return NULL;
    Py_BEGIN_ALLOW_THREADS;
    hook->own->host->hook_note(hook->call, text);
    Py_END_ALLOW_THREADS;
    return text_or_none(NULL);
}

static PyObject *hook_retry(PyObject *self, PyObject *unused)
{
    const struct py_hook_object *hook = hook_of(self);

    (void)unused;
    if (hook == NULL)
        return NULL;
    hook->own->host->hook_retry(hook->call);
    return text_or_none(NULL);
}

static PyObject *hook_fact(PyObject *self, PyObject *args)
{
    const struct py_hook_object *hook = hook_of(self);
    const char *name, *json;

    if (hook == NULL || !PyArg_ParseTuple(args, "ss:fact", &name, &json))
        return NULL;
    Py_BEGIN_ALLOW_THREADS;
    hook->own->host->hook_fact(hook->call, name, json);
    Py_END_ALLOW_THREADS;
    return text_or_none(NULL);
}

static PyMethodDef hook_methods[] = {
    { "places", hook_places, METH_NOARGS, "(input, output); None = it is no file" },
    { "options", hook_options, METH_NOARGS, "The options given, as JSON." },
    { "result", hook_result, METH_NOARGS, "The result record as JSON, after success." },
    { "error", hook_error, METH_NOARGS, "The exception, after failure." },
    { "is_flag", hook_is_flag, METH_VARARGS, "(name) -> True, False, or None when there is no such option" },
    { "set", hook_set, METH_VARARGS, "(name, text or None) -> None, or what is wrong" },
    { "note", hook_note, METH_VARARGS, "(text)" },
    { "retry", hook_retry, METH_NOARGS, "Asks for one more attempt." },
    { "fact", hook_fact, METH_VARARGS, "(name, json)" },
    { NULL, NULL, 0, NULL },
};

bool py_hook_add(PyObject *module)
{
    PyType_Slot slots[] = {
        { Py_tp_dealloc, PY_SLOT(hook_dealloc) },
        { Py_tp_methods, hook_methods },
        { 0, NULL },
    };
    PyType_Spec spec = { "pyforge_cli._pyforge.Hook", sizeof(struct py_hook_object), 0, Py_TPFLAGS_DEFAULT, slots };
    struct py_state *state = py_state_of(module);

    state->hook_type = PyType_FromSpec(&spec);
    return state->hook_type != NULL;
}

/* ---- the call */

enum pf_status py_hook(void *self, enum pf_hook hook, struct pf_context *ctx, struct pf_hook_call *call, struct pf_error *err)
{
    const struct py_extension *own = self;
    PyGILState_STATE gil = PyGILState_Ensure();
    struct py_state *state = py_state_of(own->set->module);
    struct py_inside inside = { ctx, own->host, (unsigned long)PyThread_get_thread_ident(), state->inside };
    PyObject *object = PyType_GenericAlloc((PyTypeObject *)state->hook_type, 0), *answer = NULL;
    struct py_hook_object *given = (struct py_hook_object *)object;
    enum pf_status status = PF_OK;

    state->inside = &inside;
    if (given != NULL) {
        given->own = own;
        given->ctx = ctx;
        given->call = call;
        answer = PyObject_CallMethod(own->bridge, "hook", "iO", (int)hook, object);
        given->call = NULL;
    }
    py_inside_end(state, &inside);
    if (answer == NULL)
        status = py_fail(own->set, ctx, err);
    Py_XDECREF(answer);
    Py_XDECREF(object);
    PyGILState_Release(gil);
    return status;
}
