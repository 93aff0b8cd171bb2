/* Versions of Databricks Runtime and of serverless environments: how they are written, and what is in them. */
#ifndef DATABRICKS_RUNTIME_H
#define DATABRICKS_RUNTIME_H

#include <stdbool.h>

/* A number in front, and free text: "15.4", "16.4.x-gpu-ml-scala2.12", "18.x-aarch64-photon-scala2", "client.4.2". */
struct runtime_version {
    bool is_client;   /* of serverless */
    int environment;  /* of a client's: the serverless environment; 0 = not known */
    int major, minor; /* -1 = not known; 18 and later have no minor */
    bool is_ml, is_gpu;
};

void runtime_parse(const char *text, struct runtime_version *out);
/* Whether a text is a version, "15.4", "client.4.2", "16.4.x-gpu-ml-scala2.12"; or could at least be the name of one, "custom-build". */
bool runtime_is_version(const char *text);
bool runtime_is_name(const char *text);

struct runtime_row {
    int major, minor; /* minor -1 = all of the major that have no row of their own */
    const char *name;
    bool is_lts;
    const char *spark, *python;
};

/* NULL = not known. */
const struct runtime_row *runtime_find(int major, int minor);

struct runtime_environment {
    int version;
    const char *python;
    int client; /* the major version of Databricks Connect in it */
};

/* text: "4". NULL = not known. */
const struct runtime_environment *runtime_environment_find(const char *text);

#endif
