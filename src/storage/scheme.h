/* Storage schemes: locations that begin with a name and a colon, "s3:bucket/key", or with a path that a scheme claims,
 * "/Volumes/a/b". Whose functions they are is not known here: extensions add them.
 *
 * A location is of a scheme only when a scheme of that name is there or is promised by an extension; it is then, even if a local
 * file is called so ("./s3:x" names the file). A name has two characters at least, so that no drive letter is one. "s3:x" is a path
 * where nobody has such a scheme, but "s3:/x" and "s3://x" never are: an output meant for a store must not land on the disk. */
#ifndef PF_STORAGE_SCHEME_H
#define PF_STORAGE_SCHEME_H

#include "pyforge/extension.h"
#include "storage/raw.h"
#include "storage/sink.h"

struct pf_scheme {
    struct pf_scheme_addition calls; /* with zero where its maker knew less */
    void *self;
};

/* Where schemes are found. *out NULL = there is none of that name. An error when there should be one, but it cannot be had. */
struct pf_schemes {
    enum pf_status (*find)(const struct pf_schemes *schemes, const char *name, const struct pf_scheme **out,
                           struct pf_error *err);
    /* The one that claims a path which begins with location's first folders. */
    enum pf_status (*find_path)(const struct pf_schemes *schemes, const char *location, const struct pf_scheme **out,
                                struct pf_error *err);
};

enum { PF_SCHEME_NAME = 64, PF_SCHEME_IDENTITY = 4096 };

/* The name of the scheme that location may begin with, "" = it is a path. */
void pf_scheme_name(const char *location, char to[PF_SCHEME_NAME]);
/* *out NULL = location is a local path that no scheme claims. PF_BAD_OPTION when it begins with a name, a colon and a slash, and nobody
 * has such a scheme; what pf_location_path knows to be a path has to be given to it before. */
enum pf_status pf_scheme_of(struct pf_context *ctx, const char *location, const struct pf_scheme **out, struct pf_error *err);

/* A location of a scheme has no inode: its identity is made of its text. */
enum pf_status pf_scheme_stat(struct pf_context *ctx, const struct pf_scheme *scheme, const char *location,
                              struct pf_source_stat *out, bool *directory, struct pf_error *err);
/* location is borrowed until the raw is closed. */
enum pf_status pf_raw_scheme(struct pf_context *ctx, const struct pf_scheme *scheme, const char *location, struct pf_raw **out,
                             struct pf_error *err);
enum pf_status pf_sink_scheme(struct pf_context *ctx, const struct pf_scheme *scheme, const char *location, bool replace,
                              struct pf_sink **out, struct pf_error *err);
/* The same without and with building the file locally first. */
enum pf_status pf_sink_straight(struct pf_context *ctx, const struct pf_scheme *scheme, const char *location, bool replace,
                                struct pf_sink **out, struct pf_error *err);
enum pf_status pf_sink_staged(struct pf_context *ctx, const struct pf_scheme *scheme, const char *location, bool replace,
                              struct pf_sink **out, struct pf_error *err);
/* Calls emit with every entry of a folder, of a scheme or local ("" = the current one), in any order; a link is what it leads to. PF_IO
 * when the folder, or an entry of it, may not be looked at: those that may have been told by then. */
enum pf_status pf_location_list(struct pf_context *ctx, const char *folder, pf_list_fn emit, void *user, struct pf_error *err);
/* PF_IO when that is so of a folder; PF_OK also where it cannot be listed at all. */
enum pf_status pf_location_check_listed(struct pf_context *ctx, const char *folder, struct pf_error *err);
/* Whether a path is itself a link; stores have none. */
bool pf_location_is_link(const char *location);
/* A location of a scheme as its identity, which for one that is mounted is the path there; any other as it is. pf_copy_text's; what the
 * scheme finds wrong with a location is told. */
enum pf_status pf_scheme_resolve(struct pf_context *ctx, const char *location, char **out, struct pf_error *err);
/* Whether two locations are one as far as their schemes tell, also when nothing is there. */
bool pf_scheme_same(struct pf_context *ctx, const char *a, const char *b);
/* After a commit: takes the location away again. */
void pf_scheme_retract(const struct pf_sink *sink);

#endif
