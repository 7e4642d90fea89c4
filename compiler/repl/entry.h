/* entry.h: an entry of the prompt, run statement by statement. */
#ifndef RNNC_ENTRY_H
#define RNNC_ENTRY_H
#include "session.h"

/* Ends at the first statement that fails. 0, or an exit code after messages. */
int entry_run(Session *s, const char *entry);
/* The same, and an object of --json on `out`. */
int entry_run_json(Session *s, const char *entry, FILE *out);

/* array.c: x = [..]: `text` is the statement. */
int array_define(Session *s, const char *name, const char *text);
/* command.c: `text` starts with ':'. */
int command_run(Session *s, const char *name, const char *text);
#endif
