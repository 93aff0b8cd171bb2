/* How Spark's reader of XML is called to read what this one reads, and where it would not: what only a look at all bytes shows is gathered
 * block by block, as the blocks are decoded.
 *
 * Spark is given a schema of texts in structs, as deep as the rows are, so that it guesses nothing; each column is one text of it.
 * docs/design/spark.md has the facts that this rests on. */
#include "formats/xml/xml.h"

/* Of xml_survey_markup, above XML_MET_OWN. */
enum {
    MET_DECLARATION = XML_MET_OWN, /* a comment, CDATA or a document type, in which Spark looks for rows as well */
    MET_INSTRUCTION = XML_MET_OWN << 1,
    MET_REFERENCE = XML_MET_OWN << 2, /* other than the five that every document has */
    MET_CR = XML_MET_OWN << 3
};
/* Spark's own prefixes could be those of elements; these can not. */
static const char attribute_prefix[] = "@", text_name[] = "#text";
/* Each step of the schema is looked for among all paths. */
enum { MOST_PATHS = 4096 };

static bool is_usual_reference(const uint8_t *bytes, size_t size)
{
    static const struct xml_name usual[] = { { "amp;", 4 }, { "lt;", 3 }, { "gt;", 3 }, { "quot;", 5 }, { "apos;", 5 } };

    for (size_t i = 0; i < PF_COUNT(usual); i++) {
        if (size >= usual[i].size && memcmp(bytes, usual[i].text, usual[i].size) == 0)
            return true;
    }
    return false;
}

static uint32_t survey_tags(const uint8_t *bytes, size_t size)
{
    static const char declaration[] = "?xml ";
    const uint8_t *at = bytes, *const end = bytes + size;
    uint32_t met = 0;

    while ((at = memchr(at, '<', (size_t)(end - at))) != NULL && ++at < end) {
        if (*at == '!')
            met |= MET_DECLARATION;
        else if (*at == '?' &&
                 ((size_t)(end - at) < sizeof declaration || memcmp(at, declaration, sizeof declaration - 1) != 0))
            met |= MET_INSTRUCTION;
    }
    return met;
}

uint32_t xml_survey_markup(const uint8_t *bytes, size_t size)
{
    const uint8_t *at = bytes, *const end = bytes + size;
    uint32_t met = survey_tags(bytes, size);

    if (memchr(bytes, '\r', size) != NULL)
        met |= MET_CR;
    while ((at = memchr(at, '&', (size_t)(end - at))) != NULL) {
        at++;
        if (!is_usual_reference(at, (size_t)(end - at)))
            met |= MET_REFERENCE;
    }
    return met;
}

/* ---- what Spark is told */

/* What it is called in the schema. */
static bool append_name(struct pf_buffer *to, const struct xml_path *path)
{
    return pf_buffer_printf(to, "`%s%.*s`", path->attribute ? attribute_prefix : "", (int)path->name_size, path->name);
}

/* Spark's names are the same whatever the case of their letters; those of ASCII are compared, as Spark tells of others. */
static bool same_but_case(const struct xml_path *a, const struct xml_path *b)
{
    return a->attribute == b->attribute && pf_same_letters(a->name, b->name);
}

static bool has_inside(const struct xml_tree *tree, uint32_t path, bool attributes)
{
    for (uint32_t i = path + 1; i < tree->count; i++) {
        if (tree->paths[i].parent == path && (attributes || !tree->paths[i].attribute))
            return true;
    }
    return false;
}

/* The row element; 0 = there are several, or one of the same name is none. */
static uint32_t only_row(const struct xml_tree *tree)
{
    uint32_t row = 0;

    for (uint32_t i = 1; i < tree->count; i++) {
        if (tree->paths[i].row && row != 0)
            return 0;
        row = tree->paths[i].row ? i : row;
    }
    for (uint32_t i = 1; i < tree->count && row != 0; i++) {
        if (i != row && same_but_case(&tree->paths[i], &tree->paths[row]))
            return 0;
    }
    return row;
}

static bool is_inside(const struct xml_tree *tree, uint32_t path, uint32_t row)
{
    while (path > row)
        path = tree->paths[path].parent;
    return path == row;
}

static const char *refuse_paths(const struct xml_reader *reader, uint32_t row)
{
    const struct xml_tree *tree = &reader->tree;

    for (uint32_t i = 1; i < tree->count; i++) {
        const struct xml_path *path = &tree->paths[i];

        if (memchr(path->name, ':', path->name_size) != NULL && is_inside(tree, i, row))
            return "names in its rows have prefixes of namespaces";
        if (path->column != XML_NO_COLUMN && !is_inside(tree, i, row))
            return "values stand outside of its rows, which Spark does not read";
        if (path->column != XML_NO_COLUMN && has_inside(tree, i, false))
            return "an element has both text and elements in it";
        for (uint32_t j = i + 1; j < tree->count; j++) {
            if (tree->paths[j].parent == path->parent && same_but_case(path, &tree->paths[j]))
                return "names of elements differ in the case of letters only";
        }
    }
    return NULL;
}

static const char *refuse_options(const struct xml_reader *reader)
{
    const struct pf_xml_read_options *options = reader->options;

    if (options->compat)
        return "--compat 1.0 reads XML by rules of its own";
    if (options->keep_blanks)
        return "blanks around texts are kept, which Spark takes away (--keep-blanks)";
    if (options->strategy == PF_XML_MODERATE && !options->flatten_nested)
        return "what is nested in its rows becomes one text (--flatten-strategy moderate)";
    if (!reader->encoding.utf8 || reader->encoding.bom_size != 0)
        return "it is not UTF-8, or begins with a byte order mark";
    return NULL;
}

static const char *refuse_met(uint32_t met)
{
    if (met & XML_MET_REPEATED)
        return "elements are repeated in a row, and what is repeated becomes several rows, or a list in a text";
    if (met & XML_MET_BLANKS)
        return "an attribute begins or ends with a blank, which Spark takes away";
    if (met & MET_DECLARATION)
        return "it has comments, CDATA or a document type, in which Spark looks for rows as well";
    if (met & MET_INSTRUCTION)
        return "it has processing instructions";
    if (met & MET_REFERENCE)
        return "it has references to characters or entities";
    return met & MET_CR ? "it has CR in it" : NULL;
}

/* The schema of what is in the path, "`a` STRING, `b` STRUCT<...>"; separator: between name and type. */
static bool append_fields(struct pf_buffer *to, const struct xml_tree *tree, uint32_t path, bool outermost)
{
    const char *const colon = outermost ? " " : ": ";
    const size_t begin = to->size;
    bool good = tree->paths[path].column == XML_NO_COLUMN || pf_buffer_printf(to, "`%s`%sSTRING", text_name, colon);

    for (uint32_t i = path + 1; good && i < tree->count; i++) {
        const struct xml_path *inner = &tree->paths[i];

        if (inner->parent != path)
            continue;
        good = (to->size == begin || pf_buffer_append_text(to, ", ")) && append_name(to, inner) &&
               pf_buffer_append_text(to, colon);
        if (good && !has_inside(tree, i, true))
            good = pf_buffer_append_text(to, "STRING");
        else if (good)
            good = pf_buffer_append_text(to, "STRUCT<") && append_fields(to, tree, i, false) && pf_buffer_append_text(to, ">");
    }
    return good;
}

/* The path, from the row on. last: it is the path itself, behind which no step follows. */
static bool append_steps(struct pf_buffer *to, const struct xml_tree *tree, uint32_t path, uint32_t row, bool last)
{
    if (path == row)
        return true;
    return append_steps(to, tree, tree->paths[path].parent, row, false) && append_name(to, &tree->paths[path]) &&
           (last || pf_buffer_append_text(to, "."));
}

/* The text of an element that has attributes, too, is one of a struct. Without text it is null for both, but for an empty row without
 * attributes, which has an empty text here. */
static bool append_text(struct pf_buffer *to, const struct xml_tree *tree, uint32_t path, uint32_t row)
{
    if (path == row && !has_inside(tree, row, true))
        return pf_buffer_printf(to, "coalesce(`%s`, '')", text_name);
    return append_steps(to, tree, path, row, false) && pf_buffer_printf(to, "`%s`", text_name);
}

static bool emit_column(const struct xml_tree *tree, uint32_t path, uint32_t row, struct pf_buffer *text, pf_foreign_fn emit,
                        void *user)
{
    const bool has_struct = path == row || has_inside(tree, path, true);

    pf_buffer_clear(text);
    return (has_struct ? append_text(text, tree, path, row) : append_steps(text, tree, path, row, true)) &&
           emit(user, PF_FOREIGN_COLUMN, NULL, (const char *)text->data, text->size);
}

static bool emit_all(const struct xml_reader *reader, uint32_t row, pf_foreign_fn emit, void *user)
{
    const struct {
        const char *name, *value;
    } options[] = { { "rowTag", reader->tree.paths[row].name },
                    { "attributePrefix", attribute_prefix },
                    { "valueTag", text_name },
                    { "ignoreSurroundingSpaces", "true" },
                    { "ignoreNamespace", "false" },
                    { "multiLine", "true" },
                    { "encoding", "UTF-8" },
                    { "mode", "PERMISSIVE" } };
    const struct xml_tree *tree = &reader->tree;
    struct pf_buffer text;
    bool good = true;

    for (size_t i = 0; good && i < PF_COUNT(options); i++)
        good = emit(user, PF_FOREIGN_OPTION, options[i].name, options[i].value, strlen(options[i].value));
    pf_buffer_init(&text, &reader->ctx->memory, SIZE_MAX);
    good = good && append_fields(&text, tree, row, true) &&
           emit(user, PF_FOREIGN_SCHEMA, NULL, (const char *)text.data, text.size);
    for (uint32_t column = 0; good && column < reader->column_count; column++) {
        for (uint32_t i = row; good && i < tree->count; i++) {
            if (tree->paths[i].column == column)
                good = emit_column(tree, i, row, &text, emit, user);
        }
    }
    pf_buffer_free(&text);
    return good;
}

const char *xml_foreign(const void *state, uint32_t met, pf_foreign_fn emit, void *user)
{
    const struct xml_reader *reader = state;
    const char *why = refuse_options(reader);
    uint32_t row = 0;

    if (why == NULL)
        why = refuse_met(met);
    if (why == NULL && reader->cut.documents > 1)
        why = "it has several documents";
    if (why == NULL && (reader->tree.count > MOST_PATHS || reader->column_count == 0))
        why = "it has too many kinds of elements, or none";
    if (why == NULL && (row = only_row(&reader->tree)) == 0)
        why = "its rows are of several elements, or others are called as they are";
    if (why == NULL)
        why = refuse_paths(reader, row);
    /* memory that ran out in between is told as such by who emits */
    if (why == NULL && !emit_all(reader, row, emit, user))
        (void)emit(user, PF_FOREIGN_FAILED, NULL, "", 0);
    return why;
}
