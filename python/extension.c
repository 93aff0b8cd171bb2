/* The set of extensions of the module, and how those written in Python are loaded into it. */
#include "extension.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- memory that stays */

struct py_memory {
    struct py_memory *next;
};

void *py_keep(struct py_extension *own, size_t size)
{
    struct py_memory *block = calloc(1, sizeof *block + size);

    if (block == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    block->next = own->memory;
    own->memory = block;
    return block + 1;
}

const char *py_keep_text(struct py_extension *own, PyObject *text)
{
    PyObject *bytes;
    const char *from;
    char *copy = NULL;

    if (text == Py_None)
        return NULL;
    bytes = PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace");
    from = bytes != NULL ? PyBytes_AsString(bytes) : NULL;
    if (from != NULL)
        copy = py_keep(own, strlen(from) + 1);
    if (copy != NULL)
        memcpy(copy, from, strlen(from) + 1);
    Py_XDECREF(bytes);
    return copy;
}

const char *const *py_keep_texts(struct py_extension *own, PyObject *list)
{
    Py_ssize_t count = PyList_Size(list);
    const char **texts = count >= 0 ? py_keep(own, ((size_t)count + 1) * sizeof *texts) : NULL;

    for (Py_ssize_t i = 0; texts != NULL && i < count; i++) {
        texts[i] = py_keep_text(own, PyList_GetItem(list, i));
        if (texts[i] == NULL)
            return NULL;
    }
    return texts;
}

static void extension_free(struct py_extension *own)
{
    while (own->memory != NULL) {
        struct py_memory *next = own->memory->next;

        free(own->memory);
        own->memory = next;
    }
    free(own);
}

/* ---- the functions of a descriptor */

/* Loading is done under the set's lock, so the innermost is the one that is asked. */
static struct py_extension *loading_of(const struct pf_host *host)
{
    struct py_set *set = host->language_user;

    set->loading->host = host;
    return set->loading;
}

static bool available(const struct pf_host *host, char *reason, size_t reason_size)
{
    struct py_extension *own = loading_of(host);
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *answer = PyObject_CallMethod(own->bridge, "available", NULL);
    const char *text = NULL;
    int good = 0;
    struct pf_error err;

    if (answer == NULL || !PyArg_ParseTuple(answer, "ps", &good, &text)) {
        (void)py_fail(own->set, NULL, &err);
        good = 0;
        text = err.message;
    }
    (void)PyOS_snprintf(reason, reason_size, "%s", good != 0 ? "" : text);
    Py_XDECREF(answer);
    PyGILState_Release(gil);
    return good != 0;
}

/* One (kind, object) of what the bridge adds. */
static enum pf_status add(struct py_extension *own, struct pf_registration *to, PyObject *pair, struct pf_error *err)
{
    static const struct {
        const char *kind;
        enum pf_status (*add)(struct py_extension *own, struct pf_registration *to, PyObject *object, struct pf_error *err);
    } kinds[] = {
        { "format", py_add_format }, { "scheme", py_add_scheme },   { "command", py_add_command },
        { "probe", py_add_probe },   { "options", py_add_options }, { "engine", py_add_engine },
    };
    const char *kind;
    PyObject *object;

    if (!PyArg_ParseTuple(pair, "sO", &kind, &object))
        return py_fail(own->set, NULL, err);
    for (size_t i = 0; i < PY_COUNT(kinds); i++) {
        if (strcmp(kinds[i].kind, kind) == 0)
            return kinds[i].add(own, to, object, err);
    }
    PyErr_Format(PyExc_TypeError, "an extension in Python adds no '%s'", kind);
    return py_fail(own->set, NULL, err);
}

/* library() of the bridge gives the path of the extension's native half, or None. */
static enum pf_status add_library(struct py_extension *own, struct pf_registration *to, struct pf_error *err)
{
    PyObject *path = PyObject_CallMethod(own->bridge, "library", NULL), *bytes = NULL;
    enum pf_status status = PF_OK;

    if (path == NULL || (path != Py_None && PyUnicode_FSConverter(path, &bytes) == 0))
        status = py_fail(own->set, NULL, err);
    if (status == PF_OK && bytes != NULL) {
        const char *name = PyBytes_AsString(bytes);

        Py_BEGIN_ALLOW_THREADS;
        status = pf_extension_add_library(to, name, err);
        Py_END_ALLOW_THREADS;
    }
    Py_XDECREF(bytes);
    Py_XDECREF(path);
    return status;
}

static enum pf_status add_all(struct py_extension *own, struct pf_registration *to, struct pf_error *err)
{
    const char *settings = own->host->settings(to);
    PyObject *additions = PyObject_CallMethod(own->bridge, "initialise", "s", settings);
    Py_ssize_t count = additions != NULL ? PyList_Size(additions) : -1;
    enum pf_status status = PF_OK;

    if (count < 0)
        status = py_fail(own->set, NULL, err);
    for (Py_ssize_t i = 0; i < count && status == PF_OK; i++)
        status = add(own, to, PyList_GetItem(additions, i), err);
    Py_XDECREF(additions);
    return status;
}

static enum pf_status initialise(const struct pf_host *host, struct pf_registration *to, void **self, struct pf_error *err)
{
    struct py_extension *own = loading_of(host);
    PyGILState_STATE gil = PyGILState_Ensure();
    enum pf_status status = add_library(own, to, err);

    if (status == PF_OK)
        status = add_all(own, to, err);
    if (status == PF_OK)
        own->set->loading = own->outer;
    *self = own;
    PyGILState_Release(gil);
    return status;
}

static void shut_down(void *self)
{
    struct py_extension *own = self;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *done = PyObject_CallMethod(own->bridge, "shutdown", NULL);

    if (done == NULL)
        py_forget(own->set, NULL);
    Py_XDECREF(done);
    PyGILState_Release(gil);
}

/* ---- the language */

/* (version, description, licence, hooks, hook_order) of the bridge. */
static bool fill_descriptor(struct py_extension *own, const char *name)
{
    struct pf_extension *to = &own->descriptor;
    PyObject *facts = PyObject_CallMethod(own->bridge, "facts", NULL);
    PyObject *version, *description, *licence, *named = PyUnicode_FromString(name);
    bool good = facts != NULL && named != NULL &&
                PyArg_ParseTuple(facts, "OOOIi", &version, &description, &licence, &to->hooks, &to->hook_order) != 0;

    to->size = sizeof *to;
    to->abi = PF_EXTENSION_ABI;
    if (good) {
        to->name = py_keep_text(own, named);
        to->version = py_keep_text(own, version);
        to->description = py_keep_text(own, description);
        to->licence = py_keep_text(own, licence);
        good = PyErr_Occurred() == NULL;
    }
    to->available = available;
    to->initialise = initialise;
    to->shutdown = shut_down;
    to->hook = py_hook;
    Py_XDECREF(named);
    Py_XDECREF(facts);
    return good;
}

static PyObject *load_bridge(const char *name, const char *entry)
{
    PyObject *bridge = PyImport_ImportModule("pyforge_cli.extensions._bridge");
    PyObject *made = bridge != NULL ? PyObject_CallMethod(bridge, "load", "ss", name, entry) : NULL;

    Py_XDECREF(bridge);
    return made;
}

static enum pf_status load(void *user, const char *name, const char *entry, const struct pf_extension **out,
                           struct pf_error *err)
{
    struct py_set *set = user;
    struct py_extension *own = calloc(1, sizeof *own);
    enum pf_status status = PF_OK;
    PyGILState_STATE gil;

    if (own == NULL)
        return PF_NO_MEMORY;
    gil = PyGILState_Ensure();
    own->set = set;
    own->bridge = load_bridge(name, entry);
    if (own->bridge == NULL || !fill_descriptor(own, name)) {
        status = py_fail(set, NULL, err);
        Py_XDECREF(own->bridge);
        extension_free(own);
    } else {
        own->next = set->all;
        set->all = own;
        own->outer = set->loading;
        set->loading = own;
        *out = &own->descriptor;
    }
    PyGILState_Release(gil);
    return status;
}

/* Comes also after a loading that failed on the way. */
static void unload(void *user, const struct pf_extension *extension)
{
    struct py_set *set = user;
    struct py_extension *own = (struct py_extension *)(uintptr_t)extension; /* its first member */
    PyGILState_STATE gil = PyGILState_Ensure();

    if (set->loading == own)
        set->loading = own->outer;
    Py_CLEAR(own->bridge);
    PyGILState_Release(gil);
}

static void release(void *user)
{
    struct py_set *set = user;

    while (set->all != NULL) {
        struct py_extension *next = set->all->next;

        extension_free(set->all);
        set->all = next;
    }
    free(set);
}

/* ---- the set */

/* A list of texts as a NULL-ended list, in one block; NULL with an exception. */
static const char **texts_of(PyObject *list)
{
    Py_ssize_t count = PyList_Size(list);
    size_t size = ((size_t)count + 1) * sizeof(char *);
    const char **texts;
    char *at;

    for (Py_ssize_t i = 0; i < count; i++)
        size += (size_t)PyBytes_Size(PyList_GetItem(list, i)) + 1;
    texts = count >= 0 && PyErr_Occurred() == NULL ? malloc(size) : NULL;
    if (texts == NULL)
        return NULL;
    at = (char *)(texts + count + 1);
    for (Py_ssize_t i = 0; i < count; i++) {
        const char *text = PyBytes_AsString(PyList_GetItem(list, i));

        texts[i] = at;
        memcpy(at, text, strlen(text) + 1);
        at += strlen(text) + 1;
    }
    texts[count] = NULL;
    return texts;
}

static struct py_set *set_new(PyObject *module, const char **path, const char **points)
{
    struct py_set *set = calloc(1, sizeof *set);
    struct pf_extension_language language = { "python", path, points, load, unload, release, set };

    if (set == NULL)
        return NULL;
    set->module = module;
    Py_BEGIN_ALLOW_THREADS;
    set->extensions = pf_extensions_new(&language);
    Py_END_ALLOW_THREADS;
    if (set->extensions == NULL) {
        free(set);
        return NULL;
    }
    return set;
}

/* places() of pyforge_cli.extensions._places: (sys.path, points), both lists of bytes. */
static struct py_set *set_of_places(PyObject *module)
{
    PyObject *places = PyImport_ImportModule("pyforge_cli.extensions._places");
    PyObject *both = places != NULL ? PyObject_CallMethod(places, "places", NULL) : NULL, *path, *points;
    const char **folders = NULL, **found = NULL;
    struct py_set *set = NULL;

    if (both != NULL && PyArg_ParseTuple(both, "O!O!", &PyList_Type, &path, &PyList_Type, &points)) {
        folders = texts_of(path);
        found = texts_of(points);
    }
    if (folders != NULL && found != NULL)
        set = set_new(module, folders, found);
    free(folders);
    free(found);
    Py_XDECREF(both);
    Py_XDECREF(places);
    if (set == NULL && PyErr_Occurred() == NULL)
        PyErr_NoMemory();
    return set;
}

/* Two threads may come here at once: the later one drops what it made, or its failure, and takes the other's. */
static struct py_set *make_set(PyObject *module)
{
    struct py_state *state = py_state_of(module);
    struct py_set *set = set_of_places(module);

    if (state->set == NULL && !state->closed) {
        state->set = set;
        return set;
    }
    if (set != NULL)
        pf_extensions_free(set->extensions);
    PyErr_Clear();
    return state->set;
}

struct py_set *py_set_get(PyObject *module)
{
    struct py_state *state = py_state_of(module);
    long process = (long)getpid();

    if (state->process != process) {
        /* Made by fork. What another thread did in the library then will never end, and may hold a lock. */
        if (state->process != 0 && state->busy > 0)
            state->set = NULL;
        state->busy = 0;
        state->process = process;
    }
    if (state->set == NULL && !state->closed)
        state->set = make_set(module);
    return state->set;
}

struct py_set *py_set_use(PyObject *module)
{
    struct py_set *set = py_set_get(module);

    if (set != NULL)
        py_state_of(module)->busy++;
    return set;
}

void py_set_leave(PyObject *module, const struct py_set *set)
{
    struct py_state *state = py_state_of(module);

    if (set != NULL && state->busy > 0)
        state->busy--;
}

bool py_set_close(PyObject *module)
{
    struct py_state *state = py_state_of(module);
    struct py_set *set = state->set;

    if (set == NULL)
        return true;
    if (state->busy > 0 || state->process != (long)getpid())
        return false;
    state->set = NULL;
    Py_BEGIN_ALLOW_THREADS;
    pf_extensions_free(set->extensions);
    Py_END_ALLOW_THREADS;
    return true;
}
