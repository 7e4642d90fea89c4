/* interpret_command.h: `rnnc run FILE gradient|forward ... --interpret`: the reference interpreter behind the same
 * options. */
#ifndef RNNC_INTERPRET_COMMAND_H
#define RNNC_INTERPRET_COMMAND_H
#include "driver.h"

/* argv[1] is the command; reads --data, --weights, --out (--wrt and --show are in d->o). Returns an exit code. */
int interpret_command(Driver *d, int argc, char **argv);
#endif
