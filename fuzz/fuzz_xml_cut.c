/* Cutting XML: markup is stepped over and blocks are cut, without expat. The first byte chooses the size of the blocks.
 *
 * Held to: markup lies within the bytes and goes forward; blocks of any size have the same rows and lines in all, none ends behind the
 * source, and what they have in front of them are bytes they begin with. */
#include <string.h>

#include "formats/xml/xml.h"
#include "support_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 96 << 20 };

struct outcome {
    enum pf_status status;
    uint64_t rows, lines, bytes;
};

static void scan_all(const uint8_t *bytes, size_t size)
{
    size_t at = 0;

    for (;;) {
        struct xml_mark mark;

        xml_scan(bytes, size, at, &mark);
        if (mark.kind == XML_MORE || mark.kind == XML_BAD)
            return;
        if (mark.start < at || mark.end <= mark.start || mark.end > size)
            abort();
        if ((mark.kind == XML_START || mark.kind == XML_EMPTY || mark.kind == XML_END) &&
            (mark.name < mark.start || mark.name + mark.name_size > mark.end))
            abort();
        at = mark.end;
    }
}

static void cut_all(void *state, void *user, struct pf_error *err)
{
    static const struct pf_pass all = { .columns = NULL };
    struct xml_reader *reader = state;
    struct outcome *outcome = user;
    enum pf_status status = pf_xml_reader.start(reader, &all, err);

    while (status == PF_OK) {
        struct pf_block block = { .offset = -1 };

        status = pf_xml_reader.cut(reader, &block, err);
        if (status == PF_OK) {
            if (xml_prefix_of(&block) > block.size || xml_used_of(&block) > xml_prefix_of(&block))
                abort();
            outcome->rows += block.own[XML_OWN_ROWS];
            outcome->bytes += block.size - xml_prefix_of(&block);
        }
        pf_free(&reader->ctx->memory, block.bytes);
    }
    outcome->status = status;
    outcome->lines = (uint64_t)reader->cut.line;
}

static void cut(const uint8_t *data, size_t size, size_t block_bytes, struct outcome *outcome)
{
    struct pf_xml_read_options options;
    enum pf_status status;

    memset(outcome, 0, sizeof *outcome);
    memset(&options, 0, sizeof options);
    pf_option_defaults(pf_xml_reader.options, &options);
    options.block_bytes = block_bytes;
    status = fuzz_read(&pf_xml_reader, &options, MEMORY, data, size, cut_all, outcome);
    if (status != PF_OK)
        outcome->status = status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole, pieces;

    if (size < 1)
        return 0;
    scan_all(data + 1, size - 1);
    cut(data + 1, size - 1, 0, &whole);
    cut(data + 1, size - 1, 1 + data[0], &pieces);
    if (whole.status == PF_END && memcmp(&whole, &pieces, sizeof whole) != 0)
        abort();
    return 0;
}
