/* The command line inside the interpreter: what it prints goes to two functions of the caller's. */
#include "binding.h"

#include <stdlib.h>

#include "pyforge/command.h"

enum { SIGNAL_OF_CTRL_C = 2 };

struct host {
    PyObject *out, *err;            /* callables(bytes) -> bool, borrowed */
    PyObject *type, *value, *trace; /* an exception raised by one of them, or by a signal handler */
};

/* Keeps the first exception. */
static void keep(struct host *host)
{
    if (host->type == NULL)
        PyErr_Fetch(&host->type, &host->value, &host->trace);
    else
        PyErr_Clear();
}

static bool write_to(struct host *host, PyObject *function, const char *bytes, size_t size)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *answer = PyObject_CallFunction(function, "y#", bytes, (Py_ssize_t)size);
    int good = answer != NULL ? PyObject_IsTrue(answer) : -1;

    if (good < 0)
        keep(host);
    Py_XDECREF(answer);
    PyGILState_Release(gil);
    return good > 0;
}

static bool write_out(void *user, const char *bytes, size_t size)
{
    struct host *host = user;

    return write_to(host, host->out, bytes, size);
}

static bool write_err(void *user, const char *bytes, size_t size)
{
    struct host *host = user;

    return write_to(host, host->err, bytes, size);
}

static int interrupted(void *user)
{
    struct host *host = user;
    PyGILState_STATE gil = PyGILState_Ensure();
    int number;

    if (PyErr_CheckSignals() != 0)
        keep(host);
    number = host->type != NULL ? SIGNAL_OF_CTRL_C : 0;
    PyGILState_Release(gil);
    return number;
}

/* The words of a command line; encoded holds what they point into. */
static char **words_of(PyObject *list, PyObject *encoded)
{
    Py_ssize_t count = PyList_Size(list);
    char **words = malloc(((size_t)count + 1) * sizeof *words);

    if (words == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *word = NULL;
        bool good = PyUnicode_FSConverter(PyList_GetItem(list, i), &word) && PyList_Append(encoded, word) == 0;
        Py_XDECREF(word);
        if (!good) {
            free(words);
            return NULL;
        }
        words[i] = PyBytes_AsString(word);
    }
    words[count] = NULL;
    return words;
}

/* command(words, out, err, out_is_terminal, err_is_terminal, out_width, err_width, handles_signals) -> exit code */
PyObject *py_command(PyObject *module, PyObject *args)
{
    struct host own = { NULL, NULL, NULL, NULL, NULL };
    struct pf_cli_host host = { .user = &own, .write_out = write_out, .write_err = write_err };
    int out_is_terminal, err_is_terminal, handles_signals, count, code;
    PyObject *list, *encoded;
    char **words;

    (void)module;
    if (!PyArg_ParseTuple(args, "O!OOppiip:command", &PyList_Type, &list, &own.out, &own.err, &out_is_terminal,
                          &err_is_terminal, &host.out_width, &host.err_width, &handles_signals))
        return NULL;
    host.out_is_terminal = out_is_terminal != 0;
    host.err_is_terminal = err_is_terminal != 0;
    host.handles_signals = handles_signals != 0;
    host.interrupted = handles_signals != 0 ? NULL : interrupted;
    encoded = PyList_New(0);
    words = encoded != NULL ? words_of(list, encoded) : NULL;
    if (words == NULL) {
        Py_XDECREF(encoded);
        return NULL;
    }
    count = (int)PyList_Size(encoded);
    Py_BEGIN_ALLOW_THREADS;
    code = pf_cli_main(count, words, &host);
    Py_END_ALLOW_THREADS;
    free(words);
    Py_DECREF(encoded);
    if (own.type != NULL) {
        PyErr_Restore(own.type, own.value, own.trace);
        return NULL;
    }
    return PyLong_FromLong(code);
}
