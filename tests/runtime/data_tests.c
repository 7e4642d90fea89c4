#include "runtime_files_test.h"
int run_data_tests(void) { return 0; }
