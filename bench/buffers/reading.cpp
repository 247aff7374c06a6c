// Places are drawn by a multiplicative generator, of whose numbers the upper half is taken.
#include "bench/buffers/reading.h"

#include <sys/resource.h>

#include <bit>
#include <chrono>
#include <cstring>

namespace peers {
namespace {

constexpr std::size_t kSmallPage = 4096;
constexpr std::size_t kLabel = 32;
constexpr std::uint64_t kMultiplier = 6364136223846793005;
constexpr std::uint64_t kIncrement = 1442695040888963407;
constexpr std::uint64_t kSeed = 0x5ec7'0a5e'ed00'0001;

std::uint64_t next(std::uint64_t state) {
    return state * kMultiplier + kIncrement;
}

std::size_t page_faults() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return static_cast<std::size_t>(usage.ru_minflt + usage.ru_majflt);
}

// Where a number points to: one bit of it chooses the buffer, others the label.
class Places {
  public:
    explicit Places(std::span<const Memory> buffers)
        : buffers_{buffers[0].data(), buffers[1].data()}, mask_(buffers[0].size() / kLabel - 1) {}

    [[nodiscard]] const std::uint8_t* at(std::uint64_t number) const {
        return buffers_[number >> 63] + ((number >> 24) & mask_) * kLabel;
    }

  private:
    const std::uint8_t* buffers_[2];
    std::uint64_t mask_;
};

std::uint64_t sum_of_label(const std::uint8_t* label) {
    std::uint64_t words[kLabel / sizeof(std::uint64_t)];
    std::memcpy(words, label, kLabel);
    return words[0] + words[1] + words[2] + words[3];
}

void keep(std::uint64_t value) {
    asm volatile("" : : "r"(value) : "memory");
}

template <class Body>
double seconds_each(std::size_t times, Body body) {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    body();
    return std::chrono::duration<double>(Clock::now() - start).count() / static_cast<double>(times);
}

}  // namespace

Inspection inspect(std::span<const Memory> buffers) {
    Inspection found;
    const std::size_t before = page_faults();
    std::uint64_t random = kSeed;
    for (const Memory& buffer : buffers) {
        for (std::size_t page = 0; page < buffer.size(); page += kSmallPage) {
            random = next(random);
            const std::size_t offset =
                (random >> 32) % (kSmallPage / sizeof(std::uint64_t)) * sizeof(std::uint64_t);
            std::uint64_t word = 0;
            std::memcpy(&word, buffer.data() + page + offset, sizeof word);
            found.not_zero += word != 0 ? 1 : 0;
        }
    }
    found.page_faults = page_faults() - before;
    return found;
}

void leave_something(std::span<const Memory> buffers) {
    for (const Memory& buffer : buffers) {
        std::memset(buffer.data(), 0xa5, buffer.size());
    }
}

double random_read_seconds(std::span<const Memory> buffers, std::size_t reads) {
    const Places places(buffers);
    return seconds_each(reads, [&] {
        std::uint64_t number = kSeed;
        std::uint64_t sum = 0;
        for (std::size_t read = 0; read < reads; ++read) {
            number = next(number);
            sum += sum_of_label(places.at(number));
        }
        keep(sum);
    });
}

double dependent_read_seconds(std::span<const Memory> buffers, std::size_t reads) {
    const Places places(buffers);
    return seconds_each(reads, [&] {
        std::uint64_t number = kSeed;
        for (std::size_t read = 0; read < reads; ++read) {
            number = next(number ^ sum_of_label(places.at(number)));
        }
        keep(number);
    });
}

}  // namespace peers
