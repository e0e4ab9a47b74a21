/* parity_c FOLDER TASK CASES: replays parity cases through cerebellum.h. */
#include <stdio.h>
#include <string.h>

#include "parity.h"

typedef struct context {
    cerebellum_model *model;
    cerebellum_scratch *scratch;
    cerebellum_steps *steps;
} context;

static int run(void *room, const char *text, size_t length, cerebellum_steps *steps, cerebellum_answer *predicted,
               const char **message) {
    context *c = room;
    cerebellum_steps_free(c->steps);
    if (cerebellum_steps_of(c->model, text, length, &c->steps)
        || cerebellum_predict(c->model, c->scratch, text, length, predicted)) {
        *message = cerebellum_last_error();
        return 1;
    }
    *steps = *c->steps;
    return 0;
}

int main(int count, char **arguments) {
    context c = {NULL, NULL, NULL};
    int status = 1;
    if (count != 4) return fputs("usage: parity_c FOLDER TASK CASES\n", stderr), 2;
    c.scratch = cerebellum_scratch_new();
    if (cerebellum_model_load(arguments[1], strlen(arguments[1]), arguments[2], strlen(arguments[2]), &c.model))
        fprintf(stderr, "%s\n", cerebellum_last_error());
    else
        status = parity_replay(arguments[3], run, &c);
    cerebellum_steps_free(c.steps);
    cerebellum_scratch_free(c.scratch);
    cerebellum_model_free(c.model);
    return status;
}
