/* front.h: what the scanner, the layout, the grammar and the builders share; nothing of it is seen outside syntax/.

   characters -> scan.l: raw tokens -> layout.c: statement ends, brackets -> parse.y: grammar -> ast.c: tree */
#ifndef RNNC_FRONT_H
#define RNNC_FRONT_H
#include "ast.h"
#include <stdbool.h>

#define BRACKET_LIMIT 200 /* open at once */
#define DEPTH_LIMIT 1000  /* of the tree: every walk may recurse */

typedef Vec(Ast *) AstList;

typedef struct Bracket {
  int open;   /* ( [ { */
  int column; /* at which the statement with it starts, in bytes */
  Span at;
} Bracket;

typedef struct Written { /* a token as the parser got it; T_EOL where a statement ends */
  int kind;
  Span at;
} Written;
typedef Vec(Written) WrittenList;

/* one parse */
typedef struct Front {
  Arena *arena;
  Diag *diag;
  const Source *source;
  AstList *file; /* the items so far */
  int offset;    /* of the scanner */

  /* kept by layout.c, read by the messages */
  Vec(Bracket) brackets; /* that are open */
  int last;              /* the token before the one being parsed; 0 at the start */
  Span last_at;          /* the place of the last token that can be seen */
  Span first_at;         /* the first token of the statement */
  bool at_end;           /* all characters are read */

  WrittenList *written; /* all tokens, for the formatter; NULL: nobody asks */

  bool recovering;   /* an error was reported in this statement; the rest of it is skipped */
  int errors_before; /* that were reported before this statement */
  bool too_deep;     /* this statement's tree was reported as too deep */
  bool entry;        /* of the prompt: expressions may stand alone */
  bool wants_more;   /* the text ended where more of it could make it right */
} Front;

/* scan.l */
const char *near_keyword(const char *name); /* NULL when none is near */

/* parse.y */
struct syntax_pstate;
bool syntax_accepts(struct syntax_pstate *parser, int token);

/* layout.c: the whole way from fe->source to fe->file */
void front_run(Front *fe);
bool goes_on(int token); /* a line that ends with it */

/* syntax_error.c: the tokens are given by their names in messages */
void syntax_report(Front *fe, Span at, const char *found, const char *const *expected, int n);
void missing_brace(Front *fe, Span at, const char *where);
const char *quoted(Front *fe, Span at); /* the source text, shortened */

/* ast.c: lists */
AstList *list_new(Front *fe);
AstList *list_of(Front *fe, Ast *a);
AstList *list_add(Front *fe, AstList *l, Ast *a);
AstList *list_join(Front *fe, AstList *l, const AstList *more);

/* ast.c: one builder a grammar action */
Ast *ast_file(Front *fe);
Ast *ast_import(Front *fe, Ast *what, Span at);
Ast *ast_model(Front *fe, const char *name, const AstList *body, Span at);
Ast *ast_cell(Front *fe, const char *name, const AstList *formals, const AstList *body, Span at);
Ast *ast_def(Front *fe, const char *name, const AstList *formals, Ast *value, Span at);
Ast *ast_formal(Front *fe, const char *name, Ast *value, Span at);
Ast *ast_error(Front *fe, Span at);
void ast_header(Front *fe);
Ast *ast_misplaced(Front *fe, Ast *definition);

Ast *ast_size(Front *fe, const char *name, Ast *value, Span at);
Ast *ast_axis(Front *fe, const AstList *names, Span at);
AstList *ast_declare(Front *fe, Role role, const AstList *decls, Span at); /* and the draws written with it */
Ast *ast_decl(Front *fe, const char *name, Ast *indices, Ast *type, Ast *value, Ast *draw, Span at);
Ast *ast_indices(Front *fe, const AstList *l, Span at);
Ast *ast_type(Front *fe, const char *name, const AstList *sizes, Span at);
Ast *ast_equation(Front *fe, Ast *target, Ast *value, Span at);
Ast *ast_draw(Front *fe, Ast *target, Ast *distribution, Ast *mask, Span at);
Ast *ast_lone(Front *fe, Ast *expression, Span at);
Ast *ast_metric(Front *fe, const char *name, Ast *value, Span at);
Ast *ast_edge(Front *fe, AstKind kind, Ast *target, const char *word, Span word_at, Ast *value, Span at);
Ast *ast_train(Front *fe, const AstList *settings, Span at);
Ast *ast_setting(Front *fe, const char *name, Ast *value, Span at);

Ast *ast_number(Front *fe, double num, const char *unit, Span at);
Ast *ast_string(Front *fe, const char *text, Span at);
Ast *ast_name(Front *fe, const char *name, Span at);
Ast *ast_field(Front *fe, Ast *of, const char *name, Span at);
Ast *ast_index(Front *fe, Ast *base, const AstList *l, Span at);
Ast *ast_call(Front *fe, Ast *callee, const AstList *args, Span at);
Ast *ast_arg(Front *fe, const char *name, Ast *value, Span at);
Ast *ast_measure(Front *fe, double num, const char *unit, Span at);
Ast *ast_reverse(Front *fe, Ast *of, Span at);
Ast *ast_unary(Front *fe, const char *op, Ast *of, Span at);
Ast *ast_binary(Front *fe, const char *op, Ast *left, Ast *right, Span at);
Ast *ast_transpose(Front *fe, Ast *of, Span at);
#endif
