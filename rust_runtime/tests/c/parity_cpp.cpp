// parity_cpp FOLDER TASK CASES: replays parity cases through cerebellum.hpp.
#include <iostream>

#include "cerebellum.hpp"
#include "parity.h"

namespace {

struct Context {
    cerebellum::MicroModel model;
    cerebellum::Steps steps;
    cerebellum::Answer predicted;
    std::vector<cerebellum_string> ngrams;
    std::string message;
};

cerebellum_string string(std::string_view text) { return {text.data(), text.size()}; }

cerebellum_answer answer(const cerebellum::Answer& answer) {
    return {string(answer.label),  answer.probabilities.data(), answer.probabilities.size(),
            answer.label_index,    answer.confidence,           static_cast<cerebellum_outcome>(answer.outcome)};
}

int run(void* room, const char* text, std::size_t length, cerebellum_steps* out, cerebellum_answer* predicted,
        const char** message) {
    auto& context = *static_cast<Context*>(room);
    try {
        const std::string_view input(text, length);
        auto& steps = context.steps = context.model.steps(input);
        context.predicted = context.model.predict(input);
        context.ngrams.clear();
        for (const auto& ngram : steps.ngrams) context.ngrams.push_back(string(ngram));
        *out = {string(steps.normalized), context.ngrams.data(), context.ngrams.size(),
                steps.reflex ? string(*steps.reflex) : cerebellum_string{nullptr, 0},
                steps.indices.data(), steps.values.data(), steps.indices.size(),
                steps.logits.data(), steps.probabilities.data(), answer(steps.answer)};
        *predicted = answer(context.predicted);
        return 0;
    } catch (const cerebellum::Error& error) {
        context.message = error.what();
        *message = context.message.c_str();
        return 1;
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) return std::cerr << "usage: parity_cpp FOLDER TASK CASES\n", 2;
    try {
        Context context{cerebellum::MicroModel(arguments[1], arguments[2]), {}, {}, {}, {}};
        return parity_replay(arguments[3], run, &context);
    } catch (const std::exception& error) {
        return std::cerr << error.what() << '\n', 1;
    }
}
