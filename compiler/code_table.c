/* code_table.c: the module's table. */
#include "code.h"

#define COMMAND(name, group, operands, help)
#define CODE_COMMAND(name, group, operands, help) int name##_command(int argc, char **argv);
#include "commands.def"
#undef COMMAND

const Code rnnc_code = {
    .version = RNNC_VERSION,
    .emit = driver_emit,
    .object = driver_object,
    .executable = driver_executable,
    .jit = driver_jit,
    .run = rnn_main,
    .checkpoint_setting = rnn_checkpoint_setting,
    .command =
        {
#define COMMAND(name, group, operands, help)
#define CODE_COMMAND(name, group, operands, help) [COMMAND_##name] = name##_command,
#include "commands.def"
#undef COMMAND
        },
};
