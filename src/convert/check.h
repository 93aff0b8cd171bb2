/* Values of options, judged before anything is opened. */
#ifndef PF_CONVERT_CHECK_H
#define PF_CONVERT_CHECK_H

#include "convert/plan.h"

/* The options whose values are texts with a form of their own: columns, types, shares, time zones. */
enum pf_status pf_check_texts(struct pf_context *ctx, const struct pf_convert_options *options, struct pf_error *err);
/* All that can be told of a plan that has its settings, options and the input's name, but has opened nothing. output NULL = not named. */
enum pf_status pf_plan_check(struct pf_plan *plan, const char *output, enum pf_plan_purpose purpose, struct pf_error *err);
/* The same of a request, before its inputs are known; and then what their suffixes tell besides. */
enum pf_status pf_request_check(const struct pf_request *request, struct pf_error *err);
enum pf_status pf_request_check_inputs(const struct pf_request *request, const char *const *inputs, uint32_t count,
                                       struct pf_error *err);
/* The setting after the one at index that gives the same option another value; NULL = there is none. Both are the caller's own. */
const struct pf_setting *pf_setting_later(const struct pf_context *ctx, const struct pf_setting *settings, uint32_t count,
                                          uint32_t index);

#endif
