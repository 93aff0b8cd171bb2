/* One block: decoded, then cast column by column while it is in cache. Runs on any thread. */
#include <string.h>

#include "engine/parts.h"
#include "engine/pipeline.h"
#include "engine/rejects.h"
#include "transform/lenient.h"

static enum pf_status check_rows(struct pf_work *work)
{
    const struct pf_decoded *d = &work->decoded;

    if (d->rows_read == d->rows_kept + d->rows_rejected + d->rows_left_out)
        return PF_OK;
    return pf_fail(&work->err, PF_INTERNAL, "a block of %lld rows gave %lld kept, %lld rejected and %lld left out",
                   (long long)d->rows_read, (long long)d->rows_kept, (long long)d->rows_rejected, (long long)d->rows_left_out);
}

enum pf_status pf_work_decode(struct pf_work *work, struct pf_error *err)
{
    const struct pf_pipeline *pipeline = work->pipeline;
    enum pf_status status =
        pipeline->reader->decode(pipeline->reader_state, &pipeline->pass, &work->block, &work->arena, &work->decoded, err);

    if (pipeline->map == NULL)
        return status;
    if (status == PF_OK)
        return pf_part_arrange(pipeline->map, pipeline->place, pipeline->plan->column_count, &work->arena, &work->decoded, err);
    pf_part_column(pipeline->map, &err->column);
    return status;
}

static enum pf_status decode_block(struct pf_work *work)
{
    if (!work->is_decoded && pf_work_decode(work, &work->err) != PF_OK)
        return work->err.status;
    work->is_decoded = true;
    return check_rows(work);
}

/* ---- rows whose declared values do not fit */

static int64_t first_bit(const uint8_t *bits, int64_t count)
{
    int64_t at = 0;

    while (at < count && !pf_bit(bits, at))
        at++;
    return at;
}

static bool is_unclear(const struct pf_work *work, uint32_t index, int64_t row)
{
    const struct pf_text_column *text = &work->decoded.text[index];

    return text->size[row] <= 60 && pf_lenient_unclear(text->bytes + text->offset[row], text->size[row],
                                                       &work->pipeline->plan->columns[index].target.field);
}

static void describe_misfit(const struct pf_work *work, uint32_t index, int64_t row, char *to, size_t room)
{
    const struct pf_column_plan *column = &work->pipeline->plan->columns[index];
    const struct pf_text_column *text = &work->decoded.text[index];
    uint32_t size = text->size[row];
    struct pf_error shown;
    char type[32];

    if (is_unclear(work, index, row))
        pf_fail(&shown, PF_BAD_DATA, "in '%.*s' either day or month may stand first", (int)size,
                (const char *)text->bytes + text->offset[row]);
    else
        pf_fail(&shown, PF_BAD_DATA, "'%.*s%s' is not of the declared type %s", size > 60 ? 60 : (int)size,
                (const char *)text->bytes + text->offset[row], size > 60 ? "..." : "",
                pf_type_text(&column->target.field, type));
    memcpy(to, shown.message, room < sizeof shown.message ? room : sizeof shown.message);
    to[room - 1] = '\0';
}

/* Place of a kept row, relative to the block; offset -1 where the reader does not tell. */
static void place_of(const struct pf_decoded *decoded, int64_t row, int64_t *line, int64_t *offset)
{
    *line = *offset = -1;
    if (decoded->row_place == NULL)
        return;
    *line = pf_place_line(decoded->row_place[row]);
    *offset = pf_place_offset(decoded->row_place[row]);
}

/* Rows of the block that stand before a kept row and were rejected: kept rows and rejects are both in order. */
static int64_t rejects_before(const struct pf_decoded *decoded, int64_t offset)
{
    int64_t count = 0;

    while (count < decoded->rows_rejected && decoded->rejects[count].offset < offset)
        count++;
    return count;
}

static enum pf_status fail_misfit(struct pf_work *work, uint32_t index, int64_t row)
{
    const struct pf_decoded *decoded = &work->decoded;
    int64_t line, offset;
    char message[200];

    describe_misfit(work, index, row, message, sizeof message);
    pf_fail(&work->err, PF_BAD_DATA, "%s", message);
    if (is_unclear(work, index, row))
        pf_remedy(&work->err, "state the order in --schema: date(dmy) or date(mdy); the same for timestamp");
    else
        pf_remedy(&work->err, "change --schema, or choose --on-error null or reject");
    place_of(decoded, row, &line, &offset);
    work->err.row = row + 1 + rejects_before(decoded, offset);
    work->err.line = line + 1;
    work->err.offset = offset;
    work->err.column = work->pipeline->plan->columns[index].table_column + 1;
    return PF_BAD_DATA;
}

static enum pf_status fail_reject(struct pf_work *work, const struct pf_reject *reject)
{
    pf_fail(&work->err, PF_BAD_DATA, "%s", reject->reason);
    pf_remedy(&work->err, work->pipeline->plan->typed
                              ? "what can be read is kept with --on-error reject"
                              : "set such rows aside with --on-error reject, or give the right --encoding");
    work->err.row = reject->row + 1;
    work->err.line = reject->line + 1;
    work->err.offset = reject->offset;
    work->err.column = reject->column;
    return PF_BAD_DATA;
}

/* Under --on-error fail: of the faults of decoding and of casting, the one that stands first stops the job. */
static enum pf_status check_faults(struct pf_work *work)
{
    const struct pf_decoded *d = &work->decoded;
    int64_t at = 0, line, offset = -1;

    if (work->pipeline->plan->on_error != PF_ON_ERROR_FAIL)
        return PF_OK;
    while (at < d->rows_rejected && !d->rejects[at].by_on_error)
        at++;
    if (work->misfit_row >= 0)
        place_of(d, work->misfit_row, &line, &offset);
    if (at < d->rows_rejected && (work->misfit_row < 0 || d->rejects[at].offset < offset))
        return fail_reject(work, &d->rejects[at]);
    return work->misfit_row >= 0 ? fail_misfit(work, work->misfit_index, work->misfit_row) : PF_OK;
}

/* Columns are cast one after another; of their misfits the one in the lowest row is told. */
static void keep_lowest(struct pf_work *work, uint32_t index, int64_t row)
{
    if (work->misfit_row >= 0 && work->misfit_row <= row)
        return;
    work->misfit_row = row;
    work->misfit_index = index;
}

static bool append_value(struct pf_buffer *to, const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        if (bytes[i] == ',' || bytes[i] == '"' || bytes[i] == '\n' || bytes[i] == '\r')
            return pf_rejects_quote(to, bytes, size);
    }
    return pf_buffer_append(to, bytes, size);
}

/* The text of a kept row. Where the reader does not tell it, it is written anew from the values of the pass. */
static enum pf_status row_text(struct pf_work *work, int64_t row, struct pf_reject *out)
{
    const struct pf_decoded *decoded = &work->decoded;
    struct pf_buffer text;
    bool ok = true;
    uint8_t *copy;

    if (decoded->row_record != NULL) {
        out->raw = decoded->records + (uint32_t)decoded->row_record[row];
        out->raw_size = (size_t)(decoded->row_record[row] >> 32);
        return PF_OK;
    }
    pf_buffer_init(&text, work->arena.memory, SIZE_MAX);
    for (uint32_t i = 0; ok && i < work->pipeline->plan->column_count; i++) {
        const struct pf_text_column *column = &work->decoded.text[i];

        ok = (i == 0 || pf_buffer_append(&text, ",", 1)) &&
             append_value(&text, column->bytes + column->offset[row], column->size[row]);
    }
    copy = ok ? pf_arena_alloc(&work->arena, text.size) : NULL;
    if (copy != NULL) {
        if (text.size != 0)
            memcpy(copy, text.data, text.size);
        out->raw = copy;
        out->raw_size = text.size;
    }
    pf_buffer_free(&text);
    return copy != NULL ? PF_OK : pf_fail_memory(&work->err, text.size);
}

/* bad: the rows to reject, by column; the first column that a row does not fit gives the reason. */
static enum pf_status reject_row(struct pf_work *work, const uint8_t *const *bad, int64_t row, struct pf_reject *out)
{
    char message[200];
    uint32_t index = 0;

    while (bad[index] == NULL || !pf_bit(bad[index], row))
        index++;
    describe_misfit(work, index, row, message, sizeof message);
    memset(out, 0, sizeof *out);
    place_of(&work->decoded, row, &out->line, &out->offset);
    out->row = row + rejects_before(&work->decoded, out->offset);
    out->column = work->pipeline->plan->columns[index].table_column + 1;
    out->reason = pf_arena_copy(&work->arena, message, strlen(message));
    if (out->reason == NULL)
        return pf_fail_memory(&work->err, strlen(message));
    return row_text(work, row, out);
}

/* Puts rejects of both kinds (what decoding refused, what casting refused) in order. */
static void merge_rejects(struct pf_reject *to, const struct pf_reject *a, int64_t a_count, const struct pf_reject *b,
                          int64_t b_count)
{
    while (a_count != 0 || b_count != 0) {
        if (b_count == 0 || (a_count != 0 && a->offset <= b->offset)) {
            *to++ = *a++;
            a_count--;
        } else {
            *to++ = *b++;
            b_count--;
        }
    }
}

static enum pf_status add_rejects(struct pf_work *work, const uint8_t *const *bad, const uint8_t *keep, int64_t count)
{
    struct pf_decoded *d = &work->decoded;
    struct pf_reject *found = pf_arena_alloc_zero(&work->arena, (size_t)count, sizeof *found);
    struct pf_reject *all = pf_arena_alloc_zero(&work->arena, (size_t)(count + d->rows_rejected), sizeof *all);
    int64_t next = 0;

    if (found == NULL || all == NULL)
        return pf_fail_memory(&work->err, (size_t)count * sizeof *found);
    for (int64_t row = 0; row < d->rows_kept; row++) {
        if (!pf_bit(keep, row) && reject_row(work, bad, row, &found[next++]) != PF_OK)
            return work->err.status;
    }
    merge_rejects(all, d->rejects, d->rows_rejected, found, count);
    d->rejects = all;
    d->rows_rejected += count;
    return PF_OK;
}

/* Takes the rows in which some declared column does not fit out of every column. */
static enum pf_status reject_misfits(struct pf_work *work, const uint8_t *const *bad)
{
    struct pf_decoded *d = &work->decoded;
    uint32_t columns = work->pipeline->plan->column_count;
    size_t bytes = (size_t)((d->rows_kept + 7) / 8);
    uint8_t *keep = pf_arena_alloc(&work->arena, bytes);
    int64_t kept = 0;

    if (keep == NULL)
        return pf_fail_memory(&work->err, bytes);
    memset(keep, 0xff, bytes);
    for (uint32_t i = 0; i < columns; i++) {
        for (size_t at = 0; bad[i] != NULL && at < bytes; at++)
            keep[at] &= (uint8_t)~bad[i][at];
    }
    for (int64_t row = 0; row < d->rows_kept; row++)
        kept += pf_bit(keep, row);
    if (add_rejects(work, bad, keep, d->rows_kept - kept) != PF_OK)
        return work->err.status;
    for (uint32_t i = 0; i < columns; i++) {
        if (pf_text_filter(&d->text[i], d->rows_kept, keep, kept, &work->arena, &work->err) != PF_OK)
            return work->err.status;
    }
    d->rows_kept = kept;
    d->row_place = d->row_record = NULL;
    return PF_OK;
}

/* ---- casting */

/* Casts a declared column. *bad: rows that do not fit, NULL when all do. */
static enum pf_status cast_declared(struct pf_work *work, uint32_t index, struct ArrowArray *out, const uint8_t **bad)
{
    const struct pf_pass_plan *plan = work->pipeline->plan;
    int64_t rows = work->decoded.rows_kept, count = 0;
    uint8_t *bits = pf_arena_alloc_zero(&work->arena, (size_t)((rows + 7) / 8), 1);

    *bad = NULL;
    if (bits == NULL)
        return pf_fail_memory(&work->err, (size_t)rows / 8);
    if (pf_cast_declared(&work->decoded.text[index], rows, &plan->columns[index].target.field, work->arena.memory, out, bits,
                         &count, &work->err) != PF_OK)
        return work->err.status;
    if (count == 0)
        return PF_OK;
    *bad = bits;
    if (plan->on_error == PF_ON_ERROR_FAIL)
        keep_lowest(work, index, first_bit(bits, rows));
    if (plan->on_error == PF_ON_ERROR_NULL)
        work->misfits += count;
    return PF_OK;
}

/* Under --on-error reject the rows must be known before anything else looks at the columns. */
static enum pf_status find_rejects(struct pf_work *work)
{
    const struct pf_pass_plan *plan = work->pipeline->plan;
    const uint8_t **bad;
    bool any = false;

    if (plan->on_error != PF_ON_ERROR_REJECT)
        return PF_OK;
    bad = pf_arena_alloc_zero(&work->arena, plan->column_count, sizeof *bad);
    if (bad == NULL)
        return pf_fail_memory(&work->err, plan->column_count * sizeof *bad);
    for (uint32_t i = 0; i < plan->column_count; i++) {
        struct ArrowArray array = { 0 };

        if (!pf_way_is_declared(plan->columns[i].way))
            continue;
        if (cast_declared(work, i, &array, &bad[i]) != PF_OK)
            return work->err.status;
        pf_array_free(&array);
        any = any || bad[i] != NULL;
    }
    return any ? reject_misfits(work, bad) : PF_OK;
}

bool pf_work_reason(const struct pf_work *work, uint32_t index, uint64_t refuted, struct pf_reason *reason)
{
    if (!pf_evidence_reason(&work->decoded.text[index], work->decoded.rows_kept, refuted, reason))
        return false;
    if (work->decoded.rows_rejected != 0)
        reason->row = 0; /* which of the rows it is cannot be told any more */
    return true;
}

/* Looks for the value that made the column text, if none is known yet and it stands in this block. */
static enum pf_status explain(struct pf_work *work, uint32_t index)
{
    struct pf_column_plan *column = &work->pipeline->plan->columns[index];
    struct pf_found_reason *found;
    struct pf_reason reason;

    if (!pf_evidence_is_text(&work->evidence[index]) || column->way == PF_WAY_SETTLED ||
        atomic_load_explicit(&column->explained, memory_order_relaxed) ||
        !pf_work_reason(work, index, column->refuted, &reason))
        return PF_OK;
    found = pf_arena_alloc(&work->arena, sizeof *found);
    if (found == NULL)
        return pf_fail_memory(&work->err, sizeof *found);
    *found = (struct pf_found_reason){ index, reason, work->reasons };
    work->reasons = found;
    return PF_OK;
}

static enum pf_status cast_inferred(struct pf_work *work, uint32_t index, struct ArrowArray *out)
{
    struct pf_column_plan *column = &work->pipeline->plan->columns[index];
    const struct pf_text_column *text = &work->decoded.text[index];
    bool fits = true;

    if (column->way == PF_WAY_EVIDENCE || atomic_load_explicit(&column->abandoned, memory_order_relaxed)) {
        pf_evidence_add(&work->evidence[index], text, work->decoded.rows_kept);
        return explain(work, index);
    }
    if (pf_cast_inferred(text, work->decoded.rows_kept, &column->target, &work->evidence[index], work->arena.memory, out, &fits,
                         &work->err) != PF_OK ||
        explain(work, index) != PF_OK)
        return work->err.status;
    if (fits)
        return PF_OK;
    if (column->way == PF_WAY_SETTLED)
        return pf_fail(&work->err, PF_INTERNAL, "column %u changed its type between two readings", column->table_column + 1);
    atomic_store_explicit(&column->abandoned, true, memory_order_relaxed);
    return PF_OK;
}

static enum pf_status cast_column(struct pf_work *work, uint32_t index)
{
    const struct pf_column_plan *column = &work->pipeline->plan->columns[index];
    struct ArrowArray *out = &work->batch.columns[column->slot];
    const uint8_t *bad;

    if (column->way == PF_WAY_CHECKED)
        return PF_OK;
    if (column->way == PF_WAY_DECLARED)
        return cast_declared(work, index, out, &bad);
    return cast_inferred(work, index, out);
}

static enum pf_status cast_block(struct pf_work *work)
{
    const struct pf_pass_plan *plan = work->pipeline->plan;

    work->misfit_row = -1;
    work->evidence = pf_arena_alloc_zero(&work->arena, plan->column_count, sizeof *work->evidence);
    work->reasons = NULL;
    if (work->evidence == NULL)
        return pf_fail_memory(&work->err, plan->column_count * sizeof *work->evidence);
    if (find_rejects(work) != PF_OK)
        return work->err.status;
    if (pf_batch_new(&work->batch, work->arena.memory, work->decoded.rows_kept, plan->slot_count, &work->err) != PF_OK)
        return work->err.status;
    for (uint32_t i = 0; i < plan->column_count; i++) {
        work->evidence[i].refuted = plan->columns[i].refuted;
        work->evidence[i].unlike = plan->columns[i].unlike;
        if (cast_column(work, i) != PF_OK)
            return work->err.status;
    }
    return check_faults(work);
}

/* Typed columns come in the order of the pass; batches have them in slots. */
static enum pf_status place_typed(struct pf_work *work)
{
    const struct pf_pass_plan *plan = work->pipeline->plan;
    struct pf_batch *typed = &work->decoded.typed;

    if (pf_batch_new(&work->batch, work->arena.memory, typed->rows, plan->slot_count, &work->err) != PF_OK)
        return work->err.status;
    for (uint32_t i = 0; i < plan->column_count; i++) {
        work->batch.columns[plan->columns[i].slot] = typed->columns[i];
        typed->columns[i].release = NULL;
    }
    work->misfit_row = -1;
    return check_faults(work);
}

void pf_work_run(struct pf_work *work)
{
    work->status = decode_block(work);
    if (work->status == PF_OK)
        work->status = work->pipeline->plan->typed ? place_typed(work) : cast_block(work);
    pf_batch_free(&work->decoded.typed);
    /* batches hold copies: the block is needed on only for the text of rejected rows */
    if (work->decoded.rows_rejected == 0 && work->status == PF_OK) {
        pf_free(work->arena.memory, work->block.bytes);
        work->block.bytes = NULL;
    }
}
