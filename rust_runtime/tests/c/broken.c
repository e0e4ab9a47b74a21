/* broken leak|late|race FOLDER TASK: a program with a fault, which the sanitizer has to report: else it is not at work. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "cerebellum.h"

static cerebellum_answer shared;
static const cerebellum_model *model;

/* Both threads write their answer to the same place. */
static void *answer_into_shared(void *text) {
    cerebellum_scratch *scratch = cerebellum_scratch_new();
    for (int i = 0; i < 1000; i++) {
        cerebellum_answer own;
        cerebellum_predict(model, scratch, text, strlen(text), &own);
        shared = own;
    }
    cerebellum_scratch_free(scratch);
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 4) return 0;
    cerebellum_model *loaded;
    if (cerebellum_model_load(arguments[2], strlen(arguments[2]), arguments[3], strlen(arguments[3]), &loaded)) return 0;
    model = loaded;
    if (strcmp(arguments[1], "leak") == 0) {
        cerebellum_steps *steps;
        cerebellum_steps_of(model, "ok", 2, &steps);
        steps = NULL;
        cerebellum_steps_of(model, "ok", 2, &steps);
        cerebellum_steps_free(steps);
    } else if (strcmp(arguments[1], "late") == 0) {
        cerebellum_string label = cerebellum_model_label(model, 0);
        cerebellum_model_free(loaded);
        printf("%c\n", label.data[0]);
        return 0;
    } else {
        pthread_t other;
        char one[] = "ok", two[] = "how are you";
        pthread_create(&other, NULL, answer_into_shared, one);
        answer_into_shared(two);
        pthread_join(other, NULL);
        printf("%lu\n", (unsigned long)shared.label_index);
    }
    cerebellum_model_free(loaded);
    return 0;
}
