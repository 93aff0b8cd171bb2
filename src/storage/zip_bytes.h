/* The records of a zip archive: signatures, sizes, flags, and numbers in little-endian order. Source: APPNOTE.TXT 6.3.10, 4.3 to 4.5. */
#ifndef PF_STORAGE_ZIP_BYTES_H
#define PF_STORAGE_ZIP_BYTES_H

#include <stdint.h>

#define ZIP_LOCAL      0x04034b50u /* before an entry */
#define ZIP_CENTRAL    0x02014b50u /* an entry of the directory */
#define ZIP_END        0x06054b50u /* the end record */
#define ZIP_WIDE_END   0x06064b50u /* that of zip64 */
#define ZIP_LOCATOR    0x07064b50u /* says where that is */
#define ZIP_DESCRIPTOR 0x08074b50u /* after an entry whose sizes were not known before */

enum {
    ZIP_LOCAL_SIZE = 30,
    ZIP_CENTRAL_SIZE = 46,
    ZIP_END_SIZE = 22,
    ZIP_EXTRA_WIDE = 1, /* the extra field of zip64 */
    ZIP_STORED = 0,
    ZIP_DEFLATED = 8,
    ZIP_FLAG_ENCRYPTED = 1,
    ZIP_FLAG_DESCRIPTOR = 1 << 3,
    ZIP_FLAG_UTF8 = 1 << 11,
    ZIP_FLAG_MASKED = 1 << 13
};

static inline uint16_t zip_load16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t zip_load32(const uint8_t *bytes)
{
    return zip_load16(bytes) | (uint32_t)zip_load16(bytes + 2) << 16;
}

static inline uint64_t zip_load64(const uint8_t *bytes)
{
    return zip_load32(bytes) | (uint64_t)zip_load32(bytes + 4) << 32;
}

#endif
