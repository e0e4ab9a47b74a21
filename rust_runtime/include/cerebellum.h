/* cerebellum.h: opens the models of Micro-Model Foundry and answers. C99; from C++, cerebellum.hpp is shorter.
 *
 *     cerebellum_model *model;
 *     cerebellum_scratch *scratch = cerebellum_scratch_new();
 *     cerebellum_answer answer;
 *     if (cerebellum_model_load("models", 6, "is_question", 11, &model) != CEREBELLUM_OK
 *         || cerebellum_predict(model, scratch, text, strlen(text), &answer) != CEREBELLUM_OK)
 *         fprintf(stderr, "%s\n", cerebellum_last_error());
 *     else
 *         printf("%.*s %.3f\n", (int)answer.label.length, answer.label.data, answer.confidence);
 *     cerebellum_scratch_free(scratch);
 *     cerebellum_model_free(model);
 *
 * Rules, for every function:
 *
 * - Texts and names are UTF-8, given as a pointer and a length in bytes; no NUL is needed, and a NUL inside is a
 *   character like others. With length 0 the pointer may be null. Returned strings are UTF-8 without a NUL at the end,
 *   except those of type const char *.
 * - A function that can fail returns a status: 0, or one of enum cerebellum_status_code. The message is then in
 *   cerebellum_last_error() of the same thread. What the function would have written is null or empty then.
 * - A null pointer where something is needed is CEREBELLUM_INVALID_ARGUMENT, or an empty result; never a crash. Freeing
 *   null does nothing. Any other wrong pointer, a second free, or use after free is undefined, as everywhere in C.
 * - A model never changes: threads may use one at the same time, without a lock. A scratch, a cerebellum_steps and a
 *   cerebellum_explanation belong to one thread at a time; they may wander between threads. Free a model when no thread
 *   uses it any more.
 * - No panic or exception leaves the library. Running out of memory ends the process.
 */
#ifndef CEREBELLUM_H
#define CEREBELLUM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- versions */

#define CEREBELLUM_VERSION "0.1.0"

/* Raised when a caller has to be compiled anew; compare with cerebellum_abi_version(). */
#define CEREBELLUM_ABI_VERSION 1

/* Of the library that is loaded: the ABI, its own version ("0.1.0", lives for ever), the format of .bin files it reads. */
uint32_t cerebellum_abi_version(void);
const char *cerebellum_version(void);
uint32_t cerebellum_format_version(void);

/* ---- statuses */

/* Stable numbers; a later library may have more. Names and meanings are those of the Python package and the Rust crate. */
enum cerebellum_status_code {
    CEREBELLUM_OK = 0,
    CEREBELLUM_VERSION_MISMATCH = 1,   /* a format version, or character tables, this library does not read */
    CEREBELLUM_CHECKSUM_MISMATCH = 2,  /* the files do not belong together, or are another task's */
    CEREBELLUM_MISSING_PART = 3,       /* a file is missing or cannot be read */
    CEREBELLUM_MALFORMED_ARTIFACT = 4, /* the bytes are not a valid artifact */
    CEREBELLUM_INVALID_TEXT = 5,       /* not UTF-8 (a lone surrogate is not), or more than 100,000 code points */
    CEREBELLUM_MISSING_DEPENDENCY = 6, /* a library that was asked for is not there; none of these functions asks */
    CEREBELLUM_INVALID_ARGUMENT = 100, /* null, a length no memory holds, a name that is not UTF-8, too little room */
    CEREBELLUM_INTERNAL_ERROR = 101    /* a fault of this library, please report it; everything stays usable */
};

typedef int32_t cerebellum_status;

/* "Ok", "VersionMismatch", …; "Unknown" for a number that is none. Lives for ever. */
const char *cerebellum_status_name(cerebellum_status status);

/* What the last failed call of this thread has to say to a person: what happened, to what, expected and got, what to do.
 * Never null; empty when nothing failed. UTF-8 with a NUL at the end, good until the next call that fails in this thread. */
const char *cerebellum_last_error(void);

/* ---- strings */

typedef struct cerebellum_string {
    const char *data; /* null: there is none */
    size_t length;    /* bytes */
} cerebellum_string;

/* The version of the library's character tables; lives for ever. */
cerebellum_string cerebellum_unicode_version(void);

/* ---- models */

typedef struct cerebellum_model cerebellum_model;

/* Loads <folder>/<task>_preprocessor.bin and <task>_classifier.onnx. The files may be hostile: time and memory are
 * bounded by their size. */
cerebellum_status cerebellum_model_load(const char *folder, size_t folder_length, const char *task, size_t task_length,
                                        cerebellum_model **model);

/* A model from the bytes of its two files, .bin and .onnx; they are not needed afterwards. */
cerebellum_status cerebellum_model_from_bytes(const uint8_t *preprocessor, size_t preprocessor_length,
                                              const uint8_t *classifier, size_t classifier_length,
                                              cerebellum_model **model);

void cerebellum_model_free(cerebellum_model *model);

/* What it was made for. The strings live as long as the model; places count from 0, one too high gives a null string. */
cerebellum_string cerebellum_model_task(const cerebellum_model *model);
cerebellum_string cerebellum_model_blueprint(const cerebellum_model *model);
size_t cerebellum_model_label_count(const cerebellum_model *model);
cerebellum_string cerebellum_model_label(const cerebellum_model *model, size_t place);
size_t cerebellum_model_language_count(const cerebellum_model *model);
cerebellum_string cerebellum_model_language(const cerebellum_model *model, size_t place);
size_t cerebellum_model_term_count(const cerebellum_model *model);

/* From which confidence an answer with a label is accepted, and how sure one may be of it. */
typedef struct cerebellum_threshold {
    int32_t has_value; /* 0: no valid one was found, answers with this label are never accepted */
    double value;
    uint32_t n;        /* calibration rows answered with the label at or above the threshold … */
    uint32_t errors;   /* … and how many of them were wrong */
    double max_error;  /* with probability confidence, the error rate on exchangeable rows is at most this */
    double confidence;
} cerebellum_threshold;

/* 1 and the threshold of a label, or 0: it has none (its answers are always accepted), or an argument is wrong. */
int32_t cerebellum_model_threshold(const cerebellum_model *model, size_t label, cerebellum_threshold *threshold);

/* ---- answers */

enum cerebellum_outcome_code {
    CEREBELLUM_ACCEPTED = 0,  /* the confidence reaches the certified threshold of the label */
    CEREBELLUM_ABSTAINED = 1, /* it does not, or nothing in the text is known */
    CEREBELLUM_REFLEX = 2     /* a fixed pattern answered, before the model */
};

typedef int32_t cerebellum_outcome;

typedef struct cerebellum_answer {
    cerebellum_string label;     /* always the most probable; of equal ones, the earlier. Lives as long as the model */
    const double *probabilities; /* one a label; where they live is said at each function */
    size_t label_count;
    size_t label_index;          /* of label */
    double confidence;           /* its probability; 1.0 for a reflex */
    cerebellum_outcome outcome;  /* whether to rely on it */
} cerebellum_answer;

/* Room for one text at a time; any model can use it. For a text that has no more bytes than one the model has answered
 * in it before, nothing is allocated. */
typedef struct cerebellum_scratch cerebellum_scratch;

cerebellum_scratch *cerebellum_scratch_new(void);
void cerebellum_scratch_free(cerebellum_scratch *scratch);

/* The answer to one text. Its probabilities are in the scratch until the scratch is used again or freed. */
cerebellum_status cerebellum_predict(const cerebellum_model *model, cerebellum_scratch *scratch, const char *text,
                                     size_t length, cerebellum_answer *answer);

/* The answers to count texts, in order. probabilities is room for capacity doubles, at least count times the number of
 * labels, and the answers point into it; or null: then theirs are null. At the first text that is invalid it stops:
 * that answer and all after it have a null label, and the message names the text's place. */
cerebellum_status cerebellum_predict_batch(const cerebellum_model *model, cerebellum_scratch *scratch,
                                           const cerebellum_string *texts, size_t count, cerebellum_answer *answers,
                                           double *probabilities, size_t capacity);

/* ---- why */

/* Every intermediate value of an answer, as in a parity case; see proto/README.md. Read only. */
typedef struct cerebellum_steps {
    cerebellum_string normalized;
    const cerebellum_string *ngrams; /* all, characters first */
    size_t ngram_count;
    cerebellum_string reflex;        /* name of the reflex group that answers; null: none does */
    const uint32_t *indices;         /* of the features, ascending */
    const double *values;            /* of the features */
    size_t feature_count;
    const double *logits;            /* one a label, answer.label_count */
    const double *probabilities;     /* the model's, also where a reflex answers */
    cerebellum_answer answer;
} cerebellum_steps;

/* To be freed by cerebellum_steps_free. All it points to goes with it, except reflex and answer.label: the model's. */
cerebellum_status cerebellum_steps_of(const cerebellum_model *model, const char *text, size_t length,
                                      cerebellum_steps **steps);
void cerebellum_steps_free(cerebellum_steps *steps);

/* How much a feature speaks for the answer's label: its value times the weight, less the mean weight over all labels. */
typedef struct cerebellum_contribution {
    cerebellum_string feature; /* readable: ^ and $ for the text's ends, ‹…› around words, cue:… for a cue */
    double value;              /* positive: for the label; negative: against it */
} cerebellum_contribution;

typedef struct cerebellum_explanation {
    const cerebellum_contribution *items; /* strongest first */
    size_t count;
} cerebellum_explanation;

/* The top features of an answer; none for a reflex. To be freed, with all in it, by cerebellum_explanation_free. */
cerebellum_status cerebellum_explain(const cerebellum_model *model, const char *text, size_t length, size_t top,
                                     cerebellum_explanation **explanation);
void cerebellum_explanation_free(cerebellum_explanation *explanation);

/* ---- layout */

/* How the library sees the structs above: of each, in their order here, its size, then the offset of every field. Writes
 * at most capacity numbers (none where numbers is null), returns how many there are. For tests, and for bindings. */
size_t cerebellum_layout(size_t *numbers, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
