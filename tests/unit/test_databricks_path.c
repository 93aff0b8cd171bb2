/* The grammar of paths; what is granted for one; what Spark is given. */
#include "support_unit.h"

#include "databricks/grants.h"

static const char *kind_name(enum path_kind kind)
{
    static const char *const names[] = { "local", "above", "volume", "dbfs", "workspace" };

    return names[kind];
}

static enum pf_status parse(const char *text, struct path *out, struct path_wrong *wrong)
{
    return path_parse(text, strlen(text), out, wrong);
}

/* ---- right ones */

static const struct right_case {
    const char *text;
    enum path_kind kind;
    const char *path, *names; /* names: "catalog|schema|volume|rest" */
} rights[] = {
    { "/Volumes/main/default/bronze/sales.csv", PATH_VOLUME, "/Volumes/main/default/bronze/sales.csv",
      "main|default|bronze|sales.csv" },
    { "/Volumes/main/default/bronze", PATH_VOLUME, "/Volumes/main/default/bronze", "main|default|bronze|" },
    { "/Volumes/main/default/bronze/", PATH_VOLUME, "/Volumes/main/default/bronze", "main|default|bronze|" },
    { "/Volumes/main/default/bronze///", PATH_VOLUME, "/Volumes/main/default/bronze", "main|default|bronze|" },
    { "/Volumes/m/d/b/a/b/c.csv", PATH_VOLUME, "/Volumes/m/d/b/a/b/c.csv", "m|d|b|a/b/c.csv" },
    { "/Volumes/m/d/b/a//b.csv", PATH_VOLUME, "/Volumes/m/d/b/a/b.csv", "m|d|b|a/b.csv" },
    { "/Volumes/m/d/b/./a.csv", PATH_VOLUME, "/Volumes/m/d/b/a.csv", "m|d|b|a.csv" },
    { "/Volumes/m/d/b/x/../a.csv", PATH_VOLUME, "/Volumes/m/d/b/a.csv", "m|d|b|a.csv" },
    { "/Volumes/m/d/b/x/y/../../a.csv", PATH_VOLUME, "/Volumes/m/d/b/a.csv", "m|d|b|a.csv" },
    { "/Volumes/m/d/b/..a/b..", PATH_VOLUME, "/Volumes/m/d/b/..a/b..", "m|d|b|..a/b.." },
    { "/Volumes/m/d/b/.hidden", PATH_VOLUME, "/Volumes/m/d/b/.hidden", "m|d|b|.hidden" },
    { "/Volumes/m/d/b/with space & more.csv", PATH_VOLUME, "/Volumes/m/d/b/with space & more.csv",
      "m|d|b|with space & more.csv" },
    { "/Volumes/m/d/b/*.csv", PATH_VOLUME, "/Volumes/m/d/b/*.csv", "m|d|b|*.csv" },
    { "/Volumes/m/d/b/a%20b.csv", PATH_VOLUME, "/Volumes/m/d/b/a%20b.csv", "m|d|b|a%20b.csv" },
    { "/Volumes/m/d/b/s3:/x", PATH_VOLUME, "/Volumes/m/d/b/s3:/x", "m|d|b|s3:/x" },
    { "/Volumes/my-catalog/my_schema/2024", PATH_VOLUME, "/Volumes/my-catalog/my_schema/2024", "my-catalog|my_schema|2024|" },
    { "/Volumes/m\xc3\xa4/d/b`c/x", PATH_VOLUME, "/Volumes/m\xc3\xa4/d/b`c/x", "m\xc3\xa4|d|b`c|x" },
    { "//Volumes/m/d/b/x", PATH_VOLUME, "/Volumes/m/d/b/x", "m|d|b|x" },
    { "/./Volumes/m/d/b/x", PATH_VOLUME, "/Volumes/m/d/b/x", "m|d|b|x" },
    { "/Volumes/dbfs/dbfs/dbfs/x", PATH_VOLUME, "/Volumes/dbfs/dbfs/dbfs/x", "dbfs|dbfs|dbfs|x" },
    { "/Volumes/Volumes/Volumes/Volumes", PATH_VOLUME, "/Volumes/Volumes/Volumes/Volumes", "Volumes|Volumes|Volumes|" },

    { "dbfs:/Volumes/m/d/b/x", PATH_VOLUME, "/Volumes/m/d/b/x", "m|d|b|x" },
    { "dbfs:///Volumes/m/d/b/x", PATH_VOLUME, "/Volumes/m/d/b/x", "m|d|b|x" },
    { "DBFS:/Volumes/m/d/b/x", PATH_VOLUME, "/Volumes/m/d/b/x", "m|d|b|x" },
    { "/dbfs/Volumes/m/d/b/x", PATH_VOLUME, "/Volumes/m/d/b/x", "m|d|b|x" },
    { "/dbfs//Volumes/m/d/b/x", PATH_VOLUME, "/Volumes/m/d/b/x", "m|d|b|x" },
    { "/dbfs/./Volumes/m/d/b", PATH_VOLUME, "/Volumes/m/d/b", "m|d|b|" },
    { "/dbfs/a/../Volumes/m/d/b/x", PATH_VOLUME, "/Volumes/m/d/b/x", "m|d|b|x" },
    { "file:/Volumes/m/d/b/x", PATH_VOLUME, "/Volumes/m/d/b/x", "m|d|b|x" },
    { "file:///dbfs/Volumes/m/d/b/x", PATH_VOLUME, "/Volumes/m/d/b/x", "m|d|b|x" },

    { "/Volumes", PATH_ABOVE_VOLUME, "/Volumes", "|||" },
    { "/Volumes/", PATH_ABOVE_VOLUME, "/Volumes", "|||" },
    { "/Volumes//", PATH_ABOVE_VOLUME, "/Volumes", "|||" },
    { "/Volumes/main", PATH_ABOVE_VOLUME, "/Volumes/main", "main|||" },
    { "/Volumes/main/default/", PATH_ABOVE_VOLUME, "/Volumes/main/default", "main|default||" },
    { "dbfs:/Volumes/main", PATH_ABOVE_VOLUME, "/Volumes/main", "main|||" },

    { "dbfs:/tmp/x.csv", PATH_DBFS, "/dbfs/tmp/x.csv", "|||tmp/x.csv" },
    { "dbfs:/", PATH_DBFS, "/dbfs", "|||" },
    { "/dbfs", PATH_DBFS, "/dbfs", "|||" },
    { "/dbfs/FileStore/a/../b", PATH_DBFS, "/dbfs/FileStore/b", "|||FileStore/b" },
    { "/dbfs/dbfs/Volumes/x", PATH_DBFS, "/dbfs/dbfs/Volumes/x", "|||dbfs/Volumes/x" },
    { "dbfs:/Volumesx/a", PATH_DBFS, "/dbfs/Volumesx/a", "|||Volumesx/a" },
    { "dbfs:/volumes/a/b/c", PATH_DBFS, "/dbfs/volumes/a/b/c", "|||volumes/a/b/c" },

    { "/Workspace/Shared/a.csv", PATH_WORKSPACE, "/Workspace/Shared/a.csv", "|||Shared/a.csv" },
    { "/Workspace", PATH_WORKSPACE, "/Workspace", "|||" },
    { "file:/Workspace/Shared//a", PATH_WORKSPACE, "/Workspace/Shared/a", "|||Shared/a" },

    { "a.csv", PATH_LOCAL, "a.csv", "|||" },
    { "./a//b/../c", PATH_LOCAL, "./a//b/../c", "|||" },
    { "../a", PATH_LOCAL, "../a", "|||" },
    { "/tmp/a.csv", PATH_LOCAL, "/tmp/a.csv", "|||" },
    { "/tmp/../Volumes/a", PATH_LOCAL, "/tmp/../Volumes/a", "|||" },
    { "file:/tmp/a", PATH_LOCAL, "/tmp/a", "|||" },
    { "file:///tmp/a", PATH_LOCAL, "/tmp/a", "|||" },
    { "File:/", PATH_LOCAL, "/", "|||" },
    { "/", PATH_LOCAL, "/", "|||" },
    { "Volumes/main/default", PATH_LOCAL, "Volumes/main/default", "|||" },
    { "/volumes/main/default/x", PATH_LOCAL, "/volumes/main/default/x", "|||" },
    { "/VolumesX/a", PATH_LOCAL, "/VolumesX/a", "|||" },
    { "/dbfsx", PATH_LOCAL, "/dbfsx", "|||" },
    { "/mnt/s3:/x", PATH_LOCAL, "/mnt/s3:/x", "|||" },
    { "report:2024.csv", PATH_LOCAL, "report:2024.csv", "|||" },
    { "C:/data/a.csv", PATH_LOCAL, "C:/data/a.csv", "|||" },
    { "1s:/x", PATH_LOCAL, "1s:/x", "|||" },
    { "-", PATH_LOCAL, "-", "|||" },
    { "./s3:/x", PATH_LOCAL, "./s3:/x", "|||" },
};

static void right_paths_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(rights); i++) {
        const struct right_case *right = &rights[i];
        struct path got, again;
        struct path_wrong wrong;
        char names[4 * PATH_NAME];

        if (parse(right->text, &got, &wrong) != PF_OK)
            fail_msg("%s: %s", right->text, wrong.message);
        (void)snprintf(names, sizeof names, "%s|%s|%s|%s", got.catalog, got.schema, got.volume,
                       got.fixed > 0 ? path_rest(&got) : "");
        if (got.kind != right->kind || strcmp(got.path, right->path) != 0 || strcmp(names, right->names) != 0)
            fail_msg("%s is %s, %s, %s", right->text, kind_name(got.kind), got.path, names);
        CHECK_OK(parse(got.path, &again, &wrong), wrong);
        CHECK_TEXT(again.path, got.path);
        CHECK_INT(again.kind, got.kind);
        CHECK_INT(again.fixed, got.fixed);
    }
    CHECK(PF_COUNT(rights) >= 60);
}

/* ---- wrong ones */

#define LETTERS_50  "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"
#define LETTERS_255 LETTERS_50 LETTERS_50 LETTERS_50 LETTERS_50 LETTERS_50 "abcde"

static const struct wrong_case {
    const char *text;
    enum path_part part;
    const char *says, *advises;
} wrongs[] = {
    { "", PATH_PART_REST, "empty", "give a path" },
    { "/Volumes//default/b", PATH_PART_CATALOG, "the catalog is empty", "variable" },
    { "/Volumes/main//b", PATH_PART_SCHEMA, "the schema is empty", "variable" },
    { "/Volumes/main/default//x", PATH_PART_VOLUME, "the volume is empty, in \"/Volumes/main/default//x\"", "variable" },
    { "dbfs:/Volumes//default/b", PATH_PART_CATALOG, "the catalog is empty", "variable" },
    { "/Volumes/./d/b", PATH_PART_CATALOG, "the catalog is \".\"", "not folders" },
    { "/Volumes/../etc", PATH_PART_CATALOG, "the catalog is \"..\"", "not folders" },
    { "/Volumes/m/../b", PATH_PART_SCHEMA, "the schema is \"..\"", "not folders" },
    { "/Volumes/m/d/..", PATH_PART_VOLUME, "the volume is \"..\"", "not folders" },
    { "/Volumes/m/d/sales.csv", PATH_PART_VOLUME, "the volume \"sales.csv\" has a full stop in it", "left out" },
    { "/Volumes/my catalog/d/b", PATH_PART_CATALOG, "the catalog \"my catalog\" has a space in it", "left out" },
    { "/Volumes/m/d\t/b", PATH_PART_SCHEMA, "the schema \"d?\" has a control character in it", "left out" },
    { "/Volumes/m/" LETTERS_255 "f/b", PATH_PART_SCHEMA, "more than 255 characters", "shorter" },
    { "/Volumes/m/d/b/../x", PATH_PART_REST, "\"..\" leaves /Volumes/m/d/b, in", "without \"..\"" },
    { "/Volumes/m/d/b/x/../../../w/y", PATH_PART_REST, "leaves /Volumes/m/d/b", "without \"..\"" },
    { "/dbfs/../etc/passwd", PATH_PART_REST, "leaves /dbfs", "without \"..\"" },
    { "dbfs:/a/../../b", PATH_PART_REST, "leaves /dbfs", "without \"..\"" },
    { "/dbfs/a/../Volumes/m/d/b/../x", PATH_PART_REST, "leaves /Volumes/m/d/b", "without \"..\"" },
    { "/Workspace/../etc", PATH_PART_REST, "leaves /Workspace", "without \"..\"" },
    { "s3://bucket/key", PATH_PART_SCHEME, "s3: is object storage", "external volume" },
    { "S3A://bucket/key", PATH_PART_SCHEME, "S3A: is object storage", "external volume" },
    { "abfss://c@a.dfs.example/x", PATH_PART_SCHEME, "abfss: is object storage", "external volume" },
    { "wasbs://c@a/x", PATH_PART_SCHEME, "wasbs: is object storage", "external volume" },
    { "gs://b/x", PATH_PART_SCHEME, "gs: is object storage", "external volume" },
    { "https://w.example/x.csv", PATH_PART_SCHEME, "https: is not read from here", "download" },
    { "hdfs:/x", PATH_PART_SCHEME, "hdfs: is not read from here", "download" },
    { "volumes:/m/d/b", PATH_PART_SCHEME, "the scheme volumes: is not known", "/Volumes" },
    { "dbfs:Volumes/m/d/b", PATH_PART_SCHEME, "dbfs: is followed by no slash: expected dbfs:/...", "dbfs:/" },
    { "dbfs:", PATH_PART_SCHEME, "dbfs: is followed by no slash", "dbfs:/" },
    { "file:a.csv", PATH_PART_SCHEME, "file: is followed by no slash", "file:/" },
    { "dbfs://Volumes/m/d/b", PATH_PART_SCHEME, "dbfs:// names a host, \"Volumes\": expected one slash, dbfs:/Volumes/...",
      "one slash" },
    { "file://host/x", PATH_PART_SCHEME, "names a host, \"host\"", "one slash" },
};

static void wrong_paths_say_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(wrongs); i++) {
        struct path got;
        struct path_wrong wrong;

        if (parse(wrongs[i].text, &got, &wrong) != PF_BAD_OPTION)
            fail_msg("'%s' was taken", wrongs[i].text);
        if (wrong.part != wrongs[i].part)
            fail_msg("'%s': part %d, %s", wrongs[i].text, (int)wrong.part, wrong.message);
        CHECK_HAS(wrong.message, wrongs[i].says);
        CHECK_HAS(wrong.remedy, wrongs[i].advises);
    }
}

static void bytes_and_lengths_are_checked(void **state)
{
    struct path got;
    struct path_wrong wrong;
    char text[PATH_BYTES + 1];

    (void)state;
    CHECK_INT(path_parse("/Volumes/m/d/b\0/x", 17, &got, &wrong), PF_BAD_OPTION);
    CHECK_HAS(wrong.message, "NUL byte in it, after \"/Volumes/m/d/b\"");
    memset(text, 'a', sizeof text);
    CHECK_INT(path_parse(text, PATH_BYTES, &got, &wrong), PF_BAD_OPTION);
    CHECK_HAS(wrong.message, "more than 4095 bytes");
    CHECK_INT(path_parse(text, PATH_BYTES - 1, &got, &wrong), PF_OK);
    CHECK_INT(strlen(got.path), PATH_BYTES - 1);
    /* 255 letters of two bytes each are no more than 255 letters */
    memcpy(text, "/Volumes/", 9);
    for (size_t i = 0; i < 255; i++)
        memcpy(text + 9 + 2 * i, "\xc3\xa4", 2);
    CHECK_INT(path_parse(text, 9 + 510, &got, &wrong), PF_OK);
    CHECK_INT(strlen(got.catalog), 510);
    /* what is shown of a long text ends between two letters */
    memcpy(text, "/Volumes//", 10);
    for (size_t i = 0; i < 255; i++)
        memcpy(text + 10 + 2 * i, "\xc3\xa4", 2);
    for (size_t cut = 0; cut < 2; cut++) {
        CHECK_INT(path_parse(text, 10 + 510 - cut, &got, &wrong), PF_BAD_OPTION);
        CHECK(strstr(wrong.message, "\xc3\"") == NULL);
    }
}

static void missing_parts_are_named(void **state)
{
    static const struct {
        const char *text, *says;
        enum path_part part;
    } cases[] = {
        { "/Volumes", "the catalog is missing, in \"/Volumes\"", PATH_PART_CATALOG },
        { "dbfs:/Volumes/main/", "the schema is missing, in \"/Volumes/main\"", PATH_PART_SCHEMA },
        { "/Volumes/main/default", "the volume is missing, in \"/Volumes/main/default\"", PATH_PART_VOLUME },
    };
    struct path got;
    struct path_wrong wrong;

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        CHECK_OK(parse(cases[i].text, &got, &wrong), wrong);
        CHECK_INT(path_needs_volume(&got, &wrong), PF_BAD_OPTION);
        CHECK_INT(wrong.part, cases[i].part);
        CHECK_HAS(wrong.message, cases[i].says);
        CHECK_HAS(wrong.message, "expected /Volumes/CATALOG/SCHEMA/VOLUME");
    }
    CHECK_OK(parse("/Volumes/m/d/b", &got, &wrong), wrong);
    CHECK_OK(path_needs_volume(&got, &wrong), wrong);
    CHECK_OK(parse("a.csv", &got, &wrong), wrong);
    CHECK_OK(path_needs_volume(&got, &wrong), wrong);
}

/* ---- statements */

static void identifiers_are_quoted(void **state)
{
    char text[16];

    (void)state;
    CHECK_INT(path_quote("main", text, sizeof text), 6);
    CHECK_TEXT(text, "`main`");
    CHECK_INT(path_quote("a`b", text, sizeof text), 6);
    CHECK_TEXT(text, "`a``b`");
    CHECK_INT(path_quote("", text, sizeof text), 2);
    CHECK_TEXT(text, "``");
    CHECK_INT(path_quote("abcdef", text, 4), 8);
    CHECK_TEXT(text, "`ab");
    CHECK_INT(path_quote("a", NULL, 0), 3);
}

static void statements_are_ready_to_run(void **state)
{
    struct path path;
    struct path_wrong wrong;
    char text[GRANTS_STATEMENT], remedy[256];

    (void)state;
    CHECK_OK(parse("/Volumes/main/my-schema/b`c/x.csv", &path, &wrong), wrong);
    CHECK(grants_statement(&path, GRANTS_CATALOG, false, text, sizeof text));
    CHECK_TEXT(text, "GRANT USE CATALOG ON CATALOG `main` TO `USER_OR_GROUP`;");
    CHECK(grants_statement(&path, GRANTS_SCHEMA, true, text, sizeof text));
    CHECK_TEXT(text, "GRANT USE SCHEMA ON SCHEMA `main`.`my-schema` TO `USER_OR_GROUP`;");
    CHECK(grants_statement(&path, GRANTS_VOLUME, false, text, sizeof text));
    CHECK_TEXT(text, "GRANT READ VOLUME ON VOLUME `main`.`my-schema`.`b``c` TO `USER_OR_GROUP`;");
    CHECK(grants_statement(&path, GRANTS_VOLUME, true, text, sizeof text));
    CHECK_TEXT(text, "GRANT WRITE VOLUME ON VOLUME `main`.`my-schema`.`b``c` TO `USER_OR_GROUP`;");
    CHECK(!grants_statement(&path, GRANTS_VOLUME, true, text, 20));
    CHECK(grants_creation(&path, GRANTS_VOLUME, text, sizeof text));
    CHECK_TEXT(text, "CREATE VOLUME `main`.`my-schema`.`b``c`;");
    CHECK(grants_creation(&path, GRANTS_SCHEMA, text, sizeof text));
    CHECK_TEXT(text, "CREATE SCHEMA `main`.`my-schema`;");
    CHECK(!grants_creation(&path, GRANTS_CATALOG, text, sizeof text));
    grants_make_remedy(&path, remedy, sizeof remedy);
    CHECK_HAS(remedy, "made by SQL, not as a folder: CREATE VOLUME `main`.`my-schema`.`b``c`;");

    CHECK_OK(parse("/Volumes/main/default", &path, &wrong), wrong);
    CHECK(!grants_statement(&path, GRANTS_VOLUME, false, text, sizeof text));
    CHECK(grants_statement(&path, GRANTS_SCHEMA, false, text, sizeof text));
    grants_make_remedy(&path, remedy, sizeof remedy);
    CHECK_HAS(remedy, "CREATE SCHEMA `main`.`default`;");
}

static void refusals_are_answered(void **state)
{
    static const struct {
        const char *text;
        bool writing;
        const char *says;
    } cases[] = {
        { "/Volumes/main/default/bronze/x", false,
          "GRANT USE CATALOG ON CATALOG `main` TO `USER_OR_GROUP`; GRANT USE SCHEMA ON SCHEMA `main`.`default` TO "
          "`USER_OR_GROUP`; "
          "GRANT READ VOLUME ON VOLUME `main`.`default`.`bronze` TO `USER_OR_GROUP`;" },
        { "/Volumes/main/default/bronze/x", true, "GRANT WRITE VOLUME ON VOLUME" },
        { "/Volumes/main", true, "GRANT USE CATALOG ON CATALOG `main` TO `USER_OR_GROUP`;" },
        { "/Volumes/a/b/" LETTERS_50 LETTERS_50, true, "pyforge validate-volume PATH --write prints the SQL statements" },
        { "/Volumes/a/b/" LETTERS_50 LETTERS_50, false, "pyforge validate-volume PATH prints the SQL statements" },
        { "/Volumes", false, "pyforge list-volumes" },
        { "/Workspace/Shared/x", true, "use a volume" },
        { "/dbfs/x", true, "use a volume" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct path path;
        struct path_wrong wrong;
        char remedy[256];

        CHECK_OK(parse(cases[i].text, &path, &wrong), wrong);
        grants_remedy(&path, cases[i].writing, remedy, sizeof remedy);
        CHECK_HAS(remedy, cases[i].says);
    }
}

static void making_a_long_volume_is_answered(void **state)
{
    struct path path;
    struct path_wrong wrong;
    char remedy[256];

    (void)state;
    CHECK_OK(parse("/Volumes/m/d/" LETTERS_255, &path, &wrong), wrong);
    grants_make_remedy(&path, remedy, sizeof remedy);
    CHECK_HAS(remedy, "pyforge validate-volume PATH prints the statement");
    CHECK_OK(parse("/Volumes/m", &path, &wrong), wrong);
    grants_make_remedy(&path, remedy, sizeof remedy);
    CHECK_HAS(remedy, "pyforge list-volumes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_paths_are_read),          cmocka_unit_test(wrong_paths_say_what_is_wrong),
        cmocka_unit_test(bytes_and_lengths_are_checked), cmocka_unit_test(missing_parts_are_named),
        cmocka_unit_test(identifiers_are_quoted),        cmocka_unit_test(statements_are_ready_to_run),
        cmocka_unit_test(refusals_are_answered),         cmocka_unit_test(making_a_long_volume_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
