/* lang_table.h: the texts of lang/, and the page about diagnostics, inside the compiler. */
#ifndef RNNC_LANG_TABLE_H
#define RNNC_LANG_TABLE_H
#include "sema.h"

extern const LangFile lang_table[]; /* ends with a NULL name */
extern const LangFile page_table[]; /* docs/diagnostics.md */
#endif
