/* SQL that makes a path usable, ready to run; and what to do where SQL is not the answer. */
#ifndef DATABRICKS_GRANTS_H
#define DATABRICKS_GRANTS_H

#include "path.h"

enum grants_level { GRANTS_CATALOG, GRANTS_SCHEMA, GRANTS_VOLUME, GRANTS_LEVELS };

enum { GRANTS_STATEMENT = 8192 };

/* GRANT USE CATALOG, USE SCHEMA, READ VOLUME or WRITE VOLUME for this path, to GRANTS_PRINCIPAL of messages.h, with a semicolon. false = the path has no such level. */
bool grants_statement(const struct path *path, enum grants_level level, bool writing, char *to, size_t size);
/* CREATE SCHEMA or CREATE VOLUME for this path. false = the path has no such level. */
bool grants_creation(const struct path *path, enum grants_level level, char *to, size_t size);

/* One line for struct pf_error.remedy after a refusal (EACCES, EPERM) of path: the statements, or, where they are too long for it, the
 * command that prints them; for /Workspace its limits and a volume instead. */
void grants_remedy(const struct path *path, bool writing, char *to, size_t size);
/* One line after making a folder was refused: a volume is made by SQL. */
void grants_make_remedy(const struct path *path, char *to, size_t size);

#endif
