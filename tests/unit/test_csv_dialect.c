/* What is found out about a text: delimiter, quote, escape, comment, header, line ends. */
#include "support_csv.h"

struct facts {
    char text[1024]; /* "name=value;" each */
};

static void collect(void *user, const char *name, const char *value, bool number)
{
    struct facts *facts = user;
    size_t size = strlen(facts->text);

    (void)number;
    (void)snprintf(facts->text + size, sizeof facts->text - size, "%s=%s;", name, value);
}

/* ---- the dialect */

struct dialect_case {
    const char *text;
    const char *facts;  /* all of these, separated by blanks */
    const char *logged; /* NULL = no warning */
};

#define TEN(line) line line line line line line line line line line

static const struct dialect_case dialect_cases[] = {
    { "a,b\n1,2\n3,4\n", "delimiter=,; quote=\"; escape=doubled comment=none; columns=2;", NULL },
    { "a;b\n1,5;2,5\n3,5;4,5\n", "delimiter=;; columns=2;", NULL },
    { "1,5;2,5\n3,5;4,5\n5,5;6,5\n", "delimiter=;; header=false; columns=2;", NULL },
    { "a\tb\nx y\t1,000\nz w\t2,000\n", "delimiter=\\t; columns=2;", NULL },
    { "a|b|c\n1|2|3\n", "delimiter=|; columns=3;", NULL },
    { "x y z\n1 2 3\n4 5 6\n", "delimiter= ; columns=3;", NULL },
    { "full name\nJohn Smith\nJane Doe\nJim Beam\n", "columns=1; header=true;", NULL },
    { "room number\nRoom 101\nRoom 102\n", "columns=1;", NULL },
    { "2024-01-01 10:00:00\n2024-01-02 11:30:00\n2024-01-03 12:45:10\n", "columns=1; header=false;", NULL },
    { "when\n10:00:00\n11:30:00\n12:45:10\n", "columns=1; header=true;", NULL },
    { "at\n2024-01-01T10:00:00+02:00\n2024-01-01T11:00:00+02:00\n", "columns=1;", NULL },
    { "mac\naa:bb:cc:dd:ee:ff\n01:02:03:04:05:06\n11:12:13:14:15:16\n", "columns=1;", NULL },
    { "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nbin:x:2:2:bin:/bin:/usr/sbin/"
      "nologin\n",
      "delimiter=:; columns=7;", NULL },
    { "name\nSmith, John\nDoe, Jane\nMadonna\n", "columns=1;", NULL },
    { "Dear all,\nthis is a letter, as it were.\nIt has no table, not one, in it.\nYours\nme, myself\n", "columns=1;",
      "one column" },
    { "name;age\n\"Smith, John\";25\n\"Doe, Jane\";30\n", "delimiter=;; quote=\"; columns=2;", NULL },
    { "name;age\nSmith, John;25\nDoe, Jane;30\n", "delimiter=;; columns=2;", NULL },
    { "id,text\n1,\"a;b;c\"\n2,\"d;e;f\"\n3,\"g\nh;i\"\n", "delimiter=,; columns=2;", NULL },
    { "'a','b'\n'1','x, y'\n'2','z'\n", "quote='; delimiter=,; columns=2;", NULL },
    { "name,says\nO'Neil,'tis\nD'Arc,'twas\n", "quote=\"; columns=2;", NULL },
    { "a,b\n1,'single'\n2,\"double\"\n", "quote=\"; columns=2;", NULL },
    { "n,t\n1,it's\n2,don't\n3,'quoted'\n", "quote=\"; columns=2;", NULL },
    { "n,t\n1,'open\n2,close'\n3,x\n", "quote=\"; columns=2;", NULL },
    { "n,t\n1,'open\n2,close'\n3,'open\n4,close'\n5,'open\n6,close'\n", "quote=\"; columns=2;", NULL },
    { "n,t\n1,'a'\n2,'b'\n3,'c'\n4,d\n", "quote=\"; columns=2;", NULL },
    { "n,t\n1,'a'\n2,'b'\n3,'c'\n4,'d'\n", "quote='; columns=2;", NULL },
    { "n,t\n1,'a'\n2,'b, c'\n3,'c'\n4,d\n", "quote='; columns=2;", NULL },
    { "n,t\n1,'a'\n2,'b''s'\n3,'c'\n4,d\n", "quote='; columns=2;", NULL },
    { "n,t\n1,'a'\n2,'b, c'\n3,'c'\n4,d's\n", "quote=\"; columns=2;", NULL },
    { "id,path,note\n1,\\\\srv\\share,x\n2,\\\\srv2\\pub,\"he said \\\"hi\\\", ok\"\n3,C:\\dir\\,last\n",
      "escape=\\; columns=3;", NULL },
    { "sep=;\na;b\n1,5;2\n", "delimiter=;; header_line=2; columns=2;", "the first line, 'sep=;', names the delimiter" },
    { "sep=x;b\n1;2\n", "delimiter=;; header_line=1; columns=2;", NULL },
    { "id,text\n1,\"say \\\"hi\\\", ok\"\n2,\"a \\\"b\\\"\"\n", "escape=\\; columns=2;", NULL },
    { "id,text\n1,\"say \"\"hi\"\"\"\n2,\"back\\\\slash\"\n", "escape=doubled columns=2;", NULL },
    { "id,path\n1,\"C:\\dir\\\"\n2,\"D:\\x\\\"\n", "escape=doubled columns=2;", NULL },
    { "# made by hand\n# twice\na,b\n1,2\n", "comment=none; header=true; header_line=3; columns=2;",
      "2 lines of '#' before the first row were left out" },
    { "# made by hand\na,b\n1,2\n# in between\n3,4\n", "comment=#; header_line=2; columns=2;", NULL },
    { "#a,b\n1,2\n3,4\n", "comment=none; header_line=1; columns=2;", NULL },
    { "## version\n#a\tb\n1\t2\n", "comment=none; header_line=2; columns=2;", "1 line of '#' before" },
    { "a,b\n#1,x\n#2,y\n", "comment=none; columns=2;", NULL },
    { "a,b\r\n1,2\r\n", "line_ending=crlf;", NULL },
    { "a,b\r1,2\r", "line_ending=cr;", NULL },
    { "a,b\n1,2\r\n", "line_ending=mixed;", NULL },
    { "a,b\n", "line_ending=lf; columns=2;", NULL },
    { "a,b,c\n1,2\n3\n4,5,6,7\n8,9,10,11,12\n", "delimiter=,;", "warning" },
    { "a,b;c\nx,y;z\np,q;r\n", "columns=2;", "not certain" },
    { "hi there\na,b,c\nx\ny,z,1,2,3\n", "columns=1;", "one column" },
    { "A title\n1,2,3\n4,5,6\n7,8,9\n", "header_line=1; columns=1;", "most rows have 3" },
    { "abc,def,,,\n1,2,3,,,,\n,,,,,,,,\n", "delimiter=,; columns=5;", "not certain" },
    { TEN("a long line of words without any structure\n"), "columns=1;", NULL },
};

static void check_facts(const struct csv_run *run, const char *text, const char *expected)
{
    struct facts facts = { "" };
    char wanted[256];

    pf_csv_reader.facts(run->state, collect, &facts);
    (void)snprintf(wanted, sizeof wanted, "%s", expected);
    for (char *part = strtok(wanted, " "); part != NULL; part = strtok(NULL, " ")) {
        char blank[64];

        /* a value may be a blank itself: "delimiter= ;" */
        if (part[strlen(part) - 1] == '=') {
            (void)snprintf(blank, sizeof blank, "%s ;", part);
            part = strtok(NULL, " ");
            part = blank;
        }
        if (strstr(facts.text, part) == NULL)
            fail_msg("'%s' is found to be %s, expected %s", text, facts.text, part);
    }
}

static void test_dialects(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(dialect_cases); i++) {
        const struct dialect_case *c = &dialect_cases[i];
        struct pf_csv_read_options options = { 0 };
        struct csv_run run;

        csv_run_open(&run, c->text, strlen(c->text), &options, -1);
        CHECK_OK(run.status, run.err);
        check_facts(&run, c->text, c->facts);
        if (c->logged != NULL)
            CHECK_HAS(csv_text(&run.log), c->logged);
        else if (strstr(csv_text(&run.log), "warning") != NULL)
            fail_msg("'%s' gives %s", c->text, csv_text(&run.log));
        csv_run_free(&run);
    }
}

/* The middle and the tail of a long source count as well. */
static void test_delimiter_of_a_long_source(void **state)
{
    size_t size = 0, room = 400000;
    char *text = malloc(room);
    struct pf_csv_read_options options = { 0 };
    struct csv_run run;

    (void)state;
    CHECK(text != NULL);
    while (size < room - 100)
        size += (size_t)sprintf(text + size, "%zu;\"text, with\nlines; and more\";1,5\n", size);
    csv_run_all(&run, text, size, &options);
    CHECK_OK(run.status, run.err);
    check_facts(&run, "long", "delimiter=;; columns=3; header=false;");
    CHECK_TEXT(csv_text(&run.log), "");
    csv_run_free(&run);
    free(text);
}

/* ---- the header */

struct header_case {
    const char *text;
    bool header;
    const char *names;
};

static const struct header_case header_cases[] = {
    { "a,b\n1,2\n", true, "a|b\n" },
    { "a,b\nx,y\n", true, "a|b\n" },
    { "a,b\n", true, "a|b\n" },
    { "name\nJohn\n", true, "name\n" },
    { "1,2\n3,4\n", false, "column_1|column_2\n" },
    { "42\n", false, "column_1\n" },
    { "42", false, "column_1\n" },
    { "2024-01-01,x\n2024-01-02,y\n", false, "column_1|column_2\n" },
    { "true,x\nfalse,y\n", false, "column_1|column_2\n" },
    { "a,2,c\nx,3,y\n", false, "column_1|column_2|column_3\n" },
    { "i,b\n1,true\n2,false\n", true, "i|b\n" },
    { "country,2019,2020,2021\nFrance,1.5,2.5,3\n", true, "country|2019|2020|2021\n" },
    { "2019,2020\n1,2\n", false, "column_1|column_2\n" },
    { "a,2019,2017\nx,1,2\n", false, "column_1|column_2|column_3\n" },
    { "T\nT\nT\nT\n", false, "column_1\n" },
    { "M,x\nF,y\nM,x\nF,x\nM,y\nM,x\nF,y\nM,x\nF,x\nM,y\nM,x\n", false, "column_1|column_2\n" },
    { "aaa,bbb\naaa,ccc\n", true, "aaa|bbb\n" },
    { "x,x\na,b\n", false, "column_1|column_2\n" },
    { "x,x\n1,b\n", true, "x|x_2\n" },
    { ",b\n1,x\n2,y\n", true, "column_1|b\n" },
    { ",b\nx,y\n", false, "column_1|column_2\n" },
    { ",,\n,,\na,b,c\n", false, "column_1|column_2|column_3\n" },
    { "\n\r\n\na,b\n1,2\n", true, "a|b\n" },
    { "\"a\",\"b \"\"c\"\"\"\n1,2\n", true, "a|b \"c\"\n" },
    { "\"1\",\"2\"\n\"3\",\"4\"\n", false, "column_1|column_2\n" },
    { " a , b\n1,2\n", true, "a|b\n" },
    { "a,b,c\n1,2\n", true, "a|b|c\n" },
    { "1,23\n4,5\n6\n7,89\n", false, "column_1|column_2\n" },
    { "1,2\n3,4\n5,6,7\n", false, "column_1|column_2|column_3\n" },
    { "a\\pb,c\n1,2\n", true, "a\\pb|c\n" },
};

static void test_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(header_cases); i++) {
        const struct header_case *c = &header_cases[i];
        struct pf_csv_read_options options = { 0 };
        struct csv_run run;

        csv_run_open(&run, c->text, strlen(c->text), &options, -1);
        CHECK_OK(run.status, run.err);
        check_facts(&run, c->text, c->header ? "header=true;" : "header=false;");
        CHECK_TEXT(csv_text(&run.text), c->names);
        csv_run_free(&run);
    }
}

/* As 1.0.9 decided, and with its names. */
static const struct header_case compat_cases[] = {
    { "a,b\n1,2\n", true, "a|b\n" },
    { "name,x\n1,2\n", true, "name|x\n" },
    { "a,b\n", false, "Column_1|Column_2\n" },
    { "\na,b\n1,2\n", false, "Column_1|Column_2\n" },
    { "1,x\n2,y\n", false, "Column_1|Column_2\n" },
    { "id1,2,3\n2,3,4\n", true, "id1|2|3\n" },
    { "1,2\n3\n", true, "1|2\n" },
    { "a,b,a\n1,2,3\n", true, "a|b|a.1\n" },
    { "'2008-01-01','worlds'\n2008-01-01,worlds\n2008-01-02,worlds\n", false, "Column_1|Column_2\n" },
};

static void test_compat(void **state)
{
    static const char text[] = "a,b\n1, \"x, y\"\n 2,\n\"\",z\n \t \n# no comment,\n3\n";
    struct pf_csv_read_options options = { .compat = true };
    struct csv_run run;

    (void)state;
    for (size_t i = 0; i < PF_COUNT(compat_cases); i++) {
        const struct header_case *c = &compat_cases[i];

        csv_run_open(&run, c->text, strlen(c->text), &options, -1);
        CHECK_OK(run.status, run.err);
        check_facts(&run, c->text, c->header ? "header=true;" : "header=false;");
        CHECK_TEXT(csv_text(&run.text), c->names);
        csv_run_free(&run);
    }
    /* blanks behind a delimiter do not count, nothing is null, lines of blanks are blank */
    csv_run_all(&run, text, sizeof text - 1, &options);
    CHECK_OK(run.status, run.err);
    CHECK_TEXT(csv_text(&run.text), "a|b\n1|\"x, y\"\n2|\"\"\n\"\"|z\n# no comment|\"\"\n3|\"\"\n");
    CHECK_INT(run.left_out, 1);
    csv_run_free(&run);
}

/* ---- what the user says wins */

struct given_case {
    struct pf_csv_read_options options;
    const char *text;
    enum pf_status status;
    const char *rows; /* or what the error says */
};

static const struct given_case given_cases[] = {
    { { .delimiter = "tab" }, "a\tb,c\n1\t2\n", PF_OK, "a|b,c\n1|2\n" },
    { { .delimiter = "\\t" }, "a\tb\n1\t2\n", PF_OK, "a|b\n1|2\n" },
    { { .delimiter = "\\x01" }, "a\001b\n1\0012\n", PF_OK, "a|b\n1|2\n" },
    { { .delimiter = "semicolon" }, "a;b\n1,5;2\n", PF_OK, "a|b\n1,5|2\n" },
    { { .delimiter = "||" }, "a||b\n\"1||x\"||2|3\n", PF_OK, "a|b\n\"1\\p\\px\"|2\\p3\n" },
    { { .delimiter = "aa" }, "\"1\"aa\"2\"\n\"3\"aa\"4\"\n", PF_OK, "column_1|column_2\n\"1\"|\"2\"\n\"3\"|\"4\"\n" },
    { { .delimiter = "\xC2\xA7" },
      "a\xC2\xA7"
      "b\n1\xC2\xA7"
      "2\n",
      PF_OK,
      "a|b\n1|2\n" },
    { { .delimiter = "space" }, "a b\nx y\n", PF_OK, "a|b\nx|y\n" },
    { { .quote = "none" }, "a,b\n\"1,2\n", PF_OK, "a|b\n\"1|2\n" },
    { { .quote = "" }, "a,b\n\"1\",2\n", PF_OK, "a|b\n\"1\"|2\n" },
    { { .quote = "'" }, "a,b\n'1,2',3\n", PF_OK, "a|b\n\"1,2\"|3\n" },
    { { .quote = "," }, "a;b\n,1;2,;3\n", PF_OK, "a|b\n\"1;2\"|3\n" },
    { { .escape = "\\" }, "a,b\n\"x\\\"y\\\\\\n\",2\n", PF_OK, "a|b\n\"x\"y\\\\n\"|2\n" },
    { { .escape = "\\", .quote = "none" }, "a,b\n1\\,5,2\\\n3\n", PF_OK, "a|b\n1,5|2\\n3\n" },
    { { .escape = "\"" }, "a,b\n\"x\"\"y\",2\n", PF_OK, "a|b\n\"x\"y\"|2\n" },
    { { .comment = "#" }, "#x\na,b\n#\"y\n1,2\n#z", PF_OK, "a|b\n1|2\n" },
    { { .comment = "//" }, "// x\na,b\n/1,2\n//3,4\n", PF_OK, "a|b\n/1|2\n" },
    { { .comment = "none" }, "# x\na,b\n1,2\n", PF_OK, "# x\n" },
    { { .header = "no" }, "a,b\n1,2\n", PF_OK, "column_1|column_2\na|b\n1|2\n" },
    { { .header = "yes" }, "1,2\n3,4\n", PF_OK, "1|2\n3|4\n" },
    { { .header = "3" }, "A title\n\"of two lines\na,b\n1,2\n", PF_OK, "a|b\n1|2\n" },
    { { .header = "1-2" }, "a,,b\nx,y,\n1,2,3\n", PF_OK, "a_x|y|b\n1|2|3\n" },
    { { .header = "2-3" }, "title\na,\"b\nc\"\n1,2\n", PF_OK, "a|b\\nc\n1|2\n" },
    { { .header = "2", .skip_rows = 1 }, "x\ny\na,b\n1,2\n", PF_OK, "a|b\n1|2\n" },
    { { .skip_rows = 2 }, "skip\nthis\r\na,b\n1,2\n", PF_OK, "a|b\n1|2\n" },
    { { .skip_rows = 1, .header = "no" }, "\"skip\r1,2\r", PF_OK, "column_1|column_2\n1|2\n" },
    { { .skip_rows = 5 }, "a,b\n1,2\n", PF_BAD_DATA, "nothing is left" },
    { { .skip_rows = -1 }, "a,b\n1,2\n", PF_BAD_OPTION, "skip-rows" },
    { { .header = "5" }, "a,b\n1,2\n", PF_BAD_DATA, "beyond the end" },
    { { .header = "3-2" }, "a,b\n1,2\n", PF_BAD_OPTION, "--header" },
    { { .header = "maybe" }, "a,b\n1,2\n", PF_BAD_OPTION, "--header" },
    { { .delimiter = "" }, "a,b\n1,2\n", PF_BAD_OPTION, "--delimiter" },
    { { .delimiter = "123456789" }, "a,b\n1,2\n", PF_BAD_OPTION, "--delimiter" },
    { { .delimiter = "\n" }, "a,b\n1,2\n", PF_BAD_OPTION, "line end" },
    { { .delimiter = "\"", .quote = "\"" }, "a,b\n1,2\n", PF_BAD_OPTION, "cannot be the same" },
    { { .delimiter = ",", .escape = "," }, "a,b\n1,2\n", PF_BAD_OPTION, "cannot be the same" },
    { { .delimiter = ",", .comment = "," }, "a,b\n1,2\n", PF_BAD_OPTION, "begin alike" },
    { { .quote = "\"", .comment = "\"" }, "a,b\n1,2\n", PF_BAD_OPTION, "begin alike" },
    { { .quote = "ab" }, "a,b\n1,2\n", PF_UNSUPPORTED, "more than one byte" },
    { { .quote = "\xC2" }, "a,b\n1,2\n", PF_BAD_OPTION, "ASCII" },
    { { .encoding = "no-such-encoding" }, "a,b\n1,2\n", PF_BAD_OPTION, "no-such-encoding" },
};

static void test_given(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(given_cases); i++) {
        const struct given_case *c = &given_cases[i];
        struct csv_run run;

        csv_run_all(&run, c->text, strlen(c->text), &c->options);
        if (run.status != c->status)
            fail_msg("'%s' is %d, expected %d: %s", c->text, run.status, c->status, run.err.message);
        if (c->status == PF_OK)
            CHECK_TEXT(csv_text(&run.text), c->rows);
        else
            CHECK_HAS(run.err.message, c->rows);
        csv_run_free(&run);
    }
}

/* ---- probe */

struct probe_case {
    const char *head;
    size_t size; /* 0 = all */
    int least, most;
};

static const struct probe_case probe_cases[] = {
    { "a,b,c\n1,2,3\n4,5,6\n", 0, 60, 85 },
    { "one\ntwo\nthree\n", 0, 5, 20 },
    { "a,b\n\"1\n2\",3\n", 0, 60, 85 },
    { "PAR1\x15\x04", 0, 0, 0 },
    { "PK\x03\x04,,,\n,,,", 0, 0, 0 },
    { "%PDF-1.4\na,b\n", 0, 0, 0 },
    { "\x1F\x8B\x08", 0, 0, 0 },
    { "a\0\1\2\3\4\5\6\7", 9, 0, 0 },
    { "<?xml version='1.0'?>\n<a>1,2</a>\n", 0, 0, 5 },
    { "{\"a\": 1, \"b\": 2}\n", 0, 0, 5 },
    { "a\0,\0b\0\n\0", 8, 60, 85 },
    { "\0a\0;\0b\0\n", 8, 60, 85 },
    { "\xEF\xBB\xBF"
      "a,b\n1,2\n",
      0, 60, 85 },
};

static void test_probe(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(probe_cases); i++) {
        const struct probe_case *c = &probe_cases[i];
        int score = pf_csv_reader.probe(&pf_csv_reader, (const uint8_t *)c->head, c->size != 0 ? c->size : strlen(c->head));

        if (score < c->least || score > c->most)
            fail_msg("case %zu scores %d, expected %d to %d", i, score, c->least, c->most);
    }
    CHECK_INT(pf_csv_reader.probe(&pf_csv_reader, (const uint8_t *)"", 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialects), cmocka_unit_test(test_delimiter_of_a_long_source),
        cmocka_unit_test(test_headers),  cmocka_unit_test(test_compat),
        cmocka_unit_test(test_given),    cmocka_unit_test(test_probe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
