/* Random values as text, for the makers of inputs: deterministic, the same on every machine. What is put needs room in the buffer. */
#ifndef PF_BENCH_VALUES_H
#define PF_BENCH_VALUES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct out {
    char *bytes;
    size_t size;
    uint64_t random; /* state of splitmix64 */
};

static inline uint64_t next(struct out *out)
{
    uint64_t z = (out->random += 0x9E3779B97F4A7C15u);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* 0 <= result < limit */
static inline uint32_t below(struct out *out, uint32_t limit)
{
    return (uint32_t)(((next(out) >> 32) * limit) >> 32);
}

static inline void put(struct out *out, char c)
{
    out->bytes[out->size++] = c;
}

static inline void put_text(struct out *out, const char *text)
{
    size_t size = strlen(text);

    memcpy(out->bytes + out->size, text, size);
    out->size += size;
}

/* At least digits digits, zeros in front. */
static inline void put_number(struct out *out, uint64_t value, int digits)
{
    char text[20];
    int count = 0;

    while (value > 0 || count < digits || count == 0) {
        text[count++] = (char)('0' + value % 10);
        value /= 10;
    }
    while (count > 0)
        put(out, text[--count]);
}

static inline void put_date(struct out *out, uint32_t days_since_2015)
{
    static const uint8_t month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    uint32_t year = 2015;
    uint32_t month = 0;
    uint32_t length = 365;

    while (days_since_2015 >= (length = year % 4 == 0 ? 366 : 365)) {
        days_since_2015 -= length;
        year++;
    }
    for (; month < 11; month++) {
        length = month_days[month] + (month == 1 && year % 4 == 0 ? 1u : 0u);
        if (days_since_2015 < length)
            break;
        days_since_2015 -= length;
    }
    put_number(out, year, 4);
    put(out, '-');
    put_number(out, month + 1, 2);
    put(out, '-');
    put_number(out, days_since_2015 + 1, 2);
}

static inline void put_time(struct out *out, uint32_t second_of_day)
{
    put_number(out, second_of_day / 3600, 2);
    put(out, ':');
    put_number(out, second_of_day / 60 % 60, 2);
    put(out, ':');
    put_number(out, second_of_day % 60, 2);
}

/* whole.fraction with the given digits of fraction; no zeros are cut off. */
static inline void put_fixed(struct out *out, uint64_t units, int digits)
{
    uint64_t scale = 1;

    for (int i = 0; i < digits; i++)
        scale *= 10;
    put_number(out, units / scale, 1);
    put(out, '.');
    put_number(out, units % scale, digits);
}

/* As the shortest text that reads back the same, up to 17 digits. */
static inline void put_double(struct out *out, double value)
{
    char text[32];

    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    put_text(out, text);
}

/* A double in 0..1, 15 to 17 digits. */
static inline void put_ratio(struct out *out)
{
    double value;

    do
        value = (double)(next(out) >> 11) * 0x1p-53;
    while (value < 0.001); /* an exponent in the text is another subject */
    put_double(out, value);
}

static const char *const words[] = { "order",  "shipped", "to",      "the",     "customer", "after",
                                     "review", "return",  "pending", "invoice", "paid",     "partial",
                                     "stock",  "moved",   "late",    "call",    "back",     "agreed" };
static const char *const categories[] = { "books", "garden", "kitchen", "music", "office", "outdoor", "sports", "toys" };
static const char *const names[] = { "Anna Berg", "Zoë Müller", "José Núñez", "Li Wei",  "李伟",         "Иван Петров",
                                     "Åsa Öberg", "John Smith", "Mary Jones", "O'Neill", "Chloé Dupont", "Omar Haddad" };

enum {
    WORDS = sizeof words / sizeof words[0],
    CATEGORIES = sizeof categories / sizeof categories[0],
    NAMES = sizeof names / sizeof names[0]
};

static inline void put_words(struct out *out, size_t size)
{
    size_t end = out->size + size;

    do {
        put_text(out, words[below(out, WORDS)]);
        put(out, ' ');
    } while (out->size < end);
    out->size--; /* the last blank */
}

#endif
