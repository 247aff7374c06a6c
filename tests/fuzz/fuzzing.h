// What the fuzz targets share: a claim that ends the run if it doesn't hold, and the input as text and as
// choices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace fuzzing {

inline void expect(bool holds, const char* claim) {
    if (!holds) {
        std::fprintf(stderr, "does not hold: %s\n", claim);
        std::abort();
    }
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

// The parts between the separators, the empty ones too; of empty text one empty part.
inline std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

// A sequence of choices, made by the input's bytes; all 0 past its end.
class Choices {
  public:
    Choices(const std::uint8_t* data, std::size_t size) : next_(data), end_(data + size) {}

    [[nodiscard]] bool done() const { return next_ == end_; }
    // 0 <= result < bound <= 256.
    std::size_t below(std::size_t bound) { return done() ? 0 : *next_++ % bound; }
    bool yes() { return below(2) == 1; }

  private:
    const std::uint8_t* next_;
    const std::uint8_t* end_;
};

}  // namespace fuzzing
