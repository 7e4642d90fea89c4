/* arrays.h: rnn_forward, rnn_loss and rnn_gradient (rnn.h) on a dataset that was read from a file. */
#ifndef RNN_ARRAYS_H
#define RNN_ARRAYS_H
#include "handle.h"

bool rnn_forward_on(RnnHandle *handle, const RnnDataset *data, const char *const *show, RnnTensorFile *out,
                    RnnError *error);
bool rnn_loss_on(RnnHandle *handle, const RnnDataset *data, double *loss, RnnError *error);
bool rnn_gradient_on(RnnHandle *handle, const RnnDataset *data, double *loss, RnnTensorFile *out, RnnError *error);

#endif
