/* Runs a fuzz target over files without a fuzzer: every file as it is, cut short at some places, and damaged at some.
 *
 *   replay_NAME [FILE or FOLDER...]
 *
 * What is not there is skipped, so that a target without a corpus still runs over the empty input. Exit 1 when a file cannot be read;
 * what a target finds ends the process. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PLACES = 16, PATH_ROOM = 4096 };

struct counts {
    unsigned long files, inputs;
    int failed;
};

/* The target gets memory of exactly size bytes, so that a sanitizer sees the first byte read beyond. */
static void run(const uint8_t *bytes, size_t size, struct counts *counts)
{
    uint8_t *copy = calloc(1, size != 0 ? size : 1);

    if (!copy)
        abort();
    if (size != 0)
        memcpy(copy, bytes, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    counts->inputs++;
}

static void run_variants(uint8_t *bytes, size_t size, struct counts *counts)
{
    size_t step = size / PLACES + 1;

    run(bytes, size, counts);
    for (size_t at = 0; at < size; at += step) {
        uint8_t kept = bytes[at];

        run(bytes, at, counts);
        bytes[at] ^= (uint8_t)(1u << (at % 8));
        run(bytes, size, counts);
        bytes[at] = 0xFF;
        run(bytes, size, counts);
        bytes[at] = kept;
    }
}

static void run_file(const char *path, size_t size, struct counts *counts)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(size + 1);

    if (!bytes)
        abort();
    if (!file || fread(bytes, 1, size, file) != size) {
        fprintf(stderr, "cannot read %s\n", path);
        counts->failed = 1;
    } else {
        run_variants(bytes, size, counts);
        counts->files++;
    }
    if (file)
        fclose(file);
    free(bytes);
}

static void run_path(const char *path, struct counts *counts)
{
    struct dirent *entry;
    struct stat info;
    DIR *folder;

    if (stat(path, &info) != 0)
        return;
    if (!S_ISDIR(info.st_mode)) {
        run_file(path, (size_t)info.st_size, counts);
        return;
    }
    folder = opendir(path);
    while (folder && (entry = readdir(folder)) != NULL) {
        char inner[PATH_ROOM];
        int length = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);

        if (entry->d_name[0] == '.' || length < 0 || (size_t)length >= sizeof inner || stat(inner, &info) != 0)
            continue;
        if (S_ISREG(info.st_mode))
            run_file(inner, (size_t)info.st_size, counts);
    }
    if (folder)
        closedir(folder);
}

int main(int argc, char **argv)
{
    struct counts counts = { 0 };

    run((const uint8_t *)"", 0, &counts);
    for (int i = 1; i < argc; i++)
        run_path(argv[i], &counts);
    printf("%lu files, %lu inputs\n", counts.files, counts.inputs);
    return counts.failed;
}
