/* Arrow structures in capsules, as the Arrow PyCapsule interface has them: who takes one out copies the structure and marks the
 * capsule's as released, and from then on it is theirs. */
#include "extension.h"

#include <stdlib.h>
#include <string.h>

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

/* What a capsule of ours holds; NULL, without an error, when somebody has given it another name. */
static void *held(PyObject *capsule, const char *name)
{
    return PyCapsule_IsValid(capsule, name) ? PyCapsule_GetPointer(capsule, name) : NULL;
}

static void stream_free(PyObject *capsule)
{
    struct ArrowArrayStream *stream = held(capsule, stream_name);

    if (stream != NULL && stream->release != NULL)
        stream->release(stream);
    free(stream);
}

static void schema_free(PyObject *capsule)
{
    struct ArrowSchema *schema = held(capsule, schema_name);

    if (schema != NULL && schema->release != NULL)
        schema->release(schema);
    free(schema);
}

static void array_free(PyObject *capsule)
{
    struct ArrowArray *array = held(capsule, array_name);

    if (array != NULL && array->release != NULL)
        array->release(array);
    free(array);
}

/* A capsule with a copy of the structure; NULL with an error, and then it is still the caller's. */
static PyObject *moved(const void *structure, size_t size, const char *name, PyCapsule_Destructor destructor)
{
    void *copy = malloc(size);
    PyObject *capsule;

    if (copy == NULL)
        return PyErr_NoMemory();
    memcpy(copy, structure, size);
    capsule = PyCapsule_New(copy, name, destructor);
    if (capsule == NULL)
        free(copy);
    return capsule;
}

PyObject *py_stream_capsule(const struct ArrowArrayStream *stream)
{
    return moved(stream, sizeof *stream, stream_name, stream_free);
}

PyObject *py_schema_capsule(struct ArrowSchema *schema)
{
    PyObject *capsule = moved(schema, sizeof *schema, schema_name, schema_free);

    if (capsule == NULL)
        schema->release(schema);
    return capsule;
}

PyObject *py_array_capsule(struct ArrowArray *batch)
{
    PyObject *capsule = moved(batch, sizeof *batch, array_name, array_free);

    if (capsule == NULL)
        batch->release(batch);
    else
        batch->release = NULL;
    return capsule;
}
