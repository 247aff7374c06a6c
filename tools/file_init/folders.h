// Folders made on the way to the files, which go again if the files do not come.
#pragma once

#include <string>
#include <vector>

namespace file_init {

// What it has made it removes in its destructor, unless keep() was called, and unless somebody has put
// something into it.
class Folders {
  public:
    Folders() = default;
    ~Folders();
    Folders(const Folders&) = delete;
    Folders& operator=(const Folders&) = delete;

    // With mode 0755. What has come to be there meanwhile is none of ours. Throws Failure.
    void make(const std::string& path);
    void keep() noexcept { made_.clear(); }

  private:
    std::vector<std::string> made_;  // outermost first
};

}  // namespace file_init
