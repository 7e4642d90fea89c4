#include "runtime_files_test.h"
int run_csv_tests(void) { return 0; }
