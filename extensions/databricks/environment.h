/* Where the process runs. Everything is told from variables, the mount table and small files; nothing is started and nothing is asked
 * over a network. Every fact comes with the signal that decided it. */
#ifndef DATABRICKS_ENVIRONMENT_H
#define DATABRICKS_ENVIRONMENT_H

#include "pyforge/extension.h"

/* The world, as far as it is looked at. Tests give recorded ones. */
struct environment_view {
    void *user;
    const char *(*variable)(void *user, const char *name); /* NULL = not set */
    bool (*exists)(void *user, const char *path);
    /* Gives take the lines of a text file, without their ends, until it answers false. false = there is no such file. */
    bool (*lines)(void *user, const char *path, bool (*take)(void *to, const char *line), void *to);
};

extern const struct environment_view environment_here;

enum environment_compute {
    ENVIRONMENT_NONE,
    ENVIRONMENT_CLASSIC,         /* a cluster, Spark in the driver's JVM */
    ENVIRONMENT_CLASSIC_CONNECT, /* a cluster, Spark reached by Spark Connect: standard access mode */
    ENVIRONMENT_SERVERLESS,
    ENVIRONMENT_MODEL_SERVING,
    ENVIRONMENT_CONNECT /* not in Databricks; Databricks Connect is set up */
};

enum { ENVIRONMENT_SIGNAL = 160, ENVIRONMENT_TEXT = 96 };

struct environment_text {
    char text[ENVIRONMENT_TEXT]; /* "" = not known */
    char signal[ENVIRONMENT_SIGNAL];
};

struct environment_flag {
    bool on;
    char signal[ENVIRONMENT_SIGNAL];
};

struct environment {
    enum environment_compute compute;
    char compute_signal[ENVIRONMENT_SIGNAL];
    bool is_databricks, is_serverless; /* what compute says */
    struct environment_text
        runtime_version; /* as it stands in the variable or file: "15.4", "client.4.2", "16.4.x-gpu-ml-scala2.12" */
    int runtime_major, runtime_minor; /* -1 = not known; 18 and later have no minor */
    struct environment_flag is_lts, is_gpu, is_ml;
    struct environment_text serverless_version;            /* the environment's: "4" */
    struct environment_text spark_version, python_version; /* of the runtime or environment, from its table */
    struct environment_text cluster_id;
    struct environment_flag spark_connect, unity_catalog;
    struct environment_flag volumes, dbfs, workspace; /* really mounted */
    struct environment_flag volumes_keep;             /* what is written below /Volumes stays; not on runtimes up to 12.2 */
    bool volumes_ordinary; /* /Volumes is there and not a mount, outside Databricks: a folder as any other */
    char note[512];        /* what the user should know: variables that were not understood; "" = nothing */
};

void environment_look(const struct environment_view *view, struct environment *out);

/* "serverless", "classic", "classic-connect", "model-serving", "connect", "none" */
const char *environment_compute_name(enum environment_compute compute);
/* In words: "Databricks serverless", "Databricks cluster, Spark in the JVM", ... */
const char *environment_compute_words(enum environment_compute compute);

#endif
