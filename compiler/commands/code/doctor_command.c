/* doctor_command.c: rnnc doctor: whether all that rnnc leans on is there and works: the code generator, BLAS, threads,
   the C compiler as linker, folders to write to. Each check is a row; exit code 3 if one fails. */
#include "blas.h"
#include "code.h"
#include "linker.h"
#include "pool.h"
#include "rnn.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

typedef struct Doctor {
  char folder[4096]; /* for what the checks write; "": there is none */
  Text said;         /* by the check that runs */
} Doctor;

/* A check says what it found, good or bad, in d->said. */
static bool check_versions(Doctor *d)
{
  text_printf(&d->said, "rnnc %s, LLVM %s", RNNC_VERSION, RNNC_LLVM);
  return true;
}

static bool check_processor(Doctor *d)
{
  char *error = NULL;
  Target *t = target_host(2, &error);
  if (!t) {
    text_printf(&d->said, "%s", error);
    free(error);
    return false;
  }
  text_printf(&d->said, "%s, %s, %d-bit vectors%s", t->triple, t->cpu, t->vector_bits, t->has_fma ? ", fma" : "");
  target_free(t);
  return true;
}

static bool check_threads(Doctor *d)
{
  int wanted = rnn_machine_threads();
  RnnPool *pool = rnn_pool_new(0);
  int got = rnn_pool_threads(pool);
  rnn_pool_free(pool);
  text_printf(&d->said, "%d of %d", got, wanted);
  return got == wanted;
}

/* OpenBLAS against a plain loop in double precision; the bound is some roundings of a sum of k terms. */
static bool check_blas(Doctor *d)
{
  enum { M = 61, N = 47, K = 130 };
  static float a[M * K], b[K * N], c[M * N];
  static double a8[M * K], b8[K * N], c8[M * N];
  double worst = 0, worst8 = 0;
  for (int i = 0; i < M * K; i++) a8[i] = a[i] = (float)sin(0.37 * i);
  for (int i = 0; i < K * N; i++) b8[i] = b[i] = (float)cos(0.11 * i);
  rnn_blas_one_thread();
  rnn_gemm_f32(NULL, 0, 0, M, N, K, a, K, b, N, c, N, 0);
  rnn_gemm_f64(NULL, 0, 0, M, N, K, a8, K, b8, N, c8, N, 0);
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      double sum = 0;
      for (int k = 0; k < K; k++) sum += a8[i * K + k] * b8[k * N + j];
      worst = fmax(worst, fabs(c[i * N + j] - sum));
      worst8 = fmax(worst8, fabs(c8[i * N + j] - sum));
    }
  text_printf(&d->said, "%s; against a plain loop off by %.1g (f32), %.1g (f64)", rnn_blas_description(), worst,
              worst8);
  return worst < K * 1e-6 && worst8 < K * 1e-15;
}

static bool write_model(const Doctor *d, char *path, size_t size)
{
  static const char model[] = "model check {\n  input x[t] : real[8]\n  output h[t]\n  h[t] = gru(8)(x[t])\n}\n";
  snprintf(path, size, "%s/check.rnn", d->folder);
  FILE *f = fopen(path, "w");
  return f && fputs(model, f) >= 0 && fclose(f) == 0;
}

static bool check_code(Doctor *d)
{
  char path[4200];
  if (!*d->folder || !write_model(d, path, sizeof path)) return text_puts(&d->said, "no model could be written"), false;
  Driver driver;
  const RnnModel *model = NULL;
  RnnError error = {0};
  int code = driver_open(&driver, &(DriverOptions){.path = path, .level = 2});
  if (!code) code = driver_jit(&driver, 1u << PROGRAM_FORWARD, 0, &model);
  RnnHandle *handle = code ? NULL : rnn_open(model, 1, &error);
  text_puts(&d->said, handle ? "a model was compiled and loaded" : "a model was not compiled");
  if (handle) rnn_close(handle);
  driver_close(&driver);
  return handle != NULL;
}

/* The exit status of a program with its output thrown away; -1: it did not start. */
static int run_quietly(char *const *argv)
{
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid;
  int failed = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ), status = -1;
  posix_spawn_file_actions_destroy(&actions);
  if (failed) return -1;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool check_linker(Doctor *d)
{
  char path[4200], program[4200];
  const char *cc = getenv("CC");
  if (!*d->folder || !write_model(d, path, sizeof path)) return text_puts(&d->said, "no model could be written"), false;
  snprintf(program, sizeof program, "%s/check", d->folder);
  Driver driver;
  int code = driver_open(&driver, &(DriverOptions){.path = path, .level = 0});
  if (!code) code = driver_executable(&driver, program);
  driver_close(&driver);
  int status = code ? -1 : run_quietly((char *[]){program, "info", NULL});
  text_printf(&d->said, "%s %s", cc && *cc ? cc : "cc",
              code     ? "did not link a program"
              : status ? "linked a program that does not run"
                       : "links programs that run");
  return !code && !status;
}

static bool check_library(Doctor *d)
{
  char *error = NULL, *library = link_runtime(&error), *header = library ? link_include(&error) : NULL;
  if (header) text_printf(&d->said, "%s, %s/rnn.h", library, header);
  else text_printf(&d->said, "%s", error);
  bool ok = header != NULL;
  free(library);
  free(header);
  free(error);
  return ok;
}

static bool check_temporary(Doctor *d)
{
  if (*d->folder) text_printf(&d->said, "%s can be written to", d->folder);
  else text_printf(&d->said, "no folder for temporary files: set TMPDIR");
  return *d->folder;
}

static bool check_here(Doctor *d)
{
  char name[] = "./rnnc-doctor-XXXXXX";
  int fd = mkstemp(name);
  if (fd < 0) return text_printf(&d->said, "nothing can be written here: %s", strerror(errno)), false;
  close(fd);
  unlink(name);
  text_puts(&d->said, "results can be written here");
  return true;
}

static const struct {
  const char *name;
  bool (*check)(Doctor *d);
} checks[] = {
    {"versions", check_versions}, {"processor", check_processor}, {"threads", check_threads},
    {"BLAS", check_blas},         {"library", check_library},     {"temporary files", check_temporary},
    {"this folder", check_here},  {"code", check_code},           {"linker", check_linker},
};

int doctor_command(int argc, char **argv)
{
  int code = options_read(COMMAND_doctor, argc, argv, NULL, NULL);
  if (code >= 0) return code;
  if (optind < argc) return usage(COMMAND_doctor, "doctor takes no operand:", argv[optind], NULL);
  Doctor d = {0};
  const char *tmp = getenv("TMPDIR");
  snprintf(d.folder, sizeof d.folder, "%s/rnnc-doctor-XXXXXX", tmp && *tmp ? tmp : "/tmp");
  if (!mkdtemp(d.folder)) *d.folder = 0;
  bool good = true;
  for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
    d.said = (Text){0};
    bool ok = checks[i].check(&d);
    printf("%-7s %-16s %s\n", ok ? "ok" : "FAILED", checks[i].name, d.said.at ? d.said.at : "");
    fflush(stdout);
    text_free(&d.said);
    good &= ok;
  }
  char file[4200];
  for (int i = 0; i < 2 && *d.folder; i++) {
    snprintf(file, sizeof file, "%s/check%s", d.folder, i ? "" : ".rnn");
    unlink(file);
  }
  if (*d.folder) rmdir(d.folder);
  return good ? EXIT_OK : EXIT_ENVIRONMENT;
}
