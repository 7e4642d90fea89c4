/* csv_tests.c: what CSV files become, and what is said about those that are wrong. Each case is a file, a source, and
 * the data or the message. */
#include "runtime_files_test.h"
#include "data_fixture.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Case {
  const char *file, *source, *inputs, *train; /* the training part, as fixture_dump writes it; or the message */
} Case;

static void run_cases(const Case *cases, size_t count, bool fails)
{
  for (size_t i = 0; i < count; i++) {
    RnnData data;
    RnnError error = {0};
    put_text("d.csv", cases[i].file);
    bool opened = fixture_open(cases[i].source, cases[i].inputs, NULL, &data, &error);
    if (opened == fails) print_error("case %zu: %s\n", i, opened ? "was read" : error.message);
    assert_int_equal(opened, !fails);
    if (fails) {
      const char *message = strstr(error.message, "d.csv");
      assert_string_equal(message ? message : error.message, cases[i].train);
      assert_true(error.code == RNN_ERROR_DATA || error.code == RNN_ERROR_USAGE);
    } else {
      char *dump = fixture_dump(data.train);
      assert_string_equal(dump, cases[i].train);
      free(dump);
    }
    rnn_data_free(&data);
  }
}

static void test_read(void **state)
{
  static const Case cases[] = {
      /* one sequence, bound by names */
      {"x,y\n1,2\n3,4\n", "csv(\"d.csv\")", "x[t] real, y[t]! real", "lengths 2 x 1 3 y 2 4"},
      {"x1,x2\n1,2\n3,4\n", "csv(\"d.csv\")", "x[t] real 2", "lengths 2 x 1 2 3 4"},
      {"x_1,x_2\n1,2\n", "csv(\"d.csv\")", "x[t] real 2", "lengths 1 x 1 2"},
      {"x0,x1\n1,2\n", "csv(\"d.csv\")", "x[t] real 2", "lengths 1 x 1 2"},
      /* a plain name, quotes, blanks, line ends of all kinds, a mark, empty lines, no newline at the end */
      {"\xef\xbb\xbf\"x\", y \r\n 1 ,\"2\"\r\n\r\n3,4", "\"d.csv\"", "x[t] real, y[t]! real", "lengths 2 x 1 3 y 2 4"},
      {"x\r1\r2\r", "\"d.csv\"", "x[t] real", "lengths 2 x 1 2"},
      /* two axes: each input's steps are of its own; an end behind them */
      {"w,p\nab,x y z\nc,z\n", "csv(\"d.csv\", x = letters(\"w\"), y = words(\"p\", end = \"<end>\"))",
       "x[s] token 3, y[t]! token 4", "lengths 4 2 and 2 1 x 0 1 2 y 1 2 3 0 3 0"},
      {"w,p,q\nab,x y,1.5\nc,y,3\n", "csv(\"d.csv\", x = letters(\"w\"), y = words(\"p\"), h = \"q\")",
       "x[s] token 4, y[t]! token 2, h real", "lengths 2 1 and 2 1 x 0 1 2 y 0 1 1 h 1.5 3"},
      {"a1,a2,b1,b2,b3,b4\n1,2,3,4,5,6\n", "csv(\"d.csv\", x = steps(\"a1..a2\"), y = steps(\"b1..b4\", width = 2))",
       "x[s] real, y[t]! real 2", "lengths 2 and 2 x 1 2 y 3 4 5 6"},
      {"w,p\nab,\n", "csv(\"d.csv\", x = letters(\"w\"), y = letters(\"p\", end = \"$\"))",
       "x[s] token 3, y[t]! token 1", "lengths 1 and 2 x 0 1 y 0"},
      /* ranges, lists */
      {"a,b,c,d\n1,2,3,4\n", "csv(\"d.csv\", x = \"b..d\", y = \"a\")", "x[t] real 3, y[t]! real",
       "lengths 1 x 2 3 4 y 1"},
      {"a,b,c,d\n1,2,3,4\n", "csv(\"d.csv\", x = \"d, a..b\")", "x[t] real 3", "lengths 1 x 4 1 2"},
      {"\"a,b\",c\n1,2\n", "csv(\"d.csv\", x = \"a,b\")", "x[t] real", "lengths 1 x 1"},
      /* sequences, values without a time index, labels from 1 */
      {"s,x,k\n7,1,1\n7,2,1\n3,3,2\n", "csv(\"d.csv\", sequence = \"s\", who = \"k\")", "x[t] real, who! token 2",
       "lengths 2 1 x 1 2 3 who 0 1"},
      {"s,x,k\n7,1,10\n7,2,10\n3,3,9\n", "csv(\"d.csv\", sequence = \"s\", who = \"k\")", "x[t] real, who! token 2",
       "lengths 2 1 x 1 2 3 who 1 0"}, /* labels that are numbers are sorted as numbers */
      {"s,x,k\n7,1,f\n7,2,f\n3,3,m\n", "csv(\"d.csv\", sequence = \"s\", who = \"k\")", "x[t] real, who! token 2",
       "lengths 2 1 x 1 2 3 who 0 1"},
      {"x,k\n1,-1\n2,1\n", "csv(\"d.csv\", k = \"k\")", "x[t] real, k[t]! token 2", "lengths 2 x 1 2 k 0 1"},
      {"k\n3\n1\n", "csv(\"d.csv\", k = tokens(\"k\", base = 1))", "k[t] token 3", "lengths 2 k 2 0"},
      {"x,k\n1,2\n2,\n", "csv(\"d.csv\")", "x[t] real, k[t]! token 3", "lengths 2 x 1 2 k 2 -1"}, /* unobserved */
      /* sorted */
      {"s,t,x\na,2,1\nb,10,2\na,1,3\nb,9,4\n", "csv(\"d.csv\", sequence = \"s\", sort = \"t\")", "x[t] real",
       "lengths 2 2 x 3 1 4 2"},
      {"t,x\nb,1\na,2\nb,3\n", "csv(\"d.csv\", sort = \"t\")", "x[t] real", "lengths 3 x 2 1 3"},
      /* time within cells */
      {"name,sex\nbo,M\nal\xc3\xa9,F\n", "csv(\"d.csv\", x = letters(\"name\"), y = \"sex\")",
       "x[t] token 30, y! token 2", "lengths 2 3 x 1 3 0 2 4 y 1 0"},
      {"w,p\nab,AA B\nc,K\n", "csv(\"d.csv\", x = letters(\"w\"), y = words(\"p\"))", "x[t] token 3, y[t]! token 3",
       "lengths 2 1 x 0 1 2 y 0 1 2"},
      {"p\n5 0\n  7\n", "csv(\"d.csv\", x = words(\"p\"))", "x[t] token 8", "lengths 2 1 x 5 0 7"},
      {"k,p0,p1,p2,p3\n1,1,2,3,4\n0,5,6,7,8\n", "csv(\"d.csv\", x = steps(\"p0..p3\"), y = \"k\")",
       "x[t] real, y! token 2", "lengths 4 4 x 1 2 3 4 5 6 7 8 y 1 0"},
      {"p0,p1,p2,p3\n1,2,3,4\n", "csv(\"d.csv\", x = steps(\"p0..p3\", width = 2))", "x[t] real 2",
       "lengths 2 x 1 2 3 4"},
      /* no time index at all: each row a sequence */
      {"a,b\n1,2\n3,4\n", "csv(\"d.csv\")", "a real, b! real", "lengths 1 1 a 1 3 b 2 4"},
      /* delimiters; a cell over two lines */
      {"x;y\n1;2\n", "csv(\"d.csv\", delimiter = \";\")", "x[t] real, y[t]! real", "lengths 1 x 1 y 2"},
      {"x,n\n1,\"two\nlines \"\"quoted\"\"\"\n2,b\n", "csv(\"d.csv\")", "x[t] real", "lengths 2 x 1 2"},
      /* parts */
      {"x,p\n1,train\n2,train\n3,test\n4,train\n", "csv(\"d.csv\", split = \"p\")", "x[t] real", "lengths 2 1 x 1 2 4"},
      {"x,p\n1,A\n2,B\n", "csv(\"d.csv\", split = \"p\", train = \"B\", test = \"A\")", "x[t] real", "lengths 1 x 2"},
      /* normalised by the training part */
      {"x,y,p\n1,5,train\n3,5,train\n9,5,test\n", "csv(\"d.csv\", split = \"p\", normalize = true)",
       "x[t] real, y[t]! real", "lengths 2 x -1 1 y 5 5"},
      {"x,y\n1,5\n3,5\n", "csv(\"d.csv\", normalize = \"y\")", "x[t] real, y[t]! real", "lengths 2 x 1 3 y 0 0"},
      {"x,y\n1,5\n3,\n2,7\n", "csv(\"d.csv\", normalize = \"y\")", "x[t] real, y[t]! real",
       "lengths 3 x 1 3 2 y -1 nan 1"},
      {"x,y1,y2\n1,,2\n3,4,\n", "csv(\"d.csv\")", "x[t] real, y[t]! real 2", "lengths 2 x 1 3 y nan 2 4 nan"},
  };
  (void)state;
  run_cases(cases, sizeof cases / sizeof *cases, false);
}

static void test_messages(void **state)
{
  static const Case cases[] = {
      {"w,p\nab,x\n", "csv(\"d.csv\", x = letters(\"w\", end = \"\"), y = words(\"p\"))", "x[s] token 3, y[t]! token 4",
       "csv: end is a label, and of letters(...) and words(...) alone"},
      {"w,p\nab,x\n", "csv(\"d.csv\", x = tokens(\"w\", end = \"e\"))", "x[t] token 3",
       "csv: end is a label, and of letters(...) and words(...) alone"},
      {"w,p\nab,x\n", "csv(\"d.csv\", x = letters(\"w\"), y = words(\"p\"), a = \"w\")",
       "x[s] token 3, y[t]! token 4, a[ts] real", "d.csv: a table has no place for a[t, s]; npz has"},
      {"w,p,q\nab,x,abc\n", "csv(\"d.csv\", x = letters(\"w\"), y = words(\"p\"), z = letters(\"q\"))",
       "x[s] token 3, y[t]! token 4, z[s] token 3", "d.csv:2: column 'q': 'z' has 3 steps here, 'x' has 2"},
      {"w,p\n,x\n", "csv(\"d.csv\", x = letters(\"w\"), y = words(\"p\"))", "x[s] token 3, y[t]! token 4",
       "d.csv:2: column 'w': is empty; a sequence has at least one step"},
      {"x,y\n1,2\n3\n", "csv(\"d.csv\")", "x[t] real", "d.csv:3: 1 cells; expected 2, as in the first line"},
      {"x,y\n1,2\n3,4,5\n", "csv(\"d.csv\")", "x[t] real",
       "d.csv:3: more cells than columns have names in the first line"},
      {"x\n1\nabc\n", "csv(\"d.csv\")", "x[t] real", "d.csv:3: column 'x': 'abc' is not a number"},
      {"x,n\n1,\"a\nb\"\nq,c\n", "csv(\"d.csv\")", "x[t] real", "d.csv:4: column 'x': 'q' is not a number"},
      {"x,y\n1,2\n,3\n", "csv(\"d.csv\")", "x[t] real", "d.csv:3: column 'x': is empty; expected a number"},
      {"x\nnan\n", "csv(\"d.csv\")", "x[t] real", "d.csv:2: column 'x': 'nan' is not a number"},
      {"x\n1e999\n", "csv(\"d.csv\")", "x[t] real", "d.csv:2: column 'x': '1e999' is not a number"},
      {"x\n1e39\n", "csv(\"d.csv\")", "x[t] real", "d.csv:2: column 'x': '1e39' is too large for 32 bits"},
      {"x\n1 2\n", "csv(\"d.csv\")", "x[t] real", "d.csv:2: column 'x': '1 2' is not a number"},
      {"", "csv(\"d.csv\")", "x[t] real", "d.csv: expected a line of column names and at least one row"},
      {"x\n", "csv(\"d.csv\")", "x[t] real", "d.csv: expected a line of column names and at least one row"},
      {"x,x\n1,2\n", "csv(\"d.csv\")", "x[t] real", "d.csv:1: two columns are named 'x'"},
      {"x\n1\n2\"3\n", "csv(\"d.csv\")", "x[t] real",
       "d.csv:3: a quote where none may stand; a cell with quotes in it is written \"like \"\"this\"\"\""},
      {"x\n1\n\"2\n", "csv(\"d.csv\")", "x[t] real", "d.csv:3: the file ends within a cell whose quote is not closed"},
      {"temp\n1\n", "csv(\"d.csv\", x = \"tmep\")", "x[t] real",
       "d.csv: no column is named 'tmep'; did you mean 'temp'?"},
      {"temp\n1\n", "csv(\"d.csv\")", "x[t] real", "d.csv: no column is named 'x'; say which with x = \"column\""},
      {"x1,x2\n1,2\n", "csv(\"d.csv\")", "x[t] real 3",
       "d.csv: no columns are named 'x1' to 'x3' (or 'x_1' ..); say which with x = \"first..last\""},
      {"a,b\n1,2\n", "csv(\"d.csv\", x = \"a..b\")", "x[t] real 3",
       "d.csv: 'x' is real[3] at each step, but 2 columns are given; expected 3"},
      {"a,b\n1,2\n", "csv(\"d.csv\", x = \"b..a\")", "x[t] real 2",
       "d.csv: 'b..a': the second column stands before the first"},
      {"a,b,c\n1,2,3\n", "csv(\"d.csv\", x = steps(\"a..c\"))", "x[t] real 2",
       "d.csv: 'x' is real[2] at each step, and 3 columns are not a multiple of that"},
      {"a\n1\n", "csv(\"d.csv\", x = steps(\"a\", width = 2))", "x[t] real",
       "csv: x has 1 elements a step, width is 2"},
      {"a\nb\n", "csv(\"d.csv\", x = letters(\"a\"))", "x[t] real",
       "csv: x = letters(...) reads tokens, but 'x' is a real number at each step"},
      {"a\nb\n", "csv(\"d.csv\", x = letters(\"a\"))", "x token 3",
       "csv: x = letters(...) reads steps, but 'x' is token[3] without a time index"},
      {"a\nb\n", "csv(\"d.csv\", x = leters(\"a\"))", "x[t] token 3",
       "reading of columns 'leters' is not known; did you mean 'letters'?"},
      {"a\nb\n", "csv(\"d.csv\", x = 3)", "x[t] token 3",
       "csv: x must be \"columns\", tokens(...), letters(...), words(...) or steps(...)"},
      {"a\nb\n", "csv(\"d.csv\", sequnce = \"a\")", "x[t] token 3",
       "csv: argument 'sequnce' is not known; did you mean 'sequence'?"},
      {"k\n0\n3\n1\n2\n", "csv(\"d.csv\")", "k[t] token 3",
       "d.csv: column 'k' has 4 different labels, but 'k' is token[3] at each step"},
      {"k\nabc\n", "csv(\"d.csv\", k = letters(\"k\"))", "k[t] token 2",
       "d.csv: column 'k' has 3 different characters, but 'k' is token[2] at each step"},
      {"k\n1\n4\n", "csv(\"d.csv\", k = tokens(\"k\", base = 1))", "k[t] token 3",
       "d.csv:3: column 'k': '4' is outside 1 to 3, since 'k' is token[3]"},
      {"k\n1\nx\n", "csv(\"d.csv\", k = tokens(\"k\", base = 1))", "k[t] token 3",
       "d.csv:3: column 'k': 'x' is outside 1 to 3, since 'k' is token[3]"},
      {"k,x\n1,0\n,0\n", "csv(\"d.csv\")", "k[t] token 3", "d.csv:3: column 'k': is empty, and 'k' is an input"},
      {"k\n\xff\n", "csv(\"d.csv\")", "k[t] token 3", "d.csv: column 'k' holds bytes that are not UTF-8"},
      {"s,x\na,1\nb,2\na,3\n", "csv(\"d.csv\", sequence = \"s\")", "x[t] real",
       "d.csv:4: column 's': sequence 'a' goes on here, after others; put its rows together, or say sort = \"column\""},
      {"s,x,k\na,1,0\na,2,1\n", "csv(\"d.csv\", sequence = \"s\")", "x[t] real, k! token 2",
       "d.csv:3: column 'k': '1', but line 2 of the same sequence has '0'; 'k' has no time index"},
      {"w,p\nab,AA\n", "csv(\"d.csv\", x = letters(\"w\"), y = words(\"p\"))", "x[t] token 3, y[t]! token 3",
       "d.csv:2: column 'p': 'y' has 1 steps here, 'x' has 2"},
      {"w,v\n,1\n", "csv(\"d.csv\", x = letters(\"w\"))", "x[t] token 3",
       "d.csv:2: column 'w': is empty; a sequence has at least one step"},
      {"x,p\n1,train\n2,tset\n", "csv(\"d.csv\", split = \"p\")", "x[t] real",
       "d.csv:3: column 'p': 'tset' is no part; expected 'train', 'valid' or 'test'; did you mean 'test'?"},
      {"x,p\n1,test\n2,test\n", "csv(\"d.csv\", split = \"p\")", "x[t] real",
       "d.csv: its split column leaves nothing to train on"},
      {"s,x,p\na,1,train\na,2,test\n", "csv(\"d.csv\", split = \"p\", sequence = \"s\")", "x[t] real",
       "d.csv:3: column 'p': a sequence belongs to one part; line 2 has 'train'"},
      {"x\n1\n", "csv(\"d.csv\", train = \"a\")", "x[t] real", "csv: train needs split = \"column\""},
      {"x\n1\n", "csv(\"d.csv\", delimiter = \"ab\")", "x[t] real", "csv: delimiter must be one character"},
      {"x\n1\n", "csv(\"d.csv\", normalize = \"z\")", "x[t] real", "csv: normalize: the model has no real input 'z'"},
      {"x\n1\n", "csv(\"d.csv\", normalize = 3)", "x[t] real", "csv: normalize must be true or false"},
      {"x\n1\n", "csv()", "x[t] real", "csv needs a file: csv(\"file\")"},
      {"x\n1\n", "csw(\"d.csv\")", "x[t] real", "d.csv"},
  };
  (void)state;
  run_cases(cases, sizeof cases / sizeof *cases - 1, true);
  RnnData data;
  RnnError error = {0};
  assert_false(fixture_open("csw(\"d.csv\")", "x[t] real", NULL, &data, &error));
  assert_string_equal(error.message, "data source 'csw' is not known; did you mean 'csv'?");
  put_file("d.csv", "x\n1\0002\n", 6);
  assert_false(fixture_open("csv(\"d.csv\")", "x[t] real", NULL, &data, &error));
  assert_says(&error, "d.csv:2: holds a zero byte");
}

static void test_shares(void **state)
{
  RnnData data;
  RnnError error = {0};
  RnnDataOptions options = {.validate = 0.25, .test = 0.25};
  (void)state;
  put_text("d.csv", "x\n1\n2\n3\n4\n");
  assert_true(fixture_open("csv(\"d.csv\")", "x[t] real", &options, &data, &error)); /* one sequence: in time */
  char *train = fixture_dump(data.train), *validate = fixture_dump(data.validate), *test = fixture_dump(data.test);
  assert_string_equal(train, "lengths 2 x 1 2");
  assert_string_equal(validate, "lengths 1 x 3");
  assert_string_equal(test, "lengths 1 x 4");
  free(train), free(validate), free(test);
  rnn_data_free(&data);
  put_text("d.csv", "s,x\na,1\na,2\nb,3\nc,4\nd,5\nd,6\n");
  assert_true(
      fixture_open("csv(\"d.csv\", sequence = \"s\")", "x[t] real", &options, &data, &error)); /* several: whole ones */
  train = fixture_dump(data.train), validate = fixture_dump(data.validate), test = fixture_dump(data.test);
  assert_string_equal(train, "lengths 2 1 x 1 2 3");
  assert_string_equal(validate, "lengths 1 x 4");
  assert_string_equal(test, "lengths 2 x 5 6");
  free(train), free(validate), free(test);
  rnn_data_free(&data);
  put_text("d.csv", "x,p\n1,train\n2,train\n3,train\n4,train\n5,test\n");
  assert_false(fixture_open("csv(\"d.csv\", split = \"p\")", "x[t] real", &options, &data, &error));
  assert_says(&error, "test = 0.25, but the split column of");
  options.test = 0;
  assert_true(fixture_open("csv(\"d.csv\", split = \"p\")", "x[t] real", &options, &data, &error));
  train = fixture_dump(data.train), validate = fixture_dump(data.validate), test = fixture_dump(data.test);
  assert_string_equal(train, "lengths 3 x 1 2 3");
  assert_string_equal(validate, "lengths 1 x 4");
  assert_string_equal(test, "lengths 1 x 5");
  free(train), free(validate), free(test);
  rnn_data_free(&data);
  put_text("d.csv", "x\n1\n2\n3\n");
  assert_false(fixture_open("csv(\"d.csv\")", "x[t] real", &options, &data, &error));
  assert_says(&error, "validate = 0.25 of 3 would be nothing");
  options.validate = 1;
  assert_false(fixture_open("csv(\"d.csv\")", "x[t] real", &options, &data, &error));
  assert_says(&error, "validate must be a share from 0 to below 1");
}

/* weights trained on one file, other data read for them */
static void test_coding(void **state)
{
  RnnData first, second;
  RnnError error = {0};
  RnnTensorFile weights = {0};
  (void)state;
  put_text("d.csv", "x,k,n\n1,b,ab\n3,a,b\xc3\xa9\n");
  const char *source = "csv(\"d.csv\", normalize = true, sequence = \"k\", y = \"k\")",
             *inputs = "x[t] real, y! token 2";
  assert_true(fixture_open(source, inputs, NULL, &first, &error));
  assert_true(rnn_coding_store(first.coding, &weights, &error));
  assert_string_equal(
      rnn_metadata_get(&weights, "coding"),
      "{\"y\":{\"unit\":\"label\",\"vocabulary\":[\"a\",\"b\"]},\"x\":{\"mean\":[2.0],\"deviation\":[1.0]}}");
  RnnCoding *coding = rnn_coding_load(&weights, "w", &error);
  assert_non_null(coding);
  RnnDataOptions options = {.coding = coding};
  put_text("d.csv", "x,k\n5,b\n");
  assert_true(fixture_open(source, inputs, &options, &second, &error));
  char *train = fixture_dump(second.train);
  assert_string_equal(train, "lengths 1 x 3 y 1");
  free(train);
  rnn_data_free(&second);
  put_text("d.csv", "x,k\n5,c\n");
  assert_false(fixture_open(source, inputs, &options, &second, &error));
  assert_says(&error, "d.csv:2: column 'k': 'c' is not in the vocabulary of 'y'");
  assert_false(fixture_open(source, "x[t] real, y! token 1", &options, &second, &error));
  assert_says(&error, "'y' is token[1], but the weights were trained with a vocabulary of 2");
  options.targets_optional = true;
  put_text("d.csv", "x,k\n5,b\n");
  assert_true(fixture_open("csv(\"d.csv\")", inputs, &options, &second, &error));
  train = fixture_dump(second.train);
  assert_string_equal(train, "lengths 1 x 3 y absent");
  free(train);
  rnn_data_free(&second);
  rnn_coding_free(coding);
  rnn_data_free(&first);
  rnn_tensor_file_free(&weights);
  coding = rnn_coding_load(&weights, "w", &error);
  assert_null(coding);
  assert_int_equal(error.code, RNN_OK);
  static const char *const bad[] = {"",
                                    "[]",
                                    "{\"x\":3}",
                                    "{\"x\":{\"vocabulary\":[\"a\"]}}",
                                    "{\"x\":{\"unit\":\"byte\",\"vocabulary\":[256]}}",
                                    "{\"x\":{\"unit\":\"char\",\"vocabulary\":[3]}}",
                                    "{\"x\":{\"mean\":[1]}}",
                                    "{\"x\":{\"mean\":[1],\"deviation\":[0]}}",
                                    "{\"x\":{\"base\":\"a\"}}"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_true(rnn_metadata_set(&weights, "coding", bad[i], &error));
    assert_null(rnn_coding_load(&weights, "w", &error));
    assert_int_equal(error.code, RNN_ERROR_DATA);
  }
  rnn_tensor_file_free(&weights);
}

int run_csv_tests(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_read),
      cmocka_unit_test(test_messages),
      cmocka_unit_test(test_shares),
      cmocka_unit_test(test_coding),
  };
  return cmocka_run_group_tests_name("CSV files", tests, NULL, NULL);
}
