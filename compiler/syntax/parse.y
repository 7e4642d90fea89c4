/* parse.y: the grammar.  Needs: tokens with statement ends in place (layout.c).  Leaves: the tree in Front.file.
   An action is one call to a builder of ast.c. Recovery stands at statement ends and at the header of a definition.
   A token's string is its name in messages. */
%require "3.8"
%define api.prefix {syntax_}
%define api.pure full
%define api.push-pull push
%define api.token.prefix {T_}
%define api.location.type {Span}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param {Front *fe}

%code requires {
#include "front.h"
}

%code provides {
enum { T_BAD = T_SYNTAX_error }; /* reported by the scanner: the parser only recovers */
}

%union {
  const char *name;
  double num;
  Role role;
  Ast *node;
  AstList *list;
}

%code {
#define YYLLOC_DEFAULT(Current, Rhs, N)                                                                                \
  ((Current) = (N) ? span_join(YYRHSLOC(Rhs, 1), YYRHSLOC(Rhs, N))                                                     \
                   : (Span){YYRHSLOC(Rhs, 0).source, YYRHSLOC(Rhs, 0).to, YYRHSLOC(Rhs, 0).to})
static void syntax_error(Span *at, Front *fe, const char *what);
}

%token YYEOF 0       "the end of the file"
%token EOL           "the end of the line"
%token <name> NAME   "a name"
%token <num> NUMBER  "a number"
%token <name> STRING "a string"
%token MODEL "'model'" CELL "'cell'" DEF "'def'" IMPORT "'import'" SIZE "'size'" AXIS "'axis'"
%token INPUT "'input'" TARGET "'target'" OUTPUT "'output'" PARAM "'param'" NOISE "'noise'"
%token METRIC "'metric'" TRAIN "'train'" REVERSE "'reverse'" AND "'and'" OR "'or'" NOT "'not'"
%token WHEN "'when'" RESET "'reset'" CLIP "'clip'"
%token EQ "'=='" NE "'!='" LE "'<='" GE "'>='"

%left OR
%left AND
%precedence NOT
%left '+' '-'
%left '*' '/' '@'
%precedence MINUS
%right '^'

%type <list> file item items line statements statement sizes names decls expressions formals formal_list
%type <list> arguments argument_list settings
%type <node> definition import train size decl indices type formal setting value
%type <node> path
%type <node> expression comparison arithmetic operand postfix primary argument
%type <role> role

%%

file: items
items: %empty                                   { $$ = fe->file; }
     | items item                               { $$ = list_join(fe, $1, $item); }

item: line
    | definition                                { $$ = list_of(fe, $1); }

definition
  : import EOL
  | MODEL NAME '{' statements '}'               { $$ = ast_model(fe, $NAME, $statements, @$); }
  | CELL NAME '(' formals ')' '{' statements '}'
                                                { $$ = ast_cell(fe, $NAME, $formals, $statements, @$); }
  | DEF NAME '(' formals ')' '=' expression EOL { $$ = ast_def(fe, $NAME, $formals, $expression, @$); }
  | MODEL error '{' { ast_header(fe); yyerrok; } statements '}'
                                                { $$ = ast_error(fe, @$); }
  | CELL error '{' { ast_header(fe); yyerrok; } statements '}'
                                                { $$ = ast_error(fe, @$); }
  | MODEL error EOL                             { $$ = ast_error(fe, @$); yyerrok; }
  | CELL error EOL                              { $$ = ast_error(fe, @$); yyerrok; }

import: IMPORT STRING                           { $$ = ast_import(fe, ast_string(fe, $2, @2), @$); }
      | IMPORT NAME                             { $$ = ast_import(fe, ast_name(fe, $2, @2), @$); }

formals: %empty                                 { $$ = list_new(fe); }
       | formal_list
formal_list: formal                             { $$ = list_of(fe, $1); }
           | formal_list ',' formal             { $$ = list_add(fe, $1, $3); }
formal: NAME                                    { $$ = ast_formal(fe, $1, NULL, @$); }
      | NAME '=' expression                     { $$ = ast_formal(fe, $1, $3, @$); }

statements: %empty                              { $$ = list_new(fe); }
          | statements line                     { $$ = list_join(fe, $1, $2); }
          | statements definition               { $$ = list_add(fe, $1, ast_misplaced(fe, $2)); }

line: EOL                                       { $$ = list_new(fe); }
    | statement EOL
    | train                                     { $$ = list_of(fe, $1); }
    | error EOL                                 { $$ = list_of(fe, ast_error(fe, @$)); yyerrok; }

statement
  : SIZE sizes                                  { $$ = $sizes; }
  | AXIS names                                  { $$ = list_of(fe, ast_axis(fe, $names, @$)); }
  | role decls                                  { $$ = ast_declare(fe, $role, $decls, @$); }
  | METRIC NAME '=' expression                  { $$ = list_of(fe, ast_metric(fe, $2, $4, @$)); }
  | RESET path WHEN expression                  { $$ = list_of(fe, ast_edge(fe, AST_RESET, $path, "when", @WHEN, $4, @$)); }
  | RESET path NAME[word] expression            { $$ = list_of(fe, ast_edge(fe, AST_RESET, $path, $word, @word, $4, @$)); }
  | CLIP NAME[word] path expression             { $$ = list_of(fe, ast_edge(fe, AST_CLIP, $path, $word, @word, $4, @$)); }
  | expression '=' expression                   { $$ = list_of(fe, ast_equation(fe, $1, $3, @$)); }
  | expression '~' expression                   { $$ = list_of(fe, ast_draw(fe, $1, $3, NULL, @$)); }
  | expression '~' expression WHEN expression   { $$ = list_of(fe, ast_draw(fe, $1, $3, $5, @$)); }
  | expression                                  { $$ = list_of(fe, ast_lone(fe, $1, @$)); }

path: NAME                                      { $$ = ast_name(fe, $1, @$); }
    | path '.' NAME                             { $$ = ast_field(fe, $1, $3, @$); }

sizes: size                                     { $$ = list_of(fe, $1); }
     | sizes ',' size                           { $$ = list_add(fe, $1, $3); }
size: NAME '=' expression                       { $$ = ast_size(fe, $1, $3, @$); }

names: NAME                                     { $$ = list_of(fe, ast_name(fe, $1, @1)); }
     | names ',' NAME                           { $$ = list_add(fe, $1, ast_name(fe, $3, @3)); }

role: INPUT                                     { $$ = ROLE_INPUT; }
    | TARGET                                    { $$ = ROLE_TARGET; }
    | OUTPUT                                    { $$ = ROLE_OUTPUT; }
    | PARAM                                     { $$ = ROLE_PARAM; }
    | NOISE                                     { $$ = ROLE_NOISE; }
    | NOISE MODEL                               { $$ = ROLE_NOISE_MODEL; }

decls: decl                                     { $$ = list_of(fe, $1); }
     | decls ',' decl                           { $$ = list_add(fe, $1, $3); }
decl: NAME indices type                         { $$ = ast_decl(fe, $1, $2, $3, NULL, NULL, @$); }
    | NAME indices type '=' expression          { $$ = ast_decl(fe, $1, $2, $3, $5, NULL, @$); }
    | NAME indices type '~' expression          { $$ = ast_decl(fe, $1, $2, $3, NULL, $5, @$); }
indices: %empty                                 { $$ = NULL; }
       | '[' expressions ']'                    { $$ = ast_indices(fe, $2, @$); }
type: %empty                                    { $$ = NULL; }
    | ':' NAME                                  { $$ = ast_type(fe, $2, list_new(fe), @2); }
    | ':' NAME '[' expressions ']'              { $$ = ast_type(fe, $2, $4, span_join(@2, @5)); }

train: TRAIN '{' settings '}'                   { $$ = ast_train(fe, $settings, @$); }
settings: %empty                                { $$ = list_new(fe); }
        | settings setting                      { $$ = list_add(fe, $1, $2); }
        | settings ','
        | settings EOL
        | settings error EOL                    { yyerrok; }
setting: NAME '=' value                         { $$ = ast_setting(fe, $1, $3, @$); }
value: NUMBER                                   { $$ = ast_number(fe, $1, NULL, @$); }
     | '+' NUMBER                               { $$ = ast_number(fe, $2, NULL, @$); }
     | '-' NUMBER                               { $$ = ast_number(fe, -$2, NULL, @$); }
     | STRING                                   { $$ = ast_string(fe, $1, @$); }
     | NAME                                     { $$ = ast_name(fe, $1, @$); }
     | NAME '(' arguments ')'                   { $$ = ast_call(fe, ast_name(fe, $1, @1), $3, @$); }
     | PARAM '(' arguments ')'                  { $$ = ast_call(fe, ast_name(fe, intern(fe->arena, "param"), @1), $3, @$); } /* clip = param(..) */
     | '(' expression ')'                       { $$ = $2; }

expression
  : comparison
  | expression OR expression                    { $$ = ast_binary(fe, "or", $1, $3, @$); }
  | expression AND expression                   { $$ = ast_binary(fe, "and", $1, $3, @$); }
  | NOT expression                              { $$ = ast_unary(fe, "not", $2, @$); }

comparison
  : arithmetic
  | arithmetic EQ arithmetic                    { $$ = ast_binary(fe, "==", $1, $3, @$); }
  | arithmetic NE arithmetic                    { $$ = ast_binary(fe, "!=", $1, $3, @$); }
  | arithmetic '<' arithmetic                   { $$ = ast_binary(fe, "<", $1, $3, @$); }
  | arithmetic LE arithmetic                    { $$ = ast_binary(fe, "<=", $1, $3, @$); }
  | arithmetic '>' arithmetic                   { $$ = ast_binary(fe, ">", $1, $3, @$); }
  | arithmetic GE arithmetic                    { $$ = ast_binary(fe, ">=", $1, $3, @$); }

arithmetic
  : operand
  | arithmetic '+' arithmetic                   { $$ = ast_binary(fe, "+", $1, $3, @$); }
  | arithmetic '-' arithmetic                   { $$ = ast_binary(fe, "-", $1, $3, @$); }
  | arithmetic '*' arithmetic                   { $$ = ast_binary(fe, "*", $1, $3, @$); }
  | arithmetic '/' arithmetic                   { $$ = ast_binary(fe, "/", $1, $3, @$); }
  | arithmetic '@' arithmetic                   { $$ = ast_binary(fe, "@", $1, $3, @$); }
  | '-' arithmetic %prec MINUS                  { $$ = ast_unary(fe, "-", $2, @$); }
  | arithmetic '^' arithmetic                   { $$ = ast_binary(fe, "^", $1, $3, @$); }

operand: postfix
       | REVERSE postfix                        { $$ = ast_reverse(fe, $2, @$); }

postfix: primary
       | postfix '\''                           { $$ = ast_transpose(fe, $1, @$); }
       | postfix '.' NAME                       { $$ = ast_field(fe, $1, $3, @$); }
       | postfix '[' expressions ']'            { $$ = ast_index(fe, $1, $3, @$); }
       | postfix '(' arguments ')'              { $$ = ast_call(fe, $1, $3, @$); }

primary: NUMBER                                 { $$ = ast_number(fe, $1, NULL, @$); }
       | STRING                                 { $$ = ast_string(fe, $1, @$); }
       | NAME                                   { $$ = ast_name(fe, $1, @$); }
       | '(' expression ')'                     { $$ = $2; }

expressions: expression                         { $$ = list_of(fe, $1); }
           | expressions ',' expression         { $$ = list_add(fe, $1, $3); }

arguments: %empty                               { $$ = list_new(fe); }
         | argument_list
argument_list: argument                         { $$ = list_of(fe, $1); }
             | argument_list ',' argument       { $$ = list_add(fe, $1, $3); }
argument: expression
        | NUMBER NAME                           { $$ = ast_measure(fe, $1, $2, @$); }
        | NAME '=' expression                   { $$ = ast_arg(fe, $1, $3, @$); }
        | NAME '=' NUMBER NAME                  { $$ = ast_arg(fe, $1, ast_measure(fe, $3, $4, span_join(@3, @4)), @$); }

%%

/* Bison calls this when its stack is full, and never for a syntax error. */
static void syntax_error(Span *at, Front *fe, const char *what)
{
  (void)what;
  diag(fe->diag, E_DEEP, *at, "this is nested too deeply; the rest of the file was not read");
}

static int yyreport_syntax_error(const yypcontext_t *context, Front *fe)
{
  yysymbol_kind_t kind[YYNTOKENS];
  const char *name[YYNTOKENS];
  int n = yypcontext_expected_tokens(context, kind, YYNTOKENS);
  if (n < 0) return n;
  for (int i = 0; i < n; i++) name[i] = yysymbol_name(kind[i]);
  syntax_report(fe, *yypcontext_location(context), yysymbol_name(yypcontext_token(context)), name, n);
  return 0;
}

/* would the parser take the token now? */
bool syntax_accepts(syntax_pstate *parser, int token)
{
  yysymbol_kind_t kind[YYNTOKENS], wanted = YYTRANSLATE(token);
  int n = yypstate_expected_tokens(parser, kind, YYNTOKENS);
  for (int i = 0; i < n; i++)
    if (kind[i] == wanted) return true;
  return false;
}
