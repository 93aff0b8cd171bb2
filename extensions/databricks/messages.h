/* Every text of a failure of the extension, in one place: docs/databricks.md has an entry for each, and a test looks for it there.
 * A name that ends in _REMEDY says what to do about the one of the same name. */
#ifndef DATABRICKS_MESSAGES_H
#define DATABRICKS_MESSAGES_H

/* In place of the user or group, which the one who runs a statement fills in. */
#define GRANTS_PRINCIPAL "`USER_OR_GROUP`"

/* ---- paths: a path that breaks the grammar */

#define SAY_EXPECTED "expected /Volumes/CATALOG/SCHEMA/VOLUME/PATH"

#define SAY_PATH_EMPTY        "the path is empty: " SAY_EXPECTED
#define SAY_PATH_EMPTY_REMEDY "give a path"
#define SAY_PATH_LONG         "the path has more than %d bytes"
#define SAY_PATH_LONG_REMEDY  "use shorter names, or run in the folder and give the name only"
#define SAY_PATH_NUL          "the path has a NUL byte in it, after \"%s\""
#define SAY_PATH_NUL_REMEDY   "look at how the path is put together"

#define SAY_SCHEME_CLOUD "%s: is object storage, and is not read by its own address here"
#define SAY_SCHEME_CLOUD_REMEDY                                                                                                \
    "make an external volume over the location (CREATE EXTERNAL VOLUME ... LOCATION '...') and give its path below /Volumes"
#define SAY_SCHEME_WEB             "%s: is not read from here: expected a path, dbfs:/... or file:/..."
#define SAY_SCHEME_WEB_REMEDY      "download the file to a volume first"
#define SAY_SCHEME_UNKNOWN         "the scheme %s: is not known: expected a path, dbfs:/... or file:/..."
#define SAY_SCHEME_UNKNOWN_REMEDY  "give the path below /Volumes; a local file of this name is ./NAME"
#define SAY_SCHEME_RELATIVE        "%s: is followed by no slash: expected %s:/..."
#define SAY_SCHEME_RELATIVE_REMEDY "write %s:/ and the whole path, or leave %s: out"
#define SAY_SCHEME_HOST            "%s:// names a host, \"%s\": expected one slash, %s:/%s/..."
#define SAY_SCHEME_HOST_REMEDY     "write the path with one slash after %s:"

#define SAY_PART_EMPTY          "the %s is empty, in \"%s\": " SAY_EXPECTED
#define SAY_PART_EMPTY_REMEDY   "a variable that was put into the path may be empty"
#define SAY_PART_DOTS           "the %s is \"%s\", which is no name: " SAY_EXPECTED
#define SAY_PART_DOTS_REMEDY    "catalog, schema and volume are not folders: write their names"
#define SAY_PART_LETTER         "the %s \"%s\" has %s in it, which no name of a %s has: " SAY_EXPECTED
#define SAY_PART_LETTER_REMEDY  "look whether the catalog, the schema or the volume was left out of the path"
#define SAY_PART_LONG           "the %s \"%s\" has more than 255 characters: " SAY_EXPECTED
#define SAY_PART_LONG_REMEDY    "names of catalogs, schemas and volumes are shorter"
#define SAY_PART_MISSING        "the %s is missing, in \"%s\": " SAY_EXPECTED
#define SAY_PART_MISSING_REMEDY "pyforge list-volumes shows the volumes there are"
#define SAY_LEAVES              "\"..\" leaves %s, in \"%s\""
#define SAY_LEAVES_REMEDY       "write the path without \"..\""

/* ---- places that are not there */

#define SAY_NO_MOUNT "/Volumes is not mounted here, so that %s cannot be reached as a file (%s)"
#define SAY_NO_MOUNT_REMEDY                                                                                                    \
    "run this inside Databricks: in a notebook, a job or the web terminal; a laptop does not see volumes"
#define SAY_NO_MOUNT_CLUSTER_REMEDY                                                                                            \
    "use a cluster with Unity Catalog (standard or dedicated access mode) of Databricks Runtime 13.3 or later, or serverless"
#define SAY_OLD_RUNTIME        "Databricks Runtime %s does not keep what is written below /Volumes: it stays on the node and is lost"
#define SAY_OLD_RUNTIME_REMEDY "use Databricks Runtime 13.3 or later, or write to dbfs:/..."
#define SAY_NO_DBFS            "/dbfs is not mounted here, so that %s cannot be reached as a file (%s)"
#define SAY_NO_DBFS_REMEDY     "use a volume: /Volumes/CATALOG/SCHEMA/VOLUME/..."

/* ---- access */

#define SAY_GRANTS_REMEDY "check the name, or have this run: %s"
#define SAY_GRANTS_LONG_REMEDY                                                                                                 \
    "check the name, or have access granted; pyforge validate-volume PATH%s prints the SQL statements"
#define SAY_MAKE_VOLUME_REMEDY "a volume is made by SQL, not as a folder: %s"
#define SAY_MAKE_LONG_REMEDY                                                                                                   \
    "a volume is made by SQL, not as a folder: CREATE VOLUME; pyforge validate-volume PATH prints the statement"
#define SAY_WORKSPACE_REMEDY                                                                                                   \
    "/Workspace is for notebooks and small files (up to 500 MB), Spark cannot see it, and it may be read only for you: use a " \
    "volume, /Volumes/CATALOG/SCHEMA/VOLUME/..."
#define SAY_DBFS_REMEDY                                                                                                        \
    "the DBFS root may be switched off, or read only for you: use a volume, /Volumes/CATALOG/SCHEMA/VOLUME/..."

/* ---- commands */

#define SAY_COMMAND_ARGUMENT      "%s: \"%s\" is one argument too many"
#define SAY_COMMAND_OPTION        "%s: there is no option %s"
#define SAY_COMMAND_NO_PATH       "%s: the path is missing"
#define SAY_COMMAND_REMEDY        "pyforge %s --help tells how it is used"
#define SAY_COMMAND_MEMORY        "there is no memory left for the answer"
#define SAY_COMMAND_MEMORY_REMEDY "end other programs of this machine, or use a larger one"
#define SAY_OVERRIDE                                                                                                           \
    "PYFORGE_DATABRICKS_COMPUTE is \"%s\", which is not known and does not count: expected serverless, classic, "              \
    "classic-connect, model-serving, connect or none"
#define SAY_NO_VERSION                                                                                                         \
    "DATABRICKS_RUNTIME_VERSION is \"%s\", which is no version and does not count: expected one such as 15.4 or client.4.2"
#define SAY_LIST_SPEC        "\"%s\" is not CATALOG or CATALOG.SCHEMA"
#define SAY_LIST_SPEC_REMEDY "give main, or main.default, or /Volumes/main/default"
#define SAY_LIST_NO_MOUNT    "/Volumes is not mounted here, so that its volumes cannot be listed (%s)"
#define SAY_LIST_FAILED      "%s cannot be listed: %s"
#define SAY_LIST_FAILED_REMEDY                                                                                                 \
    "names in paths tell upper from lower case; have USE CATALOG and USE SCHEMA granted where they are missing"
#define SAY_NOT_A_VOLUME "%s is no path of a volume: " SAY_EXPECTED
#define SAY_NOT_A_VOLUME_REMEDY                                                                                                \
    "paths of volumes begin with /Volumes/, with a capital V; pyforge list-volumes shows those there are"
#define SAY_VOLUME_NOT_USABLE       "%s cannot be used: %s %s is missing, or not granted to you (%s)"
#define SAY_VOLUME_NOT_THERE        "%s is not there (%s)"
#define SAY_VOLUME_NOT_THERE_REMEDY "names tell upper from lower case; with --write it need not be there"
#define SAY_VOLUME_NOT_READABLE     "%s cannot be read: %s"
#define SAY_VOLUME_NOT_WRITABLE     "%s cannot be written to: %s"
#define SAY_VOLUME_FAILED_REMEDY    "no right is missing: the reason is the system's; try again, or look at the volume's storage"
#define SAY_VOLUME_NOT_USABLE_REMEDY                                                                                           \
    "check the name (pyforge list-volumes shows those there are); if it is right " SAY_VOLUME_STATEMENTS
#define SAY_VOLUME_STATEMENTS "have the statements run by someone who may; replace " GRANTS_PRINCIPAL " by the user or group"

#endif
