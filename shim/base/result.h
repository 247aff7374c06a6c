// The one way to say failure in this project: a value, or what was tried and the errno it ended in.
//
// Nothing here allocates or throws, so a Result may be used on the request path. The caller knows on
// what the attempt was made (a path, a node) and adds it where the failure is reported.
#pragma once

#include <optional>
#include <utility>

namespace hugepage {

struct Error {
    const char* tried = "";  // static text, as "open" or "flock"
    int code = 0;            // an errno value
};

template <class T, class E = Error>
class [[nodiscard]] Result {
  public:
    Result(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor): reads as the value
    Result(E error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor): or as the error

    [[nodiscard]] bool ok() const noexcept { return value_.has_value(); }
    explicit operator bool() const noexcept { return ok(); }

    // Only when ok().
    [[nodiscard]] T& value() noexcept { return *value_; }
    [[nodiscard]] const T& value() const noexcept { return *value_; }
    // Only when not ok().
    [[nodiscard]] const E& error() const noexcept { return error_; }

  private:
    std::optional<T> value_;
    E error_{};
};

struct Done {};
using Status = Result<Done>;

}  // namespace hugepage
