/* rnn_program.h: what a compiled model is: the contract between generated code and the runtime. C99 and C++.

   A compiled model is one constant `RnnModel NAME_model`: JSON text that describes it, and one entry a program. The
   same struct comes from the JIT, from an object file and inside an executable; the runtime parses the JSON once
   (rnn.h: rnn_open).

   A program runs on a Frame that the caller has filled: sizes, lengths, parameters, and one memory block a buffer.
   Time-major: element (t, b, j) of a buffer with the time index is at ((lo + t) * B + b) * width + j, t = 0 .. T-1 here
   (the language's t = 1 is t = 0 here); lo slots stand before t = 0 and hi after T-1 (the halo, for reads
   outside 1..T). Sequences are sorted by length, longest first: at t the first live[t] of them are alive. What lies
   behind the end of a shorter sequence (padding) must be zero when a program starts; of tokens -1. */
#ifndef RNN_PROGRAM_H
#define RNN_PROGRAM_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct RnnPool RnnPool;

typedef struct RnnFrame {
  int64_t T, B;         /* longest length, sequences */
  const int64_t *live;  /* [T + 1]: sequences longer than t; live[T] = 0 */
  const int64_t *len;   /* [B], descending, 1 .. T */
  const int64_t *ahead; /* [B]: how many elements beyond len the input buffers' halo really holds (a window that does
                           not end its sequence); 0 otherwise */
  const double *fresh;  /* [B]: 1 where the window starts its sequence, 0 where state is carried in */
  void **buf;           /* one pointer a buffer, in the order of the program's "buffers" */
  void *params;         /* the flat block of parameters, in the program's precision */
  void *grads;          /* the same layout; the train program adds to it: zero it first */
  RnnPool *pool;        /* NULL: run on the calling thread */
  const int64_t *start; /* [B]: steps of its sequence before the window */
} RnnFrame;

typedef void RnnEntry(const RnnFrame *frame);
/* One streaming step: T = 1, B = 1, everything in memory that the caller owns; no allocation, no library. Reads and
   updates `state` (state_bytes, zero or as left by the last call; its first double is 0 before the first step), params
   packed as in the weights block. */
typedef void RnnStep(const void *params, void *state, const void *const *in, void *const *out);

typedef struct RnnProgram {
  const char *name; /* "train", "evaluate", "free", "forward" */
  RnnEntry *run;
} RnnProgram;

typedef struct RnnModel {
  uint32_t abi; /* RNN_ABI */
  uint32_t programs;
  const char *json;
  const RnnProgram *program;
  RnnStep *step; /* NULL when the model can't be streamed; "step" in the JSON says why */
} RnnModel;
#define RNN_ABI 1u

/* The JSON, by example:
 { "name": "charlm", "precision": "f32" | "f64", "source": "charlm.rnn", "hash": "0123456789abcdef",
   "param_count": 123456,                      elements of the flat block, gaps for alignment included
   "params": [ {"name": "h.Wi", "shape": [256, 64], "offset": 0, "line": 5,
                "init": {"kind": "glorot" | "zeros" | "ones" | "constant" | "uniform" | "normal" | "he" | "orthogonal" |
 "identity", "a": 0, "b": 0}} ], row-major, contiguous, at params + offset elements "inputs": [ {"name": "x", "role":
 "input" | "target", "type": "token" | "real", "shape": [256] | [] | [3,4], "time": true, "line": 3, "drawn": 1, of
 x[t+1] ~ ...: the offset; absent when never drawn "lags": 1, "leads": 1} ],      how far any program reads beyond 1..T
   "outputs": [ {"name": "o", "shape": [256], "time": true} ],
   "draws":  [ {"var": "x", "offset": 1, "dist": "categorical" | "bernoulli" | "normal", "params": ["o"]} ],
   "settings": { "batch": "32", "optimizer": "adam(rate=0.002)", ... }      texts from the train block, see settings.def
   "programs": { "train": {
       "buffers": [ {"time": true, "batch": true, "lo": 1, "hi": 0, "width": 1024, "int": false} ],   int: int32_t
 elements, else real elements: ((time ? lo + T + hi : 1) * (batch ? B : 1)) * width "vars": { "x": {"buf": 0, "col": 0,
 "shape": [256], "token": true, "time": true, "batch": true, "line": 3} }, where each variable that has memory in this
 program is; a row's elements start at col "inputs": ["x", "y"],                     which of the inputs this program
 reads: fill these buffers, halo included "noise": [ {"var": "m", "dist": "bernoulli" | "normal" | "uniform", "a": 0.8,
 "b": 0, "shared": false, "forced": false} ],   fill before running, one draw an element; forced: with the probability
 of teacher forcing "fed": ["y"], "forced": "always" | "step" | "sequence" | "never", "own": "mode" | "sample",   drawn
 variables that the draws read, and which values they have there "carry": [ {"var": "h.c", "offset": 0, "from": "h.c",
 "into": "h.c.carry0"} ], state over windows: place `offset` (<= 0; 0 is the element just before t = 1) of variable var
 is read, where fresh is 0, from `into` (a variable without time index, filled by the caller); after a run the caller
 finds the next window's value at place T + offset of `from`: copy it there before the next run "loss": "loss", a
 variable name (a number a batch); absent in "forward" "terms": [ {"name": "x", "dist": "categorical", "sum": "x.nll",
 "count": "x.count"} ], "metrics": [ {"name": "accuracy", "sum": "accuracy.sum", "count": "accuracy.count"} ], "wrt": [
 {"name": "x", "var": "x_adj"} ]  gradients by inputs, where asked for } }, "step": { "state_bytes": 1234, "inputs": [
 {"name":"x","type":"token","count":1} ], "outputs": [ {"name":"o","count":256} ], "feedback": ["y"], drawn variables
 that the step reads from earlier steps: the caller passes what was drawn "refused": "..." }                  instead of
 the rest, when it can't be streamed
 } */

#ifdef __cplusplus
}
#endif
#endif
