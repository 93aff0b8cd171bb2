/* The file of rejected rows: opened with the first one, committed with the output. */
#ifndef PF_ENGINE_REJECTS_H
#define PF_ENGINE_REJECTS_H

#include "engine/engine.h"

struct pf_rejects_file {
    struct pf_context *ctx;
    const char *location; /* borrowed; NULL = rows are counted only */
    bool replace, sync, full;
    struct pf_sink *sink; /* NULL = nothing was rejected so far */
    struct pf_buffer text;
};

/* The file is all zero before. */
void pf_rejects_init(struct pf_rejects_file *file, struct pf_context *ctx, const struct pf_job *job);
/* part: the table of the rows, where that is not clear, or NULL. rows, lines, offset: of the source before the block; the places of the rejects are made absolute by them. */
enum pf_status pf_rejects_add(struct pf_rejects_file *file, const struct pf_reject *rejects, int64_t count,
                              const struct pf_schema *table, int64_t rows, int64_t lines, int64_t offset, const char *part,
                              struct pf_error *err);
enum pf_status pf_rejects_commit(struct pf_rejects_file *file, struct pf_error *err);
/* Takes the commit back; a file that was replaced does not come back. */
void pf_rejects_retract(struct pf_rejects_file *file);
/* Appends the bytes in quotes, with quotes in them doubled. false = out of memory. */
bool pf_rejects_quote(struct pf_buffer *to, const uint8_t *bytes, size_t size);
/* Without a commit before it: nothing is left. */
void pf_rejects_close(struct pf_rejects_file *file);

#endif
