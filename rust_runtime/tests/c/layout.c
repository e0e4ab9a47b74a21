/* The structs of the header are the structs of the library; versions and names agree. */
#include <string.h>

#include "cerebellum.h"
#include "check.h"

#define AT(type, field) offsetof(cerebellum_##type, field)

static const size_t HEADER[] = {
    sizeof(cerebellum_string), AT(string, data), AT(string, length),

    sizeof(cerebellum_answer), AT(answer, label), AT(answer, probabilities), AT(answer, label_count),
    AT(answer, label_index), AT(answer, confidence), AT(answer, outcome),

    sizeof(cerebellum_threshold), AT(threshold, has_value), AT(threshold, value), AT(threshold, n),
    AT(threshold, errors), AT(threshold, max_error), AT(threshold, confidence),

    sizeof(cerebellum_steps), AT(steps, normalized), AT(steps, ngrams), AT(steps, ngram_count), AT(steps, reflex),
    AT(steps, indices), AT(steps, values), AT(steps, feature_count), AT(steps, logits), AT(steps, probabilities),
    AT(steps, answer),

    sizeof(cerebellum_contribution), AT(contribution, feature), AT(contribution, value),

    sizeof(cerebellum_explanation), AT(explanation, items), AT(explanation, count),
};

#define COUNT (sizeof HEADER / sizeof *HEADER)

static int is_named(cerebellum_status status, const char *name) {
    return strcmp(cerebellum_status_name(status), name) == 0;
}

int main(void) {
    size_t library[COUNT + 1] = {0};
    CHECK(cerebellum_layout(NULL, 0) == COUNT);
    CHECK(cerebellum_layout(NULL, 7) == COUNT);
    CHECK(cerebellum_layout(library, 3) == COUNT && library[2] && !library[3]);
    CHECK(cerebellum_layout(library, COUNT + 1) == COUNT);
    for (size_t i = 0; i < COUNT; i++)
        if (library[i] != HEADER[i]) CHECK((printf("number %lu: ", (unsigned long)i), 0));
    CHECK(cerebellum_abi_version() == CEREBELLUM_ABI_VERSION);
    CHECK(strcmp(cerebellum_version(), CEREBELLUM_VERSION) == 0);
    CHECK(cerebellum_unicode_version().length >= 5);
    CHECK(is_named(CEREBELLUM_OK, "Ok"));
    CHECK(is_named(CEREBELLUM_VERSION_MISMATCH, "VersionMismatch"));
    CHECK(is_named(CEREBELLUM_CHECKSUM_MISMATCH, "ChecksumMismatch"));
    CHECK(is_named(CEREBELLUM_MISSING_PART, "MissingPart"));
    CHECK(is_named(CEREBELLUM_MALFORMED_ARTIFACT, "MalformedArtifact"));
    CHECK(is_named(CEREBELLUM_INVALID_TEXT, "InvalidText"));
    CHECK(is_named(CEREBELLUM_MISSING_DEPENDENCY, "MissingDependency"));
    CHECK(is_named(CEREBELLUM_INVALID_ARGUMENT, "InvalidArgument"));
    CHECK(is_named(CEREBELLUM_INTERNAL_ERROR, "InternalError"));
    CHECK(is_named(7, "Unknown") && is_named(-1, "Unknown"));
    return checks_failed;
}
