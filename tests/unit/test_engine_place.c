/* What is at an output before and after an engine: bytes are read only where somebody needs to know. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "convert/engine_place.h"
#include "support_unit.h"

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

static void bytes_are_read_when_asked_for(void **state)
{
    char path[] = "/tmp/pyforge-place-XXXXXX";
    int fd = mkstemp(path);
    struct pf_place before, after;
    struct pf_plan plan;

    (void)state;
    assert_true(fd >= 0);
    (void)close(fd);
    memset(&plan, 0, sizeof plan);
    plan.ctx = pf_context_new();
    plan.job.output = path;
    put(path, "one");
    pf_place_look(&plan, &before);
    assert_true(before.there && before.young && before.sum[0] != '\0');
    /* nothing has happened, or all within a tick of the clock */
    CHECK_INT(pf_place_compare(&plan, &before, &after), PF_CHANGE_NOT_SEEN);
    CHECK_TEXT(after.sum, "");
    CHECK_INT(pf_place_compare_bytes(&plan, &before, &after), PF_CHANGE_SAME_BYTES);
    put(path, "two");
    CHECK_INT(pf_place_compare_bytes(&plan, &before, &after), PF_CHANGE_DONE);
    put(path, "longer");
    CHECK_INT(pf_place_compare(&plan, &before, &after), PF_CHANGE_DONE);
    /* times of long ago tell */
    before = (struct pf_place){ .there = true, .stat = after.stat };
    CHECK_INT(pf_place_compare(&plan, &before, &after), PF_CHANGE_NONE);
    assert_int_equal(unlink(path), 0);
    CHECK_INT(pf_place_compare(&plan, &before, &after), PF_CHANGE_DONE);
    pf_place_look(&plan, &before);
    CHECK_INT(pf_place_compare(&plan, &before, &after), PF_CHANGE_NONE);
    pf_context_free(plan.ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_read_when_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
