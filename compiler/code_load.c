/* code_load.c: finds the module beside rnnc (build tree) or where it is installed, seen from rnnc, and loads it. With
   RNNC_ONE all is one program, and there is nothing to load. */
#include "code.h"
#ifdef RNNC_ONE
const Code *code_load(void) { return &rnnc_code; }
#else
#include "text.h"
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODULE "rnnc-code.so"

static const Code *refuse(const char *path, const char *why)
{
  fprintf(stderr, "rnnc: no code generator: '%s' %s; install rnnc anew\n", path, why);
  return NULL;
}

/* Where it is; one of the build tree goes before an installed one. The caller frees. */
static char *module_path(void)
{
  static const char *const places[] = {"", RNNC_MODULE_DIR "/"};
  char self[PATH_MAX];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  char *slash = n > 0 ? (self[n] = 0, strrchr(self, '/')) : NULL;
  if (slash) slash[1] = 0;
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    Text at = {0};
    text_printf(&at, "%s%s" MODULE, slash ? self : "", places[i]);
    if (access(at.at, F_OK) == 0 || i + 1 == sizeof places / sizeof *places) return at.at;
    text_free(&at);
  }
  return NULL;
}

const Code *code_load(void)
{
  static const Code *loaded;
  if (loaded) return loaded;
  char *path = module_path();
  void *module = access(path, F_OK) == 0 ? dlopen(path, RTLD_LAZY | RTLD_LOCAL) : NULL;
  const Code *code = module ? dlsym(module, "rnnc_code") : NULL;
  const char *why = code ? NULL : dlerror();
  if (access(path, F_OK) != 0) refuse(path, "is not there");
  else if (!code) refuse(path, why ? why : "is no module of rnnc");
  else if (strcmp(code->version, RNNC_VERSION) != 0) refuse(path, "is another version's");
  else loaded = code;
  free(path);
  return loaded;
}
#endif
