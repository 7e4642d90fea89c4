/* import_command.c: rnnc import: weights of PyTorch or Keras as weights of a model. import.h says how the parts go
   together. No code is made. */
#include "import.h"
#include "options.h"
#include <string.h>

typedef struct Job {
  DriverOptions o;
  const char *output;
  bool dry;
  Import m;
} Job;

static int add_map(Job *job, const char *value)
{
  const char *equals = strchr(value, '=');
  size_t n = strlen(value);
  if (!equals || equals == value || !equals[1])
    return usage(COMMAND_import, "--map wants OURS=THEIRS, for example 'h.0=lstm.l0', not", value, NULL);
  bool transposed = value[n - 1] == '\'';
  MapRule r = {.ours = arena_copy(job->m.arena, value, (size_t)(equals - value)),
               .theirs = arena_copy(job->m.arena, equals + 1, strlen(equals + 1) - transposed),
               .transposed = transposed};
  vec_push(job->m.arena, &job->m.maps, r);
  return -1;
}

static int take(void *context, OptionId id, const char *value)
{
  Job *job = context;
  switch (id) {
  case OPT_INTO: job->o.path = value; break;
  case OPT_MODEL: job->o.model = value; break;
  case OPT_OUTPUT: job->output = value; break;
  case OPT_FROM:
    job->m.from = !strcmp(value, "pytorch") ? FROM_PYTORCH : !strcmp(value, "keras") ? FROM_KERAS : FROM_AUTO;
    break;
  case OPT_MAP: return add_map(job, value);
  case OPT_IGNORE: vec_push(job->m.arena, &job->m.ignore, value); break;
  case OPT_MAPPING_ONLY: job->dry = true; break;
  case OPT_COLOR: job->o.color = color_choice(value); break;
  case OPT_INCLUDE: return options_folders(COMMAND_import, value, &job->o.include);
  default: break;
  }
  return -1;
}

/* Formats that are not read, and what to do instead. */
static const struct {
  const char *ending, *what;
  Framework from;
} other_format[] = {{".pt", "a file of torch.save", FROM_PYTORCH},  {".pth", "a file of torch.save", FROM_PYTORCH},
                    {".bin", "a file of torch.save", FROM_PYTORCH}, {".h5", "an HDF5 file", FROM_KERAS},
                    {".hdf5", "an HDF5 file", FROM_KERAS},          {".keras", "an archive of Keras", FROM_KERAS}};

static int check_format(const char *path)
{
  size_t n = strlen(path);
  for (size_t i = 0; i < sizeof other_format / sizeof *other_format; i++) {
    size_t k = strlen(other_format[i].ending);
    if (n < k || strcmp(path + n - k, other_format[i].ending)) continue;
    fprintf(stderr, "rnnc: %s: %s is not read; write .npz or safetensors in Python:\n", path, other_format[i].what);
    if (other_format[i].from == FROM_PYTORCH)
      fputs("  from safetensors.torch import save_file\n  save_file(model.state_dict(), \"weights.safetensors\")\n",
            stderr);
    else
      fputs("  import numpy\n  numpy.savez(\"weights.npz\", **{v.path: v.numpy() for v in model.weights})\n", stderr);
    return EXIT_ENVIRONMENT;
  }
  return 0;
}

static int write_weights(Job *job, const Driver *d, RnnTensorFile *out)
{
  RnnError error = {0};
  if (!rnn_metadata_set(out, "rnnc.model", d->lowered->name, &error) ||
      !rnn_metadata_set(out, "rnnc.hash", d->hash, &error) || !rnn_tensors_write(job->output, out, &error))
    return driver_fail(error.message, NULL, EXIT_ENVIRONMENT);
  fprintf(stderr, "%s: %lld parameters\n", job->output, (long long)out->tensors);
  return 0;
}

static int import_into(Job *job, Driver *d)
{
  Import *m = &job->m;
  RnnError error = {0};
  RnnTensorFile out = {0};
  int code = check_format(m->state);
  if (code) return code;
  if (!rnn_tensors_read(m->state, &m->file, &error)) return driver_fail(error.message, NULL, EXIT_ENVIRONMENT);
  code = import_layers(m);
  if (!code) code = import_groups(m, (System *)d->lowered);
  if (!code) code = import_match(m);
  if (!code) code = import_values(m, &out); /* looked at before the mapping is printed */
  if (!code) import_print(m);
  if (!code && !job->dry) code = write_weights(job, d, &out);
  rnn_tensor_file_free(&out);
  rnn_tensor_file_free(&m->file);
  return code;
}

static int run(Job *job, int argc, char **argv)
{
  RnnError error = {0};
  int code = options_read(COMMAND_import, argc, argv, take, job);
  if (code >= 0) return code;
  job->m.state = options_operand(COMMAND_import, argc, argv);
  if (!job->m.state) return EXIT_USAGE;
  if (!job->o.path) return usage(COMMAND_import, "import needs --into model.rnn", NULL, NULL);
  if (!job->output && !job->dry)
    return usage(COMMAND_import, "import needs -o weights.safetensors, or --dry-run", NULL, NULL);
  if (job->output && !rnn_tensors_check_name(job->output, &error)) return driver_fail(error.message, NULL, EXIT_USAGE);
  job->m.model = job->o.path;
  Driver d;
  code = driver_open(&d, &job->o);
  if (!code) code = import_into(job, &d);
  driver_close(&d);
  return code;
}

int import_command(int argc, char **argv)
{
  Job job = {.o.level = 2, .m.arena = arena_new()};
  int code = run(&job, argc, argv);
  arena_free(job.m.arena);
  return code;
}
