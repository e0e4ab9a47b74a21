// bench MODELS TASK < JSON strings: times of the C++ face inside its process, as cli/src/bench.rs takes those of Rust.
// bench --fasttext MODEL.bin < JSON strings: the same of fastText's own C++, compiled in with -DWITH_FASTTEXT.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "cerebellum.hpp"
#include "lines.hpp"
#ifdef WITH_FASTTEXT
#include <sstream>

#include "fasttext.h"
#endif

namespace {

using Clock = std::chrono::steady_clock;
using Predict = std::function<double(const std::string&)>;
constexpr auto kWhile = std::chrono::milliseconds(300);
constexpr std::size_t kLeastRounds = 5, kReloads = 9, kThreads = 2, kThroughput = 20;

std::size_t code_points(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

long long nanoseconds(Clock::duration time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
}

volatile double sink;

std::vector<long long> calls(const Predict& predict, const std::vector<std::string>& texts) {
    std::vector<long long> times;
    for (const auto& text : texts) sink = predict(text);
    const auto begun = Clock::now();
    for (std::size_t round = 0; round < kLeastRounds || Clock::now() - begun < kWhile; ++round) {
        for (const auto& text : texts) {
            const auto start = Clock::now();
            sink = predict(text);
            times.push_back(nanoseconds(Clock::now() - start));
        }
    }
    std::sort(times.begin(), times.end());
    return times;
}

/// Answers a second of two threads, each with what `make` gives it.
double throughput(const std::function<Predict()>& make, const std::vector<std::string>& texts) {
    std::vector<std::thread> threads;
    std::vector<std::size_t> counts(kThreads);
    const auto begun = Clock::now();
    for (std::size_t i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] {
            const Predict predict = make();
            std::size_t count = 0;
            double sum = 0;
            while (Clock::now() - begun < kWhile) {
                for (const auto& text : texts) sum += predict(text);
                count += texts.size();
            }
            sink = sum;
            counts[i] = count;
        });
    }
    for (auto& thread : threads) thread.join();
    std::size_t total = 0;
    for (const auto count : counts) total += count;
    return static_cast<double>(total) / std::chrono::duration<double>(Clock::now() - begun).count();
}

long resident_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind("VmRSS:", 0) == 0) return std::stol(line.substr(6));
    return 0;
}

int measure(const std::function<std::function<Predict()>()>& load) {
    std::map<std::size_t, std::vector<std::string>> groups;
    for (std::string line; std::getline(std::cin, line);) {
        std::string text = lines::text_of(line);
        groups[code_points(text)].push_back(std::move(text));
    }
    std::vector<long long> loads;
    const auto timed_load = [&] {
        const auto begun = Clock::now();
        auto make = load();
        loads.push_back(nanoseconds(Clock::now() - begun));
        return make;
    };
    const auto make = timed_load();
    for (std::size_t i = 0; i < kReloads; ++i) timed_load();
    std::sort(loads.begin() + 1, loads.end());
    std::printf("{\"load_ns\": %lld, \"reload_ns\": %lld, \"groups\": {", loads[0], loads[1 + kReloads / 2]);
    const char* comma = "";
    const Predict predict = make();
    for (const auto& [length, texts] : groups) {
        const auto times = calls(predict, texts);
        const auto at = [&](double part) { return times[static_cast<std::size_t>(part * double(times.size() - 1))]; };
        std::printf("%s\"%zu\": {\"p50_ns\": %lld, \"p99_ns\": %lld}", comma, length, at(0.5), at(0.99));
        comma = ", ";
    }
    const auto found = groups.find(kThroughput);
    const double per_second = found == groups.end() ? 0.0 : throughput(make, found->second);
    std::printf("}, \"per_second\": %.0f, \"resident_kib\": %ld}\n", per_second, resident_kib());
    return 0;
}

std::function<Predict()> load_model(const std::string& folder, const std::string& task) {
    const auto model = std::make_shared<cerebellum::MicroModel>(folder, task);
    return [model]() -> Predict {
        const auto scratch = std::make_shared<cerebellum::Scratch>();
        return [model, scratch](const std::string& text) { return model->predict_with(*scratch, text).confidence; };
    };
}

#ifdef WITH_FASTTEXT
/// What fastText's own Python module does in C++: words of a line to ids, then the k best labels.
std::function<Predict()> load_fasttext(const std::string& path) {
    const auto model = std::make_shared<fasttext::FastText>();
    model->loadModel(path);
    return [model]() -> Predict {
        return [model](const std::string& text) {
            std::vector<std::int32_t> words, labels;
            std::istringstream line(text + '\n');
            model->getDictionary()->getLine(line, words, labels);
            fasttext::Predictions predictions;
            model->predict(1, words, predictions, 0.0f);
            return predictions.empty() ? 0.0 : double(predictions[0].first);
        };
    };
}
#endif

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        std::fputs("expected: bench MODELS TASK < JSON strings\n", stderr);
        return 2;
    }
    const std::string first = arguments[1], second = arguments[2];
    try {
#ifdef WITH_FASTTEXT
        if (first == "--fasttext") return measure([&] { return load_fasttext(second); });
#endif
        return measure([&] { return load_model(first, second); });
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
