#include <string.h>

#include "base/text.h"
#include "formats/parquet/read_column.h"
#include "formats/parquet/read_convert.h"

size_t parquet_first_invalid(const uint8_t *bytes, const int32_t *ends, size_t count, uint32_t cpu_features)
{
    int32_t start = ends[-1];
    size_t size, valid;
    uint32_t cut = 0;

    if (count == 0)
        return 0;
    size = (size_t)(ends[count - 1] - start);
    valid = pf_utf8_valid(bytes + start, size, cpu_features);
    /* All together may be valid although a character is cut in two by the end of a text: then a text begins inside one. */
    for (size_t i = 0; i + 1 < count; i++)
        cut |= (uint32_t)((bytes[ends[i]] & 0xc0) == 0x80) & (uint32_t)(ends[i] < ends[count - 1]);
    if (valid == size && cut == 0)
        return count;
    for (size_t i = 0; i < count; i++) {
        size_t length = (size_t)(ends[i] - start);

        if (pf_utf8_valid(bytes + start, length, cpu_features) != length)
            return i;
        start = ends[i];
    }
    return count;
}

/* ---- entries that cannot be held */

struct filling {
    struct parquet_decoder *decoder;
    const struct parquet_column *column;
    struct parquet_dictionary *out;
    struct pf_error *err;
};

/* Marks one entry; the marks are made with the first one. */
static bool mark(const struct filling *filling, size_t index)
{
    struct parquet_dictionary *out = filling->out;
    struct parquet_scratch *marks = &filling->decoder->dictionary_faults;

    if (out->faults == NULL) {
        if (parquet_scratch_need(marks, &filling->decoder->loader.ctx->memory, out->values.count, filling->err) == NULL)
            return false;
        memset(marks->bytes, 0, out->values.count);
        out->faults = marks->bytes;
    }
    marks->bytes[index] = 1;
    return true;
}

/* ---- filling */

static enum pf_status fill_text(const struct filling *filling)
{
    struct parquet_dictionary *out = filling->out;
    const uint8_t *bytes = out->physical;
    size_t count = out->values.count;

    out->values.values = bytes;
    out->values.ends = out->physical_ends;
    for (size_t i = 0; i < count; i++) {
        uint32_t size = (uint32_t)(out->values.ends[i] - out->values.ends[(ptrdiff_t)i - 1]);

        out->values.longest = size > out->values.longest ? size : out->values.longest;
    }
    if (filling->column->field.type != PF_TYPE_STRING || filling->column->convert != PF_CONVERT_NONE)
        return PF_OK;
    for (size_t at = 0; at < count; at++) {
        at += parquet_first_invalid(bytes, out->values.ends + at, count - at, filling->decoder->cpu_features);
        if (at < count && !mark(filling, at))
            return filling->err->status;
    }
    return PF_OK;
}

static enum pf_status fill_values(const struct filling *filling)
{
    struct parquet_dictionary *out = filling->out;
    const struct parquet_column *column = filling->column;
    size_t count = out->values.count, width = parquet_value_width(column);
    uint8_t *to;

    out->values.width = width;
    to = parquet_scratch_need(&filling->decoder->dictionary_values, &filling->decoder->loader.ctx->memory, count * width,
                              filling->err);
    if (to == NULL)
        return filling->err->status;
    out->values.values = to;
    for (size_t at = 0; at < count; at++) {
        if (out->physical_ends != NULL)
            at += pf_convert_decimals(column, out->physical, out->physical_ends + at, count - at, to + at * width);
        else
            at += pf_convert_values(column, out->physical + at * column->width, count - at, to + at * width);
        if (at < count && !mark(filling, at))
            return filling->err->status;
    }
    return PF_OK;
}

/* Entries of varying length: their bytes back to back where the page was (a copy would be as large), where they end in
 * dictionary_ends. */
static enum pf_status unpack_texts(const struct filling *filling, struct pf_section section)
{
    struct parquet_decoder *decoder = filling->decoder;
    size_t count = filling->out->values.count;
    int32_t *ends;

    if (count > section.size / 4)
        return pf_fail(filling->err, PF_BAD_DATA, "a dictionary page of %zu bytes cannot hold %zu values", section.size, count);
    ends = (int32_t *)(void *)parquet_scratch_need(&decoder->dictionary_ends, &decoder->loader.ctx->memory,
                                                   (count + 1) * sizeof *ends, filling->err);
    if (ends == NULL)
        return filling->err->status;
    *ends++ = 0;
    filling->out->physical_ends = ends;
    filling->out->physical = decoder->dictionary_plain.bytes;
    if (pf_plain_text_in_place(decoder->dictionary_plain.bytes, section.size, count, ends))
        return PF_OK;
    return pf_fail(filling->err, PF_BAD_DATA, "a dictionary page ends before its last value");
}

/* Entries of fixed width that become text: the same form. */
static enum pf_status lay_out_texts(const struct filling *filling)
{
    struct parquet_decoder *decoder = filling->decoder;
    struct pf_memory *memory = &decoder->loader.ctx->memory;
    size_t count = filling->out->values.count;
    size_t width = filling->column->convert == PF_CONVERT_UUID ? PF_UUID_TEXT : filling->column->width;
    int32_t *ends =
        (int32_t *)(void *)parquet_scratch_need(&decoder->dictionary_ends, memory, (count + 1) * sizeof *ends, filling->err);

    if (ends == NULL || pf_text_reserve(&decoder->dictionary_text, count * width, filling->err) != PF_OK)
        return filling->err->status;
    *ends++ = 0;
    filling->out->physical_ends = ends;
    if (filling->column->convert == PF_CONVERT_UUID)
        pf_convert_uuids(filling->out->physical, count, decoder->dictionary_text.data);
    else if (count != 0)
        memcpy(decoder->dictionary_text.data, filling->out->physical, count * width);
    decoder->dictionary_text.size = count * width;
    for (size_t i = 0; i < count; i++)
        ends[i] = (int32_t)((i + 1) * width);
    filling->out->physical = decoder->dictionary_text.data;
    return PF_OK;
}

/* Entries of fixed width as stored. */
static enum pf_status unpack_fixed(const struct filling *filling, struct pf_section section)
{
    struct parquet_decoder *decoder = filling->decoder;
    size_t count = filling->out->values.count;
    bool fits;

    if (filling->column->physical == PARQUET_BOOLEAN) {
        fits = count <= section.size * 8;
        if (fits && parquet_scratch_need(&decoder->physical, &decoder->loader.ctx->memory, count, filling->err) == NULL)
            return filling->err->status;
        fits = fits && pf_plain_bool(section, 0, count, decoder->physical.bytes);
        filling->out->physical = decoder->physical.bytes;
    } else {
        fits = pf_plain_fixed(section, filling->column->width, 0, count, &filling->out->physical);
    }
    if (!fits)
        return pf_fail(filling->err, PF_BAD_DATA, "a dictionary page of %zu bytes cannot hold %zu values", section.size, count);
    return PF_OK;
}

enum pf_status parquet_load_dictionary(struct parquet_decoder *decoder, const struct parquet_column *column, int32_t codec,
                                       const struct parquet_pages *pages, struct parquet_dictionary *out, struct pf_error *err)
{
    const struct parquet_page *page = &pages->dictionary;
    struct filling filling = { decoder, column, out, err };
    struct pf_section levels, section;

    memset(out, 0, sizeof *out);
    if (!pages->has_dictionary)
        return pf_fail(err, PF_BAD_DATA, "a page refers to a dictionary, but its column chunk has none");
    if (page->encoding != PARQUET_PLAIN && page->encoding != PARQUET_PLAIN_DICTIONARY)
        return pf_fail(err, PF_UNSUPPORTED, "a dictionary page is encoded as %s, which is not read",
                       parquet_encoding_name(page->encoding));
    if (parquet_load_page(&decoder->loader, codec, page, 0, false, true, &decoder->dictionary_plain, &levels, &section, err) !=
        PF_OK)
        return err->status;
    out->values.count = (uint32_t)page->values;
    pf_buffer_clear(&decoder->dictionary_text);
    if ((column->width == 0 ? unpack_texts(&filling, section) : unpack_fixed(&filling, section)) != PF_OK)
        return err->status;
    if (!parquet_is_text(column))
        return fill_values(&filling);
    if (column->width != 0 && lay_out_texts(&filling) != PF_OK)
        return err->status;
    return fill_text(&filling);
}

enum pf_status parquet_dictionary_fault(const struct parquet_column *column, const struct parquet_dictionary *dictionary,
                                        uint32_t index, struct pf_error *err)
{
    if (dictionary->physical_ends != NULL) {
        int32_t start = dictionary->physical_ends[(int64_t)index - 1];

        return pf_convert_fault(column, dictionary->physical + start, (size_t)(dictionary->physical_ends[index] - start), err);
    }
    return pf_convert_fault(column, dictionary->physical + (size_t)index * column->width, column->width, err);
}
