// Programs that a test starts: with an environment of their own, watched to their end, never left behind.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace tests {

// Variables for the child beside PATH; nothing else of the test's environment is handed down.
using Environment = std::map<std::string, std::string>;

// How a program ended.
struct Outcome {
    int exit_status = -1;  // or -1 if a signal ended it
    int signal = 0;        // or 0
    std::string out;
    std::string err;

    [[nodiscard]] bool ok() const { return exit_status == 0; }
};

// Runs for as long as it lives, at most: killed by the destructor, and by the kernel if the test itself dies.
class ChildProcess {
  public:
    ChildProcess(const std::vector<std::string>& command, const Environment& environment);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }

    // Waits until the child has written the text to stdout; false if it ends without, or hasn't done so after
    // two minutes.
    [[nodiscard]] bool wait_for(const std::string& text);
    // What it has written so far, as far as wait_for has read.
    [[nodiscard]] const std::string& out() const { return out_; }

    // wait() still tells how.
    [[nodiscard]] bool has_ended() const;
    // Until a signal has stopped it; false if it has ended instead.
    [[nodiscard]] bool wait_until_stopped() const;
    // What the kernel says (numa_maps) of the files below a folder that it has mapped: the path of each, and
    // how many pages of which size on which node.
    [[nodiscard]] std::vector<std::string> mapped_files(const std::string& folder) const;

    // Ends the child's stdin, on which a waiting program goes on.
    void close_stdin();
    void kill(int signal) const;
    // Until it has ended and its stdout is closed. If that is still open after ten minutes, it is killed, and
    // its stderr says so.
    [[nodiscard]] Outcome wait();

  private:
    // False at the end of its stdout, or if nothing comes before the deadline.
    bool read_some(std::chrono::steady_clock::time_point deadline);

    pid_t pid_ = -1;
    int stdin_ = -1;
    int stdout_ = -1;
    std::string out_;
    int stderr_ = -1;  // a file without a name
};

[[nodiscard]] Outcome run(const std::vector<std::string>& command, const Environment& environment = {});

}  // namespace tests
