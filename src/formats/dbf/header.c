/* The header of a table: its version, its fields, and how each of them is stored. */
#include <stdio.h>
#include <string.h>

#include "formats/dbf/dbf.h"

enum {
    FIELD_2 = 16, /* bytes of a field's description in level 2 */
    FIELD_7 = 48,
    HEAD_2 = 8,
    HEAD_7 = 68,
    FIELDS_2 = 32,
    HEADER_2 = 521, /* always, in level 2 */
    END_OF_FIELDS = 0x0D,
    FLAG_HIDDEN = 1,
    FLAG_NULLS = 2,
    FLAG_BINARY = 4,
    BACKLINK = 263,
    DIGITS_OF_INT64 = 18, /* every whole number of so many fits */
    DECIMAL_DIGITS = 38
};

struct version {
    uint8_t byte;
    const char *name;
};

static const struct version versions[] = {
    { 0x02, "dBase II" },
    { 0x03, "dBase III, without memos" },
    { 0x04, "dBase IV or 7, without memos" },
    { 0x05, "dBase V, without memos" },
    { 0x07, "Visual Objects, without memos" },
    { 0x13, "dBase, without memos" },
    { 0x30, "Visual FoxPro" },
    { 0x31, "Visual FoxPro, with autoincrement" },
    { 0x32, "Visual FoxPro, with varchar" },
    { 0x43, "dBase IV SQL table, without memos" },
    { 0x63, "dBase IV SQL system file, without memos" },
    { 0x7B, "dBase IV, with memos" },
    { 0x83, "dBase III or FoxBase, with memos" },
    { 0x87, "Visual Objects, with memos" },
    { 0x8B, "dBase IV, with memos" },
    { 0x8C, "dBase 7, with memos" },
    { 0x8E, "dBase IV SQL table" },
    { 0xCB, "dBase IV SQL table, with memos" },
    { 0xE5, "HiPer-Six, with memos" },
    { 0xF5, "FoxPro 2, with memos" },
    { 0xFB, "FoxBase" },
};

const char *dbf_version_name(uint8_t version)
{
    for (size_t i = 0; i < PF_COUNT(versions); i++) {
        if (versions[i].byte == version)
            return versions[i].name;
    }
    return NULL;
}

static uint32_t get16(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) | get16(at + 2) << 16;
}

/* Where the descriptions of fields are, and how long each is. */
struct shape {
    uint32_t begin, step;
};

static struct shape shape_of(enum dbf_level level)
{
    if (level == DBF_LEVEL_2)
        return (struct shape){ HEAD_2, FIELD_2 };
    return level == DBF_LEVEL_7 ? (struct shape){ HEAD_7, FIELD_7 } : (struct shape){ DBF_HEAD, DBF_HEAD };
}

static uint32_t name_size(const uint8_t *name, uint32_t room)
{
    uint32_t size = 0;

    while (size < room && name[size] != 0)
        size++;
    while (size != 0 && name[size - 1] == ' ')
        size--;
    return size;
}

/* One description. long_text: the decimals of a text are the higher byte of its length, as Clipper and FoxPro have it. */
static void read_field(struct dbf_field *field, const uint8_t *at, enum dbf_level level, bool long_text)
{
    const uint32_t room = level == DBF_LEVEL_7 ? 32 : 11;

    memset(field, 0, sizeof *field);
    field->raw_size = (uint8_t)name_size(at, room);
    memcpy(field->raw_name, at, field->raw_size);
    field->type = (char)at[room];
    field->null_bit = field->length_bit = -1;
    if (level == DBF_LEVEL_2) {
        field->size = at[12];
        field->decimals = at[15];
    } else if (level == DBF_LEVEL_7) {
        field->size = at[33];
        field->decimals = at[34];
    } else {
        field->size = at[16];
        field->decimals = at[17];
        field->flags = at[18];
    }
    if (field->type == 'C' && level != DBF_LEVEL_2 && long_text)
        field->size |= (uint32_t)field->decimals << 8;
}

static bool ends_fields(uint8_t byte)
{
    return byte == END_OF_FIELDS || byte == 0;
}

/* Counts the fields, and the bytes of a record that they make. */
static uint32_t count_fields(const uint8_t *bytes, size_t size, enum dbf_level level, bool long_text, uint64_t *record)
{
    const struct shape shape = shape_of(level);
    uint32_t count = 0;
    struct dbf_field field;

    *record = 1;
    for (size_t at = shape.begin; at + shape.step <= size && !ends_fields(bytes[at]); at += shape.step) {
        if (level == DBF_LEVEL_2 && count == FIELDS_2)
            break;
        read_field(&field, bytes + at, level, long_text);
        *record += field.size;
        count++;
    }
    return count;
}

/* Of the ways to read the descriptions, the one that gives the record's size. */
static bool find_shape(const struct dbf_header *header, const uint8_t *bytes, size_t size, enum dbf_level *level,
                       bool *long_text, uint64_t *record)
{
    const bool may_be_7 = (header->version & 7) == 4;

    if (header->version == 0x02) {
        *level = DBF_LEVEL_2;
        *long_text = false;
        return count_fields(bytes, size, *level, false, record) != 0 && *record == header->record;
    }
    for (int attempt = may_be_7 ? 0 : 1; attempt < 3; attempt++) {
        *level = attempt == 0 ? DBF_LEVEL_7 : DBF_LEVEL_3;
        *long_text = attempt == 1 || attempt == 0;
        if (count_fields(bytes, size, *level, *long_text, record) != 0 && *record == header->record)
            return true;
    }
    return false;
}

/* ---- types */

/* A number that is too large for its decimals is stored with fewer of them, or none: then every byte is a digit before the point. */
static void set_number(struct dbf_field *field)
{
    const uint32_t digits = field->size + field->decimals;

    if (field->decimals >= DECIMAL_DIGITS || field->size > DECIMAL_DIGITS) {
        field->way = DBF_FLOAT;
        field->field.type = PF_TYPE_FLOAT64;
    } else if (field->decimals == 0 && digits <= DIGITS_OF_INT64) {
        field->way = DBF_DIGITS;
        field->field.type = PF_TYPE_INT64;
    } else {
        field->way = DBF_DECIMAL;
        field->field.type = PF_TYPE_DECIMAL128;
        field->field.precision = (uint8_t)(digits < DECIMAL_DIGITS ? digits : DECIMAL_DIGITS);
        field->field.scale = (int8_t)field->decimals;
    }
}

static void set_way(struct dbf_field *field, enum dbf_way way, enum pf_type type)
{
    field->way = way;
    field->field.type = type;
}

/* Of types whose size is fixed. */
struct fixed {
    char type;
    uint8_t size;
    uint8_t way, way_7;
    uint8_t kind;
};

static const struct fixed fixed_types[] = {
    { 'D', 8, DBF_DAY, DBF_DAY, PF_TYPE_DATE32 },
    { 'L', 1, DBF_LOGICAL, DBF_LOGICAL, PF_TYPE_BOOL },
    { 'I', 4, DBF_INT32, DBF_INT32_LEVEL_7, PF_TYPE_INT32 },
    { '+', 4, DBF_INT32, DBF_INT32_LEVEL_7, PF_TYPE_INT32 },
    { 'O', 8, DBF_DOUBLE, DBF_DOUBLE_LEVEL_7, PF_TYPE_FLOAT64 },
    { 'B', 8, DBF_DOUBLE, DBF_DOUBLE, PF_TYPE_FLOAT64 },
    { 'Y', 8, DBF_CURRENCY, DBF_CURRENCY, PF_TYPE_DECIMAL128 },
    { 'T', 8, DBF_MOMENT, DBF_MOMENT, PF_TYPE_TIMESTAMP },
    { '@', 8, DBF_MOMENT, DBF_MOMENT_LEVEL_7, PF_TYPE_TIMESTAMP },
};

static bool set_fixed(struct dbf_field *field, enum dbf_level level)
{
    for (size_t i = 0; i < PF_COUNT(fixed_types); i++) {
        const struct fixed *fixed = &fixed_types[i];

        if (fixed->type != field->type || fixed->size != field->size)
            continue;
        set_way(field, level == DBF_LEVEL_7 ? fixed->way_7 : fixed->way, fixed->kind);
        if (field->type == 'Y') {
            field->field.precision = 19;
            field->field.scale = 4;
        }
        return true;
    }
    return false;
}

static bool is_memo_size(const struct dbf_field *field)
{
    return field->size == 10 || field->size == 4;
}

/* false = there is no such type, or not in this size. */
static bool set_type(struct dbf_field *field, const struct dbf_header *header)
{
    const bool binary = (field->flags & FLAG_BINARY) != 0 && dbf_is_visual(header);

    if (set_fixed(field, header->level))
        return true;
    switch (field->type) {
    case 'C':
        set_way(field, DBF_TEXT, PF_TYPE_STRING);
        return true;
    case 'V':
        set_way(field, DBF_TEXT_VARYING, PF_TYPE_STRING);
        return true;
    case 'Q':
        set_way(field, DBF_BYTES_VARYING, PF_TYPE_BINARY);
        return true;
    case 'N':
        set_number(field);
        return true;
    case 'F':
        set_way(field, DBF_FLOAT, PF_TYPE_FLOAT64);
        return true;
    case 'M':
        set_way(field, binary ? DBF_MEMO_BYTES : DBF_MEMO_TEXT, binary ? PF_TYPE_BINARY : PF_TYPE_STRING);
        return is_memo_size(field);
    case 'B':
    case 'G':
    case 'P':
    case 'W':
        set_way(field, DBF_MEMO_BYTES, PF_TYPE_BINARY);
        return is_memo_size(field);
    case '0':
        set_way(field, DBF_HIDDEN, PF_TYPE_BINARY);
        return true;
    default:
        return false;
    }
}

static enum pf_status fail_type(const struct dbf_field *field, struct pf_error *err)
{
    const bool known = field->type != 0 && strchr("DLI+OBYT@MGPW", field->type) != NULL;
    const unsigned byte = (uint8_t)field->type;

    if (known)
        pf_fail(err, PF_BAD_DATA, "the field %.32s is of type %c and %u bytes, which that type is not",
                (const char *)field->raw_name, field->type, field->size);
    else if (byte > ' ' && byte < 0x7F)
        pf_fail(err, PF_UNSUPPORTED, "the field %.32s is of type %c, which is not known", (const char *)field->raw_name,
                field->type);
    else
        pf_fail(err, PF_BAD_DATA, "the field %.32s is of type 0x%02x, which is none", (const char *)field->raw_name, byte);
    pf_remedy(err, "the header may be damaged, or the file may be no dBase table");
    return err->status;
}

/* Bits of the null flags, in the order of the fields: first whether the length is stored, then whether there is no value. */
static enum pf_status number_bits(struct dbf_header *header, struct pf_error *err)
{
    int32_t bits = 0;

    for (uint32_t i = 0; i < header->field_count; i++) {
        if (header->fields[i].type == '0' && header->fields[i].raw_size == 10 &&
            memcmp(header->fields[i].raw_name, "_NullFlags", 10) == 0)
            header->nulls = &header->fields[i];
    }
    for (uint32_t i = 0; i < header->field_count && header->nulls != NULL; i++) {
        struct dbf_field *field = &header->fields[i];

        if (field->way == DBF_TEXT_VARYING || field->way == DBF_BYTES_VARYING)
            field->length_bit = bits++;
        if ((field->flags & FLAG_NULLS) != 0 && field->way != DBF_HIDDEN)
            field->null_bit = bits++;
    }
    if (header->nulls != NULL && (uint32_t)(bits + 7) / 8 > header->nulls->size)
        return pf_fail(err, PF_BAD_DATA, "there are %u bytes of null flags for %d bits", header->nulls->size, bits);
    return PF_OK;
}

static enum pf_status read_fields(struct dbf_header *header, struct pf_arena *arena, const uint8_t *bytes, size_t size,
                                  bool long_text, struct pf_error *err)
{
    const struct shape shape = shape_of(header->level);
    uint64_t record;
    uint32_t at = 1;

    header->field_count = count_fields(bytes, size, header->level, long_text, &record);
    header->fields = pf_arena_alloc_zero(arena, header->field_count, sizeof *header->fields);
    if (header->fields == NULL)
        return pf_fail_memory(err, header->field_count * sizeof *header->fields);
    for (uint32_t i = 0; i < header->field_count; i++) {
        struct dbf_field *field = &header->fields[i];

        read_field(field, bytes + shape.begin + (size_t)i * shape.step, header->level, long_text);
        field->at = at;
        at += field->size;
        if (field->size == 0)
            return pf_fail(err, PF_BAD_DATA, "the field %.32s has no bytes", (const char *)field->raw_name);
        if (!set_type(field, header))
            return fail_type(field, err);
    }
    return number_bits(header, err);
}

/* ---- the head */

static void read_date(struct dbf_header *header, const uint8_t *at, bool level_2)
{
    header->year = 1900 + at[level_2 ? 2 : 0];
    header->month = at[level_2 ? 0 : 1];
    header->day = at[level_2 ? 1 : 2];
    /* Programs count years from 1900, but some of this century write those of it only. */
    if (header->year < 1980)
        header->year += 100;
}

static enum pf_status read_head(struct dbf_header *header, const uint8_t *bytes, size_t size, struct pf_error *err)
{
    const bool level_2 = size != 0 && bytes[0] == 0x02;

    if (size < DBF_HEAD) {
        pf_fail(err, PF_BAD_DATA, "the file has %zu bytes: a dBase table has %d at least", size, DBF_HEAD + 1);
        pf_remedy(err, "the file is cut short, or is no dBase table");
        return err->status;
    }
    header->version = bytes[0];
    if (dbf_version_name(bytes[0]) == NULL) {
        pf_fail(err, PF_BAD_DATA, "the file begins with 0x%02x: that is no version of a dBase table", bytes[0]);
        return err->status;
    }
    if (level_2) {
        header->counted = get16(bytes + 1);
        header->size = HEADER_2;
        header->record = get16(bytes + 6);
        read_date(header, bytes + 3, true);
        return PF_OK;
    }
    header->counted = get32(bytes + 4);
    header->size = get16(bytes + 8);
    header->record = get16(bytes + 10);
    header->encrypted = bytes[15];
    header->mdx = bytes[28];
    header->language = bytes[29];
    read_date(header, bytes + 1, false);
    return PF_OK;
}

static enum pf_status check_head(const struct dbf_header *header, size_t size, struct pf_error *err)
{
    if (header->size > size) {
        pf_fail(err, PF_BAD_DATA, "the header has %u bytes by what it says, and the file %zu", header->size, size);
        pf_remedy(err, "the file is cut short, or is no dBase table");
    } else if (header->size <= DBF_HEAD) {
        pf_fail(err, PF_BAD_DATA, "the header has %u bytes by what it says: there is no room for fields", header->size);
    } else if (header->record < 2) {
        pf_fail(err, PF_BAD_DATA, "records have %u bytes by what the header says: the table has no columns", header->record);
    } else if (header->encrypted == 1 && !dbf_is_visual(header)) {
        pf_fail(err, PF_UNSUPPORTED, "the table is encrypted");
        pf_remedy(err, "have the program that wrote it write it once more without a password");
    } else {
        return PF_OK;
    }
    return err->status;
}

static void read_rest(struct dbf_header *header, const uint8_t *bytes)
{
    if (header->level == DBF_LEVEL_7)
        memcpy(header->driver, bytes + DBF_HEAD, sizeof header->driver - 1);
    if (dbf_is_visual(header) && header->size > DBF_HEAD + BACKLINK)
        memcpy(header->backlink, bytes + header->size - BACKLINK, BACKLINK);
}

enum pf_status dbf_header_read(struct dbf_header *header, struct pf_arena *arena, const uint8_t *bytes, size_t size,
                               struct pf_error *err)
{
    bool long_text = true;
    uint64_t record = 0;

    memset(header, 0, sizeof *header);
    if (read_head(header, bytes, size, err) != PF_OK || check_head(header, size, err) != PF_OK)
        return err->status;
    if (!find_shape(header, bytes, header->size, &header->level, &long_text, &record)) {
        pf_fail(err, PF_BAD_DATA, "the fields make records of %llu bytes, but the header says %u", (unsigned long long)record,
                header->record);
        pf_remedy(err, "the header may be damaged, or the file may be no dBase table");
        return err->status;
    }
    if (read_fields(header, arena, bytes, header->size, long_text, err) != PF_OK)
        return err->status;
    read_rest(header, bytes);
    return PF_OK;
}
