// Random numbers that can be repeated: in a handful of bytes, as every thread and forked child needs its
// own.
#pragma once

#include <cstddef>
#include <cstdint>

namespace storm {

class Random {  // splitmix64
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }
    std::size_t below(std::size_t limit) { return next() % limit; }
    bool one_in(std::size_t times) { return below(times) == 0; }

  private:
    std::uint64_t state_;
};

}  // namespace storm
