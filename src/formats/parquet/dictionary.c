/* An open-addressing hash table whose slots are 4 bytes: 17 bits of index and 15 of the hash, so that a wrong entry is hardly ever
 * touched and a table for the usual few hundred values stays in the first-level cache. Nothing is allocated for a value.
 *
 * Values come from input that may be hostile: when a new value finds its place only far from home, the dictionary gives up. */
#include "formats/parquet/dictionary.h"

#include <assert.h>

#define INLINE static inline __attribute__((always_inline))
#define RARE   __attribute__((noinline, cold))

enum { INDEX_BITS = 17, PROBES = 512, FEWEST_SLOT_BITS = 8 };

#define EMPTY      UINT32_MAX
#define INDEX_MASK ((1u << INDEX_BITS) - 1)

/* A value as the table sees it: text by its first 16 bytes. */
struct key {
    uint64_t low, high;
    const uint8_t *bytes; /* text only */
    uint32_t size;
};

INLINE uint64_t load64(const uint8_t *from)
{
    uint64_t word;

    memcpy(&word, from, sizeof word);
    return word;
}

/* Both halves of a product: every bit of the input reaches every bit of the result. */
INLINE uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

INLINE uint64_t hash_of(const struct key *key, uint32_t width)
{
    uint64_t hash;

    if (width == 4 || width == 8)
        return mix(key->low ^ 0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u);
    hash = mix(key->low ^ 0x9e3779b97f4a7c15u ^ key->size, key->high ^ 0xa0761d6478bd642fu);
    if (width == 0 && key->size > 16) {
        const uint8_t *at = key->bytes + 16, *end = key->bytes + key->size;

        for (; end - at > 16; at += 16)
            hash = mix(load64(at) ^ hash, load64(at + 8) ^ 0xe7037ed1a0b428dbu);
        hash = mix(load64(end - 16) ^ hash, load64(end - 8) ^ 0x8ebc6af09c88c6e3u);
    }
    return hash;
}

INLINE bool same(const struct pf_dictionary *dictionary, const uint8_t *values, uint32_t index, const struct key *key,
                 uint32_t width)
{
    if (width == 4) {
        uint32_t value;

        memcpy(&value, values + (size_t)index * 4, sizeof value);
        return value == key->low;
    } else if (width == 8) {
        return load64(values + (size_t)index * 8) == key->low;
    } else if (width == 16) {
        const uint8_t *value = values + (size_t)index * 16;

        return load64(value) == key->low && load64(value + 8) == key->high;
    } else {
        struct pf_dictionary_text entry;

        memcpy(&entry, values + (size_t)index * sizeof entry, sizeof entry);
        return entry.head[0] == key->low && entry.head[1] == key->high && entry.size == key->size &&
               (key->size <= 16 || memcmp(dictionary->text.data + entry.offset + 16, key->bytes + 16, key->size - 16) == 0);
    }
}

INLINE uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)hash & ~INDEX_MASK;
}

static size_t entry_size(const struct pf_dictionary *dictionary)
{
    return dictionary->width ? dictionary->width : sizeof(struct pf_dictionary_text);
}

/* All but the slots. */
static bool init_entries(struct pf_dictionary *dictionary, struct pf_memory *memory, uint32_t width, size_t entries,
                         size_t bytes, size_t expected)
{
    memset(dictionary, 0, sizeof *dictionary);
    if (bytes > PF_DICTIONARY_BYTES)
        bytes = PF_DICTIONARY_BYTES;
    if (entries > PF_DICTIONARY_ENTRIES)
        entries = PF_DICTIONARY_ENTRIES;
    if (width && entries > bytes / width)
        entries = bytes / width;
    dictionary->memory = memory;
    dictionary->width = width;
    dictionary->limit = (uint32_t)entries;
    pf_buffer_init(&dictionary->text, memory, bytes);
    if (expected > entries)
        expected = entries;
    dictionary->capacity = (uint32_t)(expected < 64 ? 64 : expected);
    dictionary->values = pf_alloc(memory, dictionary->capacity * entry_size(dictionary));
    return dictionary->values != NULL;
}

static bool init_slots(struct pf_dictionary *dictionary, size_t count)
{
    dictionary->slots = pf_alloc(dictionary->memory, count * sizeof *dictionary->slots);
    if (dictionary->slots)
        memset(dictionary->slots, 0xff, count * sizeof *dictionary->slots);
    return dictionary->slots != NULL;
}

bool pf_dictionary_init(struct pf_dictionary *dictionary, struct pf_memory *memory, uint32_t width, size_t entries,
                        size_t bytes, size_t expected)
{
    if (!init_entries(dictionary, memory, width, entries, bytes, expected))
        return false;
    dictionary->slot_bits = FEWEST_SLOT_BITS;
    while ((size_t)1 << dictionary->slot_bits < (size_t)dictionary->capacity * 3)
        dictionary->slot_bits++;
    return init_slots(dictionary, (size_t)1 << dictionary->slot_bits);
}

bool pf_dictionary_init_direct(struct pf_dictionary *dictionary, struct pf_memory *memory, uint32_t width, size_t entries,
                               size_t bytes, uint64_t least, uint64_t span)
{
    assert((width == 4 || width == 8) && span < PF_DICTIONARY_SPAN);
    if (!init_entries(dictionary, memory, width, entries, bytes, (size_t)span + 1))
        return false;
    dictionary->direct = true;
    dictionary->least = least;
    return init_slots(dictionary, (size_t)span + 1);
}

void pf_dictionary_free(struct pf_dictionary *dictionary)
{
    if (!dictionary->memory)
        return;
    pf_free(dictionary->memory, dictionary->values);
    pf_free(dictionary->memory, dictionary->slots);
    pf_buffer_free(&dictionary->text);
    memset(dictionary, 0, sizeof *dictionary);
}

/* An entry as a key again, to hash it anew. */
static struct key key_at(const struct pf_dictionary *dictionary, uint32_t index)
{
    struct key key = { 0 };

    if (dictionary->width) {
        memcpy(&key, dictionary->values + (size_t)index * dictionary->width, dictionary->width);
    } else {
        struct pf_dictionary_text entry;

        memcpy(&entry, dictionary->values + index * sizeof entry, sizeof entry);
        key.low = entry.head[0];
        key.high = entry.head[1];
        key.bytes = dictionary->text.data + entry.offset;
        key.size = entry.size;
    }
    return key;
}

static uint64_t hash_any(const struct key *key, uint32_t width)
{
    return width == 0 ? hash_of(key, 0) : width == 16 ? hash_of(key, 16) : hash_of(key, 8);
}

static bool grow_slots(struct pf_dictionary *dictionary)
{
    uint32_t bits = dictionary->slot_bits + 2;
    size_t mask = ((size_t)1 << bits) - 1;
    uint32_t *slots = pf_alloc(dictionary->memory, (mask + 1) * sizeof *slots);

    if (!slots)
        return false;
    memset(slots, 0xff, (mask + 1) * sizeof *slots);
    for (uint32_t index = 0; index < dictionary->count; index++) {
        struct key key = key_at(dictionary, index);
        uint64_t hash = hash_any(&key, dictionary->width);
        size_t place = hash >> (64 - bits);

        while (slots[place] != EMPTY)
            place = (place + 1) & mask;
        slots[place] = tag_of(hash) | index;
    }
    pf_free(dictionary->memory, dictionary->slots);
    dictionary->slots = slots;
    dictionary->slot_bits = bits;
    return true;
}

static bool grow_values(struct pf_dictionary *dictionary)
{
    uint32_t capacity = dictionary->capacity * 2;
    uint8_t *values = pf_resize(dictionary->memory, dictionary->values, capacity * entry_size(dictionary));

    if (!values)
        return false;
    dictionary->values = values;
    dictionary->capacity = capacity;
    return true;
}

static enum pf_dictionary_result put_text(struct pf_dictionary *dictionary, const struct key *key)
{
    struct pf_dictionary_text entry = { .head = { key->low, key->high }, .size = key->size };

    if (dictionary->text.limit - dictionary->text.size < (size_t)key->size + 4)
        return PF_DICTIONARY_FULL;
    if (!pf_buffer_append(&dictionary->text, &key->size, 4) || !pf_buffer_append(&dictionary->text, key->bytes, key->size))
        return PF_DICTIONARY_NO_MEMORY;
    entry.offset = (uint32_t)(dictionary->text.size - key->size);
    memcpy(dictionary->values + dictionary->count * sizeof entry, &entry, sizeof entry);
    return PF_DICTIONARY_DONE;
}

/* Adds the key at an empty place. By value: its address would keep the caller's copy in memory. */
RARE static enum pf_dictionary_result insert(struct pf_dictionary *dictionary, struct key key, uint64_t hash, size_t place)
{
    size_t mask = ((size_t)1 << dictionary->slot_bits) - 1;
    size_t home = hash >> (64 - dictionary->slot_bits);

    if (dictionary->count == dictionary->limit || ((place - home) & mask) > PROBES)
        return PF_DICTIONARY_FULL;
    if (dictionary->count == dictionary->capacity && !grow_values(dictionary))
        return PF_DICTIONARY_NO_MEMORY;
    if (dictionary->width) {
        memcpy(dictionary->values + (size_t)dictionary->count * dictionary->width, &key, dictionary->width);
    } else {
        enum pf_dictionary_result result = put_text(dictionary, &key);

        if (result != PF_DICTIONARY_DONE)
            return result;
    }
    dictionary->slots[place] = tag_of(hash) | dictionary->count;
    dictionary->count++;
    if ((size_t)dictionary->count * 2 > mask && !grow_slots(dictionary))
        return PF_DICTIONARY_NO_MEMORY;
    return PF_DICTIONARY_DONE;
}

/* What a look-up needs of the dictionary, kept in registers: new values change it, old ones do not. */
struct view {
    const uint32_t *slots;
    const uint8_t *values;
    size_t mask;
    uint32_t shift;
};

INLINE struct view view_of(const struct pf_dictionary *dictionary)
{
    return (struct view){ .slots = dictionary->slots,
                          .values = dictionary->values,
                          .mask = ((size_t)1 << dictionary->slot_bits) - 1,
                          .shift = 64 - dictionary->slot_bits };
}

/* The key's index; EMPTY = *result says why not. */
INLINE uint32_t look_up(struct pf_dictionary *dictionary, struct view *view, const struct key *key, uint32_t width,
                        enum pf_dictionary_result *result)
{
    uint64_t hash = hash_of(key, width);
    uint32_t tag = tag_of(hash);
    size_t place = hash >> view->shift;

    for (;;) {
        uint32_t slot = view->slots[place];

        if (slot == EMPTY) {
            *result = insert(dictionary, *key, hash, place);
            *view = view_of(dictionary);
            return *result == PF_DICTIONARY_DONE ? dictionary->count - 1 : EMPTY;
        }
        if ((slot & ~INDEX_MASK) == tag && same(dictionary, view->values, slot & INDEX_MASK, key, width))
            return slot & INDEX_MASK;
        place = (place + 1) & view->mask;
    }
}

INLINE enum pf_dictionary_result add_fixed(struct pf_dictionary *dictionary, const uint8_t *values, size_t count,
                                           uint32_t width, uint32_t *indexes)
{
    enum pf_dictionary_result result = PF_DICTIONARY_DONE;
    struct view view = view_of(dictionary);

    for (size_t at = 0; at < count; at++) {
        struct key key = { 0 };

        memcpy(&key, values + at * width, width);
        indexes[at] = look_up(dictionary, &view, &key, width, &result);
        if (result != PF_DICTIONARY_DONE)
            break;
    }
    return result;
}

INLINE enum pf_dictionary_result add_direct(struct pf_dictionary *dictionary, const uint8_t *values, size_t count,
                                            uint32_t width, uint32_t *indexes)
{
    for (size_t at = 0; at < count; at++) {
        uint64_t value = 0;
        uint32_t *slot;

        memcpy(&value, values + at * width, width);
        /* Modulo the width: the values may be negative. */
        slot = &dictionary->slots[width == 4 ? (uint32_t)(value - dictionary->least) : value - dictionary->least];
        if (*slot == EMPTY) {
            if (dictionary->count == dictionary->limit)
                return PF_DICTIONARY_FULL;
            memcpy(dictionary->values + (size_t)dictionary->count * width, &value, width);
            *slot = dictionary->count++;
        }
        indexes[at] = *slot;
    }
    return PF_DICTIONARY_DONE;
}

enum pf_dictionary_result pf_dictionary_add(struct pf_dictionary *dictionary, const uint8_t *values, size_t count,
                                            uint32_t *indexes)
{
    if (dictionary->direct && dictionary->width == 4)
        return add_direct(dictionary, values, count, 4, indexes);
    if (dictionary->direct)
        return add_direct(dictionary, values, count, 8, indexes);
    if (dictionary->width == 4)
        return add_fixed(dictionary, values, count, 4, indexes);
    if (dictionary->width == 8)
        return add_fixed(dictionary, values, count, 8, indexes);
    return add_fixed(dictionary, values, count, 16, indexes);
}

/* The first size bytes of 16. */
INLINE void take_head(struct key *key, const uint8_t *bytes_end)
{
    static const uint64_t masks[17][2] = {
        { 0, 0 },
        { 0xff, 0 },
        { 0xffff, 0 },
        { 0xffffff, 0 },
        { 0xffffffff, 0 },
        { 0xffffffffff, 0 },
        { 0xffffffffffff, 0 },
        { 0xffffffffffffff, 0 },
        { UINT64_MAX, 0 },
        { UINT64_MAX, 0xff },
        { UINT64_MAX, 0xffff },
        { UINT64_MAX, 0xffffff },
        { UINT64_MAX, 0xffffffff },
        { UINT64_MAX, 0xffffffffff },
        { UINT64_MAX, 0xffffffffffff },
        { UINT64_MAX, 0xffffffffffffff },
        { UINT64_MAX, UINT64_MAX },
    };

    if (bytes_end - key->bytes >= 16) {
        uint32_t kept = key->size < 16 ? key->size : 16;

        key->low = load64(key->bytes) & masks[kept][0];
        key->high = load64(key->bytes + 8) & masks[kept][1];
    } else {
        uint64_t head[2] = { 0, 0 };

        memcpy(head, key->bytes, key->size);
        key->low = head[0];
        key->high = head[1];
    }
}

static enum pf_dictionary_result add_piece(struct pf_dictionary *dictionary, const struct ArrowArray *array, size_t start,
                                           size_t rows, uint32_t *indexes, size_t *found)
{
    static const uint8_t nothing[1];
    const int32_t *offsets = pf_array_offsets(array);
    const uint8_t *bytes = pf_array_bytes(array) ? pf_array_bytes(array) : nothing;
    const uint8_t *bytes_end = bytes + offsets[array->length];
    const uint8_t *validity = array->null_count != 0 ? pf_array_validity(array) : NULL;
    enum pf_dictionary_result result = PF_DICTIONARY_DONE;
    struct view view = view_of(dictionary);
    size_t at = *found;

    for (size_t row = start; row < start + rows; row++) {
        struct key key = { .bytes = bytes + offsets[row], .size = (uint32_t)(offsets[row + 1] - offsets[row]) };

        if (validity && !pf_bit(validity, (int64_t)row))
            continue;
        take_head(&key, bytes_end);
        indexes[at] = look_up(dictionary, &view, &key, 0, &result);
        if (result != PF_DICTIONARY_DONE)
            break;
        at++;
    }
    *found = at;
    return result;
}

enum pf_dictionary_result pf_dictionary_add_text(struct pf_dictionary *dictionary, struct pf_slice_cursor *cursor, size_t rows,
                                                 uint32_t *indexes, size_t *found)
{
    enum pf_dictionary_result result = PF_DICTIONARY_DONE;

    assert(dictionary->width == 0);
    *found = 0;
    while (rows > 0 && result == PF_DICTIONARY_DONE) {
        size_t left = (size_t)(cursor->slice->rows - cursor->row);
        size_t here = rows < left ? rows : left;

        result =
            add_piece(dictionary, cursor->slice->array, (size_t)(cursor->slice->start + cursor->row), here, indexes, found);
        pf_slice_skip(cursor, (int64_t)here);
        rows -= here;
    }
    return result;
}

struct pf_text_view pf_dictionary_text_at(const struct pf_dictionary *dictionary, uint32_t index)
{
    struct pf_dictionary_text entry;

    memcpy(&entry, dictionary->values + index * sizeof entry, sizeof entry);
    return (struct pf_text_view){ dictionary->text.data + entry.offset, entry.size };
}

size_t pf_dictionary_plain_size(const struct pf_dictionary *dictionary, uint32_t stored)
{
    return dictionary->width ? (size_t)dictionary->count * stored : dictionary->text.size;
}
