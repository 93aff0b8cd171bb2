/* Advice for callers who give options as keywords. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "base/text.h"
#include "convert/request.h"

enum { LONGEST_NAME = 64, LONGEST_LINE = 1024 };

static bool is_choice(const struct pf_option *option, const char *word, size_t size)
{
    const char *choice;
    size_t length;

    for (int i = 0; option->choices != NULL && (choice = pf_option_choice(option, i, &length)) != NULL; i++) {
        if (length == size && memcmp(choice, word, size) == 0)
            return true;
    }
    return false;
}

/* Bytes of the value that follows an option's name and a blank; 0 when a sentence goes on there. Values of advice are choices, formats,
 * numbers and names with a digit, PLACEHOLDERS, marks, and texts in quotes. */
static size_t value_size(const struct pf_option *option, const char *text)
{
    size_t size = 0;
    bool telling = false, capitals = true;

    if (text[0] == '\'' && strchr(text + 1, '\'') != NULL)
        return (size_t)(strchr(text + 1, '\'') - text) + 1;
    while (text[size] != '\0' && strchr(" ,;:()?!", text[size]) == NULL) {
        telling = telling || isdigit((unsigned char)text[size]) != 0;
        capitals = capitals && isupper((unsigned char)text[size]) != 0;
        size++;
    }
    if (size == 0) /* "--decimal , --thousands ." */
        return text[0] != '\0' && text[0] != ' ' && text[1] == ' ' ? 1 : 0;
    telling = telling || (size == 1 && ispunct((unsigned char)text[0]) != 0);
    telling = telling || (size == 3 && memcmp(text, "csv", 3) == 0) || (size == 4 && memcmp(text, "none", 4) == 0);
    return telling || capitals || is_choice(option, text, size) ? size : 0;
}

/* "--on-error reject" at text as on_error="reject"; what was read of it, 0 when it is no option of the tables. named: the option is spoken
 * of, "option --force cannot be", and not to be given. */
static size_t put_keyword(const struct pf_context *ctx, const char *text, bool named, char *to, size_t room)
{
    const struct pf_option *option = NULL;
    char name[LONGEST_NAME];
    size_t size = 0, value = 0;
    const char *at, *mark;
    bool quoted;

    for (at = text + 2; (islower((unsigned char)*at) != 0 || isdigit((unsigned char)*at) != 0 || *at == '-' || *at == '_') &&
                        size + 1 < sizeof name;
         at++)
        name[size++] = *at;
    name[size] = '\0';
    if (size > 1)
        option = pf_option_there(ctx, name);
    if (option == NULL)
        return 0;
    for (size_t i = 0; i < size; i++)
        name[i] = name[i] == '-' ? '_' : name[i];
    if (option->kind == PF_OPTION_FLAG && !named) {
        /* "--no-types" of the flag types */
        const bool turned = strncmp(name, "no_", 3) == 0 && strncmp(option->name, "no-", 3) != 0;

        (void)snprintf(to, room, turned ? "%s=False" : "%s=True", turned ? name + 3 : name);
        return (size_t)(at - text);
    }
    if (at[0] == ' ' && at[1] != '-')
        value = value_size(option, at + 1);
    quoted = value > 1 && at[1] == '\'';
    mark = value == 0 || quoted || isupper((unsigned char)at[1]) != 0 ? "" : "\"";
    (void)snprintf(to, room, "%s=%s%.*s%s", strcmp(name, "from") == 0 ? "from_" : name, mark, (int)value, at + 1, mark);
    return (size_t)(at - text) + (value > 0 ? value + 1 : 0);
}

/* Commands that a function of the package does as well. The others are told as commands, which the package brings along. */
static const struct {
    const char *command, *function;
} functions[] = {
    { "convert --help", "help(pyforge_cli.convert)" },
    { "convert", "pyforge_cli.convert()" },
    { "info", "pyforge_cli.info()" },
    { "validate", "pyforge_cli.validate()" },
    { "formats", "pyforge_cli.formats()" },
    { "options", "pyforge_cli.config()" },
    { "config", "pyforge_cli.config()" },
    { "env", "pyforge_cli.environment()" },
};

static bool in_word(char c)
{
    return isalnum((unsigned char)c) != 0 || c == '-' || c == '_';
}

/* "pyforge info" at text as the function that does the same; what was read of it, 0 when it is no command that has one. */
static size_t put_function(const char *text, char *to, size_t room)
{
    const size_t program = strlen("pyforge ");

    if (strncmp(text, "pyforge ", program) != 0)
        return 0;
    for (size_t i = 0; i < PF_COUNT(functions); i++) {
        const size_t size = strlen(functions[i].command);

        if (strncmp(text + program, functions[i].command, size) == 0 && !in_word(text[program + size])) {
            (void)snprintf(to, room, "%s", functions[i].function);
            return program + size;
        }
    }
    return 0;
}

/* quoted: also what stands in quotes is advice, and quotes nothing. What does not fit in room is cut off between characters. */
static void translate(const struct pf_context *ctx, bool quoted, char *text, size_t room)
{
    char put[2 * LONGEST_NAME + 128], done[LONGEST_LINE];
    size_t used = 0;

    room = room < sizeof done ? room : sizeof done;
    for (const char *at = text; *at != '\0' && used + 1 < room;) {
        bool begins =
            at == text || (!in_word(at[-1]) && strchr("./\\", at[-1]) == NULL && (quoted || strchr("'\"`", at[-1]) == NULL));
        bool named = at - text >= 7 && strncmp(at - 7, "option ", 7) == 0;
        size_t read = begins && at[0] == '-' && at[1] == '-' ? put_keyword(ctx, at, named, put, sizeof put) : 0;
        size_t size;

        if (begins && read == 0)
            read = put_function(at, put, sizeof put);
        if (read == 0) {
            done[used++] = *at++;
            continue;
        }
        size = strlen(put);
        size = size < room - 1 - used ? size : room - 1 - used;
        memcpy(done + used, put, size);
        used += size;
        at += read;
    }
    done[used] = '\0';
    used -= pf_utf8_tail((const uint8_t *)done, used);
    memcpy(text, done, used);
    text[used] = '\0';
}

/* A warning may quote names and values, which are no advice whatever they look like. */
static void reword(const struct pf_context *ctx, char *line, size_t room)
{
    translate(ctx, false, line, room);
}

void pf_context_use_keywords(struct pf_context *ctx)
{
    ctx->reword = reword;
}

/* Whether the message of an error may hold any text of the input, or of the system. A reason for rejecting a row has it in quotes. */
static bool tells_of_input(enum pf_status status)
{
    return status == PF_BAD_DATA || status == PF_IO || status == PF_NOT_FOUND || status == PF_INTERNAL ||
           status == PF_CANCELLED;
}

void pf_error_for_keywords(const struct pf_context *ctx, struct pf_error *err)
{
    translate(ctx, true, err->remedy, sizeof err->remedy);
    if (!tells_of_input(err->status))
        translate(ctx, err->status == PF_BAD_OPTION || err->status == PF_EXISTS, err->message, sizeof err->message);
}

const struct pf_error *pf_error_told(const struct pf_context *ctx, const struct pf_error *err, struct pf_error *scratch)
{
    if (err == NULL || ctx->reword == NULL)
        return err;
    *scratch = *err;
    pf_error_for_keywords(ctx, scratch);
    return scratch;
}
