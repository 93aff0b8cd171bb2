#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/slab.h"
#include "base/thread.h"

enum { SMALLEST_LIST = 4 };
enum { ALIGNMENT = 64, POOL_SMALLEST = 64 * 1024, NO_CLASS = PF_POOL_CLASSES };
/* Room for the header, and for what malloc does not align by itself: aligned_alloc would take 256 bytes for 64. */
enum { LEAD = 32, LEAD_MOST = LEAD + ALIGNMENT - (int)_Alignof(max_align_t) };
/* What the pool and what is in use may come to together before buffers go back to the operating system; more only where as much was in
 * use once, so that the process does not grow for buffers of sizes that nobody asks for any more. */
static const size_t kept_anyway = (size_t)84 << 20;
/* Buffers from here on are asked of the operating system itself: the C library would keep them among its small pieces once they are
 * freed, and the process would grow by what lies between. */
static const size_t mapped_from = POOL_SMALLEST;
/* Huge pages serve a job that uses at least this much; a smaller one would pay for memory that it never fills. */
static const size_t huge_from = (size_t)16 << 20;
/* Under a small ceiling, what is left over in a slab would be felt. */
static const size_t huge_limit = (size_t)128 << 20;
static const size_t huge_page = (size_t)2 << 20;

/* Stands in the LEAD bytes before every allocation. */
struct header {
    void *block;       /* as it was given to us */
    size_t mapped;     /* bytes of block; 0 = it is of the C library */
    size_t size;       /* usable bytes after the header */
    uint32_t of_class; /* NO_CLASS = not pooled */
    bool of_slab;
};

_Static_assert(sizeof(struct header) <= LEAD, "the header stands before what is handed out");

struct pf_pooled {
    struct pf_pooled *next;
};

#if defined(__SANITIZE_ADDRESS__)
#define POOL_ALLOWED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_ALLOWED 0 /* a pooled buffer would hide a use after free */
#else
#define POOL_ALLOWED 1
#endif
#else
#define POOL_ALLOWED 1
#endif

static struct header *header_of(const void *pointer)
{
    return (struct header *)(void *)((uintptr_t)pointer - LEAD);
}

/* Classes are 64 KiB, 96 KiB, 128 KiB, 192 KiB, ...: at most a third is wasted. */
static size_t class_size(size_t of_class)
{
    size_t base = (size_t)POOL_SMALLEST << (of_class / 2);

    return (of_class & 1) != 0 ? base + base / 2 : base;
}

static size_t class_for(size_t size)
{
    size_t of_class = 0;

    if (!POOL_ALLOWED || size < POOL_SMALLEST)
        return NO_CLASS;
    while (of_class < PF_POOL_CLASSES && class_size(of_class) < size)
        of_class++;
    return of_class;
}

static void give_to_system(struct header *header)
{
    if (header->of_slab)
        pf_slab_free(header->block, header->mapped);
    else if (header->mapped != 0)
        (void)munmap(header->block, header->mapped);
    else
        free(header->block);
}

bool pf_memory_init(struct pf_memory *memory, size_t limit)
{
    memset(memory, 0, sizeof *memory);
    memory->limit = limit;
    atomic_store(&memory->fail_at, -1);
    memory->lock = pf_mutex_new();
    return memory->lock != NULL;
}

/* What pool and use may come to: what the pool holds is memory of the process, too. */
static size_t kept_most(struct pf_memory *memory)
{
    size_t most = atomic_load_explicit(&memory->peak, memory_order_relaxed);

    most = most > kept_anyway ? most : kept_anyway;
    return most < memory->limit ? most : memory->limit;
}

/* Gives buffers of the pool back, large ones first, until pool and use together come to most at most. */
static void shrink(struct pf_memory *memory, size_t most)
{
    struct pf_pooled *gone = NULL;

    pf_mutex_lock(memory->lock);
    for (size_t i = PF_POOL_CLASSES; i-- > 0;) {
        while (memory->pool[i] != NULL && atomic_load(&memory->held) + atomic_load(&memory->in_use) > most) {
            struct pf_pooled *first = memory->pool[i];

            memory->pool[i] = first->next;
            atomic_fetch_sub(&memory->held, header_of(first)->size);
            first->next = gone;
            gone = first;
        }
    }
    pf_mutex_unlock(memory->lock);
    while (gone != NULL) {
        struct pf_pooled *next = gone->next;

        give_to_system(header_of(gone));
        gone = next;
    }
}

void pf_memory_trim(struct pf_memory *memory)
{
    shrink(memory, 0);
    pf_mutex_lock(memory->lock);
    pf_slab_leave(memory->slab);
    memory->slab = NULL;
    pf_mutex_unlock(memory->lock);
}

void pf_memory_destroy(struct pf_memory *memory)
{
    if (memory->lock == NULL)
        return;
    pf_memory_trim(memory);
    pf_mutex_free(memory->lock);
    memory->lock = NULL;
}

/* Counts size as handed out; false when the ceiling or a test forbids it. */
static bool charge(struct pf_memory *memory, size_t size)
{
    size_t now, peak;

    if (atomic_load_explicit(&memory->fail_at, memory_order_relaxed) >= 0 && atomic_fetch_sub(&memory->fail_at, 1) == 0)
        return false;
    now = atomic_fetch_add(&memory->in_use, size) + size;
    if (now > memory->limit) {
        atomic_fetch_sub(&memory->in_use, size);
        atomic_store(&memory->refused, size);
        return false;
    }
    peak = atomic_load_explicit(&memory->peak, memory_order_relaxed);
    while (now > peak && !atomic_compare_exchange_weak(&memory->peak, &peak, now)) {
    }
    return true;
}

/* From the slab that is being cut, or from the next one. */
static void *cut_from_slab(struct pf_memory *memory, size_t size)
{
    void *piece;

    pf_mutex_lock(memory->lock);
    piece = memory->slab != NULL ? pf_slab_cut(memory->slab, size) : NULL;
    if (piece == NULL) {
        pf_slab_leave(memory->slab);
        memory->slab = pf_slab_new();
        piece = memory->slab != NULL ? pf_slab_cut(memory->slab, size) : NULL;
    }
    pf_mutex_unlock(memory->lock);
    return piece;
}

/* Whether a buffer of this job is worth a huge page; memory NULL = it belongs to no job. */
static bool wants_huge(struct pf_memory *memory)
{
    return memory != NULL && memory->limit >= huge_limit &&
           atomic_load_explicit(&memory->in_use, memory_order_relaxed) >= huge_from;
}

/* A mapping begins at a page: no more than the lead is needed to align what follows. */
static struct header *make_mapped(struct pf_memory *memory, size_t usable)
{
    const size_t lead = ALIGNMENT, size = lead + usable;
    const bool huge = wants_huge(memory), of_slab = huge && size <= PF_SLAB_PIECE_MOST;
    uint8_t *block;
    struct header *header;

    if (of_slab)
        block = cut_from_slab(memory, size);
    else if (huge && size >= huge_page)
        block = pf_map_huge(size);
    else if ((block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) == MAP_FAILED)
        block = NULL;
    if (block == NULL)
        return NULL;
    header = header_of(block + lead);
    header->block = block;
    header->mapped = size;
    header->of_slab = of_slab;
    return header;
}

/* The header of a new allocation; NULL = out of memory. */
static struct header *make(struct pf_memory *memory, size_t usable)
{
    uint8_t *block;
    struct header *header;

    if (POOL_ALLOWED && usable >= mapped_from)
        return make_mapped(memory, usable);
    /* for AddressSanitizer, what follows the allocation must be out of bounds at once */
    block = POOL_ALLOWED ? malloc(LEAD_MOST + usable) : aligned_alloc(ALIGNMENT, ALIGNMENT + usable);
    if (block == NULL)
        return NULL;
    header = header_of((const void *)(((uintptr_t)block + LEAD + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT));
    header->block = block;
    header->mapped = 0;
    header->of_slab = false;
    return header;
}

static struct header *take_from_pool(struct pf_memory *memory, size_t of_class)
{
    struct pf_pooled *first;

    pf_mutex_lock(memory->lock);
    first = memory->pool[of_class];
    if (first != NULL) {
        memory->pool[of_class] = first->next;
        atomic_fetch_sub(&memory->held, class_size(of_class));
    }
    pf_mutex_unlock(memory->lock);
    return first != NULL ? header_of(first) : NULL;
}

void *pf_alloc(struct pf_memory *memory, size_t size)
{
    size_t of_class = class_for(size);
    size_t usable;
    struct header *header = NULL;

    if (size > SIZE_MAX / 2)
        return NULL;
    usable = of_class != NO_CLASS ? class_size(of_class) : (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!charge(memory, usable + PF_ALLOC_OVERHEAD))
        return NULL;
    if (of_class != NO_CLASS)
        header = take_from_pool(memory, of_class);
    if (header == NULL && atomic_load(&memory->held) + atomic_load(&memory->in_use) > kept_most(memory))
        shrink(memory, kept_most(memory));
    if (header == NULL)
        header = make(memory, usable);
    if (header == NULL) {
        atomic_fetch_sub(&memory->in_use, usable + PF_ALLOC_OVERHEAD);
        return NULL;
    }
    header->size = usable;
    header->of_class = (uint32_t)of_class;
    return (uint8_t *)header + LEAD;
}

void *pf_alloc_zero(struct pf_memory *memory, size_t count, size_t size)
{
    void *pointer;

    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    pointer = pf_alloc(memory, count * size);
    if (pointer != NULL)
        memset(pointer, 0, count * size);
    return pointer;
}

size_t pf_alloc_size(const void *pointer)
{
    return header_of(pointer)->size;
}

void *pf_resize(struct pf_memory *memory, void *old, size_t size)
{
    void *pointer;

    if (old != NULL && pf_alloc_size(old) >= size)
        return old;
    pointer = pf_alloc(memory, size);
    if (pointer == NULL)
        return NULL;
    if (old != NULL) {
        memcpy(pointer, old, pf_alloc_size(old));
        pf_free(memory, old);
    }
    return pointer;
}

static bool may_hold(struct pf_memory *memory, const struct header *header)
{
    return header->of_class != NO_CLASS && atomic_load(&memory->held) + atomic_load(&memory->in_use) <= kept_most(memory);
}

void pf_free(struct pf_memory *memory, void *pointer)
{
    struct header *header;

    if (pointer == NULL)
        return;
    header = header_of(pointer);
    if (!may_hold(memory, header)) {
        atomic_fetch_sub(&memory->in_use, header->size + PF_ALLOC_OVERHEAD);
        give_to_system(header);
        return;
    }
    atomic_fetch_sub(&memory->in_use, header->size + PF_ALLOC_OVERHEAD);
    pf_mutex_lock(memory->lock);
    ((struct pf_pooled *)pointer)->next = memory->pool[header->of_class];
    memory->pool[header->of_class] = pointer;
    atomic_fetch_add(&memory->held, header->size);
    pf_mutex_unlock(memory->lock);
}

void pf_disown(struct pf_memory *memory, void *pointer)
{
    if (pointer != NULL)
        atomic_fetch_sub(&memory->in_use, header_of(pointer)->size + PF_ALLOC_OVERHEAD);
}

void pf_free_disowned(void *pointer)
{
    if (pointer != NULL)
        give_to_system(header_of(pointer));
}

void *pf_resize_disowned(void *old, size_t size)
{
    struct header *header;

    if (old != NULL && pf_alloc_size(old) >= size)
        return old;
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    header = make(NULL, size);
    if (header == NULL)
        return NULL;
    header->size = size;
    header->of_class = NO_CLASS;
    if (old != NULL) {
        memcpy((uint8_t *)header + LEAD, old, pf_alloc_size(old));
        pf_free_disowned(old);
    }
    return (uint8_t *)header + LEAD;
}

char *pf_copy_text(struct pf_memory *memory, const char *text, size_t size)
{
    char *copy = pf_alloc(memory, size + 1);

    if (copy != NULL) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

/* ---- buffer */

void pf_buffer_init(struct pf_buffer *buffer, struct pf_memory *memory, size_t limit)
{
    memset(buffer, 0, sizeof *buffer);
    buffer->memory = memory;
    buffer->limit = limit;
}

void pf_buffer_free(struct pf_buffer *buffer)
{
    if (buffer->memory != NULL)
        pf_free(buffer->memory, buffer->data);
    buffer->data = NULL;
    buffer->size = buffer->capacity = 0;
}

bool pf_buffer_reserve(struct pf_buffer *buffer, size_t extra)
{
    size_t need, grown;
    uint8_t *data;

    if (extra <= buffer->capacity - buffer->size)
        return true;
    if (buffer->size > buffer->limit || extra > buffer->limit - buffer->size)
        return false;
    need = buffer->size + extra;
    grown = buffer->capacity + buffer->capacity / 2;
    if (grown > buffer->limit)
        grown = buffer->limit;
    data = pf_resize(buffer->memory, buffer->data, grown > need ? grown : need);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity = pf_alloc_size(data) < buffer->limit ? pf_alloc_size(data) : buffer->limit;
    return true;
}

bool pf_buffer_append(struct pf_buffer *buffer, const void *bytes, size_t size)
{
    if (!pf_buffer_reserve(buffer, size))
        return false;
    if (size != 0)
        memcpy(buffer->data + buffer->size, bytes, size);
    buffer->size += size;
    return true;
}

bool pf_buffer_append_text(struct pf_buffer *buffer, const char *text)
{
    return pf_buffer_append(buffer, text, strlen(text));
}

bool pf_buffer_printf(struct pf_buffer *buffer, const char *format, ...)
{
    va_list args, again;
    int length;
    bool ok = false;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length >= 0 && pf_buffer_reserve(buffer, (size_t)length + 1)) {
        (void)vsnprintf((char *)buffer->data + buffer->size, (size_t)length + 1, format, again);
        buffer->size += (size_t)length;
        ok = true;
    }
    va_end(again);
    return ok;
}

char *pf_buffer_take_text(struct pf_buffer *buffer)
{
    char *text;

    if (!pf_buffer_append(buffer, "", 1))
        return NULL;
    text = (char *)buffer->data;
    buffer->data = NULL;
    buffer->size = buffer->capacity = 0;
    return text;
}

/* ---- arena */

struct pf_arena_piece {
    struct pf_arena_piece *next;
};

void pf_arena_init(struct pf_arena *arena, struct pf_memory *memory, size_t limit)
{
    memset(arena, 0, sizeof *arena);
    arena->memory = memory;
    arena->limit = limit;
}

static bool arena_grow(struct pf_arena *arena, size_t size)
{
    size_t piece_size = arena->total < POOL_SMALLEST ? 4096 : POOL_SMALLEST;
    struct pf_arena_piece *piece;

    if (size + ALIGNMENT > piece_size)
        piece_size = size + ALIGNMENT;
    if (arena->total > arena->limit || piece_size > arena->limit - arena->total)
        return false;
    piece = pf_alloc(arena->memory, piece_size);
    if (piece == NULL)
        return false;
    piece->next = arena->pieces;
    arena->pieces = piece;
    arena->next = (uint8_t *)piece + ALIGNMENT;
    arena->end = (uint8_t *)piece + pf_alloc_size(piece);
    arena->total += piece_size;
    return true;
}

void *pf_arena_alloc(struct pf_arena *arena, size_t size)
{
    size_t whole = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *pointer;

    if (size > SIZE_MAX / 2)
        return NULL;
    if (arena->next == NULL || (size_t)(arena->end - arena->next) < whole) {
        if (!arena_grow(arena, whole))
            return NULL;
    }
    pointer = arena->next;
    arena->next += whole;
    return pointer;
}

void *pf_arena_alloc_zero(struct pf_arena *arena, size_t count, size_t size)
{
    void *pointer;

    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    pointer = pf_arena_alloc(arena, count * size);
    if (pointer != NULL)
        memset(pointer, 0, count * size);
    return pointer;
}

char *pf_arena_copy(struct pf_arena *arena, const char *text, size_t size)
{
    char *copy = pf_arena_alloc(arena, size + 1);

    if (copy != NULL) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

void *pf_arena_grow(struct pf_arena *arena, void *list, uint32_t count, uint32_t *capacity, size_t size)
{
    uint32_t larger = *capacity < SMALLEST_LIST / 2 ? SMALLEST_LIST : *capacity * 2;
    uint8_t *grown;

    if (count < *capacity)
        return list;
    if (larger <= *capacity)
        return NULL;
    grown = pf_arena_alloc_zero(arena, larger, size);
    if (grown == NULL)
        return NULL;
    if (count != 0)
        memcpy(grown, list, count * size);
    *capacity = larger;
    return grown;
}

bool pf_arena_list_add(struct pf_arena *arena, const char ***list, uint32_t *count, const char *text)
{
    const char *copy = pf_arena_copy(arena, text, strlen(text));

    if (copy == NULL)
        return false;
    /* room for 4, 8, 16, ... entries: it is full when count is one of these */
    if (*count == 0 || (*count >= SMALLEST_LIST && (*count & (*count - 1)) == 0)) {
        uint32_t capacity = *count;
        const char **grown = pf_arena_grow(arena, (void *)*list, *count, &capacity, sizeof *grown);

        if (grown == NULL)
            return false;
        *list = grown;
    }
    (*list)[(*count)++] = copy;
    return true;
}

void pf_arena_free(struct pf_arena *arena)
{
    while (arena->pieces != NULL) {
        struct pf_arena_piece *first = arena->pieces;
        arena->pieces = first->next;
        pf_free(arena->memory, first);
    }
    arena->next = arena->end = NULL;
    arena->total = 0;
}
