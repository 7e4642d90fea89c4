/* value.h: what an expression came to, and how it is shown. */
#ifndef RNNC_VALUE_H
#define RNNC_VALUE_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct Value {
  int rank; /* of one place: 0, 1, 2; a token is a number, -1 for none */
  int64_t extent[2];
  int64_t classes;     /* of a token; else 0 */
  bool time, second;   /* varies over the first axis, the second */
  const char *axis[2]; /* their names */
  int64_t from, to, S; /* places of the first axis, 1 .. S of the second; 1, 1, 1 where it does not vary */
  double *at;          /* [to - from + 1][S][extent..] */
} Value;

typedef struct Look {
  int digits, rows, width; /* of the terminal */
  bool colour;
} Look;

int64_t value_elements(const Value *v);                   /* elements of one place */
void value_type(const Value *v, char *text, size_t size); /* "real[3, 4]" */
void value_print(FILE *out, const Value *v, const Look *look);
void value_json(FILE *out, const Value *v); /* the fields of an object */

/* Lines over the places, one a component, at most PLOT_LINES; or points, over the last component. False where there is
 * nothing to plot, with *why. */
#define PLOT_LINES 8
bool plot_terminal(FILE *out, const Value *v, bool over, const char *title, const Look *look, const char **why);
bool plot_svg(FILE *out, const Value *v, bool over, const char *title, const char **why);
#endif
