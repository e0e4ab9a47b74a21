// cerebellum.hpp: opens the models of Micro-Model Foundry and answers. C++17, header only; link libcerebellum.
//
//     cerebellum::MicroModel model("models", "is_question");
//     auto answer = model.predict("今天天气怎么样");
//     std::cout << answer.label << ' ' << answer.confidence << ' ' << answer.outcome << '\n';
//
// Names are those of the Rust crate and the Python package. Texts are UTF-8. Failures are thrown as cerebellum::Error;
// none crosses the C functions below. A model never changes: threads may share one without a lock.
#ifndef CEREBELLUM_HPP
#define CEREBELLUM_HPP

#if defined(_MSVC_LANG) ? _MSVC_LANG < 201703L : __cplusplus < 201703L
#error "cerebellum.hpp needs C++17: compile with -std=c++17 (MSVC: /std:c++17) or newer"
#endif

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cerebellum.h"

namespace cerebellum {

/// What went wrong, to what, and what to do; status() is one of cerebellum_status_code.
class Error : public std::runtime_error {
public:
    Error(cerebellum_status status, const std::string& message) : std::runtime_error(message), status_(status) {}

    cerebellum_status status() const noexcept { return status_; }

    /// "MissingPart", "InvalidText", …: the same in every language.
    const char* name() const noexcept { return cerebellum_status_name(status_); }

private:
    cerebellum_status status_;
};

/// Whether to rely on an answer.
enum class Outcome : cerebellum_outcome {
    accepted = CEREBELLUM_ACCEPTED,    ///< the confidence reaches the certified threshold of the label
    abstained = CEREBELLUM_ABSTAINED,  ///< it does not, or nothing in the text is known
    reflex = CEREBELLUM_REFLEX,        ///< a fixed pattern answered, before the model
};

inline std::string_view to_string(Outcome outcome) noexcept {
    switch (outcome) {
        case Outcome::accepted: return "accepted";
        case Outcome::reflex: return "reflex";
        case Outcome::abstained: break;
    }
    return "abstained";
}

inline std::ostream& operator<<(std::ostream& out, Outcome outcome) { return out << to_string(outcome); }

/// An answer whose probabilities are in a Scratch, until it is used again. The label lives as long as the model.
struct AnswerView {
    std::string_view label;
    std::size_t label_index = 0;
    double confidence = 0.0;
    Outcome outcome = Outcome::abstained;
    const double* probabilities = nullptr;  ///< label_count of them
    std::size_t label_count = 0;
};

/// What a model says of a text. The label lives as long as the model; the rest is the answer's own.
struct Answer {
    std::string_view label;      ///< always the most probable; of equal ones, the earlier
    std::size_t label_index = 0;
    double confidence = 0.0;     ///< its probability; 1.0 for a reflex
    Outcome outcome = Outcome::abstained;
    std::vector<double> probabilities;  ///< one a label
};

/// How much a feature speaks for (positive) or against the answer's label.
struct Contribution {
    std::string feature;  ///< readable: ^ and $ for the text's ends, ‹…› around words, cue:… for a cue
    double value = 0.0;
};

/// Every intermediate value of an answer, as in a parity case.
struct Steps {
    std::string normalized;
    std::vector<std::string> ngrams;
    std::optional<std::string> reflex;
    std::vector<std::uint32_t> indices;
    std::vector<double> values;
    std::vector<double> logits;
    std::vector<double> probabilities;  ///< the model's, also where a reflex answers
    Answer answer;
};

/// From which confidence an answer with a label is accepted; value is empty when no valid one was found.
struct Threshold {
    std::optional<double> value;
    std::uint32_t n = 0;
    std::uint32_t errors = 0;
    double max_error = 0.0;
    double confidence = 0.0;
};

namespace detail {

template <auto free>
struct Free {
    template <class T>
    void operator()(T* pointer) const noexcept {
        free(pointer);
    }
};

inline void check(cerebellum_status status) {
    if (status != CEREBELLUM_OK) throw Error(status, cerebellum_last_error());
}

inline std::string_view view(cerebellum_string text) noexcept {
    return text.data ? std::string_view(text.data, text.length) : std::string_view();
}

inline AnswerView view(const cerebellum_answer& answer) noexcept {
    return {view(answer.label), answer.label_index, answer.confidence, static_cast<Outcome>(answer.outcome),
            answer.probabilities, answer.label_count};
}

inline Answer own(const AnswerView& answer) {
    return {answer.label, answer.label_index, answer.confidence, answer.outcome,
            std::vector<double>(answer.probabilities, answer.probabilities + answer.label_count)};
}

}  // namespace detail

/// Room for one text at a time, for one thread at a time; any model can use it. It grows with the texts.
class Scratch {
public:
    Scratch() : handle_(cerebellum_scratch_new()) {
        if (!handle_) throw std::bad_alloc();
    }

    cerebellum_scratch* get() const noexcept { return handle_.get(); }

private:
    std::unique_ptr<cerebellum_scratch, detail::Free<cerebellum_scratch_free>> handle_;
};

/// One task's model. It can be moved, not copied; labels of answers live as long as it does.
class MicroModel {
public:
    /// Loads <folder>/<task>_preprocessor.bin and <task>_classifier.onnx; the folder's name is UTF-8.
    MicroModel(std::string_view folder, std::string_view task) {
        check_library();
        cerebellum_model* model = nullptr;
        detail::check(cerebellum_model_load(folder.data(), folder.size(), task.data(), task.size(), &model));
        handle_.reset(model);
    }

    /// A model from the bytes of its two files, .bin and .onnx; they are not needed afterwards.
    static MicroModel from_bytes(std::string_view preprocessor, std::string_view classifier) {
        check_library();
        const auto bytes = [](std::string_view file) { return reinterpret_cast<const std::uint8_t*>(file.data()); };
        cerebellum_model* model = nullptr;
        detail::check(cerebellum_model_from_bytes(bytes(preprocessor), preprocessor.size(), bytes(classifier),
                                                  classifier.size(), &model));
        return MicroModel(model);
    }

    // What is returned as a view would be gone with a model that nobody keeps: such calls do not compile.
    std::string_view task() const& noexcept { return detail::view(cerebellum_model_task(get())); }
    std::string_view task() const&& = delete;
    std::string_view blueprint() const& noexcept { return detail::view(cerebellum_model_blueprint(get())); }
    std::string_view blueprint() const&& = delete;
    std::size_t term_count() const noexcept { return cerebellum_model_term_count(get()); }

    /// The answers it can give, in the order of the probabilities.
    std::vector<std::string_view> labels() const& {
        std::vector<std::string_view> labels(cerebellum_model_label_count(get()));
        for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = detail::view(cerebellum_model_label(get(), i));
        return labels;
    }
    std::vector<std::string_view> labels() const&& = delete;

    /// The languages it was made for.
    std::vector<std::string_view> languages() const& {
        std::vector<std::string_view> languages(cerebellum_model_language_count(get()));
        for (std::size_t i = 0; i < languages.size(); ++i)
            languages[i] = detail::view(cerebellum_model_language(get(), i));
        return languages;
    }
    std::vector<std::string_view> languages() const&& = delete;

    /// The certified threshold of a label; nothing: its answers are always accepted. Throws for a place that has no label.
    std::optional<Threshold> threshold(std::size_t label) const {
        if (label >= cerebellum_model_label_count(get())) {
            throw Error(CEREBELLUM_INVALID_ARGUMENT,
                        "label " + std::to_string(label) + " of " + std::to_string(cerebellum_model_label_count(get())));
        }
        cerebellum_threshold found;
        if (!cerebellum_model_threshold(get(), label, &found)) return std::nullopt;
        const auto value = found.has_value ? std::optional<double>(found.value) : std::nullopt;
        return Threshold{value, found.n, found.errors, found.max_error, found.confidence};
    }

    /// The answer to one text, in a scratch of the calling thread that lives as long as the thread.
    Answer predict(std::string_view text) const& {
        thread_local Scratch scratch;
        return detail::own(predict_with(scratch, text));
    }
    Answer predict(std::string_view text) const&& = delete;

    /// The same without allocating, once the scratch has grown: the probabilities are in the scratch until it is used again.
    AnswerView predict_with(Scratch& scratch, std::string_view text) const& {
        cerebellum_answer answer;
        detail::check(cerebellum_predict(get(), scratch.get(), text.data(), text.size(), &answer));
        return detail::view(answer);
    }
    AnswerView predict_with(Scratch& scratch, std::string_view text) const&& = delete;

    /// The answers to many texts (a container of anything a string_view can be made of), in order. Throws for the first
    /// that is invalid, naming its place.
    template <class Texts>
    std::vector<Answer> predict_batch(const Texts& texts) const& {
        std::vector<cerebellum_string> strings;
        for (const auto& text : texts) {
            const std::string_view view(text);
            strings.push_back({view.data(), view.size()});
        }
        const std::size_t label_count = cerebellum_model_label_count(get());
        std::vector<cerebellum_answer> found(strings.size());
        std::vector<double> probabilities(strings.size() * label_count);
        const Scratch scratch;
        detail::check(cerebellum_predict_batch(get(), scratch.get(), strings.data(), strings.size(), found.data(),
                                               probabilities.data(), probabilities.size()));
        std::vector<Answer> answers;
        answers.reserve(found.size());
        for (const auto& answer : found) answers.push_back(detail::own(detail::view(answer)));
        return answers;
    }
    template <class Texts>
    std::vector<Answer> predict_batch(const Texts& texts) const&& = delete;

    /// The features that speak most for or against the answer's label, strongest first; none for a reflex.
    std::vector<Contribution> explain(std::string_view text, std::size_t top) const {
        cerebellum_explanation* found = nullptr;
        detail::check(cerebellum_explain(get(), text.data(), text.size(), top, &found));
        const std::unique_ptr<cerebellum_explanation, detail::Free<cerebellum_explanation_free>> owner(found);
        std::vector<Contribution> items;
        for (std::size_t i = 0; i < found->count; ++i)
            items.push_back({std::string(detail::view(found->items[i].feature)), found->items[i].value});
        return items;
    }

    /// Every intermediate value; the features and scores are there also when a reflex answers.
    Steps steps(std::string_view text) const& {
        cerebellum_steps* found = nullptr;
        detail::check(cerebellum_steps_of(get(), text.data(), text.size(), &found));
        const std::unique_ptr<cerebellum_steps, detail::Free<cerebellum_steps_free>> owner(found);
        const std::size_t label_count = found->answer.label_count;
        Steps steps;
        steps.normalized = detail::view(found->normalized);
        steps.ngrams.reserve(found->ngram_count);
        for (std::size_t i = 0; i < found->ngram_count; ++i) steps.ngrams.emplace_back(detail::view(found->ngrams[i]));
        if (found->reflex.data) steps.reflex = detail::view(found->reflex);
        steps.indices.assign(found->indices, found->indices + found->feature_count);
        steps.values.assign(found->values, found->values + found->feature_count);
        steps.logits.assign(found->logits, found->logits + label_count);
        steps.probabilities.assign(found->probabilities, found->probabilities + label_count);
        steps.answer = detail::own(detail::view(found->answer));
        return steps;
    }
    Steps steps(std::string_view text) const&& = delete;

    /// For the functions of cerebellum.h; null after a move, which they answer with InvalidArgument.
    const cerebellum_model* get() const noexcept { return handle_.get(); }

private:
    explicit MicroModel(cerebellum_model* model) noexcept : handle_(model) {}

    static void check_library() {
        const auto found = cerebellum_abi_version();
        if (found != CEREBELLUM_ABI_VERSION) {
            throw Error(CEREBELLUM_VERSION_MISMATCH,
                        "libcerebellum " + std::string(cerebellum_version()) + " has ABI " + std::to_string(found) +
                            ", this program was compiled for " + std::to_string(CEREBELLUM_ABI_VERSION) +
                            ". Compile it with the library's headers.");
        }
    }

    std::unique_ptr<cerebellum_model, detail::Free<cerebellum_model_free>> handle_;
};

}  // namespace cerebellum

#endif
