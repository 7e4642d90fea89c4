/* run_record.h: what a training was made of, as a JSON file beside its log. */
#ifndef RNN_RUN_RECORD_H
#define RNN_RUN_RECORD_H
#include "trainer.h"

/* Beside the log metrics.jsonl: metrics.run.json. Nothing without a log. */
bool rnn_run_record(const Trainer *trainer, RnnError *error);

#endif
