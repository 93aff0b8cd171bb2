/* How 1.0.9 found a delimiter where no delimiter fits. */
#include <string.h>

#include "formats/csv/csv.h"

enum { COUNTED_LINES = 10 };

/* How often the byte stands in a line, less the less even that is. Blank lines are not counted. */
static double evenness(const struct csv_sample *head, char byte)
{
    size_t least = SIZE_MAX, most = 0, total = 0, lines = 0, size;

    for (size_t at = 0; lines < COUNTED_LINES && (size = csv_line_size(head->bytes, head->size, at)) != 0; at += size) {
        size_t count = 0;

        if (size == csv_line_end(head->bytes, head->size, at))
            continue;
        for (size_t i = at; i < at + size; i++)
            count += head->bytes[i] == (uint8_t)byte;
        least = count < least ? count : least;
        most = count > most ? count : most;
        total += count;
        lines++;
    }
    return lines == 0 ? 0.0 : (double)total / (double)lines * (1.0 - (double)(most - least) / (double)(most + 1));
}

/* Of the first record, 0 when it is one or another has more. */
static uint32_t fields_of(const struct csv_dialect *dialect, const struct csv_sample *head)
{
    struct csv_record record;
    uint32_t fields = 0;
    size_t at = 0;

    while (csv_next_record(dialect, head, &at, NULL, 0, &record)) {
        if (record.blank)
            continue;
        fields = fields == 0 ? record.fields : fields;
        if (record.fields > fields || fields < 2)
            return 0;
    }
    return fields;
}

void csv_compat_delimiter(struct csv_dialect *dialect, const struct csv_sample *head, struct csv_score *score)
{
    static const char tried[] = ",;\t|: ";
    struct csv_dialect other = *dialect;
    double best = 0.0;
    char chosen = ' ';
    uint32_t fields;

    for (const char *at = tried; *at != '\0'; at++) {
        double value = evenness(head, *at);

        if (value > best) {
            best = value;
            chosen = *at;
        }
    }
    if (chosen == ' ' || chosen == ':')
        return;
    other.delimiter[0] = (uint8_t)chosen;
    fields = fields_of(&other, head);
    if (fields == 0)
        return;
    *dialect = other;
    score->fields = fields;
}
