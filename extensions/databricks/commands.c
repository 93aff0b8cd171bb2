/* What the commands share, and their table. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "databricks.h"
#include "facts.h"
#include "messages.h"
#include "volumes.h"

/* ---- output */

void page_print(struct page *page, const char *text, ...)
{
    char line[2 * GRANTS_STATEMENT];
    va_list list;
    int used;

    va_start(list, text);
    used = vsnprintf(line, sizeof line, text, list);
    va_end(list);
    if (used < 0 || !page->host->write_out(page->io, line, strlen(line)))
        page->failed = true;
}

void page_json(struct page *page, struct json *json)
{
    char *text = json_take(json);

    if (text == NULL) {
        (void)page_fail(page, EXIT_FAILED, SAY_COMMAND_MEMORY, SAY_COMMAND_MEMORY_REMEDY);
        page->failed = true;
        return;
    }
    if (!page->host->write_out(page->io, text, strlen(text)) || !page->host->write_out(page->io, "\n", 1))
        page->failed = true;
    page->host->release(NULL, text);
}

int page_fail(struct page *page, int code, const char *message, const char *remedy)
{
    char lines[4 * GRANTS_STATEMENT];
    int used = snprintf(lines, sizeof lines, "pyforge: error: %s\n%s%s%s", message, *remedy != '\0' ? "  hint: " : "", remedy,
                        *remedy != '\0' ? "\n" : "");

    if (used > 0)
        (void)page->host->write_err(page->io, lines, strlen(lines));
    return code;
}

/* ---- arguments */

static int refuse_word(struct page *page, const char *command, const char *word, bool option)
{
    char message[500], remedy[100];

    if (option)
        (void)snprintf(message, sizeof message, SAY_COMMAND_OPTION, command, word);
    else
        (void)snprintf(message, sizeof message, SAY_COMMAND_ARGUMENT, command, word);
    (void)snprintf(remedy, sizeof remedy, SAY_COMMAND_REMEDY, command);
    return page_fail(page, EXIT_USAGE, message, remedy);
}

int arguments_read(struct page *page, int argc, const char *const *argv, const char *options, bool operand,
                   struct arguments *out)
{
    bool only_operands = false;

    *out = (struct arguments){ .operand = NULL };
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        bool option = !only_operands && word[0] == '-' && word[1] != '\0';

        if (option && strcmp(word, "--") == 0)
            only_operands = true;
        else if (option && strcmp(word, "--json") == 0)
            out->json = true;
        else if (option && strcmp(word, "--write") == 0 && strstr(options, "--write") != NULL)
            out->write = true;
        else if (option || !operand || out->operand != NULL)
            return refuse_word(page, argv[0], word, option);
        else
            out->operand = word;
    }
    return EXIT_DONE;
}

/* ---- env */

static void print_facts(struct page *page, const struct environment *environment)
{
    struct fact fact;

    for (size_t i = 0; facts_at(environment, i, &fact); i++) {
        const char *value = fact.kind == FACT_FLAG ? (fact.on ? "yes" : "no") : *fact.text != '\0' ? fact.text : "-";

        if (fact.label != NULL)
            page_print(page, "%-22s %-24s %s\n", fact.label, value, *fact.signal != '\0' ? fact.signal : "-");
    }
}

int command_env(const struct databricks *with, struct pf_command_io *io, int argc, const char *const *argv)
{
    struct page page = { with->host, io, false };
    struct environment environment;
    struct arguments arguments;
    struct json json;
    int code = arguments_read(&page, argc, argv, "--json", false, &arguments);

    if (code != EXIT_DONE)
        return code;
    environment_look(with->view, &environment);
    if (arguments.json) {
        json_begin(&json, with->host, NULL);
        facts_write(&environment, &json);
        page_json(&page, &json);
    } else {
        page_print(&page, "%s\n\n%-22s %-24s %s\n", environment_compute_words(environment.compute), "FACT", "VALUE", "SIGNAL");
        print_facts(&page, &environment);
        if (environment.note[0] != '\0')
            page_print(&page, "\n%s\n", environment.note);
    }
    return page.failed ? EXIT_FAILED : EXIT_DONE;
}

/* ---- the table */

static struct databricks here(void *self)
{
    return (struct databricks){ self, &environment_here, VOLUMES_MOUNT };
}

static int run_env(void *self, struct pf_context *ctx, struct pf_command_io *io, int argc, const char *const *argv)
{
    struct databricks with = here(self);

    (void)ctx;
    return command_env(&with, io, argc, argv);
}

static int run_list_volumes(void *self, struct pf_context *ctx, struct pf_command_io *io, int argc, const char *const *argv)
{
    struct databricks with = here(self);

    (void)ctx;
    return command_list_volumes(&with, io, argc, argv);
}

static int run_validate_volume(void *self, struct pf_context *ctx, struct pf_command_io *io, int argc, const char *const *argv)
{
    struct databricks with = here(self);

    (void)ctx;
    return command_validate_volume(&with, io, argc, argv);
}

#define ENV_HELP(name)                                                                                                         \
    "Usage: pyforge " name " [--json]\n\n"                                                                                     \
    "Tells where this process runs: on a Databricks cluster, serverless, elsewhere; and for each fact the signal\n"            \
    "that decided it. Nothing is started and nothing is asked over a network. PYFORGE_DATABRICKS_COMPUTE (serverless,\n"       \
    "classic, classic-connect, model-serving, connect, none) says it instead.\n\n"                                             \
    "Options:\n"                                                                                                               \
    "  --json  one JSON object, with the signals in \"signals\"\n\n"                                                           \
    "Examples:\n"                                                                                                              \
    "  pyforge " name "\n"                                                                                                     \
    "  pyforge " name " --json\n"

static const struct pf_command_addition commands[] = {
    {
        .size = sizeof *commands,
        .name = "env",
        .summary = "Tell where this process runs, and by which signals (databricks)",
        .help = ENV_HELP("env"),
        .run = run_env,
    },
    {
        .size = sizeof *commands,
        .name = "env-info",
        .summary = "Tell where this process runs, as pyforge env (databricks)",
        .help = ENV_HELP("env-info"),
        .run = run_env,
    },
    {
        .size = sizeof *commands,
        .name = "list-volumes",
        .summary = "List the Unity Catalog volumes that can be seen here (databricks)",
        .help = "Usage: pyforge list-volumes [CATALOG[.SCHEMA]] [--json]\n\n"
                "Lists the volumes below /Volumes that this process may see, one path a line. A catalog or schema whose\n"
                "folder cannot be read is told on the error stream.\n\n"
                "Options:\n"
                "  --json  one JSON object: \"volumes\", and \"not_listed\" with reasons\n\n"
                "Examples:\n"
                "  pyforge list-volumes\n"
                "  pyforge list-volumes main.default\n",
        .run = run_list_volumes,
    },
    {
        .size = sizeof *commands,
        .name = "validate-volume",
        .summary = "Tell what is missing to use a path of a volume, and the SQL for it (databricks)",
        .help =
            "Usage: pyforge validate-volume PATH [--write] [--json]\n\n"
            "Looks which of catalog, schema, volume and path is missing or not granted, and prints the SQL statements\n"
            "that make or grant it. PATH is /Volumes/CATALOG/SCHEMA/VOLUME, with or without more, or dbfs:/Volumes/... .\n\n"
            "Options:\n"
            "  --write  try to write as well: a small file is made and removed; PATH itself need not be there\n"
            "  --json   one JSON object: \"is_valid\", \"checks\", \"statements\"\n\n"
            "Exit codes: 0 it can be used, 1 it cannot, 2 the path is wrong, 4 refused on this runtime.\n\n"
            "Examples:\n"
            "  pyforge validate-volume /Volumes/main/default/bronze/sales.csv\n"
            "  pyforge validate-volume /Volumes/main/default/silver/out.parquet --write\n",
        .run = run_validate_volume,
    },
};

/* ---- the probe */

static char *probe(void *self, struct pf_context *ctx, struct pf_error *err)
{
    const struct pf_host *host = self;
    struct environment environment;
    struct json json;
    char *text;

    environment_look(&environment_here, &environment);
    json_begin(&json, host, ctx);
    facts_write_signed(&environment, &json);
    text = json_take(&json);
    if (text == NULL)
        (void)host->fail(err, PF_NO_MEMORY, SAY_COMMAND_MEMORY);
    return text;
}

enum pf_status commands_add(const struct pf_host *host, struct pf_registration *to, struct pf_error *err)
{
    void *self = (void *)(uintptr_t)host;
    struct pf_probe_addition environment = {
        .size = sizeof environment,
        .name = "databricks",
        .probe = probe,
        .self = self,
    };

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct pf_command_addition command = commands[i];

        command.self = self;
        if (host->add_command(to, &command, err) != PF_OK)
            return err->status;
    }
    return host->add_probe(to, &environment, err);
}
