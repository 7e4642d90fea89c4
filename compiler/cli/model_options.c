/* model_options.c: the runtime's tables of commands, options and settings as help and completions want them. */
#include "options.h"
#include <string.h>

const ModelCommandRow model_command_row[] = {
#define COMMAND(name, help) {#name, help},
#include "runtime/options.def"
#undef COMMAND
};
const int model_commands = sizeof model_command_row / sizeof *model_command_row;

enum {
#define COMMAND(name, help) MODEL_##name,
#include "runtime/options.def"
#undef COMMAND
};

#define ON(command) | 1ull << MODEL_##command
const OptionRow model_option_row[] = {
#define OPTION(id, name, letter, argument, setting, commands, help) {name, argument, NULL, help, 0 commands, letter},
#define HOST_OPTION(id, name, letter, argument, help) {name, argument, NULL, help, OPTION_BRIEF - 1, letter},
#include "runtime/options.def"
#undef OPTION
#undef HOST_OPTION
};
const int model_options = sizeof model_option_row / sizeof *model_option_row;

const TrainSetting train_setting[] = {
#define SETTING(name, form, otherwise, help) {#name, otherwise, help},
#include "runtime/settings.def"
#undef SETTING
    {NULL, NULL, NULL}};

int model_command_named(const char *name)
{
  for (int i = 0; i < model_commands; i++)
    if (!strcmp(name, model_command_row[i].name)) return i;
  return -1;
}

OptionList model_command_options(int command) { return (OptionList){model_option_row, model_options, 1ull << command}; }
