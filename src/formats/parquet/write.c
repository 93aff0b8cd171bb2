/* The Parquet writer: batches are queued until a row group is full; its columns are encoded by any threads, each to bytes that can
 * stand anywhere in a file, and written in order. docs/design/parquet.md tells what is written and why. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "formats/format.h"
#include "formats/parquet/column_chunk.h"
#include "formats/parquet/footer.h"

/* ---- options */

enum { GROUPS_OF_BUDGET = 8 };
enum { CHOICE_SNAPPY, CHOICE_ZSTD, CHOICE_GZIP, CHOICE_LZ4, CHOICE_NONE, CHOICE_UNCOMPRESSED, CHOICE_LZ4_RAW };

struct parquet_options {
    int compression;
    int64_t compression_level;
    int64_t row_group_size, row_group_bytes;
    int use_dictionary, statistics; /* 0 = yes */
};

#define GROUP "Parquet output"

static const struct pf_option parquet_options[] = {
    { .name = "compression",
      .aliases = "c",
      .kind = PF_OPTION_CHOICE,
      .choices = "snappy|zstd|gzip|lz4|none|uncompressed|lz4_raw",
      .initial = "snappy",
      .unit = "CODEC",
      .help = "How pages are compressed; a column that would not become smaller is stored as it is.",
      .group = GROUP,
      .offset = offsetof(struct parquet_options, compression) },
    { .name = "compression-level",
      .kind = PF_OPTION_INTEGER,
      .initial = "0",
      .unit = "N",
      .help =
          "Effort of zstd (1 to 22) or gzip (1 to 12); 0 is the usual one: gzip 6, zstd 3 for text and 1 or 2 for the rest.",
      .group = GROUP,
      .offset = offsetof(struct parquet_options, compression_level) },
    { .name = "row-group-size",
      .kind = PF_OPTION_INTEGER,
      .initial = "1048576",
      .unit = "ROWS",
      .help = "A row group ends after this many rows.",
      .group = GROUP,
      .offset = offsetof(struct parquet_options, row_group_size) },
    { .name = "row-group-bytes",
      .kind = PF_OPTION_SIZE,
      .initial = "32M",
      .unit = "BYTES",
      .help = "A row group ends when its values take this much memory, an eighth more at most, and never more than an eighth "
              "of --memory.",
      .group = GROUP,
      .offset = offsetof(struct parquet_options, row_group_bytes) },
    { .name = "use-dictionary",
      .kind = PF_OPTION_CHOICE,
      .choices = "yes|no",
      .initial = "yes",
      .help = "Whether columns may be stored as a dictionary and indexes, where that is smaller.",
      .group = GROUP,
      .offset = offsetof(struct parquet_options, use_dictionary) },
    { .name = "statistics",
      .kind = PF_OPTION_CHOICE,
      .choices = "yes|no",
      .initial = "yes",
      .help = "Whether the smallest and largest value and the nulls of each column and page are stored.",
      .group = GROUP,
      .offset = offsetof(struct parquet_options, statistics) },
    { .name = NULL },
};

/* ---- state */

/* A batch in the queue or in units. Its columns are freed one by one as soon as nobody is to encode them any more. */
struct queued {
    struct pf_batch batch;
    struct queued *next;
    int64_t bytes;
    uint32_t holders;   /* the queue and units; writer's thread only */
    atomic_uint *users; /* per column: jobs of holders that have not encoded their part of it */
};

struct piece {
    struct queued *from;
    int64_t start, rows;
};

struct turn {
    int64_t bytes; /* of the column's values */
    uint32_t job;
};

struct parquet_unit {
    struct pf_unit head;
    int64_t rows, bytes;
    struct piece *pieces;
    uint32_t piece_count;
    struct turn *turns;             /* the jobs in the order they are begun in */
    struct pf_column_chunk *chunks; /* per job; bytes.memory NULL = not encoded, or left out */
    bool *done;                     /* per job: its columns were let go */
};

struct parquet_writer {
    struct pf_context *ctx;
    struct pf_memory *memory;
    struct pf_sink *sink;
    struct pf_sink *old; /* the sink of the pass before, while repairing */
    struct pf_schema schema;
    struct pf_leaf *leaves; /* of all columns; a chunk each */
    uint32_t leaf_count;
    struct pf_chunk_options chunk;
    int64_t group_rows, group_bytes;

    struct queued *first, *last;
    int64_t taken; /* rows of first that are in units already */
    int64_t queued_rows, queued_bytes;
    uint64_t units, emitted;
    struct pf_footer footer;

    bool repairing;
    uint32_t *jobs; /* the leaves that jobs stand for, ascending; all of them at first */
    uint32_t job_count;
    uint32_t *shares; /* per column: how many jobs encode a part of it */
};

/* ---- open and close */

static enum parquet_codec codec_of(int choice)
{
    switch (choice) {
    case CHOICE_SNAPPY:
        return PARQUET_SNAPPY;
    case CHOICE_ZSTD:
        return PARQUET_ZSTD;
    case CHOICE_GZIP:
        return PARQUET_GZIP;
    case CHOICE_LZ4:
    case CHOICE_LZ4_RAW:
        return PARQUET_LZ4_RAW;
    default:
        return PARQUET_UNCOMPRESSED;
    }
}

static enum pf_status check_level(enum parquet_codec codec, int64_t level, struct pf_error *err)
{
    int low, high, usual;

    pf_codec_levels(codec, &low, &high, &usual);
    if (level == 0 || (level >= low && level <= high && usual > 0))
        return PF_OK;
    if (usual == 0) {
        pf_fail(err, PF_BAD_OPTION, "--compression-level %lld, but %s has no levels", (long long)level,
                pf_codec_name((int32_t)codec));
        pf_remedy(err, "leave out --compression-level, or choose --compression zstd or gzip");
    } else {
        pf_fail(err, PF_BAD_OPTION, "--compression-level %lld: %s has levels %d to %d", (long long)level,
                pf_codec_name((int32_t)codec), low, high);
    }
    return PF_BAD_OPTION;
}

static enum pf_status parquet_check(const void *set, struct pf_memory *memory, struct pf_error *err)
{
    const struct parquet_options *options = set;

    (void)memory;
    if (options->row_group_size < 1 || options->row_group_size > INT32_MAX)
        return pf_fail(err, PF_BAD_OPTION, "--row-group-size %lld: from 1 to %d rows", (long long)options->row_group_size,
                       INT32_MAX);
    if (options->row_group_bytes < 1)
        return pf_fail(err, PF_BAD_OPTION, "--row-group-bytes %lld: at least 1", (long long)options->row_group_bytes);
    return check_level(codec_of(options->compression), options->compression_level, err);
}

static enum pf_status take_options(struct parquet_writer *writer, size_t budget, const struct parquet_options *options,
                                   struct pf_error *err)
{
    writer->chunk.codec = codec_of(options->compression);
    writer->chunk.dictionary = options->use_dictionary == 0;
    writer->chunk.statistics = options->statistics == 0;
    writer->chunk.features = pf_cpu_features();
    writer->group_rows = options->row_group_size;
    writer->group_bytes = options->row_group_bytes;
    /* several row groups are under way at once: each may take a part of the budget only */
    if (writer->group_bytes > (int64_t)(budget / GROUPS_OF_BUDGET))
        writer->group_bytes = (int64_t)(budget / GROUPS_OF_BUDGET);
    if (parquet_check(options, writer->memory, err) != PF_OK)
        return err->status;
    return pf_compressors_new(&writer->chunk.compressors, writer->memory, writer->chunk.codec, (int)options->compression_level,
                              err);
}

/* Takes the schema, and columns as those that jobs stand for (ascending; NULL = all). */
static enum pf_status take_schema(struct parquet_writer *writer, const struct pf_schema *schema, const uint32_t *columns,
                                  uint32_t column_count, struct pf_error *err)
{
    uint32_t at = 0;

    pf_schema_free(&writer->schema);
    pf_schema_init(&writer->schema, writer->memory);
    if (!pf_schema_copy(&writer->schema, schema) || !pf_leaves_of(&writer->schema, &writer->schema.arena, writer->leaves))
        return pf_fail_memory(err, schema->count * sizeof *schema->fields);
    writer->job_count = 0;
    memset(writer->shares, 0, schema->count * sizeof *writer->shares);
    for (uint32_t leaf = 0; leaf < writer->leaf_count; leaf++) {
        uint32_t column = writer->leaves[leaf].column;

        while (columns && at < column_count && columns[at] < column)
            at++;
        if (columns && (at == column_count || columns[at] != column))
            continue;
        writer->jobs[writer->job_count++] = leaf;
        writer->shares[column]++;
    }
    return PF_OK;
}

static enum pf_status parquet_open(const struct pf_writer *self, void *state, struct pf_context *ctx, struct pf_sink *sink,
                                   const struct pf_schema *schema, const void *options, struct pf_error *err)
{
    struct parquet_writer *writer = state;
    uint32_t leaves = pf_leaf_count(schema);
    size_t size = leaves * (sizeof *writer->leaves + sizeof *writer->jobs);

    (void)self;
    writer->ctx = ctx;
    writer->memory = &ctx->memory;
    writer->sink = sink;
    pf_schema_init(&writer->schema, writer->memory);
    if (take_options(writer, ctx->memory.limit, options, err) != PF_OK)
        return err->status;
    writer->leaf_count = leaves;
    writer->leaves = pf_alloc(writer->memory, leaves * sizeof *writer->leaves);
    writer->jobs = pf_alloc(writer->memory, leaves * sizeof *writer->jobs);
    writer->shares = pf_alloc(writer->memory, schema->count * sizeof *writer->shares);
    if (!writer->leaves || !writer->jobs || !writer->shares)
        return pf_fail_memory(err, size);
    if (take_schema(writer, schema, NULL, 0, err) != PF_OK)
        return err->status;
    pf_footer_init(&writer->footer, writer->memory, &writer->schema, writer->leaves, leaves);
    return pf_sink_write(sink, PARQUET_MAGIC, PARQUET_MAGIC_SIZE, err);
}

/* Frees column of the batch when its last user lets go. */
static void let_go(struct queued *queued, uint32_t column)
{
    if (atomic_fetch_sub_explicit(&queued->users[column], 1, memory_order_acq_rel) == 1)
        pf_array_free(&queued->batch.columns[column]);
}

static void free_queued(struct parquet_writer *writer, struct queued *queued)
{
    pf_batch_free(&queued->batch);
    pf_free(writer->memory, queued->users);
    pf_free(writer->memory, queued);
}

static void parquet_close(void *state)
{
    struct parquet_writer *writer = state;

    if (!writer->memory)
        return;
    while (writer->first) {
        struct queued *next = writer->first->next;

        free_queued(writer, writer->first);
        writer->first = next;
    }
    pf_footer_free(&writer->footer);
    pf_compressors_free(writer->chunk.compressors);
    pf_free(writer->memory, writer->leaves);
    pf_free(writer->memory, writer->jobs);
    pf_free(writer->memory, writer->shares);
    pf_schema_free(&writer->schema);
    memset(writer, 0, sizeof *writer);
}

/* ---- the queue */

/* Memory that values of a column take. One of fixed size that is absent counts as if it were there: whether it is may depend on
 * threads, row-group borders must not. */
static int64_t bytes_of_column(const struct parquet_writer *writer, const struct pf_batch *batch, uint32_t column,
                               int64_t start, int64_t rows)
{
    const struct pf_field *field = &writer->schema.fields[column];

    if (field->type == PF_TYPE_BOOL)
        return (rows + 7) / 8;
    if (pf_type_width(field->type) > 0)
        return rows * (int64_t)pf_type_width(field->type);
    return batch->columns[column].release ? pf_array_size(&batch->columns[column], field, start, rows) : 0;
}

/* Memory the values of the batch take from row start on. In a batch of few rows of a very wide table, what holds the values of a column
 * is most of it. */
static int64_t bytes_from(const struct parquet_writer *writer, const struct pf_batch *batch, int64_t start)
{
    enum { FEW_ROWS = 64, MANY_COLUMNS = 1024, HOLDS_A_COLUMN = 640 };
    const bool wide = batch->rows < FEW_ROWS && batch->column_count >= MANY_COLUMNS;
    int64_t rows = batch->rows - start, bytes = wide ? (int64_t)batch->column_count * HOLDS_A_COLUMN : 0;

    for (uint32_t i = 0; i < batch->column_count; i++)
        bytes += bytes_of_column(writer, batch, i, start, rows);
    return bytes;
}

static enum pf_status parquet_add(void *state, struct pf_batch *batch, struct pf_error *err)
{
    struct parquet_writer *writer = state;
    struct queued *queued;

    if (batch->rows == 0) {
        pf_batch_free(batch);
        return PF_OK;
    }
    queued = pf_alloc_zero(writer->memory, 1, sizeof *queued);
    if (queued)
        queued->users = pf_alloc(writer->memory, batch->column_count * sizeof *queued->users);
    if (!queued || !queued->users) {
        pf_free(writer->memory, queued);
        pf_batch_free(batch);
        return pf_fail_memory(err, sizeof *queued);
    }
    queued->batch = *batch;
    memset(batch, 0, sizeof *batch);
    queued->bytes = bytes_from(writer, &queued->batch, 0);
    queued->holders = 1;
    for (uint32_t i = 0; i < queued->batch.column_count; i++)
        atomic_init(&queued->users[i], writer->shares[i]);
    if (writer->first)
        writer->last->next = queued;
    else
        writer->first = queued;
    writer->last = queued;
    writer->queued_rows += queued->batch.rows;
    writer->queued_bytes += queued->bytes;
    return PF_OK;
}

/* The fewest of the rows that follow start, up to rows, whose values take bytes. */
static int64_t rows_of_bytes(const struct parquet_writer *writer, const struct pf_batch *batch, int64_t start, int64_t rows,
                             int64_t bytes)
{
    int64_t all = bytes_from(writer, batch, start), fewest = 1;

    while (fewest < rows) {
        int64_t middle = fewest + (rows - fewest) / 2;

        if (all - bytes_from(writer, batch, start + middle) >= bytes)
            rows = middle;
        else
            fewest = middle + 1;
    }
    return fewest;
}

/* Rows of the row group that the queue begins with; 0 = it is not complete yet. Borders follow from the batches alone. A batch is not
 * cut in two for less than an eighth of a row group. */
static int64_t group_border(const struct parquet_writer *writer, bool last)
{
    int64_t rows = 0, bytes = 0, start = writer->taken;

    if (!last && writer->queued_rows < writer->group_rows && writer->queued_bytes < writer->group_bytes)
        return 0;
    for (const struct queued *queued = writer->first; queued; queued = queued->next, start = 0) {
        int64_t here = queued->batch.rows - start, left = writer->group_bytes - bytes;

        if (here > writer->group_rows - rows)
            here = writer->group_rows - rows;
        bytes += start == 0 ? queued->bytes : bytes_from(writer, &queued->batch, start);
        if (start + here < queued->batch.rows)
            bytes -= bytes_from(writer, &queued->batch, start + here);
        if (bytes - writer->group_bytes > writer->group_bytes / 8)
            return rows + rows_of_bytes(writer, &queued->batch, start, here, left);
        rows += here;
        if (rows == writer->group_rows || bytes >= writer->group_bytes)
            return rows;
    }
    return last ? rows : 0;
}

/* The same while repairing: the row groups are those of the first pass. */
static enum pf_status recorded_border(const struct parquet_writer *writer, bool last, int64_t *rows, struct pf_error *err)
{
    *rows = writer->units < writer->footer.group_count ? writer->footer.groups[writer->units].rows : 0;
    if (*rows == 0 && writer->queued_rows > 0)
        return pf_fail(err, PF_INTERNAL, "%lld rows more than in the first pass", (long long)writer->queued_rows);
    if (writer->queued_rows >= *rows)
        return PF_OK;
    if (last && *rows > 0)
        return pf_fail(err, PF_INTERNAL, "row group %llu has %lld rows, but had %lld in the first pass",
                       (unsigned long long)writer->units, (long long)writer->queued_rows, (long long)*rows);
    *rows = 0;
    return PF_OK;
}

/* ---- units */

static void free_unit(struct parquet_writer *writer, struct parquet_unit *unit)
{
    pf_free(writer->memory, unit->pieces);
    pf_free(writer->memory, unit->turns);
    pf_free(writer->memory, unit->chunks);
    pf_free(writer->memory, unit->done);
    pf_free(writer->memory, unit);
}

static struct parquet_unit *new_unit(struct parquet_writer *writer, int64_t rows)
{
    struct parquet_unit *unit = pf_alloc_zero(writer->memory, 1, sizeof *unit);
    int64_t covered = -writer->taken;

    if (!unit)
        return NULL;
    for (struct queued *queued = writer->first; covered < rows; queued = queued->next) {
        covered += queued->batch.rows;
        unit->piece_count++;
    }
    unit->head.job_count = writer->job_count;
    unit->rows = rows;
    unit->pieces = pf_alloc(writer->memory, unit->piece_count * sizeof *unit->pieces);
    unit->chunks = pf_alloc_zero(writer->memory, unit->head.job_count, sizeof *unit->chunks);
    unit->done = pf_alloc_zero(writer->memory, unit->head.job_count, sizeof *unit->done);
    unit->turns = pf_alloc(writer->memory, unit->head.job_count * sizeof *unit->turns);
    if (!unit->pieces || !unit->chunks || !unit->done || !unit->turns) {
        free_unit(writer, unit);
        return NULL;
    }
    return unit;
}

static int compare_turns(const void *left, const void *right)
{
    const struct turn *a = left, *b = right;

    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? 1 : -1;
    return (a->job > b->job) - (a->job < b->job);
}

/* The jobs with most to do come first, so that no thread is left with a long one when the others have nothing more to do. The unit's
 * longest piece stands for all of it. */
static void order_jobs(const struct parquet_writer *writer, struct parquet_unit *unit)
{
    const struct piece *longest = &unit->pieces[0];

    for (uint32_t at = 1; at < unit->piece_count; at++)
        longest = unit->pieces[at].rows > longest->rows ? &unit->pieces[at] : longest;
    for (uint32_t job = 0; job < unit->head.job_count; job++) {
        uint32_t column = writer->leaves[writer->jobs[job]].column;

        unit->turns[job].job = job;
        unit->turns[job].bytes = bytes_of_column(writer, &longest->from->batch, column, longest->start, longest->rows);
    }
    qsort(unit->turns, unit->head.job_count, sizeof *unit->turns, compare_turns);
}

/* Moves the first rows of the queue to the unit. A batch whose last rows go changes hands; one that stays is shared. */
static void fill_unit(struct parquet_writer *writer, struct parquet_unit *unit)
{
    int64_t left = unit->rows;

    for (uint32_t at = 0; at < unit->piece_count; at++) {
        struct queued *queued = writer->first;
        int64_t here = queued->batch.rows - writer->taken;
        int64_t bytes = bytes_from(writer, &queued->batch, writer->taken);

        if (here > left)
            here = left;
        unit->pieces[at] = (struct piece){ .from = queued, .start = writer->taken, .rows = here };
        writer->taken += here;
        if (writer->taken == queued->batch.rows) {
            writer->first = queued->next;
            writer->taken = 0;
        } else {
            bytes -= bytes_from(writer, &queued->batch, writer->taken);
            queued->holders++;
            for (uint32_t i = 0; i < queued->batch.column_count; i++)
                atomic_fetch_add_explicit(&queued->users[i], writer->shares[i], memory_order_relaxed);
        }
        unit->bytes += bytes;
        left -= here;
    }
    writer->queued_rows -= unit->rows;
    writer->queued_bytes -= unit->bytes;
    if (!writer->first)
        writer->last = NULL;
}

static enum pf_status parquet_take(void *state, bool last, struct pf_unit **out, struct pf_error *err)
{
    struct parquet_writer *writer = state;
    struct parquet_unit *unit;
    int64_t rows;

    *out = NULL;
    if (!writer->repairing)
        rows = group_border(writer, last);
    else if (recorded_border(writer, last, &rows, err) != PF_OK)
        return err->status;
    if (rows == 0)
        return PF_OK;
    unit = new_unit(writer, rows);
    if (!unit)
        return pf_fail_memory(err, writer->job_count * sizeof *unit->chunks);
    fill_unit(writer, unit);
    order_jobs(writer, unit);
    unit->head.number = writer->units++;
    *out = &unit->head;
    return PF_OK;
}

static void let_column_go(const struct parquet_writer *writer, struct parquet_unit *unit, uint32_t job)
{
    if (unit->done[job])
        return;
    unit->done[job] = true;
    for (uint32_t at = 0; at < unit->piece_count; at++)
        let_go(unit->pieces[at].from, writer->leaves[writer->jobs[job]].column);
}

static enum pf_status parquet_encode(const void *state, struct pf_unit *head, uint32_t turn, struct pf_error *err)
{
    const struct parquet_writer *writer = state;
    struct parquet_unit *unit = (struct parquet_unit *)(void *)head; /* head is its first member */
    const uint32_t job = unit->turns[turn].job;
    const struct pf_leaf *leaf = &writer->leaves[writer->jobs[job]];
    struct pf_slice *slices = pf_alloc(writer->memory, unit->piece_count * sizeof *slices);
    enum pf_status status = PF_OK;
    bool absent = false;

    if (!slices)
        return pf_fail_memory(err, unit->piece_count * sizeof *slices);
    for (uint32_t at = 0; at < unit->piece_count; at++) {
        const struct piece *piece = &unit->pieces[at];

        slices[at] = (struct pf_slice){ &piece->from->batch.columns[leaf->column], piece->start, piece->rows };
        absent = absent || !slices[at].array->release;
    }
    if (!absent)
        status = pf_column_chunk_encode(&unit->chunks[job], writer->memory, leaf, slices, unit->rows, &writer->chunk, err);
    pf_free(writer->memory, slices);
    let_column_go(writer, unit, job);
    return status;
}

static void parquet_drop(void *state, struct pf_unit *head)
{
    struct parquet_writer *writer = state;
    struct parquet_unit *unit = (struct parquet_unit *)(void *)head;

    for (uint32_t job = 0; job < unit->head.job_count; job++) {
        let_column_go(writer, unit, job);
        pf_column_chunk_free(&unit->chunks[job]);
    }
    for (uint32_t at = 0; at < unit->piece_count; at++) {
        if (--unit->pieces[at].from->holders == 0)
            free_queued(writer, unit->pieces[at].from);
    }
    free_unit(writer, unit);
}

/* ---- emit */

static enum pf_status put_chunk(struct parquet_writer *writer, size_t group, uint32_t leaf, struct pf_column_chunk *chunk,
                                struct pf_error *err)
{
    int64_t offset = pf_sink_size(writer->sink);

    if (pf_sink_write(writer->sink, chunk->bytes.data, chunk->bytes.size, err) != PF_OK)
        return err->status;
    return pf_footer_set_chunk(&writer->footer, group, leaf, &chunk->meta, offset, err);
}

/* Copies the chunks of leaves from..end of the pass before: they stand one after another there, and will here. */
static enum pf_status copy_chunks(struct parquet_writer *writer, size_t group, uint32_t from, uint32_t end,
                                  struct pf_error *err)
{
    struct pf_chunk_record *chunks = writer->footer.groups[group].chunks;
    int64_t begin = -1, size = 0, shift;

    for (uint32_t leaf = from; leaf < end; leaf++) {
        if (chunks[leaf].offset < 0)
            continue;
        begin = begin < 0 ? chunks[leaf].offset : begin;
        size += chunks[leaf].size;
    }
    if (size == 0)
        return PF_OK;
    shift = pf_sink_size(writer->sink) - begin;
    if (pf_sink_copy(writer->sink, writer->old, begin, size, err) != PF_OK)
        return err->status;
    for (uint32_t leaf = from; leaf < end; leaf++) {
        if (chunks[leaf].offset >= 0)
            chunks[leaf].offset += shift;
    }
    return PF_OK;
}

static enum pf_status put_group(struct parquet_writer *writer, struct parquet_unit *unit, struct pf_error *err)
{
    size_t group = (size_t)unit->head.number;
    uint32_t leaf = 0;

    if (!writer->repairing && pf_footer_add_group(&writer->footer, unit->rows, err) != PF_OK)
        return err->status;
    for (uint32_t job = 0; job < unit->head.job_count; job++) {
        uint32_t next = writer->jobs[job];

        if (copy_chunks(writer, group, leaf, next, err) != PF_OK)
            return err->status;
        leaf = next + 1;
        if (!unit->chunks[job].bytes.memory) {
            writer->footer.groups[group].chunks[next].offset = -1;
            continue;
        }
        if (put_chunk(writer, group, next, &unit->chunks[job], err) != PF_OK)
            return err->status;
        pf_column_chunk_free(&unit->chunks[job]);
    }
    return copy_chunks(writer, group, leaf, writer->leaf_count, err);
}

static enum pf_status parquet_emit(void *state, struct pf_unit *unit, struct pf_error *err)
{
    struct parquet_writer *writer = state;
    enum pf_status status = put_group(writer, (struct parquet_unit *)(void *)unit, err);

    parquet_drop(state, unit);
    writer->emitted++;
    return status;
}

/* ---- repair and finish */

static enum pf_status parquet_repair(void *state, const struct pf_schema *schema, const uint32_t *columns,
                                     uint32_t column_count, struct pf_sink *sink, struct pf_error *err)
{
    struct parquet_writer *writer = state;

    if (writer->first || writer->emitted != writer->units || schema->count != writer->schema.count ||
        pf_leaf_count(schema) != writer->leaf_count)
        return pf_fail(err, PF_INTERNAL, "repair of a file that is not whole, or of another schema");
    if (take_schema(writer, schema, columns, column_count, err) != PF_OK)
        return err->status;
    writer->old = writer->sink;
    writer->sink = sink;
    writer->repairing = true;
    writer->units = writer->emitted = 0;
    return pf_sink_write(sink, PARQUET_MAGIC, PARQUET_MAGIC_SIZE, err);
}

static enum pf_status parquet_finish(void *state, int64_t rows, struct pf_error *err)
{
    struct parquet_writer *writer = state;
    int64_t written = writer->queued_rows;

    if (writer->emitted != writer->units || writer->emitted != writer->footer.group_count)
        return pf_fail(err, PF_INTERNAL, "%llu of %zu row groups were written", (unsigned long long)writer->emitted,
                       writer->footer.group_count);
    for (size_t group = 0; group < writer->footer.group_count; group++)
        written += writer->footer.groups[group].rows;
    if (written != rows || writer->queued_rows != 0)
        return pf_fail(err, PF_INTERNAL, "%lld rows were counted, the writer has %lld, %lld of them not written",
                       (long long)rows, (long long)written, (long long)writer->queued_rows);
    return pf_footer_write(&writer->footer, writer->sink, err);
}

static const char *const parquet_suffixes[] = { "parquet", "parq", "pq", NULL };

const struct pf_writer pf_parquet_writer = {
    .abi = PF_ABI,
    .settle = PF_SETTLE_REPAIR,
    .name = "parquet",
    .description = "Apache Parquet",
    .suffixes = parquet_suffixes,
    .options = parquet_options,
    .state_size = sizeof(struct parquet_writer),
    .option_size = sizeof(struct parquet_options),
    .open = parquet_open,
    .add = parquet_add,
    .take = parquet_take,
    .encode = parquet_encode,
    .emit = parquet_emit,
    .drop = parquet_drop,
    .repair = parquet_repair,
    .finish = parquet_finish,
    .close = parquet_close,
    .check = parquet_check,
    .nested = true,
};
