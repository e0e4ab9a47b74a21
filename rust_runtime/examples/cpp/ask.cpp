// ask FOLDER TASK [TEXT …]: answers texts, or the lines of standard input, with a forged model.
//
//     ask models is_question "今天天气怎么样"
#include <cerebellum.hpp>
#include <iostream>
#include <string>

namespace {

// False where the text is not one that is answered; the next may be.
bool print(const cerebellum::MicroModel& model, std::string_view text) try {
    const auto answer = model.predict(text);
    std::cout << answer.label << '\t' << answer.confidence << '\t' << answer.outcome << '\t' << text << '\n';
    if (answer.outcome == cerebellum::Outcome::abstained) return true;  // not sure: the place to ask someone who knows more
    for (const auto& why : model.explain(text, 3)) std::cout << "    " << why.value << '\t' << why.feature << '\n';
    return true;
} catch (const cerebellum::Error& error) {
    std::cerr << error.name() << ": " << error.what() << '\n';
    return false;
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 3) {
        std::cerr << "usage: ask FOLDER TASK [TEXT ...]\n";
        return 2;
    }
    try {
        const cerebellum::MicroModel model(arguments[1], arguments[2]);
        bool all = true;
        for (int i = 3; i < count; ++i) all &= print(model, arguments[i]);
        std::string line;
        while (count == 3 && std::getline(std::cin, line)) all &= print(model, line);
        return all ? 0 : 1;
    } catch (const cerebellum::Error& error) {
        std::cerr << error.name() << ": " << error.what() << '\n';
        return 1;
    }
}
