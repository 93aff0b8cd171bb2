/* Commands, probes and options written in Python, as additions of the library. */
#include "extension.h"

#include <string.h>

/* ---- commands */

static PyObject *list_of(int argc, const char *const *argv)
{
    PyObject *list = PyList_New(0);

    for (int i = 0; i < argc && list != NULL; i++) {
        PyObject *word = PyUnicode_DecodeFSDefault(argv[i]);

        if (word == NULL || PyList_Append(list, word) != 0)
            Py_CLEAR(list);
        Py_XDECREF(word);
    }
    return list;
}

static void tell(const struct py_extension *own, struct pf_command_io *io, const char *text)
{
    if (text[0] == '\0')
        return;
    Py_BEGIN_ALLOW_THREADS;
    (void)own->host->write_err(io, text, strlen(text));
    Py_END_ALLOW_THREADS;
}

/* The bridge gives (exit code, what to say of a failure). */
static int command_run(void *self, struct pf_context *ctx, struct pf_command_io *io, int argc, const char *const *argv)
{
    const struct py_extension *own = self;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *words = list_of(argc, argv), *answer = NULL;
    const char *said = "";
    int code = 1;
    struct pf_error err;

    if (words != NULL)
        answer = PyObject_CallMethod(own->bridge, "command", "O", words);
    if (answer != NULL && PyArg_ParseTuple(answer, "is", &code, &said)) {
        tell(own, io, said);
    } else {
        (void)py_fail(own->set, ctx, &err);
        tell(own, io, err.message);
        tell(own, io, "\n");
        code = 1;
    }
    Py_XDECREF(answer);
    Py_XDECREF(words);
    PyGILState_Release(gil);
    return code;
}

/* (name, summary, help) */
enum pf_status py_add_command(struct py_extension *own, struct pf_registration *to, PyObject *command, struct pf_error *err)
{
    struct pf_command_addition *addition = py_keep(own, sizeof *addition);
    PyObject *name, *summary, *help;
    enum pf_status status;

    if (addition == NULL || !PyArg_ParseTuple(command, "OOO", &name, &summary, &help))
        return py_fail(own->set, NULL, err);
    addition->size = sizeof *addition;
    addition->name = py_keep_text(own, name);
    addition->summary = py_keep_text(own, summary);
    addition->help = py_keep_text(own, help);
    addition->run = command_run;
    if (PyErr_Occurred() != NULL)
        return py_fail(own->set, NULL, err);
    Py_BEGIN_ALLOW_THREADS;
    status = own->host->add_command(to, addition, err);
    Py_END_ALLOW_THREADS;
    return status;
}

/* ---- probes */

struct py_probe {
    struct pf_probe_addition addition;
    struct py_extension *own;
    PyObject *object; /* of the bridge; () -> JSON or None */
};

static char *probe_run(void *self, struct pf_context *ctx, struct pf_error *err)
{
    const struct py_probe *probe = self;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *answer = PyObject_CallObject(probe->object, NULL), *bytes = NULL;
    const char *text = NULL;
    char *json = NULL;

    if (answer != NULL && answer != Py_None)
        bytes = PyUnicode_AsUTF8String(answer);
    text = bytes != NULL ? PyBytes_AsString(bytes) : NULL;
    if (text != NULL)
        json = probe->own->host->allocate(ctx, strlen(text) + 1);
    if (json != NULL)
        memcpy(json, text, strlen(text) + 1);
    else if (PyErr_Occurred() != NULL)
        (void)py_fail(probe->own->set, ctx, err);
    Py_XDECREF(bytes);
    Py_XDECREF(answer);
    PyGILState_Release(gil);
    return json;
}

/* (name, function) */
enum pf_status py_add_probe(struct py_extension *own, struct pf_registration *to, PyObject *pair, struct pf_error *err)
{
    struct py_probe *probe = py_keep(own, sizeof *probe);
    PyObject *name;
    enum pf_status status;

    if (probe == NULL || !PyArg_ParseTuple(pair, "OO", &name, &probe->object))
        return py_fail(own->set, NULL, err);
    probe->own = own;
    probe->addition.size = sizeof probe->addition;
    probe->addition.name = py_keep_text(own, name);
    probe->addition.probe = probe_run;
    probe->addition.self = probe;
    if (PyErr_Occurred() != NULL)
        return py_fail(own->set, NULL, err);
    Py_BEGIN_ALLOW_THREADS;
    status = own->host->add_probe(to, &probe->addition, err);
    Py_END_ALLOW_THREADS;
    return status;
}

/* ---- options */

enum pf_status py_add_options(struct py_extension *own, struct pf_registration *to, PyObject *rows, struct pf_error *err)
{
    struct pf_options_addition *addition = py_keep(own, sizeof *addition);
    enum pf_status status;
    size_t unused;

    if (addition == NULL)
        return py_fail(own->set, NULL, err);
    addition->size = sizeof *addition;
    addition->options = py_option_table(own, rows, &unused);
    if (PyErr_Occurred() != NULL)
        return py_fail(own->set, NULL, err);
    if (addition->options == NULL)
        return PF_OK;
    Py_BEGIN_ALLOW_THREADS;
    status = own->host->add_options(to, addition, err);
    Py_END_ALLOW_THREADS;
    return status;
}
