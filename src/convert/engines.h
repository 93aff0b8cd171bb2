/* Engines of extensions: which of them take a job, and how it is carried out by one after another until one succeeds.
 * docs/design/extensions.md, "Engines". */
#ifndef PF_CONVERT_ENGINES_H
#define PF_CONVERT_ENGINES_H

#include "convert/plan.h"
#include "convert/remote.h"
#include "extension/use.h"

/* An engine that was asked. */
struct pf_engine_candidate {
    const char *name;
    const struct pf_engine_addition *calls; /* NULL = the native one */
    void *self;
    bool takes;
    int32_t priority;
    const char *reason; /* why it does or does not */
};

/* One engine that was tried. */
struct pf_attempt {
    const char *engine, *reason;
    const char *failure; /* "" = it succeeded; "falls back", "ends", "unknown" */
    enum pf_status status;
    double seconds;
};

/* A column as the engine that wrote it tells of it; type is a text, as an engine may have types of its own. */
struct pf_told_column {
    const char *name, *type;
    struct pf_column_facts facts;
};

struct pf_told_columns {
    struct pf_told_column *list; /* in the plan's arena */
    uint32_t count, capacity;
    bool refused; /* one was, so the list is not all there are */
};

struct pf_conversion;

/* A name that --engine does not take is PF_BAD_OPTION, with what it does take. */
enum pf_status pf_engines_check(struct pf_plan *plan, struct pf_error *err);
/* Asks them, once input and output are decided: fills plan->engines in the order in which they are tried, the ones that do not take
 * the job last. PF_UNSUPPORTED when the one that is asked for does not. */
enum pf_status pf_engines_choose(struct pf_plan *plan, struct pf_error *err);
/* Whether an engine writes tables, if one is meant, and the format, unless that is NULL (plan_target.c). */
bool pf_engine_writes(const struct pf_engine_addition *engine, bool table, const char *format);
/* Why the first is the first. */
const char *pf_engines_reason(const struct pf_plan *plan, struct pf_arena *arena);
/* Carries out the job; the attempts are kept in the conversion. */
enum pf_status pf_engines_run(struct pf_conversion *c, struct pf_error *err);

/* ---- engine_host.c */

enum { PF_ENGINE_CONTEXTS = 64, PF_ENGINE_COLUMNS = 100000 };

/* A job as the functions of the host see it, for the time of one call of the engine. */
struct pf_engine_run {
    struct pf_plan *plan;
    struct pf_engine_job job;
    struct pf_context *contexts[PF_ENGINE_CONTEXTS]; /* of the requests that were made */
    uint32_t context_count;
    struct pf_told_columns told;
    struct pf_outcome seen; /* of the input's survey; when surveyed */
    bool surveyed;
    bool running; /* it is run, not asked only */
};

/* run is zero before; _end also after a failure. */
enum pf_status pf_engine_run_begin(struct pf_engine_run *run, struct pf_plan *plan, struct pf_error *err);
void pf_engine_run_end(struct pf_engine_run *run);
void pf_engine_fill_host(struct pf_host *host);
/* A context for a request that is made for the job: what it warns of and how far it is are the job's. Freed with the run. */
struct pf_context *pf_engine_context(struct pf_engine_run *run, struct pf_error *err);

/* ---- engine_remote.c */

void pf_engine_fill_remote(struct pf_host *host);
/* Reads the whole input, writes nothing, and gives what it has shown; the plan's source is at its beginning again. seen is initialised. */
enum pf_status pf_engine_survey(struct pf_plan *plan, struct pf_outcome *seen, struct pf_error *err);

#endif
