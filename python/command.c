/* The command line inside the interpreter: what it prints goes to two functions of the caller's. */
#include "extension.h"

#include <stdlib.h>

#include "pyforge/command.h"

enum { SIGNAL_OF_CTRL_C = 2 };

struct host {
    PyObject *out, *err; /* callables(bytes) -> bool, borrowed */
    struct py_call call; /* keeps an exception raised by one of them, by a signal handler, or for us by an extension */
};

static bool write_to(struct host *host, PyObject *function, const char *bytes, size_t size)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *answer = PyObject_CallFunction(function, "y#", bytes, (Py_ssize_t)size);
    int good = answer != NULL ? PyObject_IsTrue(answer) : -1;

    if (good < 0)
        py_watch_keep(&host->call.watch);
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
        py_watch_keep(&host->call.watch);
    number = host->call.watch.type != NULL ? SIGNAL_OF_CTRL_C : 0;
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

/* The extensions for a command line; false with an exception set. */
static bool take_extensions(PyObject *module, struct pf_cli_host *host)
{
    struct py_set *set = py_set_get(module);

    host->extensions = set != NULL ? set->extensions : NULL;
    if (set != NULL)
        py_state_of(module)->busy++;
    return PyErr_Occurred() == NULL;
}

static void leave_extensions(PyObject *module, const struct pf_cli_host *host)
{
    struct py_state *state = py_state_of(module);

    if (host->extensions != NULL && state->busy > 0)
        state->busy--;
}

/* command(words, out, err, out_is_terminal, err_is_terminal, out_width, err_width, handles_signals) -> exit code */
PyObject *py_command(PyObject *module, PyObject *args)
{
    struct host own = { .call = { .module = module } };
    struct pf_cli_host host = { .user = &own, .write_out = write_out, .write_err = write_err };
    int out_is_terminal, err_is_terminal, handles_signals, count, code;
    PyObject *list, *encoded;
    char **words;

    if (!PyArg_ParseTuple(args, "O!OOppiip:command", &PyList_Type, &list, &own.out, &own.err, &out_is_terminal,
                          &err_is_terminal, &host.out_width, &host.err_width, &handles_signals))
        return NULL;
    host.out_is_terminal = out_is_terminal != 0;
    host.err_is_terminal = err_is_terminal != 0;
    host.handles_signals = handles_signals != 0;
    host.interrupted = handles_signals != 0 ? NULL : interrupted;
    encoded = PyList_New(0);
    words = encoded != NULL && take_extensions(module, &host) ? words_of(list, encoded) : NULL;
    if (words == NULL) {
        leave_extensions(module, &host);
        Py_XDECREF(encoded);
        return NULL;
    }
    count = (int)PyList_Size(encoded);
    py_call_enter(&own.call);
    Py_BEGIN_ALLOW_THREADS;
    code = pf_cli_main(count, words, &host);
    Py_END_ALLOW_THREADS;
    leave_extensions(module, &host);
    free(words);
    Py_DECREF(encoded);
    py_call_leave(&own.call);
    return py_call_check(&own.call) ? PyLong_FromLong(code) : NULL;
}
