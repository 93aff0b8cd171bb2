/* Dictionary indexes to values. */
#include "formats/parquet/decode.h"

/* Up to this length of the longest value, room is made for as many of the longest instead of summing up. */
enum { SHORT_TEXT = 64 };

uint32_t pf_largest_index(const uint32_t *indexes, size_t count)
{
    uint32_t largest = 0;

    for (size_t i = 0; i < count; i++)
        largest = indexes[i] > largest ? indexes[i] : largest;
    return largest;
}

static inline __attribute__((always_inline)) void gather(const uint8_t *values, size_t width, const uint32_t *indexes,
                                                         size_t count, uint8_t *to)
{
    for (size_t i = 0; i < count; i++)
        memcpy(to + i * width, values + indexes[i] * width, width);
}

void pf_dictionary_values(const struct pf_dictionary *dictionary, const uint32_t *indexes, size_t count, uint8_t *to)
{
    switch (dictionary->width) {
    case 1:
        gather(dictionary->values, 1, indexes, count, to);
        break;
    case 2:
        gather(dictionary->values, 2, indexes, count, to);
        break;
    case 4:
        gather(dictionary->values, 4, indexes, count, to);
        break;
    case 8:
        gather(dictionary->values, 8, indexes, count, to);
        break;
    default:
        gather(dictionary->values, 16, indexes, count, to);
    }
}

static inline __attribute__((always_inline)) size_t gather_short(const struct pf_dictionary *dictionary,
                                                                 const uint32_t *indexes, size_t count, uint8_t *bytes,
                                                                 size_t used, int32_t *ends, size_t room)
{
    for (size_t i = 0; i < count; i++) {
        int32_t start = dictionary->ends[(int64_t)indexes[i] - 1];

        memcpy(bytes + used, dictionary->values + start, room);
        used += (size_t)(dictionary->ends[indexes[i]] - start);
        ends[i] = (int32_t)used;
    }
    return used;
}

static size_t total_size(const struct pf_dictionary *dictionary, const uint32_t *indexes, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += (size_t)(dictionary->ends[indexes[i]] - dictionary->ends[(int64_t)indexes[i] - 1]);
    return total;
}

enum pf_status pf_dictionary_text(const struct pf_dictionary *dictionary, const uint32_t *indexes, size_t count,
                                  struct pf_text_target to, struct pf_error *err)
{
    size_t used = to.bytes->size;
    size_t most = dictionary->longest <= SHORT_TEXT ? count * dictionary->longest : total_size(dictionary, indexes, count);

    if (pf_text_reserve(to.bytes, most, err) != PF_OK)
        return err->status;
    if (dictionary->longest <= 8) {
        used = gather_short(dictionary, indexes, count, to.bytes->data, used, to.ends, 8);
    } else if (dictionary->longest <= 16) {
        used = gather_short(dictionary, indexes, count, to.bytes->data, used, to.ends, 16);
    } else if (dictionary->longest <= PF_DECODE_SLACK) {
        used = gather_short(dictionary, indexes, count, to.bytes->data, used, to.ends, PF_DECODE_SLACK);
    } else {
        for (size_t i = 0; i < count; i++) {
            int32_t start = dictionary->ends[(int64_t)indexes[i] - 1];
            size_t size = (size_t)(dictionary->ends[indexes[i]] - start);

            memcpy(to.bytes->data + used, dictionary->values + start, size);
            used += size;
            to.ends[i] = (int32_t)used;
        }
    }
    to.bytes->size = used;
    return PF_OK;
}
