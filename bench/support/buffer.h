// Memory to measure: on pages of one kind, all of it in place and looked at.
#pragma once

#include "bench/support/pages.h"

#include <cstddef>
#include <filesystem>

namespace bench {

// A file of its own on hugetlbfs, which has no name any more, so it ends with this object however that ends.
class UnnamedFile {
  public:
    UnnamedFile(Pages pages, std::size_t bytes);
    ~UnnamedFile();
    UnnamedFile(const UnnamedFile&) = delete;
    UnnamedFile& operator=(const UnnamedFile&) = delete;

    [[nodiscard]] int fd() const { return fd_; }

  private:
    int fd_ = -1;
};

// Address space of that size, mapped by whoever wants to, that begins where any page can begin.
class Space {
  public:
    explicit Space(std::size_t bytes);
    ~Space();
    Space(const Space&) = delete;
    Space& operator=(const Space&) = delete;

    [[nodiscard]] std::byte* begin() const { return begin_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

    // Maps that part of it: ordinary memory, advised as its kind of pages wants it, or this part of the file.
    // Nothing is populated, unless by more_flags.
    void map(Pages pages, int fd, std::size_t offset, std::size_t length, int more_flags = 0) const;

  private:
    void* whole_;
    std::size_t whole_bytes_;
    std::byte* begin_;
    std::size_t bytes_;
};

// Populated by all threads of the crew. Throws Missing if the machine hasn't got the memory, or if what it
// has got isn't such pages.
class Buffer {
  public:
    Buffer(Pages pages, std::size_t bytes);

    [[nodiscard]] std::byte* begin() const { return space_.begin(); }
    [[nodiscard]] std::size_t bytes() const { return space_.bytes(); }
    [[nodiscard]] Pages pages() const { return pages_; }
    // Once more: the kernel may have changed them meanwhile.
    void expect_pages() const;

  private:
    Pages pages_;
    Space space_;
};

// BENCH_BYTES, or 64 MiB.
[[nodiscard]] std::size_t buffer_bytes();

}  // namespace bench
