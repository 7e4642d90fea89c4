#include "runtime_files_test.h"
int run_batch_tests(void) { return 0; }
