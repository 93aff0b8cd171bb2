/* What the files of the feed share: markup as cutting sees it. */
#ifndef PF_FORMATS_XLSX_FEED_H
#define PF_FORMATS_XLSX_FEED_H

#include "formats/xlsx/xlsx.h"

/* Whether the tag at at is that of name: "<" or "</", prefix, name. */
bool xlsx_feed_tag(const struct xlsx_feed *feed, const uint8_t *at, const uint8_t *end, bool close, const char *name);
/* Behind the '>' of the tag at at, quotes respected, or at the '<' before it, which no tag may have; NULL = it is not complete. *empty:
 * it is <a/>. */
const uint8_t *xlsx_tag_end(const uint8_t *at, const uint8_t *end, bool *empty);
/* Behind the tag, comment, instruction or CDATA section at at; NULL = it is not complete. */
const uint8_t *xlsx_next_markup(const uint8_t *at, const uint8_t *end, bool *tag);

#endif
