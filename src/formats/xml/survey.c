/* Opening: which element is the row, which columns there are, and how they are called. */
#include <stdio.h>
#include <stdlib.h>

#include "formats/xml/xml.h"

enum { DENSE = 20 /* times below one parent, on average, that make a descendant the row */, RUNNERS = 3, OTHERS = 1000 };

/* ---- counting the paths of the head */

struct count {
    uint64_t leaves, instances;
    uint32_t siblings; /* most below one parent */
    uint32_t now;      /* below the present parent */
    uint64_t parent;   /* its number */
};

struct open_element {
    uint32_t path;
    uint64_t number;
    bool children;
};

struct counting {
    struct xml_reader *reader;
    struct pf_memory *memory;
    XML_Parser parser;
    struct count *counts;
    uint32_t count_capacity;
    struct open_element *open;
    uint32_t depth, open_capacity;
    uint32_t beyond; /* elements that are open deeper than is allowed */
    uint64_t elements;
    bool failed;
    struct pf_error *err;
};

static void count_failed(struct counting *counting)
{
    counting->failed = true;
    (void)XML_StopParser(counting->parser, XML_FALSE);
}

static void XMLCALL count_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct counting *counting = user;
    struct xml_tree *tree = &counting->reader->tree;
    const struct open_element root = { 0 };
    const struct open_element *parent = counting->depth != 0 ? &counting->open[counting->depth - 1] : &root;
    const uint32_t path = xml_tree_add(tree, parent->path, false, name, strlen(name));
    void *counts = counting->counts, *open = counting->open;
    struct count *count;

    if (counting->failed)
        return;
    if (counting->depth >= counting->reader->options->max_depth) {
        counting->beyond++;
        return;
    }
    while (path >= counting->count_capacity) {
        if (!xml_room(counting->memory, &counts, counting->count_capacity, &counting->count_capacity, sizeof *count)) {
            count_failed(counting);
            return;
        }
        counting->counts = counts;
    }
    if (path == 0 || !xml_room(counting->memory, &open, counting->depth, &counting->open_capacity, sizeof *parent)) {
        count_failed(counting);
        return;
    }
    counting->open = open;
    count = &counting->counts[path];
    if (counting->depth != 0) {
        counting->open[counting->depth - 1].children = true;
        if (count->parent != counting->open[counting->depth - 1].number)
            count->now = 0;
        count->parent = counting->open[counting->depth - 1].number;
    }
    count->now++;
    count->instances++;
    count->siblings = count->now > count->siblings ? count->now : count->siblings;
    for (; attributes[0] != NULL; attributes += 2)
        count->leaves += strncmp(attributes[0], "xmlns", 5) != 0;
    counting->open[counting->depth++] = (struct open_element){ .path = path, .number = ++counting->elements };
    if (counting->depth > counting->reader->max_depth)
        counting->reader->max_depth = counting->depth;
}

static void XMLCALL count_end(void *user, const XML_Char *name)
{
    struct counting *counting = user;
    const struct open_element *top;

    (void)name;
    if (counting->beyond != 0) {
        counting->beyond--;
        return;
    }
    if (counting->failed || counting->depth == 0)
        return;
    top = &counting->open[--counting->depth];
    counting->counts[top->path].leaves += !top->children;
}

static enum pf_status count_paths(struct counting *counting, const uint8_t *bytes, size_t size)
{
    counting->parser = XML_ParserCreate("UTF-8");
    if (counting->parser == NULL)
        return pf_fail_memory(counting->err, 4096);
    XML_SetUserData(counting->parser, counting);
    XML_SetElementHandler(counting->parser, count_start, count_end);
    (void)XML_Parse(counting->parser, (const char *)bytes, (int)size, false); /* what is wrong is told by the pass */
    XML_ParserFree(counting->parser);
    return counting->failed ? pf_fail_memory(counting->err, counting->count_capacity * sizeof *counting->counts) : PF_OK;
}

/* ---- choosing */

/* From the leaf values of each element to those of all inside of it. */
static void add_up(struct counting *counting)
{
    const struct xml_tree *tree = &counting->reader->tree;

    for (uint32_t i = tree->count - 1; i > 0; i--) {
        const uint32_t parent = tree->paths[i].parent;

        if (i < counting->count_capacity && parent != 0)
            counting->counts[parent].leaves += counting->counts[i].leaves;
    }
}

static bool is_below(const struct xml_tree *tree, uint32_t path, uint32_t above)
{
    while (path != 0 && path != above)
        path = tree->paths[path].parent;
    return path == above;
}

static bool is_in_root(const struct xml_reader *reader, uint32_t path)
{
    const struct xml_path *paths = reader->tree.paths;

    if (reader->rule.root.size == 0)
        return true;
    for (path = paths[path].parent; path != 0; path = paths[path].parent) {
        if (xml_same_name(&reader->rule.root, paths[path].name, paths[path].name_size))
            return true;
    }
    return false;
}

/* The best repeated element below above (0 = anywhere), outermost ones only. 0 = there is none. */
static uint32_t best_below(const struct counting *counting, uint32_t above)
{
    const struct xml_tree *tree = &counting->reader->tree;
    uint32_t best = 0;

    for (uint32_t i = 1; i < tree->count && i < counting->count_capacity; i++) {
        if (counting->counts[i].siblings < 2 || i == above || !is_below(tree, i, above) || !is_in_root(counting->reader, i))
            continue;
        if (best == 0 || (counting->counts[i].leaves > counting->counts[best].leaves && !is_below(tree, i, best)))
            best = i;
    }
    return best;
}

static uint32_t choose(const struct counting *counting)
{
    uint32_t best = best_below(counting, 0);

    for (uint32_t inner = best; inner != 0;) {
        const struct count *outer_count = &counting->counts[best], *inner_count;

        inner = best_below(counting, best);
        inner_count = &counting->counts[inner];
        if (inner == 0 || inner_count->instances < DENSE * outer_count->instances ||
            inner_count->leaves * 5 < outer_count->leaves * 4)
            break;
        best = inner;
    }
    return best != 0 ? best : 1;
}

static void tell_runners(struct counting *counting, uint32_t chosen)
{
    struct xml_reader *reader = counting->reader;
    const struct xml_path *paths = reader->tree.paths;
    uint32_t told[RUNNERS] = { 0 };
    size_t used = 0;

    for (uint32_t n = 0; n < RUNNERS; n++) {
        uint32_t best = 0;
        int size;

        for (uint32_t i = 1; i < reader->tree.count && i < counting->count_capacity; i++) {
            const bool known = i == chosen || i == told[0] || i == told[1];

            if (!known && counting->counts[i].siblings > 1 &&
                (best == 0 || counting->counts[i].leaves > counting->counts[best].leaves))
                best = i;
        }
        if (best == 0)
            return;
        told[n] = best;
        size = snprintf(reader->runners + used, sizeof reader->runners - used, "%s%.40s (%llu times, %llu values)",
                        used != 0 ? ", " : "", paths[best].name, (unsigned long long)counting->counts[best].instances,
                        (unsigned long long)counting->counts[best].leaves);
        used += size > 0 ? (size_t)size : 0;
        if (used >= sizeof reader->runners)
            return;
    }
}

static int by_name(const void *a, const void *b)
{
    return xml_order_names(a, b);
}

/* Repeated elements beside the row are rows, too: their values have no other place. Not without end: each row has the columns of all. */
static enum pf_status set_others(const struct counting *counting, uint32_t chosen)
{
    struct xml_reader *reader = counting->reader;
    const struct xml_path *paths = reader->tree.paths;
    struct xml_rule *rule = &reader->rule;

    rule->other_count = 0;
    if (rule->others == NULL)
        rule->others = pf_arena_alloc_zero(&reader->arena, OTHERS, sizeof *rule->others);
    if (rule->others == NULL)
        return pf_fail_memory(counting->err, OTHERS * sizeof *rule->others);
    for (uint32_t i = 1; i < reader->tree.count && i < counting->count_capacity && rule->other_count < OTHERS; i++) {
        if (i != chosen && paths[i].parent == paths[chosen].parent && counting->counts[i].siblings > 1)
            rule->others[rule->other_count++] = (struct xml_name){ paths[i].name, paths[i].name_size };
    }
    qsort(rule->others, rule->other_count, sizeof *rule->others, by_name);
    return PF_OK;
}

static enum pf_status set_steps(struct xml_reader *reader, uint32_t path, struct pf_error *err)
{
    const struct xml_path *paths = reader->tree.paths;
    const uint32_t count = paths[path].depth;

    reader->rule.steps = pf_arena_alloc_zero(&reader->arena, count, sizeof *reader->rule.steps);
    if (reader->rule.steps == NULL)
        return pf_fail_memory(err, count * sizeof *reader->rule.steps);
    reader->rule.step_count = count;
    (void)snprintf(reader->row_name, sizeof reader->row_name, "%s", paths[path].name);
    for (uint32_t i = count; i > 0; i--) {
        reader->rule.steps[i - 1] = (struct xml_name){ paths[path].name, paths[path].name_size };
        path = paths[path].parent;
    }
    return PF_OK;
}

static void count_facts(const struct counting *counting)
{
    struct xml_reader *reader = counting->reader;

    if (reader->tree.count > 1)
        (void)snprintf(reader->root_name, sizeof reader->root_name, "%s", reader->tree.paths[1].name);
    reader->element_paths = reader->tree.count - 1;
    for (uint32_t i = 1; i < reader->tree.count && i < counting->count_capacity; i++)
        reader->array_paths += counting->counts[i].siblings > 1;
}

/* ---- the rule that the options give */

enum pf_status xml_rule_given(struct xml_reader *reader, struct pf_error *err)
{
    const char *text = reader->options->row_tag;
    struct xml_rule *rule = &reader->rule;
    uint32_t count = 1;

    if (reader->options->root_tag != NULL)
        rule->root = (struct xml_name){ reader->options->root_tag, strlen(reader->options->root_tag) };
    if (text == NULL || text[0] == '\0')
        return PF_OK;
    for (const char *at = text; *at != '\0'; at++)
        count += *at == ',';
    rule->tags = pf_arena_alloc_zero(&reader->arena, count, sizeof *rule->tags);
    if (rule->tags == NULL)
        return pf_fail_memory(err, count * sizeof *rule->tags);
    while (*text != '\0') {
        const size_t size = strcspn(text, ",");
        size_t from = 0, to = size;

        while (from < to && xml_is_blank((uint8_t)text[from]))
            from++;
        while (to > from && xml_is_blank((uint8_t)text[to - 1]))
            to--;
        if (to > from)
            rule->tags[rule->tag_count++] = (struct xml_name){ text + from, to - from };
        text += size + (text[size] == ',');
    }
    (void)snprintf(reader->row_name, sizeof reader->row_name, "%s", reader->options->row_tag);
    return PF_OK;
}

/* ---- columns */

struct surveying {
    struct xml_reader *reader;
    uint64_t *seen; /* by path */
    uint32_t seen_capacity;
    uint64_t stamp;
};

static bool add_column(struct surveying *surveying, struct xml_walk *walk, uint32_t path)
{
    struct xml_reader *reader = surveying->reader;

    if (walk->tree->paths[path].column != XML_NO_COLUMN)
        return true;
    if (reader->column_count >= reader->ctx->limits.columns) {
        pf_fail(walk->err, PF_LIMIT, "the document makes more than %u columns", reader->ctx->limits.columns);
        pf_remedy(walk->err, "name a smaller element with --row-tag, or raise --max-columns");
        return false;
    }
    walk->tree->paths[path].column = reader->column_count++;
    return true;
}

static bool see(struct surveying *surveying, struct xml_walk *walk, uint32_t path)
{
    void *seen = surveying->seen;

    while (path >= surveying->seen_capacity) {
        if (!xml_room(walk->memory, &seen, surveying->seen_capacity, &surveying->seen_capacity, sizeof *surveying->seen)) {
            pf_fail_memory(walk->err, surveying->seen_capacity);
            return false;
        }
        surveying->seen = seen;
    }
    if (surveying->seen[path] == surveying->stamp)
        walk->tree->paths[path].repeated = true;
    surveying->seen[path] = surveying->stamp;
    return add_column(surveying, walk, path);
}

static enum pf_status survey_row(struct xml_walk *walk, void *user)
{
    struct surveying *surveying = user;
    const struct pf_xml_read_options *options = walk->reader->options;

    surveying->stamp++;
    if (options->strategy == PF_XML_MODERATE && !options->flatten_nested && xml_fold_children(walk) != PF_OK)
        return walk->err->status;
    for (uint32_t i = 0; i < walk->live_count; i++) {
        if (!add_column(surveying, walk, walk->outside[walk->live[i]].path))
            return walk->err->status;
    }
    for (uint32_t i = 0; i < walk->item_count;) {
        const struct xml_item *item = &walk->items[i];

        if (item->value && !see(surveying, walk, item->path))
            return walk->err->status;
        i = item->folded ? item->end : i + 1;
    }
    return PF_OK;
}

/* Nothing of the document can be read. */
static enum pf_status fail_first(const struct pf_block *block, struct pf_error *err)
{
    const size_t at = err->offset >= 0 && (size_t)err->offset < block->size ? (size_t)err->offset : block->size;
    struct pf_error found = *err;
    size_t line_start = at;
    int64_t line = 1;

    for (size_t i = 0; i < at; i++)
        line += block->bytes[i] == '\n';
    while (line_start > 0 && block->bytes[line_start - 1] != '\n')
        line_start--;
    pf_fail(err, PF_BAD_DATA, "the document is not well-formed: %s (line %lld, column %zu), and no row is in front of that",
            found.message, (long long)line, at - line_start + 1);
    pf_remedy(err, "look at that place; HTML and fragments of documents are no XML");
    err->line = line;
    err->offset = (int64_t)at;
    return err->status;
}

/* What the walk ended with, as the survey sees it. */
static enum pf_status judge(const struct xml_reader *reader, const struct pf_block *block, int64_t rows, enum pf_status status,
                            struct pf_error *err)
{
    if (status == PF_BAD_DATA && reader->column_count == 0 && rows == 0 && xml_prefix_of(block) == 0 &&
        strstr(err->message, "junk after") == NULL) /* that is another document */
        return fail_first(block, err);
    if (status != PF_BAD_DATA && (status != PF_LIMIT || strstr(err->remedy, "--max-columns") != NULL))
        return status;
    pf_error_clear(err);
    return PF_OK;
}

/* Walks bytes. What is not well-formed ends it, and is told by the pass. lost: leaf values outside of rows, if wanted. */
static enum pf_status survey_bytes(struct xml_reader *reader, const struct xml_surveyor *surveyor, const struct pf_block *block,
                                   struct xml_counts *counts, int64_t *rows, struct pf_error *err)
{
    const uint64_t flags = block->own[XML_OWN_FLAGS];
    struct xml_walk walk = {
        .survey = true, .keep_values = surveyor->block != NULL, .row = surveyor->row, .user = surveyor->user
    };
    enum pf_status status = xml_walk_begin(&walk, reader, &reader->tree, block, err);

    if (status == PF_OK)
        status = xml_walk_run(&walk, block->bytes, block->size, (flags & XML_BLOCK_ENDS) != 0);
    *counts = walk.counts;
    *rows = walk.rows_done;
    if (!(status == PF_LIMIT && reader->column_count == 0))
        status = judge(reader, block, walk.rows_done, status, err);
    if (status == PF_OK && surveyor->block != NULL)
        status = surveyor->block(&walk, surveyor->user);
    xml_walk_end(&walk);
    return status;
}

static void forget_columns(struct xml_reader *reader)
{
    for (uint32_t i = 0; i < reader->tree.count; i++) {
        reader->tree.paths[i].column = XML_NO_COLUMN;
        reader->tree.paths[i].repeated = reader->tree.paths[i].row = false;
    }
    reader->column_count = 0;
}

/* Of a document that is here as a whole: leaf values that stand behind the rows make the element around them the row, unless they are
 * of other repeated elements. Its rows are the same ones then, as it is expanded to them; joined or folded, it would be one. */
static uint32_t widen(const struct counting *counting, uint32_t chosen, const struct xml_counts *counts)
{
    const struct xml_path *paths = counting->reader->tree.paths;
    const struct pf_xml_read_options *options = counting->reader->options;
    const uint32_t parent = paths[chosen].parent;

    if (counts->outside == 0 || parent == 0 || options->compat || options->arrays != PF_XML_EXPAND ||
        options->strategy == PF_XML_MODERATE || options->nested || options->relational)
        return 0;
    for (uint32_t path = counts->outside_path; path != 0 && path != parent; path = paths[path].parent) {
        if (path < counting->count_capacity && counting->counts[path].siblings > 1)
            return 0;
    }
    return parent;
}

static enum pf_status survey_head(struct counting *counting, struct surveying *surveying, const struct pf_block *block,
                                  bool all)
{
    struct xml_reader *reader = counting->reader;
    const struct xml_surveyor surveyor = { .row = survey_row, .user = surveying };
    uint32_t chosen = 0;

    add_up(counting);
    count_facts(counting);
    if (reader->rule.tag_count == 0 && reader->tree.count > 1) {
        chosen = choose(counting);
        tell_runners(counting, chosen);
    }
    for (;;) {
        struct xml_counts counts;
        uint32_t wider;

        if (chosen != 0 && (set_steps(reader, chosen, counting->err) != PF_OK || set_others(counting, chosen) != PF_OK))
            return counting->err->status;
        if (survey_bytes(reader, &surveyor, block, &counts, &reader->sample_rows, counting->err) != PF_OK)
            return counting->err->status;
        wider = chosen != 0 && all ? widen(counting, chosen, &counts) : 0;
        if (wider == 0)
            return PF_OK;
        chosen = wider;
        forget_columns(reader);
    }
}

enum pf_status xml_survey_head(struct xml_reader *reader, const uint8_t *bytes, size_t size, bool all, struct pf_error *err)
{
    struct counting counting = { .reader = reader, .memory = &reader->ctx->memory, .err = err };
    struct surveying surveying = { .reader = reader };
    struct pf_block block = { .bytes = (uint8_t *)(uintptr_t)bytes, .size = size };

    block.own[XML_OWN_FLAGS] = all ? XML_BLOCK_ENDS : 0;
    if (count_paths(&counting, bytes, size) == PF_OK)
        (void)survey_head(&counting, &surveying, &block, all);
    pf_free(counting.memory, counting.counts);
    pf_free(counting.memory, counting.open);
    pf_free(counting.memory, surveying.seen);
    return err->status;
}

enum pf_status xml_survey_blocks(struct xml_reader *reader, const struct xml_surveyor *surveyor, struct pf_error *err)
{
    const struct pf_pass *pass = reader->pass;
    enum pf_status status;

    reader->pass = NULL;
    status = pf_source_rewind(reader->src, err);
    if (status == PF_OK)
        status = xml_cut_begin(reader, err);
    while (status == PF_OK) {
        struct pf_block block = { .offset = -1 };
        struct xml_counts counts;
        int64_t rows;

        status = xml_cut_block(reader, &block, err);
        if (status == PF_OK)
            status = survey_bytes(reader, surveyor, &block, &counts, &rows, err);
        pf_free(&reader->ctx->memory, block.bytes);
    }
    xml_cut_close(reader);
    reader->pass = pass;
    if ((status == PF_BAD_DATA || status == PF_LIMIT) && reader->column_count != 0) /* the pass tells it */
        status = strstr(err->remedy, "--max-columns") != NULL ? status : PF_END;
    if (status != PF_END)
        return status;
    pf_error_clear(err);
    return pf_source_rewind(reader->src, err);
}

enum pf_status xml_survey_all(struct xml_reader *reader, struct pf_error *err)
{
    struct surveying surveying = { .reader = reader };
    const struct xml_surveyor surveyor = { .row = survey_row, .user = &surveying };

    (void)xml_survey_blocks(reader, &surveyor, err);
    pf_free(&reader->ctx->memory, surveying.seen);
    return err->status;
}
