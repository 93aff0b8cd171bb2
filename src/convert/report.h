/* Report: one JSON file a conversion, in the folder that report-dir names, for whoever has to account for what was done. It is
 * written for failures, too. docs/settings.md lists its members. */
#ifndef PF_CONVERT_REPORT_H
#define PF_CONVERT_REPORT_H

#include "convert/result.h"
#include "storage/storage.h"

struct pf_report {
    struct pf_sink *sink; /* NULL = none was asked for, or not opened yet */
    int64_t started;      /* microseconds since 1970 */
    bool refused;         /* the folder takes none: that was told, and is not tried again */
};

void pf_report_begin(struct pf_report *report);
/* Opens the report's file, so that a folder that takes none is an error before the work and not after it. */
enum pf_status pf_report_open(struct pf_report *report, const struct pf_conversion *conversion, struct pf_error *err);
/* Writes what result says, with the sums of the files. PF_OK also when no report was asked for. */
enum pf_status pf_report_write(struct pf_report *report, const struct pf_conversion *conversion, const struct pf_result *result,
                               struct pf_error *err);
void pf_report_end(struct pf_report *report);

#endif
