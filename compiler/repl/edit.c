/* edit.c: libedit, taught that an entry may have several lines: Enter goes on where the parser says so, a paste is one
   piece of text, arrows move between lines before they move through the history, Ctrl-C clears.
   Needs: statement.c to say what is open. Leaves alone: what entries mean. */
#include "edit.h"
#include "statement.h"
#include <errno.h>
#include <histedit.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

enum { KEPT = 1000 }; /* entries of the history */

struct Editor {
  Session *s;
  EditLine *el;
  HistoryW *history;
  Text entry;
  char *file; /* of the history; NULL: none */
  bool cleared;
};

/* ---- text ---- */

static char *narrow(const wchar_t *text, size_t n)
{
  Text t = {0};
  mbstate_t state = {0};
  char bytes[MB_LEN_MAX];
  text_puts(&t, "");
  for (size_t i = 0; i < n; i++) {
    size_t k = wcrtomb(bytes, text[i], &state);
    if (k != (size_t)-1) text_write(&t, bytes, k);
  }
  return t.at;
}

static wchar_t *widen(const char *text)
{
  size_t n = strlen(text) + 1;
  wchar_t *wide = calloc(n, sizeof *wide);
  if (!wide) abort();
  mbstate_t state = {0};
  size_t used = 0;
  for (const char *c = text; *c;) {
    size_t k = mbrtowc(&wide[used], c, n, &state);
    if (k == (size_t)-1 || k == (size_t)-2) {
      state = (mbstate_t){0};
      wide[used] = L'?';
      k = 1;
    }
    used++;
    c += k;
  }
  return wide;
}

static Editor *editor_of(EditLine *el)
{
  Editor *e = NULL;
  el_wget(el, EL_CLIENTDATA, &e);
  return e;
}

/* ---- keys ---- */

/* What libedit does itself is called by keys that nobody presses. */
static const struct {
  const wchar_t *key, *function;
} inner[] = {{L"\033\001", L"ed-newline"},
             {L"\033\002", L"ed-prev-line"},
             {L"\033\003", L"ed-next-line"},
             {L"\033\004", L"ed-prev-history"},
             {L"\033\005", L"ed-next-history"}};
enum { INNER_NEWLINE, INNER_UP, INNER_DOWN, INNER_PREVIOUS, INNER_NEXT, INNERS };

static unsigned char inner_key(EditLine *el, int which)
{
  el_wpush(el, inner[which].key);
  return CC_NORM;
}

/* Enter: the entry is taken, or goes on below. */
static unsigned char key_enter(EditLine *el, wint_t c)
{
  (void)c;
  const LineInfoW *line = el_wline(el);
  char *text = narrow(line->buffer, (size_t)(line->lastchar - line->buffer));
  bool open = statement_open(text);
  free(text);
  if (!open) return inner_key(el, INNER_NEWLINE);
  el_winsertstr(el, L"\n");
  return CC_REFRESH;
}

static unsigned char key_up(EditLine *el, wint_t c)
{
  (void)c;
  const LineInfoW *line = el_wline(el);
  for (const wchar_t *at = line->buffer; at < line->cursor; at++)
    if (*at == L'\n') return inner_key(el, INNER_UP);
  return inner_key(el, INNER_PREVIOUS);
}

static unsigned char key_down(EditLine *el, wint_t c)
{
  (void)c;
  const LineInfoW *line = el_wline(el);
  for (const wchar_t *at = line->cursor; at < line->lastchar; at++)
    if (*at == L'\n') return inner_key(el, INNER_DOWN);
  return inner_key(el, INNER_NEXT);
}

static unsigned char key_home(EditLine *el, wint_t c)
{
  (void)c;
  const LineInfoW *line = el_wline(el);
  int n = 0;
  while (line->cursor - n > line->buffer && line->cursor[-n - 1] != L'\n') n++;
  el_cursor(el, -n);
  return CC_REFRESH;
}

static unsigned char key_end(EditLine *el, wint_t c)
{
  (void)c;
  const LineInfoW *line = el_wline(el);
  int n = 0;
  while (line->cursor + n < line->lastchar && line->cursor[n] != L'\n') n++;
  el_cursor(el, n);
  return CC_REFRESH;
}

static unsigned char key_clear(EditLine *el, wint_t c)
{
  (void)c;
  Editor *e = editor_of(el);
  e->cleared = true;
  return inner_key(el, INNER_NEWLINE);
}

/* Up to the terminal's mark of the end. */
static unsigned char key_paste(EditLine *el, wint_t c)
{
  (void)c;
  static const wchar_t end[] = L"\033[201~";
  size_t n = 0, room = 256, marked = wcslen(end);
  wchar_t *text = malloc(room * sizeof *text), w;
  while (text && el_wgetc(el, &w) == 1) {
    if (n + 2 > room) text = realloc(text, (room *= 2) * sizeof *text);
    if (!text) break;
    text[n++] = w == L'\r' ? L'\n' : w;
    if (n >= marked && !wmemcmp(text + n - marked, end, marked)) {
      n -= marked;
      break;
    }
  }
  if (!text) abort();
  while (n && text[n - 1] == L'\n') n--;
  text[n] = 0;
  if (n) el_winsertstr(el, text);
  free(text);
  return CC_REFRESH;
}

static void list(const Strings *words)
{
  size_t longest = 0;
  for (int i = 0; i < words->n; i++)
    if (strlen(words->at[i]) > longest) longest = strlen(words->at[i]);
  size_t columns = 78 / (longest + 2);
  if (columns < 1) columns = 1;
  putchar('\n');
  for (int i = 0; i < words->n && i < 200; i++)
    printf("%-*s%s", (int)longest + 2, words->at[i], (size_t)(i + 1) % columns == 0 || i + 1 == words->n ? "\n" : "");
  if (words->n > 200) printf("and %d more\n", words->n - 200);
  fflush(stdout);
}

static unsigned char key_complete(EditLine *el, wint_t c)
{
  (void)c;
  Editor *e = editor_of(el);
  const LineInfoW *line = el_wline(el);
  char *text = narrow(line->buffer, (size_t)(line->cursor - line->buffer));
  Strings words = {0};
  size_t typed = 0, start = strlen(text);
  while (start && text[start - 1] != '\n') start--;
  unsigned char answer = CC_NORM;
  if (strspn(text + start, " \t") == strlen(text + start)) {
    el_winsertstr(el, L"  "); /* nothing to complete: indentation */
    answer = CC_REFRESH;
  } else complete(e->s, text, &words, &typed);
  size_t common = words.n ? strlen(words.at[0]) : 0;
  for (int i = 1; i < words.n; i++) {
    size_t k = 0;
    while (k < common && words.at[0][k] == words.at[i][k]) k++;
    common = k;
  }
  if (words.n && common > typed) {
    char *rest = strndup(words.at[0] + typed, common - typed);
    wchar_t *wide = widen(rest);
    el_winsertstr(el, wide);
    free(wide);
    free(rest);
    answer = CC_REFRESH;
  } else if (words.n > 1) {
    list(&words);
    el_wset(el, EL_REFRESH);
  } else if (!words.n && answer == CC_NORM) answer = CC_ERROR;
  strings_free(&words);
  free(text);
  return answer;
}

static void bind_keys(EditLine *el)
{
  static const struct {
    const wchar_t *name, *help;
    unsigned char (*function)(EditLine *el, wint_t c);
    const wchar_t *key[5];
  } own[] = {
      {L"rnnc-enter", L"take the entry, or go on below", key_enter, {L"\n", L"\r"}},
      {L"rnnc-up", L"the line above, or the entry before", key_up, {L"\033[A", L"\033OA", L"\020"}},
      {L"rnnc-down", L"the line below, or the entry after", key_down, {L"\033[B", L"\033OB", L"\016"}},
      {L"rnnc-home", L"the line's start", key_home, {L"\001", L"\033[H", L"\033OH", L"\033[1~"}},
      {L"rnnc-end", L"the line's end", key_end, {L"\005", L"\033[F", L"\033OF", L"\033[4~"}},
      {L"rnnc-clear", L"clear the entry", key_clear, {L"\003"}},
      {L"rnnc-paste", L"text up to the end of the paste", key_paste, {L"\033[200~"}},
      {L"rnnc-complete", L"complete the word", key_complete, {L"\t"}},
  };
  static const wchar_t *const plain[][2] = {
      {L"\033[3~", L"ed-delete-next-char"}, {L"\033[1;5D", L"ed-prev-word"}, {L"\033[1;5C", L"em-next-word"},
      {L"\022", L"em-inc-search-prev"},     {L"\033b", L"ed-prev-word"},     {L"\033f", L"em-next-word"},
      {L"\027", L"ed-delete-prev-word"},
  };
  for (int i = 0; i < INNERS; i++) el_wset(el, EL_BIND, inner[i].key, inner[i].function, NULL);
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
    el_wset(el, EL_ADDFN, own[i].name, own[i].help, own[i].function);
    for (int k = 0; own[i].key[k]; k++) el_wset(el, EL_BIND, own[i].key[k], own[i].name, NULL);
  }
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) el_wset(el, EL_BIND, plain[i][0], plain[i][1], NULL);
  el_wset(el, EL_SETTY, L"-d", L"-isig", NULL); /* Ctrl-C is a key here */
}

/* ---- the history ---- */

static void make_folders(char *path)
{
  for (char *c = path + 1; *c; c++)
    if (*c == '/') {
      *c = 0;
      mkdir(path, 0700);
      *c = '/';
    }
}

/* $RNNC_HISTORY, else $XDG_STATE_HOME/rnnc/history, else ~/.local/state/rnnc/history; NULL: an empty RNNC_HISTORY, or
   no home */
static char *history_file(void)
{
  const char *given = getenv("RNNC_HISTORY"), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  Text t = {0};
  if (given && !*given) return NULL;
  if (given) text_puts(&t, given);
  else if (state && *state == '/') text_printf(&t, "%s/rnnc/history", state);
  else if (home && *home) text_printf(&t, "%s/.local/state/rnnc/history", home);
  else return NULL;
  return t.at;
}

static void read_history(Editor *e)
{
  HistEventW event;
  e->history = history_winit();
  if (!e->history) return;
  history_w(e->history, &event, H_SETSIZE, KEPT);
  history_w(e->history, &event, H_SETUNIQUE, 1);
  e->file = history_file();
  if (e->file && access(e->file, R_OK) == 0) history_w(e->history, &event, H_LOAD, e->file);
  el_wset(e->el, EL_HIST, history_w, e->history);
}

static void write_history(Editor *e)
{
  HistEventW event;
  if (!e->file || !e->history) return;
  make_folders(e->file);
  Text aside = {0};
  text_printf(&aside, "%s.%ld", e->file, (long)getpid());
  if (history_w(e->history, &event, H_SAVE, aside.at) < 0 || rename(aside.at, e->file) != 0) {
    world_say(&e->s->world, "note", "the history could not be written to %s: %s", e->file, strerror(errno));
    unlink(aside.at);
  }
  text_free(&aside);
}

/* ---- the editor ---- */

static wchar_t *prompt(EditLine *el)
{
  const Editor *e = editor_of(el);
  static wchar_t coloured[] = L"\001\033[1;32m\001rnnc> \001\033[0m\001", plain[] = L"rnnc> ";
  return e->s->world.colour ? coloured : plain;
}

Editor *edit_open(Session *s)
{
  const char *term = getenv("TERM");
  if (!term || !*term || !strcmp(term, "dumb")) return NULL;
  setlocale(LC_CTYPE, "");
  if (MB_CUR_MAX == 1) setlocale(LC_CTYPE, "C.UTF-8");
  Editor *e = calloc(1, sizeof *e);
  if (!e) abort();
  e->s = s;
  e->el = el_init("rnnc", stdin, stdout, stderr);
  if (!e->el) {
    free(e);
    return NULL;
  }
  el_wset(e->el, EL_CLIENTDATA, e);
  el_wset(e->el, EL_EDITOR, L"emacs");
  el_wset(e->el, EL_SIGNAL, 1);
  el_wset(e->el, EL_PROMPT_ESC, prompt, L'\001');
  bind_keys(e->el);
  el_source(e->el, NULL); /* ~/.editrc */
  read_history(e);
  return e;
}

void edit_close(Editor *e)
{
  if (!e) return;
  write_history(e);
  if (e->history) history_wend(e->history);
  el_end(e->el);
  text_free(&e->entry);
  free(e->file);
  free(e);
}

const char *edit_entry(Editor *e)
{
  HistEventW event;
  int n = 0;
  e->cleared = false;
  fputs("\033[?2004h", stdout);
  fflush(stdout);
  const wchar_t *line = el_wgets(e->el, &n);
  fputs("\033[?2004l", stdout);
  fflush(stdout);
  if (!line || n <= 0) {
    putchar('\n');
    return NULL;
  }
  while (n && line[n - 1] == L'\n') n--;
  if (e->cleared) return "";
  char *text = narrow(line, (size_t)n);
  e->entry.n = 0;
  text_puts(&e->entry, text);
  free(text);
  if (e->history && n && e->entry.at[strspn(e->entry.at, " \t\n")]) {
    wchar_t *wide = widen(e->entry.at);
    history_w(e->history, &event, H_ENTER, wide);
    free(wide);
  }
  return e->entry.at;
}
