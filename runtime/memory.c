/* memory.c: see memory.h. Counts what frame.c and windows.c will ask for. */
#include "memory.h"
#include "handle.h"
#include "numbers.h"
#include <stdio.h>
#include <string.h>

int64_t rnn_element_bytes(const ModelDescription *m, const ProgramBuffer *b)
{
  return b->integer ? (int64_t)sizeof(int32_t) : m->real64 ? (int64_t)sizeof(double) : (int64_t)sizeof(float);
}

size_t rnn_row_bytes(const ModelDescription *m, const ProgramBuffer *b)
{
  return (size_t)(b->width * rnn_element_bytes(m, b));
}

int64_t rnn_buffer_bytes(const ModelDescription *m, const ProgramBuffer *b, const Extent *x)
{
  int64_t n = b->width;
  bool fits = !__builtin_mul_overflow(n, rnn_element_bytes(m, b), &n) &&
              !__builtin_mul_overflow(n, b->time ? b->lo + (b->window ? x->window : x->T) + b->hi : 1, &n) &&
              !__builtin_mul_overflow(n, b->second ? b->lo2 + x->S + b->hi2 : 1, &n) &&
              !__builtin_mul_overflow(n, b->batch ? x->B : 1, &n);
  return fits && n < INT64_MAX / 2 ? n : -1;
}

/* Blocks of equal alignment would compete for the same sets of a cache when a loop walks several of them: each starts
 * some lines further. */
Block rnn_buffer_block(int i, size_t bytes)
{
  enum { LINE = 64, PAGE = 4096, HUGE = 2 << 20 };
  size_t start = (size_t)i * 5 * LINE % PAGE, align = bytes >= 2 * HUGE ? HUGE : LINE;
  return (Block){(bytes + start + LINE) / LINE * LINE, align, start};
}

int64_t rnn_program_bytes(const ModelDescription *m, const Program *p, const Extent *x)
{
  int64_t all = 0, edge = 0, windows = (x->T + x->window - 1) / x->window;
  for (int i = 0; i < p->buffers; i++) {
    const ProgramBuffer *b = &p->buffer[i];
    int64_t bytes = rnn_buffer_bytes(m, b, x);
    if (bytes < 0 || __builtin_add_overflow(all, (int64_t)rnn_buffer_block(i, (size_t)bytes).size, &all))
      return INT64_MAX;
    if (b->window) edge += (int64_t)rnn_row_bytes(m, b) * b->lo * (b->batch ? x->B : 1);
  }
  if (windows > 1 && (__builtin_mul_overflow(edge, windows, &edge) || __builtin_add_overflow(all, edge, &all)))
    return INT64_MAX;
  return all;
}

bool rnn_memory_fit(const ModelDescription *m, const Program *p, int64_t limit, Extent *x, int64_t *bytes)
{
  int64_t most = limit && p->windows ? x->T : 1, best = x->T;
  *bytes = INT64_MAX;
  for (int64_t windows = 1; windows <= most; windows++) {
    int64_t length = (x->T + windows - 1) / windows;
    if (windows > 1 && length == x->window) continue; /* as long, and one window more of them */
    x->window = length;
    int64_t needs = rnn_program_bytes(m, p, x);
    if (needs < *bytes) *bytes = needs, best = length;
    if (!limit || (limit > 0 && needs <= limit)) break;
  }
  x->window = best;
  return limit <= 0 || *bytes <= limit;
}

/* -- the setting -------------------------------------------------------------------------------------------- */

bool rnn_memory_read(const char *text, int64_t *bytes, RnnError *error)
{
  static const char units[] = "KMGT";
  const char *end, *unit;
  double n, scale = 1;
  *bytes = !strcmp(text, "least") ? -1 : 0;
  if (!*text || *bytes) return true;
  bool ok = rnn_number_parse(text, &end, &n);
  if (ok && *end && (unit = strchr(units, *end)))
    for (scale = 1000; unit > units; unit--) scale *= 1000;
  if (ok && *end && scale > 1) end++;
  if (ok && *end == 'B') end++;
  n *= scale;
  if (ok && !*end && n >= 1 && n < 9e18) {
    *bytes = (int64_t)n;
    return true;
  }
  return rnn_fail(error, RNN_ERROR_USAGE, "setting memory: '%s' is no size, such as 200M or 1.5G, nor least", text);
}

char *rnn_memory_text(int64_t bytes, char text[RNN_MEMORY_TEXT])
{
  double mb = (double)bytes / 1e6;
  if (mb < 0.1) snprintf(text, RNN_MEMORY_TEXT, "%.1f KB", mb * 1e3);
  else if (mb < 10) snprintf(text, RNN_MEMORY_TEXT, "%.2f MB", mb);
  else snprintf(text, RNN_MEMORY_TEXT, mb < 1e4 ? "%.1f MB" : "%.0f MB", mb);
  return text;
}

int64_t rnn_memory_held(const RnnHandle *h) { return (int64_t)rnn_block_bytes(h) * (2 + h->optimiser_states); }

void rnn_memory_apply(RnnHandle *h)
{
  int64_t left = h->memory > 0 ? h->memory - rnn_memory_held(h) : h->memory;
  if (h->memory > 0 && left < 1) left = 1;
  for (int i = 0; i < h->model->programs; i++)
    if (h->run[i] && h->model->program[i].loss >= 0) h->run[i]->limit = left;
}

void rnn_set_memory(RnnHandle *h, int64_t bytes)
{
  if (h->lent) return;
  h->memory = bytes;
  rnn_memory_apply(h);
}
