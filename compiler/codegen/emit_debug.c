/* emit_debug.c: DWARF by LLVM's DIBuilder. Needs: variables with the place of their equation, which every pass hands
   on. Leaves: the code as it is, but for stack slots with the address of each variable's row.

   A function belongs to the file that was compiled; instructions of an imported cell's equations have that cell's file
   in a lexical block. A variable is an array behind an address: in a stack slot, so that it can be printed all the
   time; in optimised code it is a reference, which LLVM may compute anew from what is at hand, or lose. Names are C's:
   h.c is h_c. */
#include "emit_debug.h"
#include <ctype.h>
#include <limits.h>
#include <llvm-c/DebugInfo.h>
#include <string.h>
#include <unistd.h>

enum { DW_ATE_FLOAT = 4, DW_ATE_SIGNED = 5, DW_TAG_REFERENCE = 0x10, DW_OP_DEREF = 6, DWARF_VERSION = 4 };

typedef struct Debug {
  Arena *arena;
  LLVMContextRef c;
  LLVMDIBuilderRef builder;
  DebugLevel level;
  const Target *target;
  const char *source;
  LLVMMetadataRef file, function; /* function: NULL between functions and in those without lines */
  Span at;                        /* of the functions to come, */
  bool inside;                    /* and of all that they do */
  LLVMValueRef fn;                /* whose variables these are */
  struct Shown *shown;            /* by variable id; the last one is t */
  int vars;
} Debug;

typedef struct Shown {
  LLVMMetadataRef variable; /* NULL: not yet */
  LLVMValueRef slot;        /* NULL in optimised code */
} Shown;

/* ---- the module ---- */

static LLVMMetadataRef file_named(Debug *d, const char *name)
{
  char here[PATH_MAX];
  /* a text inside rnnc, installed beside it */
  bool library = strcmp(name, d->source) && !strncmp(name, "lang/", 5) && access(name, R_OK);
  const char *folder = library ? RNNC_DATADIR : getcwd(here, sizeof here) ? here : ".";
  return LLVMDIBuilderCreateFile(d->builder, name, strlen(name), folder, strlen(folder));
}

static void set_flag(LLVMModuleRef m, LLVMContextRef c, const char *name, unsigned value)
{
  LLVMValueRef v = LLVMConstInt(LLVMInt32TypeInContext(c), value, 0);
  LLVMAddModuleFlag(m, LLVMModuleFlagBehaviorWarning, name, strlen(name), LLVMValueAsMetadata(v));
}

Debug *debug_new(Arena *a, LLVMModuleRef m, const Target *target, const char *source, DebugLevel level)
{
  if (level == DEBUG_NONE) return NULL;
  Debug *d = ARENA_ARRAY(a, Debug, 1);
  *d = (Debug){.arena = a, .c = LLVMGetModuleContext(m), .level = level, .target = target};
  d->source = strcmp(source, "-") ? source : "<stdin>";
  set_flag(m, d->c, "Debug Info Version", LLVMDebugMetadataVersion());
  set_flag(m, d->c, "Dwarf Version", DWARF_VERSION);
  d->builder = LLVMCreateDIBuilder(m);
  d->file = file_named(d, d->source);
  LLVMDWARFEmissionKind kind = level == DEBUG_LINES ? LLVMDWARFEmissionLineTablesOnly : LLVMDWARFEmissionFull;
  LLVMDIBuilderCreateCompileUnit(d->builder, LLVMDWARFSourceLanguageC99, d->file, "rnnc", 4, target->level > 0, "", 0,
                                 0, "", 0, kind, 0, 0, 0, "", 0, "", 0);
  return d;
}

void debug_end(Debug *d)
{
  if (!d) return;
  LLVMDIBuilderFinalize(d->builder);
  LLVMDisposeDIBuilder(d->builder);
}

/* ---- lines ---- */

static LLVMMetadataRef location(Debug *d, Span at)
{
  if (!at.source) return LLVMDIBuilderCreateDebugLocation(d->c, 0, 0, d->function, NULL);
  const char *name = source_name(at.source);
  LLVMMetadataRef scope = d->function;
  if (strcmp(name, d->source))
    scope = LLVMDIBuilderCreateLexicalBlockFile(d->builder, d->function, file_named(d, name), 0);
  return LLVMDIBuilderCreateDebugLocation(d->c, (unsigned)span_line(at), (unsigned)span_column(at), scope, NULL);
}

void emit_debug_at(Emit *e, Span at)
{
  Debug *d = e->debug;
  if (!d) return;
  if (d->function) LLVMSetCurrentDebugLocation2(e->b, location(d, at));
}

static Span place_of(const Var *v) { return v && !v->between ? v->span : (Span){0}; }

void emit_debug_of(Emit *e, const Var *v) { emit_debug_at(e, place_of(v)); }

void emit_debug_no_function(Emit *e)
{
  if (!e->debug) return;
  e->debug->function = NULL;
  LLVMSetCurrentDebugLocation2(e->b, NULL);
}

/* Makes d->function, the subprogram of fn. */
static void begin(Debug *d, LLVMValueRef fn)
{
  LLVMMetadataRef type = LLVMDIBuilderCreateSubroutineType(d->builder, d->file, NULL, 0, LLVMDIFlagZero),
                  file = d->file;
  if (d->at.source) file = file_named(d, source_name(d->at.source));
  unsigned line = (unsigned)span_line(d->at);
  size_t n;
  const char *name = LLVMGetValueName2(fn, &n);
  d->function = LLVMDIBuilderCreateFunction(d->builder, file, name, n, name, n, file, line, type, 1, 1, 0,
                                            LLVMDIFlagZero, d->target->level > 0);
  LLVMSetSubprogram(fn, d->function);
}

void emit_debug_function(Emit *e)
{
  Debug *d = e->debug;
  if (!d) return;
  begin(d, e->fn);
  d->fn = e->fn;
  d->vars = e->plan->system->vars.n;
  d->shown = ARENA_ARRAY(e->arena, Shown, d->vars + 1);
  emit_debug_at(e, d->inside ? d->at : (Span){0});
}

static bool has_own_kernels(const Emit *e) { return e->debug && e->debug->target->level > 0; }

const char *emit_debug_suffix(Emit *e, const Var *v)
{
  return has_own_kernels(e) ? arena_printf(e->arena, ".%s", v->name) : "";
}

void emit_debug_whole(Emit *e, LLVMValueRef fn, const Var *v)
{
  Debug *d = e->debug;
  if (!has_own_kernels(e) || LLVMGetSubprogram(fn)) return;
  d->at = place_of(v);
  begin(d, fn);
  LLVMMetadataRef here = location(d, d->at);
  for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(fn); b; b = LLVMGetNextBasicBlock(b))
    for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i))
      LLVMInstructionSetDebugLoc(i, here);
  d->function = NULL;
}

static const Var *first_equation(const Step *s)
{
  if (s->var) return s->var;
  if (s->kind == STEP_ROWS) return s->group.loops.n ? s->group.loops.at[0].vars.at[0] : NULL;
  return s->items.n ? first_equation(&s->items.at[0]) : NULL;
}

void emit_debug_step(Emit *e, const Step *s)
{
  if (!e->debug) return;
  Debug *d = e->debug;
  d->at = place_of(s ? first_equation(s) : NULL);
  d->inside = s && d->target->level > 0 && !e->stream && (s->kind == STEP_SUM || s->kind == STEP_PRODUCT);
}

/* ---- variables ---- */

static LLVMMetadataRef type_of(Debug *d, const Emit *e, const Var *v)
{
  LLVMMetadataRef element =
      v->shape.token     ? LLVMDIBuilderCreateBasicType(d->builder, "token", 5, 32, DW_ATE_SIGNED, LLVMDIFlagZero)
      : e->f64_precision ? LLVMDIBuilderCreateBasicType(d->builder, "double", 6, 64, DW_ATE_FLOAT, LLVMDIFlagZero)
                         : LLVMDIBuilderCreateBasicType(d->builder, "float", 5, 32, DW_ATE_FLOAT, LLVMDIFlagZero);
  int rank = v->shape.token ? 0 : v->shape.rank;
  if (!rank) return element;
  LLVMMetadataRef range[2];
  for (int i = 0; i < rank; i++) range[i] = LLVMDIBuilderGetOrCreateSubrange(d->builder, 0, v->shape.dim[i]);
  uint64_t bits = (uint64_t)shape_count(v->shape) * (e->f64_precision ? 64 : 32);
  return LLVMDIBuilderCreateArrayType(d->builder, bits, 32, element, range, (unsigned)rank);
}

static const char *c_name(Debug *d, const char *name)
{
  char *made = arena_printf(d->arena, "%s", name);
  for (char *c = made; *c; c++)
    if (!isalnum((unsigned char)*c)) *c = '_';
  return made;
}

/* `value` is the variable `name` from here on, or where it is, for an address. */
static void set(Emit *e, Shown *s, const char *name, LLVMMetadataRef type, LLVMValueRef value)
{
  Debug *d = e->debug;
  bool address = LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMPointerTypeKind;
  LLVMMetadataRef here = location(d, (Span){0});
  uint64_t deref = DW_OP_DEREF;
  bool first = !s->variable, reference = address && d->target->level > 0;
  LLVMMetadataRef expression = LLVMDIBuilderCreateExpression(d->builder, &deref, address && !reference ? 1 : 0);
  if (reference) type = LLVMDIBuilderCreateReferenceType(d->builder, DW_TAG_REFERENCE, type);
  if (first)
    s->variable = LLVMDIBuilderCreateAutoVariable(d->builder, d->function, name, strlen(name), d->file, 0, type, 1,
                                                  LLVMDIFlagZero, 0);
  if (d->target->level > 0) {
    LLVMDIBuilderInsertDbgValueRecordAtEnd(d->builder, value, s->variable, expression, here, LLVMGetInsertBlock(e->b));
    return;
  }
  if (first) {
    s->slot = emit_stack(e, LLVMTypeOf(value), 1, arena_printf(e->arena, "%s.debug", name));
    LLVMSetAlignment(s->slot, 8);
    LLVMDIBuilderInsertDeclareRecordBefore(d->builder, s->slot, s->variable, expression, here, e->entry_end);
  }
  LLVMBuildStore(e->b, value, s->slot);
}

static void show(Emit *e, const Var *v, const Row *row)
{
  Debug *d = e->debug;
  Store store = emit_store_of(v);
  if (v->id >= d->vars || store == STORE_NONE || store == STORE_GRAD || plan_of(v)->absorbed) return;
  if (store != STORE_PARAM && store != STORE_ROW && plan_of(plan_root((Var *)v))->buffer < 0) return;
  Place at[AXES] = {place_now(v, AXIS_T), place_now(v, AXIS_S)};
  set(e, &d->shown[v->id], c_name(d, v->name), type_of(d, e, v), emit_row_address(e, v, at, row));
}

static void show_reads(Emit *e, const Expr *x, const Row *row)
{
  if (x->op == OP_READ) show(e, x->var, row);
  for (int i = 0; i < x->nin; i++) show_reads(e, x->in[i], row);
}

/* t, from 1 in the sequence; of a window, in the window */
static void show_time(Emit *e, int dom, const Row *row)
{
  Debug *d = e->debug;
  if (!(dom & DOM_T)) return;
  const char *name = e->plan->system->axis[AXIS_T];
  LLVMMetadataRef type = LLVMDIBuilderCreateBasicType(d->builder, "long", 4, 64, DW_ATE_SIGNED, LLVMDIFlagZero);
  LLVMValueRef before = e->stream ? emit_steps_before(e, row) : emit_origin(e, AXIS_T);
  LLVMValueRef t = emit_add(e, emit_add(e, row->at[AXIS_T], emit_i64(e, 1)), before);
  set(e, &d->shown[d->vars], c_name(d, name ? name : "t"), type, t);
}

static bool shows(const Emit *e)
{
  return e->debug && e->debug->level == DEBUG_VARIABLES && e->debug->function && e->debug->fn == e->fn;
}

static void show_equation(Emit *e, const Var *v, const Row *row)
{
  show_time(e, v->dom, row);
  show(e, v, row);
  show_reads(e, v->rhs, row);
}

void emit_debug_equation(Emit *e, const Var *v, const Row *row)
{
  if (!shows(e)) return;
  emit_debug_at(e, (Span){0});
  show_equation(e, v, row);
}

void emit_debug_group(Emit *e, const Group *g, const Row *row)
{
  if (!shows(e)) return;
  emit_debug_at(e, (Span){0});
  for (int i = 0; i < g->loops.n; i++) {
    const Loop *l = &g->loops.at[i];
    for (int k = 0; k < l->products.n; k++) show_reads(e, l->products.at[k]->rhs, row);
    for (int k = 0; k < l->vars.n; k++) show_equation(e, l->vars.at[k], row);
  }
}
