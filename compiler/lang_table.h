/* lang_table.h: texts inside the compiler: lang/, the page about diagnostics, the templates of rnnc new. */
#ifndef RNNC_LANG_TABLE_H
#define RNNC_LANG_TABLE_H
#include "sema.h"

extern const LangFile lang_table[];     /* ends with a NULL name */
extern const LangFile page_table[];     /* docs/diagnostics.md */
extern const LangFile template_table[]; /* templates/: "forecast/model.rnn" */
#endif
