/* interpret_command.h: `rnnc run FILE gradient|forward ... --interpret`: the reference interpreter behind the same
 * options. */
#ifndef RNNC_INTERPRET_COMMAND_H
#define RNNC_INTERPRET_COMMAND_H
#include "commands.h"
#include "driver.h"

/* Of the arguments --data, --weights, --out (--wrt and --show are in d->o). Returns an exit code. */
int interpret_command(Driver *d, const char *command, const RnnArguments *arguments);
#endif
