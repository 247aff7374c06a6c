// The shim's log of one run, in a file of a folder of our own, which nobody else may enter: read as it grows,
// and gone with this object.
#pragma once

#include "tools/common/fd.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ctl {

class FollowedLog {
  public:
    // In TMPDIR, or /tmp. Throws tools::Failure.
    FollowedLog();
    ~FollowedLog();
    FollowedLog(const FollowedLog&) = delete;
    FollowedLog& operator=(const FollowedLog&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    // Readable, for poll(2), when something was written.
    [[nodiscard]] int fd() const { return changes_.get(); }
    // Calls for each line since the last call, with its end.
    void read(const std::function<void(std::string_view line)>& visit);

  private:
    std::string folder_;
    std::string path_;
    tools::Fd file_;
    tools::Fd changes_;
    std::string rest_;  // of a line that isn't whole yet
};

}  // namespace ctl
