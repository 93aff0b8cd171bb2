/* pyforge_cli._pyforge: the library as an extension module, for the limited API of Python 3.8. */
#include "extension.h"

#include <dlfcn.h>
#include <stdint.h>

struct py_state *py_state_of(PyObject *module)
{
    return PyModule_GetState(module);
}

/* Whether this is the main interpreter. The functions that tell joined the limited API after 3.8 (the first in 3.9, under the
 * second name it was there before), so they are looked up. */
static bool in_main_interpreter(void)
{
    typedef PyInterpreterState *current_fn(void);
    typedef int64_t id_fn(PyInterpreterState *);
    current_fn *current = __extension__(current_fn *) dlsym(RTLD_DEFAULT, "PyInterpreterState_Get");
    id_fn *id = __extension__(id_fn *) dlsym(RTLD_DEFAULT, "PyInterpreterState_GetID");

    if (current == NULL)
        current = __extension__(current_fn *) dlsym(RTLD_DEFAULT, "_PyInterpreterState_Get");
    return current == NULL || id == NULL || id(current()) == 0;
}

static int module_exec(PyObject *module)
{
    if (!in_main_interpreter()) {
        PyErr_SetString(PyExc_ImportError,
                        "pyforge_cli cannot be used in a sub-interpreter; import it in the main interpreter");
        return -1;
    }
    if (!py_errors_add(module) || !py_stream_add(module) || !py_bytes_add(module) || !py_hook_add(module))
        return -1;
    return PyModule_AddStringConstant(module, "version", pf_version());
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    struct py_state *state = py_state_of(module);

    if (state == NULL)
        return 0;
    for (size_t i = 0; i < PY_COUNT(state->errors); i++)
        Py_VISIT(state->errors[i]);
    Py_VISIT(state->stream_type);
    Py_VISIT(state->source_type);
    Py_VISIT(state->sink_type);
    Py_VISIT(state->hook_type);
    return 0;
}

static int module_clear(PyObject *module)
{
    struct py_state *state = py_state_of(module);

    if (state == NULL)
        return 0;
    for (size_t i = 0; i < PY_COUNT(state->errors); i++)
        Py_CLEAR(state->errors[i]);
    Py_CLEAR(state->stream_type);
    Py_CLEAR(state->source_type);
    Py_CLEAR(state->sink_type);
    Py_CLEAR(state->hook_type);
    return 0;
}

static void module_free(void *module)
{
    if (py_state_of(module) != NULL)
        (void)py_set_close(module);
    (void)module_clear(module);
}

static PyMethodDef functions[] = {
    { "convert", py_convert, METH_VARARGS,
      "(input, output, settings, log, log_from, progress) -> (json, code, summary, error)" },
    { "explain", py_explain, METH_VARARGS, "(input, output, settings, log, log_from, progress, json) -> text" },
    { "config", py_config, METH_VARARGS, "(None, None, settings, log, log_from, None, json) -> text" },
    { "environment", py_environment, METH_VARARGS, "(None, None, settings, log, log_from, None) -> JSON" },
    { "info", py_info, METH_VARARGS, "(input, output, settings, log, log_from, progress, json) -> text" },
    { "validate", py_validate, METH_VARARGS, "(input, output, settings, log, log_from, progress) -> (json, error)" },
    { "files", py_files, METH_VARARGS, "(inputs as bytes, folder, recursive, settings, log, log_from) -> [(input, output)]" },
    { "read", py_read, METH_VARARGS, "(input, settings, log, log_from, progress, plain) -> Stream" },
    { "write", py_write, METH_VARARGS, "(capsule, output, settings, log, log_from, progress) -> as convert" },
    { "shown", py_shown, METH_VARARGS, "(text as bytes) -> text, without the secrets of locations" },
    { "formats", py_formats, METH_VARARGS, "(plain) -> [(name, description, suffixes, reads, writes), ...]" },
    { "process_path", py_process_path, METH_VARARGS, "(location, None, settings, log, log_from, None) -> text" },
    { "owner_name", py_owner_name, METH_NOARGS, "() -> a new name for a temporary file of this process" },
    { "owner_of", py_owner_of, METH_VARARGS, "(name as bytes) -> 'lives', 'gone', 'elsewhere', or None: no such name" },
    { "command", py_command, METH_VARARGS,
      "(words, out, err, out_is_terminal, err_is_terminal, out_width, err_width, handles_signals) -> exit code" },
    { "extensions", py_extensions, METH_NOARGS, "[{name, version, state, ...}, ...]" },
    { "extension_do", py_extension_do, METH_VARARGS, "('load' | 'enable' | 'disable' | 'reload', name)" },
    { "extension_object", py_extension_object, METH_VARARGS, "(name) -> the loaded object, or None" },
    { "extensions_close", py_extensions_close, METH_VARARGS, "(for_good) -> False when something uses them still" },
    { "stream_of", py_stream_of, METH_VARARGS, "(schema, next) -> an Arrow stream, in a capsule" },
    { NULL, NULL, 0, NULL },
};

static PyModuleDef_Slot slots[] = {
    { Py_mod_exec, PY_SLOT(module_exec) },
    { 0, NULL },
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "pyforge_cli._pyforge",
    .m_doc = "The binding of libpyforge; pyforge_cli is what to use.",
    .m_size = sizeof(struct py_state),
    .m_methods = functions,
    .m_slots = slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

/* Python 3.8 declares the function without visibility, and the project hides what is not said to be visible. */
__attribute__((visibility("default"))) PyMODINIT_FUNC PyInit__pyforge(void);

__attribute__((visibility("default"))) PyMODINIT_FUNC PyInit__pyforge(void)
{
    return PyModuleDef_Init(&definition);
}
