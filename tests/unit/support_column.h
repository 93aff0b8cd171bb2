/* Text columns made from texts. */
#ifndef PF_TESTS_SUPPORT_COLUMN_H
#define PF_TESTS_SUPPORT_COLUMN_H

#include <stdlib.h>

#include "support_unit.h"

#include "arrow/array.h"

/* What a text of a test stands for besides itself. */
#define COLUMN_NULL  "<null>"
#define COLUMN_EMPTY "" /* an empty text in quotes */

struct column {
    struct pf_text_column text;
    int64_t rows;
    uint8_t *bytes;
    uint32_t *offset, *size;
    uint8_t *kind;
};

static inline void column_free(struct column *column)
{
    free(column->bytes);
    free(column->offset);
    free(column->size);
    free(column->kind);
}

/* The bytes end exactly 32 behind the last value, so that reading further is seen. */
static inline struct column column_new(const char *const *values, int64_t rows)
{
    const size_t count = (size_t)rows;
    struct column column = { .rows = rows };
    size_t total = 0, at = 0;

    for (size_t i = 0; i < count; i++)
        total += strlen(values[i]) + 1;
    column.bytes = malloc(total + 32);
    column.offset = malloc((count + 1) * sizeof *column.offset);
    column.size = malloc((count + 1) * sizeof *column.size);
    column.kind = malloc(count + 1);
    CHECK(column.bytes && column.offset && column.size && column.kind);
    for (size_t i = 0; i < count; i++) {
        const bool null = strcmp(values[i], COLUMN_NULL) == 0;
        const size_t size = null ? 0 : strlen(values[i]);

        memcpy(column.bytes + at, values[i], size);
        column.offset[i] = (uint32_t)at;
        column.size[i] = (uint32_t)size;
        column.kind[i] = null ? PF_TEXT_NULL : size ? PF_TEXT_PLAIN : PF_TEXT_QUOTED;
        column.text.nulls += null;
        column.text.total += (int64_t)size;
        at += size;
        if (i + 1 < count)
            column.bytes[at++] = i % 2 ? '7' : ','; /* what follows a value must not matter */
    }
    memset(column.bytes + at, '5', 32);
    column.bytes = realloc(column.bytes, at + 32);
    CHECK(column.bytes != NULL);
    column.text.bytes = column.bytes;
    column.text.offset = column.offset;
    column.text.size = column.size;
    column.text.kind = column.kind;
    return column;
}

#endif
