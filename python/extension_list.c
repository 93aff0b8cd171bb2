/* The registry as Python sees it. */
#include "extension.h"

#include <string.h>

static PyObject *row_of(const struct pf_extension_info *info)
{
    static const char *const states[] = { "discovered", "loading", "loaded", "failed", "disabled", "unloaded" };

    return Py_BuildValue("{s:s,s:s,s:s,s:s,s:s,s:N,s:s,s:O,s:N,s:s,s:d}", "name", info->name, "version", info->version,
                         "description", info->description, "licence", info->licence, "kind", info->kind, "origin",
                         py_text(info->origin), "state", states[info->state], "available", info->available ? Py_True : Py_False,
                         "reason", py_text(info->reason), "adds", info->adds, "load_seconds", info->load_seconds);
}

/* extensions() -> [{...}, ...] */
PyObject *py_extensions(PyObject *module, PyObject *unused)
{
    struct py_set *set = py_set_use(module);
    PyObject *list = PyErr_Occurred() == NULL ? PyList_New(0) : NULL;
    struct pf_extension_info info;

    (void)unused;
    for (uint32_t i = 0; list != NULL && set != NULL; i++) {
        PyObject *row;
        bool there;

        Py_BEGIN_ALLOW_THREADS;
        there = pf_extension_at(set->extensions, i, &info);
        Py_END_ALLOW_THREADS;
        if (!there)
            break;
        row = row_of(&info);
        if (row == NULL || PyList_Append(list, row) != 0)
            Py_CLEAR(list);
        Py_XDECREF(row);
    }
    py_set_leave(module, set);
    return list;
}

static enum pf_status enable(struct pf_extensions *set, const char *name, struct pf_error *err)
{
    return pf_extension_enable(set, name, true, err);
}

static enum pf_status disable(struct pf_extensions *set, const char *name, struct pf_error *err)
{
    return pf_extension_enable(set, name, false, err);
}

/* extension_do("load" | "enable" | "disable" | "reload", name); raises what is wrong */
PyObject *py_extension_do(PyObject *module, PyObject *args)
{
    static const struct {
        const char *word;
        enum pf_status (*act)(struct pf_extensions *set, const char *name, struct pf_error *err);
    } acts[] = {
        { "load", pf_extension_load }, { "enable", enable }, { "disable", disable }, { "reload", pf_extension_reload }
    };
    const char *word, *name;
    struct py_set *set;
    struct pf_error err;
    enum pf_status status = PF_OK;

    if (!PyArg_ParseTuple(args, "ss:extension_do", &word, &name))
        return NULL;
    set = py_set_use(module);
    if (set == NULL && PyErr_Occurred() == NULL)
        PyErr_SetString(PyExc_RuntimeError, "extensions have been shut down");
    if (set == NULL)
        return NULL;
    for (size_t i = 0; i < PY_COUNT(acts); i++) {
        if (strcmp(acts[i].word, word) != 0)
            continue;
        Py_BEGIN_ALLOW_THREADS;
        status = acts[i].act(set->extensions, name, &err);
        Py_END_ALLOW_THREADS;
    }
    py_set_leave(module, set);
    if (status != PF_OK)
        return py_raise(module, &err);
    Py_INCREF(Py_None);
    return Py_None;
}

/* extension_object(name) -> what the author's class made, or None when it is not loaded or not in Python */
PyObject *py_extension_object(PyObject *module, PyObject *args)
{
    const struct py_set *set = py_state_of(module)->set;
    const struct py_extension *own = set != NULL ? set->all : NULL;
    const char *name;

    if (!PyArg_ParseTuple(args, "s:extension_object", &name))
        return NULL;
    while (own != NULL && (own->bridge == NULL || strcmp(own->descriptor.name, name) != 0))
        own = own->next;
    if (own != NULL)
        return PyObject_GetAttrString(own->bridge, "extension");
    Py_INCREF(Py_None);
    return Py_None;
}

/* extensions_close(for_good) -> False when something uses them still */
PyObject *py_extensions_close(PyObject *module, PyObject *args)
{
    int for_good;
    bool done;

    if (!PyArg_ParseTuple(args, "p:extensions_close", &for_good))
        return NULL;
    done = py_set_close(module);
    if (done && for_good != 0)
        py_state_of(module)->closed = true;
    return PyBool_FromLong(done);
}
