/* Option tables made of what Python says of its options, and their values as a dictionary. */
#include "extension.h"

#include <string.h>

/* Every member has the room of the widest. */
union value {
    bool flag;
    int64_t integer;
    double number;
    const char *text;
    int choice;
};

static bool kind_of(const char *word, enum pf_option_kind *kind)
{
    static const char *const words[] = { "flag", "integer", "size", "number", "text", "choice" };

    for (size_t i = 0; i < PY_COUNT(words); i++) {
        if (strcmp(words[i], word) == 0) {
            *kind = (enum pf_option_kind)i;
            return true;
        }
    }
    PyErr_Format(PyExc_ValueError, "an option cannot be of kind '%s': flag, integer, size, number, text and choice are known",
                 word);
    return false;
}

static bool fill_row(struct py_extension *own, PyObject *row, struct pf_option *to)
{
    PyObject *name, *aliases, *choices, *initial, *unit, *help, *group;
    const char *kind;

    if (!PyArg_ParseTuple(row, "OOsOOOOO", &name, &aliases, &kind, &choices, &initial, &unit, &help, &group) ||
        !kind_of(kind, &to->kind))
        return false;
    to->name = py_keep_text(own, name);
    to->aliases = py_keep_text(own, aliases);
    to->choices = py_keep_text(own, choices);
    to->initial = py_keep_text(own, initial);
    to->unit = py_keep_text(own, unit);
    to->help = py_keep_text(own, help);
    to->group = py_keep_text(own, group);
    return PyErr_Occurred() == NULL;
}

const struct pf_option *py_option_table(struct py_extension *own, PyObject *rows, size_t *size)
{
    Py_ssize_t count = PyList_Size(rows);
    struct pf_option *table;

    *size = 0;
    if (count <= 0)
        return NULL;
    table = py_keep(own, ((size_t)count + 1) * sizeof *table);
    for (Py_ssize_t i = 0; i < count && table != NULL; i++) {
        table[i].offset = (size_t)i * sizeof(union value);
        if (!fill_row(own, PyList_GetItem(rows, i), &table[i]))
            return NULL;
    }
    *size = (size_t)count * sizeof(union value);
    return table;
}

static PyObject *value_of(const struct pf_option *option, const void *values)
{
    union value value;
    char scratch[32];

    memcpy(&value, (const char *)values + option->offset, sizeof value);
    switch (option->kind) {
    case PF_OPTION_FLAG:
        return PyBool_FromLong(value.flag);
    case PF_OPTION_INTEGER:
    case PF_OPTION_SIZE:
        return PyLong_FromLongLong(value.integer);
    case PF_OPTION_NUMBER:
        return PyFloat_FromDouble(value.number);
    case PF_OPTION_CHOICE:
        return py_text(pf_option_text(option, values, scratch));
    case PF_OPTION_TEXT:
        break;
    }
    if (value.text != NULL)
        return py_text(value.text);
    Py_INCREF(Py_None);
    return Py_None;
}

/* Names as Python's keywords are. */
static PyObject *keyword_of(const char *name)
{
    char word[80];
    size_t at = 0;

    for (; name[at] != '\0' && at + 1 < sizeof word; at++)
        word[at] = name[at] == '-' ? '_' : name[at];
    word[at] = '\0';
    return PyUnicode_FromString(word);
}

PyObject *py_option_values(const struct pf_option *table, const void *values)
{
    PyObject *all = PyDict_New();

    for (; table != NULL && values != NULL && table->name != NULL && all != NULL; table++) {
        PyObject *name = keyword_of(table->name), *value = value_of(table, values);

        if (name == NULL || value == NULL || PyDict_SetItem(all, name, value) != 0)
            Py_CLEAR(all);
        Py_XDECREF(name);
        Py_XDECREF(value);
    }
    return all;
}
