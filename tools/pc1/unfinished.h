// What goes again unless it is brought to its end: files on their way, folders made for them.
#pragma once

#include "tools/common/fd.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace pc1 {

// What the name of a file ends in until it is complete.
inline constexpr const char* kUnfinished = ".tmp";

// A file that gets its name when it is complete, and goes with this object if it does not come to that. All
// members throw std::runtime_error: what was tried, on what, why it failed.
class UnfinishedFile {
  public:
    // A new file: what has the unfinished name already, left by a killed process or a link that leads
    // elsewhere, is removed.
    explicit UnfinishedFile(const std::filesystem::path& name);
    ~UnfinishedFile();
    UnfinishedFile(const UnfinishedFile&) = delete;
    UnfinishedFile& operator=(const UnfinishedFile&) = delete;

    // Has the system begin to write it to the disk.
    void append(std::span<const std::uint8_t> bytes);

    // Returns when all of it is on the disk. The end of appending.
    void sync();

    // Gives it its name, replacing what has it, in a way that outlasts a loss of power. After sync().
    void keep();

  private:
    std::filesystem::path name_;
    std::filesystem::path path_;
    tools::Fd fd_;
    std::uint64_t length_ = 0;
    bool kept_ = false;
};

// The folders that lead to a path, as far as they were missing. With this object go those that it made and
// that nothing was put into.
class NewFolders {
  public:
    NewFolders() = default;
    ~NewFolders();
    NewFolders(const NewFolders&) = delete;
    NewFolders& operator=(const NewFolders&) = delete;

    // Throws std::system_error.
    void make(const std::filesystem::path& path);

  private:
    std::vector<std::filesystem::path> made_;  // outermost first
};

}  // namespace pc1
