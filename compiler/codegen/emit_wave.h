/* emit_wave.h: the stages of a wave (wave.h), side by side. */
#ifndef RNNC_EMIT_WAVE_H
#define RNNC_EMIT_WAVE_H
#include "emit.h"

typedef struct Places { /* of t, from 0 */
  LLVMValueRef from, to;
} Places;

/* which places the function of a staged scan is to go over: those that its argument points to, or all */
Places emit_given_places(Emit *e);

typedef struct WaveStep {
  const Step *step;
  LLVMValueRef fn, late; /* what runs it: late, of a product where not all sequences live */
} WaveStep;

/* void name(frame, counters, from, to): stages from .. to of the wave */
LLVMValueRef emit_wave_body(Emit *e, const char *name, const WaveStep *steps, int n);
LLVMValueRef emit_wave_pays(Emit *e); /* i1: are there threads, and enough places? */
void emit_wave_call(Emit *e, LLVMValueRef body, int stages);
#endif
