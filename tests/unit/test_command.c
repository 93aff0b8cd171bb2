/* The command line inside another program: everything through the host, and nothing left behind. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "pyforge/command.h"
#include "support_unit.h"

enum { MOST_TEXT = 65536, MOST_WORDS = 12 };

struct heard {
    char out[MOST_TEXT], err[MOST_TEXT];
    size_t out_size, err_size;
    int signal_after, asked; /* interrupted at this question; 0 = never */
    bool out_closed;
};

static bool hear(char *to, size_t *used, const char *bytes, size_t size)
{
    assert_true(*used + size < MOST_TEXT);
    memcpy(to + *used, bytes, size);
    *used += size;
    to[*used] = '\0';
    return true;
}

static bool hear_out(void *user, const char *bytes, size_t size)
{
    struct heard *heard = user;

    return !heard->out_closed && hear(heard->out, &heard->out_size, bytes, size);
}

static bool hear_err(void *user, const char *bytes, size_t size)
{
    struct heard *heard = user;

    return hear(heard->err, &heard->err_size, bytes, size);
}

static int interrupt(void *user)
{
    struct heard *heard = user;

    return ++heard->asked == heard->signal_after ? SIGINT : 0;
}

/* The command's words, separated by blanks. */
static int run_words(struct heard *heard, const char *line, struct pf_cli_host host)
{
    char words[400], *list[MOST_WORDS];
    int count = 0;

    assert_true(strlen(line) < sizeof words);
    strcpy(words, line);
    for (char *word = strtok(words, " "); word != NULL && count < MOST_WORDS; word = strtok(NULL, " "))
        list[count++] = word;
    host.user = heard;
    host.write_out = hear_out;
    host.write_err = hear_err;
    heard->out_size = heard->err_size = 0;
    heard->out[0] = heard->err[0] = '\0';
    return pf_cli_main(count, list, &host);
}

static void write_rows(const char *path, int rows)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs("id,text\n", file);
    for (int i = 0; i < rows; i++)
        fprintf(file, "%d,some text of row %d\n", i, i);
    assert_int_equal(fclose(file), 0);
}

static const struct {
    const char *line, *out, *err;
    int code;
} cases[] = {
    { "pyforge --version", "pyforge, version " PF_VERSION "\n", "", 0 },
    { "pyforge", "Usage: pyforge", "", 0 },
    { "pyforge convert --help", "--row-group-size", "", 0 },
    { "pyforge formats --json", "\"name\": \"parquet\"", "", 0 },
    { "pyforge info command-test.csv", "id", "", 0 },
    { "pyforge convert command-test.csv command-test.parquet --force --json", "\"success\": true", "3 rows", 0 },
    { "pyforge convert command-test.csv command-test.parquet", "", "exists", 4 },
    { "pyforge convert no-such.csv", "", "no-such.csv", 2 },
    { "pyforge convrt", "", "did you mean convert?", 2 },
    { "pyforge install", "sample-datasets", "", 0 },
    { "pyforge install mdf-tools --port 1434", "", "not in this version", 4 },
    { "pyforge install mdf-tools --port x", "", "a whole number", 2 },
    { "pyforge mdf-tools stats", "", "there is no command 'mdf-tools stats'", 2 },
};

static void test_output_goes_to_the_host(void **state)
{
    static struct heard heard;

    (void)state;
    write_rows("command-test.csv", 3);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int code = run_words(&heard, cases[i].line, (struct pf_cli_host){ .handles_signals = false });
        if (code != cases[i].code || strstr(heard.out, cases[i].out) == NULL || strstr(heard.err, cases[i].err) == NULL ||
            (cases[i].out[0] == '\0') != (heard.out_size == 0) || (cases[i].err[0] == '\0') != (heard.err_size == 0))
            fail_msg("%s: code %d\nout: %s\nerr: %s", cases[i].line, code, heard.out, heard.err);
    }
    (void)remove("command-test.parquet");
    (void)remove("command-test.csv");
}

/* No handler is installed unless the host allows it, and those that are do not stay. */
static void test_handlers_are_put_back(void **state)
{
    static struct heard heard;
    struct sigaction before, after;

    (void)state;
    write_rows("command-test.csv", 3);
    assert_int_equal(sigaction(SIGINT, NULL, &before), 0);
    for (int allowed = 0; allowed < 2; allowed++) {
        assert_int_equal(
            run_words(&heard, "pyforge info command-test.csv", (struct pf_cli_host){ .handles_signals = allowed == 1 }), 0);
        assert_int_equal(sigaction(SIGINT, NULL, &after), 0);
        assert_ptr_equal(before.sa_handler, after.sa_handler);
    }
    (void)remove("command-test.csv");
}

static void test_the_host_interrupts(void **state)
{
    static struct heard heard;
    FILE *left;

    (void)state;
    write_rows("command-test.csv", 300000);
    heard.signal_after = 2;
    assert_int_equal(run_words(&heard, "pyforge convert command-test.csv command-test.parquet --threads 1",
                               (struct pf_cli_host){ .interrupted = interrupt }),
                     128 + SIGINT);
    assert_non_null(strstr(heard.err, "interrupted"));
    left = fopen("command-test.parquet", "r");
    assert_null(left);
    heard.asked = heard.signal_after = 0;
    assert_int_equal(run_words(&heard, "pyforge convert command-test.csv command-test.parquet --threads 1",
                               (struct pf_cli_host){ .interrupted = interrupt }),
                     0);
    assert_true(heard.asked > 2);
    (void)remove("command-test.parquet");
    (void)remove("command-test.csv");
}

static void test_terminal_and_width(void **state)
{
    static struct heard heard;
    size_t longest = 0;

    (void)state;
    assert_int_equal(run_words(&heard, "pyforge convert --help", (struct pf_cli_host){ .out_width = 70 }), 0);
    for (const char *line = strstr(heard.out, "Arguments"); line != NULL && *line != '\0'; line += strcspn(line, "\n") + 1) {
        if (strcspn(line, "\n") > longest && strncmp(line, "  -", 3) != 0 && strncmp(line, "  pyforge", 9) != 0)
            longest = strcspn(line, "\n");
    }
    assert_in_range(longest, 60, 70);
}

static void test_output_that_is_closed(void **state)
{
    static struct heard heard;

    (void)state;
    heard.out_closed = true;
    assert_int_equal(run_words(&heard, "pyforge --help", (struct pf_cli_host){ .handles_signals = false }), 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output_goes_to_the_host), cmocka_unit_test(test_handlers_are_put_back),
        cmocka_unit_test(test_the_host_interrupts),     cmocka_unit_test(test_terminal_and_width),
        cmocka_unit_test(test_output_that_is_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
