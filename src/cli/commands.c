/* The table of commands: what each is called, takes and says of itself. Help is printed from it. */
#include <stddef.h>
#include <string.h>

#include "cli/cli.h"

enum { MOST_INPUTS = 1000000 };

#define AT(member) offsetof(struct cli_options, member)
#define END_OF_OPTIONS                                                                                                         \
    {                                                                                                                          \
        .name = NULL                                                                                                           \
    }

/* clang-format off */
const struct pf_option cli_common_options[] = {
    { "help", "h", PF_OPTION_FLAG, NULL, NULL, NULL, "Show this help.", "Common", AT(help) },
    { "version", "V", PF_OPTION_FLAG, NULL, NULL, NULL, "Show the version.", "Common", AT(version) },
    { "verbose", "v", PF_OPTION_FLAG, NULL, NULL, NULL, "Tell what is done, on standard error.", "Common", AT(verbose) },
    { "quiet", "q", PF_OPTION_FLAG, NULL, NULL, NULL, "Print errors only.", "Common", AT(quiet) },
    { "log-json", NULL, PF_OPTION_FLAG, NULL, NULL, NULL,
      "Write messages as records, one JSON object a line, on standard error.", "Common", AT(log_json) },
    { "no-extensions", NULL, PF_OPTION_FLAG, NULL, NULL, NULL, "Do without extensions.", "Common", AT(no_extensions) },
    { "list-extensions", NULL, PF_OPTION_FLAG, NULL, NULL, NULL,
      "List the extensions, a line each: NAME: Available - DESCRIPTION.", "Common", AT(list_extensions) },
    END_OF_OPTIONS,
};

static const struct pf_option convert_options[] = {
    { "json", NULL, PF_OPTION_FLAG, NULL, NULL, NULL,
      "Print the result record as one line of JSON on standard output.", "Report", AT(json) },
    { "explain", NULL, PF_OPTION_FLAG, NULL, NULL, NULL,
      "Print what would be done, and do nothing.", "Report", AT(explain) },
    { "preview-schema", NULL, PF_OPTION_FLAG, NULL, NULL, NULL,
      "Show the columns and the rest of --explain on standard error first, and ask on a terminal whether to go on.",
      "Report", AT(preview) },
    { "jobs", "j", PF_OPTION_INTEGER, NULL, "0", "N",
      "How many of several inputs to convert at a time, sharing --threads and --memory; 0: as many as there are threads.",
      "Several files", AT(jobs) },
    { "recursive", "r", PF_OPTION_FLAG, NULL, NULL, NULL,
      "Of an input that is a folder: take the files in the folders below it, too. Links to folders are not followed; name "
      "one to have what it leads to.", "Several files", AT(recursive) },
    { "progress", NULL, PF_OPTION_CHOICE, "auto|never", "auto", NULL,
      "Whether to draw a progress bar; only ever on a terminal.", "Report", AT(progress) },
    END_OF_OPTIONS,
};

static const struct pf_option info_options[] = {
    { "format", "f", PF_OPTION_CHOICE, "table|json", "table", NULL, "How to print what is known.", "Report", AT(info_format) },
    { "json", NULL, PF_OPTION_FLAG, NULL, NULL, NULL, "The same as --format json.", "Report", AT(json) },
    END_OF_OPTIONS,
};

static const struct pf_option validate_options[] = {
    { "json", NULL, PF_OPTION_FLAG, NULL, NULL, NULL,
      "Print the verdict as one line of JSON on standard output.", "Report", AT(json) },
    END_OF_OPTIONS,
};

static const struct pf_option list_options[] = {
    { "json", NULL, PF_OPTION_FLAG, NULL, NULL, NULL, "Print JSON instead of a table.", "Report", AT(json) },
    END_OF_OPTIONS,
};
/* clang-format on */

static const struct cli_argument convert_arguments[] = {
    { "INPUT_FILE", "The file to read; - is standard input. A folder, a pattern ('in/*.csv', 'in/**/*.csv'; quoted, so that "
                    "the shell leaves it) or "
                    "several files are converted one by one, each into an output of its own." },
    { "OUTPUT_FILE",
      "The file to write, or a folder to put it into; - is standard output. Without it the output lies beside the "
      "input and is called as the input is. With several inputs, a folder." },
    { NULL, NULL },
};
static const struct cli_argument input_argument[] = {
    { "INPUT_FILE", "The file to read; - is standard input." },
    { NULL, NULL },
};
static const struct cli_argument command_argument[] = {
    { "COMMAND", "A command of pyforge." },
    { NULL, NULL },
};

static const struct cli_argument extensions_arguments[] = {
    { "ACTION", "list, info, enable, disable, reload or test." },
    { "NAME", "The name of an extension." },
    { "LOCATION", "Where test may write: a location of a storage scheme of the extension." },
    { NULL, NULL },
};

static const char *const reading_options[] = { "from",    "columns", "types",      "schema",       "compat",
                                               "threads", "memory",  "max-record", "max-columns",  "max-expansion",
                                               "tables",  "combine", "combine-by", "sheet-column", NULL };

static const char *const no_options[] = { NULL };

static const char *const convert_examples[] = {
    "pyforge convert sales.csv",
    "pyforge convert sales.csv.gz out/ --compression zstd",
    "pyforge convert sales.csv sales.parquet --schema 'zip:string,amount:decimal(12,2)'",
    "pyforge convert sales.parquet sales.csv --columns id,amount",
    "pyforge convert sales.csv --explain",
    "pyforge convert - out.parquet --from csv < sales.csv",
    "pyforge convert 'in/**/*.csv' out/ --jobs 4",
    NULL,
};
static const char *const info_examples[] = { "pyforge info sales.csv", "pyforge info sales.parquet --format json", NULL };
static const char *const validate_examples[] = { "pyforge validate sales.csv", "pyforge validate export.dat --from csv",
                                                 "pyforge validate sales.csv --json", NULL };
static const char *const formats_examples[] = { "pyforge formats", "pyforge formats --json", NULL };
static const char *const options_examples[] = { "pyforge options", "pyforge options --json", NULL };
static const char *const config_examples[] = { "pyforge config", "pyforge config --json", NULL };
static const char *const extensions_examples[] = { "pyforge extensions", "pyforge extensions info NAME",
                                                   "pyforge extensions disable NAME", NULL };
static const char *const help_examples[] = { "pyforge help convert", NULL };

const struct cli_command cli_commands[] = {
    {
        .name = "convert",
        .usage = "[OPTIONS] INPUT_FILE... [OUTPUT_FILE]",
        .summary = "Convert a file to another format",
        .description =
            "Reads a file, finds the types of its columns and writes it in another format. The output appears whole or not "
            "at all, and every row that was read is written or reported.",
        .arguments = convert_arguments,
        .least = 1,
        .most = MOST_INPUTS,
        .converts = true,
        .options = convert_options,
        .examples = convert_examples,
        .run = cli_convert,
    },
    {
        .name = "info",
        .usage = "[OPTIONS] INPUT_FILE",
        .summary = "Show what is known of a file: size, dialect, columns, rows",
        .description = "Reads a file without converting it. Rows are counted and types found over the whole input.",
        .arguments = input_argument,
        .least = 1,
        .most = 1,
        .converts = true,
        .shared = reading_options,
        .options = info_options,
        .examples = info_examples,
        .run = cli_info,
    },
    {
        .name = "validate",
        .usage = "[OPTIONS] INPUT_FILE",
        .summary = "Check that a file can be read to its end",
        .description = "Reads the whole file. Exit code 0: it is valid; 1: it is not, and the first fault is told.",
        .arguments = input_argument,
        .least = 1,
        .most = 1,
        .converts = true,
        .shared = reading_options,
        .options = validate_options,
        .examples = validate_examples,
        .run = cli_validate,
    },
    {
        .name = "formats",
        .usage = "[--json]",
        .summary = "List the formats that are read and written",
        .description = "Lists the formats that are read and written, and the suffixes they are known by.",
        .options = list_options,
        .examples = formats_examples,
        .run = cli_formats,
    },
    {
        .name = "options",
        .usage = "[--json]",
        .summary = "List every option of every format",
        .description = "Lists the option tables from which help, documentation and keyword arguments are made.",
        .options = list_options,
        .examples = options_examples,
        .run = cli_options_command,
    },
    {
        .name = "config",
        .usage = "[--json]",
        .summary = "Show every setting, its value and where it comes from",
        .description = "Shows the files of settings, every option with its value in force, and which of default, file, "
                       "environment and option won. Options of a conversion may be given, to see what they would change.",
        .converts = true,
        .shared = no_options,
        .options = list_options,
        .examples = config_examples,
        .run = cli_config,
    },
    {
        .name = "extensions",
        .usage = "[list | info NAME | enable NAME | disable NAME | reload NAME | test NAME [LOCATION]] [--json]",
        .summary = "List, switch on and off, and test extensions",
        .description = "Without a word: lists the extensions that were found, with what they add. info tells all of one; "
                       "disable and enable "
                       "are remembered; reload loads one anew from where it was found; test runs the conformance suite on one, "
                       "its storage "
                       "scheme at LOCATION.",
        .arguments = extensions_arguments,
        .most = 3,
        .options = list_options,
        .examples = extensions_examples,
        .run = cli_extensions,
    },
    {
        .name = "list-extensions",
        .usage = "[--json]",
        .summary = "List extensions, as pyforge extensions",
        .description = "Lists the extensions that were found, with what they add.",
        .options = list_options,
        .run = cli_list_extensions,
    },
    {
        .name = "help",
        .usage = "[COMMAND]",
        .summary = "Show help of a command",
        .description = "Shows help of a command, or of pyforge as a whole.",
        .arguments = command_argument,
        .most = 1,
        .examples = help_examples,
        .run = cli_help,
    },
    { .name = "install", .description = "Installs what does not come with pyforge.", .parts = cli_install_parts },
    { .name = "mdf-tools", .description = "A database server for MDF files.", .parts = cli_mdf_parts },
    { .name = NULL },
};

const struct cli_command *cli_command_find(const char *name)
{
    for (const struct cli_command *command = cli_commands; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}
