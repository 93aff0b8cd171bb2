#include "facts.h"

#include <stddef.h>

/* serverless, classic or unknown, as version 1.0 said it, and model_serving. */
static const char *compute_type(const struct environment *environment)
{
    if (environment->compute == ENVIRONMENT_MODEL_SERVING)
        return "model_serving";
    return environment->is_serverless ? "serverless" : environment->is_databricks ? "classic" : "unknown";
}

#define TEXT(key, label, member)                                                                                               \
    {                                                                                                                          \
        key, label, FACT_TEXT, offsetof(struct environment, member.text), offsetof(struct environment, member.signal)          \
    }
#define FLAG(key, label, member)                                                                                               \
    {                                                                                                                          \
        key, label, FACT_FLAG, offsetof(struct environment, member.on), offsetof(struct environment, member.signal)            \
    }
#define COMPUTE offsetof(struct environment, compute_signal)
#define RUNTIME offsetof(struct environment, runtime_version.signal)

/* Those of the kind of compute have their values from functions: value is 0. */
static const struct row {
    const char *key, *label;
    int kind;
    size_t value, signal;
} rows[] = {
    { "compute", "compute", FACT_TEXT, 0, COMPUTE },
    { "compute_type", NULL, FACT_TEXT, 0, COMPUTE },
    { "is_databricks", "Databricks", FACT_FLAG, offsetof(struct environment, is_databricks), COMPUTE },
    { "is_serverless", NULL, FACT_FLAG, offsetof(struct environment, is_serverless), COMPUTE },
    TEXT("runtime_version", "runtime", runtime_version),
    { "runtime_major", NULL, FACT_NUMBER, offsetof(struct environment, runtime_major), RUNTIME },
    { "runtime_minor", NULL, FACT_NUMBER, offsetof(struct environment, runtime_minor), RUNTIME },
    FLAG("is_lts", "long-term support", is_lts),
    FLAG("is_ml", "for machine learning", is_ml),
    FLAG("is_gpu", "GPU", is_gpu),
    TEXT("serverless_version", "serverless environment", serverless_version),
    TEXT("spark_version", "Spark of the runtime", spark_version),
    TEXT("python_version", "Python of the runtime", python_version),
    TEXT("cluster_id", "cluster", cluster_id),
    FLAG("spark_connect_enabled", "Spark Connect", spark_connect),
    FLAG("has_unity_catalog", "Unity Catalog", unity_catalog),
    FLAG("volumes_mounted", "/Volumes mounted", volumes),
    FLAG("volumes_writable", "/Volumes keeps files", volumes_keep),
    FLAG("dbfs_mounted", "/dbfs mounted", dbfs),
    FLAG("workspace_mounted", "/Workspace mounted", workspace),
};

bool facts_at(const struct environment *environment, size_t index, struct fact *out)
{
    const char *base = (const char *)environment;
    const struct row *row;

    if (index >= sizeof rows / sizeof *rows)
        return false;
    row = &rows[index];
    *out = (struct fact){ .key = row->key, .label = row->label, .text = "", .signal = base + row->signal };
    if (row->kind == FACT_TEXT) {
        out->kind = FACT_TEXT;
        out->text = index == 0   ? environment_compute_name(environment->compute)
                    : index == 1 ? compute_type(environment)
                                 : base + row->value;
    } else if (row->kind == FACT_FLAG) {
        out->kind = FACT_FLAG;
        out->on = *(const bool *)(base + row->value);
    } else {
        out->kind = FACT_NUMBER;
        out->number = *(const int *)(const void *)(base + row->value);
    }
    return true;
}

static void write_value(const struct fact *fact, struct json *json)
{
    if (fact->kind == FACT_FLAG)
        json_flag(json, fact->on);
    else if (fact->kind == FACT_NUMBER && fact->number >= 0)
        json_number(json, fact->number);
    else
        json_text_or_null(json, fact->text);
}

/* Version 1.0 had these; they are so by design of serverless. */
static void write_serverless(const struct environment *environment, struct json *json)
{
    static const char *const features[] = { "auto_scaling",  "photon_enabled",   "unity_catalog_only",
                                            "spark_connect", "no_spark_configs", "volume_only_storage" };

    json_name(json, "serverless_features");
    json_open(json, '{');
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        json_name(json, features[i]);
        json_flag(json, true);
    }
    json_name(json, "version");
    json_text_or_null(json, environment->serverless_version.text);
    json_close(json, '}');
}

void facts_write(const struct environment *environment, struct json *json)
{
    struct fact fact;

    json_open(json, '{');
    for (size_t i = 0; facts_at(environment, i, &fact); i++) {
        json_name(json, fact.key);
        write_value(&fact, json);
    }
    if (environment->is_serverless)
        write_serverless(environment, json);
    json_name(json, "note");
    json_text_or_null(json, environment->note);
    json_name(json, "signals");
    json_open(json, '{');
    for (size_t i = 0; facts_at(environment, i, &fact); i++) {
        json_name(json, fact.key);
        json_text_or_null(json, fact.signal);
    }
    json_close(json, '}');
    json_close(json, '}');
}

void facts_write_signed(const struct environment *environment, struct json *json)
{
    struct fact fact;

    json_open(json, '{');
    for (size_t i = 0; facts_at(environment, i, &fact); i++) {
        json_name(json, fact.key);
        json_open(json, '{');
        json_name(json, "value");
        write_value(&fact, json);
        json_name(json, "signal");
        json_text_or_null(json, fact.signal);
        json_close(json, '}');
    }
    json_close(json, '}');
}
