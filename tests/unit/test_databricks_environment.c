/* Every recorded environment in tests/unit/environments is classified as it says:
 *   expect KEY=VALUE          a fact by its key in JSON; "-" is not known
 *   expect KEY.signal=TEXT    and what decided it
 *   set NAME=VALUE, exists PATH, file PATH and its lines after a tab: what there is to see */
#include "support_unit.h"

#include <dirent.h>
#include <stdlib.h>
#include <time.h>

#include "databricks/facts.h"
#include "databricks/runtime.h"

enum { MOST_LINES = 100, LINE_BYTES = 400 };

struct recorded {
    char lines[MOST_LINES][LINE_BYTES];
    size_t count;
};

static void read_recorded(const char *name, struct recorded *out)
{
    char path[600];
    FILE *file;

    (void)snprintf(path, sizeof path, ENVIRONMENTS "/%s", name);
    file = fopen(path, "r");
    CHECK(file != NULL);
    out->count = 0;
    while (out->count < MOST_LINES && fgets(out->lines[out->count], LINE_BYTES, file) != NULL) {
        char *line = out->lines[out->count++];
        line[strcspn(line, "\n")] = '\0';
    }
    CHECK(feof(file) != 0 || fgetc(file) == EOF);
    (void)fclose(file);
}

/* What follows the word in the line; NULL = the line begins with another. */
static const char *after(const char *line, const char *word)
{
    size_t size = strlen(word);

    return strncmp(line, word, size) == 0 && line[size] == ' ' ? line + size + 1 : NULL;
}

static const char *recorded_variable(void *user, const char *name)
{
    const struct recorded *recorded = user;

    for (size_t i = 0; i < recorded->count; i++) {
        const char *set = after(recorded->lines[i], "set");
        if (set != NULL && strncmp(set, name, strlen(name)) == 0 && set[strlen(name)] == '=')
            return set + strlen(name) + 1;
    }
    return NULL;
}

static bool recorded_exists(void *user, const char *path)
{
    const struct recorded *recorded = user;

    for (size_t i = 0; i < recorded->count; i++) {
        const char *exists = after(recorded->lines[i], "exists");
        if (exists != NULL && strcmp(exists, path) == 0)
            return true;
    }
    return false;
}

static bool recorded_lines(void *user, const char *path, bool (*take)(void *to, const char *line), void *to)
{
    const struct recorded *recorded = user;

    for (size_t i = 0; i < recorded->count; i++) {
        const char *file = after(recorded->lines[i], "file");
        if (file == NULL || strcmp(file, path) != 0)
            continue;
        for (i++; i < recorded->count && recorded->lines[i][0] == '\t'; i++) {
            if (!take(to, recorded->lines[i] + 1))
                break;
        }
        return true;
    }
    return false;
}

static bool find_fact(const struct environment *environment, const char *key, struct fact *out)
{
    for (size_t i = 0; facts_at(environment, i, out); i++) {
        if (strcmp(out->key, key) == 0)
            return true;
    }
    return false;
}

static void fact_text(const struct fact *fact, char to[200])
{
    if (fact->kind == FACT_NUMBER && fact->number >= 0)
        (void)snprintf(to, 200, "%d", fact->number);
    else
        (void)snprintf(to, 200, "%s",
                       fact->kind == FACT_FLAG ? (fact->on ? "yes" : "no")
                       : *fact->text != '\0'   ? fact->text
                                               : "-");
}

static void check_line(const struct environment *environment, const char *name, const char *expected)
{
    char key[64], got[300];
    const char *wanted = strchr(expected, '=');
    struct fact fact;
    char *dot;

    CHECK(wanted != NULL && (size_t)(wanted - expected) < sizeof key);
    (void)snprintf(key, sizeof key, "%.*s", (int)(wanted - expected), expected);
    wanted++;
    if (strcmp(key, "note") == 0) {
        if (strcmp(wanted, "-") == 0 ? environment->note[0] != '\0' : strstr(environment->note, wanted) == NULL)
            fail_msg("%s: note is '%s', expected '%s'", name, environment->note, wanted);
        return;
    }
    if (strcmp(key, "volumes_ordinary") == 0) {
        CHECK_INT(environment->volumes_ordinary, strcmp(wanted, "yes") == 0);
        return;
    }
    dot = strchr(key, '.');
    if (dot != NULL)
        *dot = '\0';
    if (!find_fact(environment, key, &fact))
        fail_msg("%s: there is no fact %s", name, key);
    if (dot != NULL)
        (void)snprintf(got, sizeof got, "%s", fact.signal);
    else
        fact_text(&fact, got);
    if (strcmp(got, wanted) != 0)
        fail_msg("%s: %s is '%s', expected '%s'", name, expected, got, wanted);
}

/* Facts and signals name variables, and show nothing of what is secret in them. */
static void check_no_secret(const struct environment *environment, const char *name)
{
    const char *bytes = (const char *)environment;

    for (size_t i = 0; i + strlen("planted") < sizeof *environment; i++) {
        if (memcmp(bytes + i, "planted", strlen("planted")) == 0)
            fail_msg("%s: a secret is kept", name);
    }
}

static void check_recorded(const char *name)
{
    struct recorded recorded;
    const struct environment_view view = { &recorded, recorded_variable, recorded_exists, recorded_lines };
    struct environment environment;
    struct fact fact;
    size_t expected = 0;

    read_recorded(name, &recorded);
    environment_look(&view, &environment);
    for (size_t i = 0; i < recorded.count; i++) {
        const char *line = after(recorded.lines[i], "expect");
        if (line != NULL)
            check_line(&environment, name, line);
        expected += line != NULL;
    }
    CHECK(expected >= 2);
    check_no_secret(&environment, name);
    for (size_t i = 0; facts_at(&environment, i, &fact); i++) {
        char text[200];
        fact_text(&fact, text);
        if (strcmp(text, "-") != 0 && strcmp(text, "no") != 0 && fact.signal[0] == '\0')
            fail_msg("%s: %s is '%s' without a signal", name, fact.key, text);
    }
}

static void recorded_environments_are_told(void **state)
{
    const struct dirent *entry;
    DIR *folder = opendir(ENVIRONMENTS);
    size_t count = 0;

    (void)state;
    CHECK(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        if (strstr(entry->d_name, ".txt") == NULL)
            continue;
        check_recorded(entry->d_name);
        count++;
    }
    (void)closedir(folder);
    CHECK(count >= 40);
}

/* ---- this machine */

static void looking_is_quick(void **state)
{
    struct environment environment;
    struct timespec begin, end;
    double best = 1;

    (void)state;
    for (int i = 0; i < 5; i++) {
        (void)clock_gettime(CLOCK_MONOTONIC, &begin);
        environment_look(&environment_here, &environment);
        (void)clock_gettime(CLOCK_MONOTONIC, &end);
        double seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
        best = seconds < best ? seconds : best;
    }
    if (best >= 0.005)
        fail_msg("looking took %.6f s, expected less than 0.005", best);
    CHECK(environment.volumes.signal[0] != '\0');
}

/* ---- versions */

static const struct version_case {
    const char *text;
    bool is_client;
    int environment, major, minor;
    bool is_ml, is_gpu;
} versions[] = {
    { "", false, 0, -1, -1, false, false },
    { "15.4", false, 0, 15, 4, false, false },
    { "15.", false, 0, 15, -1, false, false },
    { "18.x-aarch64-photon-scala2", false, 0, 18, -1, false, false },
    { "18", false, 0, 18, -1, false, false },
    { "16.4.x-gpu-ml-scala2.12", false, 0, 16, 4, true, true },
    { "14.3.x-cpu-ml-scala2.12", false, 0, 14, 3, true, false },
    { "13.3.x-html-scala2.12", false, 0, 13, 3, false, false },
    { "client.4.2", true, 4, 4, 2, false, false },
    { "client.1.13", true, 1, 1, 13, false, false },
    { "client.16.4", true, 3, 16, 4, false, false },
    { "client.9.1", true, 9, 9, 1, false, false },
    { "client.12.1", true, 12, 12, 1, false, false },
    { "client.30.1", true, 0, 30, 1, false, false },
    { "client.", true, 0, -1, -1, false, false },
    { "client", false, 0, -1, -1, false, false },
    { "v15.4", false, 0, -1, -1, false, false },
    { "-1.2", false, 0, -1, -1, false, false },
    { "99999.1", false, 0, -1, -1, false, false },
};

static void versions_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(versions); i++) {
        const struct version_case *v = &versions[i];
        struct runtime_version got;

        runtime_parse(v->text, &got);
        if (got.is_client != v->is_client || got.environment != v->environment || got.major != v->major ||
            got.minor != v->minor || got.is_ml != v->is_ml || got.is_gpu != v->is_gpu)
            fail_msg("'%s' is client %d, environment %d, %d.%d, ml %d, gpu %d", v->text, got.is_client, got.environment,
                     got.major, got.minor, got.is_ml, got.is_gpu);
    }
}

static void rows_are_found(void **state)
{
    (void)state;
    CHECK_TEXT(runtime_find(17, 3)->name, "17.3");
    CHECK(runtime_find(17, 3)->is_lts);
    CHECK_TEXT(runtime_find(17, 1)->name, "17");
    CHECK(!runtime_find(17, 1)->is_lts);
    CHECK_TEXT(runtime_find(18, -1)->name, "18");
    CHECK(runtime_find(15, 3) == NULL);
    CHECK(runtime_find(-1, -1) == NULL);
    CHECK_TEXT(runtime_environment_find("2")->python, "3.11");
    CHECK(runtime_environment_find("") == NULL);
    CHECK(runtime_environment_find("17") == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_environments_are_told),
        cmocka_unit_test(looking_is_quick),
        cmocka_unit_test(versions_are_read),
        cmocka_unit_test(rows_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
