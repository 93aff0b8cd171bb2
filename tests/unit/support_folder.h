/* A folder of the test's own, in which it runs: the home of a user who has no extensions. */
#ifndef PF_TESTS_SUPPORT_FOLDER_H
#define PF_TESTS_SUPPORT_FOLDER_H

#include <stdlib.h>
#include <unistd.h>

#include "support_unit.h"

static inline int set_up_folder(void **state)
{
    static char folder[] = "extension-test-XXXXXX";
    char here[300];

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(setenv("HOME", here, 1), 0);
    assert_int_equal(unsetenv("PYFORGE_EXTENSION_PATH"), 0);
    return 0;
}

static inline int tear_down_folder(void **state)
{
    char here[300], command[400];

    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(".."), 0);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", here);
    return system(command);
}

#endif
