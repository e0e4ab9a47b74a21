// cases FOLDER: the steps that need no model of their own (FOLDER/cases/*.jsonl), through the toy models of FOLDER/toy.
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "cerebellum.hpp"
#include "check.h"
#include "json.h"

using cerebellum::MicroModel;

static std::string folder;

/// Parsed lines live as long as the arena.
class Cases {
public:
    explicit Cases(const std::string& name) {
        std::ifstream in(folder + "/cases/" + name + ".jsonl", std::ios::binary);
        for (std::string line; std::getline(in, line);) {
            const char* problem = nullptr;
            cases_.push_back(json_parse(line.data(), line.size(), &arena_, &problem));
            if (!cases_.back()) throw std::runtime_error(name + ": " + problem);
        }
        if (cases_.size() < 100) throw std::runtime_error(name + ": too few cases");
    }
    ~Cases() { json_free(&arena_); }
    Cases(const Cases&) = delete;
    Cases& operator=(const Cases&) = delete;
    auto begin() const { return cases_.begin(); }
    auto end() const { return cases_.end(); }

private:
    json_arena arena_{};
    std::vector<const json_value*> cases_;
};

static std::string text(const json_value* value) {
    if (!value || value->kind != JSON_STRING) throw std::runtime_error("a string is missing");
    return {value->text, value->length};
}

static std::vector<const json_value*> items(const json_value* array) {
    if (!array || array->kind != JSON_ARRAY) throw std::runtime_error("a list is missing");
    std::vector<const json_value*> found;
    for (auto* item = array->first; item; item = item->next) found.push_back(item);
    return found;
}

static const MicroModel& model_of(const json_value* row) {
    static std::map<std::string, MicroModel> models;
    const auto task = text(json_get(row, "model"));
    return models.try_emplace(task, folder + "/toy", task).first->second;
}

int main(int count, char** arguments) {
    if (count != 2) return 2;
    folder = arguments[1];
    const MicroModel toy(folder + "/toy", "toy");
    for (const auto* row : Cases("normalize"))
        CHECK(toy.steps(text(json_get(row, "text"))).normalized == text(json_get(row, "normalized")));

    for (const auto* row : Cases("ngrams")) {
        const auto found = model_of(row).steps(text(json_get(row, "text"))).ngrams;
        const auto expected = items(json_get(row, "ngrams"));
        CHECK(found.size() == expected.size());
        for (std::size_t i = 0; i < found.size() && i < expected.size(); ++i) CHECK(found[i] == text(expected[i]));
    }

    for (const auto* row : Cases("patterns")) {
        const auto& model = model_of(row);
        const auto indices = model.steps(text(json_get(row, "text"))).indices;
        std::vector<double> found;
        for (const auto index : indices)
            if (index >= model.term_count()) found.push_back(static_cast<double>(index - model.term_count()));
        const auto expected = items(json_get(row, "found"));
        CHECK(found.size() == expected.size());
        for (std::size_t i = 0; i < found.size() && i < expected.size(); ++i) CHECK(found[i] == expected[i]->number);
    }
    return checks_failed;
}
