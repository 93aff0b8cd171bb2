/* Text: UTF-8, and conversion from other encodings. */
#ifndef PF_BASE_TEXT_H
#define PF_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

/* Bytes of valid UTF-8 at the start of bytes: size when all is valid (a sequence cut off by the end counts as invalid; surrogates
 * and overlong forms are invalid). Vectorised for ASCII runs. features: bits of enum pf_cpu_feature. */
size_t pf_utf8_valid(const uint8_t *bytes, size_t size, uint32_t features);

/* Length of the incomplete UTF-8 sequence at the end of bytes: 0 to 3. */
size_t pf_utf8_tail(const uint8_t *bytes, size_t size);

/* Writes the code point as UTF-8 (1 to 4 bytes at to) and returns the length. code must be a scalar value. */
size_t pf_utf8_put(uint8_t *to, uint32_t code);

/* A conversion to UTF-8 from one encoding, over pieces of a stream: characters cut by the end of a piece are kept for the next. */
struct pf_decoder;

/* encoding: names as users write them ("utf-16le", "latin-1", "cp1252", "windows-1251", "iso-8859-2", "shift_jis", "gb18030", ...);
 * anything the platform's iconv knows. PF_BAD_OPTION names an unknown one. */
enum pf_status pf_decoder_new(struct pf_decoder **out, struct pf_memory *memory, const char *encoding, struct pf_error *err);
void pf_decoder_free(struct pf_decoder *decoder);
/* size bytes of the stream, such as a byte order mark, went before what is fed: places in errors count them. */
void pf_decoder_pass(struct pf_decoder *decoder, size_t size);
/* Appends the UTF-8 of size bytes to out. last: nothing follows, so an incomplete character is an error. PF_BAD_DATA has
 * err->offset = bytes of the whole stream before the bad character. */
enum pf_status pf_decoder_feed(struct pf_decoder *decoder, const uint8_t *bytes, size_t size, bool last, struct pf_buffer *out,
                               struct pf_error *err);

/* PF_BAD_OPTION when pf_encode_text does not know the encoding. */
enum pf_status pf_encode_check(const char *encoding, struct pf_error *err);
/* Appends text (UTF-8) in the encoding to out, without a byte order mark; "utf-16" is in little-endian order. PF_BAD_DATA
 * names the first character that the encoding does not have; err->offset is its place in text. */
enum pf_status pf_encode_text(const char *encoding, const uint8_t *text, size_t size, struct pf_buffer *out,
                              struct pf_error *err);
/* The name under which the encoding is shown: "utf-16le", "windows-1252". Static or the decoder's. */
const char *pf_encoding_name(const char *encoding);
bool pf_encoding_is_utf8(const char *encoding);

/* True when a and b differ only in ASCII case (NUL-ended). */
bool pf_same_word(const char *a, const char *b);
/* True when a and b (UTF-8, NUL-ended) differ only in the case of letters, of the scripts that have cases. */
bool pf_same_letters(const char *a, const char *b);
/* Which of the names is meant: the one that is written so, else those that are but for the case of letters. names: a pointer to the first
 * one's, and so on every stride bytes. *index: the last of those meant; how many there are is returned. */
uint32_t pf_letters_find(const char *const *names, size_t stride, uint32_t count, const char *wanted, uint32_t *index);
/* The same for all texts that differ so only. */
uint64_t pf_letters_hash(const char *text);
/* Whether text is of the pattern (UTF-8, NUL-ended), without regard to the case of letters and to the locale: "*" is any characters, "?" one,
 * "[a-z]" one of a set, "[!a-z]" one of no other, and what stands behind "\\" is itself. */
bool pf_letters_match(const char *pattern, const char *text);
/* Edit distance, for "did you mean"; at most limit + 1. */
uint32_t pf_edit_distance(const char *a, const char *b, uint32_t limit);
/* FNV-1a of the bytes: for tables and names, not against somebody who looks for collisions. */
uint64_t pf_text_hash(const char *text);

#endif
