#include "base/json.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

void pf_json_begin(struct pf_json *json, struct pf_memory *memory)
{
    memset(json, 0, sizeof *json);
    pf_buffer_init(&json->out, memory, SIZE_MAX);
}

char *pf_json_end(struct pf_json *json)
{
    char *text = json->failed ? NULL : pf_buffer_take_text(&json->out);

    pf_buffer_free(&json->out);
    return text;
}

static void put(struct pf_json *json, const void *bytes, size_t size)
{
    if (!json->failed && !pf_buffer_append(&json->out, bytes, size))
        json->failed = true;
}

static void separate(struct pf_json *json)
{
    if (json->comma)
        put(json, ", ", 2);
    json->comma = true;
}

void pf_json_open(struct pf_json *json, char bracket)
{
    separate(json);
    put(json, &bracket, 1);
    json->comma = false;
}

void pf_json_close(struct pf_json *json, char bracket)
{
    put(json, &bracket, 1);
    json->comma = true;
}

static void put_hex(struct pf_json *json, uint32_t code)
{
    static const char digits[] = "0123456789abcdef";
    const char escape[6] = { '\\', 'u', digits[code >> 12], digits[code >> 8 & 15], digits[code >> 4 & 15], digits[code & 15] };

    put(json, escape, sizeof escape);
}

/* The letter after the backslash, or 0 when the byte needs another form. */
static char short_escape(uint8_t byte)
{
    static const char bytes[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *at = byte != 0 ? strchr(bytes, byte) : NULL;

    return at != NULL ? letters[at - bytes] : '\0';
}

/* One piece of valid UTF-8. */
static void put_valid(struct pf_json *json, const uint8_t *text, size_t size)
{
    size_t from = 0;

    for (size_t i = 0; i < size; i++) {
        char letter = short_escape(text[i]);
        if (letter == '\0' && text[i] >= 0x20 && text[i] != 0x7f)
            continue;
        put(json, text + from, i - from);
        from = i + 1;
        if (letter != '\0') {
            put(json, "\\", 1);
            put(json, &letter, 1);
        } else {
            put_hex(json, text[i]);
        }
    }
    put(json, text + from, size - from);
}

static void put_quoted(struct pf_json *json, const char *text)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t left = strlen(text);

    put(json, "\"", 1);
    while (left > 0) {
        size_t valid = pf_utf8_valid(at, left, 0);
        put_valid(json, at, valid);
        at += valid;
        left -= valid;
        if (left > 0) {
            put_hex(json, 0xdc00u + *at);
            at++;
            left--;
        }
    }
    put(json, "\"", 1);
}

void pf_json_name(struct pf_json *json, const char *name)
{
    separate(json);
    put_quoted(json, name);
    put(json, ": ", 2);
    json->comma = false;
}

void pf_json_raw(struct pf_json *json, const char *text)
{
    separate(json);
    put(json, text, strlen(text));
}

void pf_json_null(struct pf_json *json)
{
    pf_json_raw(json, "null");
}

void pf_json_bool(struct pf_json *json, bool value)
{
    pf_json_raw(json, value ? "true" : "false");
}

void pf_json_text(struct pf_json *json, const char *text)
{
    if (text == NULL) {
        pf_json_null(json);
        return;
    }
    separate(json);
    put_quoted(json, text);
}

void pf_json_integer(struct pf_json *json, int64_t value)
{
    char text[PF_INT64_TEXT];

    separate(json);
    put(json, text, pf_print_int64(value, text));
}

void pf_json_number(struct pf_json *json, double value)
{
    char text[PF_FLOAT64_TEXT];

    if (!isfinite(value)) {
        pf_json_null(json);
        return;
    }
    separate(json);
    put(json, text, pf_print_float64(value, text));
}

void pf_json_set_text(struct pf_json *json, const char *name, const char *value)
{
    pf_json_name(json, name);
    pf_json_text(json, value);
}

void pf_json_set_location(struct pf_json *json, const char *name, const char *value)
{
    char *shown = value != NULL ? pf_copy_text(json->out.memory, value, strlen(value)) : NULL;

    if (value != NULL && shown == NULL)
        json->failed = true;
    if (shown != NULL)
        pf_hide_secrets(shown);
    pf_json_set_text(json, name, shown);
    pf_free(json->out.memory, shown);
}

void pf_json_set_integer(struct pf_json *json, const char *name, int64_t value)
{
    pf_json_name(json, name);
    pf_json_integer(json, value);
}

void pf_json_set_number(struct pf_json *json, const char *name, double value)
{
    pf_json_name(json, name);
    pf_json_number(json, value);
}

void pf_json_set_bool(struct pf_json *json, const char *name, bool value)
{
    pf_json_name(json, name);
    pf_json_bool(json, value);
}

void pf_json_set_place(struct pf_json *json, const char *name, int64_t value)
{
    pf_json_name(json, name);
    if (value > 0)
        pf_json_integer(json, value);
    else
        pf_json_null(json);
}

void pf_json_set_error(struct pf_json *json, const struct pf_error *err)
{
    pf_json_name(json, "error");
    if (err->status == PF_OK) {
        pf_json_null(json);
        return;
    }
    pf_json_open(json, '{');
    pf_json_set_text(json, "code", pf_status_name(err->status));
    pf_json_set_text(json, "message", err->message);
    pf_json_set_text(json, "source", err->source[0] != '\0' ? err->source : NULL);
    pf_json_set_place(json, "row", err->row);
    pf_json_set_place(json, "line", err->line);
    pf_json_set_place(json, "column", err->column);
    pf_json_set_text(json, "column_name", err->column_name[0] != '\0' ? err->column_name : NULL);
    pf_json_name(json, "offset");
    if (err->offset >= 0)
        pf_json_integer(json, err->offset);
    else
        pf_json_null(json);
    pf_json_set_text(json, "hint", err->remedy[0] != '\0' ? err->remedy : NULL);
    pf_json_close(json, '}');
}
