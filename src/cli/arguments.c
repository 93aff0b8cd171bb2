/* The command line after the command's name: options in the GNU manner, the rest arguments. */
#include <string.h>

#include "cli/cli.h"

enum { MOST_TABLES = 40 };

/* One option as it stands on the command line. */
struct given {
    const char *name;  /* without dashes */
    const char *value; /* what follows "=" or, for a short option, the letter; NULL = nothing */
    bool is_short;
};

/* Words still to be read. */
struct words {
    char **next;
    int left;
};

bool cli_is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

/* ---- unknown options */

/* What other programs, and the documentation of version 1.0, call what is called otherwise here. */
static const struct {
    const char *name, *hint;
} elsewhere[] = {
    { "o", "the output is the second argument: pyforge convert INPUT OUTPUT" },
    { "output", "the output is the second argument: pyforge convert INPUT OUTPUT" },
    { "output-file", "the output is the second argument: pyforge convert INPUT OUTPUT" },
    { "output-path", "the output is the second argument: pyforge convert INPUT OUTPUT" },
    { "out", "the output is the second argument: pyforge convert INPUT OUTPUT" },
    { "i", "the input is the first argument: pyforge convert INPUT OUTPUT" },
    { "input", "the input is the first argument: pyforge convert INPUT OUTPUT" },
    { "input-file", "the input is the first argument: pyforge convert INPUT OUTPUT" },
    { "overwrite", "did you mean --force?" },
    { "replace", "did you mean --force?" },
    { "y", "did you mean --force?" },
    { "no-header", "did you mean --header no?" },
    { "dtype", "did you mean --schema?" },
    { "dtypes", "did you mean --schema?" },
    { "na-values", "did you mean --null-values?" },
    { "nulls", "did you mean --null-values?" },
    { "usecols", "did you mean --columns?" },
    { "select", "did you mean --columns?" },
    { "jobs", "did you mean --threads?" },
    { "j", "did you mean --threads?" },
    { "skip-errors", "did you mean --on-error reject?" },
    { "merge-sheets", "did you mean --combine-sheets?" },
    { "no-pyspark", "did you mean --engine native?" },
    { "chunk-size", "memory is bounded whatever the size of the input: --memory says by what" },
    { "streaming", "memory is bounded whatever the size of the input: --memory says by what" },
    { "check-encoding", "pyforge info INPUT shows the encoding" },
    { "volume-path", "a path of a volume is given as any other: pyforge convert INPUT OUTPUT" },
    { "interactive", "nothing is asked; every choice is an option" },
};

static const char *hint_elsewhere(const char *name)
{
    for (size_t i = 0; i < CLI_COUNT(elsewhere); i++) {
        if (strcmp(name, elsewhere[i].name) == 0)
            return elsewhere[i].hint;
    }
    return NULL;
}

static int unknown_option(struct cli *cli, const char *name, bool is_short)
{
    const char *hint = cli->command->run == cli_convert ? hint_elsewhere(name) : NULL;
    const struct pf_option *tables[MOST_TABLES];
    const struct pf_option *table;
    const char *owner;
    uint32_t count = 0;
    char near[200];

    if (cli->command->converts)
        cli_extensions_load(cli, "options ");
    tables[count++] = cli_common_options;
    if (cli->command->options != NULL)
        tables[count++] = cli->command->options;
    for (uint32_t i = 0; cli->command->converts && count < MOST_TABLES; i++) {
        table = pf_option_table(cli->ctx, i, &owner);
        if (table == NULL)
            break;
        tables[count++] = table;
    }
    pf_option_suggest(tables, count, name, near, sizeof near);
    return cli_usage_error(cli, hint != NULL ? hint : near, "there is no option %s%s", is_short ? "-" : "--", name);
}

/* ---- one option */

/* The option in the cli's own tables; a short one by its letter only, a long one by more than that. */
static const struct pf_option *own_option(const struct cli *cli, const char *name)
{
    const struct pf_option *option = NULL;

    /* A group's command of version 1.0 may call an option of its own -v. */
    if (cli->command->options != NULL)
        option = pf_option_find(cli->command->options, name);
    return option != NULL ? option : pf_option_find(cli_common_options, name);
}

/* CLI_GO_ON, or the exit code after a message. A value that is missing is taken from the words that follow. */
static int take_value(struct cli *cli, struct given *given, struct words *words)
{
    if (given->value != NULL)
        return CLI_GO_ON;
    if (words->left == 0)
        return cli_usage_error(cli, NULL, "option %s%s needs a value", given->is_short ? "-" : "--", given->name);
    given->value = *words->next++;
    words->left--;
    return CLI_GO_ON;
}

static int report(struct cli *cli, const struct pf_error *err)
{
    return cli_usage_error(cli, err->remedy, "%s", err->message);
}

/* *used_value: the text behind a short option's letter was its value, not more letters. */
static int set_option(struct cli *cli, struct given *given, struct words *words, bool *used_value)
{
    const struct pf_option *own = own_option(cli, given->name);
    bool flag = own != NULL && own->kind == PF_OPTION_FLAG;
    const char *rest = given->value;
    struct pf_error err;
    enum pf_status status;
    int code;

    if (own == NULL) {
        int kind = cli->command->converts ? pf_request_is_flag(cli->request, given->name) : -1;
        if (kind < 0)
            return unknown_option(cli, given->name, given->is_short);
        flag = kind == 1;
    }
    *used_value = !flag;
    if (flag && given->is_short)
        given->value = NULL;
    if (!flag) {
        code = take_value(cli, given, words);
        if (code != CLI_GO_ON)
            return code;
    }
    memset(&err, 0, sizeof err);
    status = own != NULL ? pf_option_set(own, given->name, given->value, &cli->options, &err)
                         : pf_request_set(cli->request, given->name, given->value, &err);
    given->value = rest;
    return status == PF_OK ? CLI_GO_ON : report(cli, &err);
}

/* "--name" or "--name=value" */
static int long_option(struct cli *cli, const char *word, struct words *words)
{
    char name[64];
    const char *mark = strchr(word, '=');
    size_t size = mark != NULL ? (size_t)(mark - word) : strlen(word);
    struct given given = { name, mark != NULL ? mark + 1 : NULL, false };
    bool used_value;

    if (size < 2 || size >= sizeof name)
        return cli_usage_error(cli, NULL, "there is no option --%s", word);
    memcpy(name, word, size);
    name[size] = '\0';
    return set_option(cli, &given, words, &used_value);
}

/* "-v", "-vq", "-fparquet", "-vf parquet" */
static int short_options(struct cli *cli, const char *letters, struct words *words)
{
    while (*letters != '\0') {
        char name[2] = { letters[0], '\0' };
        struct given given = { name, letters[1] != '\0' ? letters + 1 : NULL, true };
        bool used_value = false;
        int code = set_option(cli, &given, words, &used_value);
        if (code != CLI_GO_ON || used_value)
            return code;
        letters++;
    }
    return CLI_GO_ON;
}

bool cli_set_common(struct cli_options *options, const char *word)
{
    const struct pf_option *option;
    struct pf_error err;
    bool is_long = word[0] == '-' && word[1] == '-';

    if (!cli_is_option(word) || (is_long ? strlen(word) == 3 : word[2] != '\0'))
        return false;
    option = pf_option_find(cli_common_options, word);
    return option != NULL && pf_option_set(option, word, NULL, options, &err) == PF_OK;
}

/* ---- all of them */

/* Help is wanted even where the rest would be an error. */
static bool wants_help(int count, char **words)
{
    for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++) {
        if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0)
            return true;
    }
    return false;
}

/* As help; but a command may have an option of its own by this name. */
static bool wants_version(const struct cli *cli, int count, char **words)
{
    if (cli->command->options != NULL && pf_option_find(cli->command->options, "version") != NULL)
        return false;
    for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++) {
        if (strcmp(words[i], "--version") == 0 || strcmp(words[i], "-V") == 0)
            return true;
    }
    return false;
}

static int check_arguments(struct cli *cli)
{
    const struct cli_command *command = cli->command;
    const struct cli_argument *missing = command->arguments;

    if (cli->argument_count < command->least) {
        for (int i = 0; i < cli->argument_count; i++)
            missing++;
        return cli_usage_error(cli, NULL, "Missing argument '%s'.", missing->name);
    }
    if (cli->argument_count <= command->most)
        return CLI_GO_ON;
    return cli_usage_error(cli, command->converts ? "this version takes one input at a time" : NULL, "unexpected argument '%s'",
                           cli->arguments[command->most]);
}

int cli_parse(struct cli *cli, int count, char **list)
{
    struct words words = { list, count };
    bool options_ended = false;
    int code = CLI_GO_ON;

    if (wants_help(count, list)) {
        cli->options.help = true;
        return CLI_GO_ON;
    }
    if (wants_version(cli, count, list)) {
        cli->options.version = true;
        return CLI_GO_ON;
    }
    cli->arguments = list;
    while (words.left > 0 && code == CLI_GO_ON) {
        char *word = *words.next++;
        words.left--;
        if (options_ended || !cli_is_option(word))
            cli->arguments[cli->argument_count++] = word; /* words read are behind us: their places are free */
        else if (strcmp(word, "--") == 0)
            options_ended = true;
        else
            code = word[1] == '-' ? long_option(cli, word + 2, &words) : short_options(cli, word + 1, &words);
    }
    return code == CLI_GO_ON ? check_arguments(cli) : code;
}
