/* header_private.h: what header.c, header_step.c and header_train.c share: the header that is being written, and its
 * words. */
#ifndef RNNC_HEADER_PRIVATE_H
#define RNNC_HEADER_PRIVATE_H
#include "header.h"
#include <jansson.h>

typedef struct Header {
  Text *out;
  const json_t *model, *step;
  char *name, *macro; /* the prefix, and in capitals */
  const char *real;   /* "float" or "double" */
  const HeaderOptions *options;
} Header;

/* Fields of the description; "", 0 and false where they are absent. */
const char *header_text(const json_t *object, const char *key);
long long header_number(const json_t *object, const char *key);
bool header_has(const json_t *object, const char *key);
bool header_is_token(const json_t *port);

/* The C name of entry `index` of a list: h.Wi and h_Wi would both be h_Wi, the second one gets _2. */
void header_put_unique(Text *out, const json_t *list, size_t index);
/* Text inside a comment, which it must not end. */
void header_put_safe(Text *out, const char *text);
/* "real[3, 4]", with time also ", one a step" */
void header_put_shape(Text *out, const json_t *entry, bool time);

/* Text in which @ stands for the prefix and $ for the prefix in capitals. */
void header_put(Header *header, const char *text);

void header_put_block_size(Header *header); /* elements of an array for the block of parameters */
long long header_block_bytes(const Header *header);

/* header_step.c: what a program needs for the streaming step, and the example in the head comment. */
void header_put_step(Header *header);
void header_put_example(Header *header);

/* header_train.c: the part over librnn, behind everything else. */
void header_put_train(Header *header);
#endif
