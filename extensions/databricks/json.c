#include "json.h"

#include <stdio.h>
#include <string.h>

void json_begin(struct json *json, const struct pf_host *host, struct pf_context *ctx)
{
    *json = (struct json){ .host = host, .ctx = ctx };
}

static void put(struct json *json, const char *bytes, size_t size)
{
    if (json->failed)
        return;
    if (json->capacity - json->size <= size) {
        size_t capacity = 2 * json->capacity + size + 256;
        char *larger = json->host->resize(json->ctx, json->text, capacity);

        if (larger == NULL) {
            json->failed = true;
            return;
        }
        json->text = larger;
        json->capacity = capacity;
    }
    memcpy(json->text + json->size, bytes, size);
    json->size += size;
    json->text[json->size] = '\0';
}

static void put_text(struct json *json, const char *text)
{
    put(json, text, strlen(text));
}

static void before_value(struct json *json)
{
    if (json->after_value)
        put(json, ", ", 2);
    json->after_value = true;
}

void json_open(struct json *json, char bracket)
{
    before_value(json);
    put(json, &bracket, 1);
    json->after_value = false;
}

void json_close(struct json *json, char bracket)
{
    put(json, &bracket, 1);
    json->after_value = true;
}

/* The bytes of the character that begins here; 0 = it is none. */
static size_t character(const unsigned char *at)
{
    static const struct {
        unsigned char mask, lead;
        unsigned least;
    } forms[] = { { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };

    for (size_t i = 0; i < 4; i++) {
        unsigned code = at[0] & (unsigned char)~forms[i].mask;

        if ((at[0] & forms[i].mask) != forms[i].lead)
            continue;
        for (size_t j = 1; j <= i; j++) {
            if ((at[j] & 0xc0) != 0x80)
                return 0;
            code = code << 6 | (at[j] & 0x3f);
        }
        return code < forms[i].least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : i + 1;
    }
    return 0;
}

static void put_quoted(struct json *json, const char *text)
{
    put(json, "\"", 1);
    while (*text != '\0') {
        unsigned char byte = (unsigned char)*text;
        size_t size = character((const unsigned char *)text);
        char escape[8];

        if (size == 0) {
            put_text(json, "\\ufffd");
            size = 1;
        } else if (byte == '"' || byte == '\\') {
            put(json, "\\", 1);
            put(json, text, 1);
        } else if (byte < 0x20) {
            (void)snprintf(escape, sizeof escape, "\\u%04x", byte);
            put_text(json, escape);
        } else {
            put(json, text, size);
        }
        text += size;
    }
    put(json, "\"", 1);
}

void json_name(struct json *json, const char *name)
{
    before_value(json);
    put_quoted(json, name);
    put(json, ": ", 2);
    json->after_value = false;
}

void json_text(struct json *json, const char *text)
{
    before_value(json);
    put_quoted(json, text);
}

void json_text_or_null(struct json *json, const char *text)
{
    if (*text == '\0')
        json_null(json);
    else
        json_text(json, text);
}

void json_flag(struct json *json, bool flag)
{
    before_value(json);
    put_text(json, flag ? "true" : "false");
}

void json_number(struct json *json, long long number)
{
    char text[24];

    before_value(json);
    (void)snprintf(text, sizeof text, "%lld", number);
    put_text(json, text);
}

void json_null(struct json *json)
{
    before_value(json);
    put_text(json, "null");
}

char *json_take(struct json *json)
{
    if (!json->failed)
        return json->text;
    json->host->release(json->ctx, json->text);
    return NULL;
}
