// What a test changes of the machine, undone however the test ends (scripts/guardian.sh).
#pragma once

#include <string>
#include <vector>

namespace tests {

class Guardian {
  public:
    // Steps as guardian.sh takes them. They are done when this returns, unless there is a problem().
    explicit Guardian(const std::vector<std::string>& steps);
    // They are undone when this returns. If the test dies, even by SIGKILL, they are undone then.
    ~Guardian();
    Guardian(const Guardian&) = delete;
    Guardian& operator=(const Guardian&) = delete;

    // What could not be done, and why (then nothing is done); or empty.
    [[nodiscard]] const std::string& problem() const { return problem_; }

  private:
    std::string problem_;
    int lifeline_ = -1;  // its stdin
    int answers_ = -1;   // its stdout
};

}  // namespace tests
