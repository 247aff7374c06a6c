// Text of bounded length in place: paths and log lines are built in it without an allocation.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace hugepage {

// Always terminated. What does not fit is cut off and remembered in truncated().
template <std::size_t Capacity>
class FixedString {
  public:
    constexpr FixedString() noexcept = default;
    explicit FixedString(std::string_view text) noexcept { append(text); }

    FixedString& append(std::string_view text) noexcept {
        const std::size_t taken = std::min(text.size(), Capacity - 1 - size_);
        std::copy_n(text.data(), taken, text_.data() + size_);
        size_ += taken;
        text_[size_] = '\0';
        truncated_ = truncated_ || taken < text.size();
        return *this;
    }

    // Over the last characters; only where there are as many.
    void replace_end(std::string_view text) noexcept {
        std::copy_n(text.data(), text.size(), text_.data() + size_ - text.size());
    }

    void clear() noexcept {
        size_ = 0;
        text_[0] = '\0';
        truncated_ = false;
    }

    [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }
    [[nodiscard]] const char* c_str() const noexcept { return text_.data(); }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] bool truncated() const noexcept { return truncated_; }

  private:
    std::array<char, Capacity> text_{};
    std::size_t size_ = 0;
    bool truncated_ = false;
};

// Shorter than the kernel allows: several of them are on the stack of a request, and a thread's stack may be
// as small as 16 KiB. Longer paths are refused where they come in.
using Path = FixedString<1024>;

}  // namespace hugepage
