/* clock.h: seconds that only go forward. */
#ifndef RNN_CLOCK_H
#define RNN_CLOCK_H

double rnn_seconds(void);

#endif
