/* A source of text as UTF-8, for formats that are text, with a way back. */
#ifndef PF_FORMATS_TEXT_INPUT_H
#define PF_FORMATS_TEXT_INPUT_H

#include "base/text.h"
#include "storage/storage.h"

struct pf_text_input {
    struct pf_context *ctx; /* NULL = not open */
    struct pf_source *src;
    struct pf_decoder *decoder; /* NULL = the source is UTF-8 */
    uint8_t *raw;               /* with a decoder */
    struct pf_buffer decoded;
    size_t decoded_at;
    struct pf_buffer held; /* given back: comes first */
    size_t held_at;
    bool fresh; /* something came from the source since pf_text_input_mark */
    bool ended; /* of the source */
};

/* Of a zeroed input. encoding NULL = UTF-8. */
enum pf_status pf_text_input_open(struct pf_text_input *input, struct pf_context *ctx, struct pf_source *src,
                                  const char *encoding, uint32_t bom_size, struct pf_error *err);
void pf_text_input_close(struct pf_text_input *input);
/* Back to the first byte behind the byte order mark; the source has been rewound. */
enum pf_status pf_text_input_rewind(struct pf_text_input *input, const char *encoding, uint32_t bom_size, struct pf_error *err);
/* *got < size only at the end. */
enum pf_status pf_text_input_read(struct pf_text_input *input, uint8_t *to, size_t size, size_t *got, struct pf_error *err);
void pf_text_input_mark(struct pf_text_input *input);
/* Gives back the last size bytes read since the mark. */
enum pf_status pf_text_input_unread(struct pf_text_input *input, const uint8_t *bytes, size_t size, struct pf_error *err);

#endif
