/* Detection of the dialect: every candidate reads the samples, and the one under which they look most like a table wins. */
#include <stdio.h>
#include <string.h>

#include "formats/csv/csv.h"

enum {
    MAX_RECORDS = 600,   /* looked at in a sample */
    TYPED_RECORDS = 200, /* of them with a look at the cells */
    TYPED_CELLS = 64,    /* in a record */
    LEAST_ENCLOSED = 3   /* fields, to take ' for the quote */
};
static const char strong[] = ",;\t|";
static const char weak[] = " :";

/* Below this, a text is rather one column. */
static const double least_value = 0.2;
/* A second delimiter that comes so near makes the choice unsure. */
static const double near_share = 0.8;

/* ---- scoring */

struct counts {
    uint32_t fields[MAX_RECORDS];
    uint32_t records;
    uint32_t split;         /* records with more than one field */
    uint32_t inner, spaced; /* fields behind a delimiter that are not empty; of them those that begin with a blank */
    uint32_t typed;         /* cells that are numbers and the like */
    double cells, cell_sum;
    bool unclosed;
};

/* How well a field looks like one: numbers and words do, and text with other delimiters in it does less. */
static double cell_value(const uint8_t *bytes, const struct csv_span *span, const struct csv_dialect *dialect)
{
    const uint8_t *text = bytes + span->start;
    size_t size = span->end - span->start;

    if (span->quoted || csv_cell_of(text, size) != CSV_CELL_TEXT)
        return 1.0;
    for (size_t i = 0; i < size; i++) {
        bool prose = i + 1 < size && text[i + 1] == ' ';

        if (text[i] != 0 && text[i] != dialect->delimiter[0] && strchr(strong, text[i]) != NULL && !prose)
            return 0.5;
    }
    return text[0] == ' ' ? 0.85 : 0.95;
}

static void add_cell(const struct csv_dialect *dialect, const struct csv_sample *sample, const struct csv_span *span,
                     uint32_t column, struct counts *counts)
{
    bool filled = span->end > span->start;
    enum csv_cell cell = csv_cell_of(sample->bytes + span->start, span->end - span->start);

    counts->cell_sum += cell_value(sample->bytes, span, dialect);
    counts->cells += 1.0;
    counts->typed += cell != CSV_CELL_EMPTY && cell != CSV_CELL_TEXT;
    counts->inner += column != 0 && filled;
    counts->spaced += column != 0 && filled && sample->bytes[span->start] == ' ';
}

/* marks: records that begin with '#' count, too. */
static void count_sample(const struct csv_dialect *dialect, const struct csv_sample *sample, size_t at, bool marks,
                         struct counts *counts, struct csv_score *out)
{
    struct csv_span spans[TYPED_CELLS];
    struct csv_record record;
    uint32_t seen = 0;

    counts->records = 0;
    while (counts->records < MAX_RECORDS && csv_next_record(dialect, sample, &at, spans, TYPED_CELLS, &record)) {
        if (record.blank || record.comment || (!marks && sample->bytes[record.start] == '#'))
            continue;
        counts->fields[counts->records++] = record.fields;
        out->quoted += record.quoted;
        out->malformed += record.malformed;
        for (uint32_t i = 0; seen < TYPED_RECORDS && i < record.fields && i < TYPED_CELLS; i++) {
            add_cell(dialect, sample, &spans[i], i, counts);
            out->nonempty += spans[i].end > spans[i].start;
        }
        counts->split += record.fields > 1;
        seen++;
    }
    counts->unclosed = counts->records < MAX_RECORDS && at < sample->size;
}

static uint32_t count_equal(const struct counts *counts, uint32_t fields)
{
    uint32_t same = 0;

    for (uint32_t i = 0; i < counts->records; i++)
        same += counts->fields[i] == fields;
    return same;
}

/* The number of fields that most records have; of equally frequent ones that of the first record, else the larger. */
static uint32_t most_frequent(const struct counts *counts, uint32_t *same)
{
    uint32_t best = 0;

    *same = 0;
    for (uint32_t i = 0; i < counts->records; i++) {
        uint32_t fields = counts->fields[i], count;

        if (fields == best || (i != 0 && fields == counts->fields[i - 1]))
            continue;
        count = count_equal(counts, fields);
        if (count > *same || (count == *same && best != counts->fields[0] && fields > best)) {
            best = fields;
            *same = count;
        }
    }
    return best;
}

/* A sample from within the source begins anywhere: the next line may begin a record, or lie inside quotes. The better
 * reading counts. */
static void add_inner_sample(const struct csv_dialect *dialect, const struct csv_sample *sample, struct csv_score *score)
{
    struct counts counts[2] = { { .records = 0 }, { .records = 0 } };
    struct csv_score unused = { 0 };
    size_t line = csv_line_size(sample->bytes, sample->size, 0);
    uint32_t same[2] = { 0, 0 };
    const uint8_t *quote = dialect->quote >= 0 ? memchr(sample->bytes, dialect->quote, sample->size) : NULL;

    count_sample(dialect, sample, line, false, &counts[0], &unused);
    same[0] = count_equal(&counts[0], score->fields);
    if (quote != NULL) { /* behind the first quote, taken for a closing one */
        size_t at = (size_t)(quote - sample->bytes);

        at += csv_line_size(sample->bytes, sample->size, at);
        count_sample(dialect, sample, at, false, &counts[1], &unused);
        same[1] = count_equal(&counts[1], score->fields);
    }
    if (same[1] * counts[0].records > same[0] * counts[1].records)
        counts[0] = counts[1], same[0] = same[1];
    score->records += counts[0].records;
    score->same += same[0];
}

/* Lines that begin with '#' may be comments: they count only where there is nothing else. A record longer than the sample
 * counts as far as it can be seen; then false is returned. */
static bool count_head(const struct csv_dialect *dialect, const struct csv_sample *head, struct counts *counts,
                       struct csv_score *out)
{
    struct csv_sample whole = *head;
    bool complete;

    count_sample(dialect, head, 0, false, counts, out);
    if (counts->records == 0)
        count_sample(dialect, head, 0, true, counts, out);
    whole.ends = true;
    complete = counts->records != 0;
    if (!complete)
        count_sample(dialect, &whole, 0, true, counts, out);
    return complete;
}

/* Commas that split prose are followed by blanks and give no numbers; on the other hand, nearly all rows of a table are
 * split, even when they have different lengths. */
static double temper(const struct counts *counts, double same, double value)
{
    bool spaced = counts->spaced * 2 > counts->inner;

    if (spaced && same < 0.8 && counts->typed * 10 < counts->cells)
        return value / 2;
    if (spaced || value >= least_value)
        return value;
    if (counts->split * 10 >= counts->records * 9 ||
        (counts->split * 4 >= counts->records * 3 && counts->typed * 2 > counts->cells))
        return least_value;
    return value;
}

void csv_score_dialect(const struct csv_dialect *dialect, const struct csv_samples *samples, struct csv_score *out)
{
    struct counts counts = { .records = 0 };
    double same, typed;
    bool complete;

    *out = (struct csv_score){ 0 };
    complete = count_head(dialect, &samples->part[0], &counts, out);
    if (counts.records == 0)
        return;
    out->records = counts.records;
    out->fields = most_frequent(&counts, &out->same);
    for (uint32_t i = 1; complete && i < samples->count; i++)
        add_inner_sample(dialect, &samples->part[i], out);
    same = (double)out->same / out->records;
    typed = counts.cells > 0 ? counts.cell_sum / counts.cells : 0.0;
    out->value = same * same * typed * typed * (1.0 - 0.1 / out->fields);
    if (out->malformed != 0)
        out->value *= 1.0 - 0.5 * out->malformed / (out->quoted != 0 ? out->quoted : 1);
    if (counts.unclosed && samples->part[0].ends)
        out->value *= 0.5;
    if (out->fields < 2)
        out->value = 0.0;
    out->torn = counts.split * 2 >= counts.records && counts.spaced * 2 <= counts.inner;
    if (out->fields > 1)
        out->value = temper(&counts, same, out->value);
}

/* ---- quote */

/* Whether first stands in the sample, followed by second unless that is negative. */
static bool contains(const struct csv_sample *sample, int first, int second)
{
    size_t left = sample->size;

    while (left != 0) {
        const uint8_t *found = memchr(sample->bytes + sample->size - left, first, left);

        if (found == NULL)
            return false;
        left = sample->size - (size_t)(found - sample->bytes) - 1;
        if (second < 0 || (left != 0 && found[1] == second))
            return true;
    }
    return false;
}

/* What speaks for ' as the quote. A field with a line end in it speaks for nothing: any two apostrophes would make one. */
struct single_quotes {
    uint32_t records;
    uint32_t enclosed; /* fields that begin and end with one */
    uint32_t needed;   /* of them those that hold a delimiter or a doubled quote */
    struct {
        uint32_t filled, enclosed;
    } columns[TYPED_CELLS]; /* without the first record, which may be a header */
};

static uint32_t count_byte(const uint8_t *bytes, size_t size, uint8_t byte)
{
    uint32_t count = 0;

    for (size_t i = 0; i < size; i++)
        count += bytes[i] == byte;
    return count;
}

/* false: the field cannot be of a text whose quote is '. */
static bool add_single(const struct csv_dialect *dialect, const uint8_t *text, size_t size, uint32_t column,
                       struct single_quotes *found)
{
    bool enclosed = size >= 2 && text[0] == '\'' && text[size - 1] == '\'';

    if (size == 0)
        return true;
    if ((text[0] == '"' && text[size - 1] == '"') || count_byte(text, size, '\'') % 2 != 0)
        return false;
    if (text[0] == '\'' && !enclosed)
        return false;
    enclosed = enclosed && memchr(text, '\n', size) == NULL && memchr(text, '\r', size) == NULL;
    found->enclosed += enclosed;
    found->needed += enclosed && (memmem(text, size, dialect->delimiter, dialect->delimiter_size) != NULL ||
                                  count_byte(text, size, '\'') > 2);
    if (found->records != 0) {
        found->columns[column].filled++;
        found->columns[column].enclosed += enclosed;
    }
    return true;
}

/* Whether some column has nothing but enclosed values, in most rows. */
static bool is_column_enclosed(const struct single_quotes *found)
{
    for (uint32_t i = 0; i < TYPED_CELLS; i++) {
        uint32_t enclosed = found->columns[i].enclosed;

        if (enclosed != 0 && enclosed == found->columns[i].filled && enclosed * 2 >= found->records)
            return true;
    }
    return found->records == 1;
}

/* Whether ' quotes fields. An apostrophe is a letter of many languages, so that takes strong evidence: no field has a lone one, and
 * several are enclosed in two of which one needs them, or a column is. */
static bool is_single_quoted(const struct csv_dialect *dialect, const struct csv_samples *samples)
{
    const struct csv_sample *head = &samples->part[0];
    struct single_quotes found = { .records = 0 };
    struct csv_dialect other = *dialect;
    struct csv_span spans[TYPED_CELLS];
    struct csv_record record;
    size_t at = 0;

    if (!contains(head, '\'', -1))
        return false;
    other.quote = '\'';
    while (found.records < MAX_RECORDS && csv_next_record(&other, head, &at, spans, TYPED_CELLS, &record)) {
        for (uint32_t j = 0; j < record.fields && j < TYPED_CELLS; j++) {
            if (!add_single(&other, head->bytes + spans[j].start, spans[j].end - spans[j].start, j, &found))
                return false;
        }
        if (record.malformed != 0)
            return false;
        found.records++;
    }
    if (found.records < MAX_RECORDS && at < head->size && (head->ends || at == 0))
        return false; /* one is not closed */
    return found.enclosed >= LEAST_ENCLOSED && (found.needed != 0 || is_column_enclosed(&found));
}

/* Whether a backslash escapes quotes: with it, fewer quoted fields have text behind their closing quote. */
static bool is_backslash_escaped(const struct csv_dialect *dialect, const struct csv_samples *samples)
{
    struct csv_dialect other = *dialect;
    struct csv_score plain, with;

    if (dialect->quote < 0 || dialect->delimiter[0] == '\\' || !contains(&samples->part[0], '\\', dialect->quote))
        return false;
    other.escape = '\\';
    other.escape_in_quotes = true;
    csv_score_dialect(dialect, samples, &plain);
    csv_score_dialect(&other, samples, &with);
    return with.quoted != 0 && with.malformed <= plain.malformed && with.value >= plain.value &&
           (with.malformed < plain.malformed || with.value > plain.value || with.records != plain.records);
}

static void detect_quote(struct csv_dialect *dialect, const struct csv_given *given, const struct csv_samples *samples)
{
    if (!given->quote) {
        dialect->quote = dialect->delimiter[0] != '"' ? '"' : -1;
        if (dialect->delimiter[0] != '\'' && is_single_quoted(dialect, samples))
            dialect->quote = '\'';
    }
    if (!given->escape) {
        dialect->escape = -1;
        dialect->escape_in_quotes = true;
        if (is_backslash_escaped(dialect, samples))
            dialect->escape = '\\';
    }
    if (dialect->escape == dialect->quote)
        dialect->escape = -1; /* doubling is always understood */
}

/* ---- weak delimiters: blanks and colons are parts of text and of times, too */

static bool is_of(const struct csv_sample *sample, const struct csv_record *record, const char *set)
{
    for (size_t i = record->start; i < record->end; i++) {
        if (sample->bytes[i] == 0 || strchr(set, sample->bytes[i]) == NULL)
            return false;
    }
    return true;
}

/* Whether all fields but those of the first record are numbers or quoted. */
static bool is_typed(const struct csv_dialect *dialect, const struct csv_sample *sample)
{
    struct csv_span spans[TYPED_CELLS];
    struct csv_record record;
    size_t at = 0;

    for (uint32_t i = 0; i < TYPED_RECORDS && csv_next_record(dialect, sample, &at, spans, TYPED_CELLS, &record); i++) {
        for (uint32_t j = 0; i != 0 && j < record.fields && j < TYPED_CELLS; j++) {
            if (!spans[j].quoted &&
                csv_cell_of(sample->bytes + spans[j].start, spans[j].end - spans[j].start) != CSV_CELL_NUMBER)
                return false;
        }
    }
    return true;
}

/* Every record has the same number of fields, and what they hold is neither a time nor an address nor a number in groups. */
static bool has_structure(const struct csv_dialect *dialect, const struct csv_samples *samples, const struct csv_score *score)
{
    const char *shapes = dialect->delimiter[0] == ':' ? "0123456789:-+.TZ /abcdefABCDEF" : "0123456789:-+.TZ /";
    const struct csv_sample *head = &samples->part[0];
    struct csv_span spans[TYPED_CELLS];
    struct csv_record record;
    uint32_t shaped = 0, data = 0;
    size_t at = 0;

    if (score->fields < 2 || score->same != score->records || score->records < 3)
        return false;
    for (uint32_t i = 0; i < TYPED_RECORDS && csv_next_record(dialect, head, &at, spans, TYPED_CELLS, &record); i++) {
        bool marks = dialect->delimiter[0] == ':' ||
                     memchr(head->bytes + record.start, ':', record.end - record.start) != NULL ||
                     memchr(head->bytes + record.start, '/', record.end - record.start) != NULL;

        if (i == 0 || record.blank)
            continue;
        data++;
        shaped += marks && is_of(head, &record, shapes);
    }
    if (shaped * 2 > data)
        return false;
    if (dialect->delimiter[0] == ':')
        return score->fields >= 4;
    return is_typed(dialect, head);
}

/* ---- comments */

/* Lines that begin with '#' before and among the records, none of them shaped like a record: comments. */
static void detect_comment(struct csv_dialect *dialect, const struct csv_samples *samples, const struct csv_score *score)
{
    const struct csv_sample *head = &samples->part[0];
    struct csv_record record;
    bool at_head = false, among = false, body = false;
    size_t at = 0;

    if (score->fields < 2 || dialect->delimiter[0] == '#')
        return;
    for (uint32_t i = 0; i < MAX_RECORDS && csv_next_record(dialect, head, &at, NULL, 0, &record); i++) {
        if (record.blank)
            continue;
        if (head->bytes[record.start] != '#') {
            body = true;
            continue;
        }
        if (record.fields == score->fields)
            return;
        at_head |= !body;
        among |= body;
    }
    if (at_head && among) {
        dialect->comment[0] = '#';
        dialect->comment_size = 1;
    }
}

/* ---- the choice */

static void try_delimiter(struct csv_dialect *dialect, char delimiter, const struct csv_given *given,
                          const struct csv_samples *samples, struct csv_score *score)
{
    dialect->delimiter[0] = (uint8_t)delimiter;
    dialect->delimiter_size = 1;
    detect_quote(dialect, given, samples);
    csv_score_dialect(dialect, samples, score);
}

static void note(struct csv_detected *out, const struct csv_dialect *dialect, const struct csv_score *score)
{
    char shown[4 * CSV_SEQUENCE + 1];
    size_t size = strlen(out->tried);

    if ((score->fields > 1 || score->torn) && size < sizeof out->tried - 1)
        (void)snprintf(out->tried + size, sizeof out->tried - size, "%s'%s' gives %u fields in %u of %u records",
                       size != 0 ? ", " : "", csv_show_bytes(dialect->delimiter, dialect->delimiter_size, shown), score->fields,
                       score->same, score->records);
}

static bool is_allowed(char delimiter, const struct csv_dialect *dialect, const struct csv_given *given,
                       const struct csv_sample *head)
{
    return !(given->quote && dialect->quote == delimiter) && !(given->escape && dialect->escape == delimiter) &&
           contains(head, (uint8_t)delimiter, -1);
}

/* For a table of one column: a delimiter that its text does not have. */
static uint8_t absent_delimiter(const struct csv_dialect *dialect, const struct csv_given *given, const struct csv_sample *head)
{
    for (const char *at = strong; *at != '\0'; at++) {
        bool taken = (given->quote && dialect->quote == *at) || (given->escape && dialect->escape == *at);

        if (!taken && !contains(head, *at, -1))
            return (uint8_t)*at;
    }
    return 0x1F; /* the unit separator of ASCII */
}

static void detect_delimiter(struct csv_dialect *dialect, const struct csv_given *given, const struct csv_samples *samples,
                             struct csv_detected *out)
{
    struct csv_dialect best = *dialect;
    double second = 0.0;
    bool torn = false;

    try_delimiter(&best, ',', given, samples, &out->score);
    out->score = (struct csv_score){ .fields = 1, .records = out->score.records, .same = out->score.records };
    for (const char *at = strong; *at != '\0'; at++) {
        struct csv_dialect other = *dialect;
        struct csv_score score;

        if (!is_allowed(*at, dialect, given, &samples->part[0]))
            continue;
        try_delimiter(&other, *at, given, samples, &score);
        note(out, &other, &score);
        torn |= score.torn;
        if (score.value <= out->score.value) {
            second = score.value > second ? score.value : second;
            continue;
        }
        second = out->score.value;
        best = other;
        out->score = score;
    }
    out->unsure =
        out->score.value == 0.0 ? torn : out->score.value < 1.5 * least_value || second > near_share * out->score.value;
    for (const char *at = weak; *at != '\0' && out->score.value < least_value; at++) {
        struct csv_dialect other = *dialect;
        struct csv_score score;

        if (!is_allowed(*at, dialect, given, &samples->part[0]))
            continue;
        try_delimiter(&other, *at, given, samples, &score);
        if (!has_structure(&other, samples, &score))
            continue;
        best = other;
        out->score = score;
        out->unsure = false;
    }
    if (out->score.value < least_value) {
        out->score.fields = 1;
        best.delimiter[0] = absent_delimiter(dialect, given, &samples->part[0]);
    }
    *dialect = best;
}

void csv_detect_dialect(struct csv_dialect *dialect, const struct csv_given *given, const struct csv_samples *samples,
                        struct csv_detected *out)
{
    *out = (struct csv_detected){ .unsure = false };
    if (!given->delimiter) {
        detect_delimiter(dialect, given, samples, out);
    } else {
        detect_quote(dialect, given, samples);
        csv_score_dialect(dialect, samples, &out->score);
    }
    if (!given->comment)
        detect_comment(dialect, samples, &out->score);
}
