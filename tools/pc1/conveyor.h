// Work that some threads do ahead, in any order, and one thread takes over in order: parents for the hashing
// thread, rows for a digest.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <vector>

namespace pc1 {

// The work is cut into chunks, numbered from 0. There are a few places for chunks that are done and wait;
// chunk c uses place c modulo their number, and what a place is, is the caller's business.
//
// A thread that has nothing to do sleeps. The consumer, which is not to be held up, wakes producers only when
// it has freed half the places.
class Conveyor {
  public:
    // Called on the producers' threads: makes chunk `chunk` in place `place`.
    using Produce = std::function<void(std::uint64_t chunk, std::size_t place)>;
    // Called on the thread that called run(), chunk by chunk.
    using Consume = Produce;

    // Fewer than 2^32 chunks, at least one place.
    Conveyor(std::uint64_t chunks, std::size_t places);

    // Moves all chunks with the help of `producers` >= 1 threads. An exception from either function, or the
    // refusal of a thread, ends the run and is thrown from here, after the threads have ended. Use an object
    // for one run.
    void run(unsigned producers, const Produce& produce, const Consume& consume);

    // For Produce: so many chunks have been consumed, and what their Consume wrote can be read.
    [[nodiscard]] std::uint64_t consumed() const { return consumed_.chunks.load(std::memory_order_acquire); }

  private:
    // In 32 bits, on which a thread can sleep; its own cache line.
    struct alignas(64) Count {
        std::atomic<std::uint32_t> chunks = 0;
    };

    void produce_chunks(const Produce& produce);
    void consume_chunks(const Consume& consume);
    [[nodiscard]] bool wait_for_room(std::uint64_t chunk) const;
    [[nodiscard]] bool wait_until_filled(std::uint64_t chunk) const;
    void stop(std::exception_ptr reason);

    const std::uint64_t chunks_;
    std::vector<Count> places_;  // how many have gone through each
    std::atomic<std::uint64_t> claimed_ = 0;
    std::atomic<std::uint32_t> half_turns_ = 0;  // what producers wait for to change
    std::atomic<bool> stopped_ = false;
    std::exception_ptr failure_;  // of whoever has stopped it
    Count consumed_;
};

}  // namespace pc1
