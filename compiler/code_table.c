/* code_table.c: the module's table. */
#include "code.h"
#include "blas.h"
#include "pool.h"
#include <stdlib.h>

#define COMMAND(name, group, operands, help)
#define CODE_COMMAND(name, group, operands, help) int name##_command(int argc, char **argv);
#include "commands.def"
#undef COMMAND

static void print_name(const char *name, const char *description, void *out)
{
  (void)description;
  fprintf(out, " %s", name);
}

static void about(FILE *out)
{
  char *error = NULL;
  Target *t = target_host(2, &error);
  if (t)
    fprintf(out, "this machine: %s, %s, %d-bit vectors%s\n", t->triple, t->cpu, t->vector_bits,
            t->has_fma ? ", fma" : "");
  else fprintf(out, "this machine: %s\n", error);
  if (t) target_free(t);
  free(error);
  fprintf(out, "threads: %d\nBLAS: %s\ntargets:", rnn_machine_threads(), rnn_blas_description());
  target_list(print_name, out);
  fputc('\n', out);
}

const Code rnnc_code = {
    .version = RNNC_VERSION,
    .emit = driver_emit,
    .object = driver_object,
    .executable = driver_executable,
    .jit = driver_jit,
    .run = rnn_main,
    .checkpoint_setting = rnn_checkpoint_setting,
    .about = about,
    .command =
        {
#define COMMAND(name, group, operands, help)
#define CODE_COMMAND(name, group, operands, help) [COMMAND_##name] = name##_command,
#include "commands.def"
#undef COMMAND
        },
};
