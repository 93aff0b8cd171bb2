/* What the unit tests share: cmocka with its required includes, and checks that print both values. */
#ifndef PF_TESTS_SUPPORT_UNIT_H
#define PF_TESTS_SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/context.h"

#define CHECK(condition) assert_true(condition)
#define CHECK_INT(got, expected)                                                                                               \
    do {                                                                                                                       \
        long long got_ = (long long)(got), expected_ = (long long)(expected);                                                  \
        if (got_ != expected_)                                                                                                 \
            fail_msg("%s is %lld, expected %lld", #got, got_, expected_);                                                      \
    } while (0)
#define CHECK_TEXT(got, expected)                                                                                              \
    do {                                                                                                                       \
        const char *got_ = (got), *expected_ = (expected);                                                                     \
        if (strcmp(got_, expected_) != 0)                                                                                      \
            fail_msg("%s is '%s', expected '%s'", #got, got_, expected_);                                                      \
    } while (0)
#define CHECK_HAS(got, part)                                                                                                   \
    do {                                                                                                                       \
        const char *got_ = (got), *part_ = (part);                                                                             \
        if (strstr(got_, part_) == NULL)                                                                                       \
            fail_msg("%s is '%s', expected '%s' in it", #got, got_, part_);                                                    \
    } while (0)
/* status is PF_OK, else the error is shown. */
#define CHECK_OK(status, err)                                                                                                  \
    do {                                                                                                                       \
        if ((status) != PF_OK)                                                                                                 \
            fail_msg("%s failed: %s", #status, (err).message);                                                                 \
    } while (0)

#endif
