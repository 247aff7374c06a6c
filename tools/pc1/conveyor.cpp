// Chunks in places, and who wakes whom.
#include "tools/pc1/conveyor.h"

#include <thread>
#include <utility>

namespace pc1 {

Conveyor::Conveyor(std::uint64_t chunks, std::size_t places) : chunks_(chunks), places_(places) {}

void Conveyor::run(unsigned producers, const Produce& produce, const Consume& consume) {
    {
        std::vector<std::jthread> threads;
        try {
            for (unsigned i = 0; i < producers; ++i) {
                threads.emplace_back([this, &produce] { produce_chunks(produce); });
            }
            consume_chunks(consume);
        } catch (...) {
            stop(std::current_exception());
        }
    }
    if (failure_) {
        std::rethrow_exception(failure_);
    }
}

void Conveyor::produce_chunks(const Produce& produce) {
    try {
        for (;;) {
            const std::uint64_t chunk = claimed_.fetch_add(1, std::memory_order_relaxed);
            if (chunk >= chunks_ || !wait_for_room(chunk)) {
                return;
            }
            produce(chunk, chunk % places_.size());
            auto& filled = places_[chunk % places_.size()].chunks;
            filled.store(static_cast<std::uint32_t>(chunk / places_.size() + 1));
            filled.notify_one();
        }
    } catch (...) {
        stop(std::current_exception());
    }
}

void Conveyor::consume_chunks(const Consume& consume) {
    const std::size_t half = (places_.size() + 1) / 2;
    for (std::uint64_t chunk = 0; chunk < chunks_ && wait_until_filled(chunk); ++chunk) {
        consume(chunk, chunk % places_.size());
        consumed_.chunks.store(static_cast<std::uint32_t>(chunk + 1));
        if ((chunk + 1) % half == 0) {
            ++half_turns_;
            half_turns_.notify_all();
        }
    }
}

// Among the numbers of chunks for which there may be room before this one is needed, one ends a half turn.
bool Conveyor::wait_for_room(std::uint64_t chunk) const {
    for (;;) {
        const std::uint32_t half_turns = half_turns_.load();
        const bool has_room = chunk < consumed_.chunks.load() + places_.size();
        if (has_room || stopped_) {
            return !stopped_;
        }
        half_turns_.wait(half_turns);
    }
}

bool Conveyor::wait_until_filled(std::uint64_t chunk) const {
    const auto& filled = places_[chunk % places_.size()].chunks;
    const auto wanted = static_cast<std::uint32_t>(chunk / places_.size() + 1);
    std::uint32_t seen = 0;
    while ((seen = filled.load()) != wanted && !stopped_) {
        filled.wait(seen);
    }
    return !stopped_;
}

// All that a thread may be sleeping on changes.
void Conveyor::stop(std::exception_ptr reason) {
    if (!stopped_.exchange(true)) {
        failure_ = std::move(reason);
    }
    ++half_turns_;
    half_turns_.notify_all();
    for (Count& place : places_) {
        place.chunks = ~std::uint32_t{0};
        place.chunks.notify_one();
    }
}

}  // namespace pc1
