/* header_test.c: the C header of a model: clean in C99, C++ and freestanding, names that clash, and the example in its
   head comment, which is taken out, compiled against an object with that step, and run. The last line is `N passed, M
   failed`. Needs cc; C++ where there is c++. */
#include "header.h"
#include "object.h"
#include "output.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed, failures;

#define CHECK(ok) check((ok), #ok, __LINE__)
static bool check(bool ok, const char *what, int line)
{
  if (ok) passed++;
  else failures++, printf("FAIL line %d: %s\n", line, what);
  return ok;
}

static char folder[] = "/tmp/rnnc-header-XXXXXX";

static void put_file(const char *name, const char *text)
{
  char path[256], *error = NULL;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  if (!output_write(path, text, strlen(text), &error)) printf("FAIL %s\n", error), exit(1);
}

/* Runs in the folder; true on exit code 0. */
static bool shell(const char *command)
{
  Text t = {0};
  text_printf(&t, "cd %s && { %s; } > log 2>&1 || { cat log; exit 1; }", folder, command);
  int status = system(t.at);
  text_free(&t);
  return status == 0;
}

static const char running_sum[] =
    "{\"name\": \"acc\", \"precision\": \"f32\", \"source\": \"acc.rnn\", \"hash\": \"0123\", \"param_count\": 4,"
    " \"params\": [{\"name\": \"h.W\", \"shape\": [2, 1], \"offset\": 0}, {\"name\": \"h_W\", \"shape\": [], "
    "\"offset\": 2}],"
    " \"inputs\": [{\"name\": \"x\", \"role\": \"input\", \"type\": \"token\", \"shape\": [9], \"time\": true},"
    "             {\"name\": \"int\", \"role\": \"target\", \"type\": \"real\", \"shape\": [], \"time\": true},"
    "             {\"name\": \"u\", \"role\": \"input\", \"type\": \"real\", \"shape\": [3], \"time\": true}],"
    " \"outputs\": [{\"name\": \"h.o\", \"shape\": [2], \"time\": true}],"
    " \"programs\": {\"train\": {}, \"evaluate\": {}, \"forward\": {}},"
    " \"step\": {\"state_bytes\": 64, \"inputs\": [{\"name\": \"x\", \"type\": \"token\", \"count\": 1},"
    "   {\"name\": \"int\", \"type\": \"real\", \"count\": 1}, {\"name\": \"u\", \"type\": \"real\", \"count\": 3}],"
    "   \"outputs\": [{\"name\": \"h.o\", \"count\": 2}], \"feedback\": [\"int\"]}}";

static const char refused[] =
    "{\"name\": \"9 lives*/\", \"precision\": \"f64\", \"source\": \"a*/b.rnn\", \"hash\": \"\", \"param_count\": 0,"
    " \"params\": [], \"inputs\": [], \"outputs\": [], \"programs\": {\"forward\": {}},"
    " \"step\": {\"refused\": \"b[t] reads b[t+1]\"}}";

/* The object's part by hand: state[1] += params[0] * u[0] + 1; o = {state[1], x}. */
static const char step_source[] =
    "#include <stdint.h>\n"
    "struct RnnModel { int abi; }; const struct RnnModel acc_model = {1};\n"
    "void acc_step_entry(const void *params, void *state, const void *const *in, void *const *out)\n"
    "{ double *s = state; const float *p = params, *u = in[2]; float *o = out[0];\n"
    "  s[1] += p[0] * u[0] + *(const float *)in[1] + 1; o[0] = (float)s[1]; o[1] = (float)*(const int32_t *)in[0]; }\n";

static char *between(const char *text, const char *from, const char *to)
{
  const char *a = strstr(text, from), *b = a ? strstr(a, to) : NULL;
  if (!b) return NULL;
  a = strchr(a, '\n') + 1;
  return strndup(a, (size_t)(b - a));
}

static void test_running(void)
{
  Text h = {0};
  char *error = NULL;
  HeaderOptions o = {.file_name = "acc.h"};
  if (!CHECK(header_make(&h, running_sum, &o, &error))) return;
  put_file("acc.h", h.at);
  CHECK(strstr(h.at, "#define ACC_AT_h_W 0 ") && strstr(h.at, "#define ACC_AT_h_W_2 2 "));
  CHECK(strstr(h.at, "ACC_STATE_BYTES 64") && strstr(h.at, "ACC_PARAM_COUNT 4 "));

  put_file("step.c", step_source);
  CHECK(shell("${CC:-cc} -c step.c"));
  char *example = between(h.at, "---- example ----", "   ---- end");
  if (CHECK(example != NULL)) {
    put_file("example.c", example);
    CHECK(shell("${CC:-cc} -std=c99 -pedantic -Wall -Wextra -Werror example.c step.o -o example && ./example > out && "
                "test \"$(tr '\\n' ' ' < out)\" = '1 2 3 '"));
    CHECK(shell("printf '\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0' > w && ./example w"));
    CHECK(!shell("printf 'short' > w && ./example w > /dev/null"));
  }
  free(example);

  /* typed call: a second program, other values, two states */
  put_file(
      "two.c",
      "#define I 5\n#include \"acc.h\"\n#include \"acc.h\"\n"
      "int main(void) { struct acc_state a, b; acc_real w[ACC_PARAM_COUNT] = {2, 0, 0, 0}, u[3] = {10, 0, 0}, "
      "y[2], z[2];\n"
      "  acc_reset(&a); acc_step(w, &a, 7, 0.5f, u, y); b = a; acc_step(w, &a, 8, 0, u, y); acc_step(w, &b, 3, 1, "
      "u, z);\n"
      "  struct acc_state m[2]; int32_t xs[2] = {7, 3}; acc_real ins[2] = {0.5f, 1}, us[6] = {10, 0, 0, 20, 0, 0}, "
      "ys[4]; acc_init(&m[0]); acc_init(&m[1]);\n"
      "  acc_step_many(w, m, 2, xs, ins, us, ys); if (ys[0] != 21.5f || ys[1] != 7 || ys[2] != 42 || ys[3] != 3) "
      "return 2;\n"
      "  acc_run(w, m, 2, xs, 1, ins, 1, us, 3, ys, 2); if (ys[0] != 43 || ys[2] != 85 || ys[3] != 3) return 3;\n"
      "  return !(y[0] == 42.5f && y[1] == 8 && z[0] == 43.5f && z[1] == 3 && sizeof a == ACC_STATE_BYTES); }\n");
  CHECK(shell("${CC:-cc} -std=c99 -pedantic -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Werror two.c "
              "step.o -o two && ./two"));
  CHECK(shell("${CC:-cc} -std=c99 -ffreestanding -nostdinc -isystem $(${CC:-cc} -print-file-name=include) -Wall "
              "-Werror -c two.c"));
  CHECK(shell("! command -v c++ || { cp two.c two.cc && c++ -std=c++17 -pedantic -Wall -Wextra -Werror -c two.cc && "
              "c++ -std=c++11 -pedantic -Wall -Wextra -Werror two.o step.o -o twocc && ./twocc; }"));
  text_free(&h);
}

/* With librnn's header before it, the wrappers must fit its prototypes. */
static void test_library(const char *runtime)
{
  Text t = {0};
  text_printf(
      &t,
      "${CC:-cc} -std=c11 -Wall -Wextra -Werror -I%s -c lib.c && nm lib.o | grep -q 'U rnn_gradient_arrays' && nm "
      "lib.o | grep -q 'U rnn_open'",
      runtime);
  put_file("lib.c", "#include \"acc.h\"\n#include <rnn.h>\n#include \"acc.h\"\n"
                    "bool f(const RnnTensorFile *d, RnnTensorFile *o, double *l, RnnError *e);\n"
                    "bool f(const RnnTensorFile *d, RnnTensorFile *o, double *l, RnnError *e)\n{ RnnHandle *m = "
                    "acc_open(0, e); struct acc_batch b = {0}; "
                    "return m && acc_forward(m, d, o, e) && acc_loss(m, d, l, e) && acc_gradient(m, &b, l, e) && "
                    "acc_update(m, -1, l, e); }\n");
  CHECK(shell(t.at));
  text_free(&t);
}

static void test_others(void)
{
  Text h = {0};
  char *error = NULL;
  CHECK(header_make(&h, refused, &(HeaderOptions){.file_name = "lives.h"}, &error));
  put_file("lives.h", h.at);
  put_file("lives.c", "#include \"lives.h\"\nint main(void) { return sizeof(m9_lives___real) != sizeof(double); }\n");
  CHECK(shell("${CC:-cc} -std=c99 -pedantic -Wall -Wextra -Werror lives.c -o lives && ./lives"));
  CHECK(strstr(h.at, "b[t] reads b[t+1]") && !strstr(h.at, "_step("));
  text_free(&h);

  CHECK(header_make(&h, running_sum,
                    &(HeaderOptions){.prefix = "double", .file_name = "d.h", .weights = "double_weights"}, &error));
  put_file("d.h", h.at);
  CHECK(strstr(h.at, "extern const double_real double_weights[DOUBLE_PARAM_COUNT];"));
  char *example = between(h.at, "---- example ----", "   ---- end");
  put_file("d.c", example ? example : "");
  CHECK(shell("${CC:-cc} -std=c99 -pedantic -Wall -Wextra -Werror -c d.c"));
  free(example);
  text_free(&h);

  CHECK(!header_make(&h, "{\"name\": ", &(HeaderOptions){.file_name = "x.h"}, &error) &&
        strstr(error, "can't be read"));
  free(error);
  CHECK(!header_make(&h, "{}", &(HeaderOptions){.file_name = "x.h"}, &error) && strstr(error, "no name"));
  free(error);
  text_free(&h);
}

int main(int argc, char **argv)
{
  if (!mkdtemp(folder)) return 1;
  test_running();
  test_library(argc > 1 ? argv[1] : RUNTIME_FOLDER);
  test_others();
  Text t = {0};
  text_printf(&t, "rm -r %s", folder);
  CHECK(system(t.at) == 0);
  text_free(&t);
  printf("%d passed, %d failed\n", passed, failures);
  return failures ? 1 : 0;
}
