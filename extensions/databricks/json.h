/* JSON, written into memory of the host. After an allocation was refused nothing more is written, and json_take gives NULL. */
#ifndef DATABRICKS_JSON_H
#define DATABRICKS_JSON_H

#include "pyforge/extension.h"

struct json {
    const struct pf_host *host;
    struct pf_context *ctx;
    char *text;
    size_t size, capacity;
    bool failed, after_value; /* a comma is due before the next value */
};

void json_begin(struct json *json, const struct pf_host *host, struct pf_context *ctx);
/* '{' or '['; then '}' or ']'. */
void json_open(struct json *json, char bracket);
void json_close(struct json *json, char bracket);
/* The name of a member, whose value follows. */
void json_name(struct json *json, const char *name);
/* Bytes that are not UTF-8 become U+FFFD. */
void json_text(struct json *json, const char *text);
void json_text_or_null(struct json *json, const char *text); /* "" is null */
void json_flag(struct json *json, bool flag);
void json_number(struct json *json, long long number);
void json_null(struct json *json);
/* The text, allocated by host->allocate with ctx; NULL = no memory. */
char *json_take(struct json *json);

#endif
