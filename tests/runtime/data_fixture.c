/* data_fixture.c: inputs and data written as short texts. */
#include "data_fixture.h"
#include "data_private.h"
#include "runtime_files_test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fixture_inputs(const char *text, RnnInputSpec inputs[FIXTURE_INPUTS])
{
  static char names[64][16]; /* specs borrow their names */
  static int next;
  int count = 0;
  for (int read; *text; text += read + strspn(text + read, ", ")) {
    char mark[8] = "", type[8];
    int size = 0;
    RnnInputSpec *spec = &inputs[count++];
    char *name = names[next++ % 64];
    *spec = (RnnInputSpec){.name = name, .width = 1};
    if (sscanf(text, "%15[a-z0-9_]%7[^ ] %7[a-z]%n", name, mark, type, &read) != 3) {
      mark[0] = 0;
      assert_int_equal(sscanf(text, "%15[a-z0-9_] %7[a-z]%n", name, type, &read), 2);
    }
    int more = 0;
    if (sscanf(text + read, " %d%n", &size, &more) == 1) read += more;
    spec->time = strchr(mark, 't') != NULL;
    spec->second = strchr(mark, 's') != NULL;
    spec->target = strchr(mark, '!') != NULL;
    spec->token = strcmp(type, "token") == 0;
    if (spec->token) spec->classes = size;
    else if (size) {
      spec->rank = 1;
      spec->shape[0] = spec->width = size;
    }
  }
  return count;
}

char *fixture_dump(const RnnDataset *dataset)
{
  char *text = NULL;
  size_t size = 0;
  if (!dataset) return strdup("none");
  FILE *out = open_memstream(&text, &size);
  fputs("lengths", out);
  for (int64_t s = 0; s < dataset->sequences; s++) fprintf(out, " %lld", (long long)dataset->length[s]);
  if (dataset->length2) fputs(" and", out);
  for (int64_t s = 0; dataset->length2 && s < dataset->sequences; s++)
    fprintf(out, " %lld", (long long)dataset->length2[s]);
  for (int i = 0; i < dataset->inputs; i++) {
    const RnnInputSpec *spec = &dataset->input[i];
    int64_t n = rnn_dataset_at(dataset, i, dataset->sequences, 0, 0);
    fprintf(out, " %s", spec->name);
    if (!dataset->values[i]) fputs(" absent", out);
    for (int64_t j = 0; j < n && dataset->values[i]; j++)
      if (spec->token) fprintf(out, " %d", ((int32_t *)dataset->values[i])[j]);
      else fprintf(out, " %g", dataset->real64 ? ((double *)dataset->values[i])[j] : ((float *)dataset->values[i])[j]);
  }
  fclose(out);
  return text;
}

bool fixture_open(const char *source, const char *inputs, const RnnDataOptions *options, RnnData *data, RnnError *error)
{
  RnnInputSpec specs[FIXTURE_INPUTS];
  RnnDataOptions in = options ? *options : (RnnDataOptions){0};
  char folder[128];
  snprintf(folder, sizeof folder, "%s", in_folder("x"));
  *strrchr(folder, '/') = 0;
  in.folder = folder;
  *data = (RnnData){0};
  RnnCall *call = rnn_call_parse(source, error);
  int count = fixture_inputs(inputs, specs);
  for (int i = 0; i < count; i++)
    if (specs[i].second) in.axes = (RnnAxes){"t", "s"};
  bool done = call && rnn_data_open(call, specs, count, &in, data, error);
  rnn_call_free(call);
  return done;
}
