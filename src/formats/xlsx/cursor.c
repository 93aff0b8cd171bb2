/* What stands between tags: the careful way, for everything that the quick way of decoding does not know. */
#include <string.h>

#include "base/swar.h"
#include "base/text.h"
#include "formats/xlsx/scan.h"
#include "formats/xlsx/xlsx.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { DEPTH = 64, ATTRIBUTES = 64 };

const uint8_t *xlsx_find_tag(const uint8_t *at, const uint8_t *end)
{
#if defined(__SSE2__)
    const __m128i mark = _mm_set1_epi8('<');

    for (; end - at >= 16; at += 16) {
        const int found = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)at), mark));

        if (found != 0)
            return at + __builtin_ctz((unsigned)found);
    }
#endif
    while (at < end && *at != '<')
        at++;
    return at;
}

static bool fail(struct xlsx_cursor *cursor, const char *what)
{
    cursor->wrong = what;
    return false;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool ends_name(uint8_t byte)
{
    return is_space(byte) || byte == '>' || byte == '/' || byte == '=';
}

static bool begins(const uint8_t *at, const uint8_t *end, const char *text)
{
    size_t size = strlen(text);

    return (size_t)(end - at) >= size && memcmp(at, text, size) == 0;
}

/* To behind the end mark. */
static bool pass_over(struct xlsx_cursor *cursor, const char *mark, const char *wrong)
{
    size_t size = strlen(mark);
    uint8_t *found = memmem(cursor->at, (size_t)(cursor->end - cursor->at), mark, size);

    if (found == NULL)
        return fail(cursor, wrong);
    cursor->at = found + size;
    return true;
}

/* At "<!" or "<?": *cdata = at the text of a CDATA section, which is not passed over. */
static bool pass_special(struct xlsx_cursor *cursor, bool *cdata)
{
    *cdata = false;
    if (begins(cursor->at, cursor->end, "<!--")) {
        cursor->at += 4;
        return pass_over(cursor, "-->", "a comment is not closed");
    }
    if (begins(cursor->at, cursor->end, "<![CDATA[")) {
        cursor->at += 9;
        *cdata = true;
        return true;
    }
    if (cursor->at[1] == '?')
        return pass_over(cursor, "?>", "a processing instruction is not closed");
    return fail(cursor, "a declaration stands where none may");
}

/* ---- tags */

static void pass_space(struct xlsx_cursor *cursor)
{
    while (cursor->at < cursor->end && is_space(*cursor->at))
        cursor->at++;
}

/* One attribute, from its name to behind its value. */
static bool pass_attribute(struct xlsx_cursor *cursor, struct pf_view *name)
{
    uint8_t quote, *close;

    name->text = (const char *)cursor->at;
    while (cursor->at < cursor->end && !ends_name(*cursor->at) && *cursor->at != '"' && *cursor->at != '<')
        cursor->at++;
    name->size = (size_t)(cursor->at - (const uint8_t *)name->text);
    pass_space(cursor);
    if (name->size == 0 || cursor->at == cursor->end || *cursor->at != '=')
        return fail(cursor, "an attribute has no value");
    cursor->at++;
    pass_space(cursor);
    quote = cursor->at < cursor->end ? *cursor->at : 0;
    if (quote != '"' && quote != '\'')
        return fail(cursor, "the value of an attribute is not quoted");
    close = memchr(cursor->at + 1, quote, (size_t)(cursor->end - cursor->at - 1));
    if (close == NULL || memchr(cursor->at, '<', (size_t)(close - cursor->at)) != NULL)
        return fail(cursor, "the value of an attribute is not closed");
    cursor->at = close + 1;
    if (cursor->at < cursor->end && !ends_name(*cursor->at))
        return fail(cursor, "attributes are not parted by a blank");
    return true;
}

static bool is_among(const struct pf_view *names, uint32_t count, struct pf_view name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (names[i].size == name.size && memcmp(names[i].text, name.text, name.size) == 0)
            return true;
    }
    return false;
}

static bool pass_attributes(struct xlsx_cursor *cursor, struct xlsx_tag *tag)
{
    struct pf_view names[ATTRIBUTES];
    uint32_t count = 0;

    tag->attributes = cursor->at;
    for (;;) {
        pass_space(cursor);
        if (cursor->at == cursor->end)
            return fail(cursor, "a tag is not closed");
        tag->attribute_size = (size_t)(cursor->at - tag->attributes);
        if (*cursor->at == '>') {
            cursor->at++;
            return true;
        }
        if (*cursor->at == '/' && !tag->close && cursor->end - cursor->at > 1 && cursor->at[1] == '>') {
            cursor->at += 2;
            tag->empty = true;
            return true;
        }
        if (tag->close || count == ATTRIBUTES)
            return fail(cursor, tag->close ? "a closing tag has attributes" : "an element has too many attributes");
        if (!pass_attribute(cursor, &names[count]))
            return false;
        if (is_among(names, count, names[count]))
            return fail(cursor, "an attribute occurs twice");
        count++;
    }
}

/* At '<' of a tag. */
static bool read_tag(struct xlsx_cursor *cursor, struct xlsx_tag *tag)
{
    const uint8_t *name;
    size_t size;

    *tag = (struct xlsx_tag){ .close = cursor->end - cursor->at > 1 && cursor->at[1] == '/' };
    cursor->at += 1 + tag->close;
    name = cursor->at;
    while (cursor->at < cursor->end && !ends_name(*cursor->at) && *cursor->at != '<' && *cursor->at != '"')
        cursor->at++;
    size = (size_t)(cursor->at - name);
    if (size == 0 || cursor->at == cursor->end)
        return fail(cursor, "a tag has no name");
    tag->ours = size > cursor->prefix_size && memcmp(name, cursor->prefix, cursor->prefix_size) == 0;
    tag->name = name + (tag->ours ? cursor->prefix_size : 0);
    tag->name_size = size - (size_t)(tag->name - name);
    if (tag->ours && memchr(tag->name, ':', tag->name_size) != NULL) {
        tag->ours = false;
        tag->name = name;
        tag->name_size = size;
    }
    return pass_attributes(cursor, tag);
}

/* Whether the tag has the local name under some other prefix. */
static bool is_foreign(const struct xlsx_tag *tag, const char *name)
{
    const uint8_t *colon = tag->ours ? NULL : memchr(tag->name, ':', tag->name_size);
    const size_t size = strlen(name);

    return colon != NULL && tag->name_size - (size_t)(colon + 1 - tag->name) == size && memcmp(colon + 1, name, size) == 0;
}

/* Alternatives for programs that know an extension: none is known here, so that for all others is read as if it stood alone. ECMA-376
 * part 3, 7.5. *apart: the tag is one of those around. */
static bool pass_alternative(struct xlsx_cursor *cursor, const struct xlsx_tag *tag, bool *apart)
{
    *apart = is_foreign(tag, "AlternateContent") || is_foreign(tag, "Fallback") || is_foreign(tag, "Choice");
    return !*apart || tag->close || !is_foreign(tag, "Choice") || xlsx_skip_element(cursor, tag);
}

bool xlsx_next_tag(struct xlsx_cursor *cursor, struct xlsx_tag *tag)
{
    for (;;) {
        bool cdata, apart;

        pass_space(cursor);
        if (cursor->end - cursor->at < 2)
            return fail(cursor, "the text ends within an element");
        if (*cursor->at != '<')
            return fail(cursor, "text stands where only elements may");
        if (cursor->at[1] != '!' && cursor->at[1] != '?') {
            if (!read_tag(cursor, tag))
                return false;
            if (tag->ours)
                return true;
            if (!pass_alternative(cursor, tag, &apart))
                return false;
            if (!apart)
                return true;
            continue;
        }
        if (!pass_special(cursor, &cdata))
            return false;
        if (cdata)
            return fail(cursor, "text stands where only elements may");
    }
}

bool xlsx_tag_is(const struct xlsx_tag *tag, const char *name)
{
    return tag->ours && tag->name_size == strlen(name) && memcmp(tag->name, name, tag->name_size) == 0;
}

bool xlsx_is_extension(const struct xlsx_tag *tag)
{
    return !tag->ours || xlsx_tag_is(tag, "extLst") || xlsx_tag_is(tag, "ext");
}

const uint8_t *xlsx_attribute(const struct xlsx_tag *tag, const char *name, size_t *size)
{
    const uint8_t *at = tag->attributes, *end = at + tag->attribute_size;
    size_t wanted = strlen(name);

    while (at < end) {
        const uint8_t *begin, *value, *close;

        while (at < end && is_space(*at))
            at++;
        begin = at;
        while (at < end && !ends_name(*at))
            at++;
        wanted = wanted == (size_t)(at - begin) && memcmp(begin, name, wanted) == 0 ? 0 : wanted;
        while (at < end && *at != '"' && *at != '\'')
            at++;
        if (at == end)
            break;
        value = at + 1;
        close = memchr(value, *at, (size_t)(end - value));
        if (close == NULL)
            break;
        if (wanted == 0) {
            *size = (size_t)(close - value);
            return value;
        }
        at = close + 1;
    }
    return NULL;
}

static bool same_name(const struct pf_view *open, const struct xlsx_tag *tag)
{
    return open->size == tag->name_size && memcmp(open->text, tag->name, tag->name_size) == 0;
}

bool xlsx_skip_element(struct xlsx_cursor *cursor, const struct xlsx_tag *tag)
{
    struct pf_view open[DEPTH];
    uint32_t depth = 1;

    if (tag->empty)
        return true;
    open[0] = (struct pf_view){ (const char *)tag->name, tag->name_size };
    while (depth != 0) {
        struct xlsx_tag inner;
        bool cdata;

        cursor->at += xlsx_find_tag(cursor->at, cursor->end) - cursor->at;
        if (cursor->end - cursor->at < 2)
            return fail(cursor, "the text ends within an element");
        if (cursor->at[1] == '!' || cursor->at[1] == '?') {
            if (!pass_special(cursor, &cdata) || (cdata && !pass_over(cursor, "]]>", "a CDATA section is not closed")))
                return false;
            continue;
        }
        if (!read_tag(cursor, &inner))
            return false;
        if (inner.close && !same_name(&open[--depth], &inner))
            return fail(cursor, "a closing tag has no opening one");
        if (inner.close || inner.empty)
            continue;
        if (depth == DEPTH)
            return fail(cursor, "elements are nested too deep");
        open[depth++] = (struct pf_view){ (const char *)inner.name, inner.name_size };
    }
    return true;
}

/* ---- text */

/* At '&': writes what the reference means. */
static bool take_reference(struct xlsx_cursor *cursor, uint8_t **to)
{
    uint32_t code;
    const char *after = pf_scan_reference((const char *)cursor->at, (const char *)cursor->end, &code);

    if (after == NULL)
        return fail(cursor, "an entity is not known");
    *to += pf_utf8_put(*to, code);
    cursor->at += after - (const char *)cursor->at;
    return true;
}

/* Moves bytes down, line ends made LF. */
static void move_text(uint8_t **to, const uint8_t *from, size_t size)
{
    if (memchr(from, '\r', size) == NULL) {
        memmove(*to, from, size);
        *to += size;
        return;
    }
    for (size_t i = 0; i < size; i++) {
        if (from[i] == '\r' && i + 1 < size && from[i + 1] == '\n')
            continue;
        *(*to)++ = from[i] == '\r' ? '\n' : from[i];
    }
}

/* Text up to '<' or '&'. *tag: where the next '<' was found to be (NULL at first). It is kept, as to look for it anew behind every
 * reference takes the square of their number. */
static size_t plain_run(const struct xlsx_cursor *cursor, const uint8_t **tag)
{
    const uint8_t *reference;

    if (*tag == NULL || *tag < cursor->at)
        *tag = xlsx_find_tag(cursor->at, cursor->end);
    reference = memchr(cursor->at, '&', (size_t)(*tag - cursor->at));
    return (size_t)((reference != NULL ? reference : *tag) - cursor->at);
}

/* At '<' inside text: *done = behind the end of the element. */
static bool take_markup(struct xlsx_cursor *cursor, const struct xlsx_tag *open, uint8_t **to, bool *done)
{
    const struct pf_view name = { (const char *)open->name, open->name_size };
    struct xlsx_tag tag;
    uint8_t *text;
    bool cdata;

    if (cursor->end - cursor->at < 2)
        return fail(cursor, "the text ends within an element");
    if (cursor->at[1] == '!' || cursor->at[1] == '?') {
        if (!pass_special(cursor, &cdata))
            return false;
        text = cursor->at;
        if (!cdata)
            return true;
        if (!pass_over(cursor, "]]>", "a CDATA section is not closed"))
            return false;
        move_text(to, text, (size_t)(cursor->at - text) - 3);
        return true;
    }
    if (!read_tag(cursor, &tag))
        return false;
    if (!tag.close)
        return fail(cursor, "an element stands where only text may");
    if (!same_name(&name, &tag))
        return fail(cursor, "a closing tag has no opening one");
    *done = true;
    return true;
}

size_t xlsx_trim(const uint8_t **text, size_t size)
{
    while (size != 0 && is_space((*text)[size - 1]))
        size--;
    for (; size != 0 && is_space(**text); size--)
        ++*text;
    return size;
}

/* Whether blanks around the text of an element count. */
static bool preserves(const struct xlsx_cursor *cursor, const struct xlsx_tag *tag)
{
    size_t size = 0;
    const uint8_t *value = cursor->preserve ? NULL : xlsx_attribute(tag, "xml:space", &size);

    return cursor->preserve || (value != NULL && size == 8 && memcmp(value, "preserve", 8) == 0);
}

bool xlsx_take_text(struct xlsx_cursor *cursor, const struct xlsx_tag *tag, uint8_t **to)
{
    /* the name must not be overwritten by the text that is moved down; it is short */
    uint8_t name[32];
    struct xlsx_tag kept = *tag;
    uint8_t *begin = *to;
    const uint8_t *next = NULL;
    const bool preserve = preserves(cursor, tag);
    bool done = tag->empty;

    if (tag->name_size > sizeof name)
        return fail(cursor, "a name is too long");
    memcpy(name, tag->name, tag->name_size);
    kept.name = name;
    while (!done) {
        const size_t run = plain_run(cursor, &next);

        move_text(to, cursor->at, run);
        cursor->at += run;
        if (cursor->at == cursor->end)
            return fail(cursor, "the text ends within an element");
        if (*cursor->at == '&' ? !take_reference(cursor, to) : !take_markup(cursor, &kept, to, &done))
            return false;
    }
    if (!preserve) {
        const uint8_t *text = begin;
        const size_t size = xlsx_trim(&text, (size_t)(*to - begin));

        memmove(begin, text, size);
        *to = begin + size;
    }
    return true;
}

/* What holds no text that is shown. */
static bool pass_property(struct xlsx_cursor *cursor, const struct xlsx_tag *tag)
{
    const bool known = xlsx_tag_is(tag, "rPr") || xlsx_tag_is(tag, "rPh") || xlsx_tag_is(tag, "phoneticPr");

    if (!known && !xlsx_is_extension(tag))
        return fail(cursor, "a text has an element that is no part of one");
    return xlsx_skip_element(cursor, tag);
}

/* One run of rich text. */
static bool take_run(struct xlsx_cursor *cursor, uint8_t **to)
{
    struct xlsx_tag tag;

    for (;;) {
        if (!xlsx_next_tag(cursor, &tag))
            return false;
        if (tag.close)
            return xlsx_tag_is(&tag, "r") || fail(cursor, "a closing tag has no opening one");
        if (xlsx_tag_is(&tag, "t") ? !xlsx_take_text(cursor, &tag, to) : !pass_property(cursor, &tag))
            return false;
    }
}

bool xlsx_take_rich(struct xlsx_cursor *cursor, const struct xlsx_tag *open, uint8_t **to)
{
    uint8_t name[8], *begin = *to;
    size_t size = open->name_size;
    struct xlsx_tag tag;
    bool ok = true;

    if (open->empty)
        return true;
    if (size > sizeof name)
        return fail(cursor, "a name is too long");
    memcpy(name, open->name, size);
    while (ok) {
        if (!xlsx_next_tag(cursor, &tag))
            return false;
        if (tag.close)
            break;
        if (xlsx_tag_is(&tag, "t"))
            ok = xlsx_take_text(cursor, &tag, to);
        else if (xlsx_tag_is(&tag, "r"))
            ok = tag.empty || take_run(cursor, to);
        else
            ok = pass_property(cursor, &tag);
    }
    if (!ok)
        return false;
    if (tag.name_size != size || memcmp(tag.name, name, size) != 0)
        return fail(cursor, "a closing tag has no opening one");
    *to = begin + xlsx_unescape(begin, (size_t)(*to - begin));
    return true;
}

/* ---- _xHHHH_ */

static bool escaped_unit(const uint8_t *at, size_t size, uint32_t *unit)
{
    *unit = 0;
    if (size < 7 || at[0] != '_' || at[1] != 'x' || at[6] != '_')
        return false;
    for (size_t i = 2; i < 6; i++) {
        const uint8_t low = at[i] | 0x20;

        if (at[i] >= '0' && at[i] <= '9')
            *unit = *unit * 16 + at[i] - '0';
        else if (low >= 'a' && low <= 'f')
            *unit = *unit * 16 + low - 87;
        else
            return false;
    }
    return true;
}

size_t xlsx_unescape(uint8_t *text, size_t size)
{
    uint8_t *to = memmem(text, size, "_x", 2);
    size_t at;

    if (to == NULL)
        return size;
    for (at = (size_t)(to - text); at < size;) {
        uint32_t unit, second;

        if (!escaped_unit(text + at, size - at, &unit) || (unit >= 0xDC00 && unit < 0xE000)) {
            *to++ = text[at++];
            continue;
        }
        if (unit >= 0xD800 && unit < 0xDC00) {
            if (!escaped_unit(text + at + 7, size - at - 7, &second) || second < 0xDC00 || second >= 0xE000) {
                *to++ = text[at++];
                continue;
            }
            unit = 0x10000 + ((unit - 0xD800) << 10) + (second - 0xDC00);
            at += 7;
        }
        at += 7;
        to += pf_utf8_put(to, unit);
    }
    return (size_t)(to - text);
}
