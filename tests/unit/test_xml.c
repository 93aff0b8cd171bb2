/* The XML reader: what documents become under each option, whatever the size of the blocks they are cut in; where markup is cut; what is
 * counted; and a whole reading of which each allocation fails in turn. End to end it is tested by tests/python/test_xml.py. */
#include "support_failing.h"

#include <stdlib.h>

#include "formats/xml/xml.h"

/* ---- reading a text */

struct reading {
    struct pf_xml_read_options options;
    char out[8192]; /* a line of names, then a line a row; null is ~ */
    size_t used;
    bool selected; /* the first column alone */
    struct xml_counts counts;
    int64_t rejected;
    char reason[256];
    int warnings;
    int blocks;
    char error[800];
};

static void count_warning(void *user, struct pf_context *ctx, const char *text)
{
    (void)ctx;
    (void)text;
    ++*(int *)user;
}

static void put(struct reading *reading, const void *bytes, size_t size)
{
    if (reading->used + size + 1 >= sizeof reading->out)
        return;
    memcpy(reading->out + reading->used, bytes, size);
    reading->used += size;
    reading->out[reading->used] = '\0';
}

static void put_rows(struct reading *reading, const struct pf_decoded *decoded, uint32_t columns)
{
    for (int64_t row = 0; row < decoded->rows_kept; row++) {
        for (uint32_t i = 0; i < columns; i++) {
            const struct pf_text_column *text = &decoded->text[i];

            put(reading, "|", i != 0);
            if (text->kind[row] == PF_TEXT_NULL)
                put(reading, "~", 1);
            else
                put(reading, text->bytes + text->offset[row], text->size[row]);
        }
        put(reading, "\n", 1);
    }
}

static enum pf_status read_pass(struct reading *reading, struct xml_reader *reader, const struct pf_pass *pass,
                                struct pf_error *err)
{
    struct pf_context *ctx = reader->ctx;
    enum pf_status status = pf_xml_reader.start(reader, pass, err);

    while (status == PF_OK) {
        struct pf_block block = { .offset = -1 };
        struct pf_decoded decoded;
        struct pf_arena arena;

        status = pf_xml_reader.cut(reader, &block, err);
        if (status != PF_OK)
            break;
        reading->blocks++;
        pf_arena_init(&arena, &ctx->memory, SIZE_MAX);
        status = pf_xml_reader.decode(reader, pass, &block, &arena, &decoded, err);
        if (status == PF_OK) {
            CHECK_INT(decoded.rows_read, decoded.rows_kept + decoded.rows_rejected + decoded.rows_left_out);
            put_rows(reading, &decoded, pass->columns != NULL ? pass->column_count : reader->column_count);
            if (decoded.rows_rejected != 0 && reading->rejected == 0)
                (void)snprintf(reading->reason, sizeof reading->reason, "%s", decoded.rejects[0].reason);
            reading->rejected += decoded.rows_rejected;
        }
        pf_free(&ctx->memory, block.bytes);
        pf_arena_free(&arena);
    }
    return status;
}

static enum pf_status read_source(struct reading *reading, struct pf_context *ctx, struct pf_source *src, struct pf_error *err)
{
    static const uint32_t first = 0;
    static const struct pf_pass all = { .column_count = 0 }, selected = { .columns = &first, .column_count = 1 };
    struct xml_reader *reader = calloc(1, sizeof *reader);
    enum pf_status status;
    bool again = true;

    assert_non_null(reader);
    status = pf_xml_reader.open(&pf_xml_reader, reader, ctx, src, &reading->options, err);
    while (status == PF_OK && again) {
        again = false;
        reading->used = 0;
        reading->out[0] = '\0';
        for (uint32_t i = 0; i < reader->column_count; i++) {
            put(reading, "|", i != 0);
            put(reading, reader->names[i], strlen(reader->names[i]));
        }
        put(reading, "\n", 1);
        status = read_pass(reading, reader, reading->selected ? &selected : &all, err);
        if (status == PF_BAD_DATA && pf_xml_reader.again(reader, &again, err) == PF_OK && again)
            status = PF_OK;
    }
    if (status == PF_END) {
        pf_xml_reader.tell(reader);
        reading->counts = reader->counts;
        if (reader->counts.broken == 0)
            CHECK_INT(reader->counts.found, reader->counts.written + reader->counts.outside + reader->counts.left_out);
    }
    pf_xml_reader.close(reader);
    free(reader);
    return status;
}

static enum pf_status read_text(struct reading *reading, const char *text, size_t size)
{
    struct pf_context *ctx = pf_context_make(NULL);
    struct pf_source *src = NULL;
    struct pf_error err;
    enum pf_status status;

    ctx->warn = count_warning;
    ctx->warn_user = &reading->warnings;
    pf_error_clear(&err);
    CHECK_OK(pf_source_memory(ctx, text, size, "t.xml", &src, &err), err);
    status = read_source(reading, ctx, src, &err);
    (void)snprintf(reading->error, sizeof reading->error, "%s; %s", err.message, err.remedy);
    pf_source_close(src);
    CHECK_INT(atomic_load(&ctx->memory.in_use), 0);
    pf_context_release(ctx);
    return status;
}

static struct pf_xml_read_options usual(void)
{
    struct pf_xml_read_options options;

    memset(&options, 0, sizeof options);
    pf_option_defaults(pf_xml_reader.options, &options);
    return options;
}

/* ---- what documents become */

#define ARRAYS "<a><r><x>1</x><y>p</y><y>q</y></r><r><x>2</x></r></a>"
#define NESTED "<a><r><id>1</id><adr t='h'><c>Rome</c><z>9</z></adr></r><r><id>2</id></r></a>"
#define SPACES "<a xmlns:p='u'><r><p:x>1</p:x><x>2</x></r><r><x>3</x></r></a>"

static const struct {
    const char *text, *expected;
    int strategy, arrays, namespaces;
    const char *row_tag, *root_tag;
    bool no_attributes, flatten, blanks;
} documents[] = {
    { .text = ARRAYS, .expected = "a_r_x|a_r_y\n1|p\n1|q\n2|~\n" },
    { .text = ARRAYS, .expected = "a_r_x|a_r_y\n1|p; q\n2|~\n", .arrays = PF_XML_CONCATENATE },
    { .text = ARRAYS, .expected = "a_r_x|a_r_y\n1|[\"p\", \"q\"]\n2|~\n", .arrays = PF_XML_JSON },
    { .text = NESTED, .expected = "a_r_id|a_r_adr@t|a_r_adr_c|a_r_adr_z\n1|h|Rome|9\n2|~|~|~\n" },
    { .text = NESTED, .expected = "id|adr\n1|t=h; c:Rome; z:9\n2|~\n", .strategy = PF_XML_MODERATE },
    { .text = NESTED, .expected = "id|adr@t|adr_c|adr_z\n1|h|Rome|9\n2|~|~|~\n", .strategy = PF_XML_MODERATE, .flatten = true },
    { .text = NESTED, .expected = "a_r_id|a_r_adr_c|a_r_adr_z\n1|Rome|9\n2|~|~\n", .no_attributes = true },
    { .text = SPACES, .expected = "a_r_p:x|a_r_x\n1|2\n~|3\n" },
    { .text = SPACES, .expected = "a_r_x|a_r_x_2\n1|2\n~|3\n", .namespaces = PF_XML_STRIP },
    { .text = SPACES, .expected = "a_r_p_x|a_r_x\n1|2\n~|3\n", .namespaces = PF_XML_PREFIX },
    /* Two repetitions side by side, and one inside of another, which stays with its own. */
    { .text = "<a><r><i><k>1</k><k>2</k><n>u</n></i><i><n>v</n></i><j>z</j></r><r/></a>",
      .expected = "a_r_i_k|a_r_i_n|a_r_j|a_r\n1|u|z|~\n2|u|z|~\n~|v|z|~\n~|~|~|\n" },
    /* Values beside each other in different rows of the same element. */
    { .text = "<a><r><i><p>1</p></i><i><q>2</q></i></r><r><i/></r></a>",
      .expected = "a_r_i_p|a_r_i_q|a_r_i\n1|~|~\n~|2|~\n~|~|\n" },
    /* An empty element around the rows is a value of each of them, also where a block begins behind it. */
    { .text =
          "<a v='1'><h/><r><k>1</k></r><r><k>2</k></r><r><k>3</k></r><t/><?a long enough instruction to be the end of a block?>"
          "<r><k>4</k></r></a>",
      .expected = "a@v|a_h|a_r_k|a_t\n1||1|~\n1||2|~\n1||3|~\n1||4|\n" },
    /* Rows in the text of an entity, which has no place of its own in a block. */
    { .text = "<!DOCTYPE a [<!ENTITY e '<r><x>2</x></r><r><x>3</x></r>'>]><a><r><x>1</x></r>&e;<r><x>4</x></r>&e;<r/></a>",
      .expected = "a_r_x|a_r\n1|~\n2|~\n3|~\n4|~\n2|~\n3|~\n~|\n" },
    /* Around the rows: attributes of all, a heading, and what changes from one group to the next. */
    { .text = "<a v='1'><t>T</t><g n='x'><r><k>1</k></r><r><k>2</k></r></g><g n='y'><r><k>3</k></r><r><k>4</k></r></g></a>",
      .expected = "a@v|a_t|a_g@n|a_g_r_k\n1|T|x|1\n1|T|x|2\n1|T|y|3\n1|T|y|4\n",
      .row_tag = "r" },
    { .text = "<a><r>1</r><b><r>2</r><r>3</r></b></a>", .expected = "a_r|a_b_r\n1|2\n1|3\n", .row_tag = "r", .root_tag = "b" },
    { .text = "<a><b>1</b><c x='2'/><b>3</b></a>", .expected = "a_b|a_c@x\n1|~\n~|2\n3|~\n", .row_tag = "b , c" },
    /* Two repetitions side by side below the root: rows of both. */
    { .text = "<c><b>1</b><a>x</a><b>2</b><a>y</a></c>", .expected = "c_b|c_a\n1|~\n~|x\n2|~\n~|y\n" },
    /* Nothing is repeated: the root is the row. What stands behind rows makes the element around them the row. */
    { .text = "<person id='7'><name>Al</name></person>", .expected = "person@id|person_name\n7|Al\n" },
    { .text = "<o><i>1</i><i>2</i><sum>3</sum></o>", .expected = "o_i|o_sum\n1|3\n2|3\n" },
    /* Texts: beside children, in CDATA, of entities, empty, nil, with blanks. */
    { .text = "<a><r>one<b>B</b>two</r><r> three </r></a>", .expected = "a_r|a_r_b\none two|B\nthree|~\n" },
    { .text = "<!DOCTYPE a [<!ENTITY e \"E&#33;\"><!-- ]> --><?x ]>?>]><a><r>&e;</r><r><![CDATA[<r>&e;</r>]]></r></a>",
      .expected = "a_r\nE!\n<r>&e;</r>\n" },
    { .text = "<a xmlns:xsi='s'><r><x/><y xsi:nil='true'/></r><r><x></x><y>1</y></r></a>",
      .expected = "a_r_x|a_r_y\n|~\n|1\n" },
    { .text = "<a><r> x </r><r>\ty</r></a>", .expected = "a_r\n x \n\ty\n", .blanks = true },
    { .text = "<a><!-- <r>0</r> --><r><?p <r>?><x q='>'>1</x></r><r><x q=\"/>\">2</x></r></a>",
      .expected = "a_r_x|a_r_x@q\n1|>\n2|/>\n" },
    /* A row element inside of a row is part of it. */
    { .text = "<a><r><n>1</n><r><n>2</n></r></r><r><n>3</n></r></a>", .expected = "a_r_n|a_r_r_n\n1|2\n3|~\n" },
    /* Several documents in one file. */
    { .text = "<?xml version='1.0'?><r><x>1</x></r>\n<?xml version='1.0'?>\n<r><x>2</x></r> <!-- end -->\n<r><x>3</x></r>",
      .expected = "r_x\n1\n2\n3\n" },
};

static void set_options(struct reading *reading, size_t i)
{
    reading->options = usual();
    reading->options.strategy = documents[i].strategy;
    reading->options.arrays = documents[i].arrays;
    reading->options.namespaces = documents[i].namespaces;
    reading->options.row_tag = documents[i].row_tag;
    reading->options.root_tag = documents[i].root_tag;
    reading->options.attributes = !documents[i].no_attributes;
    reading->options.flatten_nested = documents[i].flatten;
    reading->options.keep_blanks = documents[i].blanks;
}

static void what_documents_become(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(documents); i++) {
        struct xml_counts counts = { 0 };

        for (size_t bytes = 0; bytes < 80; bytes++) { /* 0 = as usual */
            struct reading reading = { .blocks = 0 };
            enum pf_status status;

            set_options(&reading, i);
            reading.options.block_bytes = bytes;
            status = read_text(&reading, documents[i].text, strlen(documents[i].text));
            if (status != PF_END || strcmp(reading.out, documents[i].expected) != 0)
                fail_msg("document %zu in blocks of %zu: %s\n%s", i, bytes, reading.error, reading.out);
            if (bytes == 0)
                counts = reading.counts;
            if (reading.counts.found != counts.found || reading.counts.outside != counts.outside)
                fail_msg("document %zu in blocks of %zu: %lld values, %lld outside; as one: %lld, %lld", i, bytes,
                         (long long)reading.counts.found, (long long)reading.counts.outside, (long long)counts.found,
                         (long long)counts.outside);
        }
    }
}

/* ---- what is counted */

static void values_without_a_row_are_counted(void **state)
{
    static const char text[] = "<a><b n='1'><x>1</x><x>2</x></b><r>1</r><r>2</r><end>3</end><z k='4'/></a>";

    (void)state;
    for (size_t bytes = 0; bytes < 80; bytes++) {
        struct reading reading = { .options = usual() };

        reading.options.row_tag = "r";
        reading.options.block_bytes = bytes;
        CHECK_INT(read_text(&reading, text, strlen(text)), PF_END);
        CHECK_INT(reading.counts.found, 7);
        CHECK_INT(reading.counts.outside, 3); /* the first x, which the second takes the place of, and what follows the rows */
        CHECK_INT(reading.warnings, 1);
    }
}

static void attributes_left_out_are_counted(void **state)
{
    struct reading reading = { .options = usual() };

    (void)state;
    reading.options.attributes = false;
    CHECK_INT(read_text(&reading, NESTED, strlen(NESTED)), PF_END);
    CHECK_INT(reading.counts.left_out, 1);
}

/* Nothing outside of the document is read; where it is referred to, that is kept as text and told. */
static void external_entities_stay_text(void **state)
{
    static const char text[] = "<!DOCTYPE a SYSTEM 'none.dtd' [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"
                               "<a><r>1 &x;2</r><r>&y;</r></a>";
    struct reading reading = { .options = usual() };

    (void)state;
    CHECK_INT(read_text(&reading, text, strlen(text)), PF_END);
    CHECK_TEXT(reading.out, "a_r\n1 &x;2\n&y;\n");
    CHECK_INT(reading.counts.skipped, 2);
    CHECK_TEXT(reading.counts.entity, "x");
    CHECK_INT(reading.warnings, 1);
}

static void entities_grow_so_far(void **state)
{
    struct reading reading = { .options = usual() };
    char text[4096] = "<!DOCTYPE a [<!ENTITY e0 'aaaaaaaaaa'>";

    (void)state;
    for (int i = 1; i < 9; i++) {
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "<!ENTITY e%d '", i);
        for (int k = 0; k < 10; k++)
            (void)snprintf(text + strlen(text), sizeof text - strlen(text), "&e%d;", i - 1);
        strcat(text, "'>");
    }
    strcat(text, "]><a><r>1</r><r>&e8;</r></a>");
    CHECK_INT(read_text(&reading, text, strlen(text)), PF_LIMIT);
    CHECK_HAS(reading.error, "--max-entities");
}

/* ---- what is refused */

static const struct {
    const char *text, *error;
    enum pf_status status;
} refused[] = {
    { "", "the source is empty", PF_BAD_DATA },
    { " \n ", "the source is empty", PF_BAD_DATA },
    { "<a><b></a>", "(line 1, column 9)", PF_BAD_DATA },
    { "\n\n<a", "not well-formed", PF_BAD_DATA },
    { "<a><r>1</r><r>2</r><deep><deep><deep><deep><deep/></deep></deep></deep></deep></a>", "--max-depth", PF_LIMIT },
    { "<a><r>1</r><r><deep><deep><deep><deep/></deep></deep></deep></r></a>", "--max-depth", PF_LIMIT },
    { "<a><r>1</r><r averylongnameindeed='1'/></a>", "--max-name", PF_LIMIT },
    { "<a><r>1</r><r x='a very long value indeed'/></a>", "--max-attribute", PF_LIMIT },
};

static void what_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_COUNT(refused); i++) {
        struct reading reading = { .options = usual() };
        enum pf_status status;

        reading.options.max_depth = 4;
        reading.options.max_name = 10;
        reading.options.max_attribute = 10;
        status = read_text(&reading, refused[i].text, strlen(refused[i].text));
        if (status != refused[i].status || strstr(reading.error, refused[i].error) == NULL)
            fail_msg("'%s': status %d, %s", refused[i].text, status, reading.error);
    }
}

/* Every prefix of a document: its whole rows are read, and something is said of the rest. */
static void every_prefix(void **state)
{
    static const char text[] = "<a v='1'><r><x>1</x></r><!-- c --><r><x><![CDATA[2]]></x></r><r x='3'/></a>";

    (void)state;
    for (size_t size = 0; size < strlen(text); size++) {
        for (size_t bytes = 0; bytes < 30; bytes += 7) {
            struct reading reading = { .options = usual() };
            enum pf_status status;

            reading.options.block_bytes = bytes;
            reading.options.row_tag = "r";
            status = read_text(&reading, text, size);
            if (status == PF_END && reading.rejected == 0)
                fail_msg("%zu bytes in blocks of %zu are taken for a document", size, bytes);
            if (status != PF_END && status != PF_BAD_DATA && status != PF_NOT_FOUND)
                fail_msg("%zu bytes: status %d, %s", size, status, reading.error);
        }
    }
}

/* What looks like the end of an element to whoever cuts, and is none: the name breaks off within a character. */
static void end_tags_that_are_none(void **state)
{
    static const char text[] = "<a><r><x>1</x></r><r><x>2</x></\xf2><r><x>3</x></r><r><x>4</x></r><s>5</s></a>";

    (void)state;
    for (size_t bytes = 0; bytes < 80; bytes++) {
        struct reading reading = { .options = usual() };

        reading.options.block_bytes = bytes;
        CHECK_INT(read_text(&reading, text, strlen(text)), PF_END);
        CHECK(reading.rejected != 0);
        CHECK_HAS(reading.out, "1");
    }
}

/* ---- scanning */

static void where_markup_ends(void **state)
{
    static const struct {
        const char *text;
        enum xml_kind kind;
        size_t end;
    } rows[] = {
        { "x<a>y", XML_START, 4 },
        { "<a b='>'>", XML_START, 9 },
        { "<a b=\">'\"/>", XML_EMPTY, 11 },
        { "</a >", XML_END, 5 },
        { "<!-- > -- > -->", XML_COMMENT, 15 },
        { "<![CDATA[]]]>", XML_CDATA, 13 },
        { "<?a > ?>", XML_INSTRUCTION, 8 },
        { "<?xml ?>", XML_DECLARATION, 8 },
        { "<?xml-a ?>", XML_INSTRUCTION, 10 },
        { "<!DOCTYPE a>", XML_DOCTYPE, 12 },
        { "<!DOCTYPE a [<!ENTITY b ']>'>]>", XML_DOCTYPE, 31 },
        { "<a b='>", XML_MORE, 0 },
        { "<!-- ", XML_MORE, 0 },
        { "text", XML_MORE, 0 },
        { "<!ELEMENT a>", XML_BAD, 2 },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(rows); i++) {
        struct xml_mark mark;

        xml_scan((const uint8_t *)rows[i].text, strlen(rows[i].text), 0, &mark);
        if (mark.kind != rows[i].kind || mark.end != rows[i].end)
            fail_msg("'%s': kind %d, end %zu", rows[i].text, mark.kind, mark.end);
    }
}

/* ---- what must not be */

/* Counts that do not add up are a fault of the reader: one that is made here. */
static void a_difference_is_told(void **state)
{
    static const struct pf_pass all = { .column_count = 0 };

    (void)state;
    for (int missing = 0; missing < 3; missing++) {
        struct pf_context *ctx = pf_context_make(NULL);
        struct xml_reader *reader = calloc(1, sizeof *reader);
        struct reading reading = { .options = usual() };
        struct pf_source *src;
        struct pf_error err;

        assert_non_null(reader);
        ctx->warn = count_warning;
        ctx->warn_user = &reading.warnings;
        CHECK_OK(pf_source_memory(ctx, ARRAYS, strlen(ARRAYS), "t.xml", &src, &err), err);
        CHECK_OK(pf_xml_reader.open(&pf_xml_reader, reader, ctx, src, &reading.options, &err), err);
        CHECK_INT(read_pass(&reading, reader, &all, &err), PF_END);
        reader->counts.found += missing;
        reader->counts.broken = missing == 2; /* then it is known why */
        pf_xml_reader.tell(reader);
        CHECK_INT(reading.warnings, missing == 1);
        pf_xml_reader.close(reader);
        free(reader);
        pf_source_close(src);
        pf_context_release(ctx);
    }
}

static void options_have_bounds(void **state)
{
    static const struct {
        size_t offset;
        int64_t value;
        const char *option;
    } bounds[] = {
        { offsetof(struct pf_xml_read_options, max_depth), 0, "--max-depth" },
        { offsetof(struct pf_xml_read_options, max_depth), INT32_MAX, "--max-depth" },
        { offsetof(struct pf_xml_read_options, max_name), 0, "--max-name" },
        { offsetof(struct pf_xml_read_options, max_attribute), 0, "--max-attribute" },
        { offsetof(struct pf_xml_read_options, max_entities), 0, "--max-entities" },
    };
    struct pf_context *ctx = pf_context_make(NULL);

    (void)state;
    for (size_t i = 0; i < PF_COUNT(bounds); i++) {
        struct reading reading = { .options = usual() };
        struct pf_error err;

        memcpy((uint8_t *)&reading.options + bounds[i].offset, &bounds[i].value, sizeof bounds[i].value);
        CHECK_INT(pf_xml_reader.check(&reading.options, &ctx->memory, &err), PF_BAD_OPTION);
        CHECK_HAS(err.message, bounds[i].option);
        CHECK_INT(read_text(&reading, ARRAYS, strlen(ARRAYS)), PF_BAD_OPTION);
    }
    pf_context_release(ctx);
}

/* ---- memory */

struct failing {
    const char *text;
    int strategy, arrays, namespaces;
    const char *row_tag, *root_tag;
    bool compat, selected;
    size_t block_bytes;
};

static enum pf_status run_failing(struct pf_context *ctx, void *user, struct pf_error *err)
{
    const struct failing *failing = user;
    struct reading reading = { .options = usual(), .selected = failing->selected };
    struct pf_source *src = NULL;
    enum pf_status status;

    reading.options.strategy = failing->strategy;
    reading.options.arrays = failing->arrays;
    reading.options.namespaces = failing->namespaces;
    reading.options.row_tag = failing->row_tag;
    reading.options.root_tag = failing->root_tag;
    reading.options.compat = failing->compat;
    reading.options.block_bytes = failing->block_bytes;
    status = pf_source_memory(ctx, failing->text, strlen(failing->text), "t.xml", &src, err);
    if (status == PF_OK)
        status = read_source(&reading, ctx, src, err);
    pf_source_close(src);
    return status;
}

#define PREFIXES                                                                                                               \
    "<p:a xmlns:p='http://u/main/' xmlns='http://v/other' p:v='1'><p:r p:k='1'><x p:y='2'>1</x><x>2</x></p:r><p:r/></p:a>"

static void each_allocation_fails(void **state)
{
    static const struct failing runs[] = {
        { "<a v='1'><r><x>1</x><y>2</y><y>3</y></r><r><x>4</x></r></a>", .block_bytes = 24 },
        { "<a v='1'><r><x>1</x><y>2</y><y>3</y></r><r><x>4</x></r></a>", .block_bytes = 24, .arrays = PF_XML_JSON },
        { "<a><r><x>\"\\\t</x><x/></r><r><x xsi:nil='1'>q</x></r></a>", .arrays = PF_XML_JSON },
        { "<a xmlns:i='u'><r><x>\"\\\t</x><x i:nil='true'/></r></a>", .arrays = PF_XML_JSON, .row_tag = "r" },
        { NESTED, .strategy = PF_XML_MODERATE },
        { PREFIXES, .compat = true },
        { PREFIXES, .compat = true, .namespaces = PF_XML_STRIP },
        { PREFIXES, .compat = true, .namespaces = PF_XML_PREFIX },
        { PREFIXES, .namespaces = PF_XML_PREFIX },
        { "<a><b><r><x>1</x></r><s>2</s></b><r/></a>", .row_tag = "r,s", .root_tag = "b", .selected = true },
        { "<a><r>1</r><r><x></y></r></a>", .row_tag = "r" },
        { "<?xml version='1.0' encoding='iso-8859-1'?><a><r>\xe4</r><r>\xf6</r></a>", .block_bytes = 24 },
        { "<!DOCTYPE a [<!ENTITY e '<r><x>2</x></r>'>]><a><h>t</h><![CDATA[c]]><r><x>1</x></r>&e;&f;</a>", .row_tag = "r" },
    };

    (void)state;
    for (size_t i = 0; i < PF_COUNT(runs); i++) {
        struct failing failing = runs[i];

        fail_each_allocation(run_failing, &failing, PF_END);
    }
}

/* So many values, paths, bytes of a row and rows that what holds them has to grow. */
static void each_allocation_for_large_ones_fails(void **state)
{
    char *text = calloc(1, 1 << 16);
    size_t used;

    (void)state;
    assert_non_null(text);
    used = (size_t)sprintf(text, "<a>");
    for (int i = 0; i < 40; i++)
        used += (size_t)sprintf(text + used, "<h%d k='1'>%d</h%d>", i, i, i);
    for (int n = 0; n < 2; n++) {
        used += (size_t)sprintf(text + used, "<r>");
        for (int i = 0; i < 45; i++)
            used += (size_t)sprintf(text + used, "<an_element_%d>%d</an_element_%d><x>1</x>", i, i, i);
        used += (size_t)sprintf(text + used, "</r>");
    }
    (void)sprintf(text + used, "</a>");
    for (int i = 0; i < 3; i++) {
        struct failing failing = { text, .block_bytes = 24, .row_tag = "r", .arrays = i, .compat = i == 2 };

        fail_each_allocation(run_failing, &failing, PF_END);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_documents_become),
        cmocka_unit_test(values_without_a_row_are_counted),
        cmocka_unit_test(attributes_left_out_are_counted),
        cmocka_unit_test(external_entities_stay_text),
        cmocka_unit_test(entities_grow_so_far),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(every_prefix),
        cmocka_unit_test(end_tags_that_are_none),
        cmocka_unit_test(where_markup_ends),
        cmocka_unit_test(a_difference_is_told),
        cmocka_unit_test(options_have_bounds),
        cmocka_unit_test(each_allocation_fails),
        cmocka_unit_test(each_allocation_for_large_ones_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
