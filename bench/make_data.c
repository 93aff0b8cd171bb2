/* Makes the inputs of the benchmark. Deterministic: the same arguments give the same bytes on every machine.
 *
 *   make_data KIND ROWS [--late one|all] > file.csv
 *
 * - mixed: 12 columns, about 171 bytes a row: sequential and random integers, money, 15-17 digit floats, date, timestamp, bool, category,
 *   UTF-8 names, text with quotes and newlines, nulls
 * - numeric: 10 numeric columns, about 97 bytes a row
 * - wide: 500 columns of eight kinds, about 3.3 kB a row
 * - text: 3 columns, one of them 2 to 18 kB of text a row
 * - newlines: 4 columns, two quoted with newlines and doubled quotes in every row
 * - taxi: 19 columns shaped like the trip records of New York's taxis, about 101 bytes a row
 *
 * --late: in the last row the integer column "quantity" (one), or every integer column (all), of mixed holds a text. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "values.h"

enum { OUT_SIZE = 1 << 20, ROW_ROOM = 1 << 16, WIDE_COLUMNS = 500 };

static void flush(struct out *out)
{
    if (fwrite(out->bytes, 1, out->size, stdout) != out->size) {
        perror("make_data");
        exit(1);
    }
    out->size = 0;
}

/* 30 to 55 bytes; a quarter stands in quotes, with a comma, a doubled quote or a newline in it. */
static void put_comment(struct out *out)
{
    uint32_t kind = below(out, 16);

    if (kind < 4)
        put(out, '"');
    put_words(out, 15 + below(out, 12));
    switch (kind) {
    case 0:
        put_text(out, ", \"\"as agreed\"\" ");
        break;
    case 1:
        put_text(out, "\nsecond line ");
        break;
    case 2:
    case 3:
        put_text(out, ", see above ");
        break;
    default:
        put_text(out, kind < 6 ? " – naïve café " : " and so on ");
    }
    put_words(out, 8 + below(out, 12));
    if (kind < 4)
        put(out, '"');
}

/* ---- kinds: a header and a row each */

static void mixed_header(struct out *out)
{
    put_text(out, "id,token,amount,ratio,order_date,created_at,active,category,customer,quantity,discount,comment\n");
}

static void mixed_row(struct out *out, uint64_t row, const char *late)
{
    bool all = late && strcmp(late, "all") == 0;

    if (all)
        put_text(out, "none");
    else
        put_number(out, row + 1, 1);
    put(out, ',');
    if (all)
        put_text(out, "none");
    else
        put_number(out, next(out) >> 1, 1);
    put(out, ',');
    put_fixed(out, below(out, 10000000), 2);
    put(out, ',');
    put_ratio(out);
    put(out, ',');
    put_date(out, below(out, 3650));
    put(out, ',');
    put_date(out, below(out, 3650));
    put(out, ' ');
    put_time(out, below(out, 86400));
    put(out, '.');
    put_number(out, below(out, 1000000), 6);
    put_text(out, below(out, 3) ? ",true," : ",false,");
    put_text(out, categories[below(out, CATEGORIES)]);
    put(out, ',');
    put_text(out, names[below(out, NAMES)]);
    put(out, ',');
    if (late)
        put_text(out, "none");
    else if (below(out, 10))
        put_number(out, below(out, 500), 1);
    put(out, ',');
    if (below(out, 3) == 0)
        put_fixed(out, below(out, 50), 2);
    put(out, ',');
    if (below(out, 20))
        put_comment(out);
    put(out, '\n');
}

static void numeric_header(struct out *out)
{
    put_text(out, "id,small,large,negative,percent,price,ratio,measure,count,code\n");
}

static void numeric_row(struct out *out, uint64_t row, const char *late)
{
    (void)late;
    put_number(out, row, 1);
    put(out, ',');
    put_number(out, below(out, 100), 1);
    put(out, ',');
    put_number(out, next(out) >> 4, 1);
    put_text(out, ",-");
    put_number(out, 1 + below(out, 1000000), 1);
    put(out, ',');
    put_fixed(out, below(out, 1000), 1);
    put(out, ',');
    put_fixed(out, below(out, 100000000), 2);
    put(out, ',');
    put_ratio(out);
    put(out, ',');
    put_fixed(out, 1000000 + below(out, 4000000000u), 6);
    put(out, ',');
    put_number(out, below(out, 65536), 1);
    put(out, ',');
    put_number(out, 100000 + below(out, 900000), 1);
    put(out, '\n');
}

static void wide_header(struct out *out)
{
    for (int i = 0; i < WIDE_COLUMNS; i++) {
        put_text(out, i ? ",column_" : "column_");
        put_number(out, (uint64_t)i, 3);
    }
    put(out, '\n');
}

static void wide_row(struct out *out, uint64_t row, const char *late)
{
    (void)late;
    for (int i = 0; i < WIDE_COLUMNS; i++) {
        if (i)
            put(out, ',');
        switch (i % 8) {
        case 0:
            put_number(out, row + (uint64_t)i, 1);
            break;
        case 1:
            put_fixed(out, below(out, 100000), 2);
            break;
        case 2:
            put_text(out, categories[below(out, CATEGORIES)]);
            break;
        case 3:
            put_number(out, below(out, 1000), 1);
            break;
        case 4:
            put_text(out, below(out, 2) ? "true" : "false");
            break;
        case 5:
            put_date(out, below(out, 3650));
            break;
        case 6:
            if (below(out, 4))
                put_number(out, below(out, 10), 1);
            break;
        default:
            put_text(out, words[below(out, WORDS)]);
        }
    }
    put(out, '\n');
}

static void text_header(struct out *out)
{
    put_text(out, "id,title,body\n");
}

static void text_row(struct out *out, uint64_t row, const char *late)
{
    (void)late;
    put_number(out, row, 1);
    put(out, ',');
    put_words(out, 30);
    put_text(out, ",\"");
    for (uint32_t paragraphs = 1 + below(out, 8); paragraphs > 0; paragraphs--) {
        put_words(out, 2000 + below(out, 250));
        put_text(out, paragraphs > 1 ? ", \"\"naïve\"\":\n" : ".");
    }
    put_text(out, "\"\n");
}

static void newlines_header(struct out *out)
{
    put_text(out, "id,note,address,amount\n");
}

static void newlines_row(struct out *out, uint64_t row, const char *late)
{
    (void)late;
    put_number(out, row, 1);
    put_text(out, ",\"");
    for (uint32_t lines = 1 + below(out, 6); lines > 0; lines--) {
        put_words(out, 20);
        put_text(out, lines % 2 ? "\n" : " \"\"so\"\"\n");
    }
    put_text(out, "\",\"");
    put_text(out, names[below(out, NAMES)]);
    put_text(out, "\n");
    put_number(out, 1 + below(out, 200), 1);
    put_text(out, " Main Street, Springfield\",");
    put_fixed(out, below(out, 1000000), 2);
    put(out, '\n');
}

static void taxi_header(struct out *out)
{
    put_text(out,
             "VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,passenger_count,trip_distance,RatecodeID,store_and_fwd_flag,"
             "PULocationID,DOLocationID,payment_type,fare_amount,extra,mta_tax,tip_amount,tolls_amount,improvement_surcharge,"
             "total_amount,congestion_surcharge,airport_fee\n");
}

static void taxi_row(struct out *out, uint64_t row, const char *late)
{
    uint32_t day = (uint32_t)(row / 100000 % 365) + 2922; /* trips come in the order of their days */
    uint32_t pickup = below(out, 82000);
    uint32_t fare = 300 + below(out, 6000);
    uint32_t tip = below(out, 3) ? below(out, 1000) : 0;

    (void)late;
    put_number(out, 1 + below(out, 2), 1);
    put(out, ',');
    put_date(out, day);
    put(out, ' ');
    put_time(out, pickup);
    put(out, ',');
    put_date(out, day);
    put(out, ' ');
    put_time(out, pickup + 120 + below(out, 4000));
    put(out, ',');
    if (below(out, 25))
        put_number(out, 1 + below(out, 6), 1);
    put(out, ',');
    put_fixed(out, below(out, 2500), 2);
    put(out, ',');
    put_number(out, 1 + below(out, 5), 1);
    put_text(out, below(out, 50) ? ",N," : ",Y,");
    put_number(out, 1 + below(out, 265), 1);
    put(out, ',');
    put_number(out, 1 + below(out, 265), 1);
    put(out, ',');
    put_number(out, 1 + below(out, 4), 1);
    put(out, ',');
    put_fixed(out, fare, 2);
    put_text(out, below(out, 2) ? ",0.5,0.5," : ",2.5,0.5,");
    put_fixed(out, tip, 2);
    put_text(out, below(out, 20) ? ",0.0,0.3," : ",6.55,0.3,");
    put_fixed(out, fare + tip + 130, 2);
    put_text(out, below(out, 8) ? ",2.5,0.0\n" : ",0.0,1.25\n");
}

struct kind {
    const char *name;
    void (*header)(struct out *out);
    void (*row)(struct out *out, uint64_t row, const char *late);
};

static const struct kind kinds[] = {
    { "mixed", mixed_header, mixed_row }, { "numeric", numeric_header, numeric_row },    { "wide", wide_header, wide_row },
    { "text", text_header, text_row },    { "newlines", newlines_header, newlines_row }, { "taxi", taxi_header, taxi_row },
};

static int usage(void)
{
    fputs("usage: make_data mixed|numeric|wide|text|newlines|taxi ROWS [--late one|all] > file.csv\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    const struct kind *kind = NULL;
    const char *late = argc == 5 && strcmp(argv[3], "--late") == 0 ? argv[4] : NULL;
    struct out out = { .bytes = malloc(OUT_SIZE + ROW_ROOM), .random = 20260101 };
    uint64_t rows;

    if ((argc != 3 && !late) || !out.bytes)
        return usage();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, argv[1]) == 0)
            kind = &kinds[i];
    }
    rows = strtoull(argv[2], NULL, 10);
    if (!kind || rows == 0)
        return usage();
    kind->header(&out);
    for (uint64_t row = 0; row < rows; row++) {
        kind->row(&out, row, row + 1 == rows ? late : NULL);
        if (out.size >= OUT_SIZE)
            flush(&out);
    }
    flush(&out);
    free(out.bytes);
    return fflush(stdout) == 0 ? 0 : 1;
}
