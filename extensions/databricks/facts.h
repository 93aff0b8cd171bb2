/* What environment.h knows, as one table: for people, as JSON, and for the probe. */
#ifndef DATABRICKS_FACTS_H
#define DATABRICKS_FACTS_H

#include "environment.h"
#include "json.h"

struct fact {
    const char *key;   /* of JSON; those that version 1.0 had keep its names */
    const char *label; /* for people; NULL = part of another line */
    enum { FACT_TEXT, FACT_FLAG, FACT_NUMBER } kind;
    const char *text;   /* "" = not known */
    bool on;            /* FACT_FLAG */
    int number;         /* FACT_NUMBER; negative = not known */
    const char *signal; /* what decided it; "" = nothing did */
};

/* The facts one after another; false after the last. Borrowed from environment. */
bool facts_at(const struct environment *environment, size_t index, struct fact *out);

/* {"is_databricks": true, ..., "signals": {"is_databricks": "...", ...}} */
void facts_write(const struct environment *environment, struct json *json);
/* {"is_databricks": {"value": true, "signal": "..."}, ...} */
void facts_write_signed(const struct environment *environment, struct json *json);

#endif
