// Processes that measure: the program starts itself anew, with a library preloaded, and asks the new process
// line by line. So what is measured is a real preloaded process, and the program that reports is not one.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace bench {

using Environment = std::map<std::string, std::string>;
using Words = std::vector<std::string>;

// Ends with this object, and with this program however that ends.
class Worker {
  public:
    // In the environment of this program, with these variables; HUGEPAGE_… and LD_PRELOAD are not handed
    // down.
    explicit Worker(const Environment& environment);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // Hands it a line, and waits for its answer. An answer that is an error, or none at all, is thrown as
    // Missing.
    void tell(const std::string& line) const;
    [[nodiscard]] std::string hear() const;
    std::string ask(const std::string& line) const {
        tell(line);
        return hear();
    }
    // The answer as numbers.
    [[nodiscard]] std::vector<double> hear_numbers() const;
    [[nodiscard]] std::vector<double> ask_numbers(const std::string& line) const {
        tell(line);
        return hear_numbers();
    }

  private:
    pid_t pid_ = -1;
    int to_ = -1;
    int from_ = -1;
};

// Where main was started as a worker: answers until nobody asks any more, and returns true. What `answer`
// throws is the worker's answer, as an error.
[[nodiscard]] bool was_worker(int argc, char** argv, const std::function<std::string(const Words&)>& answer);

// A library of the build that this program is of.
[[nodiscard]] std::string library(const std::string& file_name);

[[nodiscard]] std::string numbers(const std::vector<double>& values);

}  // namespace bench
