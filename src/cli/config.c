/* config: every setting, its value, and which origin won. */
#include "cli/cli.h"

int cli_config(struct cli *cli)
{
    struct pf_error err;
    char *text = NULL;
    enum pf_status status = pf_config(cli->request, cli->options.json, &text, &err);

    if (status != PF_OK) {
        cli_error(cli, &err);
        return pf_request_exit_code(cli->request, status);
    }
    cli_answer(cli, cli->options.json, text);
    pf_text_free(cli->ctx, text);
    return CLI_DONE;
}
