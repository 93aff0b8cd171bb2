/* Extensions and what they extend: the set is made with the formats and options that are built in, and gets the functions that
 * run conversions. */
#include "convert/engines.h"
#include "convert/options.h"
#include "convert/settings.h"
#include "extension/use.h"

/* A context for a conversion that an extension runs. What a hook starts is not hooked again. */
static struct pf_context *host_context_new(struct pf_context *ctx)
{
    struct pf_context *own = pf_context_new();

    if (own == NULL || ctx == NULL)
        return own;
    pf_context_extensions(own, ctx->extensions);
    own->inside_hook = ctx->inside_hook || ctx->hook_run != NULL;
    own->inside_environment = ctx->inside_environment || ctx->hook_run != NULL;
    return own;
}

static void fill_host(struct pf_host *host)
{
    host->context_new = host_context_new;
    host->context_free = pf_context_free;
    host->request_new = pf_request_new;
    host->request_free = pf_request_free;
    host->request_paths = pf_request_paths;
    host->request_set = pf_request_set;
    host->convert = pf_convert;
    host->read_stream = pf_read_stream;
    host->write_stream = pf_write_stream;
    host->result_json = pf_result_json;
    host->result_free = pf_result_free;
    host->environment = pf_environment;
    pf_engine_fill_host(host);
}

static const struct pf_option *const own_tables[] = { pf_convert_option_table, pf_other_option_table, NULL };

static const struct pf_extension_core core = { &pf_builtin_formats, own_tables, fill_host, pf_setting_places };

struct pf_extensions *pf_extensions_new(const struct pf_extension_language *language)
{
    return pf_extensions_make(&core, language);
}
