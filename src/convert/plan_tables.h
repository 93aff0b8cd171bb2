/* Which tables of a source are meant, which of them become one, and what their outputs are called. Nothing is read or written here. */
#ifndef PF_CONVERT_PLAN_TABLES_H
#define PF_CONVERT_PLAN_TABLES_H

#include "formats/format.h"

/* word: what a table is called in messages. wanted: "Sales,3,Q*,/^20[0-9]{2}$/", or NULL: every table that is not hidden. chosen, named: a bool a table, zeroed; named are those that
 * were asked for one by one, not by a pattern. A name or a number reaches a hidden table, a pattern does not. PF_NOT_FOUND, with the
 * names there are, when a part of wanted matches nothing. */
enum pf_status pf_tables_select(const struct pf_listed *listed, uint32_t count, const char *wanted, const char *word,
                                struct pf_arena *arena, bool *chosen, bool *named, struct pf_error *err);

enum pf_grouping {
    PF_GROUP_EACH,    /* every table is alone */
    PF_GROUP_COLUMNS, /* those with the same columns in the same order are one */
    PF_GROUP_NAMES    /* all are one, by the names of their columns */
};
/* group: gets the number of the group, from 0, of each of count tables; groups are numbered in the order of their first tables. Returns
 * how many there are. */
uint32_t pf_tables_group(const struct pf_schema *columns, uint32_t count, enum pf_grouping grouping, uint32_t *group);

/* What table names become in names of files: runs of blanks and of characters that some system does not take are one "_", none stands at
 * an end; "table" where nothing is left. Names that are alike without regard to case get _2, _3 and so on, and so does one that is another
 * and tail ("" = none). */
enum pf_status pf_tables_file_names(const char *const *names, uint32_t count, const char *tail, struct pf_arena *arena,
                                    const char **out, struct pf_error *err);

#endif
