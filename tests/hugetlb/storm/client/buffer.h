// Memory as a sealer takes it, every word of which says whose it is.
#pragma once

#include "tests/hugetlb/storm/random.h"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace storm {

// One owner of one buffer, unlike any other.
std::uint64_t mark_of(pid_t process, std::size_t thread, std::uint64_t round);

// Whatever it finds other than it must be is a violation, which ends the process. Nothing is allocated: a
// child forked off a threaded process uses it too.
class Buffer {
  public:
    // Fresh memory, found to be zero, then filled.
    Buffer(std::size_t bytes, bool shared, std::uint64_t mark);
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer();

    [[nodiscard]] bool is_shared() const { return shared_; }
    // Nothing of it has been given back yet.
    [[nodiscard]] bool is_whole() const { return from_ == 0 && to_ == bytes_; }
    [[nodiscard]] char* begin() const { return base_ + from_; }
    [[nodiscard]] std::size_t length() const { return to_ - from_; }

    // That each word still says so.
    void verify(const char* when) const;

    // What owners do with their memory. `clear` is for private memory, as is `grow`.
    void clear(Random& random);
    void clear_all(std::uint64_t new_mark);
    void trim(Random& random);
    void shrink(Random& random);
    void grow();
    void lock() const;
    void protect() const;
    // In two to four parts, with a look at what is left before each.
    void give_back_in_parts(Random& random);

  private:
    void fill(std::size_t from, std::size_t to);
    void expect_zero(std::size_t from, std::size_t to, const char* when) const;
    void verify(std::size_t from, std::size_t to, const char* when) const;
    void unmap(std::size_t from, std::size_t to) const;
    [[nodiscard]] std::size_t page_within(Random& random) const;

    char* base_;
    std::size_t bytes_;
    std::size_t from_ = 0;  // what is left of it
    std::size_t to_;
    bool shared_;
    std::uint64_t mark_;
};

}  // namespace storm
