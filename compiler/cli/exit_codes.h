/* exit_codes.h: the exit codes of exit_codes.def, as EXIT_NAME. */
#ifndef RNNC_EXIT_CODES_H
#define RNNC_EXIT_CODES_H

enum {
#define EXIT(name, number, meaning) EXIT_##name = number,
#include "exit_codes.def"
#undef EXIT
};

#endif
