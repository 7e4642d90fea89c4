/* command_decode.c: `decode`: what the model writes for each sequence of the data, as CSV or JSON lines, and how often
   that differs from a reference. */
#include "decode.h"
#include "job.h"
#include "predict.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Printing {
  Job *job;
  Decoding decoding;
  DecodeWish wish;
  const RnnInputCoding *coding; /* of what was decoded; NULL: numbers */
  /* of the reference */
  int32_t *reference;
  int64_t length; /* of the sequence at hand */
  int64_t sequences, symbols, edits, wrong;
} Printing;

/* -- options ------------------------------------------------------------------------------------------------------ */

static bool given(const Job *job, OptionId option) { return job->value[option] != NULL; }

/* Which of the three ways is meant follows from what is said. */
static bool read_wish(Job *job, DecodeWish *w)
{
  bool beam = given(job, OPTION_BEAM),
       draw = given(job, OPTION_TEMPERATURE) || given(job, OPTION_TOPK) || given(job, OPTION_TOPP);
  const char *penalty = job->value[OPTION_PENALTY];
  if (!rnn_job_drawing(job, &w->drawing) || !rnn_job_count(job, OPTION_BEAM, 1, 1, &w->width) ||
      !rnn_job_count(job, OPTION_BEST, 1, 1, &w->best) || !rnn_job_count(job, OPTION_LENGTH, 0, 1, &w->length))
    return false;
  if (beam && draw)
    return rnn_fail(&job->error, RNN_ERROR_USAGE,
                    "--beam looks for the likeliest, --temperature, --top-k and --top-p "
                    "draw: one of them");
  if (beam && w->best > w->width)
    return rnn_fail(&job->error, RNN_ERROR_USAGE, "--best=%lld of a beam of %lld", (long long)w->best,
                    (long long)w->width);
  if (w->best > 1 && !beam && !draw)
    return rnn_fail(&job->error, RNN_ERROR_USAGE, "--best needs --beam, or draws by --temperature=1");
  if (penalty && !beam)
    return rnn_fail(&job->error, RNN_ERROR_USAGE, "--length-penalty compares hypotheses of a beam: give --beam");
  if (!beam) w->width = w->best;
  w->method = beam ? DECODE_BEAM : draw ? DECODE_DRAW : DECODE_LIKELIEST;
  w->batch = rnn_setting_count(&job->settings, SETTING_batch);
  w->seed = (uint64_t)rnn_setting_count(&job->settings, SETTING_seed);
  if (w->batch < 1) w->batch = 1;
  return rnn_decode_penalty(penalty ? penalty : "none", w, &job->error) ||
         rnn_fail_within(&job->error, "--length-penalty");
}

/* -- labels ------------------------------------------------------------------------------------------------------- */

/* Symbols as a text: labels and numbers with blanks between them, characters and bytes without. */
static void write_labels(const Printing *p, const int32_t *symbol, int64_t length, FILE *out)
{
  const RnnVocabulary *v = p->coding ? p->coding->vocabulary : NULL;
  for (int64_t i = 0; i < length; i++) {
    if (i && (!v || v->unit == RNN_UNIT_LABEL)) fputc(' ', out);
    if (v && symbol[i] < v->size) fwrite(v->entry[symbol[i]], 1, v->bytes[symbol[i]], out);
    else fprintf(out, "%lld", (long long)symbol[i] + (p->coding ? (long long)p->coding->base : 0));
  }
}

static json_t *labels_json(const Printing *p, const int32_t *symbol, int64_t length)
{
  const RnnVocabulary *v = p->coding ? p->coding->vocabulary : NULL;
  json_t *list = json_array();
  for (int64_t i = 0; i < length; i++) {
    json_t *label = v && symbol[i] < v->size ? json_stringn(v->entry[symbol[i]], v->bytes[symbol[i]]) : NULL;
    json_int_t number = symbol[i] + (p->coding ? (json_int_t)p->coding->base : 0);
    json_array_append_new(list, label ? label : json_integer(number)); /* a byte may be no text */
  }
  return list;
}

/* -- one hypothesis ----------------------------------------------------------------------------------------------- */

static void print_text(const Printing *p, const int32_t *symbol, int64_t length, FILE *out)
{
  char *text = NULL;
  size_t bytes = 0;
  FILE *memory = open_memstream(&text, &bytes);
  if (!memory) return;
  write_labels(p, symbol, length, memory);
  if (fclose(memory) == 0) rnn_csv_text(out, text, bytes);
  free(text);
}

static void print_row(const Printing *p, int64_t n, int64_t rank, const Hypothesis *h, int64_t edits, FILE *out)
{
  fprintf(out, "%lld,%lld,%.6f,%.6f,", (long long)n + 1, (long long)rank + 1, h->log_probability, h->score);
  print_text(p, h->symbol, h->length, out);
  if (p->reference) {
    fputc(',', out);
    print_text(p, p->reference, p->length, out);
    fprintf(out, ",%lld", (long long)edits);
  }
  fputc('\n', out);
}

static void print_json(const Printing *p, int64_t n, int64_t rank, const Hypothesis *h, int64_t edits, FILE *out)
{
  json_t *line = json_pack("{s:I, s:I, s:f, s:f, s:b}", "sequence", (json_int_t)n + 1, "rank", (json_int_t)rank + 1,
                           "log_probability", h->log_probability, "score", h->score, "ended", h->ended);
  json_object_set_new(line, p->decoding.draw->var, labels_json(p, h->symbol, h->length));
  if (p->reference) {
    json_object_set_new(line, "reference", labels_json(p, p->reference, p->length));
    json_object_set_new(line, "edits", json_integer(edits));
  }
  char *text = line ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
  if (text) fprintf(out, "%s\n", text);
  free(text);
  json_decref(line);
}

/* -- all of them -------------------------------------------------------------------------------------------------- */

/* The best hypothesis counts. Sequences without any observed symbol are no reference. */
static bool compare(Printing *p, const Hypothesis *h, int64_t rank, int64_t *edits)
{
  *edits = rnn_edits(h->symbol, h->length, p->reference, p->length);
  if (*edits < 0) return false;
  if (rank > 0 || p->length == 0) return true;
  p->sequences++;
  p->symbols += p->length;
  p->edits += *edits;
  p->wrong += *edits > 0;
  return true;
}

static bool print_sequence(Printing *p, int64_t n, FILE *out)
{
  const Decoding *d = &p->decoding;
  bool json = given(p->job, OPTION_JSON), compared = given(p->job, OPTION_REFERENCE), ok = true;
  if (compared) p->reference = rnn_decode_reference(d, n, p->wish.end, &p->length);
  if (compared && !p->reference) return false;
  for (int64_t i = 0; ok && i < d->count[n]; i++) {
    const Hypothesis *h = &d->hypothesis[n * d->best + i];
    int64_t edits = 0;
    ok = !compared || compare(p, h, i, &edits);
    if (json) print_json(p, n, i, h, edits, out);
    else print_row(p, n, i, h, edits, out);
  }
  free(p->reference);
  p->reference = NULL;
  return ok;
}

static void print_rates(const Printing *p, FILE *out)
{
  double token = p->symbols ? (double)p->edits / (double)p->symbols : 0;
  double sequence = p->sequences ? (double)p->wrong / (double)p->sequences : 0;
  if (given(p->job, OPTION_JSON))
    fprintf(out,
            "{\"token_error_rate\":%.9g,\"sequence_error_rate\":%.9g,\"edits\":%lld,\"tokens\":%lld,\"wrong\":%lld,"
            "\"sequences\":%lld}\n",
            token, sequence, (long long)p->edits, (long long)p->symbols, (long long)p->wrong, (long long)p->sequences);
  else
    fprintf(stderr, "token error rate %.4f (%lld edits, %lld tokens), sequence error rate %.4f (%lld of %lld)\n", token,
            (long long)p->edits, (long long)p->symbols, sequence, (long long)p->wrong, (long long)p->sequences);
}

static bool print_all(void *context, FILE *out)
{
  Printing *p = context;
  if (!given(p->job, OPTION_JSON))
    fprintf(out, "sequence,rank,log_probability,score,%s%s\n", p->decoding.draw->var,
            given(p->job, OPTION_REFERENCE) ? ",reference,edits" : "");
  for (int64_t n = 0; n < p->decoding.data->sequences; n++)
    if (!print_sequence(p, n, out)) return false;
  if (given(p->job, OPTION_REFERENCE)) print_rates(p, out);
  return !ferror(out);
}

/* -- the command -------------------------------------------------------------------------------------------------- */

/* The reference is the target in the data. */
static bool has_reference(const Job *job, const RnnDataset *data, const char *var, RnnError *error)
{
  int input = rnn_dataset_input(data, var);
  if (!given(job, OPTION_REFERENCE)) return true;
  for (int64_t n = 0; input >= 0 && data->values[input] && n < data->start[data->sequences]; n++)
    if (((const int32_t *)data->values[input])[n] >= 0) return true;
  return rnn_fail(error, RNN_ERROR_DATA, "--reference: %s: no values of '%s' to compare with", data->origin, var);
}

static bool decode(Printing *p, const RnnDataset *data, RnnError *error)
{
  Job *job = p->job;
  const ModelDraw *draw = rnn_decode_draw(job->handle, error);
  if (!draw || !rnn_decode_end(job->handle, &job->settings, draw->var, &p->wish.end, error)) return false;
  if (!has_reference(job, data, draw->var, error)) return false;
  p->coding = job->handle->coding ? rnn_coding_find(job->handle->coding, draw->var) : NULL;
  return rnn_decode(job->handle, data, &p->wish, &p->decoding, error) && rnn_job_write(job, print_all, p);
}

int rnn_command_decode(Job *job)
{
  Parts parts;
  Printing p = {.job = job};
  const char *name;
  if (!read_wish(job, &p.wish) || !rnn_job_kept_weights(job)) return job->error.code;
  const RnnDataset *data = rnn_job_part(job, &parts, true, &name);
  if (!data) return job->error.code;
  decode(&p, data, &job->error);
  rnn_decoding_free(&p.decoding);
  rnn_parts_close(&parts);
  return job->error.code;
}
