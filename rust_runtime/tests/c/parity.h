/* Compares what a runtime found with a parity case, step by step; see proto/README.md, section "Parity cases". */
#ifndef PARITY_H
#define PARITY_H

#include "cerebellum.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Finds all steps of a text; the answer of the plain prediction goes to *predicted. 0, or 1 with *message. What it points
 * into is kept until the next call. */
typedef int (*parity_runtime)(void *context, const char *text, size_t length, cerebellum_steps *steps,
                              cerebellum_answer *predicted, const char **message);

/* Replays the cases of a file ("-": standard input) and prints what differs, naming the first step; 0: nothing did. */
int parity_replay(const char *path, parity_runtime runtime, void *context);

#ifdef __cplusplus
}
#endif

#endif
