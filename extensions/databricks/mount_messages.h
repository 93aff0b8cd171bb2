/* The texts of failures on a mount; see messages.h. */
#ifndef DATABRICKS_MOUNT_MESSAGES_H
#define DATABRICKS_MOUNT_MESSAGES_H

/* ---- what is, or is not, at a location */

#define SAY_MOUNT_FAILED                "it cannot be %s: %s"
#define SAY_MOUNT_FAILED_READING_REMEDY "try again; if it stays so copy the file to a local folder first"
#define SAY_MOUNT_FAILED_WRITING_REMEDY                                                                                        \
    "nothing was replaced; try again, and if it stays so write to a local folder and copy it from there"
#define SAY_MOUNT_NO_LEVEL        "there is no %s %s that you may use"
#define SAY_MOUNT_NO_LEVEL_REMEDY "check the name, or make it: %s"
#define SAY_MOUNT_EXISTS          "a file is there already"
#define SAY_MOUNT_EXISTS_REMEDY   "use --force to replace it"
#define SAY_MOUNT_SPACE_REMEDY    "free some space there, or write to another place"
#define SAY_MOUNT_FOLDER_REMEDY   "name a file; a folder in its place is not replaced"
#define SAY_MOUNT_FILE_REMEDY     "a part of the path is a file; name a folder there"
#define SAY_MOUNT_PATH_REMEDY     "check the path; names tell upper from lower case"
#define SAY_MOUNT_FULL_REMEDY     "remove what is in the folder first"
#define SAY_MOUNT_NAME_REMEDY     "give it a shorter name"
#define SAY_MOUNT_CUT             "it ends too early: it was changed while it was read"
#define SAY_MOUNT_CUT_REMEDY      "convert a file that is no longer written to, or a copy of it"
#define SAY_MOUNT_MEMORY          "there is no memory to read or write a file"
#define SAY_MOUNT_MEMORY_REMEDY   "raise --memory"

/* ---- copying over, where renaming is refused; the first three are warnings */

#define SAY_MOUNT_COPIED                                                                                                       \
    "%s was copied over, as its mount refuses to rename (%s). This is not atomic: whoever read it meanwhile may have seen a "  \
    "part"
#define SAY_MOUNT_COMPLETED "%s was left incomplete by a run that was stopped; it is complete now"
#define SAY_MOUNT_LEFT      "%s is incomplete; its whole content is %s, which the next conversion into its folder copies over it"
#define SAY_MOUNT_LEFT_REMEDY                                                                                                  \
    "it is incomplete now, and its whole content beside it: convert anything into its folder, which completes it"
#define SAY_MOUNT_BUSY_REMEDY                                                                                                  \
    "another process is copying over it: wait for that one to end; if there is none, remove the files beside it that end in "  \
    ".pyforge-whole"

#endif
