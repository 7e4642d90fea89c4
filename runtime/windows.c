/* windows.c: see windows.h. Every buffer with "window" holds its window from slot lo on. Moving forward, the last lo
   slots of a window become the halo in front of the next, and are kept for the way back, on which the first hi slots of
   the window before become the halo behind the next. */
#include "windows.h"
#include "memory.h"
#include <stdlib.h>
#include <string.h>

/* -- how many ----------------------------------------------------------------------------------------------- */

bool rnn_windows_choose(Run *run, int64_t T, int64_t S, int64_t B, RnnError *error)
{
  Extent x = {T, S, B, T};
  int64_t needs;
  bool fits = rnn_memory_fit(run->model, run->program, run->limit, &x, &needs);
  run->window = x.window;
  run->windows = (T + x.window - 1) / x.window;
  if (fits || strcmp(run->program->name, "train") != 0) return true;
  char wanted[RNN_MEMORY_TEXT], had[RNN_MEMORY_TEXT];
  return rnn_fail(error, RNN_ERROR_USAGE,
                  "memory: %lld sequences of %lld steps need %s for values alone%s, and %s is left for them: a smaller "
                  "batch, shorter sequences (unroll) or more memory",
                  (long long)B, (long long)T, rnn_memory_text(needs, wanted),
                  run->program->windows ? "" : ", as this model cannot run window by window",
                  rnn_memory_text(run->limit, had));
}

/* -- places ------------------------------------------------------------------------------------------------- */

typedef struct Slots { /* of a buffer that holds a window */
  char *at;
  size_t row, slot; /* bytes */
  int64_t lo, hi;
  int64_t B;
  int empty;
  size_t edge; /* where its slots stand among those of an edge */
} Slots;

static Slots slots_of(const Run *run, int i)
{
  const ProgramBuffer *b = &run->program->buffer[i];
  Slots s = {.at = run->buffer[i], .lo = b->lo, .hi = b->hi, .B = b->batch ? run->frame.B : 1};
  s.row = rnn_row_bytes(run->model, b);
  s.slot = s.row * (size_t)s.B;
  s.empty = b->integer ? 0xff : 0;
  return s;
}

static int64_t length_of(const Run *run, int64_t k)
{
  int64_t left = run->frame.T - k * run->window;
  return left < run->window ? left : run->window;
}

static char *edge_of(const Run *run, int64_t k, size_t *offset, const Slots *s)
{
  char *at = (char *)run->edges + (size_t)k * run->edge_bytes + *offset;
  *offset += s->slot * (size_t)s->lo;
  return at;
}

bool rnn_windows_resize(Run *run, RnnError *error)
{
  size_t bytes = 0, taken = 0;
  run->edge_bytes = 0;
  if (run->windows == 1) return true;
  for (int i = 0; i < run->program->buffers; i++)
    if (run->program->buffer[i].window) {
      Slots s = slots_of(run, i);
      run->edge_bytes += s.slot * (size_t)s.lo;
    }
  for (int i = 0; i < run->program->carries; i++) taken += (size_t)rnn_run_carry_width(run, i) * (size_t)run->frame.B;
  bytes = run->edge_bytes * (size_t)run->windows;
  if (bytes > run->edges_room || !run->edges) {
    free(run->edges);
    run->edges = malloc(bytes + 1);
    run->edges_room = run->edges ? bytes : 0;
    if (!run->edges) return rnn_fail_memory(error, bytes);
  }
  free(run->taken);
  run->taken = malloc(taken + 1);
  if (!run->shifted) run->shifted = calloc((size_t)run->program->buffers + 1, sizeof *run->shifted);
  return (run->taken && run->shifted) || rnn_fail_memory(error, taken);
}

void rnn_windows_free(Run *run)
{
  free(run->edges);
  free(run->taken);
  free(run->shifted);
}

/* -- what is carried into the next batch -------------------------------------------------------------------- */

static char *taken_row(const Run *run, int entry, int64_t b)
{
  char *at = run->taken;
  for (int i = 0; i < entry; i++) at += rnn_run_carry_width(run, i) * run->frame.B;
  return at + rnn_run_carry_width(run, entry) * b;
}

bool rnn_windows_hold(const Run *run, const ProgramVar *var)
{
  return run->windows == 1 || !run->program->buffer[var->buffer].window;
}

void *rnn_windows_carried(const Run *run, int entry, int64_t b) { return taken_row(run, entry, b); }

static void take_carried(Run *run, int64_t origin, int64_t length)
{
  for (int i = 0; i < run->program->carries; i++) {
    const ProgramCarry *c = &run->program->carry[i];
    const ProgramVar *from = &run->program->var[c->from];
    if (rnn_windows_hold(run, from)) continue;
    for (int64_t b = 0; b < run->frame.B; b++) {
      int64_t place = run->frame.len[b] + c->offset - 1 - origin;
      if (place < 0 || place >= length) continue;
      memcpy(taken_row(run, i, b), rnn_run_row(run, from, place, 0, b), (size_t)rnn_run_carry_width(run, i));
    }
  }
}

/* -- the run ------------------------------------------------------------------------------------------------ */

static void run_phase(const Run *run, RnnFrame *frame, RnnPhase phase)
{
  frame->phase = phase;
  run->program->run(frame);
}

static RnnFrame frame_of(Run *run, int64_t k)
{
  RnnFrame f = run->frame;
  f.origin = k * run->window;
  f.T = length_of(run, k);
  f.live += f.origin;
  f.buf = run->shifted;
  for (int i = 0; i < run->program->buffers; i++) {
    const ProgramBuffer *b = &run->program->buffer[i];
    size_t before = b->time && !b->window ? slots_of(run, i).slot * (size_t)f.origin : 0;
    run->shifted[i] = (char *)run->buffer[i] + before;
  }
  return f;
}

/* Behind the ends of the shorter sequences stands what another window left there. */
static void clear_ended(const Run *run, const RnnFrame *f)
{
  for (int64_t t = f->T - 1; t >= 0 && f->live[t] < f->B; t--)
    for (int i = 0; i < run->program->buffers; i++) {
      if (!run->program->buffer[i].window || !run->program->buffer[i].batch) continue;
      Slots s = slots_of(run, i);
      size_t live = (size_t)f->live[t] * s.row;
      memset(s.at + (size_t)(s.lo + t) * s.slot + live, s.empty, s.slot - live);
    }
}

/* The halos in front of window k: carried over from the window before, and kept */
static void enter_forward(Run *run, int64_t k)
{
  size_t offset = 0;
  for (int i = 0; i < run->program->buffers; i++) {
    if (!run->program->buffer[i].window) continue;
    Slots s = slots_of(run, i);
    size_t lo = s.slot * (size_t)s.lo;
    if (k > 0) memmove(s.at, s.at + (size_t)run->window * s.slot, lo);
    memcpy(edge_of(run, k, &offset, &s), s.at, lo);
  }
}

static void enter_backward(Run *run, int64_t k)
{
  size_t offset = 0;
  for (int i = 0; i < run->program->buffers; i++) {
    if (!run->program->buffer[i].window) continue;
    Slots s = slots_of(run, i);
    char *behind = s.at + (size_t)(s.lo + length_of(run, k)) * s.slot;
    size_t hi = s.slot * (size_t)s.hi;
    if (k == run->windows - 1) memset(behind, s.empty, hi);
    else memmove(behind, s.at + (size_t)s.lo * s.slot, hi);
    memcpy(s.at, edge_of(run, k, &offset, &s), s.slot * (size_t)s.lo);
  }
}

static void clear_start(Run *run)
{
  for (int i = 0; i < run->program->buffers; i++) {
    if (!run->program->buffer[i].window) continue;
    Slots s = slots_of(run, i);
    memset(s.at, s.empty, s.slot * (size_t)s.lo);
  }
}

void rnn_windows_go(Run *run)
{
  clear_start(run);
  run_phase(run, &run->frame, RNN_PHASE_BEFORE);
  for (int64_t k = 0; k < run->windows; k++) {
    RnnFrame f = frame_of(run, k);
    enter_forward(run, k);
    clear_ended(run, &f);
    f.packed |= k > 0;
    run_phase(run, &f, RNN_PHASE_FIRST);
    take_carried(run, f.origin, f.T);
  }
  run_phase(run, &run->frame, RNN_PHASE_BETWEEN);
  for (int64_t k = run->windows - 1; k >= 0; k--) {
    RnnFrame f = frame_of(run, k);
    enter_backward(run, k);
    clear_ended(run, &f);
    f.packed |= k < run->windows - 1;
    if (k < run->windows - 1) run_phase(run, &f, RNN_PHASE_AGAIN);
    run_phase(run, &f, RNN_PHASE_BACK);
  }
  run_phase(run, &run->frame, RNN_PHASE_AFTER);
}
