/* rnn_program.h: what a compiled model is: the contract between generated code and the runtime. C99 and C++.

   A compiled model is one constant `RnnModel NAME_model`: JSON text that describes it, and one entry a program. The
   same struct comes from the JIT, from an object file and inside an executable; the runtime parses the JSON once
   (rnn.h: rnn_open).

   A model has one time axis or two. Of `axis s, t` the last declared, t, is the primary one: windows, carried state and
   streaming are about it. The other, s, is the second. A variable varies over any of {primary, second, batch}.

   A program runs on a Frame that the caller has filled: sizes, lengths, parameters, and one memory block a buffer. With
   t = 0 .. T-1 (the language's t = 1 is t = 0 here), s = 0 .. S-1 and b = 0 .. B-1, element j of a row stands at

     over t:         ((lo + t) * B + b) * width + j
     over s:         ((lo2 + s) * B + r) * width + j, r = row2[b]
     over t and s:   (((lo + t) * B + b) * (lo2 + S + hi2) + lo2 + s) * width + j
     over neither:   b * width + j

   and the same with B = 1, b = r = 0 in a buffer without the batch. lo slots stand before t = 0 and hi after T-1 (the
   halo, for reads outside 1..T), lo2 and hi2 likewise for s. b counts the sequences by their length along t, longest
   first: at t the first live[t] are alive. Only what varies over s and not over t stands in an order of its own, r, by
   the length along s, longest first: at s the first live2[s] are alive. What lies behind the end of a shorter sequence
   (padding, on either axis), and the halos, must be zero when a program starts; -1, no token, in integer buffers. */
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
  /* of a model without a second axis: 0 and NULL */
  int64_t S;            /* longest length along the second axis */
  const int64_t *live2; /* [S + 1]: sequences longer than s; live2[S] = 0 */
  const int64_t *len2;  /* [B], in the second axis' own order: descending, 1 .. S */
  const int64_t *row2;  /* [B]: where sequence b stands in that order */
  const int64_t *col2;  /* [B]: the inverse: which sequence stands there */
  int64_t phase;        /* RnnPhase */
  int64_t origin;       /* of a window within the run (below): places before it; else 0 */
  int64_t packed;       /* 1: what the last run of these steps packed of params still stands in its buffers; else 0 */
} RnnFrame;

/* All programs run whole. The program "decode" is also run in two parts: ENCODE once, which does all that does not
   depend on the primary index and is not carried, then STEPS for each t, with T = 1: the caller carries the state from
   each to the next, fills in what was drawn, and makes only the halos over t zero again: what ENCODE left elsewhere is
   read by all steps.

   A program with "windows" can be run window by window along the primary axis, so that its buffers with "window" hold
   one window of it with its halos, and all others all of it:

     BEFORE    once
     FIRST     for each window, from the first to the last
     BETWEEN   once
     AGAIN, BACK   for each window, from the last to the first; AGAIN not for the last
     AFTER     once

   For FIRST, AGAIN and BACK the frame is that of the window: T its length, origin the places before it, live from
   there on, and buffers over t without "window" from there on; all else, len too, is that of the run. BEFORE and AFTER
   see the first window in the buffers that hold one. The caller keeps their halos: before FIRST the last lo slots of
   the window before stand in front of the window, before AGAIN the same slots once more; before BACK the first hi
   slots of the window behind stand behind it; zero at the run's ends. */
typedef enum RnnPhase {
  RNN_PHASE_ALL,
  RNN_PHASE_ENCODE,
  RNN_PHASE_STEPS,
  RNN_PHASE_BEFORE,
  RNN_PHASE_FIRST,
  RNN_PHASE_BETWEEN,
  RNN_PHASE_AGAIN,
  RNN_PHASE_BACK,
  RNN_PHASE_AFTER
} RnnPhase;

typedef void RnnEntry(const RnnFrame *frame);
/* One streaming step: T = 1, B = 1, everything in memory that the caller owns; no allocation, no library. Reads and
   updates `state` (state_bytes, zero or as left by the last call; its first double is 0 before the first step), params
   packed as in the weights block. */
typedef void RnnStep(const void *params, void *state, const void *const *in, void *const *out);

typedef struct RnnProgram {
  const char *name; /* "train", "evaluate", "free", "forward", "decode" */
  RnnEntry *run;
} RnnProgram;

typedef struct RnnModel {
  uint32_t abi; /* RNN_ABI */
  uint32_t programs;
  const char *json;
  const RnnProgram *program;
  RnnStep *step; /* NULL when the model can't be streamed; "step" in the JSON says why */
} RnnModel;
#define RNN_ABI 3u

// clang-format off
/* The JSON, by example:

   { "name": "charlm", "precision": "f32" | "f64", "source": "charlm.rnn", "hash": "0123456789abcdef",
     "axes": ["t"] | ["t", "s"],                 names of the axes, the primary one first; absent: one, t
     "param_count": 123456,                      elements of the flat block, gaps for alignment included
     "params": [ {"name": "h.Wi", "shape": [256, 64], "offset": 0, "line": 5,      row-major, contiguous, at params + offset elements
                  "init": {"kind": "glorot" | "zeros" | "ones" | "constant" | "uniform" | "normal" | "he" | "orthogonal" | "identity",
                           "a": 0, "b": 0}} ],
     "inputs": [ {"name": "x", "role": "input" | "target", "type": "token" | "real", "shape": [256] | [] | [3,4],
                  "time": true, "second": false,  the axes that it varies over: primary, second (absent: not)
                  "line": 3,
                  "drawn": 1,                     of x[t+1] ~ ...: the offset; absent when never drawn
                  "lags": 1, "leads": 1} ],       how far any program reads beyond 1..T
     "outputs": [ {"name": "o", "shape": [256], "time": true, "second": false} ],
     "draws":  [ {"var": "x", "offset": 1, "dist": "categorical" (distributions.def), "params": ["o"]} ],
     "settings": { "batch": "32", "optimizer": "adam(rate=0.002)", ... },          texts from the train block, see settings.def
     "programs": { "train": {
         "buffers": [ {"time": true, "second": false, "batch": true, "lo": 1, "hi": 0, "lo2": 0, "hi2": 0, "width": 1024,
                       "int": false,              int: int32_t elements, else reals
                       "window": true,            holds one window where the program runs window by window (absent: not)
                       "rolls": true} ],          all of it must be zero when the program starts (absent: not)
         "windows": true,                         it can (absent: not)
         "vars": { "x": {"buf": 0, "col": 0, "shape": [256], "token": true, "time": true, "second": false, "batch": true, "line": 3} },
                                                  where each variable that has memory in this program is; a row's elements start at col
         "inputs": ["x", "y"],                    which of the inputs this program reads: fill these buffers, halo included
         "noise": [ {"var": "m", "dist": "bernoulli" | "normal" | "uniform", "a": 0.8, "b": 0, "shared": false, "forced": false} ],
                                                  fill before running, one draw an element; forced: with the probability of teacher forcing
         "fed": ["y"], "forced": "always" | "step" | "sequence" | "never", "own": "mode" | "sample",
                                                  drawn variables that the draws read, and which values they have there
         "carry": [ {"var": "h.c", "offset": 0, "from": "h.c", "into": "h.c.carry0"} ],
                                                  state over windows: place `offset` (<= 0; 0 is the element just before t = 1) of variable
                                                  var is read, where fresh is 0, from `into` (a variable without the primary index, filled
                                                  by the caller); after a run the caller finds the next window's value at place T + offset
                                                  of `from`: copy it there before the next run
         "loss": "loss",                          a variable name (a number a batch); absent in "forward" and "decode"
         "terms": [ {"name": "x", "dist": "categorical", "sum": "x.nll", "count": "x.count"} ],
         "metrics": [ {"name": "accuracy", "sum": "accuracy.sum", "count": "accuracy.count"} ],
         "wrt": [ {"name": "x", "var": "x_adj"} ]                gradients by inputs, where asked for
     } },
     "step": { "state_bytes": 1234,
               "flops": 5678,                     additions, multiplications and functions of one step
               "latency": 0,                      steps from an input to the outputs of the same t, where the model looks ahead
               "many": true,                      the object has an entry for many sequences too: NAME_many_entry
               "inputs": [ {"name":"x","type":"token","count":1} ], "outputs": [ {"name":"o","count":256} ],
               "feedback": ["y"],                 drawn variables that the step reads from earlier steps: the caller passes what was drawn
               "refused": "..." }                 instead of the rest, when it can't be streamed
   } */
// clang-format on

#ifdef __cplusplus
}
#endif
#endif
