// digest MODELS TASK < JSON strings: one short line a text; what it holds is written in cli/src/digest.rs, its twin.
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>

#include "cerebellum.hpp"
#include "lines.hpp"

namespace {

/// FNV-1a, a number a step.
class Hash {
public:
    void add(std::uint64_t number) { state_ = (state_ ^ number) * 0x100000001b3u; }
    std::uint64_t state() const { return state_; }

private:
    std::uint64_t state_ = 0xcbf29ce484222325u;
};

std::uint64_t hash_of(std::string_view text) {
    Hash hash;
    for (const char byte : text) hash.add(static_cast<unsigned char>(byte));
    return hash.state();
}

std::uint64_t bits(double number) {
    std::uint64_t bits;
    std::memcpy(&bits, &number, sizeof bits);
    return bits;
}

std::string hex(std::uint64_t number) {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016" PRIx64, number);
    return digits;
}

std::string joined(const double* numbers, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += (i ? "," : "") + hex(bits(numbers[i]));
    return out;
}

std::string digest(const cerebellum::MicroModel& model, cerebellum::Scratch& scratch, std::string_view text) {
    const cerebellum::Steps steps = model.steps(text);
    const cerebellum::AnswerView answer = model.predict_with(scratch, text);
    Hash ngrams, indices, values;
    for (const auto& ngram : steps.ngrams) ngrams.add(hash_of(ngram));
    for (const auto index : steps.indices) indices.add(index);
    for (const auto value : steps.values) values.add(bits(value));
    std::string out(to_string(answer.outcome));
    out += ' ' + std::to_string(answer.label_index) + ' ' + (steps.reflex ? hex(hash_of(*steps.reflex)) : "-");
    out += ' ' + hex(hash_of(steps.normalized));
    out += ' ' + std::to_string(steps.ngrams.size()) + ':' + hex(ngrams.state());
    out += ' ' + std::to_string(steps.indices.size()) + ':' + hex(indices.state());
    out += ' ' + std::to_string(steps.values.size()) + ':' + hex(values.state());
    out += ' ' + joined(steps.logits.data(), steps.logits.size());
    out += ' ' + joined(answer.probabilities, answer.label_count);
    return out;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        std::fputs("expected: digest MODELS TASK < JSON strings\n", stderr);
        return 2;
    }
    std::ios::sync_with_stdio(false);
    try {
        const cerebellum::MicroModel model(arguments[1], arguments[2]);
        cerebellum::Scratch scratch;
        for (std::string line; std::getline(std::cin, line);) {
            try {
                std::cout << digest(model, scratch, lines::text_of(line)) << '\n';
            } catch (const cerebellum::Error& error) {
                if (error.status() != CEREBELLUM_INVALID_TEXT) throw;
                std::cout << "InvalidText\n";
            }
        }
        std::cout.flush();
        return std::cout ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
