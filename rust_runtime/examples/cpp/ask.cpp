// ask FOLDER TASK [TEXT …]: answers texts, or the lines of standard input, with a forged model.
//
//     ask models is_question "今天天气怎么样"
#include <cerebellum.hpp>
#include <iostream>
#include <string>

namespace {

void print(const cerebellum::MicroModel& model, std::string_view text) {
    const auto answer = model.predict(text);
    std::cout << answer.label << '\t' << answer.confidence << '\t' << answer.outcome << '\t' << text << '\n';
    if (answer.outcome == cerebellum::Outcome::abstained) return;  // not sure: the place to ask someone who knows more
    for (const auto& why : model.explain(text, 3)) std::cout << "    " << why.value << '\t' << why.feature << '\n';
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 3) {
        std::cerr << "usage: ask FOLDER TASK [TEXT ...]\n";
        return 2;
    }
    try {
        const cerebellum::MicroModel model(arguments[1], arguments[2]);
        for (int i = 3; i < count; ++i) print(model, arguments[i]);
        std::string line;
        while (count == 3 && std::getline(std::cin, line)) print(model, line);
        return 0;
    } catch (const cerebellum::Error& error) {
        std::cerr << error.name() << ": " << error.what() << '\n';
        return 1;
    }
}
