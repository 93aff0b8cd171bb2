/* The pages of a column chunk: header, definition levels, values; compressed one by one. */
#include "formats/parquet/chunk_work.h"
#include "formats/parquet/thrift_write.h"

/* The same as pf_codec_gain where an encoding has made the bytes few: what is left is quickly compressed. */
static const double packed_gain = 0.98;

static enum pf_status put_header(struct pf_chunk_work *work, const struct pf_chunk_page *page, enum parquet_encoding encoding,
                                 size_t plain, size_t stored, struct pf_error *err)
{
    struct pf_buffer *out = &work->out->bytes;
    struct pf_thrift_writer thrift;

    pf_thrift_put_begin(&thrift, out);
    pf_thrift_put_i32(&thrift, PAGE_TYPE, page ? PARQUET_DATA_PAGE : PARQUET_DICTIONARY_PAGE);
    pf_thrift_put_i32(&thrift, PAGE_UNCOMPRESSED_SIZE, (int32_t)plain);
    pf_thrift_put_i32(&thrift, PAGE_COMPRESSED_SIZE, (int32_t)stored);
    if (page) {
        pf_thrift_put_struct(&thrift, PAGE_DATA_HEADER);
        pf_thrift_put_i32(&thrift, DATA_PAGE_NUM_VALUES, (int32_t)page->entries);
        pf_thrift_put_i32(&thrift, DATA_PAGE_ENCODING, (int32_t)encoding);
        pf_thrift_put_i32(&thrift, DATA_PAGE_DEFINITION_LEVEL_ENCODING, PARQUET_RLE);
        pf_thrift_put_i32(&thrift, DATA_PAGE_REPETITION_LEVEL_ENCODING, PARQUET_RLE);
    } else {
        pf_thrift_put_struct(&thrift, PAGE_DICTIONARY_HEADER);
        pf_thrift_put_i32(&thrift, DICTIONARY_PAGE_NUM_VALUES, (int32_t)work->dictionary.count);
        pf_thrift_put_i32(&thrift, DICTIONARY_PAGE_ENCODING, PARQUET_PLAIN);
    }
    pf_thrift_put_end(&thrift);
    pf_thrift_put_end(&thrift);
    return thrift.failed ? pf_fail_memory(err, 64) : PF_OK;
}

/* Compresses the page and appends it. page NULL = the dictionary page. */
static enum pf_status put_page(struct pf_chunk_work *work, const struct pf_chunk_page *page, enum parquet_encoding encoding,
                               const uint8_t *plain, size_t size, struct pf_error *err)
{
    struct pf_buffer *out = &work->out->bytes;
    struct pf_chunk_meta *meta = &work->out->meta;
    const uint8_t *stored = plain;
    size_t stored_size = size, room = pf_compress_bound(&work->compressor, size), before = out->size, header;
    enum pf_status status;

    if (room == 0 && size > 0) {
        pf_fail(err, PF_LIMIT, "a page of %zu bytes in column '%s': at most 2 GiB fit", size, work->leaf->field->name);
        return PF_LIMIT;
    }
    if (meta->codec != PARQUET_UNCOMPRESSED) {
        pf_buffer_clear(&work->packed);
        if (!pf_buffer_reserve(&work->packed, room))
            return pf_fail_memory(err, room);
        status = pf_compress(&work->compressor, plain, size, work->packed.data, room, &stored_size, err);
        if (status != PF_OK)
            return status;
        stored = work->packed.data;
    }
    status = put_header(work, page, encoding, size, stored_size, err);
    if (status != PF_OK)
        return status;
    header = out->size - before;
    if (!pf_buffer_append(out, stored, stored_size))
        return pf_fail_memory(err, stored_size);
    meta->size = (int64_t)out->size;
    meta->plain_size += (int64_t)(header + size);
    return PF_OK;
}

/* ---- the dictionary page */

static enum pf_status put_dictionary(struct pf_chunk_work *work, struct pf_error *err)
{
    struct pf_dictionary *dictionary = &work->dictionary;
    size_t size = pf_dictionary_plain_size(dictionary, work->leaf->stored);
    const uint8_t *bytes = dictionary->width ? dictionary->values : dictionary->text.data;
    enum pf_status status;

    if (work->leaf->order == PF_ORDER_WIDE) {
        pf_buffer_clear(&work->body);
        if (!pf_buffer_reserve(&work->body, size))
            return pf_fail_memory(err, size);
        pf_encode_fixed_decimals(bytes, dictionary->count, work->leaf->stored, work->body.data);
        bytes = work->body.data;
    }
    status = put_page(work, NULL, PARQUET_PLAIN, bytes, size, err);
    work->out->meta.dictionary_size = (uint32_t)work->out->bytes.size;
    return status;
}

/* ---- data pages */

static enum pf_status body_reserve(struct pf_chunk_work *work, const struct pf_chunk_page *page, size_t values,
                                   struct pf_error *err)
{
    size_t room = pf_chunk_levels_bound(work, page) + values;

    pf_buffer_clear(&work->body);
    return pf_buffer_reserve(&work->body, room) ? PF_OK : pf_fail_memory(err, room);
}

/* Writes the page's levels to the body, which has room. Returns where its values go. */
static uint8_t *body_levels(struct pf_chunk_work *work, const struct pf_chunk_page *page)
{
    uint8_t *to = work->body.data;

    if (work->nested || work->leaf->order == PF_ORDER_TEXT)
        return to + pf_chunk_levels(work, page, to);
    if (page->levels > 0)
        memcpy(to, page->values - page->levels, page->levels);
    return to + page->levels;
}

static enum pf_status put_indexes(struct pf_chunk_work *work, const struct pf_chunk_page *page, struct pf_error *err)
{
    const uint32_t *indexes = work->indexes + page->value;
    enum pf_status status;
    uint32_t most = 0, width;
    uint8_t *at;

    for (size_t value = 0; value < page->count; value++)
        most = indexes[value] > most ? indexes[value] : most;
    /* Width 0 is allowed for a single entry, but not every reader takes it. */
    width = most ? pf_bit_width(most) : 1;
    status = body_reserve(work, page, 1 + pf_hybrid_bound(page->count, width), err);
    if (status != PF_OK)
        return status;
    at = body_levels(work, page);
    *at++ = (uint8_t)width;
    at += pf_encode_hybrid(indexes, page->count, width, at);
    return put_page(work, page, PARQUET_RLE_DICTIONARY, work->body.data, (size_t)(at - work->body.data), err);
}

static enum pf_status put_delta(struct pf_chunk_work *work, const struct pf_chunk_page *page, struct pf_error *err)
{
    uint32_t width = work->leaf->width;
    enum pf_status status = body_reserve(work, page, pf_delta_bound(page->count, width), err);
    uint8_t *at;

    if (status != PF_OK)
        return status;
    at = body_levels(work, page);
    at += pf_encode_delta(page->values, page->count, width, work->options->features, at);
    return put_page(work, page, PARQUET_DELTA_BINARY_PACKED, work->body.data, (size_t)(at - work->body.data), err);
}

/* Booleans as runs: a length, then the hybrid. */
static enum pf_status put_runs(struct pf_chunk_work *work, const struct pf_chunk_page *page, struct pf_error *err)
{
    enum pf_status status = body_reserve(work, page, 4 + pf_hybrid_bound(page->count, 1), err);
    uint32_t size;
    uint8_t *at;

    if (status != PF_OK)
        return status;
    at = body_levels(work, page);
    size = (uint32_t)pf_encode_hybrid_bits(page->values, page->count, at + 4);
    memcpy(at, &size, 4);
    at += 4 + size;
    return put_page(work, page, PARQUET_RLE, work->body.data, (size_t)(at - work->body.data), err);
}

static enum pf_status put_text(struct pf_chunk_work *work, const struct pf_chunk_page *page, struct pf_error *err)
{
    struct pf_slice_cursor cursor = page->cursor;
    enum pf_status status = body_reserve(work, page, page->text_size + 32, err);
    uint8_t *end;

    if (status != PF_OK)
        return status;
    end = pf_gather_text(&cursor, page->rows, body_levels(work, page));
    return put_page(work, page, PARQUET_PLAIN, work->body.data, (size_t)(end - work->body.data), err);
}

/* Fixed size: the levels stand before the values, so the page is there already; but wide decimals are stored in fewer bytes than they
 * are held in, and the levels of nested columns stand elsewhere. */
static enum pf_status put_values(struct pf_chunk_work *work, const struct pf_chunk_page *page, struct pf_error *err)
{
    const struct pf_leaf *leaf = work->leaf;
    const uint8_t *begin = page->values - (work->nested ? 0 : page->levels);
    size_t size = leaf->order == PF_ORDER_BITS ? (page->count + 7) / 8 : page->count * leaf->stored;

    if (leaf->order == PF_ORDER_WIDE || work->nested) {
        enum pf_status status = body_reserve(work, page, size, err);

        if (status != PF_OK)
            return status;
        begin = work->body.data;
        if (leaf->order == PF_ORDER_WIDE)
            pf_encode_fixed_decimals(page->values, page->count, leaf->stored, body_levels(work, page));
        else
            memcpy(body_levels(work, page), page->values, size);
    }
    return put_page(work, page, PARQUET_PLAIN, begin, page->levels + size, err);
}

static enum pf_status put_data(struct pf_chunk_work *work, struct pf_chunk_page *page, enum parquet_encoding encoding,
                               struct pf_error *err)
{
    switch (encoding) {
    case PARQUET_RLE_DICTIONARY:
        return put_indexes(work, page, err);
    case PARQUET_DELTA_BINARY_PACKED:
        return put_delta(work, page, err);
    case PARQUET_RLE:
        return put_runs(work, page, err);
    default:
        break;
    }
    if (work->leaf->order != PF_ORDER_TEXT)
        return put_values(work, page, err);
    if (work->options->statistics && !page->ranged) {
        page->range = pf_range_of_text(page->cursor, page->rows);
        page->ranged = true;
    }
    return put_text(work, page, err);
}

static void start_over(struct pf_chunk_work *work, enum parquet_encoding encoding, enum parquet_codec codec)
{
    struct pf_chunk_meta *meta = &work->out->meta;

    pf_buffer_clear(&work->out->bytes);
    meta->codec = codec;
    meta->encoding = encoding;
    meta->size = meta->plain_size = 0;
    meta->dictionary_size = 0;
}

/* Whether what is written so far, the dictionary and one page, shows that compression gains too little. The dictionary counts once, the
 * page for all. */
static bool not_worth_it(const struct pf_chunk_work *work, int64_t dictionary_plain)
{
    const struct pf_chunk_meta *meta = &work->out->meta;
    double pages = (double)work->page_count;
    double stored = meta->dictionary_size + (double)(meta->size - meta->dictionary_size) * pages;
    double plain = (double)dictionary_plain + (double)(meta->plain_size - dictionary_plain) * pages;

    return meta->codec != PARQUET_UNCOMPRESSED &&
           stored > plain * (meta->encoding == PARQUET_PLAIN ? pf_codec_gain : packed_gain);
}

enum pf_status pf_chunk_write(struct pf_chunk_work *work, enum parquet_encoding encoding, enum parquet_codec codec,
                              struct pf_error *err)
{
    struct pf_chunk_meta *meta = &work->out->meta;
    enum pf_status status = PF_OK;
    int64_t dictionary_plain;
    size_t page = 0;

    meta->places = pf_alloc(work->memory, work->page_count * sizeof *meta->places);
    if (!meta->places)
        return pf_fail_memory(err, work->page_count * sizeof *meta->places);
    meta->page_count = (uint32_t)work->page_count;
    do {
        start_over(work, encoding, codec);
        if (encoding == PARQUET_RLE_DICTIONARY)
            status = put_dictionary(work, err);
        dictionary_plain = meta->plain_size;
        for (page = 0; page < work->page_count && status == PF_OK; page++) {
            size_t before = work->out->bytes.size;

            status = put_data(work, &work->pages[page], encoding, err);
            meta->places[page].first_row = (int64_t)work->pages[page].record;
            meta->places[page].size = (uint32_t)(work->out->bytes.size - before);
            if (page == 0 && status == PF_OK && not_worth_it(work, dictionary_plain)) {
                codec = PARQUET_UNCOMPRESSED;
                break;
            }
        }
    } while (status == PF_OK && page < work->page_count);
    return status;
}
