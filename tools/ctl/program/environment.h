// The variables of a process, as a list that can be changed and handed to a program.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ctl {

// Null-terminated, as execve(2) takes it, for as long as the words are there.
[[nodiscard]] std::vector<char*> as_list(const std::vector<std::string>& words);

class Environment {
  public:
    Environment() = default;
    explicit Environment(std::vector<std::string> entries) : entries_(std::move(entries)) {}

    [[nodiscard]] static Environment own();
    // From /proc/PID/environ; throws tools::Failure if it can't be read.
    [[nodiscard]] static Environment of_process(const std::string& path);

    // Null if it isn't set; until the next change.
    [[nodiscard]] const char* find(std::string_view name) const;
    // Empty if it isn't set.
    [[nodiscard]] std::string value(std::string_view name) const;
    void set(const std::string& name, const std::string& value);
    void remove(std::string_view name);

    // Until the next change.
    [[nodiscard]] std::vector<char*> list() const { return as_list(entries_); }
    [[nodiscard]] const std::vector<std::string>& entries() const { return entries_; }

  private:
    std::vector<std::string> entries_;  // NAME=value
};

}  // namespace ctl
