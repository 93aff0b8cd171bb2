#include "base/encoding.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

static const struct pf_encoding encodings[] = {
    { "utf-8", PF_ENCODING_UTF_8, NULL, " utf8 utf8sig u8 cp65001 ascii usascii " },
    { "utf-16", PF_ENCODING_UTF_16, NULL, " utf16 u16 unicode " },
    { "utf-16le", PF_ENCODING_UTF_16LE, NULL, " utf16le ucs2 ucs2le cp1200 " },
    { "utf-16be", PF_ENCODING_UTF_16BE, NULL, " utf16be ucs2be cp1201 " },
    { "utf-32", PF_ENCODING_PLATFORM, "UTF-32", " utf32 u32 ucs4 " },
    { "iso-8859-1", PF_ENCODING_LATIN_1, NULL, " iso88591 latin1 latin l1 cp819 88591 " },
    { "windows-1252", PF_ENCODING_WINDOWS_1252, NULL, " windows1252 cp1252 win1252 1252 ansi " },
    { "iso-8859-2", PF_ENCODING_PLATFORM, "ISO-8859-2", " iso88592 latin2 l2 " },
    { "iso-8859-3", PF_ENCODING_PLATFORM, "ISO-8859-3", " iso88593 latin3 l3 " },
    { "iso-8859-4", PF_ENCODING_PLATFORM, "ISO-8859-4", " iso88594 latin4 l4 " },
    { "iso-8859-5", PF_ENCODING_PLATFORM, "ISO-8859-5", " iso88595 cyrillic " },
    { "iso-8859-6", PF_ENCODING_PLATFORM, "ISO-8859-6", " iso88596 arabic " },
    { "iso-8859-7", PF_ENCODING_PLATFORM, "ISO-8859-7", " iso88597 greek " },
    { "iso-8859-8", PF_ENCODING_PLATFORM, "ISO-8859-8", " iso88598 hebrew " },
    { "iso-8859-9", PF_ENCODING_PLATFORM, "ISO-8859-9", " iso88599 latin5 l5 " },
    { "iso-8859-10", PF_ENCODING_PLATFORM, "ISO-8859-10", " iso885910 latin6 l6 " },
    { "iso-8859-13", PF_ENCODING_PLATFORM, "ISO-8859-13", " iso885913 latin7 l7 " },
    { "iso-8859-14", PF_ENCODING_PLATFORM, "ISO-8859-14", " iso885914 latin8 l8 " },
    { "iso-8859-15", PF_ENCODING_PLATFORM, "ISO-8859-15", " iso885915 latin9 l9 " },
    { "iso-8859-16", PF_ENCODING_PLATFORM, "ISO-8859-16", " iso885916 latin10 l10 " },
    { "windows-1250", PF_ENCODING_PLATFORM, "CP1250", " windows1250 cp1250 win1250 1250 " },
    { "windows-1251", PF_ENCODING_PLATFORM, "CP1251", " windows1251 cp1251 win1251 1251 " },
    { "windows-1253", PF_ENCODING_PLATFORM, "CP1253", " windows1253 cp1253 win1253 1253 " },
    { "windows-1254", PF_ENCODING_PLATFORM, "CP1254", " windows1254 cp1254 win1254 1254 " },
    { "windows-1255", PF_ENCODING_PLATFORM, "CP1255", " windows1255 cp1255 win1255 1255 " },
    { "windows-1256", PF_ENCODING_PLATFORM, "CP1256", " windows1256 cp1256 win1256 1256 " },
    { "windows-1257", PF_ENCODING_PLATFORM, "CP1257", " windows1257 cp1257 win1257 1257 " },
    { "windows-1258", PF_ENCODING_PLATFORM, "CP1258", " windows1258 cp1258 win1258 1258 " },
    { "windows-874", PF_ENCODING_PLATFORM, "CP874", " windows874 cp874 874 " },
    { "koi8-r", PF_ENCODING_PLATFORM, "KOI8-R", " koi8r koi8 " },
    { "koi8-u", PF_ENCODING_PLATFORM, "KOI8-U", " koi8u " },
    { "macintosh", PF_ENCODING_PLATFORM, "MACINTOSH", " macintosh macroman mac " },
    { "ibm437", PF_ENCODING_PLATFORM, "CP437", " ibm437 cp437 437 " },
    { "ibm850", PF_ENCODING_PLATFORM, "CP850", " ibm850 cp850 850 " },
    { "ibm852", PF_ENCODING_PLATFORM, "CP852", " ibm852 cp852 852 " },
    { "ibm855", PF_ENCODING_PLATFORM, "CP855", " ibm855 cp855 855 " },
    { "ibm866", PF_ENCODING_PLATFORM, "CP866", " ibm866 cp866 866 " },
    { "shift_jis", PF_ENCODING_PLATFORM, "SHIFT_JIS", " shiftjis sjis mskanji " },
    { "windows-31j", PF_ENCODING_PLATFORM, "CP932", " windows31j cp932 ms932 932 " },
    { "euc-jp", PF_ENCODING_PLATFORM, "EUC-JP", " eucjp ujis " },
    { "iso-2022-jp", PF_ENCODING_PLATFORM, "ISO-2022-JP", " iso2022jp " },
    { "gb18030", PF_ENCODING_PLATFORM, "GB18030", " gb18030 " },
    { "gbk", PF_ENCODING_PLATFORM, "GBK", " gbk cp936 936 " },
    { "gb2312", PF_ENCODING_PLATFORM, "GB2312", " gb2312 euccn " },
    { "big5", PF_ENCODING_PLATFORM, "BIG5", " big5 " },
    { "windows-950", PF_ENCODING_PLATFORM, "CP950", " windows950 cp950 950 " },
    { "euc-kr", PF_ENCODING_PLATFORM, "EUC-KR", " euckr " },
    { "windows-949", PF_ENCODING_PLATFORM, "CP949", " windows949 cp949 uhc 949 " },
};

const struct pf_encoding *pf_encoding_find(const char *name)
{
    char key[32];
    size_t size = 0;

    key[size++] = ' ';
    for (; *name; name++) {
        if (strchr("-_ .", *name))
            continue;
        if (size >= sizeof key - 2)
            return NULL;
        key[size++] = *name >= 'A' && *name <= 'Z' ? (char)(*name | 0x20) : *name;
    }
    if (size == 1)
        return NULL;
    key[size++] = ' ';
    key[size] = '\0';
    for (size_t i = 0; i < PF_COUNT(encodings); i++)
        if (strstr(encodings[i].keys, key))
            return &encodings[i];
    return NULL;
}

uint32_t pf_encoding_unit(const char *name)
{
    /* windows-1255 and windows-1258 have marks that join the letter before them */
    static const char single[] = " iso-8859- windows-1250 windows-1251 windows-1252 windows-1253 windows-1254 windows-1256 "
                                 "windows-1257 windows-874 koi8- macintosh ibm ";
    const struct pf_encoding *known = pf_encoding_find(name);
    const char *shown = known != NULL ? known->name : name;

    if (strncmp(shown, "utf-16", 6) == 0)
        return 2;
    if (strncmp(shown, "utf-32", 6) == 0)
        return 4;
    for (const char *at = single + 1; known != NULL && *at != '\0'; at += strcspn(at, " ") + 1) {
        if (strncmp(shown, at, strcspn(at, " ")) == 0)
            return 1;
    }
    return 0;
}

const char *pf_encoding_name(const char *encoding)
{
    const struct pf_encoding *known = pf_encoding_find(encoding);

    return known ? known->name : encoding;
}

bool pf_encoding_is_utf8(const char *encoding)
{
    const struct pf_encoding *known = pf_encoding_find(encoding);

    return known && known->kind == PF_ENCODING_UTF_8;
}
