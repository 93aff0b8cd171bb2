/* Cutting: blocks that are whole rows. Each begins with a prefix (document type, start tags of the open elements, and the leaf elements
 * in front of the rows), so that it is the beginning of a well-formed document by itself. */
#include "formats/xml/xml.h"

enum {
    BLOCK_BYTES = 1 << 20,
    SMALLEST_READ = 4096,
    PREFIX_CEILING = XML_HEADING_KIB * 1024,
    BLOCKS_IN_MEMORY = 16,      /* that the memory limit should have room for */
    TEXT_COST = 3,              /* of a byte: values, text columns and typed ones */
    VALUES_PER_BLOCK = 1 << 20, /* short rows of many columns would otherwise make a block without bound */
    VALUE_BYTES = 17            /* offset, size and kind, and a typed value */
};

/* A block in the making. */
struct making {
    struct xml_reader *reader;
    uint8_t *bytes; /* the prefix, then size bytes of the document */
    size_t prefix, size, capacity;
    size_t at;     /* scanned up to here; in the document's bytes, as all places below */
    size_t border; /* where to cut; 0 = not yet */
    size_t in_row; /* depth in a row; 0 = in none */
    size_t row_at; /* where the last row begins */
    int64_t rows, border_rows;
    size_t used;          /* of the prefix that the block has */
    bool final;           /* the source ends with these bytes */
    bool ends;            /* the document does at the border */
    bool broken;          /* what follows is for expat to refuse */
    bool capped;          /* the prefix is full: the block ends here, so that all of the next is not carried */
    bool exhausted;       /* what is there has no whole piece of markup any more */
    size_t border_prefix; /* what the prefix was at the border, */
    struct xml_where border_where;
    struct pf_error *err;
};

static const uint8_t *body(const struct making *making)
{
    return making->bytes + making->prefix;
}

enum pf_status xml_cut_begin(struct xml_reader *reader, struct pf_error *err)
{
    struct xml_cut *cut = &reader->cut;
    const size_t most = reader->ctx->memory.limit / BLOCKS_IN_MEMORY;

    xml_cut_close(reader);
    pf_buffer_init(&cut->prefix, &reader->ctx->memory, SIZE_MAX);
    cut->next_size = reader->options->block_bytes != 0 ? reader->options->block_bytes : BLOCK_BYTES;
    if (cut->next_size > most)
        cut->next_size = most > SMALLEST_READ ? most : SMALLEST_READ;
    cut->block_bytes = cut->next_size;
    cut->offset = reader->encoding.utf8 ? (int64_t)reader->encoding.bom_size : -1;
    return xml_input_open(&cut->input, reader->ctx, reader->src, &reader->encoding, err);
}

void xml_cut_close(struct xml_reader *reader)
{
    struct xml_cut *cut = &reader->cut;

    pf_text_input_close(&cut->input);
    if (cut->prefix.memory != NULL)
        pf_buffer_free(&cut->prefix);
    pf_free(&reader->ctx->memory, cut->stack);
    memset(cut, 0, sizeof *cut);
}

static enum pf_status fail_room(const struct making *making)
{
    return pf_fail_memory(making->err, making->capacity);
}

/* ---- what stands outside of rows */

static enum pf_status keep(struct making *making, size_t from, size_t to)
{
    struct xml_cut *cut = &making->reader->cut;

    return pf_buffer_append(&cut->prefix, body(making) + from, to - from) ? PF_OK : fail_room(making);
}

static enum pf_status push(struct making *making, const struct xml_mark *mark)
{
    struct xml_reader *reader = making->reader;
    struct xml_cut *cut = &reader->cut;
    const uint32_t depth = cut->where.depth - 1; /* it was entered */
    void *stack = cut->stack;

    if (cut->where.depth > reader->options->max_depth) {
        pf_fail(making->err, PF_LIMIT, "elements are nested more than %lld deep", (long long)reader->options->max_depth);
        pf_remedy(making->err, "if the document is what it should be, raise --max-depth");
        return making->err->status;
    }
    if (!xml_room(&reader->ctx->memory, &stack, depth, &cut->stack_capacity, sizeof *cut->stack))
        return fail_room(making);
    cut->stack = stack;
    cut->stack[depth] = (struct xml_ancestor){ .mark = cut->prefix.size };
    return keep(making, mark->start, mark->end);
}

/* The end of an element outside of rows. What rows were in goes away with it, a heading stays. */
static enum pf_status pop(struct making *making, const struct xml_mark *mark)
{
    struct xml_cut *cut = &making->reader->cut;
    const struct xml_ancestor *top;

    if (cut->where.depth == 0) { /* more ends than starts */
        making->broken = true;
        return PF_OK;
    }
    top = &cut->stack[cut->where.depth - 1];
    xml_leave(&making->reader->rule, &cut->where, (const char *)body(making) + mark->name, mark->name_size);
    if (!top->had_rows && !cut->no_carry)
        return keep(making, mark->start, mark->end);
    cut->prefix.size = top->mark;
    if (cut->used > cut->prefix.size)
        cut->used = cut->prefix.size;
    if (cut->where.depth != 0 && top->had_rows)
        cut->stack[cut->where.depth - 1].had_rows = true;
    return PF_OK;
}

static enum pf_status fail_long(const struct making *making)
{
    const struct xml_reader *reader = making->reader;

    pf_fail(making->err, PF_LIMIT, "the row that begins on line %lld is longer than %zu bytes",
            (long long)(reader->cut.line + xml_count_lines(body(making), making->row_at) + 1),
            reader->ctx->limits.record_bytes);
    pf_remedy(making->err, "raise the limit with --max-record, or name a smaller element with --row-tag");
    return making->err->status;
}

static enum pf_status row_done(struct making *making, size_t end)
{
    struct xml_cut *cut = &making->reader->cut;

    if (end - making->row_at > making->reader->ctx->limits.record_bytes)
        return fail_long(making);
    making->rows++;
    if (cut->where.depth != 0)
        cut->stack[cut->where.depth - 1].had_rows = true;
    cut->used = cut->prefix.size;
    return PF_OK;
}

/* Not for expat, which would take the declared encoding; and it may stand in front of no prefix. */
static void blank_out(struct making *making, const struct xml_mark *mark)
{
    uint8_t *bytes = making->bytes + making->prefix;

    for (size_t i = mark->start; i < mark->end; i++)
        bytes[i] = xml_is_blank(bytes[i]) ? bytes[i] : ' ';
}

static enum pf_status begin_element(struct making *making, const struct xml_mark *mark)
{
    struct xml_reader *reader = making->reader;
    struct xml_cut *cut = &reader->cut;
    const char *name = (const char *)body(making) + mark->name;

    cut->in_document = true;
    if (xml_enter(&reader->rule, &cut->where, name, mark->name_size)) {
        making->row_at = mark->start;
        if (mark->kind == XML_EMPTY)
            return row_done(making, mark->end);
        making->in_row = 1;
        return PF_OK;
    }
    if (mark->kind == XML_START)
        return push(making, mark);
    xml_leave(&reader->rule, &cut->where, name, mark->name_size);
    return cut->no_carry ? PF_OK : keep(making, mark->start, mark->end);
}

/* Text in front of the mark, in an element of the prefix. */
static enum pf_status keep_text(struct making *making, size_t from, size_t to)
{
    const struct xml_cut *cut = &making->reader->cut;

    if (cut->no_carry || cut->where.depth == 0 || xml_all_blank(body(making) + from, to - from))
        return PF_OK;
    return keep(making, from, to);
}

static enum pf_status outside(struct making *making, const struct xml_mark *mark)
{
    struct xml_cut *cut = &making->reader->cut;

    if (keep_text(making, making->at, mark->start) != PF_OK)
        return making->err->status;
    switch (mark->kind) {
    case XML_START:
    case XML_EMPTY:
        return begin_element(making, mark);
    case XML_END:
        return pop(making, mark);
    case XML_DECLARATION:
        if (cut->where.depth == 0)
            blank_out(making, mark);
        return PF_OK;
    case XML_DOCTYPE:
        if (cut->where.depth == 0)
            return keep(making, mark->start, mark->end);
        return PF_OK;
    case XML_CDATA:
        return cut->where.depth != 0 && !cut->no_carry ? keep(making, mark->start, mark->end) : PF_OK;
    default:
        return PF_OK;
    }
}

/* A row goes on; it may end. */
static enum pf_status inside(struct making *making, const struct xml_mark *mark)
{
    if (mark->kind == XML_START)
        making->in_row++;
    else if (mark->kind == XML_END && --making->in_row == 0)
        return row_done(making, mark->end);
    return PF_OK;
}

/* A border behind the end of an element, and in no row: all elements that are open have had something in them. */
static void set_border(struct making *making)
{
    struct xml_cut *cut = &making->reader->cut;

    making->border = making->at;
    making->border_rows = making->rows;
    if (cut->prefix.size > PREFIX_CEILING && !cut->no_carry) {
        cut->no_carry = cut->capped = true;
        making->capped = true;
    }
    if (cut->in_document && cut->where.depth == 0) {
        making->ends = true;
        cut->in_document = false;
        cut->no_carry = false;
        pf_buffer_clear(&cut->prefix);
        cut->used = 0;
    }
    making->border_prefix = cut->prefix.size;
    making->border_where = cut->where;
}

/* Scans what is there. */
static enum pf_status scan(struct making *making)
{
    const size_t target = making->reader->cut.next_size;
    const uint32_t columns = making->reader->shape != NULL ? making->reader->cut_columns : making->reader->column_count;
    const int64_t most_rows = 1 + VALUES_PER_BLOCK / ((int64_t)columns + 1);
    struct xml_mark mark;

    making->exhausted = false;
    while (!making->ends && !making->broken && !making->capped) {
        if (making->border != 0 && (making->at >= target || making->border_rows >= most_rows))
            return PF_OK;
        xml_scan(body(making), making->size, making->at, &mark);
        if (mark.kind == XML_MORE) {
            making->exhausted = true;
            return PF_OK;
        }
        if (mark.kind == XML_BAD) {
            making->broken = true;
            return PF_OK;
        }
        if ((making->in_row != 0 ? inside(making, &mark) : outside(making, &mark)) != PF_OK)
            return making->err->status;
        making->at = mark.end;
        if (making->in_row == 0 && (mark.kind == XML_END || mark.kind == XML_EMPTY))
            set_border(making);
    }
    return PF_OK;
}

/* ---- reading */

static enum pf_status grow(struct making *making)
{
    struct xml_reader *reader = making->reader;
    const size_t limit = reader->ctx->limits.record_bytes;
    size_t capacity = making->capacity * 2;
    uint8_t *grown;

    if (making->size > limit)
        return fail_long(making);
    if (capacity > limit + SMALLEST_READ)
        capacity = limit + SMALLEST_READ;
    grown = pf_resize(&reader->ctx->memory, making->bytes, making->prefix + capacity + XML_PAD);
    if (grown == NULL) {
        pf_fail(making->err, PF_NO_MEMORY, "out of memory: there is no room for a row of more than %zu MiB",
                making->size >> 20);
        pf_remedy(making->err, "raise --memory, or name a smaller element with --row-tag");
        return making->err->status;
    }
    making->bytes = grown;
    making->capacity = capacity;
    return PF_OK;
}

static enum pf_status read_block(struct making *making)
{
    struct xml_reader *reader = making->reader;

    for (;;) {
        size_t got, want = making->capacity - making->size;

        if (pf_text_input_read(&reader->cut.input, making->bytes + making->prefix + making->size, want, &got, making->err) !=
            PF_OK)
            return making->err->status;
        making->size += got;
        making->final = got < want;
        if (scan(making) != PF_OK)
            return making->err->status;
        if (making->final || making->broken || making->border != 0)
            return PF_OK;
        if (grow(making) != PF_OK)
            return making->err->status;
    }
}

/* Whether what is left is the end of the source: blanks, comments and instructions behind a document. */
static bool only_misc(const struct making *making)
{
    const struct xml_cut *cut = &making->reader->cut;
    struct xml_mark mark;
    size_t at = 0;

    if (!making->final || cut->in_document || cut->documents == 0)
        return false;
    for (;;) {
        xml_scan(body(making), making->size, at, &mark);
        if (!xml_all_blank(body(making) + at, mark.start - at))
            return false;
        if (mark.kind == XML_MORE)
            return mark.start == making->size;
        if (mark.kind != XML_COMMENT && mark.kind != XML_INSTRUCTION)
            return false;
        at = mark.end;
    }
}

static enum pf_status make_block(struct making *making, struct pf_block *block)
{
    struct xml_reader *reader = making->reader;
    struct xml_cut *cut = &reader->cut;
    const bool rest = making->broken || (making->final && making->exhausted && !making->ends);
    const size_t end = rest ? making->size : making->border;
    int64_t columns = reader->pass != NULL && reader->pass->columns != NULL ? reader->pass->column_count : reader->column_count;

    if (!rest) { /* what was seen behind it is seen again */
        cut->prefix.size = making->border_prefix;
        cut->where = making->border_where;
    }
    if (pf_text_input_unread(&cut->input, body(making) + end, making->size - end, making->err) != PF_OK)
        return making->err->status;
    memset(making->bytes + making->prefix + end, 0, XML_PAD);
    *block = (struct pf_block){ .offset = cut->offset, .bytes = making->bytes, .size = making->prefix + end };
    block->own[XML_OWN_PREFIX] = (uint64_t)making->used << 32 | making->prefix;
    block->own[XML_OWN_LINES] = (uint64_t)xml_count_lines(body(making), end);
    block->own[XML_OWN_ROWS] = (uint64_t)making->border_rows;
    block->own[XML_OWN_FLAGS] |= (making->ends || rest ? XML_BLOCK_ENDS : 0) | (uint64_t)cut->blocks++ << XML_BLOCK_NUMBER;
    block->cost =
        (int64_t)(making->prefix + making->capacity) + (int64_t)end * TEXT_COST + making->border_rows * columns * VALUE_BYTES;
    cut->offset += cut->offset >= 0 ? (int64_t)end : 0;
    cut->line += (int64_t)block->own[XML_OWN_LINES];
    cut->documents += making->ends;
    cut->ended = rest;
    cut->next_size = making->ends ? end * 2 : cut->next_size * 4;
    if (cut->next_size < SMALLEST_READ)
        cut->next_size = SMALLEST_READ;
    if (cut->next_size > cut->block_bytes)
        cut->next_size = cut->block_bytes;
    if (reader->pass != NULL && reader->pass->survey && !rest && !making->ends)
        return xml_add_piece(reader, making->err);
    return PF_OK;
}

/* Nothing but a document that is not there. */
static enum pf_status fail_empty(struct making *making)
{
    pf_fail(making->err, PF_BAD_DATA, "there is no XML document: the source is empty");
    return making->err->status;
}

enum pf_status xml_cut_block(struct xml_reader *reader, struct pf_block *block, struct pf_error *err)
{
    struct xml_cut *cut = &reader->cut;
    struct making making = { .reader = reader, .prefix = cut->prefix.size, .used = cut->used, .err = err };
    const bool no_carry = cut->no_carry;
    enum pf_status status;

    if (cut->ended)
        return PF_END;
    making.capacity = cut->next_size + SMALLEST_READ;
    making.bytes = pf_alloc(&reader->ctx->memory, making.prefix + making.capacity + XML_PAD);
    if (making.bytes == NULL)
        return pf_fail_memory(err, making.capacity);
    if (making.prefix != 0)
        memcpy(making.bytes, cut->prefix.data, making.prefix);
    pf_text_input_mark(&cut->input);
    status = read_block(&making);
    if (status == PF_OK && making.size == 0 && cut->documents == 0 && !cut->in_document)
        status = fail_empty(&making);
    else if (status == PF_OK && (only_misc(&making) || (making.size == 0 && !cut->in_document)))
        status = PF_END;
    if (status == PF_OK)
        status = make_block(&making, block);
    if (status == PF_OK) {
        block->own[XML_OWN_FLAGS] |= no_carry ? XML_BLOCK_NO_CARRY : 0;
        return PF_OK;
    }
    cut->ended = true;
    pf_free(&reader->ctx->memory, making.bytes);
    return status;
}
