/* The reader of XML as the registry sees it: probe, open, table, start, tell, facts, options. */
#include <stddef.h>
#include <stdio.h>

#include "formats/markup.h"
#include "formats/xml/nested.h"
#include "transform/infer.h"

enum { SAMPLE_BYTES = 1 << 20 };

/* ---- probe */

static int xml_probe(const struct pf_reader *self, const uint8_t *head, size_t size)
{
    char text[PF_MARKUP_HEAD + 1];
    const size_t length = pf_markup_head(head, size, text);

    (void)self;
    if (length == 0 || text[0] != '<' || pf_markup_is_html(text))
        return 0;
    if (strncmp(text, "<?xml", 5) == 0)
        return 90;
    return strstr(text, "</") != NULL || strstr(text, "/>") != NULL ? 85 : 0; /* "<DATE>,<TIME>" begins tables, too */
}

/* ---- open */

/* What can be peeked at, as UTF-8. whole: it is all. */
static enum pf_status read_sample(struct xml_reader *reader, struct pf_buffer *to, bool *whole, struct pf_error *err)
{
    const uint8_t *head;
    size_t got;
    struct pf_decoder *decoder;
    enum pf_status status;

    if (pf_source_peek(reader->src, SAMPLE_BYTES, &head, &got, err) != PF_OK)
        return err->status;
    *whole = got < SAMPLE_BYTES;
    if (reader->options->encoding == NULL) {
        xml_find_encoding(&reader->encoding, head, got);
    } else {
        xml_find_encoding(&reader->encoding, head, got < 4 ? got : 4); /* for the byte order mark */
        (void)snprintf(reader->encoding.name, sizeof reader->encoding.name, "%s", reader->options->encoding);
        reader->encoding.utf8 = pf_encoding_is_utf8(reader->encoding.name);
    }
    head += reader->encoding.bom_size;
    got -= reader->encoding.bom_size;
    if (reader->encoding.utf8)
        return pf_buffer_append(to, head, got) ? PF_OK : pf_fail_memory(err, got);
    if (pf_decoder_new(&decoder, &reader->ctx->memory, reader->encoding.name, err) != PF_OK) {
        if (err->status == PF_BAD_OPTION && reader->options->encoding == NULL) {
            err->remedy[0] = '\0';
            pf_remedy(err, "the document names this encoding; name the one it has with --encoding");
        }
        return err->status;
    }
    status = pf_decoder_feed(decoder, head, got, *whole, to, err);
    pf_decoder_free(decoder);
    if (status != PF_BAD_DATA)
        return status;
    pf_error_clear(err); /* what came before it is the sample; the pass tells it */
    return PF_OK;
}

/* Not for expat, which would take the declared encoding. */
static void blank_declaration(struct pf_buffer *sample)
{
    struct xml_mark mark;

    xml_scan(sample->data, sample->size, 0, &mark);
    if (mark.kind == XML_DECLARATION && xml_all_blank(sample->data, mark.start))
        memset(sample->data + mark.start, ' ', mark.end - mark.start);
}

static enum pf_status fail_rows(const struct xml_reader *reader, struct pf_error *err)
{
    pf_fail(err, PF_NOT_FOUND, "there is no element '%s'%s%s%s in the document", reader->row_name,
            reader->options->root_tag != NULL ? " within '" : "",
            reader->options->root_tag != NULL ? reader->options->root_tag : "", reader->options->root_tag != NULL ? "'" : "");
    pf_remedy(err, reader->runners[0] != '\0' ? "repeated are: %s" : "leave --row-tag out, and the row element is found%s",
              reader->runners);
    return err->status;
}

static enum pf_status look(struct xml_reader *reader, struct pf_error *err)
{
    struct pf_buffer sample;
    bool whole = false;

    pf_buffer_init(&sample, &reader->ctx->memory, SIZE_MAX);
    if (read_sample(reader, &sample, &whole, err) == PF_OK) {
        blank_declaration(&sample);
        if (xml_all_blank(sample.data, sample.size) && whole) {
            pf_fail(err, PF_BAD_DATA, "there is no XML document: the source is empty");
            pf_remedy(err, "look at what made the file");
        } else {
            (void)xml_survey_head(reader, sample.data, sample.size, whole, err);
        }
    }
    pf_buffer_free(&sample);
    if (err->status == PF_OK && !whole && !pf_source_can_rewind(reader->src))
        (void)pf_source_spool(reader->src, err);
    if (err->status == PF_OK && reader->column_count == 0 && !whole) {
        (void)xml_survey_all(reader, err);
        reader->surveyed = true;
    }
    if (err->status == PF_OK && reader->column_count == 0 && reader->rule.tag_count != 0)
        return fail_rows(reader, err);
    return err->status;
}

static enum pf_status check_options(const struct pf_xml_read_options *options, struct pf_error *err)
{
    if (options->max_depth < 1 || options->max_depth > XML_DEEPEST)
        return pf_fail(err, PF_BAD_OPTION, "--max-depth has to be from 1 to %d", XML_DEEPEST);
    if (options->max_name < 1 || options->max_attribute < 1)
        return pf_fail(err, PF_BAD_OPTION, "--max-name and --max-attribute have to be at least 1");
    if (options->max_entities < 1)
        return pf_fail(err, PF_BAD_OPTION, "--max-entities has to be at least 1");
    return xml_nested_check(options, err);
}

static enum pf_status xml_check(const void *options, struct pf_memory *memory, struct pf_error *err)
{
    (void)memory;
    return check_options(options, err);
}

static enum pf_status xml_open(const struct pf_reader *self, void *state, struct pf_context *ctx, struct pf_source *src,
                               const void *options, struct pf_error *err)
{
    struct xml_reader *reader = state;

    (void)self;
    reader->ctx = ctx;
    reader->src = src;
    reader->options = options;
    pf_error_clear(err);
    pf_arena_init(&reader->arena, &ctx->memory, SIZE_MAX);
    reader->opened = true;
    reader->lock = pf_mutex_new();
    if (reader->lock == NULL)
        return pf_fail_memory(err, 64);
    if (check_options(options, err) != PF_OK || xml_tree_init(&reader->tree, &ctx->memory, err) != PF_OK ||
        xml_rule_given(reader, err) != PF_OK || look(reader, err) != PF_OK ||
        (reader->options->nested || reader->options->relational ? xml_nested_survey(reader, err)
                                                                : xml_name_columns(reader, err)) != PF_OK) {
        pf_error_source(err, pf_source_name(src));
        return err->status;
    }
    if (reader->rule.tag_count == 0)
        pf_log(ctx, PF_LOG_INFO, "%s: rows are the elements '%s'%s%s", pf_source_name(src), reader->row_name,
               reader->runners[0] != '\0' ? "; others that are repeated (--row-tag): " : "", reader->runners);
    return PF_OK;
}

static enum pf_status xml_list(void *state, uint32_t index, struct pf_listed *out, struct pf_error *err)
{
    const struct xml_shape *shape = ((const struct xml_reader *)state)->shape;

    (void)err;
    if (index >= shape->table_count)
        return PF_END;
    *out = (struct pf_listed){ .name = shape->tables[index].name };
    return PF_OK;
}

static enum pf_status xml_table(void *state, uint32_t index, struct pf_table *out, struct pf_error *err)
{
    const struct pf_field text = { .type = PF_TYPE_STRING };
    const struct xml_reader *reader = state;

    if (index >= (reader->shape != NULL && reader->shape->table_count != 0 ? reader->shape->table_count : 1))
        return PF_END;
    out->name = "";
    out->rows = -1;
    if (reader->shape != NULL && reader->shape->table_count != 0) {
        out->name = reader->shape->tables[index].name;
        return xml_table_schema(reader, index, &out->schema, err);
    }
    if (reader->shape != NULL)
        return xml_nested_schema(reader, &out->schema, err);
    for (uint32_t i = 0; i < reader->column_count; i++) {
        if (!pf_schema_add(&out->schema, reader->names[i], strlen(reader->names[i]), &text))
            return pf_fail_memory(err, strlen(reader->names[i]));
    }
    return PF_OK;
}

/* ---- a pass */

static enum pf_status xml_start(void *state, const struct pf_pass *pass, struct pf_error *err)
{
    struct xml_reader *reader = state;

    reader->pass = pass;
    reader->counts = (struct xml_counts){ 0 };
    reader->place = NULL;
    reader->pieces.count = 0;
    if (reader->shape != NULL && reader->shape->table_count != 0) {
        reader->first_table = reader->first_table == 0 ? pass->table + 1 : reader->first_table;
        if (pf_source_rewind(reader->src, err) != PF_OK) /* another table was read before */
            return err->status;
    }
    if (pass->columns != NULL && reader->shape == NULL) {
        reader->place = pf_arena_alloc(&reader->arena, ((size_t)reader->column_count + 1) * sizeof *reader->place);
        if (reader->place == NULL)
            return pf_fail_memory(err, reader->column_count * sizeof *reader->place);
        memset(reader->place, 0xFF, ((size_t)reader->column_count + 1) * sizeof *reader->place);
        for (uint32_t i = 0; i < pass->column_count; i++)
            reader->place[pass->columns[i]] = i;
    }
    return xml_cut_begin(reader, err);
}

static enum pf_status xml_cut(void *state, struct pf_block *block, struct pf_error *err)
{
    struct xml_reader *reader = state;
    const enum pf_status status = xml_cut_block(reader, block, err);

    if (status != PF_OK && status != PF_END)
        pf_error_source(err, pf_source_name(reader->src));
    return status;
}

/* A pass met a path that has no column: the whole source is looked at, once. */
static enum pf_status xml_again(void *state, bool *again, struct pf_error *err)
{
    struct xml_reader *reader = state;

    *again = reader->opened && atomic_load(&reader->wider) && !reader->surveyed;
    if (!*again)
        return PF_OK;
    atomic_store(&reader->wider, false);
    reader->surveyed = true;
    pf_error_clear(err);
    if (xml_survey_all(reader, err) != PF_OK || xml_name_columns(reader, err) != PF_OK)
        pf_error_source(err, pf_source_name(reader->src));
    return err->status;
}

static void tell_outside(const struct xml_reader *reader)
{
    const struct xml_counts *counts = &reader->counts;
    char why[80] = "no row follows";

    if (reader->cut.capped)
        (void)snprintf(why, sizeof why, "no row follows, or more than %d KiB are in front of the rows", XML_HEADING_KIB);
    pf_warn(reader->ctx,
            "%lld value%s outside of the rows ('%s') %s not in the output, as %s, such as '%s': name its element with "
            "--row-tag to read it",
            (long long)counts->outside, counts->outside == 1 ? "" : "s", reader->row_name, counts->outside == 1 ? "is" : "are",
            why, reader->tree.paths[counts->outside_path].name);
}

static void xml_tell(void *state)
{
    struct xml_reader *reader = state;
    const struct xml_counts *counts = &reader->counts;
    const int64_t missing = counts->found - counts->written - counts->outside - counts->left_out;

    if (reader->stored != NULL && !xml_tables_add_up(reader) && counts->broken == 0)
        pf_warn(reader->ctx, "the tables do not have each of the %lld values of the document once: please report this",
                (long long)counts->inside);
    if (reader->told)
        return;
    reader->told = reader->stored != NULL;
    if (counts->outside != 0)
        tell_outside(reader);
    if (counts->left_out != 0)
        pf_log(reader->ctx, PF_LOG_INFO, "%lld attributes were left out (--no-preserve-attributes)",
               (long long)counts->left_out);
    if (counts->skipped != 0)
        pf_warn(reader->ctx, "%lld reference%s to entities that are not in the document, such as &%s;, %s kept as text",
                (long long)counts->skipped, counts->skipped == 1 ? "" : "s", counts->entity,
                counts->skipped == 1 ? "is" : "are");
    if (missing != 0 && counts->broken == 0)
        pf_warn(reader->ctx, "%lld of %lld values of the document are not accounted for: please report this",
                (long long)missing, (long long)counts->found);
}

/* ---- facts */

static void number_fact(pf_fact_fn emit, void *user, const char *name, int64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%lld", (long long)number);
    emit(user, name, text, true);
}

static void xml_facts(const void *state, pf_fact_fn emit, void *user)
{
    const struct xml_reader *reader = state;

    emit(user, "encoding", reader->encoding.name, false);
    emit(user, "root_element", reader->root_name, false);
    emit(user, "row_element", reader->row_name, false);
    if (reader->runners[0] != '\0')
        emit(user, "other_repeated_elements", reader->runners, false);
    if (reader->shape != NULL && reader->shape->table_count != 0)
        xml_tables_fact(reader->shape, emit, user);
    number_fact(emit, user, "max_depth", reader->max_depth);
    number_fact(emit, user, "total_elements", reader->element_paths);
    number_fact(emit, user, "array_elements", reader->array_paths);
    number_fact(emit, user, "suggested_columns", reader->column_count);
}

static void xml_close(void *state)
{
    struct xml_reader *reader = state;

    if (!reader->opened)
        return;
    xml_cut_close(reader);
    xml_tree_free(&reader->tree);
    pf_mutex_free(reader->lock);
    pf_arena_free(&reader->arena);
    reader->opened = false;
}

/* ---- descriptor */

#define AT(member) offsetof(struct pf_xml_read_options, member)
#define GROUP      .group = "XML input"

static const struct pf_option xml_options[] = {
    { .name = "row-tag",
      .kind = PF_OPTION_TEXT,
      .unit = "NAME",
      .offset = AT(row_tag),
      GROUP,
      .help = "The element that is a row, or several with commas; without it, the repeated one with most values." },
    { .name = "root-tag",
      .kind = PF_OPTION_TEXT,
      .unit = "NAME",
      .offset = AT(root_tag),
      GROUP,
      .help = "Rows are looked for within elements of this name only." },
    { .name = "flatten-strategy",
      .kind = PF_OPTION_CHOICE,
      .choices = "conservative|moderate|aggressive",
      .initial = "conservative",
      .offset = AT(strategy),
      GROUP,
      .help = "How columns are named: by the whole path, or (moderate) from the row on, with what is nested in a row as one "
              "text." },
    { .name = "array-handling",
      .kind = PF_OPTION_CHOICE,
      .choices = "expand|concatenate|json_string=json-string",
      .initial = "expand",
      .offset = AT(arrays),
      GROUP,
      .help = "What is repeated in a row: as many rows, one text joined with '; ', or a JSON list." },
    { .name = "namespace-handling",
      .aliases = "namespaces",
      .kind = PF_OPTION_CHOICE,
      .choices = "preserve=keep|strip|prefix",
      .initial = "preserve",
      .offset = AT(namespaces),
      GROUP,
      .help = "Prefixes in names of columns: kept (p:a), left out (a), or joined (p_a)." },
    { .name = "preserve-attributes",
      .kind = PF_OPTION_FLAG,
      .initial = "true",
      .offset = AT(attributes),
      GROUP,
      .help = "Attributes are columns, too." },
    { .name = "flatten-nested",
      .kind = PF_OPTION_FLAG,
      .offset = AT(flatten_nested),
      GROUP,
      .help = "With --flatten-strategy moderate: what is nested in a row makes columns, not one text." },
    { .name = "nested",
      .kind = PF_OPTION_FLAG,
      .offset = AT(nested),
      GROUP,
      .help =
          "Lists and structs in place of flattened columns: what is repeated in an element is a list, what has something in "
          "it a struct." },
    { .name = "relational",
      .kind = PF_OPTION_FLAG,
      .offset = AT(relational),
      GROUP,
      .help =
          "A table of the rows, and one for each element that is repeated in another, with keys (_id, _parent_id, _index)." },
    { .name = "keep-blanks",
      .kind = PF_OPTION_FLAG,
      .offset = AT(keep_blanks),
      GROUP,
      .help = "Keep blanks and line ends around the text of elements." },
    { .name = "encoding",
      .kind = PF_OPTION_TEXT,
      .unit = "NAME",
      .offset = AT(encoding),
      GROUP,
      .help = "Of the document, whatever it says itself." },
    { .name = "max-depth",
      .kind = PF_OPTION_INTEGER,
      .initial = "1000",
      .unit = "N",
      .offset = AT(max_depth),
      GROUP,
      .help = "Elements may be nested so deep." },
    { .name = "max-name",
      .kind = PF_OPTION_SIZE,
      .initial = "4K",
      .unit = "BYTES",
      .offset = AT(max_name),
      GROUP,
      .help = "Names of elements and attributes may be so long." },
    { .name = "max-attribute",
      .kind = PF_OPTION_SIZE,
      .initial = "16M",
      .unit = "BYTES",
      .offset = AT(max_attribute),
      GROUP,
      .help = "The value of an attribute may be so long." },
    { .name = "max-entities",
      .kind = PF_OPTION_INTEGER,
      .initial = "100",
      .unit = "TIMES",
      .offset = AT(max_entities),
      GROUP,
      .help = "Entities may make a document grow so many times." },
    { .name = NULL },
};

static const char *const xml_suffixes[] = { "xml", NULL };

/* With --nested and --relational the values have types by the time that they are decoded, and no pass can show another table. */
static const struct pf_reader *xml_as(const void *options)
{
    const struct pf_xml_read_options *xml = options;

    return xml->nested ? &pf_xml_nested_reader : xml->relational ? &pf_xml_relational_reader : &pf_xml_reader;
}

#define COMMON                                                                                                                 \
    .abi = PF_ABI, .name = "xml", .description = "XML documents", .suffixes = xml_suffixes, .options = xml_options,            \
    .state_size = sizeof(struct xml_reader), .option_size = sizeof(struct pf_xml_read_options), .compat_offset = AT(compat),   \
    .probe = xml_probe, .open = xml_open, .table = xml_table, .start = xml_start, .cut = xml_cut, .tell = xml_tell,            \
    .facts = xml_facts, .close = xml_close, .check = xml_check, .as = xml_as

const struct pf_reader pf_xml_reader = { COMMON, .decode = xml_decode, .again = xml_again, .foreign = xml_foreign };
const struct pf_reader pf_xml_nested_reader = { COMMON, .flags = PF_READER_TYPED | PF_READER_NESTED, .texts_offset = AT(texts),
                                                .decode = xml_nested_decode };
const struct pf_reader pf_xml_relational_reader = { COMMON, .flags = PF_READER_TYPED, .texts_offset = AT(texts),
                                                    .list = xml_list, .decode = xml_nested_decode };
