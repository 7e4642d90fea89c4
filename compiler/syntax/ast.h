/* ast.h: the tree that the parser builds: one node type, kinds in ast.def. Lives in the arena; never changed once
 * built. */
#ifndef RNNC_AST_H
#define RNNC_AST_H
#include "diag.h"
#include "text.h"

typedef enum AstKind {
#define AST(kind, name) AST_##kind,
#include "ast.def"
#undef AST
  AST_KINDS
} AstKind;

typedef enum Role {
  ROLE_NONE,
  ROLE_INPUT,
  ROLE_TARGET,
  ROLE_OUTPUT,
  ROLE_PARAM,
  ROLE_NOISE,
  ROLE_NOISE_MODEL /* one draw for the model: noise model m */
} Role;

typedef struct Ast Ast;
struct Ast {
  AstKind kind;
  Role role; /* of a DECLARE */
  Span span;
  const char *name; /* interned */
  double num;
  Ast **kid;
  int nkid;
};

/* The parser: the file's tree, or what could be read of it; errors are in d. Never NULL.
   No tree is deeper than 1000 nodes, so a walk may recurse. */
Ast *parse(Arena *a, Diag *d, const Source *source);

/* The same of an entry at the prompt, where expressions may stand alone: LONE nodes. */
Ast *parse_entry(Arena *a, Diag *d, const Source *source);

/* What a push parser tells the prompt about a text: finished statements, more to come, or an error. */
typedef enum ParseState { PARSE_COMPLETE, PARSE_INCOMPLETE, PARSE_ERROR } ParseState;
ParseState parse_state(const char *text);

/* dump of the tree (--emit=ast), one node a line, children indented; and the language's own syntax */
void ast_dump(Text *out, const Ast *a);
void ast_format(Text *out, const Ast *a); /* comments are not in the tree, so they are lost */

/* rnnc fmt: the source with its blanks set by rule; comments and line ends stay. false: it has errors, which are in d.
   What is written has the same tokens: that is checked. */
bool format_source(Arena *a, Diag *d, const Source *source, Text *out);
const char *ast_kind_name(AstKind k);
#endif
