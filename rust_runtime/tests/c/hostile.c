/* hostile FOLDER TASK OTHER_TASK: wrong arguments, texts and files; a status and a message each, never a crash. */
#include <stdlib.h>
#include <string.h>

#include "cerebellum.h"
#include "check.h"

#define LIMIT 100000

static cerebellum_model *model;
static cerebellum_scratch *scratch;

static int says(const char *part) {
    if (strstr(cerebellum_last_error(), part)) return 1;
    printf("the message is: %s\n", cerebellum_last_error());
    return 0;
}

static cerebellum_status load(const char *folder, const char *task) {
    cerebellum_model *loaded = (cerebellum_model *)&loaded;
    cerebellum_status status = cerebellum_model_load(folder, strlen(folder), task, strlen(task), &loaded);
    if (status) CHECK(!loaded);
    if (!status) cerebellum_model_free(loaded);
    return status;
}

/* The status of a text, the same from every function that takes one. */
static cerebellum_status ask(const char *text, size_t length) {
    cerebellum_answer answer, batched;
    cerebellum_string string = {text, length};
    cerebellum_steps *steps = (cerebellum_steps *)&steps;
    cerebellum_explanation *explanation = (cerebellum_explanation *)&explanation;
    cerebellum_status status = cerebellum_predict(model, scratch, text, length, &answer);
    CHECK(cerebellum_predict_batch(model, scratch, &string, 1, &batched, NULL, 0) == status);
    CHECK(cerebellum_steps_of(model, text, length, &steps) == status);
    CHECK(cerebellum_explain(model, text, length, 3, &explanation) == status);
    CHECK((status == 0) == (answer.label.data != NULL));
    CHECK((status == 0) == (batched.label.data != NULL) && !batched.probabilities);
    CHECK((status == 0) == (steps != NULL) && (status == 0) == (explanation != NULL));
    if (status) CHECK(!answer.probabilities && answer.label_count == 0 && answer.outcome == CEREBELLUM_ABSTAINED);
    cerebellum_steps_free(steps);
    cerebellum_explanation_free(explanation);
    return status;
}

static void nulls(const char *folder, const char *task) {
    cerebellum_answer answer;
    cerebellum_string text = {"ok", 2}, no_text = {NULL, 3};
    cerebellum_steps *steps = NULL;
    cerebellum_explanation *explanation = NULL;
    cerebellum_model *loaded = NULL;
    cerebellum_threshold threshold;
    const cerebellum_status wrong = CEREBELLUM_INVALID_ARGUMENT;

    CHECK(cerebellum_model_load(NULL, 6, task, strlen(task), &loaded) == wrong && says("folder is null"));
    CHECK(cerebellum_model_load(folder, strlen(folder), NULL, 3, &loaded) == wrong && says("task is null"));
    CHECK(cerebellum_model_load(folder, strlen(folder), task, strlen(task), NULL) == wrong && says("model is null"));
    CHECK(cerebellum_model_load(folder, SIZE_MAX, task, 1, &loaded) == wrong && says("no memory holds"));
    CHECK(cerebellum_model_load("\xff", 1, task, strlen(task), &loaded) == wrong && says("folder: not UTF-8"));
    CHECK(cerebellum_model_load(folder, strlen(folder), "a\xed\xa0\x80", 4, &loaded) == wrong && says("at byte 1"));
    CHECK(cerebellum_model_load(NULL, 0, NULL, 0, &loaded) == CEREBELLUM_MISSING_PART);
    CHECK(cerebellum_model_from_bytes(NULL, 1, NULL, 0, &loaded) == wrong && says("preprocessor is null"));
    CHECK(cerebellum_model_from_bytes(NULL, 0, NULL, 1, &loaded) == wrong && says("classifier is null"));
    CHECK(cerebellum_model_from_bytes(NULL, 0, NULL, 0, NULL) == wrong);
    CHECK(cerebellum_model_from_bytes(NULL, 0, NULL, 0, &loaded) == CEREBELLUM_MALFORMED_ARTIFACT && !loaded);

    CHECK(cerebellum_predict(NULL, scratch, "ok", 2, &answer) == wrong && says("model is null"));
    CHECK(cerebellum_predict(model, NULL, "ok", 2, &answer) == wrong && says("scratch is null"));
    CHECK(cerebellum_predict(model, scratch, "ok", 2, NULL) == wrong && says("answer is null"));
    CHECK(cerebellum_steps_of(NULL, "ok", 2, &steps) == wrong && says("model is null"));
    CHECK(cerebellum_steps_of(model, "ok", 2, NULL) == wrong && says("steps is null"));
    CHECK(cerebellum_explain(NULL, "ok", 2, 3, &explanation) == wrong && says("model is null"));
    CHECK(cerebellum_explain(model, "ok", 2, 3, NULL) == wrong && says("explanation is null"));

    CHECK(cerebellum_predict_batch(NULL, scratch, &text, 1, &answer, NULL, 0) == wrong);
    CHECK(cerebellum_predict_batch(model, NULL, &text, 1, &answer, NULL, 0) == wrong);
    CHECK(cerebellum_predict_batch(model, scratch, NULL, 1, &answer, NULL, 0) == wrong && says("texts is null"));
    CHECK(cerebellum_predict_batch(model, scratch, &text, 1, NULL, NULL, 0) == wrong && says("answers is null"));
    CHECK(cerebellum_predict_batch(model, scratch, &no_text, 1, &answer, NULL, 0) == wrong && says("text 0: "));
    CHECK(cerebellum_predict_batch(model, scratch, &text, SIZE_MAX, &answer, NULL, 0) == wrong);
    CHECK(cerebellum_predict_batch(model, scratch, NULL, 0, NULL, NULL, 0) == CEREBELLUM_OK);

    CHECK(!cerebellum_model_task(NULL).data && !cerebellum_model_blueprint(NULL).data);
    CHECK(cerebellum_model_label_count(NULL) == 0 && !cerebellum_model_label(NULL, 0).data);
    CHECK(cerebellum_model_language_count(NULL) == 0 && !cerebellum_model_language(NULL, 0).data);
    CHECK(cerebellum_model_term_count(NULL) == 0);
    CHECK(!cerebellum_model_label(model, cerebellum_model_label_count(model)).data);
    CHECK(!cerebellum_model_label(model, SIZE_MAX).data && !cerebellum_model_language(model, SIZE_MAX).data);
    CHECK(!cerebellum_model_threshold(NULL, 0, &threshold) && !cerebellum_model_threshold(model, 0, NULL));
    CHECK(!cerebellum_model_threshold(model, SIZE_MAX, &threshold));

    cerebellum_model_free(NULL);
    cerebellum_scratch_free(NULL);
    cerebellum_steps_free(NULL);
    cerebellum_explanation_free(NULL);
}

static void texts(void) {
    static const char *const invalid[] = {
        "\x80", "a\xff", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "ok\xed\xbf\xbf", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xe4\xbd", "\xf0\x9f\x98", "\xed\xa0\xbd\xed\xb8\x80",
    };
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
        CHECK(ask(invalid[i], strlen(invalid[i])) == CEREBELLUM_INVALID_TEXT && says("not UTF-8 at byte"));
    CHECK(ask("", 0) == 0 && ask(NULL, 0) == 0 && ask("a\0b", 3) == 0 && ask("\xef\xbf\xbf", 3) == 0);
    CHECK(ask(NULL, 1) == CEREBELLUM_INVALID_ARGUMENT && says("text is null"));
    CHECK(ask("ok", SIZE_MAX) == CEREBELLUM_INVALID_ARGUMENT && says("no memory holds"));

    char *longest = malloc(4 * (LIMIT + 1));
    for (size_t i = 0; i <= LIMIT; i++) memcpy(longest + 4 * i, "\xf0\x9f\x98\x80", 4);
    CHECK(ask(longest, 4 * LIMIT) == CEREBELLUM_OK);
    CHECK(ask(longest, 4 * LIMIT + 4) == CEREBELLUM_INVALID_TEXT && says("100,001 code points"));
    CHECK(ask(longest, 4 * LIMIT - 1) == CEREBELLUM_INVALID_TEXT && says("not UTF-8 at byte 399996"));
    memset(longest, 'a', LIMIT + 1);
    CHECK(ask(longest, LIMIT) == CEREBELLUM_OK && ask(longest, LIMIT + 1) == CEREBELLUM_INVALID_TEXT);
    free(longest);
}

/* A batch fills what comes before the first invalid text, and says which that is. */
static void batches(void) {
    const cerebellum_string strings[] = {{"ok", 2}, {NULL, 0}, {"\xff", 1}, {"ok", 2}};
    size_t labels = cerebellum_model_label_count(model);
    cerebellum_answer answers[4], one;
    double *room = calloc(4 * labels + 1, sizeof *room);
    CHECK(cerebellum_predict_batch(model, scratch, strings, 4, answers, room, 4 * labels - 1)
          == CEREBELLUM_INVALID_ARGUMENT && says("room for"));
    CHECK(cerebellum_predict_batch(model, scratch, strings, 4, answers, room, 4 * labels) == CEREBELLUM_INVALID_TEXT);
    CHECK(says("text 2: not UTF-8"));
    CHECK(answers[0].label.data && answers[1].label.data && !answers[2].label.data && !answers[3].label.data);
    CHECK(answers[1].probabilities == room + labels && room[2 * labels] == 0.0);
    CHECK(cerebellum_predict(model, scratch, "ok", 2, &one) == 0 && one.confidence == answers[0].confidence);
    CHECK(memcmp(one.probabilities, answers[0].probabilities, labels * sizeof *room) == 0);
    free(room);
}

/* A file of a task into memory, to be freed. */
static unsigned char *read_part(const char *folder, const char *task, const char *part, size_t *length) {
    char path[4096];
    FILE *file;
    unsigned char *bytes = malloc(1 << 24);
    snprintf(path, sizeof path, "%s/%s_%s", folder, task, part);
    file = fopen(path, "rb");
    *length = file && bytes ? fread(bytes, 1, 1 << 24, file) : 0;
    if (file) fclose(file);
    CHECK(*length > 1000);
    return bytes;
}

static cerebellum_status from_bytes(const unsigned char *bin, size_t bin_length, const unsigned char *onnx,
                                    size_t onnx_length) {
    cerebellum_model *loaded = NULL;
    /* Copies of the exact length, so that a sanitizer sees a read behind the end. */
    unsigned char *b = malloc(bin_length + !bin_length), *o = malloc(onnx_length + !onnx_length);
    memcpy(b, bin, bin_length);
    memcpy(o, onnx, onnx_length);
    cerebellum_status status = cerebellum_model_from_bytes(b, bin_length, o, onnx_length, &loaded);
    free(b);
    free(o);
    CHECK((status == 0) == (loaded != NULL) && status < CEREBELLUM_INVALID_ARGUMENT);
    CHECK(status == 0 || *cerebellum_last_error());
    cerebellum_model_free(loaded);
    return status;
}

static void files(const char *folder, const char *task, const char *other_task) {
    size_t b, o, other, step;
    unsigned char *bin = read_part(folder, task, "preprocessor.bin", &b);
    unsigned char *onnx = read_part(folder, task, "classifier.onnx", &o);
    unsigned char *other_onnx = read_part(folder, other_task, "classifier.onnx", &other);
    CHECK(from_bytes(bin, b, onnx, o) == CEREBELLUM_OK);
    CHECK(from_bytes(bin, b, other_onnx, other) == CEREBELLUM_CHECKSUM_MISMATCH);
    CHECK(from_bytes(onnx, o, bin, b) != CEREBELLUM_OK);
    for (size_t cut = 0; cut < b; cut += step) {
        step = cut < 150 || cut > b - 150 ? 1 : b / 100;
        CHECK(from_bytes(bin, cut, onnx, o) != CEREBELLUM_OK);
    }
    for (size_t cut = 0; cut < o; cut += o / 20) CHECK(from_bytes(bin, b, onnx, cut) == CEREBELLUM_CHECKSUM_MISMATCH);
    for (size_t i = 0; i < 200; i++) {
        size_t place = i < 100 ? i : i * 2654435761u % b;
        bin[place] ^= (unsigned char)(1u << i % 8);
        from_bytes(bin, b, onnx, o); /* any status: some bits are free, as those of a threshold */
        bin[place] ^= (unsigned char)(1u << i % 8);
    }
    CHECK(from_bytes(bin, b, onnx, o) == CEREBELLUM_OK);
    free(bin);
    free(onnx);
    free(other_onnx);

    CHECK(load(folder, task) == CEREBELLUM_OK);
    CHECK(load(folder, "no_such_task") == CEREBELLUM_MISSING_PART && says("no_such_task"));
    CHECK(load("no/such/folder", task) == CEREBELLUM_MISSING_PART && says("no/such/folder"));
    CHECK(load(folder, "../models") == CEREBELLUM_MISSING_PART);
}

int main(int count, char **arguments) {
    if (count != 4) return fputs("usage: hostile FOLDER TASK OTHER_TASK\n", stderr), 2;
    const char *folder = arguments[1], *task = arguments[2];
    CHECK(*cerebellum_last_error() == 0);
    scratch = cerebellum_scratch_new();
    CHECK(scratch && cerebellum_model_load(folder, strlen(folder), task, strlen(task), &model) == CEREBELLUM_OK);
    nulls(folder, task);
    texts();
    batches();
    files(folder, task, arguments[3]);
    CHECK(ask("ok", 2) == CEREBELLUM_OK);
    cerebellum_model_free(model);
    cerebellum_scratch_free(scratch);
    return checks_failed;
}
