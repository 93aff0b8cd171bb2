/* Finding extensions: manifests, entry points, what is kept of folders, names, states that last. None of their code runs. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extension/use.h"
#include "support_unit.h"

/* A home of its own for each test. */
struct place {
    char home[200];
    char path[800];
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    assert_non_null(place);
    (void)snprintf(place->home, sizeof place->home, "%s", "/tmp/pyforge-extension-XXXXXX");
    assert_non_null(mkdtemp(place->home));
    assert_int_equal(setenv("HOME", place->home, 1), 0);
    assert_int_equal(unsetenv("XDG_STATE_HOME") | unsetenv("XDG_CONFIG_HOME") | unsetenv("XDG_CACHE_HOME"), 0);
    assert_int_equal(setenv("PYFORGE_EXTENSION_PATH", place->home, 1), 0);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    char command[300];

    (void)snprintf(command, sizeof command, "rm -rf '%s'", place->home);
    assert_int_equal(system(command), 0);
    free(place);
    return 0;
}

static const char *in_home(struct place *place, const char *name)
{
    (void)snprintf(place->path, sizeof place->path, "%s/%s", place->home, name);
    return place->path;
}

static void write_file(struct place *place, const char *name, const char *text)
{
    FILE *file = fopen(in_home(place, name), "w");

    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(place->path, 0644), 0);
}

static bool find(struct pf_extensions *set, const char *name, struct pf_extension_info *info)
{
    for (uint32_t i = 0; pf_extension_at(set, i, info); i++) {
        if (strcmp(info->name, name) == 0)
            return true;
    }
    return false;
}

/* ---- manifests */

#define GOOD_HEAD "name = \"m\"\nversion = \"1\"\ndescription = \"d\"\nlicence = \"MIT\"\nabi = 0\nlibrary = \"m.so\"\n"

static const struct {
    const char *text;
    enum pf_extension_state state;
    const char *reason, *adds;
} manifests[] = {
    { GOOD_HEAD, PF_EXTENSION_DISCOVERED, "", "" },
    { GOOD_HEAD
      "adds = [\"format x xa .xb\", \"scheme s3\", \"command c\", \"options o p\", \"hooks pre post\", \"engine e\"]\n",
      PF_EXTENSION_DISCOVERED, "", "format x, scheme s3, engine e, command c, options o p, hooks pre post" },
    { GOOD_HEAD "adds = [\"engine e tables delta x.y\"]\n", PF_EXTENSION_DISCOVERED, "", "engine e" },
    { GOOD_HEAD "adds = [\"engine e tables ../delta\"]\n", PF_EXTENSION_FAILED,
      "\"engine NAME [tables] [FORMAT...]\", \"command NAME\", \"options NAME...\", \"probe NAME\", \"service NAME\" or "
      "\"hooks pre post...\"",
      "" },
    { GOOD_HEAD "adds = [\"engine\"]\n", PF_EXTENSION_FAILED, "is not of the form", "" },
    { GOOD_HEAD "adds = [\"colour red\"]\n", PF_EXTENSION_FAILED, "line 7: 'colour red' is not of the form", "" },
    { GOOD_HEAD "adds = [\"hooks never\"]\n", PF_EXTENSION_FAILED, "'hooks never' is not of the form", "" },
    { GOOD_HEAD "adds = [\"scheme\"]\n", PF_EXTENSION_FAILED, "is not of the form", "" },
    { GOOD_HEAD "adds = [\"scheme a b\"]\n", PF_EXTENSION_FAILED, "is not of the form", "" },
    { GOOD_HEAD "adds = [\"format ../x\"]\n", PF_EXTENSION_FAILED, "is not of the form", "" },
    { GOOD_HEAD "adds = [1]\n", PF_EXTENSION_FAILED, "is not of the form", "" },
    { GOOD_HEAD "adds = \"format x\"\n", PF_EXTENSION_FAILED, "a list of texts was expected", "" },
    { GOOD_HEAD "colour = \"red\"\n", PF_EXTENSION_FAILED, "line 7: a manifest has no 'colour'", "" },
    { GOOD_HEAD "[later]\ncolour = \"red\"\n", PF_EXTENSION_DISCOVERED, "", "" },
    { "name = \"m\"\nabi = 7\nlibrary = \"m.so\"\n", PF_EXTENSION_FAILED, "made for abi 7, this is abi 0: get the build", "" },
    { "name = \"m\"\nabi = \"0\"\nlibrary = \"m.so\"\n", PF_EXTENSION_FAILED, "abi is no whole number", "" },
    { "name = \"m\"\nversion = 1\nlibrary = \"m.so\"\n", PF_EXTENSION_FAILED, "version is", "" },
    { "name = \"m\"\nabi = 0\n", PF_EXTENSION_FAILED, "names no library beside it", "" },
    { "name = \"m\"\nabi = 0\nlibrary = \"../m.so\"\n", PF_EXTENSION_FAILED, "names no library beside it", "" },
    { "name = \"m\"\nabi = 0\nlibrary = \"none.so\"\n", PF_EXTENSION_FAILED,
      "none.so is not there; install the extension again", "" },
    { "\x7f"
      "ELF\x02\x01",
      PF_EXTENSION_FAILED, "its manifest", "" },
    { "", PF_EXTENSION_FAILED, "gives it no legal name", "" },
    { "name = \"a b\"\n", PF_EXTENSION_FAILED, "gives it no legal name", "" },
};

static void test_manifests(void **state)
{
    struct place *place = *state;
    struct pf_extension_info info;

    write_file(place, "m.so", "no library");
    for (size_t i = 0; i < PF_COUNT(manifests); i++) {
        struct pf_extensions *set;

        write_file(place, "m.pyforge-extension", manifests[i].text);
        set = pf_extensions_new(NULL);
        assert_non_null(set);
        CHECK(pf_extension_at(set, 0, &info));
        CHECK_INT(info.state, manifests[i].state);
        CHECK_INT(info.available, manifests[i].state == PF_EXTENSION_DISCOVERED);
        CHECK_HAS(info.reason, manifests[i].reason);
        CHECK_TEXT(info.adds, manifests[i].state == PF_EXTENSION_DISCOVERED ? manifests[i].adds : info.adds);
        CHECK(!pf_extension_at(set, 1, &info));
        pf_extensions_free(set);
    }
}

/* What others may write to is not believed. */
static void test_distrust(void **state)
{
    static const struct {
        const char *what;
        mode_t mode;
        const char *reason;
    } cases[] = {
        { "m.pyforge-extension", 0664, "m.pyforge-extension may be written to by others" },
        { "m.so", 0646, "m.so may be written to by others" },
        { ".", 0777, "nothing in it is loaded" },
        { "m.so", 0755, "" },
    };
    struct place *place = *state;

    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_extension_info info;
        struct pf_extensions *set;

        write_file(place, "m.so", "no library");
        write_file(place, "m.pyforge-extension", GOOD_HEAD);
        assert_int_equal(chmod(place->home, 0755), 0);
        assert_int_equal(chmod(in_home(place, cases[i].what), cases[i].mode), 0);
        set = pf_extensions_new(NULL);
        CHECK(pf_extension_at(set, 0, &info));
        CHECK_HAS(info.reason, cases[i].reason);
        CHECK_INT(info.state, cases[i].reason[0] != '\0' ? PF_EXTENSION_FAILED : PF_EXTENSION_DISCOVERED);
        pf_extensions_free(set);
    }
}

static void test_two_of_one_name(void **state)
{
    struct place *place = *state;
    struct pf_extension_info first, second;
    struct pf_extensions *set;

    write_file(place, "m.so", "no library");
    write_file(place, "a.pyforge-extension", GOOD_HEAD);
    write_file(place, "b.pyforge-extension", GOOD_HEAD);
    set = pf_extensions_new(NULL);
    CHECK(pf_extension_at(set, 0, &first) && pf_extension_at(set, 1, &second));
    CHECK_INT(first.state, PF_EXTENSION_DISCOVERED);
    CHECK_INT(second.state, PF_EXTENSION_FAILED);
    CHECK_HAS(second.reason, "m.so");
    CHECK_HAS(second.reason, "b.pyforge-extension");
    pf_extensions_free(set);
}

/* ---- switched on and off */

static void test_disabled(void **state)
{
    struct place *place = *state;
    struct pf_extension_info info;
    struct pf_extensions *set;
    struct pf_error err;

    write_file(place, "m.so", "no library");
    write_file(place, "m.pyforge-extension", GOOD_HEAD);
    set = pf_extensions_new(NULL);
    CHECK_INT(pf_extension_enable(set, "none", false, &err), PF_NOT_FOUND);
    CHECK_OK(pf_extension_enable(set, "m", false, &err), err);
    CHECK(find(set, "m", &info));
    CHECK_INT(info.state, PF_EXTENSION_DISABLED);
    CHECK_INT(pf_extension_load(set, "m", &err), PF_UNSUPPORTED);
    CHECK_HAS(err.message, "is disabled");
    pf_extensions_free(set);
    set = pf_extensions_new(NULL);
    CHECK(find(set, "m", &info));
    CHECK_INT(info.state, PF_EXTENSION_DISABLED);
    CHECK_HAS(info.reason, "pyforge extensions enable m");
    CHECK_OK(pf_extension_enable(set, "m", true, &err), err);
    pf_extensions_free(set);
    assert_int_equal(setenv("PYFORGE_DISABLE_EXTENSIONS", "x, m", 1), 0);
    set = pf_extensions_new(NULL);
    CHECK(find(set, "m", &info));
    CHECK_HAS(info.reason, "PYFORGE_DISABLE_EXTENSIONS");
    assert_int_equal(unsetenv("PYFORGE_DISABLE_EXTENSIONS"), 0);
    pf_extensions_free(set);
    set = pf_extensions_new(NULL);
    CHECK(find(set, "m", &info));
    CHECK_INT(info.state, PF_EXTENSION_DISCOVERED);
    CHECK_INT(pf_extension_load(set, "m", &err), PF_UNSUPPORTED);
    CHECK(find(set, "m", &info));
    CHECK_INT(info.state, PF_EXTENSION_FAILED);
    CHECK_HAS(info.reason, "its library cannot be loaded");
    pf_extensions_free(set);
}

/* ---- entry points */

struct points {
    char text[2000];
};

static void note_point(void *user, const struct pf_entry_point *point)
{
    struct points *points = user;
    size_t used = strlen(points->text);

    (void)snprintf(points->text + used, sizeof points->text - used, "%s|%s|%s|%s%s%s;", point->group, point->name, point->value,
                   point->package, point->wrong[0] != '\0' ? "|" : "", point->wrong);
}

static void test_entry_points(void **state)
{
    static const struct {
        const char *text, *points;
    } cases[] = {
        { "", "" },
        { "[pyforge.extensions]\na = m:C\n", "pyforge.extensions|a|m:C|p;" },
        { "[console_scripts]\na = m:C\n[pyforge_cli.extensions]\r\n  b=n.o:D [x, y]\r\n", "pyforge_cli.extensions|b|n.o:D|p;" },
        { "a = m:C\n[pyforge.extensions\nb = m:C", "pyforge.extensions|b|m:C|p;" },
        { "[ pyforge.converters ]\n# a = b:c\n; d = e:f\nno mark\n= x\ny =\nz = w:v\nt = :v\n",
          "pyforge.converters|p||p|have a line without '=';pyforge.converters|p|x|p|have a line without a name before '=';"
          "pyforge.converters|y||p|name no module;pyforge.converters|z|w:v|p;pyforge.converters|t|:v|p|name no module;" },
        { "[pyforge.extensions]\na = m:C\n[other]\nb = m:C\n[cortexpy_cli.converters]\nc = m:C",
          "pyforge.extensions|a|m:C|p;cortexpy_cli.converters|c|m:C|p;" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct points points = { "" };
        char text[400];

        (void)snprintf(text, sizeof text, "%s", cases[i].text);
        pf_entry_points_read(text, "p", note_point, &points);
        CHECK_TEXT(points.text, cases[i].points);
    }
}

static void make_package(struct place *place, const char *folder, const char *name, const char *points)
{
    char path[300];

    (void)snprintf(path, sizeof path, "%s/%s.dist-info", folder, name);
    assert_int_equal(mkdir(in_home(place, path), 0755), 0);
    (void)snprintf(path, sizeof path, "%s/%s.dist-info/entry_points.txt", folder, name);
    if (points != NULL)
        write_file(place, path, points);
}

static void set_age(struct place *place, const char *name, int seconds)
{
    struct timespec times[2] = { { 0, UTIME_OMIT }, { 0, 0 } };

    times[1].tv_sec = (time_t)(pf_now_ns() / 1000000000) - seconds;
    assert_int_equal(utimensat(AT_FDCWD, in_home(place, name), times, 0), 0);
}

static enum pf_status no_code(void *user, const char *name, const char *entry, const struct pf_extension **out,
                              struct pf_error *err)
{
    (void)user;
    (void)name;
    (void)entry;
    (void)out;
    (void)err;
    fail_msg("code of an extension would have run");
    return PF_OK;
}

static struct pf_extensions *with_packages(const char *folder)
{
    const char *const path[] = { folder, "relative", "/does/not/exist", folder, NULL };
    const struct pf_extension_language language = { .name = "python", .path = path, .load = no_code };
    struct pf_extensions *set = pf_extensions_new(&language);

    assert_non_null(set);
    return set;
}

static void test_packages(void **state)
{
    struct place *place = *state;
    struct pf_extension_info info;
    struct pf_extensions *set;
    char folder[300];

    assert_int_equal(mkdir(in_home(place, "site"), 0755), 0);
    assert_int_equal(mkdir(in_home(place, "site/pack"), 0755), 0);
    make_package(place, "site", "pack-1",
                 "[pyforge.extensions]\npack = pack.sub:Ext\n[pyforge_cli.extensions]\npack = pack.sub:Ext\n");
    make_package(place, "site", "other-1", "[pyforge.extensions]\nother = o:E\n");
    make_package(place, "site", "twin-1", "[pyforge.extensions]\nother = t:E\n");
    make_package(place, "site", "plain-1", NULL);
    write_file(place, "site/pack/pyforge-extension.toml", "name = \"pack\"\nadds = [\"format f\"]\n");
    (void)snprintf(folder, sizeof folder, "%s/site", place->home);
    set_age(place, "site", 100);
    for (int again = 0; again < 2; again++) {
        set = with_packages(folder);
        CHECK(find(set, "pack", &info));
        CHECK_TEXT(info.kind, "python");
        CHECK_TEXT(info.adds, "format f");
        CHECK_HAS(info.origin, "pack.sub:Ext (pack-1.dist-info)");
        CHECK(pf_extension_at(set, 2, &info) && !pf_extension_at(set, 3, &info));
        CHECK(pf_extension_at(set, 1, &info));
        CHECK_INT(info.state, PF_EXTENSION_FAILED);
        CHECK_HAS(info.reason, "o:E");
        CHECK_HAS(info.reason, "t:E");
        pf_extensions_free(set);
        /* from what was kept: the folder looks unchanged */
        write_file(place, "site/plain-1.dist-info/entry_points.txt", "[pyforge.extensions]\nplain = p:E\n");
    }
    set_age(place, "site", 50);
    set = with_packages(folder);
    CHECK(find(set, "plain", &info));
    pf_extensions_free(set);
}

/* A folder that was changed just now is read again every time; a kept file that others could have written is not believed. */
static void test_cache_is_careful(void **state)
{
    struct place *place = *state;
    struct pf_extension_info info;
    struct pf_extensions *set;
    char folder[300], command[400];

    assert_int_equal(mkdir(in_home(place, "site"), 0755), 0);
    make_package(place, "site", "a-1", "[pyforge.extensions]\na = m:E\n");
    (void)snprintf(folder, sizeof folder, "%s/site", place->home);
    set = with_packages(folder);
    CHECK(find(set, "a", &info));
    pf_extensions_free(set);
    CHECK(access(in_home(place, ".cache/pyforge/extensions"), F_OK) != 0);
    set_age(place, "site", 100);
    pf_extensions_free(with_packages(folder));
    (void)snprintf(command, sizeof command, "chmod 666 %s/.cache/pyforge/extensions/*", place->home);
    assert_int_equal(system(command), 0);
    write_file(place, "site/a-1.dist-info/entry_points.txt", "[pyforge.extensions]\nb = m:E\n");
    set = with_packages(folder);
    CHECK(find(set, "b", &info));
    pf_extensions_free(set);
    /* garbage in its place is as good as nothing */
    (void)snprintf(command, sizeof command,
                   "for f in %s/.cache/pyforge/extensions/*; do printf 'x\\ty' > $f; chmod 600 $f; done", place->home);
    assert_int_equal(system(command), 0);
    set = with_packages(folder);
    CHECK(find(set, "b", &info));
    pf_extensions_free(set);
}

/* 300 packages, 20 of them with an extension. */
static void test_many_packages(void **state)
{
    struct place *place = *state;
    struct pf_extension_info info;
    struct pf_extensions *set;
    char folder[300], name[40], text[100];
    double first, kept, started;

    assert_int_equal(mkdir(in_home(place, "site"), 0755), 0);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(name, sizeof name, "package%d-1.0", i);
        (void)snprintf(text, sizeof text,
                       i % 15 == 0 ? "[pyforge.extensions]\next%d = m%d:E\n" : "[console_scripts]\nc%d = m%d:f\n", i, i);
        make_package(place, "site", name, text);
    }
    (void)snprintf(folder, sizeof folder, "%s/site", place->home);
    set_age(place, "site", 100);
    started = pf_clock();
    set = with_packages(folder);
    first = pf_clock() - started;
    CHECK(pf_extension_at(set, 19, &info) && !pf_extension_at(set, 20, &info));
    CHECK(atomic_load(&set->memory.peak) < (size_t)2 << 20);
    pf_extensions_free(set);
    started = pf_clock();
    set = with_packages(folder);
    kept = pf_clock() - started;
    CHECK(pf_extension_at(set, 19, &info) && !pf_extension_at(set, 20, &info));
    pf_extensions_free(set);
    print_message("20 extensions in 300 packages: %.2f ms, kept %.2f ms\n", first * 1000, kept * 1000);
    CHECK(first < 0.1);
    CHECK(kept < 0.01);
}

/* ---- what extensions answer */

static void test_json(void **state)
{
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        { "1", true },
        { "-0.5e+3", true },
        { "\"a\\n\\u00e9\"", true },
        { "{\"a\": [1, null, {}], \"b\": false}", true },
        { " true ", true },
        { "", false },
        { "01", false },
        { "1.", false },
        { "{\"a\": }", false },
        { "{a: 1}", false },
        { "[1,]", false },
        { "\"a", false },
        { "\"\\x\"", false },
        { "nul", false },
        { "1 2", false },
        { "\"\\u12g4\"", false },
        { "[1\n]", false },
        { "\"\xff\"", false },
        { "- 1", false },
        { "\"a\tb\"", false },
        { "{\"a\" 1}", false },
        { "[", false },
        { "[]", true },
        { "{", false },
    };
    char deep[200];

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        if (pf_json_is_valid(cases[i].text) != cases[i].valid)
            fail_msg("'%s' is %s", cases[i].text, cases[i].valid ? "valid" : "not valid");
    }
    memset(deep, '[', 99);
    memset(deep + 99, ']', 99);
    deep[198] = '\0';
    CHECK(!pf_json_is_valid(deep));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_manifests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_distrust, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_of_one_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_disabled, set_up, tear_down),
        cmocka_unit_test(test_entry_points),
        cmocka_unit_test_setup_teardown(test_packages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cache_is_careful, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_packages, set_up, tear_down),
        cmocka_unit_test(test_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
