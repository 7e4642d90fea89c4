/* command.h: the commands of the prompt: a function a row of prompt_commands.def. */
#ifndef RNNC_PROMPT_COMMAND_H
#define RNNC_PROMPT_COMMAND_H
#include "entry.h"

typedef struct PromptCommand {
  const char *name, *operands, *help;
  int (*run)(Session *s, const char *entry, const char *rest); /* rest: what follows, without blanks around it */
} PromptCommand;
extern const PromptCommand prompt_command[];
extern const int prompt_commands;

#define PROMPT(name, operands, help) int prompt_##name(Session *s, const char *entry, const char *rest);
#include "prompt_commands.def"
#undef PROMPT

const PromptCommand *command_find(const char *word, size_t n); /* by a unique beginning; NULL */
int command_usage(Session *s, const char *name);               /* what should follow; an exit code */

int weights_read(Session *s, const char *path);  /* into the session: of the model at hand */
int weights_write(Session *s, const char *path); /* those of the model at hand */
int query_loss(Session *s);                      /* the loss of the model at hand, printed */

/* scratch.c: a folder for files on their way between this process and one that works for it. */
char *scratch_make(Session *s); /* NULL after a message; the caller frees */
char *scratch_path(const char *folder, const char *name);
char *scratch_read(const char *path); /* NULL: there is no such file */
void scratch_remove(char *folder);    /* with what is in it; frees */
#endif
