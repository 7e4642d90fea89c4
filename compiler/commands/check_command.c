/* check_command.c: rnnc check: only the errors. */
#include "driver.h"
#include "options.h"

static int take(void *context, OptionId id, const char *value)
{
  DriverOptions *o = context;
  if (id == OPT_MODEL) o->model = value;
  if (id == OPT_COLOR) o->color = color_choice(value);
  return -1;
}

int check_command(int argc, char **argv)
{
  DriverOptions o = {.level = 2};
  int code = options_read(COMMAND_check, argc, argv, take, &o);
  if (code >= 0) return code;
  o.path = options_operand(COMMAND_check, argc, argv);
  if (!o.path) return EXIT_USAGE;
  Driver d;
  code = driver_open(&d, &o);
  driver_close(&d);
  return code;
}
