/* Secrets in locations: what is shown has none. */
#include "base/error.h"
#include "base/json.h"
#include "convert/plan.h"
#include "support_unit.h"

static const struct {
    const char *text, *shown;
} cases[] = {
    /* passwords */
    { "https://u:SECRET@h/x.csv", "https://u:***@h/x.csv" },
    { "cannot read https://u:SECRET@h/x.csv: no such file", "cannot read https://u:***@h/x.csv: no such file" },
    { "s3://AK:SECRET@b/x.csv", "s3://AK:***@b/x.csv" },
    { "s3://AK:SEC/RET+1@b/x.csv", "s3://AK:***@b/x.csv" },
    { "s3://AK:SE?C#RET@b/x.csv", "s3://AK:***@b/x.csv" },
    { "https://u:SE@CRET@h/x.csv", "https://u:***@h/x.csv" },
    { "https://u:SE CRET@h/x.csv", "https://u:***@h/x.csv" },
    { "https://u:'SECRET'@h/x.csv", "https://u:***@h/x.csv" },
    { "https://u:12345@h/x.csv", "https://u:***@h/x.csv" },
    { "https://u:p@h/", "https://u:*@h/" },
    { "https://:SECRET@h/", "https://:***@h/" },
    { "https://u:SECRET@[::1]:80/", "https://u:***@[::1]:80/" },
    { "https://SECRET@h/x", "https://***@h/x" },
    { "HTTP://SECRET@h/x", "HTTP://***@h/x" },
    { "jdbc:x://u:pSECRET@h", "jdbc:x://u:***@h" },
    { "https:/u:SECRET@h/x.csv", "https:/u:***@h/x.csv" },
    { "HTTPS://u:SECRET@h/x", "HTTPS://u:***@h/x" },
    { "a https://u:SECRET@h/ b s3://v:SECRET@i/ c", "a https://u:***@h/ b s3://v:***@i/ c" },
    { "'https://u:SECRET@h'.", "'https://u:***@h'." },
    /* cut, as by a message's room */
    { "https://u:SECR", "https://u:***" },
    { "s3://AK:SE/CR", "s3://AK:***" },
    /* queries and parameters */
    { "abfss://c@a.net/x.csv?sig=SECRET", "abfss://c@a.net/x.csv?***" },
    { "https://u:SECRET@h/x?a=1&sig=SECRET, which is not there", "https://u:***@h/x?***, which is not there" },
    { "'https://h/x?sig=SECRET'", "'https://h/x?***'" },
    { "https://h/x#access_token=SECRET", "https://h/x#***" },
    { "sc://host:443/;token=SECRET;x-databricks-cluster-id=1", "sc://host:443/;***" },
    { "jdbc:sqlserver://h;user=u;password=SECRET", "jdbc:sqlserver://h;***" },
    { "https:/h/x?sig=SECRET", "https:/h/x?***" },
    /* none */
    { "https://h:8080/a@b/x.csv", NULL },
    { "abfss://container@account.dfs.core.windows.net/x.csv", NULL },
    { "s3://bucket/a:b/c.csv", NULL },
    { "s3://bucket: it cannot be read", NULL },
    { "https://h/x?", NULL },
    { "https://h/x#part", NULL },
    { "https://[::1]:8080/x", NULL },
    { "file:/tmp/a?b=c.csv", NULL },
    { "file:///tmp/a?b=c.csv", NULL },
    { "dbfs:///Volumes/a/b/c/part-?.csv", NULL },
    { "dbfs:/Volumes/a/b/c/part-?.csv", NULL },
    { "/Volumes/a/b/c/u:p@h?x=y", NULL },
    { "in/a?b=c;d=e.csv", NULL },
    { "a://", NULL },
    { "://u:p@h", NULL },
    { ":/", NULL },
    { "", NULL },
};

static void secrets_are_hidden(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        char text[200];

        (void)snprintf(text, sizeof text, "%s", cases[i].text);
        pf_hide_secrets(text);
        CHECK_TEXT(text, cases[i].shown != NULL ? cases[i].shown : cases[i].text);
        pf_hide_secrets(text);
        CHECK_TEXT(text, cases[i].shown != NULL ? cases[i].shown : cases[i].text);
    }
}

/* Cut anywhere, no more of a secret than its first sign is there. */
static void a_cut_text_has_no_beginning_of_one(void **state)
{
    static const char *const texts[] = { "x https://user:SECRET@h/x?sig=SECRET", "s3://AK:SECR/ET@b/x",
                                         "sc://h/;token=SECRET" };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(texts); i++) {
        for (size_t size = 0; size <= strlen(texts[i]); size++) {
            char text[200];

            (void)snprintf(text, sizeof text, "%.*s", (int)size, texts[i]);
            pf_hide_secrets(text);
            CHECK(strchr(text, 'S') == NULL && strchr(text, 'C') == NULL);
        }
    }
}

static void errors_have_none(void **state)
{
    char location[1000];
    struct pf_error err;

    (void)state;
    CHECK_INT(pf_fail(&err, PF_IO, "cannot read %s", "https://u:SECRET@h/x?sig=SECRET"), PF_IO);
    CHECK_TEXT(err.message, "cannot read https://u:***@h/x?***");
    pf_remedy(&err, "look at %s", "https://u:SECRET@h/x");
    CHECK_TEXT(err.remedy, "look at https://u:***@h/x");
    memset(location, 'x', sizeof location);
    memcpy(location, "https://u:SECRET@h/", strlen("https://u:SECRET@h/"));
    memcpy(location + 900, "?sig=SECRET", strlen("?sig=SECRET") + 1);
    pf_error_source(&err, location);
    CHECK_HAS(err.source, "https://u:***@h/xxx");
    CHECK(strstr(err.source, "SECRET") == NULL);
    /* of a path the end counts */
    err.source[0] = '\0';
    memset(location, '/', strlen("https://u:SECRET@h/"));
    pf_error_source(&err, location);
    CHECK_HAS(err.source, "x?sig=SECRET");
}

/* What is named after a location has none of its signature. */
static void names_of_outputs_have_none(void **state)
{
    struct pf_context *ctx = pf_context_new();
    struct pf_arena arena;
    struct pf_error err;
    const char *stem;

    (void)state;
    pf_arena_init(&arena, &ctx->memory, SIZE_MAX);
    CHECK_OK(pf_stem("https://h/x.csv.gz?sig=SECRET.csv", &arena, &stem, &err), err);
    CHECK_TEXT(stem, "x");
    CHECK_OK(pf_stem("jdbc:x://u:SECRET@h", &arena, &stem, &err), err);
    CHECK_TEXT(stem, "h");
    CHECK_OK(pf_stem("in/x?y=z.csv", &arena, &stem, &err), err);
    CHECK_TEXT(stem, "x?y=z");
    pf_arena_free(&arena);
    pf_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_hidden),
        cmocka_unit_test(a_cut_text_has_no_beginning_of_one),
        cmocka_unit_test(errors_have_none),
        cmocka_unit_test(names_of_outputs_have_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
