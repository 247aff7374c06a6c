// Chunks in places, and who wakes whom.
#include "tools/pc1/conveyor.h"

#include <algorithm>
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
            places_[chunk % places_.size()].filled.store(chunk / places_.size() + 1);
            if (consumer_sleeps_.load()) {
                const std::lock_guard lock(mutex_);
                filled_.notify_one();
            }
        }
    } catch (...) {
        stop(std::current_exception());
    }
}

void Conveyor::consume_chunks(const Consume& consume) {
    const std::size_t half = (places_.size() + 1) / 2;
    for (std::uint64_t chunk = 0; chunk < chunks_; ++chunk) {
        if (!wait_until_filled(chunk)) {
            return;
        }
        consume(chunk, chunk % places_.size());
        consumed_.store(chunk + 1);
        if ((chunk + 1) % half == 0) {
            wake_producers();
        }
    }
}

bool Conveyor::has_room_for(std::uint64_t chunk) const {
    return chunk < consumed_.load() + places_.size();
}

bool Conveyor::is_filled(std::uint64_t chunk) const {
    return places_[chunk % places_.size()].filled.load() == chunk / places_.size() + 1;
}

bool Conveyor::wait_for_room(std::uint64_t chunk) {
    if (!has_room_for(chunk)) {
        std::unique_lock lock(mutex_);
        ++sleeping_producers_;
        room_.wait(lock, [&] { return has_room_for(chunk) || stopped_; });
        --sleeping_producers_;
    }
    return !stopped_;
}

bool Conveyor::wait_until_filled(std::uint64_t chunk) {
    if (!is_filled(chunk)) {
        wake_producers();
        std::unique_lock lock(mutex_);
        consumer_sleeps_ = true;
        filled_.wait(lock, [&] { return is_filled(chunk) || stopped_; });
        consumer_sleeps_ = false;
    }
    return !stopped_;
}

void Conveyor::wake_producers() {
    if (sleeping_producers_.load() > 0) {
        const std::lock_guard lock(mutex_);
        room_.notify_all();
    }
}

void Conveyor::stop(std::exception_ptr reason) {
    const std::lock_guard lock(mutex_);
    if (!failure_) {
        failure_ = std::move(reason);
    }
    stopped_ = true;
    room_.notify_all();
    filled_.notify_all();
}

}  // namespace pc1
