#include "environment.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "messages.h"
#include "runtime.h"

/* ---- this process */

enum { LONGEST_LINE = 16 * 1024, MOST_LINES = 64 * 1024 };
/* Of a value that was not understood so much is shown. */
enum { SHOWN = 48 };

static const char *variable_here(void *user, const char *name)
{
    (void)user;
    return getenv(name);
}

static bool exists_here(void *user, const char *path)
{
    (void)user;
    return access(path, F_OK) == 0;
}

/* Only regular files, of which a number of lines is read, each up to a length: a variable may name what never ends. */
static FILE *open_lines(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    FILE *file;

    if (fd < 0)
        return NULL;
    file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? fdopen(fd, "r") : NULL;
    if (file == NULL)
        (void)close(fd);
    return file;
}

static bool lines_here(void *user, const char *path, bool (*take)(void *to, const char *line), void *to)
{
    FILE *file = open_lines(path);
    char line[LONGEST_LINE];
    bool begins = true;

    (void)user;
    if (file == NULL)
        return false;
    for (int count = 0; count < MOST_LINES && fgets(line, sizeof line, file) != NULL; count++) {
        size_t size = strcspn(line, "\n");
        bool ends = line[size] == '\n';

        line[size] = '\0';
        if (begins && !take(to, line))
            break;
        begins = ends; /* the rest of a longer one is passed over */
    }
    (void)fclose(file);
    return true;
}

const struct environment_view environment_here = { NULL, variable_here, exists_here, lines_here };

/* ---- what is looked at */

/* The signals, gathered once; the rules below only compare. Texts are "" when there is nothing. */
struct look {
    const struct environment_view *view;
    const char *override, *serving, *environment_version, *version, *remote, *local_remote;
    bool is_serverless, connect_mode;
    char plain[ENVIRONMENT_TEXT];     /* what version is, when it is one; else version is "" */
    char container[ENVIRONMENT_TEXT]; /* /databricks/DBR_VERSION */
    bool in_databricks;               /* a cluster's process: there is a version */
    /* Databricks Connect */
    char target[ENVIRONMENT_SIGNAL]; /* what names workspace, identity and compute; "" = not all do */
};

static const char *variable(const struct environment_view *view, const char *name)
{
    const char *value = view->variable(view->user, name);

    return value != NULL ? value : "";
}

static bool is_yes(const char *value)
{
    return strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0 || strcasecmp(value, "yes") == 0;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Of a variable or file of the user's only what a version looks like is ever shown. */
static void take_plain(char *to, size_t size, const char *text)
{
    size_t used = 0;

    while (*text == ' ' || *text == '\t')
        text++;
    for (; *text > ' ' && *text < 0x7f && used + 1 < size; text++)
        to[used++] = *text;
    to[used] = '\0';
}

/* The same for a text that was not understood: what is left out is seen to be. */
static const char *take_shown(char to[SHOWN], const char *text)
{
    size_t used = 0;

    for (; *text != '\0' && used + 1 < SHOWN; text++)
        to[used++] = *text >= ' ' && *text < 0x7f && *text != '"' ? *text : '?';
    to[used] = '\0';
    if (*text != '\0')
        memcpy(to + SHOWN - 4, "...", 4);
    return to;
}

static bool take_first_line(void *to, const char *line)
{
    take_plain(to, ENVIRONMENT_TEXT, line);
    return false;
}

/* ---- Databricks Connect from outside */

enum { HAS_HOST = 1, HAS_IDENTITY = 2, HAS_COMPUTE = 4, HAS_ALL = 7 };

static const struct connect_key {
    const char *variable, *key; /* key: in a profile of .databrickscfg; NULL = there is none */
    int gives;
    const char *value; /* NULL = any that is not empty */
} connect_keys[] = {
    { "DATABRICKS_HOST", "host", HAS_HOST, NULL },
    { "DATABRICKS_TOKEN", "token", HAS_IDENTITY, NULL },
    { "DATABRICKS_CLIENT_ID", "client_id", HAS_IDENTITY, NULL },
    { "DATABRICKS_AUTH_TYPE", "auth_type", HAS_IDENTITY, NULL },
    { "ARM_CLIENT_ID", "azure_client_id", HAS_IDENTITY, NULL },
    { "DATABRICKS_CLUSTER_ID", "cluster_id", HAS_COMPUTE, NULL },
    { "DATABRICKS_SERVERLESS_COMPUTE_ID", "serverless_compute_id", HAS_COMPUTE, "auto" },
};

enum { CONNECT_KEYS = sizeof connect_keys / sizeof *connect_keys };

struct profile {
    const char *name;
    bool inside;
    int gives;
};

static bool gives(const struct connect_key *key, const char *value)
{
    return *value != '\0' && (key->value == NULL || strcmp(value, key->value) == 0);
}

static bool take_profile_line(void *to, const char *line)
{
    struct profile *profile = to;
    size_t size, name = strlen(profile->name);
    const char *value;
    char text[8];

    line += strspn(line, " \t");
    if (*line == '[') {
        profile->inside = strncmp(line + 1, profile->name, name) == 0 && line[1 + name] == ']';
        return true;
    }
    size = strcspn(line, " \t=");
    value = line + size + strspn(line + size, " \t");
    if (!profile->inside || *value != '=')
        return true;
    take_plain(text, sizeof text, value + 1); /* enough to tell "auto", and no secret is kept */
    for (size_t i = 0; i < CONNECT_KEYS; i++) {
        const struct connect_key *key = &connect_keys[i];
        if (strlen(key->key) == size && strncmp(line, key->key, size) == 0 && gives(key, text))
            profile->gives |= key->gives;
    }
    return true;
}

/* What the variables leave open may stand in a profile of .databrickscfg. */
static int look_at_profile(struct look *look, const char *profile_name)
{
    const char *file = variable(look->view, "DATABRICKS_CONFIG_FILE"), *home = variable(look->view, "HOME");
    struct profile profile = { .name = *profile_name != '\0' ? profile_name : "DEFAULT" };
    char path[4096];
    int size = *file != '\0' ? snprintf(path, sizeof path, "%s", file) : snprintf(path, sizeof path, "%s/.databrickscfg", home);

    if (size > 0 && (size_t)size < sizeof path && path[0] == '/')
        (void)look->view->lines(look->view->user, path, take_profile_line, &profile);
    return profile.gives;
}

static void look_for_connect(struct look *look)
{
    const char *profile_name = variable(look->view, "DATABRICKS_CONFIG_PROFILE");
    char names[ENVIRONMENT_SIGNAL] = "";
    int has = 0;

    for (size_t i = 0; i < CONNECT_KEYS; i++) {
        const struct connect_key *key = &connect_keys[i];
        if ((has & key->gives) != 0 || !gives(key, variable(look->view, key->variable)))
            continue;
        has |= key->gives;
        (void)strcat(strcat(names, names[0] != '\0' ? ", " : ""), key->variable);
    }
    if (has != HAS_ALL) {
        int more = look_at_profile(look, profile_name) & ~has;
        char plain[32];

        if (more != 0) {
            take_plain(plain, sizeof plain, *profile_name != '\0' ? profile_name : "DEFAULT");
            (void)strcat(strcat(names, names[0] != '\0' ? ", " : ""), "profile ");
            (void)strcat(names, plain);
        }
        has |= more;
    }
    if (has == HAS_ALL)
        (void)strcpy(look->target, names);
}

/* What is no version says nothing of where we are; a name of one does where there is more that does. */
static void look_at_version(struct look *look)
{
    take_plain(look->plain, sizeof look->plain, look->version);
    if (!runtime_is_version(look->plain) &&
        !(runtime_is_name(look->plain) && look->view->exists(look->view->user, "/databricks")))
        look->plain[0] = '\0';
    look->version = look->plain;
}

static void look_at_all(const struct environment_view *view, struct look *look)
{
    *look = (struct look){
        .view = view,
        .override = variable(view, "PYFORGE_DATABRICKS_COMPUTE"),
        .serving = is_yes(variable(view, "IS_IN_DB_MODEL_SERVING_ENV"))           ? "IS_IN_DB_MODEL_SERVING_ENV"
                   : is_yes(variable(view, "IS_IN_DATABRICKS_MODEL_SERVING_ENV")) ? "IS_IN_DATABRICKS_MODEL_SERVING_ENV"
                                                                                  : "",
        .environment_version = variable(view, "DATABRICKS_ENV_VERSION"),
        .version = variable(view, "DATABRICKS_RUNTIME_VERSION"),
        .remote = variable(view, "SPARK_REMOTE"),
        .local_remote = variable(view, "SPARK_LOCAL_REMOTE"),
        .is_serverless = is_yes(variable(view, "IS_SERVERLESS")),
        .connect_mode = is_yes(variable(view, "SPARK_CONNECT_MODE_ENABLED")),
    };
    look_at_version(look);
    if (*look->version == '\0')
        (void)view->lines(view->user, "/databricks/DBR_VERSION", take_first_line, look->container);
    if (!runtime_is_name(look->container))
        look->container[0] = '\0';
    look->in_databricks = *look->version != '\0' || look->container[0] != '\0';
    if (!look->in_databricks)
        look_for_connect(look);
}

/* ---- the rules: the first that fits decides */

typedef const char *(*rule_fn)(const struct look *look); /* the signal; NULL = it does not fit */

static const char *is_serving(const struct look *look)
{
    return *look->serving != '\0' ? look->serving : NULL;
}

static const char *has_environment_version(const struct look *look)
{
    return *look->environment_version != '\0' ? "DATABRICKS_ENV_VERSION" : NULL;
}

static const char *has_client_version(const struct look *look)
{
    return begins(look->version, "client.") ? "DATABRICKS_RUNTIME_VERSION begins with client." : NULL;
}

static const char *says_serverless(const struct look *look)
{
    return look->in_databricks && look->is_serverless ? "IS_SERVERLESS" : NULL;
}

static const char *has_socket(const struct look *look)
{
    return !look->in_databricks                    ? NULL
           : begins(look->remote, "unix://")       ? "SPARK_REMOTE begins with unix://"
           : begins(look->local_remote, "unix://") ? "SPARK_LOCAL_REMOTE begins with unix://"
                                                   : NULL;
}

static const char *has_connect_mode(const struct look *look)
{
    return look->in_databricks && look->connect_mode ? "SPARK_CONNECT_MODE_ENABLED" : NULL;
}

static const char *has_version(const struct look *look)
{
    return *look->version != '\0' ? "DATABRICKS_RUNTIME_VERSION" : NULL;
}

static const char *has_container(const struct look *look)
{
    return look->container[0] != '\0' ? "/databricks/DBR_VERSION" : NULL;
}

static const char *has_target(const struct look *look)
{
    return look->target[0] != '\0' ? look->target : NULL;
}

static const char *has_remote_target(const struct look *look)
{
    bool is_ours = begins(look->remote, "sc://") && strstr(look->remote, ";x-databricks-") != NULL;

    return is_ours ? "SPARK_REMOTE has x-databricks-" : NULL;
}

static const struct rule {
    enum environment_compute compute;
    rule_fn fits;
} rules[] = {
    { ENVIRONMENT_MODEL_SERVING, is_serving },
    { ENVIRONMENT_SERVERLESS, has_environment_version },
    { ENVIRONMENT_SERVERLESS, has_client_version },
    { ENVIRONMENT_SERVERLESS, says_serverless },
    { ENVIRONMENT_CLASSIC_CONNECT, has_socket },
    { ENVIRONMENT_CLASSIC_CONNECT, has_connect_mode },
    { ENVIRONMENT_CLASSIC, has_version },
    { ENVIRONMENT_CLASSIC, has_container },
    { ENVIRONMENT_CONNECT, has_target },
    { ENVIRONMENT_CONNECT, has_remote_target },
};

static const struct kind {
    enum environment_compute compute;
    const char *name, *words;
} kinds[] = {
    { ENVIRONMENT_NONE, "none", "not in Databricks" },
    { ENVIRONMENT_CLASSIC, "classic", "Databricks cluster, Spark in the driver" },
    { ENVIRONMENT_CLASSIC_CONNECT, "classic-connect", "Databricks cluster, Spark by Spark Connect" },
    { ENVIRONMENT_SERVERLESS, "serverless", "Databricks serverless" },
    { ENVIRONMENT_MODEL_SERVING, "model-serving", "Databricks model serving" },
    { ENVIRONMENT_CONNECT, "connect", "Databricks Connect from outside" },
};

const char *environment_compute_name(enum environment_compute compute)
{
    return kinds[compute].name;
}

const char *environment_compute_words(enum environment_compute compute)
{
    return kinds[compute].words;
}

__attribute__((format(printf, 2, 3))) static void add_note(struct environment *out, const char *say, ...)
{
    size_t used = strlen(out->note);
    va_list list;

    if (used > 0 && used + 2 < sizeof out->note) {
        memcpy(out->note + used, "; ", 3);
        used += 2;
    }
    va_start(list, say);
    (void)vsnprintf(out->note + used, sizeof out->note - used, say, list);
    va_end(list);
}

static void decide(const struct look *look, struct environment *out)
{
    const char *signal = "no sign of Databricks";
    char shown[SHOWN];

    out->compute = ENVIRONMENT_NONE;
    for (size_t i = sizeof rules / sizeof *rules; i-- > 0;) {
        const char *fits = rules[i].fits(look);
        signal = fits != NULL ? fits : signal;
        out->compute = fits != NULL ? rules[i].compute : out->compute;
    }
    (void)snprintf(out->compute_signal, sizeof out->compute_signal, "%s", signal);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && *look->override != '\0'; i++) {
        if (strcasecmp(look->override, kinds[i].name) != 0)
            continue;
        out->compute = kinds[i].compute;
        (void)snprintf(out->compute_signal, sizeof out->compute_signal, "PYFORGE_DATABRICKS_COMPUTE");
        return;
    }
    if (*look->override != '\0')
        add_note(out, SAY_OVERRIDE, take_shown(shown, look->override));
}

/* ---- versions */

__attribute__((format(printf, 3, 4))) static void set_text(struct environment_text *fact, const char *text, const char *signal,
                                                           ...)
{
    va_list list;

    take_plain(fact->text, sizeof fact->text, text);
    va_start(list, signal);
    (void)vsnprintf(fact->signal, sizeof fact->signal, signal, list);
    va_end(list);
}

static void set_flag(struct environment_flag *fact, bool on, const char *signal)
{
    fact->on = on;
    (void)snprintf(fact->signal, sizeof fact->signal, "%s", signal);
}

static void find_runtime(const struct look *look, struct environment *out)
{
    const char *from = *look->version != '\0' ? "DATABRICKS_RUNTIME_VERSION" : "/databricks/DBR_VERSION";
    const char *text = *look->version != '\0' ? look->version : look->container;
    struct runtime_version version;
    const struct runtime_row *row;

    out->runtime_major = out->runtime_minor = -1;
    if (!out->is_databricks || *text == '\0')
        return;
    set_text(&out->runtime_version, text, "%s", from);
    runtime_parse(out->runtime_version.text, &version);
    set_flag(&out->is_ml, version.is_ml, from);
    set_flag(&out->is_gpu, version.is_gpu, from);
    if (version.is_client)
        return;
    out->runtime_major = version.major;
    out->runtime_minor = version.minor;
    row = runtime_find(version.major, version.minor);
    set_flag(&out->is_lts, row != NULL && row->is_lts, from);
    if (row == NULL)
        return;
    set_text(&out->spark_version, row->spark, "Databricks Runtime %s", row->name);
    set_text(&out->python_version, row->python, "Databricks Runtime %s", row->name);
}

/* The Spark of serverless is upgraded by itself, so that its version cannot be told from the environment's. */
static void find_serverless(const struct look *look, struct environment *out)
{
    struct runtime_version version;
    const struct runtime_environment *row;
    char number[16];

    if (!out->is_serverless)
        return;
    if (*variable(look->view, "DATABRICKS_ACCELERATOR") != '\0')
        set_flag(&out->is_gpu, true, "DATABRICKS_ACCELERATOR");
    runtime_parse(out->runtime_version.text, &version);
    if (*look->environment_version != '\0') {
        set_text(&out->serverless_version, look->environment_version, "DATABRICKS_ENV_VERSION");
    } else if (version.is_client && version.environment > 0) {
        (void)snprintf(number, sizeof number, "%d", version.environment);
        set_text(&out->serverless_version, number, "DATABRICKS_RUNTIME_VERSION");
    }
    row = runtime_environment_find(out->serverless_version.text);
    if (row != NULL)
        set_text(&out->python_version, row->python, "serverless environment %d", row->version);
}

static void find_cluster(const struct look *look, struct environment *out)
{
    static const char *const names[] = { "DATABRICKS_CLUSTER_ID", "DB_CLUSTER_ID" };

    if (out->compute == ENVIRONMENT_NONE || out->is_serverless || out->compute == ENVIRONMENT_MODEL_SERVING)
        return;
    for (size_t i = 0; i < 2 && out->cluster_id.text[0] == '\0'; i++) {
        if (*variable(look->view, names[i]) != '\0')
            set_text(&out->cluster_id, variable(look->view, names[i]), "%s", names[i]);
    }
}

/* ---- mounts */

struct mount_seen {
    const char *at;
    bool found;
    char device[24], type[40];
};

struct mount_table {
    struct mount_seen seen[4]; /* the first is the root's */
};

/* One field up to a blank, cut to size. Gives what follows the blanks. */
static const char *take_field(const char *line, char *to, size_t size)
{
    size_t length = strcspn(line, " ");

    (void)snprintf(to, size, "%.*s", length < size ? (int)length : (int)size - 1, line);
    line += length;
    return line + strspn(line, " ");
}

/* A line of mountinfo: id, parent, device, root, mount point, options, any number of tags, "-", type, source, options. */
static bool take_mount(void *to, const char *line)
{
    struct mount_table *table = to;
    char skipped[8], device[24], point[32];
    const char *type;

    line = take_field(line, skipped, sizeof skipped);
    line = take_field(line, skipped, sizeof skipped);
    line = take_field(line, device, sizeof device);
    line = take_field(line, skipped, sizeof skipped);
    line = take_field(line, point, sizeof point);
    type = strstr(line, " - ");
    for (size_t i = 0; i < 4; i++) {
        struct mount_seen *seen = &table->seen[i];
        if (strcmp(point, seen->at) != 0)
            continue;
        seen->found = true; /* a later one lies over an earlier one */
        memcpy(seen->device, device, sizeof device);
        (void)take_field(type != NULL ? type + 3 : "", seen->type, sizeof seen->type);
    }
    return true;
}

static void set_mount(const struct mount_seen *mount, const struct mount_seen *root, bool known, bool there,
                      struct environment_flag *out)
{
    out->on = mount->found && strcmp(mount->device, root->device) != 0;
    if (out->on)
        (void)snprintf(out->signal, sizeof out->signal, "mount table: %.60s at %s", mount->type, mount->at);
    else if (mount->found)
        (void)snprintf(out->signal, sizeof out->signal, "mount table: %s is of the file system of /", mount->at);
    else if (there)
        (void)snprintf(out->signal, sizeof out->signal, "%s is an ordinary folder, %s", mount->at,
                       known ? "and not in the mount table" : "and there is no mount table");
    else
        (void)snprintf(out->signal, sizeof out->signal, "%s", known ? "not in the mount table" : "there is no mount table");
}

static void find_mounts(const struct look *look, struct environment *out)
{
    struct mount_table table = {
        .seen = { { .at = "/" }, { .at = "/Volumes" }, { .at = "/dbfs" }, { .at = "/Workspace" } },
    };
    struct environment_flag *const flags[] = { &out->volumes, &out->dbfs, &out->workspace };
    const struct environment_view *view = look->view;
    bool known = view->lines(view->user, "/proc/self/mountinfo", take_mount, &table);

    for (size_t i = 0; i < 3; i++) {
        const struct mount_seen *mount = &table.seen[i + 1];
        set_mount(mount, &table.seen[0], known, !mount->found && view->exists(view->user, mount->at), flags[i]);
    }
    out->volumes_ordinary = !out->volumes.on && !out->is_databricks && view->exists(view->user, "/Volumes");
    if (!out->is_serverless && out->runtime_major >= 0 &&
        (out->runtime_major < 13 || (out->runtime_major == 13 && out->runtime_minor >= 0 && out->runtime_minor < 3)))
        (void)snprintf(out->volumes_keep.signal, sizeof out->volumes_keep.signal, "Databricks Runtime %.40s is older than 13.3",
                       out->runtime_version.text);
    else
        set_flag(&out->volumes_keep, out->volumes.on, out->volumes.signal);
}

/* ---- Spark, Unity Catalog */

static void find_spark(const struct look *look, struct environment *out)
{
    bool by_kind = out->is_serverless || out->compute == ENVIRONMENT_CLASSIC_CONNECT || out->compute == ENVIRONMENT_CONNECT;

    if (by_kind)
        set_flag(&out->spark_connect, true, out->compute_signal);
    else if (*look->remote != '\0')
        set_flag(&out->spark_connect, true, "SPARK_REMOTE");
    else
        set_flag(&out->spark_connect, look->connect_mode,
                 look->connect_mode ? "SPARK_CONNECT_MODE_ENABLED" : "no SPARK_REMOTE");
    if (out->is_serverless)
        set_flag(&out->unity_catalog, true, "serverless always has it");
    else if (out->volumes.on)
        set_flag(&out->unity_catalog, true, out->volumes.signal);
    else if (is_yes(variable(look->view, "DATABRICKS_UNITY_CATALOG_ENABLED")))
        set_flag(&out->unity_catalog, true, "DATABRICKS_UNITY_CATALOG_ENABLED");
    else
        set_flag(&out->unity_catalog, false, "/Volumes is not mounted");
}

void environment_look(const struct environment_view *view, struct environment *out)
{
    struct look look;
    char shown[SHOWN];

    *out = (struct environment){ .compute = ENVIRONMENT_NONE };
    look_at_all(view, &look);
    decide(&look, out);
    if (*look.version == '\0' && *variable(view, "DATABRICKS_RUNTIME_VERSION") != '\0')
        add_note(out, SAY_NO_VERSION, take_shown(shown, variable(view, "DATABRICKS_RUNTIME_VERSION")));
    out->is_serverless = out->compute == ENVIRONMENT_SERVERLESS;
    out->is_databricks =
        out->is_serverless || out->compute == ENVIRONMENT_CLASSIC || out->compute == ENVIRONMENT_CLASSIC_CONNECT;
    find_runtime(&look, out);
    find_serverless(&look, out);
    find_cluster(&look, out);
    find_mounts(&look, out);
    find_spark(&look, out);
}
