// Checks for the unit tests. A test is a program that prints TAP and exits 0 only if all passed.
//
//     static void test_round_trip(void) {
//         CHECK(length == 3);
//         CHECK_STRING(error.message, "truncated");     contains
//         CHECK_CLOSE(got, want, 1e-6);                 |got - want| <= tolerance
//     }
//     int main(void) {
//         RUN(test_round_trip);
//         return check_finish();
//     }
#ifndef DLT_TESTS_CHECK_H
#define DLT_TESTS_CHECK_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_tests, check_failed_tests;
static bool check_test_failed;

__attribute__((format(printf, 3, 4), unused)) static bool check_report(const char *file, int line,
                                                                       const char *format, ...) {
    __builtin_va_list arguments;
    __builtin_va_start(arguments, format);
    printf("# %s:%d: ", file, line);
    vprintf(format, arguments);
    printf("\n");
    __builtin_va_end(arguments);
    check_test_failed = true;
    return false;
}

// Functions behind the macros, so that a check may stand alone or be asked for its answer.
__attribute__((unused)) static bool check_that(bool good, const char *file, int line,
                                               const char *text) {
    return good || check_report(file, line, "failed: %s", text);
}

__attribute__((unused)) static bool check_int(long long got, long long want, const char *file,
                                              int line, const char *text) {
    return got == want || check_report(file, line, "%s is %lld, not %lld", text, got, want);
}

__attribute__((unused)) static bool check_string(const char *got, const char *want,
                                                 const char *file, int line) {
    return strstr(got, want) != NULL || check_report(file, line, "'%s' is not in '%s'", want, got);
}

__attribute__((unused)) static bool check_close(double got, double want, double tolerance,
                                                const char *file, int line, const char *text) {
    return fabs(got - want) <= tolerance ||
           check_report(file, line, "%s is %.17g, not %.17g within %g", text, got, want, tolerance);
}

#define CHECK(condition) check_that((condition), __FILE__, __LINE__, #condition)
#define CHECK_INT(got, want)                                                                       \
    check_int((long long)(got), (long long)(want), __FILE__, __LINE__, #got)
#define CHECK_STRING(got, want) check_string((got), (want), __FILE__, __LINE__)
#define CHECK_CLOSE(got, want, tolerance)                                                          \
    check_close((double)(got), (double)(want), (double)(tolerance), __FILE__, __LINE__, #got)

#define RUN(test)                                                                                  \
    do {                                                                                           \
        check_test_failed = false;                                                                 \
        test();                                                                                    \
        check_tests++;                                                                             \
        check_failed_tests += check_test_failed;                                                   \
        printf("%s %d - %s\n", check_test_failed ? "not ok" : "ok", check_tests, #test);           \
        fflush(stdout);                                                                            \
    } while (0)

// Whether the tests run under one of these checkers (tests/checks/sanitize, valgrind).
__attribute__((unused)) static bool check_is_under(const char *checkers) {
    const char *checker = getenv("DLT_CHECKER");
    return checker && strstr(checkers, checker);
}

// Skips a test that cannot be under these sanitizers, and says why.
#define RUN_NOT_UNDER(checkers, why, test)                                                         \
    do {                                                                                           \
        if (check_is_under(checkers)) {                                                            \
            printf("ok %d - %s # skip not under the %s checker: %s\n", ++check_tests, #test,       \
                   getenv("DLT_CHECKER"), why);                                                    \
        } else {                                                                                   \
            RUN(test);                                                                             \
        }                                                                                          \
    } while (0)

__attribute__((unused)) static int check_finish(void) {
    printf("1..%d\n", check_tests);
    return check_failed_tests > 0;
}

#endif
