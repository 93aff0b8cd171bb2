/* Arrow data on its way between formats written in Python and the library, in capsules. */
#include "extension.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- schemas: ours has one level of children and no metadata that matters */

static void schema_release(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i] == NULL)
            continue;
        if (schema->children[i]->release != NULL)
            schema->children[i]->release(schema->children[i]);
        free(schema->children[i]);
    }
    free(schema->children);
    free((void *)(uintptr_t)schema->format);
    free((void *)(uintptr_t)schema->name);
    schema->release = NULL;
}

static bool schema_copy(const struct ArrowSchema *from, struct ArrowSchema *to)
{
    memset(to, 0, sizeof *to);
    to->release = schema_release;
    to->flags = from->flags;
    to->format = strdup(from->format);
    to->name = strdup(from->name != NULL ? from->name : "");
    to->children = calloc((size_t)from->n_children + 1, sizeof *to->children);
    if (to->format == NULL || to->name == NULL || to->children == NULL)
        return false;
    for (int64_t i = 0; i < from->n_children; i++) {
        to->children[i] = calloc(1, sizeof **to->children);
        to->n_children = i + 1;
        if (to->children[i] == NULL || !schema_copy(from->children[i], to->children[i]))
            return false;
    }
    return true;
}

PyObject *py_schema_copy(const struct ArrowSchema *schema)
{
    struct ArrowSchema copy;

    if (schema_copy(schema, &copy))
        return py_schema_capsule(&copy);
    schema_release(&copy);
    return PyErr_NoMemory();
}

/* ---- a stream whose batches a function of Python's gives */

struct fed {
    struct ArrowSchema schema;
    PyObject *next; /* () -> capsule of an array, or None at the end */
    char message[512];
};

static int fed_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct fed *fed = stream->private_data;

    if (schema_copy(&fed->schema, out))
        return 0;
    out->release(out);
    return ENOMEM;
}

/* The exception that is set, as what the stream has to say. */
static int fed_failed(struct fed *fed)
{
    PyObject *type, *value, *trace, *text, *bytes;
    const char *words;

    PyErr_Fetch(&type, &value, &trace);
    text = value != NULL ? PyObject_Str(value) : NULL;
    bytes = text != NULL ? PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace") : NULL;
    words = bytes != NULL ? PyBytes_AsString(bytes) : NULL;
    (void)PyOS_snprintf(fed->message, sizeof fed->message, "%s", words != NULL ? words : "no more rows come");
    PyErr_Clear();
    Py_XDECREF(bytes);
    Py_XDECREF(text);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(trace);
    return ECANCELED;
}

static int fed_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct fed *fed = stream->private_data;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *capsule = PyObject_CallObject(fed->next, NULL);
    struct ArrowArray *array = capsule != NULL && capsule != Py_None ? py_array_in(capsule) : NULL;
    int failed = 0;

    memset(out, 0, sizeof *out);
    if (array != NULL) {
        *out = *array;
        array->release = NULL;
    } else if (capsule != Py_None) {
        failed = fed_failed(fed);
    }
    Py_XDECREF(capsule);
    PyGILState_Release(gil);
    return failed;
}

static const char *fed_error(struct ArrowArrayStream *stream)
{
    const struct fed *fed = stream->private_data;

    return fed->message;
}

static void fed_release(struct ArrowArrayStream *stream)
{
    struct fed *fed = stream->private_data;

    if (Py_IsInitialized()) {
        PyGILState_STATE gil = PyGILState_Ensure();

        Py_DECREF(fed->next);
        PyGILState_Release(gil);
    }
    fed->schema.release(&fed->schema);
    free(fed);
    stream->release = NULL;
}

/* stream_of(schema, next) -> capsule; the schema is taken out of its capsule */
PyObject *py_stream_of(PyObject *module, PyObject *args)
{
    PyObject *given, *next, *capsule;
    struct ArrowArrayStream stream = { fed_schema, fed_next, fed_error, fed_release, NULL };
    struct ArrowSchema *schema;
    struct fed *fed;

    (void)module;
    if (!PyArg_ParseTuple(args, "OO:stream_of", &given, &next))
        return NULL;
    schema = py_schema_in(given);
    if (schema == NULL)
        return NULL;
    fed = calloc(1, sizeof *fed);
    if (fed == NULL)
        return PyErr_NoMemory();
    stream.private_data = fed;
    capsule = py_stream_capsule(&stream);
    if (capsule == NULL) {
        free(fed);
        return NULL;
    }
    fed->schema = *schema;
    schema->release = NULL;
    fed->next = next;
    Py_INCREF(next);
    return capsule;
}
