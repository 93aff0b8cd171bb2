/* How Spark's reader of XML is called to read what this one reads, and where it would not.
 *
 * Spark reads texts under a schema of the paths that there are, in which attributes and the text beside them have names that no element can
 * have. What only a look at all bytes shows is noted as the blocks are walked. docs/design/spark.md has the facts that this rests on. */
#include "formats/xml/xml.h"

/* What is not read by Spark as it is larger. */
enum { MOST_PATHS = 2000, DEEPEST = 40 };
/* Of what each piece begins with. */
enum { LONGEST_PREFIX = 1024 };

/* ---- noting */

static bool has_row_tag(const struct xml_walk *walk, const uint8_t *text, size_t size)
{
    const struct xml_name *row = &walk->row_tag;

    for (size_t at = 0; at < size; at++) {
        const uint8_t *found = memchr(text + at, '<', size - at);

        if (found == NULL)
            return false;
        at = (size_t)(found - text);
        at += at + 1 < size && text[at + 1] == '/';
        if (size - at > row->size && memcmp(text + at + 1, row->text, row->size) == 0)
            return true;
    }
    return false;
}

/* The item whose text it is. */
static const struct xml_item *item_of(const struct xml_walk *walk)
{
    return walk->depth != 0 ? &walk->items[walk->open[walk->depth - 1].item] : NULL;
}

/* Something that is no text, between texts. */
static void note_inside(struct xml_walk *walk)
{
    const struct xml_item *item = walk->in_row ? item_of(walk) : NULL;

    if (item != NULL && walk->tree->paths[item->path].column != XML_NO_COLUMN)
        walk->met |= XML_MET_PIECES;
}

static void XMLCALL on_comment(void *user, const XML_Char *text)
{
    struct xml_walk *walk = user;

    note_inside(walk);
    if (has_row_tag(walk, (const uint8_t *)text, strlen(text)))
        walk->met |= XML_MET_ROW_TAG;
}

static void XMLCALL on_instruction(void *user, const XML_Char *target, const XML_Char *text)
{
    (void)target;
    on_comment(user, text);
}

static void XMLCALL on_cdata(void *user)
{
    struct xml_walk *walk = user;
    const struct xml_item *item = walk->in_row ? item_of(walk) : NULL;

    if (item == NULL || item->text)
        walk->met |= XML_MET_PIECES;
}

static void XMLCALL on_cdata_end(void *user)
{
    ((struct xml_walk *)user)->cdata_ended = true;
}

static void XMLCALL on_doctype(void *user, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    ((struct xml_walk *)user)->met |= XML_MET_DOCTYPE;
}

void xml_note_markup(struct xml_walk *walk)
{
    const struct xml_tree *tree = walk->tree;

    walk->notes = true;
    for (uint32_t i = 1; i < tree->count && walk->row_tag.size == 0; i++) {
        if (tree->paths[i].row)
            walk->row_tag = (struct xml_name){ tree->paths[i].name, tree->paths[i].name_size };
    }
    XML_SetCommentHandler(walk->parser, on_comment);
    XML_SetProcessingInstructionHandler(walk->parser, on_instruction);
    XML_SetCdataSectionHandler(walk->parser, on_cdata, on_cdata_end);
    XML_SetStartDoctypeDeclHandler(walk->parser, on_doctype);
}

void xml_note_value(struct xml_walk *walk, const uint8_t *value, size_t size, bool attribute)
{
    if (!attribute)
        walk->cdata_ended = false;
    else if (walk->in_row && size != 0 && (value[0] <= ' ' || value[size - 1] <= ' '))
        walk->met |= XML_MET_BLANKS;
    if (has_row_tag(walk, value, size))
        walk->met |= XML_MET_ROW_TAG;
}

/* ---- pieces */

/* "</b></a>" for what is open. */
static const char *closing(struct xml_reader *reader, struct pf_buffer *text)
{
    const struct xml_cut *cut = &reader->cut;
    bool good = true;

    for (uint32_t depth = cut->where.depth; good && depth != 0; depth--) {
        struct xml_mark mark;

        xml_scan(cut->prefix.data, cut->prefix.size, cut->stack[depth - 1].mark, &mark);
        good = pf_buffer_printf(text, "</%.*s>", (int)mark.name_size, (const char *)cut->prefix.data + mark.name);
    }
    return good ? pf_arena_copy(&reader->arena, (const char *)text->data, text->size) : NULL;
}

enum pf_status xml_add_piece(struct xml_reader *reader, struct pf_error *err)
{
    struct xml_pieces *pieces = &reader->pieces;
    const struct xml_cut *cut = &reader->cut;
    struct pf_foreign_piece piece = { .offset = cut->offset };
    struct pf_buffer text;

    pieces->none =
        pieces->none || cut->offset < 0 || cut->where.depth == 0 || cut->no_carry || cut->prefix.size > LONGEST_PREFIX;
    if (pieces->none)
        return PF_OK;
    pieces->list = pf_arena_grow(&reader->arena, pieces->list, pieces->count, &pieces->capacity, sizeof *pieces->list);
    pf_buffer_init(&text, &reader->ctx->memory, SIZE_MAX);
    piece.before = pf_arena_copy(&reader->arena, (const char *)cut->prefix.data, cut->prefix.size);
    piece.after = closing(reader, &text);
    pf_buffer_free(&text);
    if (pieces->list == NULL || piece.before == NULL || piece.after == NULL)
        return pf_fail_memory(err, cut->prefix.size);
    pieces->list[pieces->count++] = piece;
    return PF_OK;
}

static bool emit_pieces(const struct xml_reader *reader, pf_foreign_fn emit, void *user)
{
    bool good = emit(user, PF_FOREIGN_CUT, NULL, "", 0);

    for (uint32_t i = 0; good && !reader->pieces.none && i < reader->pieces.count; i++)
        good = emit(user, PF_FOREIGN_PIECE, NULL, (const char *)&reader->pieces.list[i], sizeof reader->pieces.list[i]);
    return good;
}

/* ---- what is refused */

static const char *refuse_options(const struct xml_reader *reader)
{
    const struct pf_xml_read_options *options = reader->options;

    if (options->compat)
        return "--compat 1.0 reads XML by rules of its own";
    if (!reader->encoding.utf8)
        return "it is not UTF-8";
    if (options->keep_blanks)
        return "blanks are kept around values (--keep-blanks)";
    if (!options->attributes)
        return "attributes are left out (--no-preserve-attributes)";
    if (options->strategy == PF_XML_MODERATE && !options->flatten_nested)
        return "what is nested becomes one text (--flatten-strategy moderate)";
    return reader->rule.root.size != 0 ? "rows are looked for within some elements only (--root-tag)" : NULL;
}

static bool is_inside(const struct xml_tree *tree, uint32_t path, uint32_t row)
{
    while (path != 0 && path != row)
        path = tree->paths[path].parent;
    return path == row;
}

/* Paths of the same parent whose names Spark does not tell apart. */
static bool has_twin(const struct xml_tree *tree, uint32_t path)
{
    const struct xml_path *one = &tree->paths[path];

    for (uint32_t i = 1; i < path; i++) {
        const struct xml_path *other = &tree->paths[i];

        if (other->parent == one->parent && other->attribute == one->attribute && pf_same_letters(other->name, one->name))
            return true;
    }
    return false;
}

static const char *refuse_path(const struct xml_tree *tree, uint32_t at, uint32_t row)
{
    const struct xml_path *path = &tree->paths[at], *parent = &tree->paths[path->parent];

    if (at != row && !path->attribute && path->name_size == tree->paths[row].name_size &&
        memcmp(path->name, tree->paths[row].name, path->name_size) == 0)
        return "elements that are no rows are called as the rows are";
    if (!is_inside(tree, at, row))
        return path->column != XML_NO_COLUMN ? "what stands around the rows is in its columns" : NULL;
    if (at == row)
        return path->column != XML_NO_COLUMN ? "rows have text of their own" : NULL;
    if (path->repeated)
        return "an element is there several times in a row";
    if (path->depth > tree->paths[row].depth + DEEPEST)
        return "its elements are nested too deep";
    if (!path->attribute && parent->column != XML_NO_COLUMN)
        return "an element has text in one row and elements in another, or both";
    return has_twin(tree, at) ? "names differ in the case of letters only" : NULL;
}

/* *row: the path of the rows. */
static const char *refuse_paths(const struct xml_reader *reader, uint32_t *row)
{
    const struct xml_tree *tree = &reader->tree;
    const char *why = NULL;

    *row = 0;
    for (uint32_t i = 1; i < tree->count; i++) {
        if (tree->paths[i].row && *row != 0)
            return "its rows are elements of several names or places";
        *row = tree->paths[i].row ? i : *row;
    }
    if (*row == 0)
        return "it has no rows";
    if (tree->count > MOST_PATHS)
        return "it has too many kinds of elements";
    for (uint32_t i = 1; why == NULL && i < tree->count; i++)
        why = refuse_path(tree, i, *row);
    return why;
}

static const char *refuse_met(uint32_t met)
{
    static const struct {
        uint32_t met;
        const char *why;
    } reasons[] = {
        { XML_MET_REPEATED, "an element is there several times in a row" },
        { XML_MET_NAMESPACE, "a row declares a namespace, or has an element that is nil" },
        { XML_MET_BLANKS, "an attribute begins or ends with blanks, which Spark cuts off" },
        { XML_MET_ROW_TAG, "a value or a comment has the tag of a row in it" },
        { XML_MET_PIECES, "a comment, an instruction or a CDATA section stands within a text" },
        { XML_MET_DOCTYPE, "it has a document type" },
        { XML_MET_DOCUMENTS, "it has several documents, of which Spark reads one" },
    };

    for (size_t i = 0; i < PF_COUNT(reasons); i++) {
        if (met & reasons[i].met)
            return reasons[i].why;
    }
    return NULL;
}

/* ---- what Spark is told */

static bool has_columns_below(const struct xml_tree *tree, uint32_t path)
{
    for (uint32_t i = path; i < tree->count; i++) { /* parents come first */
        if (tree->paths[i].column != XML_NO_COLUMN && is_inside(tree, i, path))
            return true;
    }
    return false;
}

static bool has_parts(const struct xml_tree *tree, uint32_t path)
{
    for (uint32_t i = path + 1; i < tree->count; i++) {
        if (tree->paths[i].parent == path && has_columns_below(tree, i))
            return true;
    }
    return false;
}

static bool append_field_name(const struct xml_tree *tree, struct pf_buffer *to, uint32_t path)
{
    return pf_buffer_printf(to, "`%s%s`", tree->paths[path].attribute ? "@" : "", tree->paths[path].name);
}

/* The fields of an element: what is in it, and its text beside that. */
static bool append_fields(const struct xml_tree *tree, struct pf_buffer *to, uint32_t path, const char *between)
{
    const size_t begin = to->size;
    bool good = true;

    if (tree->paths[path].column != XML_NO_COLUMN)
        good = pf_buffer_printf(to, "`#`%sSTRING", between);
    for (uint32_t i = path + 1; good && i < tree->count; i++) {
        if (tree->paths[i].parent != path || !has_columns_below(tree, i))
            continue;
        good = pf_buffer_append_text(to, to->size != begin ? ", " : "") && append_field_name(tree, to, i) &&
               pf_buffer_append_text(to, between);
        if (good && has_parts(tree, i))
            good = pf_buffer_append_text(to, "STRUCT<") && append_fields(tree, to, i, ": ") && pf_buffer_append_text(to, ">");
        else
            good = good && pf_buffer_append_text(to, "STRING");
    }
    return good;
}

/* From the row down. */
static bool append_place(const struct xml_tree *tree, struct pf_buffer *to, uint32_t path, uint32_t row)
{
    const uint32_t parent = tree->paths[path].parent;

    if (parent != row && (!append_place(tree, to, parent, row) || !pf_buffer_append(to, ".", 1)))
        return false;
    return append_field_name(tree, to, path);
}

/* A text beside attributes is null there when it is empty. Without any attribute that is an empty text. */
static bool append_text_beside(const struct xml_tree *tree, struct pf_buffer *to, uint32_t path, uint32_t row)
{
    bool good = pf_buffer_append_text(to, "CASE WHEN ") && append_place(tree, to, path, row) &&
                pf_buffer_append_text(to, " IS NOT NULL AND ") && append_place(tree, to, path, row) &&
                pf_buffer_append_text(to, ".`#` IS NULL");

    for (uint32_t i = path + 1; good && i < tree->count; i++) {
        if (tree->paths[i].parent == path)
            good =
                pf_buffer_append_text(to, " AND ") && append_place(tree, to, i, row) && pf_buffer_append_text(to, " IS NULL");
    }
    return good && pf_buffer_append_text(to, " THEN '' ELSE ") && append_place(tree, to, path, row) &&
           pf_buffer_append_text(to, ".`#` END");
}

static bool emit_columns(const struct xml_reader *reader, uint32_t row, struct pf_buffer *text, pf_foreign_fn emit, void *user)
{
    const struct xml_tree *tree = &reader->tree;
    uint32_t *paths = pf_alloc_zero(&reader->ctx->memory, (size_t)reader->column_count + 1, sizeof *paths);
    bool good = paths != NULL;

    for (uint32_t i = 1; good && i < tree->count; i++) {
        if (tree->paths[i].column != XML_NO_COLUMN)
            paths[tree->paths[i].column] = i;
    }
    for (uint32_t i = 0; good && i < reader->column_count; i++) {
        pf_buffer_clear(text);
        good =
            has_parts(tree, paths[i]) ? append_text_beside(tree, text, paths[i], row) : append_place(tree, text, paths[i], row);
        good = good && pf_buffer_append(text, "", 1) &&
               emit(user, PF_FOREIGN_COLUMN, NULL, (const char *)text->data, text->size - 1);
    }
    pf_free(&reader->ctx->memory, paths);
    return good;
}

static bool emit_all(const struct xml_reader *reader, uint32_t row, struct pf_buffer *text, pf_foreign_fn emit, void *user)
{
    const struct xml_tree *tree = &reader->tree;
    const struct {
        const char *name, *value;
    } options[] = { { "rowTag", tree->paths[row].name },
                    { "attributePrefix", "@" },
                    { "valueTag", "#" },
                    { "wildcardColName", "#any" },
                    { "ignoreSurroundingSpaces", "true" },
                    { "ignoreNamespace", "false" },
                    { "multiLine", "true" },
                    { "nullValue", "\x01pyforge\x01" }, /* which no document can have */
                    { "mode", "FAILFAST" } };

    for (size_t i = 0; i < PF_COUNT(options); i++) {
        if (!emit(user, PF_FOREIGN_OPTION, options[i].name, options[i].value, strlen(options[i].value)))
            return false;
    }
    return append_fields(tree, text, row, " ") && emit(user, PF_FOREIGN_SCHEMA, NULL, (const char *)text->data, text->size) &&
           emit_columns(reader, row, text, emit, user) && emit_pieces(reader, emit, user);
}

const char *xml_foreign(const void *state, uint32_t met, pf_foreign_fn emit, void *user)
{
    const struct xml_reader *reader = state;
    const char *why = refuse_options(reader);
    struct pf_buffer text;
    uint32_t row = 0;

    if (why == NULL)
        why = refuse_paths(reader, &row);
    if (why == NULL)
        why = refuse_met(met);
    if (why != NULL)
        return why;
    pf_buffer_init(&text, &reader->ctx->memory, SIZE_MAX);
    if (!emit_all(reader, row, &text, emit, user))
        why = "there is no memory for its plan";
    pf_buffer_free(&text);
    return why;
}
