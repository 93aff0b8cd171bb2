/* Which files several inputs stand for, and what their outputs are called. They are converted by calls of their own. */
#include "binding.h"

#include <stdlib.h>

/* The texts of a list, borrowed from it; NULL with an exception set. The caller frees what is returned. */
static const char **texts_of(PyObject *list)
{
    Py_ssize_t count = PyList_Size(list);
    const char **texts = calloc((size_t)count + 1, sizeof *texts);

    if (texts == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        char *text;

        /* without a size, a NUL in the text is a ValueError */
        if (PyBytes_AsStringAndSize(PyList_GetItem(list, i), &text, NULL) != 0) {
            free((void *)texts);
            return NULL;
        }
        texts[i] = text;
    }
    return texts;
}

static PyObject *pairs_of(const struct pf_bulk *files)
{
    PyObject *list = PyList_New(0);
    const char *input, *output;

    for (uint32_t i = 0; list != NULL && pf_bulk_at(files, i, &input, &output); i++) {
        PyObject *from = py_text(input), *to = py_text(output);
        PyObject *pair = from != NULL && to != NULL ? PyTuple_Pack(2, from, to) : NULL;

        Py_XDECREF(from);
        Py_XDECREF(to);
        if (pair == NULL || PyList_Append(list, pair) != 0)
            Py_CLEAR(list);
        Py_XDECREF(pair);
    }
    return list;
}

static PyObject *find(struct py_call *call, const char *const *inputs, uint32_t count, const char *folder, bool recursive)
{
    struct pf_bulk *files = NULL;
    PyObject *pairs = NULL;
    enum pf_status status;
    struct pf_error err;

    Py_BEGIN_ALLOW_THREADS;
    status = pf_bulk_new(call->request, inputs, count, folder, recursive, &files, &err);
    Py_END_ALLOW_THREADS;
    if (py_call_check(call))
        pairs = status == PF_OK ? pairs_of(files) : py_raise(call->module, &err);
    pf_bulk_free(files);
    return pairs;
}

PyObject *py_files(PyObject *module, PyObject *args)
{
    struct py_arguments arguments = { .input = Py_None, .output = Py_None, .log = Py_None, .progress = Py_None };
    PyObject *list, *place, *pairs = NULL;
    char *folder = NULL;
    const char **inputs;
    struct py_call call;
    int recursive;

    if (!PyArg_ParseTuple(args, "O!OpO!Oi:files", &PyList_Type, &list, &place, &recursive, &PyList_Type, &arguments.settings,
                          &arguments.log, &arguments.log_from))
        return NULL;
    if (place != Py_None && PyBytes_AsStringAndSize(place, &folder, NULL) != 0)
        return NULL;
    inputs = texts_of(list);
    if (inputs == NULL)
        return NULL;
    if (py_call_begin(&call, module, &arguments))
        pairs = find(&call, inputs, (uint32_t)PyList_Size(list), folder, recursive != 0);
    py_call_end(&call);
    free((void *)inputs);
    return pairs;
}
