/* memory.h: how much memory programs take, told before they run, and the setting `memory`. Private to the runtime. */
#ifndef RNN_MEMORY_H
#define RNN_MEMORY_H
#include "error.h"
#include "model.h"
#include "rnn.h"

typedef struct Extent {
  int64_t T, S, B; /* longest length along each axis, sequences */
  int64_t window;  /* steps of a window; T where the program runs as a whole */
} Extent;

int64_t rnn_element_bytes(const ModelDescription *model, const ProgramBuffer *buffer);
size_t rnn_row_bytes(const ModelDescription *model, const ProgramBuffer *buffer); /* what belongs to one (t, b) */
/* Bytes of a buffer; -1 where they do not fit in memory's address space */
int64_t rnn_buffer_bytes(const ModelDescription *model, const ProgramBuffer *buffer, const Extent *extent);
/* The block that is asked for to hold buffer number i: how it is aligned, and how far into it the buffer starts */
typedef struct Block {
  size_t size, align, start;
} Block;
Block rnn_buffer_block(int i, size_t bytes);
/* Of all buffers and edges; INT64_MAX where they do not fit. */
int64_t rnn_program_bytes(const ModelDescription *model, const Program *program, const Extent *extent);

/* Sets the extent's window: as long as fits in `limit` bytes (0: any number, -1: as few as can be), and what the
   program takes then. False: it does not fit; then that is the least it takes. */
bool rnn_memory_fit(const ModelDescription *model, const Program *program, int64_t limit, Extent *extent,
                    int64_t *bytes);

/* The text of the setting: "" no limit (0), "least" (-1), or a number of bytes that may end in K, M, G: thousands,
   millions, .. of them */
bool rnn_memory_read(const char *text, int64_t *bytes, RnnError *error);
enum { RNN_MEMORY_TEXT = 32 };
char *rnn_memory_text(int64_t bytes, char text[RNN_MEMORY_TEXT]); /* "12.3 MB" */

/* What of rnn_set_memory is left for values, to the runs of training and evaluation. */
void rnn_memory_apply(RnnHandle *handle);
/* Bytes of weights, gradients and the optimiser's state */
int64_t rnn_memory_held(const RnnHandle *handle);
#endif
