/* Output in other encodings than UTF-8. */
#include <string.h>

#include "base/text.h"
#include "formats/csv/csv_write.h"

enum pf_status csv_encode_buffer(const char *encoding, struct pf_buffer *text, struct pf_error *err)
{
    struct pf_buffer out;
    enum pf_status status;

    pf_buffer_init(&out, text->memory, SIZE_MAX);
    status = pf_encode_text(encoding, text->data, text->size, &out, err);
    if (status == PF_BAD_DATA) {
        err->offset = -1; /* of a piece of the output: of no use to anyone */
        pf_remedy(err, "choose --output-encoding utf-8");
    }
    pf_buffer_free(status == PF_OK ? text : &out);
    if (status == PF_OK)
        *text = out;
    return status;
}

static bool is_encodable(const char *encoding, struct pf_memory *memory, const struct ArrowArray *array, int64_t row)
{
    const int32_t *offsets = pf_array_offsets(array);
    struct pf_buffer out;
    struct pf_error err;
    bool ok;

    pf_buffer_init(&out, memory, SIZE_MAX);
    ok = pf_encode_text(encoding, pf_array_bytes(array) + offsets[row], (size_t)(offsets[row + 1] - offsets[row]), &out,
                        &err) == PF_OK;
    pf_buffer_free(&out);
    return ok;
}

void csv_find_unencodable(const char *encoding, const struct pf_schema *schema, const struct pf_batch *batch, int64_t from,
                          int64_t to, int64_t first_row, struct pf_error *err)
{
    for (int64_t row = from; row < to; row++) {
        for (uint32_t i = 0; i < schema->count; i++) {
            size_t size = strlen(schema->fields[i].name);

            if (schema->fields[i].type != PF_TYPE_STRING || is_encodable(encoding, batch->memory, &batch->columns[i], row))
                continue;
            err->row = first_row + (row - from) + 1;
            err->column = (int64_t)i + 1;
            size = size < sizeof err->column_name ? size : sizeof err->column_name - 1;
            memcpy(err->column_name, schema->fields[i].name, size);
            err->column_name[size] = '\0';
            return;
        }
    }
}
