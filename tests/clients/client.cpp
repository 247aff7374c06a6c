// A C++ program that asks for one large buffer from the allocator, in each of the ways that C and C++ have.
//
//   client WAY BYTES             WAY: a name of kWays
//   client small_blocks BYTES    instead of a large one
//
// stdout: what it computed. stderr: how many files of the pool it has mapped, after each step.

#include <malloc.h>
#include <stdlib.h>

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

// A buffer, and how it is given back.
struct Buffer {
    unsigned char* bytes;
    std::function<void()> release;
};

Buffer from_malloc(void* memory) {
    return {static_cast<unsigned char*>(memory), [memory] { std::free(memory); }};
}

Buffer vector(std::size_t size) {
    auto owner = std::make_shared<std::vector<unsigned char>>(size);
    return {owner->data(), [owner] { std::vector<unsigned char>().swap(*owner); }};
}

Buffer array_new(std::size_t size) {
    auto* memory = new unsigned char[size];
    return {memory, [memory] { delete[] memory; }};
}

Buffer zeroed(std::size_t size) {
    Buffer buffer = from_malloc(std::calloc(size / 32, 32));
    std::printf("zero: %d\n", static_cast<int>(std::count(buffer.bytes, buffer.bytes + size, 0)));
    return buffer;
}

// From a smaller one, whose content has to come along.
Buffer grown(std::size_t size) {
    auto* small = static_cast<unsigned char*>(std::malloc(size / 2));
    std::memset(small, 7, size / 2);
    Buffer buffer = from_malloc(std::realloc(small, size));
    std::printf("kept: %d\n", static_cast<int>(std::count(buffer.bytes, buffer.bytes + size / 2, 7)));
    return buffer;
}

// The same by a name that not every allocator has, from a buffer and to a buffer of that very size.
Buffer grown_array(std::size_t size) {
    auto* memory = static_cast<unsigned char*>(std::malloc(size));
    std::memset(memory, 7, size);
    Buffer buffer = from_malloc(::reallocarray(memory, size / 32, 32));
    std::printf("kept: %d\n", static_cast<int>(std::count(buffer.bytes, buffer.bytes + size, 7)));
    return buffer;
}

// To a larger one, which is no file's size.
Buffer outgrown(std::size_t size) {
    auto* memory = static_cast<unsigned char*>(std::malloc(size));
    std::memset(memory, 7, size);
    Buffer buffer = from_malloc(std::realloc(memory, size + size / 2));
    std::printf("kept: %d\n", static_cast<int>(std::count(buffer.bytes, buffer.bytes + size, 7)));
    return buffer;
}

Buffer aligned(std::size_t size) {
    void* memory = nullptr;
    std::printf("posix_memalign: %d\n", ::posix_memalign(&memory, 4096, size));
    std::printf("aligned: %d\n", reinterpret_cast<std::uintptr_t>(memory) % 4096 == 0);
    return from_malloc(memory);
}

Buffer mapped(std::size_t size) {
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return {static_cast<unsigned char*>(memory), [=] { ::munmap(memory, size); }};
}

const std::map<std::string, Buffer (*)(std::size_t)> kWays = {
    {"malloc", [](std::size_t size) { return from_malloc(std::malloc(size)); }},
    {"calloc", zeroed},
    {"posix_memalign", aligned},
    {"aligned_alloc", [](std::size_t size) { return from_malloc(std::aligned_alloc(64, size)); }},
    {"realloc", grown},
    {"realloc_away", outgrown},
    {"reallocarray", grown_array},
    {"new", array_new},
    {"vector", vector},
    {"mmap", mapped},
};

void tell(const char* step) {
    std::ifstream maps("/proc/self/maps");
    int files = 0;
    for (std::string line; std::getline(maps, line);) {
        files += line.find("/numa_0/") == std::string::npos ? 0 : 1;
    }
    std::fprintf(stderr, "%s %d\n", step, files);
}

std::uint64_t next(std::uint64_t state) {
    return state * 6364136223846793005U + 1442695040888963407U;
}

// Other memory of all sizes, taken and given back around the large buffer.
std::uint64_t churn(std::uint64_t seed) {
    std::vector<std::string> kept(64);
    std::uint64_t sum = seed;
    for (std::size_t i = 0; i < 20000; ++i) {
        sum = next(sum);
        std::string& block = kept[(sum >> 40) % kept.size()];
        block.assign((sum >> 33) % (i % 100 == 0 ? 300000 : 3000), static_cast<char>(i));
        sum ^= block.size();
    }
    return sum;
}

// No large buffer, but small ones until they are as much: many are replaced, then all are looked at.
int take_small_blocks(std::size_t size) {
    std::vector<std::string> blocks;
    std::uint64_t state = 1;
    for (std::size_t taken = 0; taken < size; taken += blocks.back().size()) {
        state = next(state);
        blocks.emplace_back((state >> 40) % 4000, static_cast<char>(state >> 33));
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        state = next(state);
        blocks[(state >> 40) % blocks.size()] = std::string((state >> 33) % 6000, static_cast<char>(i));
    }
    tell("taken");
    for (const auto& block : blocks) {
        state = next(state ^ std::hash<std::string>{}(block));
    }
    std::printf("sum %016jx of %zu\n", static_cast<std::uintmax_t>(state), blocks.size());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        return 2;
    }
    const std::size_t size = std::strtoull(argv[2], nullptr, 10);
    if (argv[1] == std::string("small_blocks")) {
        return take_small_blocks(size);
    }
    for (std::uint64_t round = 0; round < 2; ++round) {
        const Buffer buffer = kWays.at(argv[1])(size);
        tell("taken");
        std::uint64_t sum = churn(round);
        for (std::size_t i = 0; i < size; ++i) {
            buffer.bytes[i] = static_cast<unsigned char>(i * 0x9e3779b97f4a7c15U >> 56);
        }
        for (std::size_t i = 0; i < size; ++i) {
            sum = sum * 31 + buffer.bytes[i];
        }
        std::printf("sum %016jx\n", static_cast<std::uintmax_t>(sum));
        buffer.release();
        tell("released");
    }
    return 0;
}
