/* diag_options.h: -W and --diagnostics, which several commands take. */
#ifndef RNNC_DIAG_OPTIONS_H
#define RNNC_DIAG_OPTIONS_H
#include "diag.h"
#include "options.h"

/* To be called by a taker with every option that is not its own: -1, or an exit code after a message. */
int diag_option(CommandId command, DiagStyle *style, OptionId id, const char *value);
#endif
