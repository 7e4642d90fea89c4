/* toys.c: the models' JSON, and the programs of toy_elman.h, toy_chars.h, toy_pairs.h and toy_chain.h. */
#include "toys.h"
#include "calls.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- elman --------------------------------------------------------------------------------------------------- */

enum { X_, H0_, TARGET_, H_, Y_, CARRY_, LOSS_, HADJ_, XADJ_, H0ADJ_ };

#define REAL float
#define OF(name) elman_f32_##name
#define I 2
#define H 4
#define O 3
#include "toy_elman.h"
#undef REAL
#undef OF
#define REAL double
#define OF(name) elman_f64_##name
#include "toy_elman.h"
#undef OF
#undef I
#undef H
#undef O
#define OF(name) tbptt_f64_##name
#define I 1
#define H 3
#define O 4
#include "toy_elman.h"
#undef REAL
#undef OF
#undef I
#undef H
#undef O

static const char elman_vars[] =
    "\"buffers\": [{\"time\": true, \"batch\": true, \"lo\": 0, \"hi\": 0, \"width\": %d, \"int\": false},"
    "{\"time\": false, \"batch\": true, \"width\": %d}, {\"time\": true, \"batch\": true, \"width\": %d},"
    "{\"time\": true, \"batch\": true, \"lo\": 1, \"width\": %d}, {\"time\": true, \"batch\": true, \"width\": %d},"
    "{\"time\": false, \"batch\": true, \"width\": %d}, {\"time\": false, \"batch\": false, \"width\": 1},"
    "{\"time\": true, \"batch\": true, \"width\": %d}, {\"time\": true, \"batch\": true, \"width\": %d}, {\"time\": "
    "false, \"batch\": true, \"width\": %d}],"
    "\"vars\": {\"x\": {\"buf\": 0, \"col\": 0, \"shape\": [%d], \"time\": true, \"batch\": true, \"line\": 2},"
    "\"h0\": {\"buf\": 1, \"col\": 0, \"shape\": [%d], \"time\": false, \"batch\": true, \"line\": 3},"
    "\"target\": {\"buf\": 2, \"col\": 0, \"shape\": [%d], \"time\": true, \"batch\": true, \"line\": 4},"
    "\"h\": {\"buf\": 3, \"col\": 0, \"shape\": [%d], \"time\": true, \"batch\": true, \"line\": 5},"
    "\"y\": {\"buf\": 4, \"col\": 0, \"shape\": [%d], \"time\": true, \"batch\": true, \"line\": 7},"
    "\"h.carry0\": {\"buf\": 5, \"col\": 0, \"shape\": [%d], \"time\": false, \"batch\": true, \"line\": 0},"
    "\"loss\": {\"buf\": 6, \"col\": 0, \"shape\": [], \"time\": false, \"batch\": false, \"line\": 8},"
    "\"h_adj\": {\"buf\": 7, \"col\": 0, \"shape\": [%d], \"time\": true, \"batch\": true, \"line\": 0},"
    "\"x_adj\": {\"buf\": 8, \"col\": 0, \"shape\": [%d], \"time\": true, \"batch\": true, \"line\": 0},"
    "\"h0_adj\": {\"buf\": 9, \"col\": 0, \"shape\": [%d], \"time\": false, \"batch\": true, \"line\": 0}},"
    "\"carry\": [{\"var\": \"h\", \"offset\": 0, \"from\": \"h\", \"into\": \"h.carry0\"}]";

static const char elman_json[] =
    "{\"name\": \"elman\", \"precision\": \"%s\", \"source\": \"elman.rnn\", \"hash\": \"e1%d%d%d\", \"param_count\": "
    "%d,"
    "\"params\": [{\"name\": \"W\", \"shape\": [%d, %d], \"offset\": 0, \"line\": 5, \"init\": {\"kind\": \"glorot\", "
    "\"a\": 0, \"b\": 0}},"
    "{\"name\": \"U\", \"shape\": [%d, %d], \"offset\": %d, \"line\": 5, \"init\": {\"kind\": \"orthogonal\", \"a\": "
    "0, \"b\": 0}},"
    "{\"name\": \"b\", \"shape\": [%d], \"offset\": %d, \"line\": 5, \"init\": {\"kind\": \"zeros\", \"a\": 0, \"b\": "
    "0}},"
    "{\"name\": \"V\", \"shape\": [%d, %d], \"offset\": %d, \"line\": 7, \"init\": {\"kind\": \"glorot\", \"a\": 0, "
    "\"b\": 0}},"
    "{\"name\": \"v\", \"shape\": [%d], \"offset\": %d, \"line\": 7, \"init\": {\"kind\": \"zeros\", \"a\": 0, \"b\": "
    "0}}],"
    "\"inputs\": [{\"name\": \"x\", \"role\": \"input\", \"type\": \"real\", \"shape\": [%d], \"time\": true, "
    "\"line\": 2},"
    "{\"name\": \"h0\", \"role\": \"input\", \"type\": \"real\", \"shape\": [%d], \"time\": false, \"line\": 3},"
    "{\"name\": \"target\", \"role\": \"target\", \"type\": \"real\", \"shape\": [%d], \"time\": true, \"line\": 4}],"
    "\"outputs\": [{\"name\": \"y\", \"shape\": [%d], \"time\": true}], \"draws\": [],"
    "\"settings\": {\"optimizer\": \"adam(rate = 0.01)\", \"batch\": \"4\"},"
    "\"programs\": {\"train\": {%s, \"inputs\": [\"x\", \"h0\", \"target\"], \"loss\": \"loss\","
    "\"wrt\": [{\"name\": \"x\", \"var\": \"x_adj\"}, {\"name\": \"h0\", \"var\": \"h0_adj\"}]},"
    "\"evaluate\": {%s, \"inputs\": [\"x\", \"h0\", \"target\"], \"loss\": \"loss\"}, \"forward\": {%s, \"inputs\": "
    "[\"x\", \"h0\"]}},"
    "\"step\": {\"refused\": \"it has an input without index\"}}";

static void elman_text(char *text, size_t size, const char *precision, int i, int h, int o)
{
  char vars[4096];
  snprintf(vars, sizeof vars, elman_vars, i, h, o, h, o, h, h, i, h, i, h, o, h, o, h, h, i, h);
  int U = h * i, b = U + h * h, V = b + h, v = V + o * h, count = v + o;
  snprintf(text, size, elman_json, precision, i, h, o, count, h, i, h, h, U, h, b, o, h, V, o, v, i, h, o, o, vars,
           vars, vars);
}

/* -- chars --------------------------------------------------------------------------------------------------- */

#include "toy_chars.h"

/* -- pairs, chain ---------------------------------------------------------------------------------------------- */

#include "toy_pairs.h"
#include "toy_chain.h"

/* -- by name ------------------------------------------------------------------------------------------------- */

const RnnModel *toy_model(const char *name)
{
  static char text[3][16384];
  static RnnModel model[3];
  static const struct {
    const char *name, *precision;
    int i, h, o;
    const RnnProgram *programs;
  } elmans[3] = {{"elman", "f32", 2, 4, 3, elman_f32_programs},
                 {"elman64", "f64", 2, 4, 3, elman_f64_programs},
                 {"tbptt64", "f64", 1, 3, 4, tbptt_f64_programs}};
  for (int k = 0; k < 3; k++) {
    if (strcmp(name, elmans[k].name) != 0) continue;
    elman_text(text[k], sizeof text[k], elmans[k].precision, elmans[k].i, elmans[k].h, elmans[k].o);
    model[k] = (RnnModel){.abi = RNN_ABI, .programs = 3, .json = text[k], .program = elmans[k].programs};
    return &model[k];
  }
  if (strcmp(name, "chars_without_step") == 0) {
    static RnnModel without;
    static char without_text[16384];
    snprintf(without_text, sizeof without_text, "%.*s}",
             (int)(strstr(chars_model.json, ",\"step\"") - chars_model.json), chars_model.json);
    without = chars_model;
    without.json = without_text;
    without.step = NULL;
    return &without;
  }
  if (strcmp(name, "pairs") == 0) return &pairs_model;
  if (strcmp(name, "chain") == 0) return &chain_model;
  return strcmp(name, "chars") == 0 ? &chars_model : NULL;
}
