#include "formats/parquet/column_chunk.h"

#include "formats/parquet/chunk_work.h"

static bool init_dictionary(struct pf_chunk_work *work, const struct pf_choice *choice)
{
    const struct pf_leaf *leaf = work->leaf;
    uint64_t least = (uint64_t)work->range.min.integer, span = (uint64_t)work->range.max.integer - least;

    if ((leaf->order == PF_ORDER_SIGNED || leaf->order == PF_ORDER_UNSIGNED) && span < PF_DICTIONARY_SPAN &&
        span < work->values)
        return pf_dictionary_init_direct(&work->dictionary, work->memory, leaf->width, choice->entries, PF_DICTIONARY_BYTES,
                                         least, span);
    return pf_dictionary_init(&work->dictionary, work->memory, leaf->width, choice->entries, PF_DICTIONARY_BYTES,
                              choice->expected);
}

/* Numbers the values; *done = false when there are too many distinct ones. */
static enum pf_status build_dictionary(struct pf_chunk_work *work, const struct pf_choice *choice, bool *done,
                                       struct pf_error *err)
{
    enum pf_dictionary_result result = PF_DICTIONARY_DONE;
    size_t found;

    *done = false;
    work->indexes = pf_alloc(work->memory, work->values * sizeof *work->indexes);
    if (!work->indexes || !init_dictionary(work, choice))
        return pf_fail_memory(err, work->values * sizeof *work->indexes);
    for (size_t at = 0; at < work->page_count && result == PF_DICTIONARY_DONE; at++) {
        const struct pf_chunk_page *page = &work->pages[at];
        struct pf_slice_cursor cursor = page->cursor;
        uint32_t *indexes = work->indexes + page->value;

        if (work->leaf->order == PF_ORDER_TEXT)
            result = pf_dictionary_add_text(&work->dictionary, &cursor, page->rows, indexes, &found);
        else
            result = pf_dictionary_add(&work->dictionary, page->values, page->count, indexes);
    }
    if (result == PF_DICTIONARY_NO_MEMORY)
        return pf_fail_memory(err, work->dictionary.count * sizeof(struct pf_dictionary_text));
    *done = result == PF_DICTIONARY_DONE;
    return PF_OK;
}

/* Whether the finished dictionary is smaller than the encoding chosen otherwise; then choice has its cost. */
static bool dictionary_wins(const struct pf_chunk_work *work, struct pf_choice *choice)
{
    double plain = (double)pf_dictionary_plain_size(&work->dictionary, work->leaf->stored);
    double cost = pf_dictionary_cost(work, choice, work->dictionary.count, plain, (double)work->values);

    if (cost >= choice->cost) {
        double runs = 1;

        for (size_t at = 1; at < work->values; at++)
            runs += work->indexes[at] != work->indexes[at - 1];
        cost = pf_dictionary_cost(work, choice, work->dictionary.count, plain, runs);
    }
    if (cost >= choice->cost)
        return false;
    choice->cost = cost;
    return true;
}

/* Bits are PLAIN: a codec makes as little of equal bits as runs do, and runs of booleans are refused by a number of readers. Without
 * a codec runs may be taken. */
static enum parquet_encoding choose_bits(const struct pf_chunk_work *work)
{
    size_t runs = 0;

    if (work->options->codec != PARQUET_UNCOMPRESSED)
        return PARQUET_PLAIN;
    for (size_t at = 0; at < work->page_count; at++) {
        const struct pf_chunk_page *page = &work->pages[at];

        runs += 4 + pf_encode_hybrid_bits(page->values, page->count, work->body.data);
    }
    return runs < work->values / 16 ? PARQUET_RLE : PARQUET_PLAIN;
}

static enum pf_status encode_bits(struct pf_chunk_work *work, struct pf_error *err)
{
    size_t room = pf_hybrid_bound(work->page_rows, 1);

    if (!pf_buffer_reserve(&work->body, room))
        return pf_fail_memory(err, room);
    work->compressor.content = PF_CONTENT_PACKED;
    return pf_chunk_write(work, choose_bits(work), work->options->codec, err);
}

static enum pf_status encode(struct pf_chunk_work *work, struct pf_error *err)
{
    struct pf_choice choice;
    enum parquet_encoding encoding;
    enum parquet_codec codec = work->options->codec;
    enum pf_status status = pf_chunk_gather(work, err);
    const bool is_text = work->leaf->order == PF_ORDER_TEXT;
    bool dictionary = false;

    if (status == PF_OK)
        status = pf_compressors_take(work->options->compressors, &work->compressor, err);
    if (status != PF_OK)
        return status;
    work->compressor.content = is_text ? PF_CONTENT_TEXT : PF_CONTENT_SAMPLE;
    if (work->leaf->order == PF_ORDER_BITS)
        return encode_bits(work, err);
    status = pf_chunk_choose(work, &choice, err);
    if (status == PF_OK && choice.entries > 0)
        status = build_dictionary(work, &choice, &dictionary, err);
    if (status != PF_OK)
        return status;
    encoding = dictionary && dictionary_wins(work, &choice) ? PARQUET_RLE_DICTIONARY : choice.encoding;
    if (!is_text)
        work->compressor.content = encoding == PARQUET_DELTA_BINARY_PACKED ? PF_CONTENT_PACKED : PF_CONTENT_NUMBERS;
    if (encoding == PARQUET_PLAIN && !choice.codec_helps)
        codec = PARQUET_UNCOMPRESSED;
    if (encoding == PARQUET_PLAIN && work->leaf->order == PF_ORDER_TEXT)
        status = pf_chunk_pages_by_bytes(work, err);
    /* One allocation instead of several that grow; the estimate need not be right. */
    if (status == PF_OK && !pf_buffer_reserve(&work->out->bytes, (size_t)choice.cost + work->page_count * 64))
        status = pf_fail_memory(err, (size_t)choice.cost);
    if (status == PF_OK)
        status = pf_chunk_write(work, encoding, codec, err);
    return status;
}

enum pf_status pf_column_chunk_encode(struct pf_column_chunk *chunk, struct pf_memory *memory, const struct pf_leaf *leaf,
                                      const struct pf_slice *slices, int64_t rows, const struct pf_chunk_options *options,
                                      struct pf_error *err)
{
    struct pf_chunk_work work = {
        .memory = memory, .leaf = leaf, .options = options, .slices = slices, .rows = (size_t)rows, .out = chunk
    };
    enum pf_status status;

    memset(chunk, 0, sizeof *chunk);
    pf_buffer_init(&chunk->bytes, memory, SIZE_MAX);
    pf_buffer_init(&chunk->meta.statistics, memory, SIZE_MAX);
    pf_buffer_init(&chunk->meta.index, memory, SIZE_MAX);
    pf_buffer_init(&work.body, memory, SIZE_MAX);
    pf_buffer_init(&work.packed, memory, SIZE_MAX);
    pf_buffer_init(&work.nested_levels, memory, SIZE_MAX);
    work.nested = leaf->step_count > 0;
    status = encode(&work, err);
    chunk->meta.entries = (int64_t)work.entries;
    chunk->meta.nulls = (int64_t)(work.entries - work.values);
    if (status == PF_OK && options->statistics)
        status = pf_chunk_describe(&work, err);
    pf_free(memory, work.pages);
    pf_free(memory, work.leaf_slices);
    pf_buffer_free(&work.nested_levels);
    pf_free(memory, work.gathered);
    pf_free(memory, work.validity);
    pf_free(memory, work.indexes);
    pf_dictionary_free(&work.dictionary);
    pf_compressors_give(options->compressors, &work.compressor);
    pf_buffer_free(&work.body);
    pf_buffer_free(&work.packed);
    return status;
}

void pf_chunk_meta_free(struct pf_chunk_meta *meta, struct pf_memory *memory)
{
    pf_free(memory, meta->places);
    pf_buffer_free(&meta->statistics);
    pf_buffer_free(&meta->index);
    meta->places = NULL;
}

void pf_column_chunk_free(struct pf_column_chunk *chunk)
{
    if (!chunk->bytes.memory)
        return;
    pf_chunk_meta_free(&chunk->meta, chunk->bytes.memory);
    pf_buffer_free(&chunk->bytes);
}
