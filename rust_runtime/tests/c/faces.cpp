// faces FOLDER TASK: what cerebellum.hpp offers, used as a stranger would.
#include <fstream>
#include <list>
#include <sstream>
#include <type_traits>

#include "cerebellum.hpp"
#include "check.h"

using cerebellum::Error;
using cerebellum::MicroModel;

static_assert(!std::is_copy_constructible_v<MicroModel> && std::is_nothrow_move_constructible_v<MicroModel>);
static_assert(std::is_nothrow_move_assignable_v<cerebellum::Scratch>);
static_assert(std::is_base_of_v<std::runtime_error, Error>);

// Views into a model that is gone at the end of the line do not compile; into one that stays, they do.
template <class Model, class = void>
struct has_views : std::false_type {};
template <class Model>
struct has_views<Model, std::void_t<decltype(std::declval<Model>().task())>> : std::true_type {};
template <class Model, class = void>
struct has_lists : std::false_type {};
template <class Model>
struct has_lists<Model, std::void_t<decltype(std::declval<Model>().labels())>> : std::true_type {};
static_assert(has_views<MicroModel&>::value && has_views<const MicroModel&>::value && !has_views<MicroModel>::value);
static_assert(has_lists<MicroModel&>::value && has_lists<const MicroModel&>::value && !has_lists<MicroModel>::value);

template <class Work>
static cerebellum_status thrown(Work work, const char* name) {
    try {
        work();
    } catch (const Error& error) {
        CHECK(std::string_view(error.name()) == name);
        CHECK(*error.what());
        return error.status();
    }
    return CEREBELLUM_OK;
}

static std::string file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

int main(int count, char** arguments) {
    if (count != 3) return 2;
    const std::string folder = arguments[1], task = arguments[2];
    MicroModel model(folder, task);
    CHECK(model.task() == task && !model.blueprint().empty() && model.term_count() > 100);
    CHECK(model.labels().size() >= 2 && !model.languages().empty());
    bool certified = false;
    for (std::size_t i = 0; i < model.labels().size(); ++i)
        if (const auto threshold = model.threshold(i)) certified |= threshold->n > 0 && threshold->confidence > 0.5;
    CHECK(certified);
    CHECK(thrown([&] { model.threshold(model.labels().size()); }, "InvalidArgument") == CEREBELLUM_INVALID_ARGUMENT);

    const auto answer = model.predict("今天天气怎么样");
    CHECK(answer.label == model.labels()[answer.label_index]);
    CHECK(answer.confidence == answer.probabilities[answer.label_index]);
    std::ostringstream out;
    out << answer.outcome << ' ' << cerebellum::Outcome::reflex << ' ' << cerebellum::Outcome::accepted;
    CHECK(out.str() == std::string(to_string(answer.outcome)) + " reflex accepted");

    cerebellum::Scratch scratch;
    const auto view = model.predict_with(scratch, std::string("今天天气怎么样"));
    CHECK(view.label == answer.label && view.probabilities[0] == answer.probabilities[0] && view.label_count >= 2);
    const auto batch = model.predict_batch(std::list<std::string>{"今天天气怎么样", "", "ok"});
    CHECK(batch.size() == 3 && batch[0].probabilities == answer.probabilities && batch[2].label == model.predict("ok").label);
    const char* literals[] = {"ok"};
    CHECK(model.predict_batch(literals).size() == 1 && model.predict_batch(std::vector<std::string_view>{}).empty());

    const auto why = model.explain("今天天气怎么样", 3);
    CHECK(why.size() == 3 && !why[0].feature.empty());
    CHECK(model.explain("今天天气怎么样", 0).empty());
    const auto steps = model.steps("Ｏｋ　！");
    CHECK(steps.normalized == "ok !" && steps.indices.size() == steps.values.size() && !steps.logits.empty());
    CHECK(model.predict({}).label == model.predict("").label);

    const auto copy = MicroModel::from_bytes(file(folder + "/" + task + "_preprocessor.bin"),
                                             file(folder + "/" + task + "_classifier.onnx"));
    CHECK(copy.predict("ok").probabilities == model.predict("ok").probabilities);

    CHECK(thrown([&] { MicroModel("nowhere", task); }, "MissingPart") == CEREBELLUM_MISSING_PART);
    CHECK(thrown([&] { MicroModel::from_bytes("x", "y"); }, "MalformedArtifact") == CEREBELLUM_MALFORMED_ARTIFACT);
    CHECK(thrown([&] { model.predict("\xed\xa0\x80"); }, "InvalidText") == CEREBELLUM_INVALID_TEXT);
    CHECK(thrown([&] { model.steps("\xff"); }, "InvalidText") == CEREBELLUM_INVALID_TEXT);
    CHECK(thrown([&] { model.explain("\xff", 1); }, "InvalidText") == CEREBELLUM_INVALID_TEXT);
    CHECK(thrown([&] { model.predict_batch(std::vector<std::string>{"ok", "\xff"}); }, "InvalidText") ==
          CEREBELLUM_INVALID_TEXT);

    MicroModel moved = std::move(model);
    CHECK(moved.predict("ok").label == copy.predict("ok").label);
    CHECK(thrown([&] { model.predict("ok"); }, "InvalidArgument") == CEREBELLUM_INVALID_ARGUMENT);  // NOLINT: on purpose
    CHECK(model.labels().empty() && model.task().empty() && !model.get());
    model = std::move(moved);
    CHECK(model.predict("ok").label == copy.predict("ok").label);
    return checks_failed;
}
