/* The commands over a folder in place of /Volumes; JSON; the probe and what is added. */
#include "support_unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "databricks/databricks.h"
#include "databricks/facts.h"
#include "databricks/volumes.h"

/* ---- a host that keeps what is written, and whose n-th allocation fails */

struct pf_command_io {
    char out[20000], err[20000];
    size_t out_size, err_size;
    bool closed;
};

static size_t allocated, allocations, fail_at;

static bool is_refused(void)
{
    return ++allocations == fail_at;
}

static void *host_allocate(struct pf_context *ctx, size_t size)
{
    void *memory = is_refused() ? NULL : malloc(size);

    (void)ctx;
    allocated += memory != NULL;
    return memory;
}

static void *host_resize(struct pf_context *ctx, void *pointer, size_t size)
{
    void *memory = is_refused() ? NULL : realloc(pointer, size);

    (void)ctx;
    allocated += memory != NULL && pointer == NULL;
    return memory;
}

static void host_release(struct pf_context *ctx, void *pointer)
{
    (void)ctx;
    allocated -= pointer != NULL;
    free(pointer);
}

static bool keep(char *to, size_t *used, const char *bytes, size_t size)
{
    CHECK(*used + size < 20000);
    memcpy(to + *used, bytes, size);
    *used += size;
    to[*used] = '\0';
    return true;
}

static bool host_out(struct pf_command_io *io, const char *bytes, size_t size)
{
    return !io->closed && keep(io->out, &io->out_size, bytes, size);
}

static bool host_err(struct pf_command_io *io, const char *bytes, size_t size)
{
    return keep(io->err, &io->err_size, bytes, size);
}

static enum pf_status host_fail(struct pf_error *err, enum pf_status status, const char *message)
{
    err->status = status;
    (void)snprintf(err->message, sizeof err->message, "%s", message);
    return status;
}

static void host_remedy(struct pf_error *err, const char *message)
{
    (void)snprintf(err->remedy, sizeof err->remedy, "%s", message);
}

/* ---- what is added */

static struct pf_command_addition added[8];
static struct pf_probe_addition added_probe;
static size_t added_count, refuse_at;

static enum pf_status host_add_command(struct pf_registration *to, const struct pf_command_addition *command,
                                       struct pf_error *err)
{
    (void)to;
    if (added_count == refuse_at)
        return host_fail(err, PF_EXISTS, "taken");
    added[added_count++] = *command;
    return PF_OK;
}

static enum pf_status host_add_probe(struct pf_registration *to, const struct pf_probe_addition *probe, struct pf_error *err)
{
    (void)to;
    (void)err;
    added_probe = *probe;
    return PF_OK;
}

static enum pf_status host_add_scheme(struct pf_registration *to, const struct pf_scheme_addition *scheme, struct pf_error *err)
{
    (void)to;
    return refuse_at == 99 ? host_fail(err, PF_EXISTS, "taken") : scheme->size > 0 ? PF_OK : PF_INTERNAL;
}

static const struct pf_host host = {
    .owner_name = pf_owner_name,
    .owner_of = pf_owner_of,
    .size = sizeof host,
    .allocate = host_allocate,
    .resize = host_resize,
    .release = host_release,
    .fail = host_fail,
    .remedy = host_remedy,
    .write_out = host_out,
    .write_err = host_err,
    .add_command = host_add_command,
    .add_probe = host_add_probe,
    .add_scheme = host_add_scheme,
};

/* ---- a world: user is the version of the runtime, "" = a laptop; "-" in front: without a mount */

static const char *world_variable(void *user, const char *name)
{
    const char *version = (const char *)user + (*(const char *)user == '-');

    return strcmp(name, "DATABRICKS_RUNTIME_VERSION") == 0 && *version != '\0' ? version : NULL;
}

static bool world_exists(void *user, const char *path)
{
    (void)user;
    (void)path;
    return false;
}

static bool world_lines(void *user, const char *path, bool (*take)(void *to, const char *line), void *to)
{
    if (strcmp(path, "/proc/self/mountinfo") != 0)
        return false;
    if (take(to, "21 1 0:45 / / rw - overlay overlay rw") && *(const char *)user != '-' && *(const char *)user != '\0')
        (void)take(to, "40 21 0:81 / /Volumes rw,nosuid shared:1 - fuse volumes rw");
    return true;
}

/* ---- volumes */

static char folder[64];

static void make(const char *path)
{
    char whole[200];

    (void)snprintf(whole, sizeof whole, "%s/%s", folder, path);
    CHECK_INT(mkdir(whole, 0777), 0);
}

static void link_to_itself(const char *path)
{
    char whole[200];

    (void)snprintf(whole, sizeof whole, "%s/%s", folder, path);
    CHECK_INT(symlink(strrchr(whole, '/') + 1, whole), 0);
}

static void make_file(const char *path)
{
    char whole[200];
    FILE *file;

    (void)snprintf(whole, sizeof whole, "%s/%s", folder, path);
    file = fopen(whole, "w");
    CHECK(file != NULL);
    (void)fclose(file);
}

/* Root may do everything, so that a link to itself stands for what is refused. */
static int make_volumes(void **state)
{
    (void)state;
    (void)strcpy(folder, "volumes-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    make("main");
    make("main/default");
    make("main/default/bronze");
    make("main/default/bronze/in");
    make_file("main/default/bronze/sales.csv");
    make("main/default/gold");
    make("main/empty");
    make("main/.hidden");
    make_file("main/no-schema");
    link_to_itself("main/default/loop");
    link_to_itself("main/default/bronze/loop");
    make("dev");
    return 0;
}

static int remove_volumes(void **state)
{
    char command[100];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

enum { MOST_WORDS = 6 };

typedef int (*command_fn)(const struct databricks *with, struct pf_command_io *io, int argc, const char *const *argv);

/* words: separated by blanks. */
static int run(command_fn command, const char *version, const char *words, struct pf_command_io *io)
{
    char text[400];
    const struct environment_view view = { (void *)(uintptr_t)version, world_variable, world_exists, world_lines };
    const struct databricks with = { &host, &view, folder };
    const char *argv[MOST_WORDS + 1] = { NULL };
    int argc = 0, code;

    (void)snprintf(text, sizeof text, "%s", words);
    for (char *word = strtok(text, " "); word != NULL && argc < MOST_WORDS; word = strtok(NULL, " "))
        argv[argc++] = word;
    io->out[0] = io->err[0] = '\0';
    io->out_size = io->err_size = 0;
    io->closed = false;
    code = command(&with, io, argc, argv);
    CHECK_INT(allocated, 0);
    return code;
}

static const struct run_case {
    command_fn command;
    const char *version, *words;
    int code;
    const char *out, *err; /* a part; "" = nothing at all */
} runs[] = {
    { command_env, "15.4", "env", 0, "Databricks cluster, Spark in the driver\n\nFACT ", "" },
    { command_env, "15.4", "env", 0, "/Volumes mounted       yes                      mount table: fuse at /Volumes\n", "" },
    { command_env, "", "env-info", 0, "not in Databricks\n", "" },
    { command_env, "15.4", "env --json", 0, "\"is_lts\": true", "" },
    { command_env, "15.4", "env --json", 0, "\"signals\": {\"compute\": \"DATABRICKS_RUNTIME_VERSION\"", "" },
    { command_env, "client.4.1", "env --json", 0, "\"serverless_features\": {\"auto_scaling\": true", "" },
    { command_env, "", "env more", 2, "", "env: \"more\" is one argument too many\n  hint: pyforge env --help" },
    { command_env, "", "env --write", 2, "", "there is no option --write" },
    { command_env, "", "env -x", 2, "", "there is no option -x" },

    { command_list_volumes, "15.4", "list-volumes", 0, "/Volumes/main/default/bronze\n/Volumes/main/default/gold\n", "" },
    { command_list_volumes, "15.4", "list-volumes main.default", 0, "/Volumes/main/default/bronze\n", "" },
    { command_list_volumes, "15.4", "list-volumes /Volumes/main", 0, "/Volumes/main/default/bronze\n", "" },
    { command_list_volumes, "15.4", "list-volumes dbfs:/Volumes/main", 2, "", "is not CATALOG or CATALOG.SCHEMA" },
    { command_list_volumes, "15.4", "list-volumes dev", 0, "", "" },
    { command_list_volumes, "15.4", "list-volumes main.empty", 0, "", "" },
    { command_list_volumes, "15.4", "list-volumes --json main", 0,
      "{\"volumes\": [{\"path\": \"/Volumes/main/default/bronze\", \"catalog\": \"main\", \"schema\": \"default\", "
      "\"volume\": \"bronze\"}, {",
      "" },
    { command_list_volumes, "15.4", "list-volumes --json dev", 0, "{\"volumes\": [], \"not_listed\": []}\n", "" },
    { command_list_volumes, "15.4", "list-volumes absent", 1, "", "/Volumes/absent cannot be listed: No such file" },
    { command_list_volumes, "15.4", "list-volumes --json main.absent", 1, "",
      "/Volumes/main/absent cannot be listed: No such" },
    { command_list_volumes, "15.4", "list-volumes a.b.c", 2, "", "\"a.b.c\" is not CATALOG or CATALOG.SCHEMA" },
    { command_list_volumes, "15.4", "list-volumes /Volumes/a/b/c", 2, "", "is not CATALOG" },
    { command_list_volumes, "15.4", "list-volumes a b", 2, "", "\"b\" is one argument too many" },
    { command_list_volumes, "-15.4", "list-volumes", 1, "", "hint: use a cluster with Unity Catalog" },
    { command_list_volumes, "", "list-volumes --json", 1, "", "/Volumes is not mounted here, so that its volumes cannot be" },

    { command_validate_volume, "15.4", "validate-volume /Volumes/main/default/bronze", 0, "volume   bronze ", "" },
    { command_validate_volume, "15.4", "validate-volume dbfs:/Volumes/main/default/bronze/sales.csv", 0,
      "path     sales.csv                ok\n", "" },
    { command_validate_volume, "15.4", "validate-volume /Volumes/main/default/bronze/in/new.csv --write", 0,
      "path     in/new.csv               missing (No such file or directory)\nwriting                           ok\n", "" },
    { command_validate_volume, "15.4", "validate-volume /Volumes/main/default/bronze/a/b/new.csv --write --json", 0,
      "\"is_valid\": true", "" },
    { command_validate_volume, "15.4", "validate-volume /Volumes/main/default/bronze/new.csv", 1, "missing (No such file",
      "/Volumes/main/default/bronze/new.csv is not there (No such file or directory)\n  hint: names tell upper" },
    { command_validate_volume, "15.4", "validate-volume /Volumes/main/default/bronze/loop", 1,
      "GRANT READ VOLUME ON VOLUME `main`.`default`.`bronze` TO `USER_OR_GROUP`;\n", "cannot be read: Too many levels" },
    { command_validate_volume, "15.4", "validate-volume /Volumes/main/default/silver/x --write", 1,
      "volume   silver                   missing (No such file or directory)\npath     x                        not looked "
      "at\n",
      "volume silver is missing, or not granted to you (No such file or directory)\n  hint: check the name (pyforge "
      "list-volumes shows" },
    { command_validate_volume, "15.4", "validate-volume /Volumes/main/default/silver/x --write", 1,
      "\nCREATE VOLUME `main`.`default`.`silver`;\nGRANT USE CATALOG ON CATALOG `main` TO `USER_OR_GROUP`;\n", "" },
    { command_validate_volume, "15.4", "validate-volume /Volumes/main/default/silver/x --write", 1,
      "CATALOG `main` TO `USER_OR_GROUP`;\nGRANT USE SCHEMA ON SCHEMA `main`.`default` TO `USER_OR_GROUP`;\nGRANT READ VOLUME "
      "ON VOLUME "
      "`main`.`default`.`silver` TO `USER_OR_GROUP`;\nGRANT WRITE VOLUME ON VOLUME `main`.`default`.`silver` TO "
      "`USER_OR_GROUP`;\n",
      "" },
    { command_validate_volume, "15.4", "validate-volume /Volumes/main/default/loop", 1,
      "volume   loop                     refused (Too many levels", "is missing, or not granted" },
    { command_validate_volume, "15.4", "validate-volume /Volumes/other/default/x --json", 1,
      "{\"part\": \"schema\", \"name\": \"default\", \"state\": \"not looked at\", \"reason\": null}", "" },
    { command_validate_volume, "15.4", "validate-volume /Volumes/other/default/x --json", 1,
      "\"statements\": [\"GRANT USE CATALOG ON CATALOG `other` TO `USER_OR_GROUP`;\", ", "" },
    { command_validate_volume, "15.4", "validate-volume /Volumes/main/absent/x", 1, "CREATE SCHEMA `main`.`absent`;\n",
      "schema absent" },
    { command_validate_volume, "15.4", "validate-volume /Volumes/main/no-schema/x", 1, "missing (Not a directory)",
      "volume x" },
    { command_validate_volume, "12.2", "validate-volume /Volumes/main/default/bronze --write", 4, "",
      "Databricks Runtime 12.2 does not keep what is written below /Volumes" },
    { command_validate_volume, "12.2", "validate-volume /Volumes/main/default/bronze", 0, "volume   bronze ", "" },
    { command_validate_volume, "-15.4", "validate-volume /Volumes/main/default/bronze", 1, "", "hint: use a cluster" },
    { command_validate_volume, "", "validate-volume /Volumes/main/default/bronze", 1, "", "a laptop does not see volumes" },
    { command_validate_volume, "15.4", "validate-volume /Volumes/main/default", 2, "", "the volume is missing" },
    { command_validate_volume, "15.4", "validate-volume /Volumes//d/b --json", 2, "\"error\": \"the catalog is empty", "" },
    { command_validate_volume, "15.4", "validate-volume s3://b/x", 2, "", "external volume" },
    { command_validate_volume, "15.4", "validate-volume /Workspace/Shared/x", 2, "", "is no path of a volume" },
    { command_validate_volume, "15.4", "validate-volume dbfs:/x", 2, "", "the DBFS root may be switched off" },
    { command_validate_volume, "15.4", "validate-volume -- -x", 2, "", "with a capital V" },
    { command_validate_volume, "15.4", "validate-volume", 2, "", "validate-volume: the path is missing" },
    { command_validate_volume, "15.4", "validate-volume --force x", 2, "", "there is no option --force" },
};

static void commands_say_what_there_is(void **state)
{
    static struct pf_command_io io;

    (void)state;
    for (size_t i = 0; i < PF_COUNT(runs); i++) {
        const struct run_case *c = &runs[i];
        int code = run(c->command, c->version, c->words, &io);

        if (code != c->code)
            fail_msg("'%s' on '%s' ends with %d, expected %d:\n%s%s", c->words, c->version, code, c->code, io.out, io.err);
        if (c->out[0] != '\0' && strstr(io.out, c->out) == NULL)
            fail_msg("'%s' on '%s' prints\n%s\nexpected\n%s", c->words, c->version, io.out, c->out);
        if (c->err[0] != '\0' && strstr(io.err, c->err) == NULL)
            fail_msg("'%s' on '%s' says\n%s\nexpected\n%s", c->words, c->version, io.err, c->err);
        if (c->code == 0 && io.err_size != 0)
            fail_msg("'%s' succeeds and says\n%s", c->words, io.err);
    }
}

static void trying_to_write_leaves_nothing(void **state)
{
    static struct pf_command_io io;
    char path[200];

    (void)state;
    CHECK_INT(run(command_validate_volume, "15.4", "validate-volume /Volumes/main/default/gold --write", &io), 0);
    (void)snprintf(path, sizeof path, "%s/main/default/gold", folder);
    CHECK_INT(rmdir(path), 0);
    CHECK_INT(mkdir(path, 0777), 0);
    /* one of our number was killed while it tried */
    (void)snprintf(path, sizeof path, "%s/main/default/gold/.pyforge-validate-%ld", folder, (long)getpid());
    CHECK_INT(close(open(path, O_WRONLY | O_CREAT, 0666)), 0);
    CHECK_INT(run(command_validate_volume, "15.4", "validate-volume /Volumes/main/default/gold --write", &io), 0);
    CHECK_INT(unlink(path), 0);
}

/* As somebody who may do less than root. */
static void what_is_refused_is_told(void **state)
{
    static const struct {
        command_fn command;
        const char *words;
        int code;
        const char *out, *err;
    } cases[] = {
        { command_list_volumes, "list-volumes", 0, "/Volumes/main/default/bronze\n",
          "/Volumes/sealed cannot be listed: Permission denied\n  hint: names" },
        { command_list_volumes, "list-volumes --json", 0,
          "\"not_listed\": [{\"path\": \"/Volumes/main/empty\", \"catalog\": \"main\", \"schema\": \"empty\", \"reason\": "
          "\"Permission denied\"}, {\"path\": \"/Volumes/sealed\"",
          "" },
        { command_list_volumes, "list-volumes sealed", 1, "", "/Volumes/sealed cannot be listed: Permission denied" },
        { command_validate_volume, "validate-volume /Volumes/sealed/schema/x", 1,
          "schema   schema                   refused (Permission denied)\n",
          "schema schema is missing, or not granted to you" },
        { command_validate_volume, "validate-volume /Volumes/main/default/gold --write", 1,
          "writing                           refused (Permission denied)\n\nGRANT USE CATALOG",
          "/Volumes/main/default/gold cannot be written to: Permission denied" },
    };
    static struct pf_command_io io;
    char path[200];
    bool root = geteuid() == 0;

    (void)state;
    make("sealed");
    make("sealed/schema");
    (void)snprintf(path, sizeof path, "%s/main/default/gold", folder);
    CHECK_INT(chmod(folder, 0755) + chmod(path, 0555), 0);
    (void)snprintf(path, sizeof path, "%s/main/empty", folder);
    CHECK_INT(chmod(path, 0), 0);
    (void)snprintf(path, sizeof path, "%s/sealed", folder);
    CHECK_INT(chmod(path, 0), 0);
    CHECK_INT(root ? seteuid(65534) : 0, 0);
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        int code = run(cases[i].command, "15.4", cases[i].words, &io);

        if (code != cases[i].code || strstr(io.out, cases[i].out) == NULL || strstr(io.err, cases[i].err) == NULL)
            fail_msg("'%s' ends with %d and prints\n%s\nand says\n%s", cases[i].words, code, io.out, io.err);
    }
    CHECK_INT(root ? seteuid(0) : 0, 0);
    CHECK_INT(chmod(path, 0755), 0);
    (void)snprintf(path, sizeof path, "%s/main/empty", folder);
    CHECK_INT(chmod(path, 0755), 0);
}

static void output_that_cannot_be_written_is_a_failure(void **state)
{
    static const struct {
        command_fn command;
        const char *words;
    } cases[] = {
        { command_env, "env" },
        { command_env, "env --json" },
        { command_list_volumes, "list-volumes" },
        { command_validate_volume, "validate-volume /Volumes/main/default/bronze" },
    };
    const struct environment_view view = { (void *)(uintptr_t) "15.4", world_variable, world_exists, world_lines };
    const struct databricks with = { &host, &view, folder };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        static struct pf_command_io io;
        char text[100];
        const char *argv[4] = { NULL };
        int argc = 0;

        (void)snprintf(text, sizeof text, "%s", cases[i].words);
        for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
            argv[argc++] = word;
        io.closed = true;
        CHECK_INT(cases[i].command(&with, &io, argc, argv), 1);
        CHECK_INT(allocated, 0);
    }
}

static void every_allocation_may_fail(void **state)
{
    static const struct {
        command_fn command;
        const char *words;
    } cases[] = {
        { command_env, "env --json" },
        { command_list_volumes, "list-volumes" },
        { command_list_volumes, "list-volumes --json" },
        { command_validate_volume, "validate-volume /Volumes/main/default/silver --json" },
    };
    static struct pf_command_io io;

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        int code = 1;

        for (fail_at = 1; fail_at < 200; fail_at++) {
            allocations = 0;
            code = run(cases[i].command, "15.4", cases[i].words, &io);
            if (allocations < fail_at)
                break;
            CHECK_INT(code, 1);
            CHECK(io.err_size > 0);
        }
        fail_at = 0;
        CHECK(code == 0 || cases[i].command == command_validate_volume);
        CHECK(allocations > 0 && allocations < 200);
    }
}

/* ---- what the extension adds */

const struct pf_extension *pf_extension_entry(const struct pf_host *host);

static void additions_are_complete(void **state)
{
    const struct pf_extension *extension = pf_extension_entry(&host);
    struct pf_error err = { .status = PF_OK };
    void *self = &err;
    char *json;

    (void)state;
    CHECK_TEXT(extension->name, "databricks");
    CHECK_TEXT(extension->description, "Databricks Unity Catalog and Spark integration");
    added_count = 0;
    refuse_at = 50;
    CHECK_OK(extension->initialise(&host, NULL, &self, &err), err);
    CHECK_INT(added_count, 4);
    CHECK_INT(allocated, 1);
    for (size_t i = 0; i < added_count; i++) {
        static struct pf_command_io io;
        const char *argv[] = { added[i].name, "--none", NULL };

        CHECK_HAS(added[i].help, "Usage: pyforge ");
        CHECK_HAS(added[i].help, "Examples:\n");
        CHECK(strchr(added[i].summary, '\n') == NULL);
        CHECK_INT(added[i].run(added[i].self, NULL, &io, 2, argv), 2);
        CHECK_HAS(io.err, "there is no option --none");
        io.err_size = 0;
    }
    json = added_probe.probe(added_probe.self, NULL, &err);
    CHECK_HAS(json, "{\"compute\": {\"value\": \"");
    CHECK_HAS(json, "\"volumes_mounted\": {\"value\": ");
    host_release(NULL, json);
    extension->shutdown(self);
    CHECK_INT(allocated, 0);
    allocations = 0;
    fail_at = 1;
    CHECK_INT(extension->initialise(&host, NULL, &self, &err), PF_NO_MEMORY);
    allocations = 0;
    CHECK(added_probe.probe(added_probe.self, NULL, &err) == NULL);
    CHECK_INT(err.status, PF_NO_MEMORY);
    fail_at = 0;
    for (refuse_at = 0; refuse_at < 4; refuse_at++) {
        added_count = 0;
        CHECK_INT(extension->initialise(&host, NULL, &self, &err), PF_EXISTS);
    }
    refuse_at = 99;
    CHECK_INT(extension->initialise(&host, NULL, &self, &err), PF_EXISTS);
    CHECK_INT(allocated, 0);
}

/* ---- JSON */

static void json_is_written(void **state)
{
    static const struct {
        const char *text, *json;
    } cases[] = {
        { "", "\"\"" },
        { "a\"b\\c", "\"a\\\"b\\\\c\"" },
        { "\n\x01\x7f", "\"\\u000a\\u0001\x7f\"" },
        { "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"" },
        { "\xff", "\"\\ufffd\"" },
        { "\xc3", "\"\\ufffd\"" },
        { "\xc0\x80", "\"\\ufffd\\ufffd\"" },
        { "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
        { "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
        { "\xe2\x82", "\"\\ufffd\\ufffd\"" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct json json;
        char *text;

        json_begin(&json, &host, NULL);
        json_text(&json, cases[i].text);
        text = json_take(&json);
        CHECK_TEXT(text, cases[i].json);
        host_release(NULL, text);
    }
}

static void json_is_nested(void **state)
{
    struct json json;
    char *text;

    (void)state;
    json_begin(&json, &host, NULL);
    json_open(&json, '{');
    json_name(&json, "a");
    json_open(&json, '[');
    json_number(&json, -1);
    json_null(&json);
    json_open(&json, '{');
    json_close(&json, '}');
    json_close(&json, ']');
    json_name(&json, "b");
    json_flag(&json, false);
    json_close(&json, '}');
    text = json_take(&json);
    CHECK_TEXT(text, "{\"a\": [-1, null, {}], \"b\": false}");
    host_release(NULL, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(commands_say_what_there_is, make_volumes, remove_volumes),
        cmocka_unit_test_setup_teardown(trying_to_write_leaves_nothing, make_volumes, remove_volumes),
        cmocka_unit_test_setup_teardown(what_is_refused_is_told, make_volumes, remove_volumes),
        cmocka_unit_test_setup_teardown(output_that_cannot_be_written_is_a_failure, make_volumes, remove_volumes),
        cmocka_unit_test_setup_teardown(every_allocation_may_fail, make_volumes, remove_volumes),
        cmocka_unit_test(additions_are_complete),
        cmocka_unit_test(json_is_written),
        cmocka_unit_test(json_is_nested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
