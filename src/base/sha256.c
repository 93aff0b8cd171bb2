#include "base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 64, ROUNDS = 64, PART = 1 << 20 };

static const uint32_t constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turn(uint32_t word, int by)
{
    return word >> by | word << (32 - by);
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* The names of the words are those of the standard. */
static void add_block(uint32_t state[8], const uint8_t *block)
{
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    uint32_t w[ROUNDS];

    for (int t = 0; t < 16; t++)
        w[t] = big_endian(block + (size_t)t * 4);
    for (int t = 16; t < ROUNDS; t++) {
        uint32_t s0 = turn(w[t - 15], 7) ^ turn(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = turn(w[t - 2], 17) ^ turn(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    for (int t = 0; t < ROUNDS; t++) {
        uint32_t t1 = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + constants[t] + w[t];
        uint32_t t2 = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

void pf_sha256_begin(struct pf_sha256 *sum)
{
    static const uint32_t initial[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

    memcpy(sum->state, initial, sizeof initial);
    sum->size = 0;
}

void pf_sha256_add(struct pf_sha256 *sum, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    size_t held = sum->size % BLOCK;

    sum->size += size;
    if (held > 0) {
        size_t part = size < BLOCK - held ? size : BLOCK - held;
        memcpy(sum->block + held, at, part);
        if (held + part < BLOCK)
            return;
        add_block(sum->state, sum->block);
        at += part;
        size -= part;
    }
    for (; size >= BLOCK; size -= BLOCK, at += BLOCK)
        add_block(sum->state, at);
    if (size > 0)
        memcpy(sum->block, at, size);
}

void pf_sha256_end(struct pf_sha256 *sum, char text[PF_SHA256_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    static const uint8_t padding[BLOCK] = { 0x80 };
    uint64_t bits = sum->size * 8;
    size_t held = sum->size % BLOCK;
    uint8_t length[8];

    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    /* One bit, then zeros until the length ends a block. */
    pf_sha256_add(sum, padding, held < 56 ? 56 - held : 120 - held);
    pf_sha256_add(sum, length, sizeof length);
    for (size_t i = 0; i < PF_SHA256_TEXT - 1; i++)
        text[i] = digits[sum->state[i / 8] >> (28 - 4 * (i % 8)) & 15];
    text[PF_SHA256_TEXT - 1] = '\0';
}

/* ---- files */

static enum pf_status add_file(struct pf_context *ctx, struct pf_sha256 *sum, int file, const char *path, uint8_t *part,
                               struct pf_error *err)
{
    while (pf_check_cancel(ctx, err) == PF_OK) {
        ssize_t got = read(file, part, PART);
        if (got == 0)
            return PF_OK;
        if (got > 0)
            pf_sha256_add(sum, part, (size_t)got);
        else if (errno != EINTR)
            return pf_fail_io(err, errno, "read", path);
    }
    return err->status;
}

/* Negative = err tells why not. */
static int open_regular(const char *path, struct pf_error *err)
{
    struct stat before, opened;
    int file;

    if (stat(path, &before) != 0) {
        pf_fail_io(err, errno, "open", path);
        return -1;
    }
    if (!S_ISREG(before.st_mode)) {
        pf_fail(err, PF_UNSUPPORTED, "it is no file");
        return -1;
    }
    file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        pf_fail_io(err, errno, "open", path);
        return -1;
    }
    /* another may stand there by now */
    if (fstat(file, &opened) == 0 && S_ISREG(opened.st_mode))
        return file;
    (void)close(file);
    pf_fail(err, PF_UNSUPPORTED, "it is no file");
    return -1;
}

enum pf_status pf_sha256_file(struct pf_context *ctx, const char *path, char text[PF_SHA256_TEXT], int64_t *size,
                              struct pf_error *err)
{
    uint8_t *part;
    struct pf_sha256 sum;
    int file;

    pf_error_clear(err);
    file = open_regular(path, err);
    if (file < 0)
        return err->status;
    part = pf_alloc(&ctx->memory, PART);
    if (part == NULL) {
        pf_fail_memory(err, PART);
    } else {
        pf_sha256_begin(&sum);
        if (add_file(ctx, &sum, file, path, part, err) == PF_OK) {
            *size = (int64_t)sum.size;
            pf_sha256_end(&sum, text);
        }
    }
    pf_free(&ctx->memory, part);
    (void)close(file);
    return err->status;
}
