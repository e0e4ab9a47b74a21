// One JSON string a line, as digest.cpp and bench.cpp read them.
#ifndef LINES_HPP
#define LINES_HPP

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lines {

inline void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) return put(code);
    if (code < 0x800) {
        put(0xC0 | code >> 6);
    } else if (code < 0x10000) {
        put(0xE0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3F));
    } else {
        put(0xF0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3F));
        put(0x80 | (code >> 6 & 0x3F));
    }
    put(0x80 | (code & 0x3F));
}

/// The string a line holds; throws for anything else. A lone surrogate becomes its three bytes, which are no UTF-8: it
/// is for the library to refuse them.
inline std::string text_of(std::string_view line) {
    const auto wrong = [] { return std::runtime_error("not a JSON string"); };
    if (line.size() < 2 || line.front() != '"' || line.back() != '"') throw wrong();
    std::string out;
    std::size_t at = 1;
    const std::size_t end = line.size() - 1;
    const auto hex = [&] {
        std::uint32_t value = 0;
        for (int i = 0; i < 4; ++i) {
            const char c = at < end ? line[at++] : 'x';
            const int digit = c >= '0' && c <= '9'   ? c - '0'
                              : c >= 'a' && c <= 'f' ? c - 'a' + 10
                              : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                     : -1;
            if (digit < 0) throw wrong();
            value = value << 4 | static_cast<std::uint32_t>(digit);
        }
        return value;
    };
    while (at < end) {
        const char c = line[at++];
        if (c == '"') throw wrong();
        if (c != '\\') {
            out.push_back(c);
            continue;
        }
        if (at >= end) throw wrong();
        const char kind = line[at++];
        constexpr std::string_view names = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
        if (const auto place = names.find(kind); place != std::string_view::npos) {
            out.push_back(meant[place]);
        } else if (kind == 'u') {
            std::uint32_t code = hex();
            if (code >= 0xD800 && code < 0xDC00 && line.substr(at, 2) == "\\u") {
                const std::size_t before = at;
                at += 2;
                const std::uint32_t low = hex();
                if (low >= 0xDC00 && low < 0xE000) {
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                } else {
                    at = before;
                }
            }
            append_utf8(out, code);
        } else {
            throw wrong();
        }
    }
    return out;
}

}  // namespace lines

#endif
