/* split.h: a sum over components of terms with numbers before them becomes sums that do not wait for these numbers. */
#ifndef RNNC_SPLIT_H
#define RNNC_SPLIT_H
#include "system.h"

/* The system has its adjoints and is simplified. */
void split_sums(System *s);
#endif
