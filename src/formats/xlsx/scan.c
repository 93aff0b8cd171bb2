/* The pull scanner for parts that are in memory. Every view points into the part. */
#include "formats/xlsx/scan.h"

#include <string.h>

#include "base/text.h"

/* A prefix and what it stands for, from the element at depth on. */
struct pf_scan_space {
    struct pf_scan_space *next, *behind; /* of all, and of those in its bucket */
    struct pf_view prefix, uri;
    uint32_t depth;
};

static const char xml_space[] = "http://www.w3.org/XML/1998/namespace";

void pf_scan_begin(struct pf_scan *scan, struct pf_arena *arena, const char *part, const void *bytes, size_t size)
{
    scan->start = scan->at = bytes;
    scan->end = scan->start + size;
    scan->part = part;
    scan->depth = scan->attribute_count = scan->space_count = 0;
    scan->name = scan->space = scan->text = (struct pf_view){ NULL, 0 };
    scan->literal = scan->pending_close = scan->rooted = false;
    scan->arena = arena;
    scan->spaces = scan->spare = NULL;
    memset(scan->bucket, 0, sizeof scan->bucket);
    if (size >= 3 && memcmp(scan->at, "\xef\xbb\xbf", 3) == 0)
        scan->at += 3;
}

static enum pf_status fail_at(const struct pf_scan *scan, const char *at, const char *what, struct pf_error *err)
{
    const int64_t offset = at - scan->start;

    pf_fail(err, PF_BAD_DATA, "%s is not well-formed XML: %s (byte %lld)", scan->part, what, (long long)offset);
    err->offset = offset;
    return PF_BAD_DATA;
}

/* ---- characters */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_name(char c)
{
    return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
}

static bool same(struct pf_view a, struct pf_view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.text, b.text, a.size) == 0);
}

bool pf_view_is(struct pf_view view, const char *text)
{
    return view.size == strlen(text) && (view.size == 0 || memcmp(view.text, text, view.size) == 0);
}

static bool begins(const struct pf_scan *scan, const char *text)
{
    const size_t size = strlen(text);

    return (size_t)(scan->end - scan->at) >= size && memcmp(scan->at, text, size) == 0;
}

static void skip_blanks(struct pf_scan *scan)
{
    while (scan->at < scan->end && is_blank(*scan->at))
        scan->at++;
}

/* ---- references */

static bool is_character(uint32_t code)
{
    return code == '\t' || code == '\n' || code == '\r' || (code >= 0x20 && code < 0xD800) ||
           (code >= 0xE000 && code <= 0xFFFD) || (code >= 0x10000 && code <= 0x10FFFF);
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

/* The number between "&#" and ";". false = it is no character. Control characters are taken: XML 1.0 forbids them, but some programs
 * write them so, and their value is beyond doubt. */
static bool character_of(const char *at, const char *end, uint32_t *code)
{
    const int base = at < end && *at == 'x' ? 16 : 10;
    uint32_t value = 0;

    if (base == 16)
        at++;
    if (at == end)
        return false;
    for (; at < end; at++) {
        const int digit = digit_of(*at);
        if (digit >= base || value > 0x10FFFF)
            return false;
        value = value * (uint32_t)base + (uint32_t)digit;
    }
    *code = value;
    return value != 0 && value <= 0x10FFFF && !(value >= 0xD800 && value < 0xE000);
}

const char *pf_scan_reference(const char *at, const char *end, uint32_t *code)
{
    static const struct {
        const char *name;
        char character;
    } known[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' } };
    enum { LONGEST = 32 };
    const size_t room = (size_t)(end - at) < LONGEST ? (size_t)(end - at) : LONGEST;
    const char *stop = memchr(at, ';', room);

    if (stop == NULL)
        return NULL;
    at++;
    if (at < stop && *at == '#')
        return character_of(at + 1, stop, code) ? stop + 1 : NULL;
    for (size_t i = 0; i < PF_COUNT(known); i++) {
        if (pf_view_is((struct pf_view){ at, (size_t)(stop - at) }, known[i].name)) {
            *code = (unsigned char)known[i].character;
            return stop + 1;
        }
    }
    return NULL;
}

/* Characters up to stop, or to the end of the part: references are known, and there are no control characters. */
static enum pf_status check_characters(struct pf_scan *scan, char stop, struct pf_error *err)
{
    while (scan->at < scan->end && *scan->at != stop) {
        const unsigned char c = (unsigned char)*scan->at;
        uint32_t code;
        const char *next = c != '&' ? scan->at + 1 : pf_scan_reference(scan->at, scan->end, &code);
        if (next == NULL)
            return fail_at(scan, scan->at, "an unknown reference", err);
        if (!is_character(c))
            return fail_at(scan, scan->at, "a control character", err);
        if (c == '<')
            return fail_at(scan, scan->at, "'<' in an attribute", err);
        scan->at = next;
    }
    return PF_OK;
}

bool pf_scan_append(struct pf_buffer *to, struct pf_view value, bool attribute)
{
    const char *at = value.size != 0 ? value.text : "", *end = at + value.size;

    if (!pf_buffer_reserve(to, value.size + 1)) /* a reference is never shorter than its character */
        return false;
    while (at < end) {
        uint32_t code;
        const char *next = *at == '&' ? pf_scan_reference(at, end, &code) : NULL;
        if (next != NULL) {
            to->size += pf_utf8_put(to->data + to->size, code);
            at = next;
            continue;
        }
        /* The end of a line is one '\n', however it is written. */
        if (*at == '\r' && at + 1 < end && at[1] == '\n')
            at++;
        if (is_blank(*at) && *at != ' ')
            to->data[to->size++] = attribute ? ' ' : *at == '\r' ? '\n' : (uint8_t)*at;
        else
            to->data[to->size++] = (uint8_t)*at;
        at++;
    }
    return true;
}

bool pf_scan_number(struct pf_view value, int64_t least, int64_t most, int64_t *out)
{
    const char *at = value.size != 0 ? value.text : "", *end = at + value.size;
    bool negative;
    int64_t number = 0;

    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (at == end || end - at > 18)
        return false;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9')
            return false;
        number = number * 10 + (*at - '0');
    }
    *out = negative ? -number : number;
    return *out >= least && *out <= most;
}

/* ---- names and namespaces */

/* A qualified name at scan->at; size 0 = there is none. */
static struct pf_view take_name(struct pf_scan *scan)
{
    const char *first = scan->at;

    if (scan->at < scan->end && is_name_start(*scan->at)) {
        do {
            scan->at++;
        } while (scan->at < scan->end && is_name(*scan->at));
    }
    return (struct pf_view){ first, (size_t)(scan->at - first) };
}

/* Splits a qualified name at its colon; prefix is empty when there is none. false = it has more than one, or a part that is none. */
static bool split_name(struct pf_view name, struct pf_view *prefix, struct pf_view *local)
{
    const char *colon = memchr(name.text, ':', name.size);
    const char *end = name.text + name.size;

    *prefix = (struct pf_view){ name.text, 0 };
    *local = name;
    if (colon == NULL)
        return true;
    prefix->size = (size_t)(colon - name.text);
    *local = (struct pf_view){ colon + 1, (size_t)(end - colon - 1) };
    return local->size != 0 && is_name_start(*local->text) && memchr(local->text, ':', local->size) == NULL;
}

static struct pf_scan_space **bucket_of(struct pf_scan *scan, struct pf_view prefix)
{
    uint32_t hash = 0;

    for (size_t i = 0; i < prefix.size; i++)
        hash = hash * 31 + (unsigned char)prefix.text[i];
    return &scan->bucket[hash % PF_SCAN_BUCKETS];
}

/* What prefix stands for; false = nothing. */
static bool space_of(struct pf_scan *scan, struct pf_view prefix, struct pf_view *uri)
{
    *uri = (struct pf_view){ "", 0 };
    if (pf_view_is(prefix, "xml")) {
        *uri = (struct pf_view){ xml_space, sizeof xml_space - 1 };
        return true;
    }
    for (const struct pf_scan_space *space = *bucket_of(scan, prefix); space != NULL; space = space->behind) {
        if (same(space->prefix, prefix)) {
            *uri = space->uri;
            return true;
        }
    }
    return prefix.size == 0;
}

/* A declaration of the element that is being opened. */
static enum pf_status declare(struct pf_scan *scan, struct pf_view prefix, struct pf_view uri, struct pf_error *err)
{
    struct pf_scan_space *space = scan->spare, **bucket = bucket_of(scan, prefix);

    for (const struct pf_scan_space *other = *bucket; other != NULL && other->depth == scan->depth; other = other->behind) {
        if (same(other->prefix, prefix))
            return fail_at(scan, uri.text, "a namespace prefix is declared twice", err);
    }
    if (scan->space_count == PF_SCAN_SPACES)
        return fail_at(scan, uri.text, "more namespaces than a workbook needs", err);
    if (space != NULL)
        scan->spare = space->next;
    else
        space = pf_arena_alloc(scan->arena, sizeof *space);
    if (space == NULL)
        return pf_fail_memory(err, sizeof *space);
    *space =
        (struct pf_scan_space){ .next = scan->spaces, .behind = *bucket, .prefix = prefix, .uri = uri, .depth = scan->depth };
    scan->spaces = *bucket = space;
    scan->space_count++;
    return PF_OK;
}

/* Declarations of the element that is closed go out of scope. */
static void leave_spaces(struct pf_scan *scan)
{
    while (scan->spaces != NULL && scan->spaces->depth == scan->depth) {
        struct pf_scan_space *space = scan->spaces;
        *bucket_of(scan, space->prefix) = space->behind; /* the newest of all is the newest of its bucket */
        scan->spaces = space->next;
        space->next = scan->spare;
        scan->spare = space;
        scan->space_count--;
    }
}

/* ---- elements */

/* One attribute, its name still qualified. A declaration of a namespace is kept as one, and is no attribute. */
static enum pf_status take_attribute(struct pf_scan *scan, struct pf_error *err)
{
    const char *first = scan->at;
    struct pf_view name = take_name(scan), value, prefix, local;
    char quote;
    enum pf_status status;

    if (name.size == 0 || !split_name(name, &prefix, &local))
        return fail_at(scan, first, "expected the name of an attribute, '>' or '/>'", err);
    skip_blanks(scan);
    if (scan->at == scan->end || *scan->at != '=')
        return fail_at(scan, scan->at, "expected '=' after the name of an attribute", err);
    scan->at++;
    skip_blanks(scan);
    quote = scan->at < scan->end ? *scan->at : '\0';
    if (quote != '"' && quote != '\'')
        return fail_at(scan, scan->at, "the value of an attribute is not quoted", err);
    value.text = ++scan->at;
    status = check_characters(scan, quote, err);
    if (status != PF_OK)
        return status;
    if (scan->at == scan->end)
        return fail_at(scan, value.text, "the value of an attribute does not end", err);
    value.size = (size_t)(scan->at - value.text);
    scan->at++;
    if (pf_view_is(prefix, "xmlns") || (prefix.size == 0 && pf_view_is(local, "xmlns")))
        return declare(scan, prefix.size == 0 ? prefix : local, value, err);
    if (scan->attribute_count == PF_SCAN_ATTRIBUTES)
        return fail_at(scan, first, "more attributes than an element of a workbook has", err);
    /* The prefix can be resolved only when all declarations are known; until then it stands in for the namespace. */
    scan->attributes[scan->attribute_count++] = (struct pf_scan_attribute){ .name = local, .space = prefix, .value = value };
    return PF_OK;
}

static enum pf_status resolve_attributes(struct pf_scan *scan, struct pf_error *err)
{
    for (uint32_t i = 0; i < scan->attribute_count; i++) {
        struct pf_scan_attribute *one = &scan->attributes[i];
        struct pf_view prefix = one->space;

        one->space = (struct pf_view){ "", 0 };
        if (prefix.size != 0 && !space_of(scan, prefix, &one->space))
            return fail_at(scan, prefix.text, "the prefix of an attribute is not declared", err);
        for (uint32_t j = 0; j < i; j++) {
            if (same(scan->attributes[j].name, one->name) && same(scan->attributes[j].space, one->space))
                return fail_at(scan, one->name.text, "an attribute comes twice", err);
        }
    }
    return PF_OK;
}

static enum pf_status take_attributes(struct pf_scan *scan, struct pf_error *err)
{
    enum pf_status status;

    scan->attribute_count = 0;
    for (;;) {
        const char *before = scan->at;

        skip_blanks(scan);
        if (scan->at == scan->end)
            return fail_at(scan, before, "an element does not end", err);
        if (*scan->at == '>' || begins(scan, "/>"))
            break;
        if (scan->at == before)
            return fail_at(scan, before, "expected a blank, '>' or '/>'", err);
        status = take_attribute(scan, err);
        if (status != PF_OK)
            return status;
    }
    scan->pending_close = *scan->at == '/';
    scan->at += scan->pending_close ? 2 : 1;
    return resolve_attributes(scan, err);
}

static enum pf_status take_open(struct pf_scan *scan, struct pf_error *err)
{
    const char *first = scan->at++;
    struct pf_view name = take_name(scan), prefix;
    enum pf_status status;

    if (name.size == 0 || !split_name(name, &prefix, &scan->name))
        return fail_at(scan, first, "'<' without the name of an element", err);
    if (scan->depth == 0 && scan->rooted)
        return fail_at(scan, first, "a second root element", err);
    if (scan->depth == PF_SCAN_DEPTH)
        return fail_at(scan, first, "elements nested deeper than those of a workbook", err);
    scan->rooted = true;
    scan->open[scan->depth++] = name;
    status = take_attributes(scan, err);
    if (status == PF_OK && !space_of(scan, prefix, &scan->space))
        return fail_at(scan, first, "the prefix of an element is not declared", err);
    scan->open_space[scan->depth - 1] = scan->space;
    return status;
}

/* Leaves the innermost element: name and space are its. */
static void close_element(struct pf_scan *scan)
{
    struct pf_view prefix;

    (void)split_name(scan->open[scan->depth - 1], &prefix, &scan->name);
    scan->space = scan->open_space[scan->depth - 1];
    leave_spaces(scan);
    scan->depth--;
    scan->attribute_count = 0;
    scan->pending_close = false;
}

static enum pf_status take_close(struct pf_scan *scan, struct pf_error *err)
{
    const char *first = scan->at;
    struct pf_view name;

    scan->at += 2;
    name = take_name(scan);
    skip_blanks(scan);
    if (scan->depth == 0 || !same(name, scan->open[scan->depth - 1]))
        return fail_at(scan, first, "an end tag that does not match what was opened", err);
    if (scan->at == scan->end || *scan->at != '>')
        return fail_at(scan, scan->at, "an end tag does not end", err);
    scan->at++;
    close_element(scan);
    return PF_OK;
}

/* ---- what lies between elements */

/* Past the next occurrence of mark; *text is what comes before it. */
static enum pf_status take_until(struct pf_scan *scan, size_t skip, const char *mark, struct pf_view *text,
                                 struct pf_error *err)
{
    const char *first = scan->at + skip;
    const size_t size = strlen(mark);
    const char *found = memmem(first, (size_t)(scan->end - first), mark, size);

    if (found == NULL)
        return fail_at(scan, scan->at, "a comment, CDATA or processing instruction does not end", err);
    *text = (struct pf_view){ first, (size_t)(found - first) };
    scan->at = found + size;
    return PF_OK;
}

static enum pf_status take_cdata(struct pf_scan *scan, struct pf_error *err)
{
    const char *first = scan->at;
    enum pf_status status = take_until(scan, 9, "]]>", &scan->text, err);

    if (status != PF_OK)
        return status;
    if (scan->depth == 0)
        return fail_at(scan, first, "text outside the root element", err);
    for (size_t i = 0; i < scan->text.size; i++) {
        if (!is_character((unsigned char)scan->text.text[i]))
            return fail_at(scan, scan->text.text + i, "a control character", err);
    }
    scan->literal = true;
    return PF_OK;
}

static enum pf_status take_text(struct pf_scan *scan, struct pf_error *err)
{
    const char *first = scan->at;
    enum pf_status status = check_characters(scan, '<', err);

    scan->text = (struct pf_view){ first, (size_t)(scan->at - first) };
    scan->literal = false;
    if (status != PF_OK || scan->depth != 0)
        return status;
    for (size_t i = 0; i < scan->text.size; i++) {
        if (!is_blank(first[i]))
            return fail_at(scan, first + i, "text outside the root element", err);
    }
    return PF_OK;
}

/* Comments, processing instructions and blanks outside the root; *done = scan->at is at something else. */
static enum pf_status pass_over(struct pf_scan *scan, bool *done, struct pf_error *err)
{
    struct pf_view passed;

    *done = false;
    if (begins(scan, "<!--"))
        return take_until(scan, 4, "-->", &passed, err);
    if (begins(scan, "<?"))
        return take_until(scan, 2, "?>", &passed, err);
    if (begins(scan, "<!") && !begins(scan, "<![CDATA["))
        return fail_at(scan, scan->at, "a document type, which workbooks do not have", err);
    if (scan->at < scan->end && *scan->at != '<' && scan->depth == 0)
        return take_text(scan, err);
    *done = true;
    return PF_OK;
}

enum pf_status pf_scan_next(struct pf_scan *scan, enum pf_scan_item *item, struct pf_error *err)
{
    enum pf_status status = PF_OK;
    bool done = false;

    if (scan->pending_close) {
        close_element(scan);
        *item = PF_SCAN_CLOSE;
        return PF_OK;
    }
    while (status == PF_OK && !done)
        status = pass_over(scan, &done, err);
    if (status != PF_OK)
        return status;
    if (scan->at == scan->end) {
        *item = PF_SCAN_END;
        if (scan->depth != 0)
            return fail_at(scan, scan->at, "it ends inside an element", err);
        return scan->rooted ? PF_OK : fail_at(scan, scan->at, "there is no element", err);
    }
    if (begins(scan, "</")) {
        *item = PF_SCAN_CLOSE;
        return take_close(scan, err);
    }
    *item = PF_SCAN_TEXT;
    if (begins(scan, "<!"))
        return take_cdata(scan, err);
    if (*scan->at != '<')
        return take_text(scan, err);
    *item = PF_SCAN_OPEN;
    return take_open(scan, err);
}

enum pf_status pf_scan_skip(struct pf_scan *scan, struct pf_error *err)
{
    const uint32_t outside = scan->depth - 1;
    enum pf_status status = PF_OK;
    enum pf_scan_item item;

    while (status == PF_OK && scan->depth != outside)
        status = pf_scan_next(scan, &item, err);
    return status;
}

/* ---- what was opened */

bool pf_scan_is(const struct pf_scan *scan, const char *local)
{
    return pf_view_is(scan->name, local) &&
           (scan->space.size == 0 || pf_view_is(scan->space, "http://schemas.openxmlformats.org/spreadsheetml/2006/main") ||
            pf_view_is(scan->space, "http://purl.oclc.org/ooxml/spreadsheetml/main"));
}

struct pf_view pf_scan_value(const struct pf_scan *scan, const char *name)
{
    for (uint32_t i = 0; i < scan->attribute_count; i++) {
        if (scan->attributes[i].space.size == 0 && pf_view_is(scan->attributes[i].name, name))
            return scan->attributes[i].value;
    }
    return (struct pf_view){ NULL, 0 };
}

struct pf_view pf_scan_relation(const struct pf_scan *scan)
{
    for (uint32_t i = 0; i < scan->attribute_count; i++) {
        const struct pf_scan_attribute *one = &scan->attributes[i];
        if (pf_view_is(one->name, "id") &&
            (pf_view_is(one->space, "http://schemas.openxmlformats.org/officeDocument/2006/relationships") ||
             pf_view_is(one->space, "http://purl.oclc.org/ooxml/officeDocument/relationships")))
            return one->value;
    }
    return (struct pf_view){ NULL, 0 };
}
