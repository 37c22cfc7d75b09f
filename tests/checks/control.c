// Faults that a checker must find, or its silence says nothing: control address, undefined, thread,
// memory; and `control none`, in which there is nothing to find.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 256 };

// Two loops of several threads, the second reading what the others wrote in the first: right, since
// the first ends before the second begins. A checker must know that of OpenMP.
static int in_turn(void) {
    static int a[COUNT], b[COUNT];
#pragma omp parallel for num_threads(4)
    for (int i = 0; i < COUNT; i++) {
        a[i] = i;
    }
#pragma omp parallel for num_threads(4)
    for (int i = 0; i < COUNT; i++) {
        b[i] = a[COUNT - 1 - i];
    }
    return b[0];
}

static int at_once(void) {
    static int sum;
#pragma omp parallel for num_threads(4)
    for (int i = 0; i < COUNT; i++) {
        sum += i;
    }
    return sum;
}

// `one` is 1, which the compiler cannot know.
static int use_freed(int one) {
    char *text = calloc(2, 1);
    free(text);
    return text[one];
}

static int overflow(int one) {
    int most = 0x7fffffff;
    return most + one;
}

static int use_unset(int one) {
    int *numbers = malloc(2 * sizeof *numbers), answer = 0;
    if (numbers && numbers[one] > 0) {
        answer = 1;
    }
    free(numbers);
    return answer;
}

int main(int argc, char **argv) {
    const char *fault = argc > 1 ? argv[1] : "";
    int one = argc - 1, answer = 0;
    if (strcmp(fault, "none") == 0) {
        answer = in_turn();
    } else if (strcmp(fault, "address") == 0) {
        answer = use_freed(one);
    } else if (strcmp(fault, "undefined") == 0) {
        answer = overflow(one);
    } else if (strcmp(fault, "thread") == 0) {
        answer = at_once();
    } else if (strcmp(fault, "memory") == 0) {
        answer = use_unset(one);
    } else {
        return 2;
    }
    printf("%d\n", answer);
    return 0;
}
