#include "formats/header_option.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* NULL = none. */
static const char *read_number(const char *text, int64_t most, int64_t *number)
{
    char *end;

    if (text[0] < '1' || text[0] > '9')
        return NULL;
    *number = strtoll(text, &end, 10);
    return *number <= most ? end : NULL;
}

enum pf_status pf_header_option_parse(const char *text, const char *where, int64_t most, struct pf_header_option *out,
                                      struct pf_error *err)
{
    const char *end;

    *out = (struct pf_header_option){ .mode = PF_HEADER_AUTO };
    if (text == NULL || pf_same_word(text, "auto"))
        return PF_OK;
    out->mode = PF_HEADER_YES;
    if (pf_same_word(text, "yes") || pf_same_word(text, "true"))
        return PF_OK;
    out->mode = PF_HEADER_NO;
    if (pf_same_word(text, "no") || pf_same_word(text, "none") || pf_same_word(text, "false") || strcmp(text, "0") == 0)
        return PF_OK;
    out->mode = PF_HEADER_PLACED;
    end = read_number(text, most, &out->first);
    out->last = out->first;
    if (end != NULL && *end == '-')
        end = read_number(end + 1, most, &out->last);
    if (end != NULL && *end == '\0' && out->last >= out->first)
        return PF_OK;
    pf_fail(err, PF_BAD_OPTION, "--header '%s' is not known", text);
    pf_remedy(err, "give auto, yes, no, the number of the header's %s, or a range of %ss such as 2-3", where, where);
    return err->status;
}
