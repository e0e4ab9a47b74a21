// threads FOLDER TASK: eight threads on one model, through C and through C++; every answer as from one thread alone.
#include <atomic>
#include <cstring>
#include <iostream>
#include <thread>

#include "cerebellum.hpp"

namespace {

constexpr int THREADS = 8;
constexpr int ROUNDS = 12;

const std::vector<std::string> TEXTS = {
    "", "今天天气怎么样", "How are you?", "ok, let us go.", "Ｆｕｌｌ　ｗｉｄｔｈ！", "\U0001F469\u200D\U0001F4BB", "zzz",
    std::string(3000, 'a'), "不是吧？！", "İstanbul ß ς", "\xff", "yes", "no, thanks",
};

/// What a text gives, in words: the answer, or the error.
std::string through_cpp(const cerebellum::MicroModel& model, std::string_view text) {
    try {
        const auto answer = model.predict(text);
        const auto steps = model.steps(text);
        const auto why = model.explain(text, 2);
        return std::string(answer.label) + ' ' + std::to_string(answer.confidence) + ' ' +
               std::to_string(steps.ngrams.size()) + ' ' + (why.empty() ? "" : why[0].feature);
    } catch (const cerebellum::Error& error) {
        return error.what();
    }
}

std::string through_c(const cerebellum_model* model, cerebellum_scratch* scratch, const std::string& text) {
    cerebellum_answer answer;
    if (cerebellum_predict(model, scratch, text.data(), text.size(), &answer)) return cerebellum_last_error();
    return std::string(answer.label.data, answer.label.length) + ' ' + std::to_string(answer.probabilities[0]);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) return std::cerr << "usage: threads FOLDER TASK\n", 2;
    const cerebellum::MicroModel model(arguments[1], arguments[2]);
    const cerebellum::Scratch own;
    std::vector<std::string> expected, expected_c;
    for (const auto& text : TEXTS) {
        expected.push_back(through_cpp(model, text));
        expected_c.push_back(through_c(model.get(), own.get(), text));
    }
    std::atomic<int> differences{0}, answers{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < THREADS; ++thread) {
        threads.emplace_back([&, thread] {
            const cerebellum::Scratch scratch;
            for (int round = 0; round < ROUNDS; ++round) {
                for (std::size_t i = 0; i < TEXTS.size(); ++i) {
                    const std::size_t place = (i + static_cast<std::size_t>(thread)) % TEXTS.size();
                    differences += through_cpp(model, TEXTS[place]) != expected[place];
                    differences += through_c(model.get(), scratch.get(), TEXTS[place]) != expected_c[place];
                    answers += 2;
                }
                // Loading and freeing beside the others' answers.
                if (round % 6 == 0) differences += cerebellum::MicroModel(arguments[1], arguments[2]).term_count() == 0;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    std::cout << answers << " answers from " << THREADS << " threads, " << differences << " differ\n";
    return differences != 0;
}
