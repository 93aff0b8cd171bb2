#include "runtime.h"

#include <stddef.h>
#include <string.h>

enum { LONGEST_NAME = 64 };

static const char client[] = "client.";

static const struct runtime_row rows[] = {
    { 9, 1, "9.1", true, "3.1.2", "3.8" },    { 10, 4, "10.4", true, "3.2.1", "3.8" },
    { 11, 3, "11.3", true, "3.3.0", "3.9" },  { 12, 2, "12.2", true, "3.3.2", "3.9" },
    { 13, 3, "13.3", true, "3.4.1", "3.10" }, { 14, 3, "14.3", true, "3.5.0", "3.10" },
    { 15, 4, "15.4", true, "3.5.0", "3.11" }, { 16, 4, "16.4", true, "3.5.2", "3.12" },
    { 16, -1, "16", false, "3.5.2", "3.12" }, { 17, 3, "17.3", true, "4.0.0", "3.12" },
    { 17, -1, "17", false, "4.0.0", "3.12" }, { 18, -1, "18", false, "4.1.0", "3.12" },
    { 19, -1, "19", false, "", "3.12" },
};

static const struct runtime_environment environments[] = {
    { 1, "3.10", 14 }, { 2, "3.11", 15 }, { 3, "3.12", 16 }, { 4, "3.12", 17 }, { 5, "3.12", 18 }, { 6, "3.12", 19 },
};

/* Digits up to what follows; -1 = there are none, or too many. */
static int take_number(const char **at)
{
    int number = 0, digits = 0;

    for (; **at >= '0' && **at <= '9'; (*at)++) {
        if (digits++ == 4)
            return -1;
        number = number * 10 + (**at - '0');
    }
    return digits > 0 ? number : -1;
}

/* Whether the text has the word between its '-' and '.'. */
static bool has_word(const char *text, const char *word)
{
    for (;;) {
        size_t size = strcspn(text, "-.");

        if (size == strlen(word) && strncmp(text, word, size) == 0)
            return true;
        if (text[size] == '\0')
            return false;
        text += size + 1;
    }
}

static int environment_of_client(int number)
{
    for (size_t i = 0; i < sizeof environments / sizeof *environments; i++) {
        /* "client.4.2" has the environment in front; "client.14.3.x-scala2.12" the version of Databricks Connect */
        if (environments[i].version == number || environments[i].client == number)
            return environments[i].version;
    }
    return number > 0 && number < environments[0].client ? number : 0;
}

void runtime_parse(const char *text, struct runtime_version *out)
{
    *out = (struct runtime_version){ .major = -1, .minor = -1 };
    out->is_ml = has_word(text, "ml");
    out->is_gpu = has_word(text, "gpu");
    out->is_client = strncmp(text, client, sizeof client - 1) == 0;
    if (out->is_client)
        text += sizeof client - 1;
    out->major = take_number(&text);
    if (out->major >= 0 && *text == '.') {
        text++;
        out->minor = take_number(&text);
    }
    if (out->is_client)
        out->environment = environment_of_client(out->major);
}

bool runtime_is_name(const char *text)
{
    size_t size = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-+:");

    return text[size] == '\0' && size > 0 && size <= LONGEST_NAME && text[0] != '-' && text[0] != '.';
}

bool runtime_is_version(const char *text)
{
    struct runtime_version version;
    const char *number = strncmp(text, client, sizeof client - 1) == 0 ? text + sizeof client - 1 : text;

    runtime_parse(text, &version);
    number += strspn(number, "0123456789");
    return runtime_is_name(text) && version.major >= 0 && (*number == '\0' || *number == '.' || *number == '-');
}

const struct runtime_row *runtime_find(int major, int minor)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].major == major && (rows[i].minor == minor || rows[i].minor < 0))
            return &rows[i];
    }
    return NULL;
}

const struct runtime_environment *runtime_environment_find(const char *text)
{
    int version = take_number(&text);

    for (size_t i = 0; i < sizeof environments / sizeof *environments; i++) {
        if (environments[i].version == version)
            return &environments[i];
    }
    return NULL;
}
