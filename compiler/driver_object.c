/* driver_object.c: an object for C programs: its header, and the weights that go into it or beside it.
   Needs: a source that was read. */
#include "blob.h"
#include "describe.h"
#include "driver.h"
#include "header.h"
#include "levels.h"
#include "object.h"
#include "rnn.h"
#include "workspace.h"
#include <stdlib.h>
#include <string.h>

/* dir/model.o -> dir/model.h */
static const char *beside(Driver *d, const char *object, const char *ending)
{
  const char *end = strrchr(object, '.');
  bool has = end && !strchr(end, '/') && end > object && end[-1] != '/';
  return arena_printf(d->arena, "%.*s%s", (int)(has ? end - object : (long)strlen(object)), object, ending);
}

/* ---- weights ---- */

/* The block of parameters with the weights of a file, as the code wants it. */
static int read_weights(Driver *d, Bytes *block)
{
  RnnModel model = {.abi = RNN_ABI, .json = d->json.at};
  RnnError error = {0};
  RnnHandle *handle = rnn_open(&model, 1, &error);
  bool ok = handle && rnn_load(handle, d->o.weights_file, &error);
  if (ok) {
    size_t n = (size_t)rnn_block(handle) * (rnn_is_f64(handle) ? 8 : 4);
    *block = (Bytes){malloc(n + 1), n};
    if (!block->at) abort();
    memcpy(block->at, rnn_weights(handle), n);
  }
  rnn_close(handle);
  return ok ? 0 : driver_fail(error.message, NULL, (int)error.code);
}

/* The order of bytes that the target wants; files have the lowest first, and so has this machine. */
static void turn_bytes(const Driver *d, Bytes *block)
{
  size_t size = d->o.f64_precision ? 8 : 4;
  if (LLVMByteOrder(d->target->layout) == LLVMLittleEndian) return;
  for (char *real = block->at; real < block->at + block->n; real += size)
    for (size_t i = 0; i < size / 2; i++) {
      char low = real[i];
      real[i] = real[size - 1 - i];
      real[size - 1 - i] = low;
    }
}

static int write_blob(Driver *d, const Bytes *block, const char *out)
{
  unsigned char head[BLOB_HEAD];
  json_t *model = json_loads(d->json.at, 0, NULL);
  blob_head(head, model);
  json_decref(model);
  Text all = {0};
  text_write(&all, (const char *)head, sizeof head);
  text_write(&all, block->at, block->n);
  int code = driver_write(out, all.at, all.n);
  text_free(&all);
  return code;
}

int driver_blob(Driver *d, const char *out)
{
  Description about = {.source = d->o.path, .hash = d->hash, .f64_precision = d->o.f64_precision};
  describe_model(&d->json, d->lowered, d->param_count, &about);
  Bytes block = {0};
  int code = read_weights(d, &block);
  if (!code) code = write_blob(d, &block, out);
  bytes_free(&block);
  return code;
}

/* ---- the object ---- */

/* Step and many in turn: the entries, and their clones for --targets. */
static int entries_of(Driver *d, const char *prefix, StackUse *use)
{
  static const char *const suffix[] = {HEADER_STEP_ENTRY, HEADER_MANY_ENTRY};
  const char *names[LEVELS];
  char *error = NULL;
  int n = 0, levels = d->o.targets ? levels_read(d->o.targets, names, &error) : 0;
  for (int i = -1; i < levels; i++)
    for (int k = 0; k < 2; k++)
      use[n++] =
          (StackUse){arena_printf(d->arena, "%s%s%s%s", prefix, suffix[k], i < 0 ? "" : ".", i < 0 ? "" : names[i]), 0};
  return n;
}

/* All files are made before the first is written. */
static int make_and_write(Driver *d, const char *out, const char *header, const Bytes *weights)
{
  const char *name = strrchr(header, '/') ? strrchr(header, '/') + 1 : header, *prefix = driver_prefix(d);
  StackUse stack[2 * (LEVELS + 1)];
  int functions = entries_of(d, prefix, stack);
  const char *symbol = arena_printf(d->arena, "%s" HEADER_WEIGHTS, prefix);
  bool embed = d->o.weights == WEIGHTS_EMBED;
  char *error = NULL;
  Bytes b = {0};
  Text text = {0};
  int code = 0;
  if (embed) object_add_constant(d->module, symbol, weights->at, weights->n);
  if (!object_emit_measured(d->target, d->module, &b, stack, functions, &error))
    code = driver_fail("", error, EXIT_INTERNAL);
  for (int i = 2; i < functions; i++) /* a clone is jumped to */
    if (stack[i].bytes > stack[i % 2].bytes) stack[i % 2].bytes = stack[i].bytes;
  int64_t workspace[RNN_WORKSPACE_TERMS];
  RnnError none = {0}; /* a model without a loss takes none */
  bool learns = !d->o.inference && rnn_workspace_terms(d->json.at, workspace, &none);
  HeaderOptions o = {.prefix = prefix,
                     .file_name = name,
                     .weights = embed ? symbol : NULL,
                     .blob = d->o.weights == WEIGHTS_BLOB,
                     .workspace = learns ? workspace : NULL,
                     .levels = d->o.targets,
                     .stack_bytes = stack[0].bytes,
                     .many_stack_bytes = stack[1].bytes};
  if (!code && !header_make(&text, d->json.at, &o, &error)) code = driver_fail("", error, EXIT_INTERNAL);
  if (!code) code = driver_write(out, b.at, b.n);
  if (!code && strcmp(out, "-")) code = driver_write(header, text.at, text.n);
  if (!code && weights->at && !embed) code = write_blob(d, weights, beside(d, out, ".blob"));
  bytes_free(&b);
  text_free(&text);
  return code;
}

int driver_object(Driver *d, const char *out)
{
  const char *header = beside(d, out, ".h");
  if (!strcmp(header, out))
    return driver_fail(arena_printf(d->arena, "%s: the header gets this name: name the object MODEL.o", out), NULL,
                       EXIT_USAGE);
  unsigned all = (1u << PROGRAM_KINDS) - 1; /* rnn.h has no word for `free` but by that setting */
  if (!driver_has_setting(d, "gap", "true")) all &= ~(1u << PROGRAM_FREE);
  d->many = true;
  int code = d->o.targets ? driver_levels(d) : driver_module(d, d->o.inference ? 1u << PROGRAM_STEP : all);
  if (code) return code;
  if (d->o.inference && d->step->refused)
    return driver_fail(arena_printf(d->arena, "%s: no streaming step: %s", d->o.path, d->step->refused), NULL,
                       EXIT_DIAGNOSTICS);
  if (d->o.weights != WEIGHTS_EXTERN && d->step->refused)
    return driver_fail(arena_printf(d->arena, "%s: --weights is about the streaming step, and there is none: %s",
                                    d->o.path, d->step->refused),
                       NULL, EXIT_DIAGNOSTICS);
  if (d->o.weights == WEIGHTS_BLOB && LLVMByteOrder(d->target->layout) != LLVMLittleEndian)
    return driver_fail("a blob has the lowest byte first, this target has it last: --weights=embed or extern", NULL,
                       EXIT_USAGE);
  Bytes weights = {0};
  if (d->o.weights_file) code = read_weights(d, &weights);
  if (!code && d->o.weights == WEIGHTS_EMBED) turn_bytes(d, &weights);
  if (!code) code = make_and_write(d, out, header, &weights);
  bytes_free(&weights);
  return code;
}
