/* CHECK(condition): prints what does not hold and goes on; main returns checks_failed. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

static int checks_failed;

#define CHECK(condition)                                                             \
    do {                                                                             \
        if (!(condition)) {                                                          \
            printf("%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);     \
            checks_failed = 1;                                                       \
        }                                                                            \
    } while (0)

#endif
