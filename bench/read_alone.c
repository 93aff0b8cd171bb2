/* Reads a file and does nothing with it: what that alone costs.
 *
 *   read_alone expat FILE       every event of expat's, over the bytes of the file
 *   read_alone batches FILE     every record batch of pyforge's */
#include <expat.h>
#include <pyforge/arrow_abi.h>
#include <pyforge/pyforge.h>
#include <stdio.h>
#include <string.h>

enum { PIECE = 1 << 20 };

static void on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    (void)user;
    (void)name;
    (void)attributes;
}

static void on_end(void *user, const XML_Char *name)
{
    (void)user;
    (void)name;
}

static void on_text(void *user, const XML_Char *text, int size)
{
    (void)user;
    (void)text;
    (void)size;
}

static int read_expat(const char *path)
{
    XML_Parser parser = XML_ParserCreate(NULL);
    FILE *file = fopen(path, "rb");
    size_t size = PIECE;

    if (parser == NULL || file == NULL)
        return 1;
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    while (size == PIECE) {
        void *bytes = XML_GetBuffer(parser, PIECE);

        if (bytes == NULL)
            return 1;
        size = fread(bytes, 1, PIECE, file);
        if (XML_ParseBuffer(parser, (int)size, size < PIECE) != XML_STATUS_OK) {
            fprintf(stderr, "read_alone: %s\n", XML_ErrorString(XML_GetErrorCode(parser)));
            return 1;
        }
    }
    XML_ParserFree(parser);
    return fclose(file);
}

static int drain(struct ArrowArrayStream *stream)
{
    struct ArrowArray batch = { .length = 0 };

    for (;;) {
        if (stream->get_next(stream, &batch) != 0) {
            fprintf(stderr, "read_alone: %s\n", stream->get_last_error(stream));
            return 1;
        }
        if (batch.release == NULL)
            return 0;
        batch.release(&batch);
    }
}

static int read_batches(const char *path)
{
    struct pf_context *ctx = pf_context_new();
    struct pf_request *request = ctx != NULL ? pf_request_new(ctx) : NULL;
    struct ArrowArrayStream stream;
    struct pf_error err = { .status = PF_OK };
    int result;

    if (request == NULL || pf_request_paths(request, path, NULL, &err) != PF_OK ||
        pf_read_stream(request, &stream, &err) != PF_OK) {
        fprintf(stderr, "read_alone: %s\n", err.message);
        return 1;
    }
    result = drain(&stream);
    stream.release(&stream);
    pf_request_free(request);
    pf_context_free(ctx);
    return result;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "expat") == 0)
        return read_expat(argv[2]);
    if (argc == 3 && strcmp(argv[1], "batches") == 0)
        return read_batches(argv[2]);
    fputs("usage: read_alone expat|batches FILE\n", stderr);
    return 2;
}
