// Lines of the kernel's tables of locks, mappings and processes. Allocates nothing; what isn't such a line is
// passed over.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hugepage {

// As stat(2) has it: st_dev, st_ino.
struct FileId {
    dev_t device = 0;
    ino_t inode = 0;

    friend auto operator<=>(const FileId&, const FileId&) = default;
};

// A line of /proc/locks, if it is of a flock that somebody has (not of one that is waited for).
struct FileLock {
    FileId file;
    pid_t pid = 0;
};
[[nodiscard]] std::optional<FileLock> parse_lock(std::string_view line) noexcept;

// A line of /proc/PID/maps, if it is of a file.
struct MappedFile {
    FileId file;
    std::uintptr_t first_byte = 0;  // where it is, or would be
};
[[nodiscard]] std::optional<MappedFile> parse_mapped_file(std::string_view line) noexcept;

// The time the process was started, in clock ticks after the machine was, of /proc/PID/stat.
[[nodiscard]] std::optional<std::uint64_t> parse_start_ticks(std::string_view stat) noexcept;

}  // namespace hugepage
