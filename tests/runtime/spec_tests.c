/* spec_tests.c: value texts of settings, numbers in texts, near names. */
#include "runtime_files_test.h"
#include "numbers.h"
#include "source_spec.h"
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_parse_and_print(void **state)
{
  static const char *const texts[][2] = {
      /* as read, as printed */
      {"adam(rate=2e-3,beta1 = .9)", "adam(rate = 0.002, beta1 = 0.9)"},
      {" none ", "none"},
      {"0.05", "0.05"},
      {"\"a b.txt\"", "\"a b.txt\""},
      {"text(\"q\\\"\\\\\\n\", unit = char,)", "text(\"q\\\"\\\\\\n\", unit = char)"},
      {"csv(\"d\", x = letters(\"name\"), y = tokens(\"l\", base = -1))",
       "csv(\"d\", x = letters(\"name\"), y = tokens(\"l\", base = -1))"},
      {"linear(1.0, 0, over = 10 epochs)", "linear(1, 0, over = 10 epochs)"},
      {"f()", "f"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    RnnError error = {0};
    RnnCall *call = rnn_call_parse(texts[i][0], &error);
    if (!call) print_error("%s\n", error.message);
    assert_non_null(call);
    char *text = rnn_call_print(call);
    assert_string_equal(text, texts[i][1]);
    free(text);
    rnn_call_free(call);
  }
}

static void test_wrong_texts(void **state)
{
  static const char *const texts[][2] = {
      {"", "a number, a text in quotes or a name expected\n  \n  ^"},
      {"adam(rate = )", "a number, a text in quotes or a name expected\n  adam(rate = )\n              ^"},
      {"adam(1 2)", "',' or ')' expected"},
      {"adam(1", "',' or ')' expected"},
      {"adam(1) x", "nothing more is expected"},
      {"text(\"a", "the closing '\"' of this text expected"},
      {"f(0x10)", "a number expected"},
      {"f(1.2.3)", "a number expected"},
      {"f(1e999)", "a number expected"},
      {"f(((((", "a number, a text"},
      {"f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(", "fewer brackets within brackets"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    RnnError error = {0};
    assert_null(rnn_call_parse(texts[i][0], &error));
    assert_says(&error, texts[i][1]);
    assert_int_equal(error.code, RNN_ERROR_USAGE);
  }
}

static void test_arguments(void **state)
{
  static const char *const names[] = {"rate", "momentum", "nesterov", "name", NULL};
  static const char *const optimisers[] = {"sgd", "adam", "adamw", NULL};
  RnnError error = {0};
  double rate = 1, momentum = 0.5;
  bool nesterov = false;
  int64_t whole = 3;
  const char *text = "none";
  (void)state;
  RnnCall *call = rnn_call_parse("sgd(0.1, nesterov = true, name = \"a\")", &error);
  assert_true(rnn_call_check(call, names, 2, &error));
  assert_true(rnn_call_number(call, "rate", 0, &rate, &error) && rate == 0.1);
  assert_true(rnn_call_number(call, "momentum", 1, &momentum, &error) && momentum == 0.5);
  assert_true(rnn_call_flag(call, "nesterov", -1, &nesterov, &error) && nesterov);
  assert_true(rnn_call_text(call, "name", -1, &text, &error) && strcmp(text, "a") == 0);
  assert_false(rnn_call_count(call, "rate", 0, &whole, &error));
  assert_says(&error, "sgd: rate must be a whole number, 0 or more");
  assert_false(rnn_call_number(call, "name", -1, &rate, &error));
  assert_says(&error, "sgd: name must be a number");
  assert_int_equal(rnn_call_which(call, "optimizer", optimisers, &error), 0);
  rnn_call_free(call);

  static const char *const wrong[][2] = {
      {"sgd(momentun = 1)", "sgd: argument 'momentun' is not known; did you mean 'momentum'?"},
      {"sgd(q = 1)", "expected one of rate, momentum, nesterov, name"},
      {"sgd(1, rate = 2)", "sgd: rate is given twice"},
      {"sgd(name = 2, name = 3)", "sgd: name is given twice"},
      {"sgd(1, 2, 3)", "sgd: at most 2 arguments stand without a name"},
      {"sgd(rate = 1, 2)", "sgd: rate is given twice"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    call = rnn_call_parse(wrong[i][0], &error);
    assert_false(rnn_call_check(call, names, 2, &error));
    assert_says(&error, wrong[i][1]);
    rnn_call_free(call);
  }
  call = rnn_call_parse("adma()", &error);
  assert_int_equal(rnn_call_which(call, "optimizer", optimisers, &error), -1);
  assert_says(&error, "optimizer 'adma' is not known; did you mean 'adam'?");
  rnn_call_free(call);
  call = rnn_call_parse("7", &error);
  assert_true(rnn_call_count(call, "rate", 0, &whole, &error) && whole == 7);
  rnn_call_free(call);
}

static void test_numbers(void **state)
{
  static const char *const texts[] = {"0",
                                      "-0",
                                      "1",
                                      "58.0",
                                      "-0.207383",
                                      "1e22",
                                      "1e23",
                                      ".5",
                                      "5.",
                                      "123456789012345678901234567890",
                                      "4.9e-324",
                                      "1.7976931348623157e308",
                                      "0.1e-5",
                                      "1E+2",
                                      "+3",
                                      "0.000000000000000000000000000000000123",
                                      "9007199254740993",
                                      "0e999999999999"};
  static const char *const none[] = {"", "-", ".", "e5", "inf", "nan", "1e999", " 1", "+-1"};
  const char *end;
  double got;
  int64_t whole;
  char text[RNN_NUMBER_TEXT];
  (void)state;
  setlocale(LC_ALL, "de_DE.UTF-8"); /* where there is one */
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    assert_true(rnn_number_parse(texts[i], &end, &got));
    assert_int_equal(*end, 0);
    setlocale(LC_ALL, "C");
    assert_true(got == strtod(texts[i], NULL));
    assert_int_equal(signbit(got), texts[i][0] == '-');
  }
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) assert_false(rnn_number_parse(none[i], &end, &got));
  assert_true(rnn_number_parse("1e+x", &end, &got) && *end == 'e' && got == 1);
  assert_true(rnn_number_parse("0x10", &end, &got) && *end == 'x');
  assert_true(rnn_whole_parse("-12", &whole) && whole == -12);
  assert_false(rnn_whole_parse("12.0", &whole) || rnn_whole_parse("", &whole) ||
               rnn_whole_parse("99999999999999999999", &whole));
  assert_string_equal(rnn_number_text(0.1, text), "0.1");
  assert_string_equal(rnn_number_text(1.0 / 3, text), "0.3333333333333333");
  uint64_t bits = 88172645463325252u;
  for (int i = 0; i < 20000; i++) { /* against the C library */
    bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
    char decimal[64];
    snprintf(decimal, sizeof decimal, "%.*ge%d", (int)(bits % 18) + 1, (double)(bits >> 1), (int)(bits % 40) - 45);
    char *e = strchr(decimal, 'e'), *second = e ? strchr(e + 1, 'e') : NULL;
    if (second) *second = 0;
    assert_true(rnn_number_parse(decimal, &end, &got));
    assert_true(got == strtod(decimal, NULL));
  }
}

static void test_near(void **state)
{
  static const char *const names[] = {"hidden", "h", "W", "sigmoid", "tanh"};
  (void)state;
  assert_string_equal(rnn_near("sigmod", names, 5), "sigmoid");
  assert_string_equal(rnn_near("hiddne", names, 5), "hidden");
  assert_string_equal(rnn_near("tanhh", names, 5), "tanh");
  assert_null(rnn_near("softmax", names, 5));
  assert_null(rnn_near("x", names, 5)); /* all of it would change */
  assert_null(rnn_near("", names, 5));
  char longer[500];
  memset(longer, 'a', sizeof longer);
  longer[499] = 0;
  assert_null(rnn_near(longer, names, 5));
}

static void test_errors_are_cut(void **state)
{
  RnnError error = {0};
  char longer[3000];
  (void)state;
  memset(longer, 'a', sizeof longer);
  longer[2999] = 0;
  rnn_fail(&error, RNN_ERROR_DATA, "%s", longer);
  assert_int_equal(strlen(error.message), sizeof error.message - 1);
  rnn_fail_within(&error, "data");
  assert_int_equal(strncmp(error.message, "data: aaa", 9), 0);
  assert_int_equal(error.code, RNN_ERROR_DATA);
  assert_false(rnn_fail(NULL, RNN_ERROR_DATA, "dropped"));
}

int run_spec_tests(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_parse_and_print), cmocka_unit_test(test_wrong_texts), cmocka_unit_test(test_arguments),
      cmocka_unit_test(test_numbers),         cmocka_unit_test(test_near),        cmocka_unit_test(test_errors_are_cut),
  };
  return cmocka_run_group_tests_name("value texts", tests, NULL, NULL);
}
