/* diag_options.c: -W and --diagnostics, which several commands take. */
#include "diag_options.h"

int diag_option(CommandId command, DiagStyle *style, OptionId id, const char *value)
{
  if (id == OPT_DIAGNOSTICS) diag_style_form(style, value); /* one of the table's values */
  if (id != OPT_WARN || diag_style_warn(style, value)) return -1;
  return usage(command, "there is no warning", value, diag_style_near(value));
}
