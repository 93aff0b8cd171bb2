/* JSON text, written piece by piece into a buffer. Commas and escapes are the writer's; a refused allocation is remembered
 * in the buffer and told once, by pf_json_end. */
#ifndef PF_BASE_JSON_H
#define PF_BASE_JSON_H

#include "base/error.h"
#include "base/memory.h"

struct pf_json {
    struct pf_buffer out;
    bool comma;  /* something stands before in the same object or array */
    bool failed; /* an allocation was refused */
};

void pf_json_begin(struct pf_json *json, struct pf_memory *memory);
/* Gives the text away (freed with pf_free); NULL = an allocation was refused. */
char *pf_json_end(struct pf_json *json);

void pf_json_open(struct pf_json *json, char bracket);  /* '{' or '[' */
void pf_json_close(struct pf_json *json, char bracket); /* '}' or ']' */
void pf_json_name(struct pf_json *json, const char *name);
/* NULL is written as null. A byte that is not UTF-8 becomes the escape \udc80 to \udcff, which Python reads back as that
 * byte. */
void pf_json_text(struct pf_json *json, const char *text);
void pf_json_integer(struct pf_json *json, int64_t value);
/* Not a number and the infinities are written as null. */
void pf_json_number(struct pf_json *json, double value);
void pf_json_bool(struct pf_json *json, bool value);
void pf_json_null(struct pf_json *json);
/* As it is: text must be JSON of one value. */
void pf_json_raw(struct pf_json *json, const char *text);

/* A name and its value at once. */
void pf_json_set_text(struct pf_json *json, const char *name, const char *value);
/* The same of a location, or a text that may have one in it, without its secrets. */
void pf_json_set_location(struct pf_json *json, const char *name, const char *value);
void pf_json_set_integer(struct pf_json *json, const char *name, int64_t value);
void pf_json_set_number(struct pf_json *json, const char *name, double value);
void pf_json_set_bool(struct pf_json *json, const char *name, bool value);
/* "error": what err tells, with its place and remedy; null when its status is PF_OK. */
void pf_json_set_error(struct pf_json *json, const struct pf_error *err);
/* null when value is not above 0: places that are not known. */
void pf_json_set_place(struct pf_json *json, const char *name, int64_t value);

#endif
