/* completion.c: scripts that complete rnnc's commands, options and their values in bash, zsh and fish, by the tables.
   The scripts are complete in themselves: they call nothing of rnnc. */
#include "options.h"
#include <string.h>

#define VALUES 4096

/* "f32 f64 ": what an argument may be; for --set and the like the settings. "" where it is not listed. */
static const char *values(const OptionRow *o, char *text)
{
  size_t n = 0;
  const char *list = option_values(o), *word;
  text[0] = 0;
  for (int bytes; list && (bytes = list_word(list, &word, &list));)
    n += (size_t)snprintf(text + n, VALUES - n, "%s%.*s", n ? " " : "", bytes, word);
  bool setting = !strcmp(o->name, "set");
  for (const TrainSetting *s = train_setting; setting && s->name; s++)
    n += (size_t)snprintf(text + n, VALUES - n, "%s%s=", n ? " " : "", s->name);
  return text;
}

static bool is_file(const OptionRow *o)
{
  return o->argument && (strstr(o->argument, "FILE") || strstr(o->argument, "SRC"));
}
static bool is_folder(const OptionRow *o) { return o->argument && strstr(o->argument, "DIR"); }
static bool needs_value(const OptionRow *o) { return o->argument && *o->argument != '['; }
static bool has(OptionList list, int i) { return list.row[i].commands & list.command; }
static bool takes_model(CommandId command) { return strstr(command_row[command].operands, "model.rnn") != NULL; }

/* An option may be said -l, --name=value, or with one dash, -MD value. */
static bool letter_is_dash(const OptionRow *o) { return o->letter == '-'; }
static bool letter(const OptionRow *o) { return o->letter && !letter_is_dash(o); }
static const char *dashes(const OptionRow *o) { return letter_is_dash(o) ? "-" : "--"; }
static const char *equals(const OptionRow *o) { return needs_value(o) && !letter_is_dash(o) ? "=" : ""; }

/* files of all names */
static bool takes_files(CommandId command)
{
  return *command_row[command].operands && !takes_model(command) && !operand_values(command) && command != COMMAND_help;
}

static void words(FILE *out, const char *list)
{
  const char *word;
  bool any = false;
  for (int n; list && (n = list_word(list, &word, &list)); any = true) fprintf(out, "%s%.*s", any ? " " : "", n, word);
}

static void all_commands(FILE *out)
{
  for (int i = 0; i < COMMANDS; i++) fprintf(out, "%s%s", i ? " " : "", command_row[i].name);
}

static void all_model_commands(FILE *out)
{
  for (int i = 0; i < model_commands; i++) fprintf(out, "%s%s", i ? " " : "", model_command_row[i].name);
}

/* ---- bash ---- */

static void bash_options(FILE *out, const char *command, OptionList list)
{
  fprintf(out, "    %s)", command);
  fputs(" options=\"", out);
  for (int i = 0, any = 0; i < list.rows; i++) {
    if (!has(list, i)) continue;
    const OptionRow *o = &list.row[i];
    if (letter(o)) fprintf(out, "%s-%c", any ? " " : "", o->letter);
    fprintf(out, "%s%s%s%s", any || letter(o) ? " " : "", dashes(o), o->name, equals(o));
    any = 1;
  }
  fputs("\"\n      case $option in\n", out);
  for (int i = 0; i < list.rows; i++) {
    char text[VALUES];
    const OptionRow *o = &list.row[i];
    if (!has(list, i) || !needs_value(o)) continue;
    fputs("      ", out);
    if (letter(o)) fprintf(out, "-%c|", o->letter);
    fprintf(out, "%s%s) ", dashes(o), o->name);
    if (*values(o, text)) fprintf(out, "values=\"%s\"", text);
    else fprintf(out, "kind=%s", is_file(o) ? "file" : is_folder(o) ? "folder" : "any");
    fputs(" ;;\n", out);
  }
  fputs("      esac ;;\n", out);
}

static void bash(FILE *out)
{
  fputs("# bash completion of rnnc; made by: rnnc completion bash\n"
        "_rnnc()\n{\n"
        "  local cur=${COMP_WORDS[COMP_CWORD]} option='' command=compile options='' values='' kind='' operands='' i\n"
        "  local -a files filter=(-X '!*.rnn')\n"
        "  # readline parts --name=value at the '='\n"
        "  if [[ $cur == = ]]; then option=${COMP_WORDS[COMP_CWORD-1]} cur=''\n"
        "  elif [[ ${COMP_WORDS[COMP_CWORD-1]} == = ]]; then option=${COMP_WORDS[COMP_CWORD-2]}\n"
        "  elif [[ ${COMP_WORDS[COMP_CWORD-1]} == -* ]]; then option=${COMP_WORDS[COMP_CWORD-1]}\n"
        "  fi\n"
        "  if (( COMP_CWORD > 1 )); then\n"
        "    case ${COMP_WORDS[1]} in\n    ",
        out);
  for (int i = 0; i < COMMANDS; i++) fprintf(out, "%s%s", i ? "|" : "", command_row[i].name);
  fputs(") command=${COMP_WORDS[1]} ;;\n    esac\n  fi\n"
        "  if [[ $command == run ]] && (( COMP_CWORD > 3 )); then command=\"model ${COMP_WORDS[3]}\"; fi\n"
        "  if [[ $command == bench ]] && (( COMP_CWORD > 2 )); then command='model bench'; fi\n"
        "  case $command in\n",
        out);
  for (int i = 0; i < COMMANDS; i++) {
    bash_options(out, command_row[i].name, command_options((CommandId)i));
  }
  for (int i = 0; i < model_commands; i++) {
    char name[64];
    snprintf(name, sizeof name, "\"model %s\"", model_command_row[i].name);
    bash_options(out, name, model_command_options(i));
  }
  fputs("  esac\n  case $command in\n", out);
  for (int i = 0; i < COMMANDS; i++) {
    if (takes_files((CommandId)i)) fprintf(out, "  %s) filter=() ;;\n", command_row[i].name);
    if (!operand_values((CommandId)i)) continue;
    fprintf(out, "  %s) operands=\"", command_row[i].name);
    words(out, operand_values((CommandId)i));
    fputs("\" ;;\n", out);
  }
  fputs("  help) operands=\"", out);
  all_commands(out);
  fputs(" ", out);
  all_model_commands(out);
  fputs("\" ;;\n  run) if (( COMP_CWORD == 3 )); then operands=\"", out);
  all_model_commands(out);
  fputs("\"; fi ;;\n  esac\n  COMPREPLY=()\n"
        "  if [[ -n $values ]]; then COMPREPLY=($(compgen -W \"$values\" -- \"$cur\"))\n"
        "  elif [[ $kind == any ]]; then return\n"
        "  elif [[ $kind == file || $kind == folder ]]; then\n"
        "    [[ $kind == file ]] && i=-f || i=-d\n"
        "    compopt -o filenames 2> /dev/null\n"
        "    mapfile -t COMPREPLY < <(compgen $i -- \"$cur\")\n"
        "  elif [[ $cur == -* ]]; then COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
        "  elif [[ -n $operands ]]; then COMPREPLY=($(compgen -W \"$operands\" -- \"$cur\"))\n"
        "  else\n"
        "    compopt -o filenames 2> /dev/null\n"
        "    mapfile -t COMPREPLY < <(compgen -f \"${filter[@]}\" -- \"$cur\"; compgen -d -- \"$cur\")\n"
        "    if (( COMP_CWORD == 1 )); then COMPREPLY+=($(compgen -W \"",
        out);
  all_commands(out);
  fputs("\" -- \"$cur\")); fi\n"
        "  fi\n"
        "  if (( ${#COMPREPLY[@]} == 1 )) && [[ ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2> /dev/null; fi\n"
        "}\ncomplete -F _rnnc rnnc\n",
        out);
}

/* ---- zsh ---- */

/* A text inside '[..]' of an _arguments specification inside single quotes */
static void zsh_text(FILE *out, const char *text)
{
  for (; *text; text++) {
    if (*text == '\'') fputs("'\\''", out);
    else if (strchr("[]:\\", *text)) fprintf(out, "\\%c", *text);
    else fputc(*text, out);
  }
}

static void zsh_options(FILE *out, OptionList list)
{
  for (int i = 0; i < list.rows; i++) {
    char text[VALUES];
    const OptionRow *o = &list.row[i];
    if (!has(list, i)) continue;
    fputs("      ", out);
    bool repeats = !strcmp(o->name, "set");
    const char *after = equals(o);
    if (letter(o) && !repeats)
      fprintf(out, "'(-%c --%s)'{-%c%s,--%s%s}'", o->letter, o->name, o->letter, *after ? "+" : "", o->name, after);
    else if (letter(o)) fprintf(out, "'*'{-%c%s,--%s%s}'", o->letter, *after ? "+" : "", o->name, after);
    else fprintf(out, "'%s%s%s%s", repeats ? "*" : "", dashes(o), o->name, after);
    fputc('[', out);
    zsh_text(out, o->help);
    fputc(']', out);
    if (needs_value(o)) {
      fputc(':', out);
      zsh_text(out, o->argument);
      fputc(':', out);
      if (*values(o, text)) fprintf(out, "(%s)", text);
      else if (is_file(o)) fputs("_files", out);
      else if (is_folder(o)) fputs("_files -/", out);
    }
    fputs("' \\\n", out);
  }
}

static void zsh_described(FILE *out, const char *name, const char *help)
{
  fprintf(out, "    '%s:", name);
  zsh_text(out, help);
  fputs("'\n", out);
}

static void zsh(FILE *out)
{
  fputs("#compdef rnnc\n# zsh completion of rnnc; made by: rnnc completion zsh\n"
        "_rnnc_model()\n{\n  case $1 in\n",
        out);
  for (int i = 0; i < model_commands; i++) {
    fprintf(out, "  %s)\n    _arguments -s \\\n", model_command_row[i].name);
    zsh_options(out, model_command_options(i));
    fputs("      && return ;;\n", out);
  }
  fputs("  esac\n}\n_rnnc()\n{\n  local -a commands model_commands\n  commands=(\n", out);
  for (int i = 0; i < COMMANDS; i++) zsh_described(out, command_row[i].name, command_row[i].help);
  fputs("  )\n  model_commands=(\n", out);
  for (int i = 0; i < model_commands; i++) zsh_described(out, model_command_row[i].name, model_command_row[i].help);
  fputs("  )\n"
        "  if (( CURRENT == 2 )) && [[ $PREFIX != -* ]]; then\n"
        "    _describe command commands\n    _files -g '*.rnn'\n    return\n  fi\n"
        "  local command=compile\n"
        "  if (( CURRENT > 2 && ${commands[(I)$words[2]:*]} )); then\n"
        "    command=$words[2]\n    shift words\n    (( CURRENT-- ))\n  fi\n"
        "  case $command in\n"
        "  run)\n"
        "    if (( CURRENT == 3 )); then _describe command model_commands; return; fi\n"
        "    if (( CURRENT > 3 )); then\n"
        "      local name=$words[3]\n      shift 2 words\n      (( CURRENT -= 2 ))\n      _rnnc_model $name\n      "
        "return\n"
        "    fi ;;\n"
        "  bench)\n"
        "    if (( CURRENT > 2 )); then shift words; (( CURRENT-- )); _rnnc_model bench; return; fi ;;\n"
        "  help) if [[ $PREFIX != -* ]]; then _describe command commands; _describe command model_commands; return; fi "
        ";;\n"
        "  esac\n  case $command in\n",
        out);
  for (int i = 0; i < COMMANDS; i++) {
    fprintf(out, "  %s)\n    _arguments -s \\\n", command_row[i].name);
    zsh_options(out, command_options((CommandId)i));
    if (operand_values((CommandId)i)) {
      fputs("      '1:word:(", out);
      words(out, operand_values((CommandId)i));
      fputs(")'", out);
    } else fprintf(out, "      '*:file:_files%s'", takes_model((CommandId)i) ? " -g \"*.rnn\"" : "");
    fputs(" ;;\n", out);
  }
  fputs("  esac\n}\nif [[ $funcstack[1] == _rnnc ]]; then _rnnc \"$@\"; else compdef _rnnc rnnc; fi\n", out);
}

/* ---- fish ---- */

static void fish_text(FILE *out, const char *text)
{
  fputc('\'', out);
  for (; *text; text++) {
    if (*text == '\'' || *text == '\\') fputc('\\', out);
    fputc(*text, out);
  }
  fputc('\'', out);
}

static void fish_options(FILE *out, const char *when, OptionList list)
{
  for (int i = 0; i < list.rows; i++) {
    char text[VALUES];
    const OptionRow *o = &list.row[i];
    if (!has(list, i)) continue;
    fprintf(out, "complete -c rnnc -n '%s'", when);
    if (letter(o)) fprintf(out, " -s %c", o->letter);
    fprintf(out, letter_is_dash(o) ? " -o '%s'" : " -l %s", o->name);
    if (needs_value(o) && *values(o, text)) fprintf(out, " -x -a '%s'", text);
    else if (needs_value(o))
      fputs(is_file(o) ? " -r -F" : is_folder(o) ? " -x -a '(__fish_complete_directories)'" : " -x", out);
    fputs(" -d ", out);
    fish_text(out, o->help);
    fputc('\n', out);
  }
}

static void fish(FILE *out)
{
  char when[160];
  fputs("# fish completion of rnnc; made by: rnnc completion fish\n"
        "set -g __rnnc_commands ",
        out);
  all_commands(out);
  fputs("\nfunction __rnnc_is\n"
        "  set -l words (commandline -opc)\n  set -l command compile\n"
        "  if set -q words[2]; and contains -- $words[2] $__rnnc_commands; set command $words[2]; end\n"
        "  if test $command = run; and test (count $words) -gt 2; set command 'run of'; end\n"
        "  test $command = $argv[1]\nend\n"
        "function __rnnc_runs\n"
        "  set -l words (commandline -opc)\n"
        "  if test (count $words) -ge 4; and test $words[2] = run; and test $words[4] = $argv[1]; return 0; end\n"
        "  test $argv[1] = bench; and test (count $words) -ge 3; and test $words[2] = bench\nend\n"
        "complete -c rnnc -f\n",
        out);
  for (int i = 0; i < COMMANDS; i++) {
    fprintf(out, "complete -c rnnc -n 'test (count (commandline -opc)) -eq 1' -a %s -d ", command_row[i].name);
    fish_text(out, command_row[i].help);
    fputc('\n', out);
    snprintf(when, sizeof when, "__rnnc_is %s", command_row[i].name);
    fish_options(out, when, command_options((CommandId)i));
    if (takes_model((CommandId)i))
      fprintf(out, "complete -c rnnc -n '%s' -k -a '(__fish_complete_suffix .rnn)'\n", when);
    if (takes_files((CommandId)i)) fprintf(out, "complete -c rnnc -n '%s' -F\n", when);
    if (!operand_values((CommandId)i)) continue;
    fprintf(out, "complete -c rnnc -n '%s' -x -a '", when);
    words(out, operand_values((CommandId)i));
    fputs("'\n", out);
  }
  fputs("complete -c rnnc -n '__rnnc_is help' -x -a '", out);
  all_commands(out);
  fputs(" ", out);
  all_model_commands(out);
  fputs("'\n", out);
  for (int i = 0; i < model_commands; i++) {
    fprintf(out, "complete -c rnnc -n '__rnnc_is \"run of\"; and test (count (commandline -opc)) -eq 3' -x -a %s -d ",
            model_command_row[i].name);
    fish_text(out, model_command_row[i].help);
    fputc('\n', out);
    snprintf(when, sizeof when, "__rnnc_runs %s", model_command_row[i].name);
    fish_options(out, when, model_command_options(i));
  }
}

bool completion_write(const char *shell, FILE *out)
{
  static const struct {
    const char *name;
    void (*write)(FILE *out);
  } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
  for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
    if (strcmp(shell, shells[i].name)) continue;
    shells[i].write(out);
    return true;
  }
  return false;
}
