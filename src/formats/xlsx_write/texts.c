/* Texts and names in a workbook. Source: ECMA-376 part 1, 22.9.2.19 (ST_Xstring: characters that XML does not have). */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "formats/xlsx_write/xlsx_write.h"

bool xlsx_is_clean(const uint8_t *bytes, size_t size)
{
    uint8_t bad = 0;

    if (size == 0)
        return true;
    /* One pass without branches, so that it is done many bytes at a time. What only begins something that needs an escape counts. */
    for (size_t i = 0; i + 1 < size; i++) {
        uint8_t c = bytes[i], next = bytes[i + 1];

        bad |= (uint8_t)((c < 0x20) & (c != '\t') & (c != '\n')) | (uint8_t)(c == '&') | (uint8_t)(c == '<') |
               (uint8_t)(c == '>') | (uint8_t)((c == '_') & (next == 'x')) | (uint8_t)((c == 0xef) & (next == 0xbf));
    }
    return bad == 0 && memchr("&<>", bytes[size - 1], 3) == NULL &&
           (bytes[size - 1] >= 0x20 || bytes[size - 1] == '\t' || bytes[size - 1] == '\n');
}

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Whether text reads like the escape of a character, "_x000D_", and would be taken for one. */
static bool is_like_escape(const uint8_t *text, size_t size)
{
    return size >= 7 && text[0] == '_' && text[1] == 'x' && is_hex(text[2]) && is_hex(text[3]) && is_hex(text[4]) &&
           is_hex(text[5]) && text[6] == '_';
}

static uint8_t *put_code(uint8_t *to, uint32_t code)
{
    static const char digits[] = "0123456789ABCDEF";

    to[0] = '_';
    to[1] = 'x';
    for (int i = 0; i < 4; i++)
        to[2 + i] = (uint8_t)digits[code >> (12 - 4 * i) & 15];
    to[6] = '_';
    return to + 7;
}

static uint8_t *put_reference(uint8_t *to, const char *reference)
{
    size_t size = strlen(reference);

    memcpy(to, reference, size);
    return to + size;
}

uint8_t *xlsx_escape(uint8_t *to, const uint8_t *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t c = text[i];

        if (c == '&')
            to = put_reference(to, "&amp;");
        else if (c == '<')
            to = put_reference(to, "&lt;");
        else if (c == '>')
            to = put_reference(to, "&gt;");
        else if (c < 0x20 && c != '\t' && c != '\n')
            to = put_code(to, c);
        else if (c == '_' && is_like_escape(text + i, size - i))
            to = put_code(to, '_');
        else if (c == 0xef && i + 2 < size && text[i + 1] == 0xbf && text[i + 2] >= 0xbe) {
            to = put_code(to, 0xfffe + (text[i + 2] & 1u)); /* U+FFFE and U+FFFF are no characters of XML */
            i += 2;
        } else
            *to++ = c;
    }
    return to;
}

/* Every character has one byte that is not a continuation; those of four bytes take two units. */
size_t xlsx_units(const uint8_t *text, size_t size)
{
    size_t units = 0;

    for (size_t i = 0; i < size; i++)
        units += (size_t)((text[i] & 0xc0) != 0x80) + (size_t)(text[i] >= 0xf0);
    return units;
}

/* ---- names of sheets */

/* Bytes of name that have at most units code units, without a character cut in two; what is no UTF-8 has room, too. */
static size_t fitting(const char *name, size_t units)
{
    size_t size = strlen(name);

    size = size < XLSX_NAME_ROOM ? size : XLSX_NAME_ROOM - 1;
    while (size != 0 && (xlsx_units((const uint8_t *)name, size) > units || ((uint8_t)name[size] & 0xc0) == 0x80))
        size--;
    return size;
}

/* What is no character of XML. */
static void replace_bad(char *text, size_t size)
{
    uint8_t *bytes = (uint8_t *)text, *end = bytes + size;

    for (uint8_t *at = bytes; at < end;) {
        at += pf_utf8_valid(at, (size_t)(end - at), 0);
        if (at < end)
            *at++ = '_';
    }
    for (uint8_t *at = bytes; end - at >= 3; at++) {
        if (at[0] == 0xEF && at[1] == 0xBF && at[2] >= 0xBE) /* U+FFFE, U+FFFF */
            memset(at, '_', 3);
    }
}

void xlsx_clean_name(const char *name, char to[XLSX_NAME_ROOM], bool *changed)
{
    size_t size = fitting(name, XLSX_NAME_UNITS);

    memcpy(to, name, size);
    to[size] = '\0';
    replace_bad(to, size);
    for (size_t i = 0; i < size; i++) {
        if (strchr("[]:*?/\\", to[i]) != NULL || (uint8_t)to[i] < 0x20 || (to[i] == '\'' && (i == 0 || i + 1 == size)))
            to[i] = '_';
    }
    if (size == 0)
        strcpy(to, "Sheet1");
    else if (pf_same_word(to, "history")) /* Excel keeps that name for itself */
        strcat(to, "_");
    *changed = strcmp(to, name) != 0;
}

void xlsx_name_hashes(const char *name, uint64_t *hash, uint64_t *begins)
{
    enum { LONGEST_NUMBER = 6 }; /* "_16384" */
    char part[XLSX_NAME_ROOM];
    const size_t size = fitting(name, XLSX_NAME_UNITS - LONGEST_NUMBER);

    memcpy(part, name, size);
    part[size] = '\0';
    *hash = pf_letters_hash(name);
    *begins = pf_letters_hash(part);
}

void xlsx_numbered_name(const char *name, uint32_t number, char to[XLSX_NAME_ROOM])
{
    char suffix[16];
    size_t length = (size_t)snprintf(suffix, sizeof suffix, "_%lu", (unsigned long)number);
    size_t size = fitting(name, XLSX_NAME_UNITS - length);

    memcpy(to, name, size);
    memcpy(to + size, suffix, length + 1);
}
