#include "parity.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "sha256.h"

#define TOLERANCE 1e-12 /* another exp, another order of a sum */
#define LONGEST_LIST 64
#define LONGEST_TEXT 400
#define LONGEST_INPUT 4000000
#define SHOWN 10

typedef struct replay {
    size_t cases, differences;
    double largest;
} replay;

static int is_text(const json_value *expected, cerebellum_string found) {
    return expected && expected->kind == JSON_STRING && found.data && expected->length == found.length
           && memcmp(expected->text, found.data, found.length) == 0;
}

static int is_word(const json_value *expected, const char *found) {
    cerebellum_string text = {found, strlen(found)};
    return is_text(expected, text);
}

static int is_short(const json_value *expected, size_t count, sha256 *hash) {
    char digits[65];
    const json_value *expected_count = json_get(expected, "count");
    sha256_end(hash, digits);
    return expected_count && expected_count->kind == JSON_NUMBER && expected_count->number == (double)count
           && is_word(json_get(expected, "sha256"), digits);
}

static int is_normalized(const json_value *expected, cerebellum_string found) {
    size_t count = 0;
    sha256 hash;
    for (size_t i = 0; i < found.length; i++) count += ((unsigned char)found.data[i] & 0xC0) != 0x80;
    if (count <= LONGEST_TEXT) return is_text(expected, found);
    sha256_begin(&hash);
    sha256_add(&hash, found.data, found.length);
    return is_short(expected, count, &hash);
}

/* The item of a list as it is hashed; room is for numbers. */
typedef cerebellum_string (*item_writer)(const void *items, size_t place, char room[32]);

static cerebellum_string ngram(const void *items, size_t place, char room[32]) {
    (void)room;
    return ((const cerebellum_string *)items)[place];
}

static cerebellum_string index_digits(const void *items, size_t place, char room[32]) {
    cerebellum_string out = {room, (size_t)snprintf(room, 32, "%" PRIu32, ((const uint32_t *)items)[place])};
    return out;
}

static cerebellum_string value_bits(const void *items, size_t place, char room[32]) {
    uint64_t bits;
    memcpy(&bits, (const double *)items + place, sizeof bits);
    cerebellum_string out = {room, (size_t)snprintf(room, 32, "%016" PRIx64, bits)};
    return out;
}

static int is_list(const json_value *expected, const void *items, size_t count, item_writer write) {
    char room[32];
    sha256 hash;
    if (count > LONGEST_LIST) {
        sha256_begin(&hash);
        for (size_t i = 0; i < count; i++) {
            cerebellum_string item = write(items, i, room);
            if (i) sha256_add(&hash, "\n", 1);
            sha256_add(&hash, item.data, item.length);
        }
        return is_short(expected, count, &hash);
    }
    if (!expected || expected->kind != JSON_ARRAY || expected->count != count) return 0;
    const json_value *other = expected->first;
    for (size_t i = 0; i < count; i++, other = other->next) {
        if (write == index_digits) {
            if (other->kind != JSON_NUMBER || other->number != (double)((const uint32_t *)items)[i]) return 0;
        } else if (!is_text(other, write(items, i, room))) {
            return 0;
        }
    }
    return 1;
}

static int number_of(const json_value *item, double *number) {
    uint64_t bits = 0;
    if (item->kind != JSON_STRING || item->length != 16) return 0;
    for (size_t i = 0; i < 16; i++) {
        const char *digits = "0123456789abcdef", *found = memchr(digits, item->text[i], 16);
        if (!found) return 0;
        bits = bits << 4 | (uint64_t)(found - digits);
    }
    memcpy(number, &bits, sizeof bits);
    return 1;
}

static int are_near(const json_value *expected, const double *found, size_t count, double *largest) {
    if (!expected || expected->kind != JSON_ARRAY || expected->count != count) return 0;
    const json_value *item = expected->first;
    for (size_t i = 0; i < count; i++, item = item->next) {
        double number, difference;
        if (!number_of(item, &number)) return 0;
        difference = fabs(number - found[i]);
        if (difference > *largest) *largest = difference;
        if (!(difference <= TOLERANCE)) return 0;
    }
    return 1;
}

static const char *outcome_name(cerebellum_outcome outcome) {
    return outcome == CEREBELLUM_ACCEPTED ? "accepted" : outcome == CEREBELLUM_REFLEX ? "reflex" : "abstained";
}

static int is_reflex(const json_value *expected, cerebellum_string found) {
    return found.data ? is_text(expected, found) : expected && expected->kind == JSON_NULL;
}

static const char *first_difference(const json_value *wanted, const cerebellum_steps *steps, double *largest) {
    size_t labels = steps->answer.label_count, features = steps->feature_count;
    if (!is_normalized(json_get(wanted, "normalized"), steps->normalized)) return "normalized";
    if (!is_list(json_get(wanted, "ngrams"), steps->ngrams, steps->ngram_count, ngram)) return "ngrams";
    if (!is_list(json_get(wanted, "indices"), steps->indices, features, index_digits)) return "indices";
    if (!is_list(json_get(wanted, "values"), steps->values, features, value_bits)) return "values";
    if (!are_near(json_get(wanted, "logits"), steps->logits, labels, largest)) return "logits";
    if (!are_near(json_get(wanted, "probabilities"), steps->probabilities, labels, largest)) return "probabilities";
    if (!is_reflex(json_get(wanted, "reflex"), steps->reflex)) return "reflex";
    if (!is_text(json_get(wanted, "label"), steps->answer.label)) return "label";
    if (!is_word(json_get(wanted, "outcome"), outcome_name(steps->answer.outcome))) return "outcome";
    return NULL;
}

/* The answer without steps is the same to the bit, and in itself consistent. */
static int is_answer(const cerebellum_answer *a, const cerebellum_answer *b) {
    return a->label.length == b->label.length && memcmp(a->label.data, b->label.data, a->label.length) == 0
           && a->label_count == b->label_count && a->label_index == b->label_index && a->label_index < a->label_count
           && memcmp(a->probabilities, b->probabilities, a->label_count * sizeof(double)) == 0
           && a->confidence == b->confidence && a->confidence == a->probabilities[a->label_index]
           && a->outcome == b->outcome;
}

/* The input of a case, to be freed; null: it has none. */
static char *text_of(const json_value *wanted, size_t *length) {
    const json_value *text = json_get(wanted, "text"), *times = json_get(wanted, "times");
    double count = 1;
    if (!text) {
        text = json_get(wanted, "repeat");
        if (!times || times->kind != JSON_NUMBER || times->number < 0) return NULL;
        count = times->number;
    }
    if (!text || text->kind != JSON_STRING || count * (double)text->length > LONGEST_INPUT) return NULL;
    *length = (size_t)count * text->length;
    char *out = malloc(*length + 1);
    for (size_t i = 0; out && text->length && i < *length; i += text->length) memcpy(out + i, text->text, text->length);
    return out;
}

static int wrong(size_t number, const char *what) {
    printf("%lu: not a parity case: %s\n", (unsigned long)number, what);
    return 0;
}

/* 0: the line is no case, replaying ends. */
static int replay_line(const char *line, size_t line_length, size_t number, parity_runtime runtime, void *context,
                       replay *all) {
    json_arena arena = {0};
    const char *problem, *step, *message = "";
    size_t length = 0;
    const json_value *wanted = json_parse(line, line_length, &arena, &problem);
    char *text = wanted ? text_of(wanted, &length) : NULL;
    int good = text != NULL;
    if (!wanted) {
        wrong(number, problem);
    } else if (!text) {
        wrong(number, "text is wrong");
    } else {
        cerebellum_steps steps;
        cerebellum_answer predicted;
        all->cases++;
        if (runtime(context, text, length, &steps, &predicted, &message)) {
            step = message;
        } else {
            step = first_difference(wanted, &steps, &all->largest);
            if (!step && !is_answer(&steps.answer, &predicted)) step = "the plain prediction";
        }
        if (step && all->differences++ < SHOWN)
            printf("%lu: %s of \"%.*s\" differs\n", (unsigned long)number, step, (int)(length < 80 ? length : 80), text);
    }
    free(text);
    json_free(&arena);
    return good;
}

/* The next line without its LF, or 0 at the end. */
static int read_line(FILE *file, char **line, size_t *room, size_t *length) {
    *length = 0;
    for (int byte = getc(file); byte != EOF; byte = getc(file)) {
        if (byte == '\n') return 1;
        if (*length == *room) {
            *room = *room ? 2 * *room : 4096;
            *line = realloc(*line, *room);
            if (!*line) exit(2);
        }
        (*line)[(*length)++] = (char)byte;
    }
    return *length > 0;
}

int parity_replay(const char *path, parity_runtime runtime, void *context) {
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (!file) return printf("%s: %s\n", path, strerror(errno)), 1;
    replay all = {0, 0, 0};
    char *line = NULL;
    size_t room = 0, length, number = 0;
    int good = 1;
    while (good && read_line(file, &line, &room, &length)) {
        number++;
        if (length) good = replay_line(line, length, number, runtime, context, &all);
    }
    free(line);
    if (file != stdin) fclose(file);
    printf("%s: %lu cases, %lu differ, largest difference %g\n", path, (unsigned long)all.cases,
           (unsigned long)all.differences, all.largest);
    return !(good && all.cases > 0 && all.differences == 0);
}
