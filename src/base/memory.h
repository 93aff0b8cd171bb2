/* Memory: one allocator a context, counted, with a ceiling, and with a pool of large buffers.
 *
 * What the library allocates goes through a struct pf_memory, so that tests can make the n-th allocation fail, so that use can
 * be told and limited, and so that the buffers of one block serve the next without going back to the operating system. Not
 * counted are: the context itself and its locks, exported Arrow schemas (some hundred bytes a column, which outlive the
 * context), and what the C library, zlib, zstd and iconv allocate for their own states. */
#ifndef PF_BASE_MEMORY_H
#define PF_BASE_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { PF_POOL_CLASSES = 32, PF_ALLOC_OVERHEAD = 96 /* bytes that an allocation is counted with beyond its size */ };

struct pf_pooled; /* a free buffer in the pool */
struct pf_mutex;
struct pf_slab;

struct pf_memory {
    atomic_size_t in_use;  /* bytes handed out, and what each allocation costs besides */
    atomic_size_t peak;    /* highest in_use */
    atomic_size_t held;    /* bytes in the pool, not handed out */
    size_t limit;          /* ceiling on in_use; SIZE_MAX = none */
    atomic_size_t refused; /* size of the last allocation that the ceiling refused; 0 = none was */
    atomic_long fail_at;   /* tests: this many allocations succeed, then one fails; negative = never */
    struct pf_mutex *lock; /* guards pool and slab */
    struct pf_pooled *pool[PF_POOL_CLASSES];
    struct pf_slab *slab; /* of which the next buffers are cut; NULL = none yet */
};

/* false = out of memory. */
bool pf_memory_init(struct pf_memory *memory, size_t limit);
/* Frees the pool. What is still handed out stays valid, but must not be given back afterwards, unless it was disowned. */
void pf_memory_destroy(struct pf_memory *memory);
/* Gives the pool's buffers back to the operating system. */
void pf_memory_trim(struct pf_memory *memory);

/* size bytes, aligned to 64, contents undefined; NULL = refused. size 0 is allowed and gives a pointer that must be freed. */
void *pf_alloc(struct pf_memory *memory, size_t size);
/* The same, filled with zero; count * size is checked. */
void *pf_alloc_zero(struct pf_memory *memory, size_t count, size_t size);
/* old may be NULL. On refusal NULL, and old is still valid. */
void *pf_resize(struct pf_memory *memory, void *old, size_t size);
/* Bytes usable at pointer (at least what was asked for). */
size_t pf_alloc_size(const void *pointer);
/* pointer may be NULL. */
void pf_free(struct pf_memory *memory, void *pointer);
/* Gives an allocation away: it is not counted any more, and goes back by pf_free_disowned, also when memory is gone. pointer may
 * be NULL. */
void pf_disown(struct pf_memory *memory, void *pointer);
/* Any thread. pointer may be NULL. */
void pf_free_disowned(void *pointer);
/* As pf_resize, of an allocation that no memory counts; old NULL makes one. */
void *pf_resize_disowned(void *old, size_t size);
/* A copy ending in NUL; NULL = refused. */
char *pf_copy_text(struct pf_memory *memory, const char *text, size_t size);

/* ---- buffer: bytes that grow, up to a ceiling */
struct pf_buffer {
    struct pf_memory *memory;
    uint8_t *data;
    size_t size, capacity;
    size_t limit; /* ceiling on size */
};

void pf_buffer_init(struct pf_buffer *buffer, struct pf_memory *memory, size_t limit);
void pf_buffer_free(struct pf_buffer *buffer);
/* Room for extra more bytes beyond size. false = refused by memory or limit; the buffer is unchanged. */
bool pf_buffer_reserve(struct pf_buffer *buffer, size_t extra);
bool pf_buffer_append(struct pf_buffer *buffer, const void *bytes, size_t size);
bool pf_buffer_append_text(struct pf_buffer *buffer, const char *text);
bool pf_buffer_printf(struct pf_buffer *buffer, const char *format, ...) PF_PRINTF(2, 3);
/* Makes the buffer empty but keeps its memory. */
static inline void pf_buffer_clear(struct pf_buffer *buffer)
{
    buffer->size = 0;
}
/* Ends the text with NUL (not counted in size) and gives it away: the caller frees it with pf_free. NULL = refused. */
char *pf_buffer_take_text(struct pf_buffer *buffer);

/* ---- arena: many small pieces, freed at once. One thread. */
struct pf_arena_piece;
struct pf_arena {
    struct pf_memory *memory;
    struct pf_arena_piece *pieces; /* newest first */
    uint8_t *next, *end;
    size_t total, limit;
};

void pf_arena_init(struct pf_arena *arena, struct pf_memory *memory, size_t limit);
/* Aligned to 64; NULL = refused. */
void *pf_arena_alloc(struct pf_arena *arena, size_t size);
void *pf_arena_alloc_zero(struct pf_arena *arena, size_t count, size_t size);
char *pf_arena_copy(struct pf_arena *arena, const char *text, size_t size);
/* Room for one more in a list of count entries of size bytes each, which lives in the arena and has room for *capacity of them
 * (list may be NULL when that is 0): the list itself, or a larger one with the same entries and zeros behind them. NULL = refused; list
 * and *capacity are unchanged. Whoever points into the list keeps pointing into the old one, which is valid as long as the arena. */
void *pf_arena_grow(struct pf_arena *arena, void *list, uint32_t count, uint32_t *capacity, size_t size);
/* Adds a copy of text to a list of *count texts, which grows in the arena. false = refused; the list is unchanged. */
bool pf_arena_list_add(struct pf_arena *arena, const char ***list, uint32_t *count, const char *text);
/* Everything is freed; the arena may be used again. */
void pf_arena_free(struct pf_arena *arena);

#endif
