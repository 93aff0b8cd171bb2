/* Conversions of a workbook with several sheets in one process: whatever allocation is refused, all outputs are there or none. */
#include "support_convert.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/zip.h"

#define MAIN               "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define RELS               "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACK               "http://schemas.openxmlformats.org/package/2006"
#define SHEET              "application/vnd.openxmlformats-officedocument.spreadsheetml."
#define NAME(column, text) "<c r=\"" column "1\" t=\"str\"><v>" text "</v></c>"

static void put_part(struct pf_zip_writer *zip, const char *name, const char *text)
{
    struct pf_error err;

    CHECK_OK(pf_zip_writer_begin(zip, name, 1, &err), err);
    CHECK_OK(pf_zip_writer_add(zip, text, strlen(text), &err), err);
    CHECK_OK(pf_zip_writer_end(zip, &err), err);
}

static const struct {
    const char *name, *text;
} parts[] = {
    { "[Content_Types].xml", "<Types xmlns=\"" PACK "/content-types\"><Default Extension=\"rels\" "
                             "ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
                             "<Override PartName=\"/xl/workbook.xml\" ContentType=\"" SHEET "sheet.main+xml\"/>"
                             "<Override PartName=\"/xl/s1.xml\" ContentType=\"" SHEET "worksheet+xml\"/>"
                             "<Override PartName=\"/xl/s2.xml\" ContentType=\"" SHEET "worksheet+xml\"/>"
                             "<Override PartName=\"/xl/s3.xml\" ContentType=\"" SHEET "worksheet+xml\"/></Types>" },
    { "_rels/.rels", "<Relationships xmlns=\"" PACK "/relationships\"><Relationship Id=\"r\" Type=\"" RELS
                     "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>" },
    { "xl/workbook.xml",
      "<workbook xmlns=\"" MAIN "\" xmlns:r=\"" RELS "\"><sheets><sheet name=\"one\" sheetId=\"1\" r:id=\"a\"/>"
      "<sheet name=\"two\" sheetId=\"2\" r:id=\"b\"/><sheet name=\"empty\" sheetId=\"3\" r:id=\"c\"/></sheets></workbook>" },
    { "xl/_rels/workbook.xml.rels", "<Relationships xmlns=\"" PACK "/relationships\"><Relationship Id=\"a\" Type=\"" RELS
                                    "/worksheet\" Target=\"s1.xml\"/><Relationship Id=\"b\" Type=\"" RELS
                                    "/worksheet\" Target=\"s2.xml\"/><Relationship Id=\"c\" Type=\"" RELS
                                    "/worksheet\" Target=\"s3.xml\"/></Relationships>" },
    { "xl/s1.xml", "<worksheet xmlns=\"" MAIN "\"><sheetData><row>" NAME("A", "a")
                       NAME("B", "b") "</row><row><c><v>1</v></c><c><v>2</v></c></row></sheetData></worksheet>" },
    { "xl/s2.xml", "<worksheet xmlns=\"" MAIN "\"><sheetData><row>" NAME("A", "B")
                       NAME("B", "c") "</row><row><c t=\"str\"><v>x</v></c><c><v>2</v></c></row></sheetData></worksheet>" },
    { "xl/s3.xml", "<worksheet xmlns=\"" MAIN "\"><sheetData/></worksheet>" },
};

static void make_book(const struct place *place)
{
    const struct pf_sink_options options = { .replace = false };
    struct pf_context *ctx = pf_context_new();
    struct pf_zip_writer *zip;
    struct pf_sink *sink;
    struct pf_error err;

    CHECK_OK(pf_sink_open(ctx, place->input, &options, &sink, &err), err);
    CHECK_OK(pf_zip_writer_new(ctx, sink, &zip, &err), err);
    for (size_t i = 0; i < PF_COUNT(parts); i++)
        put_part(zip, parts[i].name, parts[i].text);
    CHECK_OK(pf_zip_writer_finish(zip, &err), err);
    pf_zip_writer_free(zip);
    CHECK_OK(pf_sink_commit(sink, &err), err);
    pf_sink_free(sink);
    pf_context_free(ctx);
}

static int begin(void **state)
{
    if (make_place(state, "in.xlsx") != 0)
        return -1;
    make_book(*state);
    return 0;
}

/* Files in a folder, which is then emptied of them; -1 = there is no folder. */
static int take_files(const char *folder, const char *but)
{
    DIR *listing = opendir(folder);
    struct dirent *entry;
    char path[512];
    int count = 0;

    if (listing == NULL)
        return -1;
    while ((entry = readdir(listing)) != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(path, but) != 0 && unlink(path) == 0)
            count++;
    }
    (void)closedir(listing);
    return count;
}

static void fail_every_allocation(struct place *place, const char *output, const struct setting *settings, int outputs)
{
    name_output(place, output);
    for (long n = 0;; n++) {
        struct pf_context *ctx = pf_context_new();
        const bool folder = strchr(output, '.') == NULL;
        struct pf_error err;
        enum pf_status status;
        bool all_granted;
        int made;

        atomic_store(&ctx->memory.fail_at, n);
        status = convert(ctx, place, settings, &err);
        all_granted = atomic_load(&ctx->memory.fail_at) >= 0;
        CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
        pf_context_free(ctx);
        if (status != PF_OK && status != PF_NO_MEMORY)
            fail_msg("allocation %ld refused: %s, %s", n, pf_status_name(status), err.message);
        made = take_files(folder ? place->output : place->folder, place->input);
        CHECK_INT(made, status == PF_OK ? outputs : folder ? -1 : 0);
        if (folder)
            (void)rmdir(place->output);
        if (all_granted) {
            CHECK_OK(status, err);
            CHECK(n > 100);
            return;
        }
    }
}

static void to_a_folder(void **state)
{
    const struct setting settings[] = { { "threads", "1" }, { "sheet-column", NULL }, { NULL, NULL } };

    fail_every_allocation(*state, "out", settings, 2);
}

static void to_one_by_name(void **state)
{
    const struct setting settings[] = {
        { "threads", "1" }, { "combine-by", "name" }, { "sheet-column", NULL }, { NULL, NULL }
    };

    fail_every_allocation(*state, "out.csv", settings, 1);
}

static void to_a_workbook(void **state)
{
    const struct setting settings[] = { { "threads", "1" }, { "tables", "o*,two,/e$/" }, { NULL, NULL } };

    fail_every_allocation(*state, "out.xlsx", settings, 1);
}

/* ---- a commit that fails after another */

struct meanwhile {
    const struct place *place;
    bool new; /* there are no files yet */
    int completed;
};

/* When the second output is complete, and none is seen: a folder takes the place of its file. */
static void take_second(void *user, const struct pf_progress *progress)
{
    struct meanwhile *meanwhile = user;
    char path[256];

    meanwhile->completed += strcmp(progress->step, "writing") == 0;
    if (meanwhile->completed != 2)
        return;
    (void)snprintf(path, sizeof path, "%s/in_two.parquet", meanwhile->place->output);
    CHECK_INT(unlink(path), meanwhile->new ? -1 : 0);
    CHECK_INT(mkdir(path, 0700), 0);
    meanwhile->completed++;
}

static void what_was_replaced_is_told(void **state)
{
    struct place *place = *state;
    const struct setting settings[] = { { "force", NULL }, { NULL, NULL } };
    struct meanwhile meanwhile = { .place = place };
    struct pf_context *ctx = pf_context_new();
    struct pf_error err;

    name_output(place, "out");
    CHECK_OK(convert(ctx, place, settings, &err), err);
    pf_context_on_progress(ctx, take_second, &meanwhile);
    CHECK(convert(ctx, place, settings, &err) != PF_OK);
    CHECK_INT(meanwhile.completed, 3);
    CHECK_HAS(err.remedy, "1 of 2 outputs were replaced before");
    pf_context_free(ctx);
}

static void what_is_new_is_taken_back(void **state)
{
    struct place *place = *state;
    const struct setting settings[] = { { NULL, NULL } };
    struct meanwhile meanwhile = { .place = place, .new = true };
    struct pf_context *ctx = pf_context_new();
    struct pf_error err;
    char path[256];

    name_output(place, "new");
    pf_context_on_progress(ctx, take_second, &meanwhile);
    CHECK(convert(ctx, place, settings, &err) != PF_OK);
    CHECK_INT(meanwhile.completed, 3);
    (void)snprintf(path, sizeof path, "%s/in_one.parquet", place->output);
    CHECK_INT(access(path, F_OK), -1);
    (void)snprintf(path, sizeof path, "%s/in_two.parquet", place->output);
    CHECK_INT(rmdir(path), 0);
    pf_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(to_a_folder, begin, remove_place),
        cmocka_unit_test_setup_teardown(to_one_by_name, begin, remove_place),
        cmocka_unit_test_setup_teardown(to_a_workbook, begin, remove_place),
        cmocka_unit_test_setup_teardown(what_was_replaced_is_told, begin, remove_place),
        cmocka_unit_test_setup_teardown(what_is_new_is_taken_back, begin, remove_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
