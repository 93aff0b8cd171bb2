/* Encodings: what text in them is taken for, and that its characters arrive. */
#include "support_csv.h"

#include <iconv.h>

enum { ROOM = 4096 };

/* text in the encoding; returns the size. */
static size_t encode(const char *encoding, const char *text, char to[ROOM])
{
    iconv_t conversion = iconv_open(encoding, "UTF-8");
    char *from = (char *)(uintptr_t)text, *end = to;
    size_t left = strlen(text), room = ROOM;

    CHECK(conversion != (iconv_t)-1);
    CHECK(iconv(conversion, &from, &left, &end, &room) != (size_t)-1);
    iconv_close(conversion);
    return ROOM - room;
}

struct found {
    char encoding[64];
    bool bom;
};

static void collect(void *user, const char *name, const char *value, bool number)
{
    struct found *found = user;

    (void)number;
    if (strcmp(name, "encoding") == 0)
        (void)snprintf(found->encoding, sizeof found->encoding, "%s", value);
    else if (strcmp(name, "has_bom") == 0)
        found->bom = strcmp(value, "true") == 0;
}

struct encoding_case {
    const char *encoding; /* for iconv */
    const char *found;
    const char *text;
};

static const struct encoding_case encoding_cases[] = {
    { "UTF-8", "utf-8", "id,name\n1,Zoë\n2,Łódź\n" },
    { "CP1252", "windows-1252", "id,nom,prix\n1,café crème,3 €\n2,garçon – déjà vu,4\n" },
    { "CP1252", "windows-1252", "id,nombre\n1,niño\n2,mañana por la mañana\n3,¿Dónde está?\n" },
    { "CP1252", "windows-1252", "id,Straße\n1,Münchner Straße\n2,Große Allee\n3,Äußere Öde\n" },
    { "ISO-8859-1", "windows-1252", "id,by\n1,Ålborg\n2,Tromsø\n3,Malmö\n" },
    { "ISO-8859-1", "windows-1252", "id,cidade\n1,São Paulo\n2,Brasília\n3,Florianópolis\n" },
    { "CP1252", "windows-1252", "a,b\n1,caf\xC3\xA9\n" },
    { "CP1250", "windows-1250", "id,miasto\n1,Łódź\n2,Gdańsk\n3,Częstochowa\n4,Wrocław, żółć gęślą jaźń\n" },
    { "CP1250", "windows-1250", "id,město\n1,Plzeň\n2,České Budějovice\n3,příliš žluťoučký kůň úpěl ďábelské ódy\n" },
    { "CP1250", "windows-1250", "id,szöveg\n1,árvíztűrő tükörfúrógép\n2,őszi erdő, fűszál\n" },
    { "ISO-8859-2", "iso-8859-2", "id,miasto\n1,Łódź\n2,Gdańsk\n3,Świętochłowice\n4,gęślą jaźń\n" },
    { "ISO-8859-2", "iso-8859-2", "id,město\n1,Plzeň\n2,České Budějovice\n3,příliš žluťoučký kůň\n4,Praha Žižkov\n" },
    { "CP1254", "windows-1254", "id,şehir\n1,İstanbul, güzel bir şehir\n2,Iğdır, ağrı dağı yakın\n" },
    { "ISO-8859-9", "windows-1254", "id,ad\n1,Ayşe Yılmaz\n2,Mehmet Çelik\n3,Fatma Şahin\n" },
    { "CP1252", "windows-1252", "id,nafn\n1,Þórður\n2,Guðrún\n3,Sigurður Ýmir\n" },
    { "CP1251", "windows-1251", "номер,город\n1,Москва\n2,Санкт-Петербург\n3,Нижний Новгород\n" },
    { "KOI8-R", "koi8-r", "номер,город\n1,Москва\n2,Санкт-Петербург\n3,Нижний Новгород\n" },
    { "CP866", "ibm866", "номер,город\n1,Москва\n2,Санкт-Петербург\n3,Нижний Новгород\n" },
    { "CP1253", "windows-1253", "id,πόλη\n1,Αθήνα\n2,Θεσσαλονίκη\n3,Ηράκλειο της Κρήτης\n" },
    { "GB18030", "gb18030", "编号,姓名,城市\n1,李伟,北京市\n2,王芳,上海市\n3,张敏,广州市\n" },
    { "SHIFT_JIS", "shift_jis", "番号,名前\n1,たなか さん\n2,すずきです\n3,カタカナのなまえ\n" },
    { "EUC-JP", "euc-jp", "番号,名前\n1,たなか さん\n2,すずきです\n3,カタカナのなまえ\n" },
    { "EUC-KR", "euc-kr", "번호,이름\n1,김철수\n2,이영희\n3,서울특별시\n" },
    { "BIG5", "big5", "編號,姓名,城市\n1,陳大文,臺北市\n2,林小美,高雄市\n3,黃先生,臺中市\n" },
    { "UTF-16LE", "utf-16le", "id,name\n1,Zoë\n2,Łódź\n" },
    { "UTF-16BE", "utf-16be", "id,name\n1,Zoë\n2,Łódź\n" },
    { "UTF-16LE", "utf-16le", "номер,город\n1,Москва\n2,Санкт-Петербург\n" },
    { "UTF-16LE", "utf-16le", "id;text\n1;\"a\nb\"\n2;😀\n" },
};

/* The rows as UTF-8 gives them. */
static void expect_rows(const char *text, struct csv_run *run)
{
    struct pf_csv_read_options options = { .encoding = "utf-8" };
    struct csv_run plain;

    csv_run_all(&plain, text, strlen(text), &options);
    CHECK_OK(plain.status, plain.err);
    CHECK_TEXT(csv_text(&run->text), csv_text(&plain.text));
    csv_run_free(&plain);
}

static void test_detected(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(encoding_cases); i++) {
        const struct encoding_case *c = &encoding_cases[i];
        struct pf_csv_read_options options = { .block_bytes = 100 };
        struct found found = { "", false };
        char bytes[ROOM];
        size_t size = encode(c->encoding, c->text, bytes);
        struct csv_run run;

        csv_run_all(&run, bytes, size, &options);
        CHECK_OK(run.status, run.err);
        pf_csv_reader.facts(run.state, collect, &found);
        if (strcmp(found.encoding, c->found) != 0)
            fail_msg("'%s' in %s is taken for %s", c->text, c->encoding, found.encoding);
        CHECK(!found.bom);
        expect_rows(c->text, &run);
        csv_run_free(&run);
    }
}

static void test_given(void **state)
{
    static const struct {
        const char *platform, *name, *found;
    } names[] = {
        { "CP1251", "cp1251", "windows-1251" },
        { "ISO-8859-5", "iso-8859-5", "iso-8859-5" },
        { "UTF-16LE", "utf-16le", "utf-16le" },
        { "UTF-16BE", "utf-16be", "utf-16be" },
        { "UTF-16LE", "utf-16", "utf-16le" },
        { "UTF-16BE", "utf-16", "utf-16be" },
        { "UTF-32LE", "utf-32le", "utf-32le" },
        { "UTF-8", "UTF8", "utf-8" },
        { "MACCYRILLIC", "MACCYRILLIC", "MACCYRILLIC" },
    };
    static const char text[] = "номер,город\n1,Москва\n2,Санкт-Петербург\n";

    (void)state;
    for (size_t i = 0; i < PF_COUNT(names); i++) {
        struct pf_csv_read_options options = { .encoding = names[i].name };
        struct found found = { "", false };
        char bytes[ROOM];
        size_t size = encode(names[i].platform, text, bytes);
        struct csv_run run;

        csv_run_all(&run, bytes, size, &options);
        CHECK_OK(run.status, run.err);
        pf_csv_reader.facts(run.state, collect, &found);
        CHECK_TEXT(found.encoding, names[i].found);
        expect_rows(text, &run);
        csv_run_free(&run);
    }
}

static void test_marks(void **state)
{
    static const struct {
        const char *platform, *mark, *found, *given;
        size_t size;
    } marks[] = {
        { "UTF-8", "\xEF\xBB\xBF", "utf-8", NULL, 3 },         { "UTF-8", "\xEF\xBB\xBF", "utf-8", "utf-8", 3 },
        { "UTF-16LE", "\xFF\xFE", "utf-16le", NULL, 2 },       { "UTF-16BE", "\xFE\xFF", "utf-16be", NULL, 2 },
        { "UTF-16LE", "\xFF\xFE", "utf-16le", "utf-16", 2 },   { "UTF-16BE", "\xFE\xFF", "utf-16be", "utf-16", 2 },
        { "UTF-16LE", "\xFF\xFE", "utf-16le", "utf-16le", 2 }, { "UTF-32LE", "\xFF\xFE\0\0", "utf-32le", NULL, 4 },
        { "UTF-32BE", "\0\0\xFE\xFF", "utf-32be", NULL, 4 },
    };
    static const char text[] = "nñ,b\n1,é\n";

    (void)state;
    for (size_t i = 0; i < PF_COUNT(marks); i++) {
        struct pf_csv_read_options options = { .encoding = marks[i].given };
        struct found found = { "", false };
        char bytes[ROOM];
        size_t size = encode(marks[i].platform, text, bytes);
        struct csv_run run;

        memmove(bytes + marks[i].size, bytes, size);
        memcpy(bytes, marks[i].mark, marks[i].size);
        csv_run_all(&run, bytes, size + marks[i].size, &options);
        CHECK_OK(run.status, run.err);
        pf_csv_reader.facts(run.state, collect, &found);
        CHECK_TEXT(found.encoding, marks[i].found);
        CHECK(found.bom);
        expect_rows(text, &run);
        CHECK_OK(pf_source_rewind(run.src, &run.err), run.err);
        csv_run_pass(&run, NULL, 0);
        CHECK_OK(run.status, run.err);
        csv_run_free(&run);
    }
}

/* ---- what is not certain, and what is wrong */

struct doubt_case {
    const char *text;
    const char *found;
    const char *logged; /* NULL = nothing */
};

static const struct doubt_case doubt_cases[] = {
    { "a,b\n1,plain\n", "utf-8", NULL },
    { "a,b\n1,caf\xC3\xA9 \xE2\x82\xAC \xC3\xA8 \xC3\xAA \xC3\xAB \xC3\xA0\n2,dam\xFFged\n", "utf-8", "not valid UTF-8" },
    { "a,b\n1,\xFF\xFE\n", "utf-8", "not valid UTF-8" },
    { "a,b\n1,\x81\n", "utf-8", "not valid UTF-8" },
    { "a,b\n1,dam\xFF\xFFged\n", "windows-1252", "not certain" },
    { "id,v\n1,M\xC3\xBCller\n2,Zo\xC3\xAB\n3,caf\xE9\n", "utf-8", "not valid UTF-8" },
    { "id,v\n1,\xE6\x97\xA5\xE6\x9C\xAC\n2,\xC0\x80\n", "utf-8", "not valid UTF-8" },
    { "a,b\n1,\xA0\xB0\n", "windows-1252", "not certain" },
    /* 山田,東京 in EUC-JP has the shape of EUC-KR; 能力|予定 in Shift-JIS has that of single bytes */
    { "a,b\n\xBB\xB3\xC5\xC4,\xC5\xEC\xB5\xFE\n", "euc-kr", "not certain" },
    { "a|b\n\x94\x5C\x97\xCD|\x97\x5C\x92\xE8\n\x90\x5C\x8D\x9E|\x8F\x5C\x95\xAA\n", "ibm866", "not certain" },
};

static void test_doubts(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(doubt_cases); i++) {
        const struct doubt_case *c = &doubt_cases[i];
        struct pf_csv_read_options options = { 0 };
        struct found found = { "", false };
        struct csv_run run;

        csv_run_open(&run, c->text, strlen(c->text), &options, -1);
        CHECK_OK(run.status, run.err);
        pf_csv_reader.facts(run.state, collect, &found);
        if (strcmp(found.encoding, c->found) != 0)
            fail_msg("case %zu is taken for %s, expected %s", i, found.encoding, c->found);
        if (c->logged != NULL)
            CHECK_HAS(csv_text(&run.log), c->logged);
        else
            CHECK_TEXT(csv_text(&run.log), "");
        csv_run_free(&run);
    }
}

/* Bytes that the head does not show: the middle and the tail do. */
static void test_far_letters(void **state)
{
    enum { LINES = 40000 };
    struct pf_csv_read_options options = { 0 };
    char *text = malloc((size_t)LINES * 32);
    struct found found = { "", false };
    size_t size = 0;
    struct csv_run run;

    (void)state;
    CHECK(text != NULL);
    for (uint32_t i = 0; i < LINES; i++)
        size += (size_t)sprintf(text + size, "%u,%s\n", i, i > LINES / 2 - 100 ? "gar\xE7on d\xE9j\xE0" : "plain");
    csv_run_open(&run, text, size, &options, -1);
    CHECK_OK(run.status, run.err);
    pf_csv_reader.facts(run.state, collect, &found);
    CHECK_TEXT(found.encoding, "windows-1252");
    csv_run_free(&run);
    free(text);
}

static void test_wrong_encoding(void **state)
{
    static const struct {
        const char *encoding, *text;
        size_t size;
        const char *says;
    } cases[] = {
        { "utf-16le", "a\0,\0b\0\n\0001\0,\0\0\xD8\n\0", 16, "" },
        { "shift_jis", "a,b\n1,\x82\n", 8, "" },
        { "utf-16le", "a\0,\0b\0\n\0001", 9, "" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases); i++) {
        struct pf_csv_read_options options = { .encoding = cases[i].encoding };
        struct csv_run run;

        csv_run_all(&run, cases[i].text, cases[i].size, &options);
        CHECK_INT(run.status, PF_BAD_DATA);
        CHECK_HAS(run.err.remedy, "--encoding");
        csv_run_free(&run);
    }
}

/* Places of errors are those in the file, byte order mark included, however it is encoded. */
static void test_places(void **state)
{
    static const struct {
        const char *platform, *mark, *given;
        size_t mark_size;
        int64_t unit; /* bytes of a character; 0 = the place is not known */
    } cases[] = {
        { "UTF-8", "", NULL, 0, 0 },
        { "UTF-8", "\xEF\xBB\xBF", NULL, 3, 0 },
        { "UTF-16LE", "\xFF\xFE", NULL, 2, 2 },
        { "UTF-16BE", "\xFE\xFF", NULL, 2, 2 },
        { "UTF-16LE", "", "utf-16le", 0, 2 },
        { "UTF-32LE", "\xFF\xFE\0\0", NULL, 4, 4 },
        { "ISO-8859-1", "", "latin1", 0, 1 },
        { "CP1252", "", "windows-1252", 0, 1 },
        { "ISO-8859-2", "", "iso-8859-2", 0, 1 },
        { "CP932", "", "cp932", 0, -1 },
    };
    /* quoted values are rewritten in place; enough of them for several blocks */
    static const char row[] = "\"\"\"\xC3\xB6\"\"\",\"a\nb\"\n", plain[] = "\"\"\"z\"\"\",\"a\nb\"\n", bad[] = "1,2,3\n";

    (void)state;
    for (size_t i = 0; i < PF_COUNT(cases) * 2; i++) {
        const bool skips = i % 2 != 0;
        const struct pf_csv_read_options options = {
            .encoding = cases[i / 2].given, .ragged = PF_CSV_RAGGED_FAIL, .block_bytes = 64, .skip_rows = skips
        };
        const char *one = cases[i / 2].unit >= 0 ? row : plain;
        char text[1024] = "", bytes[ROOM];
        int64_t expected;
        struct csv_run run;
        size_t size;

        if (skips)
            strcat(text, "title\n");
        strcat(text, "a,b\n");
        for (int n = 0; n < 20; n++)
            strcat(text, one);
        expected = (int64_t)strlen(text);
        if (cases[i / 2].unit != 0)
            expected = (expected - (one == row ? 20 : 0)) * cases[i / 2].unit;
        expected = cases[i / 2].unit >= 0 ? expected + (int64_t)cases[i / 2].mark_size : -1;
        strcat(text, bad);
        memcpy(bytes, cases[i / 2].mark, cases[i / 2].mark_size);
        size = cases[i / 2].mark_size + encode(cases[i / 2].platform, text, bytes + cases[i / 2].mark_size);
        csv_run_all(&run, bytes, size, &options);
        CHECK_INT(run.status, PF_BAD_DATA);
        CHECK_HAS(run.err.message, "3 fields");
        if (run.err.offset != expected)
            fail_msg("%s: byte %lld, expected %lld", cases[i / 2].platform, (long long)run.err.offset, (long long)expected);
        csv_run_free(&run);
    }
}

/* So are those of bytes that are not of the encoding. */
static void test_places_of_bad_bytes(void **state)
{
    static const char bytes[] = "\xFF\xFE"
                                "a\0,\0b\0\n\0001\0,\0\0\xD8\n\0";
    struct pf_csv_read_options options = { 0 };
    struct csv_run run;

    (void)state;
    csv_run_all(&run, bytes, sizeof bytes - 1, &options);
    CHECK_INT(run.status, PF_BAD_DATA);
    CHECK_INT(run.err.offset, 14);
    CHECK_HAS(run.err.message, "offset 14");
    csv_run_free(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_detected),    cmocka_unit_test(test_given),
        cmocka_unit_test(test_marks),       cmocka_unit_test(test_doubts),
        cmocka_unit_test(test_far_letters), cmocka_unit_test(test_wrong_encoding),
        cmocka_unit_test(test_places),      cmocka_unit_test(test_places_of_bad_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
