/* arena.h: memory that lives as long as one compilation.
   Everything that the AST, the equation system and the shapes point to comes from an Arena and is freed with it at
   once. Running out of memory prints a message and exits with 70: no caller checks for NULL. */
#ifndef RNNC_ARENA_H
#define RNNC_ARENA_H
#include <stddef.h>

typedef struct Arena Arena;

Arena *arena_new(void);
void arena_free(Arena *a);
void *arena_alloc(Arena *a, size_t bytes);           /* zeroed, aligned to 16 */
char *arena_copy(Arena *a, const char *s, size_t n); /* n bytes and a final NUL */
char *arena_printf(Arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (size_t)(n)))

/* A growing array in an arena: `Vec(Var *) vars;`, then vec_push(arena, &vars, v). Old storage stays until the arena
 * goes. */
#define Vec(type)                                                                                                      \
  struct {                                                                                                             \
    type *at;                                                                                                          \
    int n, cap;                                                                                                        \
  }
void *vec_grow_(Arena *a, void *at, int n, int *cap, size_t size);
#define vec_push(a, v, x)                                                                                              \
  ((v)->n == (v)->cap ? (void)((v)->at = vec_grow_((a), (v)->at, (v)->n, &(v)->cap, sizeof *(v)->at)) : (void)0,       \
   (v)->at[(v)->n++] = (x))

/* Interned strings: equal text is the same pointer, so names are compared by ==. */
const char *intern(Arena *a, const char *s);
const char *intern_n(Arena *a, const char *s, size_t n);
#endif
