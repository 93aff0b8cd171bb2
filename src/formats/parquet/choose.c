/* Choosing an encoding by what it saves. A sample of runs of neighbouring values, spread over the chunk, tells how many distinct
 * values to expect, how long they repeat, how small their differences are, and what the codec makes of them. Only the data decides:
 * no clock, no thread, no earlier chunk.
 *
 * Costs are bytes of the whole chunk after compression, and a little for each byte before. Indexes and packed differences are taken
 * as incompressible unless tried. */
#include "formats/parquet/chunk_work.h"

enum { STRETCHES = 8, STRETCH = 512, SAMPLE = STRETCHES * STRETCH, STRETCH_BYTES = 4096, STRETCH_LIMIT = 64 * 1024 };

/* Of a chunk that is not long, so much is looked at (a part of its values, but so many): a wrong choice costs as little there as looking. */
enum { SAMPLE_SHARE = 8, LEAST_STRETCH = 128 };

/* A way round PLAIN that saves less is not worth what readers pay for it. */
static const double encoding_gain = 0.95;
/* What a byte costs that the codec makes nothing of: readers decompress it and hold it. */
static const double plain_price = 0.02;
/* Bytes of headers that there would not be in PLAIN. */
static const double delta_overhead = 14, dictionary_overhead = 40;

struct sample {
    size_t count;          /* values */
    size_t distinct, runs; /* distinct 0 = too many to count */
    size_t size;           /* bytes of all in PLAIN */
    uint8_t *plain;        /* what the codec is tried on: at most STRETCH_BYTES of each stretch */
    size_t plain_size;
    uint8_t *delta; /* the stretches in DELTA_BINARY_PACKED, one after another */
    size_t delta_size, delta_headers;
    struct pf_dictionary seen;
    bool full; /* seen has given up */
    uint32_t indexes[STRETCH];
};

static bool takes_delta(const struct pf_leaf *leaf)
{
    return leaf->order == PF_ORDER_SIGNED || leaf->order == PF_ORDER_UNSIGNED;
}

static bool sample_init(struct sample *sample, struct pf_chunk_work *work)
{
    size_t delta = takes_delta(work->leaf) ? STRETCHES * pf_delta_bound(STRETCH, work->leaf->width) : 0;
    size_t plain = STRETCHES * STRETCH_BYTES + STRETCH_LIMIT + 64;

    memset(sample, 0, sizeof *sample);
    sample->plain = pf_alloc(work->memory, plain + delta);
    sample->full = !work->options->dictionary;
    if (!sample->plain)
        return false;
    sample->delta = sample->plain + plain;
    return sample->full ||
           pf_dictionary_init(&sample->seen, work->memory, work->leaf->width, SAMPLE, PF_DICTIONARY_BYTES, SAMPLE);
}

static void sample_free(struct sample *sample, struct pf_chunk_work *work)
{
    pf_free(work->memory, sample->plain);
    pf_dictionary_free(&sample->seen);
}

/* What the dictionary made of a stretch. */
static enum pf_status count_runs(struct sample *sample, enum pf_dictionary_result result, size_t count, struct pf_error *err)
{
    if (result == PF_DICTIONARY_NO_MEMORY)
        return pf_fail_memory(err, SAMPLE * sizeof(struct pf_dictionary_text));
    if (result == PF_DICTIONARY_FULL) {
        sample->full = true;
        return PF_OK;
    }
    for (size_t at = 0; at < count; at++)
        sample->runs += at == 0 || sample->indexes[at] != sample->indexes[at - 1];
    return PF_OK;
}

/* count values from number first on; fewer when the page they begin in ends. */
static enum pf_status sample_numbers(struct sample *sample, struct pf_chunk_work *work, size_t first, size_t count,
                                     struct pf_error *err)
{
    const struct pf_chunk_page *page = work->pages;
    const struct pf_leaf *leaf = work->leaf;
    const uint8_t *values;
    size_t kept;

    while (first >= page->value + page->count)
        page++;
    values = page->values + (first - page->value) * leaf->width;
    if (count > page->value + page->count - first)
        count = page->value + page->count - first;
    kept = count * leaf->stored < STRETCH_BYTES ? count : STRETCH_BYTES / leaf->stored;
    if (leaf->order == PF_ORDER_WIDE)
        pf_encode_fixed_decimals(values, kept, leaf->stored, sample->plain + sample->plain_size);
    else
        memcpy(sample->plain + sample->plain_size, values, kept * leaf->stored);
    sample->plain_size += kept * leaf->stored;
    sample->size += count * leaf->stored;
    sample->count += count;
    if (takes_delta(leaf)) {
        uint8_t *to = sample->delta + sample->delta_size;

        sample->delta_headers += pf_encode_delta(values, 1, leaf->width, 0, to);
        sample->delta_size += pf_encode_delta(values, count, leaf->width, work->options->features, to);
    }
    if (sample->full)
        return PF_OK;
    return count_runs(sample, pf_dictionary_add(&sample->seen, values, count, sample->indexes), count, err);
}

/* The strings of count rows from number row on; fewer when they are long. */
static enum pf_status sample_text(struct sample *sample, struct pf_chunk_work *work, size_t row, size_t count,
                                  struct pf_error *err)
{
    const struct pf_chunk_page *page = work->pages;
    struct pf_slice_cursor cursor, again;
    uint8_t *plain = sample->plain + sample->plain_size;
    size_t rows, size, found = 0;
    enum pf_dictionary_result result;

    while (row >= page->row + page->rows)
        page++;
    cursor = page->cursor;
    pf_slice_skip(&cursor, (int64_t)(row - page->row));
    rows = pf_text_rows(cursor, count, STRETCH_LIMIT, &size);
    if (size > STRETCH_LIMIT) {
        /* One enormous string: not a thing dictionaries are for. */
        sample->full = true;
        sample->size += size;
        sample->count++;
        return PF_OK;
    }
    sample->count += rows - pf_gather_validity(cursor, rows, work->validity);
    again = cursor;
    size = (size_t)(pf_gather_text(&again, rows, plain) - plain);
    sample->size += size;
    sample->plain_size += size < STRETCH_BYTES ? size : STRETCH_BYTES;
    if (sample->full)
        return PF_OK;
    result = pf_dictionary_add_text(&sample->seen, &cursor, rows, sample->indexes, &found);
    return count_runs(sample, result, found, err);
}

static size_t stretch_for(size_t values)
{
    size_t stretch = values / (STRETCHES * SAMPLE_SHARE);

    return stretch < LEAST_STRETCH ? LEAST_STRETCH : stretch < STRETCH ? stretch : STRETCH;
}

static enum pf_status take_sample(struct sample *sample, struct pf_chunk_work *work, struct pf_error *err)
{
    bool text = work->leaf->order == PF_ORDER_TEXT;
    size_t total = text ? work->rows : work->values;
    size_t stretch = stretch_for(total);
    enum pf_status status = PF_OK;

    for (size_t at = 0; at < STRETCHES && status == PF_OK; at++) {
        bool all = total <= STRETCHES * stretch;
        size_t first = all ? total * at / STRETCHES : (total - stretch) * at / (STRETCHES - 1);
        size_t count = all ? total * (at + 1) / STRETCHES - first : stretch;

        if (count > 0)
            status = text ? sample_text(sample, work, first, count, err) : sample_numbers(sample, work, first, count, err);
    }
    sample->distinct = sample->full ? 0 : sample->seen.count;
    return status;
}

/* Compressed size by size of what the codec was tried on; 1 when it gains nothing. */
static enum pf_status try_codec(struct pf_chunk_work *work, const uint8_t *bytes, size_t size, double *ratio,
                                struct pf_error *err)
{
    size_t room = pf_compress_bound(&work->compressor, size), written = 0;
    enum pf_status status;

    *ratio = 1;
    if (work->compressor.codec == PARQUET_UNCOMPRESSED || size == 0)
        return PF_OK;
    pf_buffer_clear(&work->packed);
    if (!pf_buffer_reserve(&work->packed, room))
        return pf_fail_memory(err, room);
    status = pf_compress(&work->compressor, bytes, size, work->packed.data, room, &written, err);
    if (status == PF_OK && written < size)
        *ratio = (double)written / (double)size;
    return status;
}

/* base^exponent with multiplications only, so that the choice does not depend on a C library. */
static double power(double base, size_t exponent)
{
    double result = 1;

    for (; exponent > 0; exponent >>= 1, base *= base) {
        if (exponent & 1)
            result *= base;
    }
    return result;
}

/* Distinct values to expect among count drawn from so many. */
static double distinct_among(double drawn_from, size_t count)
{
    return drawn_from * (1 - power(1 - 1 / drawn_from, count));
}

/* Distinct values to expect in total runs, when a sample of so many had so many. */
static double expect_distinct(size_t sampled, size_t distinct, size_t total)
{
    double low = (double)distinct, high = (double)sampled * (double)sampled;

    if (sampled >= total)
        return (double)distinct;
    if (distinct >= sampled)
        return (double)total;
    /* How large a set gives that many repetitions: distinct_among grows with it. */
    for (int step = 0; step < 50; step++) {
        double middle = (low + high) / 2;

        if (distinct_among(middle, sampled) < (double)distinct)
            low = middle;
        else
            high = middle;
    }
    return distinct_among(high, total);
}

double pf_dictionary_cost(const struct pf_chunk_work *work, const struct pf_choice *choice, double entries, double plain,
                          double runs)
{
    uint32_t width = pf_bit_width((uint64_t)(entries < 2 ? 1 : entries - 1));
    double packed = (double)work->values * width / 8, single = runs * (1.5 + (width + 7) / 8);

    return dictionary_overhead + plain * choice->entry_cost + (packed < single ? packed : single) * (1 + plain_price);
}

/* What the codec makes of the sample's distinct values, which compress less well than the same values with their repetitions. */
static enum pf_status try_entries(struct pf_chunk_work *work, struct sample *sample, double *ratio, struct pf_error *err)
{
    const struct pf_dictionary *seen = &sample->seen;
    const struct pf_leaf *leaf = work->leaf;
    const uint8_t *bytes = seen->width ? seen->values : seen->text.data;
    size_t size = pf_dictionary_plain_size(seen, leaf->stored), most = (size_t)STRETCHES * STRETCH_BYTES;

    if (size > most)
        size = seen->width ? most / leaf->stored * leaf->stored : most;
    if (leaf->order == PF_ORDER_WIDE) {
        pf_encode_fixed_decimals(bytes, size / leaf->stored, leaf->stored, sample->plain);
        bytes = sample->plain;
    }
    return try_codec(work, bytes, size, ratio, err);
}

static enum pf_status consider_dictionary(struct pf_chunk_work *work, struct sample *sample, struct pf_choice *choice,
                                          struct pf_error *err)
{
    double values = (double)work->values, sampled = (double)sample->count;
    double runs = values * (double)sample->runs / sampled;
    double distinct = expect_distinct(sample->runs, sample->distinct, (size_t)runs);
    double entry = (double)sample->size / sampled;
    double ratio = 1, cost, most;

    if (try_entries(work, sample, &ratio, err) != PF_OK)
        return err->status;
    choice->entry_cost = ratio + plain_price;
    cost = pf_dictionary_cost(work, choice, distinct, distinct * entry, runs);
    if (cost >= choice->cost * encoding_gain)
        return PF_OK;
    most = distinct + (choice->cost - cost) / (entry * choice->entry_cost);
    choice->expected = (size_t)distinct + 1;
    choice->entries = most < PF_DICTIONARY_ENTRIES ? (size_t)most : PF_DICTIONARY_ENTRIES;
    return PF_OK;
}

static enum pf_status consider_delta(struct pf_chunk_work *work, const struct sample *sample, struct pf_choice *choice,
                                     struct pf_error *err)
{
    double share = (double)work->values / (double)sample->count;
    double plain = (double)(sample->delta_size - sample->delta_headers) * share;
    double overhead = delta_overhead * (double)work->page_count;
    double ratio = 1, cost = plain * (1 + plain_price) + overhead;
    enum pf_status status = PF_OK;

    /* Only a close race is worth a second trial of the codec. */
    if (cost >= choice->cost * encoding_gain && cost / 2 < choice->cost) {
        status = try_codec(work, sample->delta, sample->delta_size, &ratio, err);
        cost = plain * (ratio + plain_price) + overhead;
    }
    if (status == PF_OK && cost < choice->cost * encoding_gain) {
        choice->encoding = PARQUET_DELTA_BINARY_PACKED;
        choice->cost = cost;
        choice->codec_helps = true;
    }
    return status;
}

static enum pf_status choose(struct pf_chunk_work *work, struct sample *sample, struct pf_choice *choice, struct pf_error *err)
{
    enum pf_status status;
    double ratio = 1;

    if (!sample_init(sample, work))
        return pf_fail_memory(err, SAMPLE * sizeof(struct pf_dictionary_text));
    status = take_sample(sample, work, err);
    if (status == PF_OK)
        status = try_codec(work, sample->plain, sample->plain_size, &ratio, err);
    if (status != PF_OK || sample->count == 0)
        return status;
    /* Text repeats itself over distances longer than a stretch; there the first page tells. */
    choice->codec_helps = ratio < pf_codec_gain || work->leaf->order == PF_ORDER_TEXT;
    if (!choice->codec_helps)
        ratio = 1;
    choice->cost = (double)sample->size * (ratio + plain_price) * ((double)work->values / (double)sample->count);
    if (takes_delta(work->leaf))
        status = consider_delta(work, sample, choice, err);
    if (status == PF_OK && sample->distinct > 0)
        status = consider_dictionary(work, sample, choice, err);
    return status;
}

enum pf_status pf_chunk_choose(struct pf_chunk_work *work, struct pf_choice *choice, struct pf_error *err)
{
    struct sample *sample = pf_alloc(work->memory, sizeof *sample);
    enum pf_status status;

    *choice = (struct pf_choice){ .encoding = PARQUET_PLAIN, .codec_helps = true };
    if (!sample)
        return pf_fail_memory(err, sizeof *sample);
    status = choose(work, sample, choice, err);
    sample_free(sample, work);
    pf_free(work->memory, sample);
    return status;
}
