/* Which encoding a table has: by the user, the language byte, the .cpg file, or the text itself. */
#include <stdio.h>
#include <string.h>

#include "formats/dbf/dbf.h"

enum { SCAN_BYTES = 1 << 20 };

/* What the file beside the table names: its first word. Names of ESRI are numbers of code pages, with or without a word before. */
static bool encoding_of_text(char *text, char to[48])
{
    char *at = text + strspn(text, " \t\r\n\xEF\xBB\xBF");
    size_t size = strcspn(at, "\r\n");

    while (size != 0 && at[size - 1] == ' ')
        size--;
    for (size_t i = 0; i < size; i++)
        at[i] = at[i] == ' ' ? '-' : at[i];
    if (size > 5 && strncmp(at, "ANSI-", 5) == 0) {
        at += 5;
        size -= 5;
    }
    if (size > 4 && strncmp(at, "OEM-", 4) == 0) {
        at += 4;
        size -= 4;
    }
    if (size == 0 || size > 40)
        return false;
    /* 88591 and 8859-1 are iso-8859-1; other numbers are code pages. */
    if (strncmp(at, "8859", 4) == 0)
        (void)snprintf(to, 48, "iso-8859-%.*s", (int)(size - 4 - (at[4] == '-')), at + 4 + (at[4] == '-'));
    else
        (void)snprintf(to, 48, "%s%.*s", at[0] >= '0' && at[0] <= '9' ? "cp" : "", (int)size, at);
    return true;
}

/* *named: the .cpg file is there and names an encoding that is known. */
static enum pf_status take_cpg(struct dbf_reader *reader, bool *named, struct pf_error *err)
{
    static const char *const suffixes[] = { "cpg", "cst", NULL };
    struct pf_source *found;
    struct pf_error unknown;
    char text[128], name[48];
    const char *path;
    size_t got = 0;

    *named = false;
    if (dbf_sibling(reader->ctx, reader->src, &reader->arena, suffixes, &path, err) != PF_OK)
        return err->status;
    if (path == NULL)
        return PF_OK;
    if (pf_source_open(reader->ctx, path, true, &found, err) != PF_OK)
        return err->status;
    (void)pf_source_read(found, text, sizeof text - 1, &got, err);
    pf_source_close(found);
    if (err->status != PF_OK)
        return err->status;
    text[got] = '\0';
    if (!encoding_of_text(text, name))
        return PF_OK;
    pf_error_clear(&unknown);
    if (dbf_code_page_make(&reader->page, &reader->ctx->memory, name, &unknown) == PF_OK) {
        reader->encoding_from = "cpg file";
        *named = true;
    } else if (unknown.status != PF_BAD_OPTION) {
        *err = unknown;
        return err->status;
    } else {
        pf_warn(reader->ctx, "%s names the encoding '%s', which is not known: it is not heeded", path, name);
    }
    return PF_OK;
}

/* The texts of a record. */
static enum pf_status guess_record(const struct dbf_reader *reader, struct dbf_guess *guess, const uint8_t *record,
                                   struct pf_buffer *memo, struct pf_error *err)
{
    for (uint32_t i = 0; i < reader->header.field_count; i++) {
        const struct dbf_field *field = &reader->header.fields[i];
        const uint8_t *stored = record + field->at;
        struct dbf_memo_place place;

        if (field->way == DBF_TEXT || field->way == DBF_TEXT_VARYING) {
            dbf_guess_add(guess, stored, dbf_text_size(stored, field->size));
        } else if (field->way == DBF_MEMO_TEXT && reader->memo.kind != DBF_MEMO_NONE &&
                   dbf_memo_locate(&reader->memo, stored, field->size, &place) == DBF_FOUND) {
            enum dbf_found found = dbf_memo_read(&reader->memo, place, memo, err);

            if (found == DBF_FAILED)
                return err->status;
            if (found == DBF_FOUND && memo->size != 0)
                dbf_guess_add(guess, memo->data, memo->size);
        }
    }
    return PF_OK;
}

static enum pf_status guess_records(const struct dbf_reader *reader, struct dbf_guess *guess, uint8_t *part,
                                    struct pf_buffer *memo, struct pf_error *err)
{
    const int64_t stride = reader->header.record, step = SCAN_BYTES / stride + 1;

    for (int64_t row = 0; row < reader->layout.rows; row += step) {
        const int64_t count = reader->layout.rows - row < step ? reader->layout.rows - row : step;

        if (pf_check_cancel(reader->ctx, err) != PF_OK ||
            pf_source_read_at(reader->src, reader->header.size + row * stride, part, (size_t)(count * stride), err) != PF_OK)
            return err->status;
        for (int64_t i = 0; i < count; i++) {
            if (guess_record(reader, guess, part + i * stride, memo, err) != PF_OK)
                return err->status;
        }
    }
    return PF_OK;
}

static enum pf_status guess_encoding(struct dbf_reader *reader, struct pf_error *err)
{
    struct pf_memory *memory = &reader->ctx->memory;
    const size_t size = (SCAN_BYTES / reader->header.record + 1) * (size_t)reader->header.record + DBF_PAD;
    const char *encoding = "windows-1252";
    struct dbf_guess guess;
    struct pf_buffer memo;
    uint8_t *part = pf_alloc(memory, size);

    pf_buffer_init(&memo, memory, SIZE_MAX);
    if (part == NULL || !dbf_guess_begin(&guess, memory)) {
        pf_free(memory, part);
        return pf_fail_memory(err, size);
    }
    for (uint32_t i = 0; i < reader->header.field_count; i++)
        dbf_guess_add(&guess, reader->header.fields[i].raw_name, reader->header.fields[i].raw_size);
    if (guess_records(reader, &guess, part, &memo, err) == PF_OK)
        (void)dbf_guess_end(&guess, memory, &encoding, err);
    reader->encoding_from = guess.high ? "the text" : "nothing: all is ASCII";
    dbf_guess_free(&guess, memory);
    pf_buffer_free(&memo);
    pf_free(memory, part);
    return err->status == PF_OK ? dbf_code_page_make(&reader->page, memory, encoding, err) : err->status;
}

enum pf_status dbf_find_encoding(struct dbf_reader *reader, struct pf_error *err)
{
    struct pf_memory *memory = &reader->ctx->memory;
    const char *named = reader->options->encoding;
    bool by_cpg;

    reader->encoding_from = "--encoding";
    if (named != NULL && named[0] != '\0')
        return dbf_code_page_make(&reader->page, memory, named, err);
    reader->encoding_from = "language byte";
    named = dbf_language_encoding(reader->header.language);
    if (named != NULL)
        return dbf_code_page_make(&reader->page, memory, named, err);
    if (take_cpg(reader, &by_cpg, err) != PF_OK || by_cpg)
        return err->status;
    return guess_encoding(reader, err);
}
