/* compile_job.h: what -MD and its companions say, and the rule that comes of it. */
#ifndef RNNC_COMPILE_JOB_H
#define RNNC_COMPILE_JOB_H
#include "driver.h"

enum { MAKE_TARGETS = 16 };
typedef struct MakeRule {
  bool wanted, phony;
  const char *file, *target[MAKE_TARGETS];
  int targets;
} MakeRule;

/* Writes the rule of what was made: `out`, and of an object the header beside it too. */
int make_rule_write(const MakeRule *rule, Driver *d, const char *out, bool object);
#endif
