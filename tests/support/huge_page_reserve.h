// Huge pages of a test's own: reserved on top of what the machine has, and given back whatever becomes of the
// test.
#pragma once

#include <cstdint>
#include <string>

namespace tests {

// Adds pages to the kernel's pool of one page size. A guardian process, of its own session, gives exactly
// those back when this object goes or when the test dies, even by SIGKILL. Several tests may hold some at
// once.
class HugePageReserve {
  public:
    HugePageReserve(std::uint64_t page_bytes, std::uint64_t pages);
    ~HugePageReserve();
    HugePageReserve(const HugePageReserve&) = delete;
    HugePageReserve& operator=(const HugePageReserve&) = delete;

    // Why there are fewer than asked for (then none is held), or empty.
    [[nodiscard]] const std::string& shortage() const { return shortage_; }

  private:
    std::string shortage_;
    int lifeline_ = -1;  // the guardian reads the other end; it is closed when this process is gone
    int guardian_ = -1;
};

}  // namespace tests
