/* Arrow structures in capsules, as the Arrow PyCapsule interface has them: who takes one out copies the structure and marks the
 * capsule's as released, and from then on it is theirs. */
#include "extension.h"

#include <stdlib.h>

static const char stream_name[] = "arrow_array_stream";
static const char schema_name[] = "arrow_schema";
static const char array_name[] = "arrow_array";

bool py_stream_from(PyObject *capsule, struct ArrowArrayStream *out)
{
    struct ArrowArrayStream *given = PyCapsule_GetPointer(capsule, stream_name);

    if (given == NULL)
        return false;
    if (given->release == NULL) {
        PyErr_SetString(PyExc_ValueError, "the stream in this capsule was taken before");
        return false;
    }
    *out = *given;
    given->release = NULL;
    return true;
}

bool py_is_stream(PyObject *capsule)
{
    return PyCapsule_GetPointer(capsule, stream_name) != NULL;
}

struct ArrowSchema *py_schema_in(PyObject *capsule)
{
    return PyCapsule_GetPointer(capsule, schema_name);
}

struct ArrowArray *py_array_in(PyObject *capsule)
{
    return PyCapsule_GetPointer(capsule, array_name);
}

static void stream_free(PyObject *capsule)
{
    struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, stream_name);

    if (stream == NULL) {
        PyErr_Clear();
        return;
    }
    if (stream->release != NULL)
        stream->release(stream);
    free(stream);
}

static void schema_free(PyObject *capsule)
{
    struct ArrowSchema *schema = PyCapsule_GetPointer(capsule, schema_name);

    if (schema == NULL) {
        PyErr_Clear();
        return;
    }
    if (schema->release != NULL)
        schema->release(schema);
    free(schema);
}

static void array_free(PyObject *capsule)
{
    struct ArrowArray *array = PyCapsule_GetPointer(capsule, array_name);

    if (array == NULL) {
        PyErr_Clear();
        return;
    }
    if (array->release != NULL)
        array->release(array);
    free(array);
}

PyObject *py_stream_capsule(const struct ArrowArrayStream *stream)
{
    struct ArrowArrayStream *moved = malloc(sizeof *moved);
    PyObject *capsule;

    if (moved == NULL)
        return PyErr_NoMemory();
    *moved = *stream;
    capsule = PyCapsule_New(moved, stream_name, stream_free);
    if (capsule == NULL)
        free(moved);
    return capsule;
}

PyObject *py_schema_capsule(struct ArrowSchema *schema)
{
    struct ArrowSchema *moved = malloc(sizeof *moved);
    PyObject *capsule = NULL;

    if (moved == NULL) {
        schema->release(schema);
        return PyErr_NoMemory();
    }
    *moved = *schema;
    capsule = PyCapsule_New(moved, schema_name, schema_free);
    if (capsule == NULL) {
        moved->release(moved);
        free(moved);
    }
    return capsule;
}

PyObject *py_array_capsule(struct ArrowArray *batch)
{
    struct ArrowArray *moved = malloc(sizeof *moved);
    PyObject *capsule;

    if (moved == NULL) {
        batch->release(batch);
        return PyErr_NoMemory();
    }
    *moved = *batch;
    batch->release = NULL;
    capsule = PyCapsule_New(moved, array_name, array_free);
    if (capsule == NULL) {
        moved->release(moved);
        free(moved);
    }
    return capsule;
}
