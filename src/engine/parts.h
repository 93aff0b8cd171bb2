/* Parts: several tables of one source that become one, as if they stood one behind the other. Columns meet by name; what a table does
 * not have is null there. Readers, inference and writers know nothing of it: each table is read by a pass of its own, and the columns
 * of its blocks are put in the places of the whole. */
#ifndef PF_ENGINE_PARTS_H
#define PF_ENGINE_PARTS_H

#include "engine/engine.h"

struct pf_pass_plan;

/* Where the columns of the whole are in one table, and the other way round. */
struct pf_part_map {
    const char *name;
    int32_t *from; /* per column of the whole: column of the table, PF_PART_NULL or PF_PART_NAME */
    uint32_t *to;  /* per column of the table: column of the whole */
    uint32_t columns;
};

enum { PF_PART_NULL = -1, PF_PART_NAME = -2 };

struct pf_parts {
    struct pf_arena arena;
    struct pf_part_map *maps; /* one a part */
    uint32_t columns;         /* of the whole */
    bool named;               /* the last of them has the name of the part */
};

/* Whether two columns are the same: by their names, without regard to blanks around and to case. */
bool pf_part_same_name(const char *a, const char *b);

void pf_parts_init(struct pf_parts *parts, struct pf_memory *memory);
void pf_parts_free(struct pf_parts *parts);
/* Asks the reader for the job's parts and makes the whole of them, whose schema (initialised and empty) is the caller's. */
enum pf_status pf_parts_open(struct pf_parts *parts, const struct pf_job *job, void *reader_state, struct pf_schema *schema,
                             struct pf_error *err);
/* The column of names is text, whatever the names look like. */
void pf_parts_settle(const struct pf_parts *parts, struct pf_pass_plan *plan);
const struct pf_part_map *pf_parts_at(const struct pf_parts *parts, uint32_t part);

/* columns: count columns of the whole, ascending; they become those to be read of the table, *read of them (one at least, and at most
 * count). place: per column of the whole that was given, where it is among those read, or as in from. */
void pf_part_place(const struct pf_part_map *map, uint32_t *columns, uint32_t count, int32_t *place, uint32_t *read);
/* What was decoded of the table gets the columns that pf_part_place was given. */
enum pf_status pf_part_arrange(const struct pf_part_map *map, const int32_t *place, uint32_t count, struct pf_arena *arena,
                               struct pf_decoded *decoded, struct pf_error *err);
/* A column of the table, from 1, as one of the whole; 0 stays. */
void pf_part_column(const struct pf_part_map *map, int64_t *column);

#endif
