/* session.h: what a prompt remembers: definitions as texts, in order, and what is known beside them: arrays, weights,
   settings.

   A definition is a statement of the language; one of the same name takes the place of the one before. What the prompt
   evaluates is the model that all definitions alive make together: tree.c builds its tree anew for each check and each
   compilation, in an arena of its own, so that nothing of what was replaced stays. */
#ifndef RNNC_SESSION_H
#define RNNC_SESSION_H
#include "driver.h"
#include "world.h"

typedef struct Strings { /* owned texts */
  char **at;
  int n, cap;
} Strings;
void strings_push(Strings *s, const char *text);
void strings_add(Strings *s, const char *text); /* where it is not there yet */
bool strings_have(const Strings *s, const char *text);
void strings_free(Strings *s);

/* One definition: a place in an entry's tree. */
typedef struct Item {
  AstKind kind;
  Role role;
  int kid, sub, decl; /* file->kid[kid], in a model its kid[sub], of a declaration kid[decl]; -1: none */
  char *scope;        /* the model it belongs to; NULL: all (cells, defs, imports, sizes) */
  char *name;         /* h, d.c; "" where it has none */
  char *key;          /* what it defines: an item of the same key takes its place */
  bool main;          /* defines the variable itself: not a boundary, not an output's declaration */
  bool indexed;       /* over time: h[t] */
  Strings reads;      /* names in it */
  bool alive;
} Item;

typedef struct Entry {
  int number;
  char *source;       /* its name in messages: "entry 3", or the file's path */
  char *text, *shown; /* as parsed, as shown: of equal length */
  bool file, array;   /* loaded; made of x = [..] */
  Item *item;
  int items, cap;
} Entry;

typedef struct Session {
  Entry **entry;
  int entries, cap;
  World world;
  int number;   /* of entries so far */
  long version; /* grows with each change of the definitions */
  Strings history, loaded;

  Driver *compiled; /* the last evaluated expression, as long as nothing changes */
  char *compiled_of;
  long compiled_last; /* the last place that it names */
  char missing[200];  /* what it was said to lack */
  bool quit;
} Session;

Session *session_new(void);
void session_free(Session *s);
void session_reset(Session *s);   /* definitions, arrays, weights, data; settings and history stay */
void session_changed(Session *s); /* what was compiled is forgotten */

/* Takes the statements of a text as definitions, all or none. `shown` is what errors show of it; NULL: the text itself.
   file: `name` is the file that it came from. 0, or an exit code after messages on s->err. */
typedef struct Defining {
  const char *name, *text, *shown;
  bool file, array;
} Defining;
int session_define(Session *s, const Defining *d);
void session_drop(Session *s, Entry *e);

/* tree.c: the file that the definitions of a model make, `extra` (may be NULL) among its statements; its draws and
   its loss may be left out. */
typedef enum LossWish { LOSS_KEPT, LOSS_DROPPED, LOSS_NOWHERE } LossWish; /* nowhere: draws count for nothing */
typedef struct Extra {
  Ast *const *at;
  int n;
  LossWish loss;
  const Strings *only; /* what defines these names alone; NULL: all */
} Extra;
Ast *tree_build(const Session *s, Arena *a, Diag *d, const char *scope, const Extra *extra);
Ast *tree_item(const Entry *e, const Item *i, Ast *file); /* a DECL, a statement, a definition */
void tree_items(Entry *e, Ast *file, const char *scope);  /* fills e->item */
Ast *tree_node(Arena *a, AstKind kind, const char *name, Span at, Ast *const *kid, int n);
void tree_reads(Strings *reads, const Ast *e); /* the names in it */
char *tree_path(const Ast *e);                 /* "d.c" of d.c[0]; the caller's; NULL: it is none */
/* names grows by what it depends on, among the scope's definitions. */
void tree_needs(const Session *s, const char *scope, Strings *names);
/* Names of what depends on `names`, among the scope's definitions; names themselves are not among them. */
void tree_dependents(const Session *s, const char *scope, const Strings *names, Strings *out);

/* The system of the model at hand, unsimplified; NULL where it has errors (left in d) or nothing to compile. */
System *session_system(const Session *s, Arena *a, Diag *d, const Extra *extra);
bool session_has_statements(const Session *s);
const Item *session_find(const Session *s, const char *name, Entry **entry); /* the main definition of a variable */

/* The folder of the file that the model at hand came from, for relative names in it; NULL: here. The caller frees. */
char *session_folder(const Session *s);
#endif
