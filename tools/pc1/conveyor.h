// Work that some threads do ahead, in any order, and one thread takes over in order: parents for the hashing
// thread, rows for a file.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <vector>

namespace pc1 {

// The work is cut into chunks, numbered from 0. There are a few places for chunks that are done and wait;
// chunk c uses place c modulo their number, and what a place is, is the caller's business.
//
// Nobody spins. A thread that has nothing to do sleeps; the consumer, which is not to be held up, wakes
// producers only when it has freed half the places or is about to sleep itself.
class Conveyor {
  public:
    // Called on the producers' threads: makes chunk `chunk` in place `place`.
    using Produce = std::function<void(std::uint64_t chunk, std::size_t place)>;
    // Called on the thread that called run(), chunk by chunk.
    using Consume = Produce;

    // At least one place.
    Conveyor(std::uint64_t chunks, std::size_t places);

    // Moves all chunks with the help of `producers` >= 1 threads. An exception from either function, or the
    // refusal of a thread, ends the run and is thrown from here, after the threads have ended. Use an object
    // for one run.
    void run(unsigned producers, const Produce& produce, const Consume& consume);

    // For Produce: so many chunks have been consumed, and what their Consume wrote can be read.
    [[nodiscard]] std::uint64_t consumed() const { return consumed_.load(std::memory_order_acquire); }

  private:
    // How many chunks have gone through this place; its own cache line.
    struct alignas(64) Place {
        std::atomic<std::uint64_t> filled = 0;
    };

    void produce_chunks(const Produce& produce);
    void consume_chunks(const Consume& consume);
    [[nodiscard]] bool has_room_for(std::uint64_t chunk) const;
    [[nodiscard]] bool is_filled(std::uint64_t chunk) const;
    bool wait_for_room(std::uint64_t chunk);
    bool wait_until_filled(std::uint64_t chunk);
    void wake_producers();
    void stop(std::exception_ptr reason);

    const std::uint64_t chunks_;
    std::vector<Place> places_;
    std::atomic<std::uint64_t> claimed_ = 0;
    alignas(64) std::atomic<std::uint64_t> consumed_ = 0;

    // For sleeping only. A thread says that it will sleep before it looks for the last time; who has changed
    // something looks for sleepers afterwards. Both in sequential order, so that one of them sees the other.
    std::mutex mutex_;
    std::condition_variable room_;
    std::condition_variable filled_;
    std::atomic<unsigned> sleeping_producers_ = 0;
    std::atomic<bool> consumer_sleeps_ = false;
    std::atomic<bool> stopped_ = false;
    std::exception_ptr failure_;  // under the mutex
};

}  // namespace pc1
