#include "bench/calls/heap.h"

#include "bench/support/benchmarks.h"
#include "bench/support/timing.h"

#include <cstdlib>
#include <map>

namespace bench {
namespace {

constexpr double kRoundSeconds = 0.005;
constexpr std::size_t kFewestBatches = 5;

// In a batch: few of those that take long.
std::size_t calls_of(std::size_t bytes) {
    return bytes < 4096 ? 64 : 8;
}

// By pointers that the compiler can't see through: it knows what malloc is, and leaves pairs out.
void* (*volatile malloc_by)(std::size_t) = std::malloc;
void* (*volatile calloc_by)(std::size_t, std::size_t) = std::calloc;
void* (*volatile realloc_by)(void*, std::size_t) = std::realloc;
void (*volatile free_by)(void*) = std::free;

using Memory = std::vector<void*>;

template <class Call>
double timed(const Memory& memory, Call&& call) {
    const double seconds = seconds_of([&] {
        for (std::size_t i = 0; i < memory.size(); ++i) {
            call(i);
        }
    });
    return seconds / static_cast<double>(memory.size());
}

void allocate(Memory& memory, std::size_t bytes) {
    for (void*& each : memory) {
        each = malloc_by(bytes);
    }
}

void release(Memory& memory) {
    for (void*& each : memory) {
        if (each == nullptr) {
            throw Missing("there is no memory");
        }
        free_by(each);
    }
}

double malloc_batch(Memory& memory, std::size_t bytes) {
    auto* const call = malloc_by;
    const double seconds = timed(memory, [&](std::size_t i) { memory[i] = call(bytes); });
    release(memory);
    return seconds;
}

double calloc_batch(Memory& memory, std::size_t bytes) {
    auto* const call = calloc_by;
    const double seconds = timed(memory, [&](std::size_t i) { memory[i] = call(1, bytes); });
    release(memory);
    return seconds;
}

// To twice what it was.
double realloc_batch(Memory& memory, std::size_t bytes) {
    allocate(memory, bytes / 2);
    auto* const call = realloc_by;
    const double seconds = timed(memory, [&](std::size_t i) { memory[i] = call(memory[i], bytes); });
    release(memory);
    return seconds;
}

double free_batch(Memory& memory, std::size_t bytes) {
    allocate(memory, bytes);
    auto* const call = free_by;
    return timed(memory, [&](std::size_t i) { call(memory[i]); });
}

using Batch = double (*)(Memory& memory, std::size_t bytes);

const std::map<std::string, Batch>& batches() {
    static const std::map<std::string, Batch> all{
        {"malloc", malloc_batch}, {"calloc", calloc_batch}, {"realloc", realloc_batch}, {"free", free_batch}};
    return all;
}

}  // namespace

std::vector<std::string> heap_calls() {
    std::vector<std::string> names;
    for (const auto& [name, batch] : batches()) {
        names.push_back(name);
    }
    return names;
}

double measure_heap(const std::string& call, std::size_t bytes) {
    const Batch batch = batches().at(call);
    Memory memory(calls_of(bytes));
    batch(memory, bytes);
    return median_for(kRoundSeconds, kFewestBatches, [&] { return batch(memory, bytes); });
}

}  // namespace bench
