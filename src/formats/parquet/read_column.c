#include "formats/parquet/read_column.h"

#include <string.h>

#include "formats/parquet/read_convert.h"

enum {
    INDEX_BATCH = 1024,           /* dictionary indexes unpacked at a time */
    TEXT_AT_FIRST_MOST = 32 << 20 /* the expected size of text is taken at its word up to here; beyond, it must show */
};

void parquet_decoder_init(struct parquet_decoder *decoder, struct pf_context *ctx, const struct pf_source *src,
                          uint32_t cpu_features)
{
    memset(decoder, 0, sizeof *decoder);
    parquet_loader_init(&decoder->loader, ctx, src);
    decoder->cpu_features = cpu_features;
    pf_buffer_init(&decoder->text, &ctx->memory, INT32_MAX);
    pf_buffer_init(&decoder->dictionary_text, &ctx->memory, INT32_MAX);
}

void parquet_decoder_free(struct parquet_decoder *decoder)
{
    struct pf_memory *memory = &decoder->loader.ctx->memory;

    pf_free(memory, decoder->plain.bytes);
    pf_free(memory, decoder->physical.bytes);
    pf_free(memory, decoder->ends.bytes);
    pf_free(memory, decoder->bools.bytes);
    pf_free(memory, decoder->dictionary_plain.bytes);
    pf_free(memory, decoder->dictionary_values.bytes);
    pf_free(memory, decoder->dictionary_ends.bytes);
    pf_free(memory, decoder->dictionary_faults.bytes);
    pf_buffer_free(&decoder->text);
    pf_buffer_free(&decoder->dictionary_text);
    parquet_loader_free(&decoder->loader);
}

/* One column of a block while it is filled. */
struct filling {
    struct parquet_decoder *decoder;
    struct pf_memory *memory;
    const struct parquet_column *column;
    const struct parquet_chunk *chunk;
    const struct parquet_pages *pages;
    struct ArrowArray *out;
    int64_t rows, row; /* of the block; done */
    int64_t nulls;
    uint8_t *validity; /* NULL until a null may have been seen */
    bool text;
    uint8_t *values; /* fixed width: row 0 */
    size_t width;
    struct pf_buffer bytes; /* text */
    int32_t *ends;          /* text: of row 0 */
    bool has_dictionary;
    struct parquet_dictionary dictionary;
    struct pf_error *err;
};

/* Which values of a page are wanted: nulls do not count. */
struct span {
    struct pf_section section;
    int16_t encoding;
    size_t skip, count;
};

static enum pf_status ends_early(struct filling *filling)
{
    return pf_fail(filling->err, PF_BAD_DATA, "a page ends before its last value");
}

static enum pf_status not_read(struct filling *filling, int16_t encoding)
{
    return pf_fail(filling->err, PF_UNSUPPORTED, "values of type %s are encoded as %s (%d), which is not read",
                   parquet_type_name((int32_t)filling->column->physical), parquet_encoding_name(encoding), encoding);
}

/* Sets the place of the index-th value (without nulls) of the rows being read. */
static void place_fault(struct filling *filling, size_t index)
{
    int64_t row = filling->row;

    for (; filling->validity != NULL && row < filling->rows; row++) {
        if (pf_bit(filling->validity, row) && index-- == 0)
            break;
    }
    filling->err->row = row + 1 + (filling->validity == NULL ? (int64_t)index : 0);
}

/* ---- dictionary */

static enum pf_status check_batch(struct filling *filling, const uint32_t *indexes, size_t count, size_t done)
{
    const struct parquet_dictionary *dictionary = &filling->dictionary;
    uint32_t largest = pf_largest_index(indexes, count);

    if (largest >= dictionary->values.count)
        return pf_fail(filling->err, PF_BAD_DATA, "a page refers to entry %u of a dictionary of %u", largest,
                       dictionary->values.count);
    for (size_t i = 0; dictionary->faults != NULL && i < count; i++) {
        if (dictionary->faults[indexes[i]] != 0) {
            (void)parquet_dictionary_fault(filling->column, dictionary, indexes[i], filling->err);
            place_fault(filling, done + i);
            return filling->err->status;
        }
    }
    return PF_OK;
}

static enum pf_status read_indexes(struct filling *filling, struct pf_hybrid *indexes, size_t count)
{
    uint32_t batch[INDEX_BATCH];

    for (size_t done = 0; done < count;) {
        size_t part = count - done < INDEX_BATCH ? count - done : INDEX_BATCH;
        size_t at = (size_t)filling->row + done;

        if (indexes->width == 0)
            memset(batch, 0, part * sizeof *batch); /* a dictionary of one entry; not all writers store the run */
        else if (!pf_hybrid_read(indexes, batch, part))
            return ends_early(filling);
        if (check_batch(filling, batch, part, done) != PF_OK)
            return filling->err->status;
        if (!filling->text)
            pf_dictionary_values(&filling->dictionary.values, batch, part, filling->values + at * filling->width);
        else if (pf_dictionary_text(&filling->dictionary.values, batch, part,
                                    (struct pf_text_target){ &filling->bytes, filling->ends + at }, filling->err) != PF_OK)
            return filling->err->status;
        done += part;
    }
    return PF_OK;
}

static enum pf_status read_from_dictionary(struct filling *filling, const struct span *span)
{
    struct pf_section section = span->section;
    struct pf_hybrid indexes;

    if (section.size == 0)
        return ends_early(filling);
    if (section.bytes[0] > 32)
        return pf_fail(filling->err, PF_BAD_DATA, "dictionary indexes of %u bits; the most is 32", section.bytes[0]);
    pf_hybrid_init(&indexes, (struct pf_section){ section.bytes + 1, section.size - 1 }, section.bytes[0]);
    if (indexes.width != 0 && !pf_hybrid_skip(&indexes, span->skip))
        return ends_early(filling);
    return read_indexes(filling, &indexes, span->count);
}

/* ---- fixed width */

static enum pf_status unpack_deltas(struct filling *filling, const struct span *span, uint8_t *to)
{
    struct pf_delta delta;

    if (!pf_delta_init(&delta, span->section) || !pf_delta_skip(&delta, span->skip) ||
        !pf_delta_read(&delta, to, filling->column->width, span->count))
        return ends_early(filling);
    return PF_OK;
}

/* FIXED_LEN_BYTE_ARRAY in an encoding for byte arrays: in decoder->text, back to back. */
static enum pf_status unpack_fronts(struct filling *filling, const struct span *span, const uint8_t **values)
{
    struct parquet_decoder *decoder = filling->decoder;
    int32_t *ends = (int32_t *)(void *)parquet_scratch_need(&decoder->ends, filling->memory, (span->count + 1) * sizeof *ends,
                                                            filling->err);

    if (ends == NULL)
        return filling->err->status;
    *ends++ = 0;
    pf_buffer_clear(&decoder->text);
    if (pf_delta_text(span->section, filling->memory, span->skip, span->count, (struct pf_text_target){ &decoder->text, ends },
                      filling->err) != PF_OK)
        return filling->err->status;
    for (size_t i = 0; i < span->count; i++) {
        if ((uint32_t)(ends[i] - ends[(ptrdiff_t)i - 1]) != filling->column->width)
            return pf_fail(filling->err, PF_BAD_DATA, "a value has %d bytes in a column of values of %u bytes",
                           ends[i] - ends[(ptrdiff_t)i - 1], filling->column->width);
    }
    *values = decoder->text.data;
    return PF_OK;
}

/* Values as stored, back to back: at *values, which is place where they had to be decoded. */
static enum pf_status unpack_fixed(struct filling *filling, const struct span *span, uint8_t *place, const uint8_t **values)
{
    const struct parquet_column *column = filling->column;
    enum parquet_type type = column->physical;
    bool done = false;

    *values = place;
    switch (span->encoding) {
    case PARQUET_PLAIN:
        done = type == PARQUET_BOOLEAN ? pf_plain_bool(span->section, span->skip, span->count, place)
                                       : pf_plain_fixed(span->section, column->width, span->skip, span->count, values);
        break;
    case PARQUET_RLE:
        if (type != PARQUET_BOOLEAN)
            return not_read(filling, span->encoding);
        done = pf_rle_bool(span->section, span->skip, span->count, place);
        break;
    case PARQUET_BYTE_STREAM_SPLIT:
        if (type == PARQUET_BOOLEAN || type == PARQUET_INT96)
            return not_read(filling, span->encoding);
        done = pf_stream_split(span->section, column->width, span->skip, span->count, place);
        break;
    case PARQUET_DELTA_BINARY_PACKED:
        if (type != PARQUET_INT32 && type != PARQUET_INT64)
            return not_read(filling, span->encoding);
        return unpack_deltas(filling, span, place);
    case PARQUET_DELTA_BYTE_ARRAY:
        if (type != PARQUET_FIXED_LEN_BYTE_ARRAY)
            return not_read(filling, span->encoding);
        return unpack_fronts(filling, span, values);
    default:
        return not_read(filling, span->encoding);
    }
    return done ? PF_OK : ends_early(filling);
}

/* Room for values as stored. Those of FIXED_LEN_BYTE_ARRAY may be of any width: there, the page must have them. */
static uint8_t *physical_room(struct filling *filling, const struct span *span)
{
    size_t width = filling->column->width;

    if (filling->column->physical == PARQUET_FIXED_LEN_BYTE_ARRAY && span->count > span->section.size / width)
        return span->encoding == PARQUET_DELTA_BYTE_ARRAY || span->encoding == PARQUET_PLAIN
                   ? parquet_scratch_need(&filling->decoder->physical, filling->memory, 0, filling->err)
                   : (ends_early(filling), NULL);
    return parquet_scratch_need(&filling->decoder->physical, filling->memory, span->count * width, filling->err);
}

static enum pf_status fault_at(struct filling *filling, const uint8_t *value, size_t size, size_t index)
{
    (void)pf_convert_fault(filling->column, value, size, filling->err);
    place_fault(filling, index);
    return filling->err->status;
}

static enum pf_status read_fixed(struct filling *filling, const struct span *span)
{
    const struct parquet_column *column = filling->column;
    uint8_t *to = filling->values + (size_t)filling->row * filling->width;
    uint8_t *place = column->convert == PF_CONVERT_NONE ? to : physical_room(filling, span);
    const uint8_t *values;
    size_t converted;

    if (place == NULL || unpack_fixed(filling, span, place, &values) != PF_OK)
        return filling->err->status;
    converted = pf_convert_values(column, values, span->count, to);
    if (converted != span->count)
        return fault_at(filling, values + converted * column->width, column->width, converted);
    return PF_OK;
}

/* Decimals of varying length. */
static enum pf_status unpack_text(struct filling *filling, const struct span *span, struct pf_text_target to);

static enum pf_status read_decimals(struct filling *filling, const struct span *span)
{
    struct parquet_decoder *decoder = filling->decoder;
    int32_t *ends = (int32_t *)(void *)parquet_scratch_need(&decoder->ends, filling->memory, (span->count + 1) * sizeof *ends,
                                                            filling->err);
    size_t converted;

    if (ends == NULL)
        return filling->err->status;
    *ends++ = 0;
    pf_buffer_clear(&decoder->text);
    if (unpack_text(filling, span, (struct pf_text_target){ &decoder->text, ends }) != PF_OK)
        return filling->err->status;
    converted = pf_convert_decimals(filling->column, decoder->text.data, ends, span->count,
                                    filling->values + (size_t)filling->row * filling->width);
    if (converted != span->count) {
        int32_t start = ends[(ptrdiff_t)converted - 1];
        return fault_at(filling, decoder->text.data + start, (size_t)(ends[converted] - start), converted);
    }
    return PF_OK;
}

/* ---- text */

static enum pf_status unpack_text(struct filling *filling, const struct span *span, struct pf_text_target to)
{
    switch (span->encoding) {
    case PARQUET_PLAIN:
        return pf_plain_text(span->section, span->skip, span->count, to, filling->err);
    case PARQUET_DELTA_LENGTH_BYTE_ARRAY:
        return pf_delta_length_text(span->section, span->skip, span->count, to, filling->err);
    case PARQUET_DELTA_BYTE_ARRAY:
        return pf_delta_text(span->section, filling->memory, span->skip, span->count, to, filling->err);
    default:
        return not_read(filling, span->encoding);
    }
}

static enum pf_status read_fixed_text(struct filling *filling, const struct span *span)
{
    const struct parquet_column *column = filling->column;
    size_t width = column->convert == PF_CONVERT_UUID ? PF_UUID_TEXT : column->width;
    size_t used = filling->bytes.size;
    uint8_t *place = physical_room(filling, span);
    const uint8_t *values;

    if (place == NULL || unpack_fixed(filling, span, place, &values) != PF_OK ||
        pf_text_reserve(&filling->bytes, span->count * width, filling->err) != PF_OK)
        return filling->err->status;
    if (column->convert == PF_CONVERT_UUID)
        pf_convert_uuids(values, span->count, filling->bytes.data + used);
    else
        memcpy(filling->bytes.data + used, values, span->count * width);
    filling->bytes.size += span->count * width;
    for (size_t i = 0; i < span->count; i++)
        filling->ends[filling->row + (int64_t)i] = (int32_t)(used + (i + 1) * width);
    return PF_OK;
}

static enum pf_status read_text(struct filling *filling, const struct span *span)
{
    const struct parquet_column *column = filling->column;
    int32_t *ends = filling->ends + filling->row;
    enum pf_status status = column->width != 0 ? read_fixed_text(filling, span)
                                               : unpack_text(filling, span, (struct pf_text_target){ &filling->bytes, ends });
    size_t invalid;

    if (status != PF_OK || column->field.type != PF_TYPE_STRING || column->convert == PF_CONVERT_UUID)
        return status;
    invalid = parquet_first_invalid(filling->bytes.data, ends, span->count, filling->decoder->cpu_features);
    if (invalid != span->count)
        return fault_at(filling, filling->bytes.data + ends[(ptrdiff_t)invalid - 1], 0, invalid);
    return PF_OK;
}

/* ---- a page */

/* Brings the validity up to date for count rows after skip others; counts values before and in them. */
static enum pf_status read_levels(struct filling *filling, struct pf_section section, int64_t skip, int64_t count,
                                  struct span *span)
{
    struct pf_hybrid levels;
    int64_t before, present, known;

    pf_hybrid_init(&levels, section, 1);
    if (!pf_levels_skip(&levels, skip, &before))
        return pf_fail(filling->err, PF_BAD_DATA, "a page has fewer definition levels than values");
    known = pf_levels_all_present(&levels, count);
    present = 0;
    if (known < count) {
        if (filling->validity == NULL)
            filling->validity = pf_array_add_validity(filling->out);
        if (filling->validity == NULL)
            return pf_fail_memory(filling->err, (size_t)(filling->rows + 7) / 8);
        if (!pf_levels_take(&levels, count - known, filling->validity, filling->row + known, &present))
            return pf_fail(filling->err, PF_BAD_DATA, "a page has fewer definition levels than values");
    }
    span->skip = (size_t)before;
    span->count = (size_t)(known + present);
    return PF_OK;
}

static enum pf_status read_values(struct filling *filling, const struct span *span)
{
    if (span->encoding == PARQUET_RLE_DICTIONARY || span->encoding == PARQUET_PLAIN_DICTIONARY)
        return read_from_dictionary(filling, span);
    if (filling->text)
        return read_text(filling, span);
    return filling->column->width == 0 ? read_decimals(filling, span) : read_fixed(filling, span);
}

/* Moves values apart where nulls stand between them. */
static void spread(struct filling *filling, int64_t rows, int64_t present)
{
    if (filling->text)
        pf_spread_ends(filling->ends + filling->row, filling->validity, filling->row, rows, present);
    else if (present == 0)
        memset(filling->values + (size_t)filling->row * filling->width, 0, (size_t)rows * filling->width);
    else
        pf_spread_values(filling->values + (size_t)filling->row * filling->width, filling->width, filling->validity,
                         filling->row, rows, present);
}

static enum pf_status read_page(struct filling *filling, const struct parquet_page *page, int64_t read_until, int64_t skip,
                                int64_t count)
{
    const struct parquet_column *column = filling->column;
    bool indexed = page->encoding == PARQUET_RLE_DICTIONARY || page->encoding == PARQUET_PLAIN_DICTIONARY;
    struct span span = { .encoding = page->encoding, .skip = (size_t)skip, .count = (size_t)count };
    struct pf_section levels;

    if (indexed && !filling->has_dictionary) {
        if (parquet_load_dictionary(filling->decoder, column, filling->chunk->codec, filling->pages, &filling->dictionary,
                                    filling->err) != PF_OK) {
            filling->err->offset = filling->pages->has_dictionary ? filling->pages->dictionary.offset : -1;
            return filling->err->status;
        }
        filling->has_dictionary = true;
    }
    if (parquet_load_page(&filling->decoder->loader, filling->chunk->codec, page, read_until, column->optional, false,
                          &filling->decoder->plain, &levels, &span.section, filling->err) != PF_OK)
        return filling->err->status;
    if (column->optional && read_levels(filling, levels, skip, count, &span) != PF_OK)
        return filling->err->status;
    if (span.count != 0 && read_values(filling, &span) != PF_OK)
        return filling->err->status;
    if ((int64_t)span.count < count)
        spread(filling, count, (int64_t)span.count);
    filling->nulls += count - (int64_t)span.count;
    filling->row += count;
    return PF_OK;
}

/* ---- a column */

static enum pf_status begin(struct filling *filling)
{
    const struct parquet_column *column = filling->column;
    double expected = filling->pages->text_a_row * (double)filling->rows * 1.05 + 64;

    if (pf_array_new(filling->out, filling->memory, column->field.type, filling->rows, 0, filling->err) != PF_OK)
        return filling->err->status;
    pf_buffer_init(&filling->bytes, filling->memory, INT32_MAX);
    filling->text = parquet_is_text(column);
    filling->width = parquet_value_width(column);
    if (filling->text) {
        filling->ends = (int32_t *)(uintptr_t)pf_array_data(filling->out);
        *filling->ends++ = 0;
        return pf_text_reserve(&filling->bytes, expected < TEXT_AT_FIRST_MOST ? (size_t)expected : TEXT_AT_FIRST_MOST,
                               filling->err);
    }
    filling->values = (uint8_t *)(uintptr_t)pf_array_data(filling->out);
    if (column->field.type == PF_TYPE_BOOL) {
        filling->values = parquet_scratch_need(&filling->decoder->bools, filling->memory, (size_t)filling->rows, filling->err);
        if (filling->values == NULL)
            return filling->err->status;
    }
    return PF_OK;
}

static enum pf_status read_pages(struct filling *filling, int64_t first_row)
{
    const struct parquet_pages *pages = filling->pages;
    uint32_t first = parquet_page_of_row(pages, first_row);
    const struct parquet_page *last = parquet_page_at(pages, parquet_page_of_row(pages, first_row + filling->rows - 1));

    for (uint32_t i = first; filling->row < filling->rows; i++) {
        const struct parquet_page *page = parquet_page_at(pages, i);
        int64_t skip = first_row + filling->row - page->first_row;
        int64_t count = page->values - skip;

        if (count > filling->rows - filling->row)
            count = filling->rows - filling->row;
        if (pf_check_cancel(filling->decoder->loader.ctx, filling->err) != PF_OK)
            return filling->err->status;
        if (read_page(filling, page, last->offset + last->size, skip, count) != PF_OK) {
            if (filling->err->offset < 0)
                filling->err->offset = page->offset;
            return filling->err->status;
        }
    }
    return PF_OK;
}

static void finish(struct filling *filling)
{
    struct ArrowArray *out = filling->out;

    if (filling->text) {
        pf_free(filling->memory, pf_array_swap_buffer(out, 2, filling->bytes.data));
        filling->bytes.data = NULL;
    } else if (filling->column->field.type == PF_TYPE_BOOL) {
        pf_pack_bools(filling->values, (size_t)filling->rows, (uint8_t *)(uintptr_t)pf_array_data(out));
    }
    out->null_count = filling->nulls;
    if (filling->nulls == 0 && filling->validity != NULL)
        pf_free(filling->memory, pf_array_swap_buffer(out, 0, NULL));
}

enum pf_status parquet_decode_column(struct parquet_decoder *decoder, const struct parquet_column *column,
                                     const struct parquet_chunk *chunk, const struct parquet_pages *pages, int64_t first_row,
                                     int64_t rows, struct ArrowArray *out, struct pf_error *err)
{
    struct filling filling = { .decoder = decoder,
                               .memory = &decoder->loader.ctx->memory,
                               .column = column,
                               .chunk = chunk,
                               .pages = pages,
                               .out = out,
                               .rows = rows,
                               .err = err };

    memset(out, 0, sizeof *out);
    if (begin(&filling) != PF_OK || read_pages(&filling, first_row) != PF_OK) {
        pf_array_free(out);
        pf_buffer_free(&filling.bytes);
        return err->status;
    }
    finish(&filling);
    pf_buffer_free(&filling.bytes);
    return PF_OK;
}
