/* The structural scan against a reference that is as simple as can be: random texts, all kernels, all ways to cut. */
#include "support_csv.h"
#include "support_random.h"

#include "base/cpu.h"
#include "formats/csv/csv.h"

enum { MOST = 700, FIELDS = 64 };

/* ---- the reference: a text read byte by byte into records of fields */

struct dialect {
    char delimiter[4];
    int quote, escape;
    char comment;
};

struct reference {
    const struct dialect *dialect;
    const uint8_t *bytes;
    size_t size, at;
    uint8_t value[MOST];
    size_t value_size;
    bool quoted, open;
};

static bool at_delimiter(const struct reference *r, size_t at)
{
    size_t size = strlen(r->dialect->delimiter);

    return at + size <= r->size && memcmp(r->bytes + at, r->dialect->delimiter, size) == 0;
}

static bool at_line_end(const struct reference *r, size_t at)
{
    return at < r->size && (r->bytes[at] == '\n' || r->bytes[at] == '\r');
}

static void keep(struct reference *r)
{
    r->value[r->value_size++] = r->bytes[r->at++];
}

/* An escape at the place: whether what follows loses its meaning, or the escape is kept as text. */
static void take_escape(struct reference *r)
{
    size_t next = r->at + 1;
    bool special = next < r->size && (r->bytes[next] == r->dialect->quote || r->bytes[next] == r->dialect->escape);

    if (!r->open && next < r->size && at_delimiter(r, next)) {
        r->at++;
        for (size_t i = 0; i < strlen(r->dialect->delimiter); i++)
            keep(r);
    } else if (!r->open && at_line_end(r, next)) {
        bool two = r->bytes[next] == '\r' && next + 1 < r->size && r->bytes[next + 1] == '\n';

        r->at++;
        keep(r);
        if (two)
            keep(r);
    } else if (special) {
        r->at++;
        keep(r);
    } else {
        keep(r);
        if (r->at < r->size && r->open)
            keep(r);
    }
}

/* One field; the place is then at its delimiter or line end, or at the end. */
static void take_field(struct reference *r)
{
    r->value_size = 0;
    r->quoted = r->open = r->at < r->size && r->bytes[r->at] == r->dialect->quote;
    r->at += r->quoted;
    while (r->at < r->size) {
        if (!r->open && (at_line_end(r, r->at) || at_delimiter(r, r->at)))
            return;
        if (r->bytes[r->at] == r->dialect->escape) {
            take_escape(r);
        } else if (r->open && r->bytes[r->at] == r->dialect->quote) {
            r->at++;
            if (r->at < r->size && r->bytes[r->at] == r->dialect->quote)
                keep(r);
            else
                r->open = false;
        } else {
            keep(r);
        }
    }
}

struct outcome {
    struct pf_buffer rows; /* as support_csv.h writes them, without names */
    int64_t kept, left_out, rejected;
    bool unclosed;
};

/* Reads all; rows are filled up or judged by columns. */
static void read_reference(const struct dialect *dialect, const uint8_t *bytes, size_t size, uint32_t columns,
                           struct outcome *out)
{
    struct reference r = { .dialect = dialect, .bytes = bytes, .size = size };

    while (r.at < size) {
        size_t start = r.at, row = out->rows.size;
        uint32_t fields = 0;
        bool surplus = false;
        bool comment = dialect->comment != 0 && bytes[r.at] == (uint8_t)dialect->comment;

        if (comment) {
            while (r.at < size && !at_line_end(&r, r.at))
                r.at++;
        } else {
            for (;;) {
                uint8_t kind;

                take_field(&r);
                kind = r.quoted ? PF_TEXT_QUOTED : r.value_size != 0 ? PF_TEXT_PLAIN : PF_TEXT_NULL;
                if (fields < columns)
                    CHECK((fields == 0 || pf_buffer_append_text(&out->rows, "|")) &&
                          csv_put_value(&out->rows, r.value, r.value_size, kind));
                surplus |= fields >= columns && kind != PF_TEXT_NULL;
                fields++;
                if (r.at >= size || at_line_end(&r, r.at))
                    break;
                r.at += strlen(dialect->delimiter);
            }
            if (r.open && r.at >= size) {
                out->unclosed = true;
                return;
            }
        }
        comment |= r.at == start;
        if (r.at < size)
            r.at += bytes[r.at] == '\r' && r.at + 1 < size && bytes[r.at + 1] == '\n' ? 2 : 1;
        if (comment || surplus) {
            out->rows.size = row;
            out->left_out += comment;
            out->rejected += !comment;
            continue;
        }
        for (; fields < columns; fields++)
            CHECK(pf_buffer_append_text(&out->rows, "|~"));
        CHECK(pf_buffer_append_text(&out->rows, "\n"));
        out->kept++;
    }
}

/* ---- the reader against it */

static void make_text(struct random *random, uint8_t *bytes, size_t size)
{
    static const char alphabet[] = "a,\"\r\n\\# ;|b,,\"\"\n\n";
    /* now and then texts in which quotes stand where they should, so that not every word is a special case */
    bool tidy = random_below(random, 3) == 0;

    for (size_t i = 0; i < size; i++) {
        char c = alphabet[random_below(random, sizeof alphabet - 1)];

        if (tidy && c == '"' && i != 0 && bytes[i - 1] != ',' && bytes[i - 1] != '\n' && random_below(random, 4) != 0)
            c = 'x';
        if (tidy && c != ',' && c != '\n' && i != 0 && bytes[i - 1] == '"' && random_below(random, 3) == 0)
            c = ',';
        bytes[i] = (uint8_t)c;
    }
}

static void compare(const struct dialect *dialect, const uint8_t *bytes, size_t size, const struct pf_csv_read_options *options)
{
    struct csv_run run;
    struct outcome expected = { 0 };

    csv_run_all(&run, bytes, size, options);
    pf_buffer_init(&expected.rows, &run.ctx->memory, SIZE_MAX);
    read_reference(dialect, bytes, size, run.table.schema.count != 0 ? run.table.schema.count : 1, &expected);
    if (expected.unclosed) {
        CHECK_INT(run.status, PF_BAD_DATA);
        CHECK_HAS(run.err.message, "not closed");
    } else if (expected.kept + expected.rejected == 0) {
        CHECK_INT(run.status, PF_BAD_DATA); /* nothing but blank lines and comments */
    } else {
        const char *text = csv_text(&run.text);

        CHECK_OK(run.status, run.err);
        CHECK_TEXT(strchr(text, '\n') + 1, csv_text(&expected.rows));
        CHECK_INT(run.kept, expected.kept);
        CHECK_INT(run.rejected, expected.rejected);
        CHECK(run.left_out <= expected.left_out); /* blank lines at the head belong to no row */
        CHECK(options->ragged != PF_CSV_RAGGED_EXTEND || run.rejected == 0);
    }
    pf_buffer_free(&expected.rows);
    csv_run_free(&run);
}

static const struct dialect dialects[] = {
    { ",", '"', -1, 0 },  { ",", '"', '\\', 0 },  { ",", -1, -1, 0 },  { ";", '"', -1, '#' }, { ",", '"', '\\', '#' },
    { "||", '"', -1, 0 }, { ",;", '"', '\\', 0 }, { " ", '"', -1, 0 }, { ",", -1, '\\', 0 },  { "a", '"', -1, 0 },
};

static void set_options(const struct dialect *dialect, struct pf_csv_read_options *options, char texts[4][4])
{
    memset(texts, 0, sizeof(char[4][4]));
    strcpy(texts[0], dialect->delimiter);
    texts[1][0] = (char)(dialect->quote > 0 ? dialect->quote : 0);
    texts[2][0] = (char)(dialect->escape > 0 ? dialect->escape : 0);
    texts[3][0] = dialect->comment;
    *options = (struct pf_csv_read_options){ .delimiter = strcmp(dialect->delimiter, " ") == 0 ? "space" : texts[0],
                                             .quote = texts[1],
                                             .escape = texts[2],
                                             .comment = texts[3],
                                             .header = "no",
                                             .encoding = "utf-8" };
}

static void compare_random(uint64_t seed, uint32_t rounds)
{
    struct random random = { seed };
    uint8_t *bytes = malloc(MOST);

    CHECK(bytes != NULL);
    for (uint32_t i = 0; i < rounds; i++) {
        const struct dialect *dialect = &dialects[random_below(&random, PF_COUNT(dialects))];
        size_t size = 1 + random_below(&random, random_below(&random, 2) != 0 ? 40 : MOST - 1);
        struct pf_csv_read_options options;
        char texts[4][4];
        uint8_t *exact;

        make_text(&random, bytes, size);
        exact = malloc(size); /* so that reading beyond it is seen */
        CHECK(exact != NULL);
        memcpy(exact, bytes, size);
        set_options(dialect, &options, texts);
        options.block_bytes = random_below(&random, 2) != 0 ? 0 : 1 + random_below(&random, 300);
        options.ragged = random_below(&random, 2) != 0 ? PF_CSV_RAGGED_REJECT : PF_CSV_RAGGED_EXTEND;
        compare(dialect, exact, size, &options);
        free(exact);
    }
    free(bytes);
}

static void test_random_texts(void **state)
{
    (void)state;
    compare_random(7, 4000);
}

static void test_random_texts_without_vectors(void **state)
{
    (void)state;
    CHECK_INT(setenv("PYFORGE_CPU", "scalar", 1), 0);
    compare_random(11, 4000);
    CHECK_INT(unsetenv("PYFORGE_CPU"), 0);
}

/* ---- kernels against each other */

enum { LONG = 4096, PADDED = LONG + 64 };

static void index_all(const struct csv_kernel *kernel, const struct csv_dialect *dialect, const uint8_t *bytes, size_t size,
                      size_t strip, struct csv_index *index, uint32_t *room)
{
    *index = (struct csv_index){
        .words.before = 1, .position = room, .record_end = room + PADDED + 64, .inner = room + 2 * (PADDED + 64)
    };
    while (index->at < size) {
        size_t to = (index->at + strip) & ~(size_t)63;

        kernel->index(dialect, index, bytes, to < size ? to : size, size);
    }
}

static bool same_index(const struct csv_index *a, const struct csv_index *b)
{
    return a->position_count == b->position_count && a->record_count == b->record_count && a->inner_count == b->inner_count &&
           memcmp(a->position, b->position, a->position_count * sizeof *a->position) == 0 &&
           memcmp(a->record_end, b->record_end, a->record_count * sizeof *a->record_end) == 0 &&
           memcmp(a->inner, b->inner, a->inner_count * sizeof *a->inner) == 0;
}

static bool same_border(const struct csv_border *a, const struct csv_border *b)
{
    return a->end == b->end && a->rows == b->rows && a->lines == b->lines && a->full == b->full;
}

static const struct csv_kernel *kernels[2];
static uint32_t kernel_count;

static void compare_kernels(struct random *random, uint8_t *bytes, uint32_t *room[2])
{
    struct csv_dialect dialect = { .delimiter = ",", .delimiter_size = 1, .escape = -1 };
    size_t size = 1 + random_below(random, LONG - 1);
    size_t most = random_below(random, 5) != 0 ? INT32_MAX : 1 + random_below(random, 20);
    struct csv_index by_walk, other;

    dialect.quote = random_below(random, 4) != 0 ? '"' : -1;
    make_text(random, bytes, size);
    memset(bytes + size, ',', PADDED - size); /* what lies behind must not matter */
    index_all(&csv_kernel_walk, &dialect, bytes, size, PADDED, &by_walk, room[0]);
    for (uint32_t i = 0; i < kernel_count; i++) {
        struct csv_border walked = { .words.before = 1, .max_rows = (int64_t)most }, found = walked;

        index_all(kernels[i], &dialect, bytes, size, 64 * (1 + random_below(random, 20)), &other, room[1]);
        CHECK(same_index(&by_walk, &other));
        csv_kernel_walk.border(&dialect, &walked, bytes, size, true);
        for (size_t part = random_below(random, 200); part < size && !found.full; part += random_below(random, 200))
            kernels[i]->border(&dialect, &found, bytes, part, false);
        if (!found.full)
            kernels[i]->border(&dialect, &found, bytes, size, true);
        CHECK(same_border(&walked, &found));
        CHECK(walked.full || (walked.state == CSV_QUOTED) == (found.words.inside != 0));
    }
}

static void test_kernels_agree(void **state)
{
    struct random random = { 3 };
    uint8_t *bytes = malloc(PADDED);
    uint32_t *room[2];

    (void)state;
    kernels[kernel_count++] = &csv_kernel_scalar;
#if defined(__x86_64__)
    if ((pf_cpu_features() & PF_CPU_AVX2) != 0)
        kernels[kernel_count++] = &csv_kernel_avx2;
#endif
    for (uint32_t i = 0; i < 2; i++) {
        room[i] = malloc(3 * (size_t)(PADDED + 64) * sizeof *room[i]);
        CHECK(room[i] != NULL);
    }
    CHECK(bytes != NULL);
    for (uint32_t i = 0; i < 3000; i++)
        compare_kernels(&random, bytes, room);
    free(room[0]);
    free(room[1]);
    free(bytes);
}

/* A block may end at any border, and the rows must be the same. */
static void test_every_block_size(void **state)
{
    static const char text[] =
        "id,text\r\n1,\"a\r\nb\"\r\n2,plain\n3,\"say \"\"hi\"\"\"\r4,5\" pipe\r\n\r\n5,\"x,y\"z\n6\n7,,\n"
        "8,\"quite a long text, with a comma\r\nand more lines\n\nthan one\"\r\n9,\"\"\r\n10,end";
    static const char rows[] = "id|text\n1|\"a\\r\\nb\"\n2|plain\n3|\"say \"hi\"\"\n4|5\" pipe\n5|\"x,yz\"\n6|~\n7|~\n"
                               "8|\"quite a long text, with a comma\\r\\nand more lines\\n\\nthan one\"\n9|\"\"\n10|end\n";

    (void)state;
    for (size_t size = 1; size < sizeof text + 64; size++) {
        for (int walk = 0; walk < 2; walk++) {
            struct pf_csv_read_options options = { .block_bytes = size, .comment = walk != 0 ? "~~" : NULL };
            struct csv_run run;

            csv_run_all(&run, text, sizeof text - 1, &options);
            CHECK_OK(run.status, run.err);
            CHECK_TEXT(csv_text(&run.text), rows);
            CHECK_INT(run.left_out, 1);
            CHECK_INT(run.lines, 16);
            csv_run_free(&run);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_texts),
        cmocka_unit_test(test_random_texts_without_vectors),
        cmocka_unit_test(test_kernels_agree),
        cmocka_unit_test(test_every_block_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
