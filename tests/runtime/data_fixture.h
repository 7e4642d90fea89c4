/* data_fixture.h: inputs and data written as short texts, for the tests of data and batches. */
#ifndef DATA_FIXTURE_H
#define DATA_FIXTURE_H
#include "data.h"

/* "x[t] real 2, who! token 9, h0 real, a[ts] real": [t] over the primary axis, [s] over the second, [ts] over both; !
 * a target; width or classes behind the type. Returns how many. */
enum { FIXTURE_INPUTS = 8 };
int fixture_inputs(const char *text, RnnInputSpec inputs[FIXTURE_INPUTS]);
/* "lengths 2 1 x 1 2 3 who 0 1" of a dataset, of two axes "lengths 2 1 and 3 3 x .."; "none" for NULL. The caller
 * frees. */
char *fixture_dump(const RnnDataset *dataset);
/* Opens a source text; its file names are in the temporary folder. Where an input says so there are two axes, t and s.
 */
bool fixture_open(const char *source, const char *inputs, const RnnDataOptions *options, RnnData *data,
                  RnnError *error);

#endif
