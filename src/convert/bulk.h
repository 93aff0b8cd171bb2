/* Many files, each converted into an output of its own: which files, what their outputs are called (bulk_find.c), and running
 * them (bulk.c). */
#ifndef PF_CONVERT_BULK_H
#define PF_CONVERT_BULK_H

#include "convert/plan.h"

#define PF_BULK_WILDCARDS "*?["

/* One file. Texts are in the bulk's arena. */
struct pf_bulk_file {
    const char *input;
    const char *output; /* "" = the input is a folder that cannot be listed, and its conversion says why */
    const char *below;  /* the part of input that an output in another folder keeps: "2024/may/sales.csv" */
    int64_t bytes;      /* of the input; -1 = not known */
    /* What tells it from others, however it was spelt: its local folder and its name there; else zeros and the whole text. Not its own
     * inode: a link has a name of its own, and so an output. */
    uint64_t device, inode;
    const char *name;
};

struct pf_bulk {
    struct pf_request *request; /* whose settings hold for every file; borrowed */
    struct pf_arena arena;
    struct pf_bulk_file *files;
    uint32_t count, capacity;
    struct pf_convert_options options; /* in force; texts in arena */
    const char *folder;                /* of the outputs; NULL = each beside its input */
    const char *suffix;                /* of the outputs, without the dot */
    struct {
        const char *text; /* NULL = none yet */
        size_t size;
        uint64_t device, inode;
    } looked_at;             /* the folder of the file that was added last */
    uint32_t left_out;       /* files of rejected rows that a pattern or folder has besides */
    const char *not_entered; /* a link to a folder, at which the walk has not gone on; NULL = there was none */
};

/* Adds the files that text names: a location as it is, the files of a folder, or what a pattern matches, in the order of their names. */
enum pf_status pf_bulk_find(struct pf_bulk *bulk, const char *text, bool recursive, struct pf_error *err);
/* Leaves each input once and gives all their outputs. */
enum pf_status pf_bulk_name(struct pf_bulk *bulk, struct pf_error *err);

#endif
