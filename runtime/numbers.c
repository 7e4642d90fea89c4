/* numbers.c: numbers in texts. Most are short and exact in double arithmetic; the rest go to the C library in the "C"
   locale. */
#include "numbers.h"
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* strtod in the "C" locale, on this thread alone */
static double strtod_plain(const char *text)
{
  locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
  locale_t before = plain ? uselocale(plain) : (locale_t)0;
  double number = strtod(text, NULL);
  if (plain) {
    uselocale(before);
    freelocale(plain);
  }
  return number;
}

bool rnn_number_parse(const char *text, const char **end, double *number)
{
  static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  const char *at = text;
  bool negative = *at == '-', any = false;
  uint64_t digits = 0;
  int significant = 0, scale = 0;
  if (*at == '-' || *at == '+') at++;
  for (bool fraction = false;; at++) {
    if (*at == '.' && !fraction) {
      fraction = true;
      continue;
    }
    if (!is_digit(*at)) break;
    any = true;
    if (significant < 19) digits = digits * 10 + (uint64_t)(*at - '0');
    if (significant > 0 || *at != '0') significant++;
    scale -= fraction && scale > -100000;
  }
  if (!any) return false;
  if (*at == 'e' || *at == 'E') {
    const char *exponent = at + 1;
    bool down = *exponent == '-';
    int value = 0;
    if (*exponent == '-' || *exponent == '+') exponent++;
    if (is_digit(*exponent)) {
      for (at = exponent; is_digit(*at); at++)
        if (value < 100000) value = value * 10 + (*at - '0');
      scale += down ? -value : value;
    }
  }
  *end = at;
  if (significant <= 15 && scale >= -22 && scale <= 22) {
    double exact = (double)digits; /* both are exact, so that one rounding is left */
    exact = scale < 0 ? exact / power[-scale] : exact * power[scale];
    *number = negative ? -exact : exact;
    return true;
  }
  *number = strtod_plain(text);
  return isfinite(*number);
}

bool rnn_whole_parse(const char *text, int64_t *number)
{
  bool negative = *text == '-';
  int64_t value = 0;
  if (*text == '-' || *text == '+') text++;
  if (!is_digit(*text)) return false;
  for (; is_digit(*text); text++)
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *text - '0', &value)) return false;
  *number = negative ? -value : value;
  return *text == 0;
}

char *rnn_number_text(double number, char text[RNN_NUMBER_TEXT])
{
  locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
  locale_t before = plain ? uselocale(plain) : (locale_t)0;
  bool whole = fabs(number) < 1e15 && number == floor(number); /* 10, where %g would choose 1e+01 */
  if (whole) snprintf(text, RNN_NUMBER_TEXT, "%.0f", number);
  for (int digits = 1; !whole && digits <= 17; digits++) {
    snprintf(text, RNN_NUMBER_TEXT, "%.*g", digits, number);
    if (strtod(text, NULL) == number) break;
  }
  if (plain) {
    uselocale(before);
    freelocale(plain);
  }
  return text;
}
