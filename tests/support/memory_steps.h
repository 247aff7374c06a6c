// Mapping calls one after the other, chosen at random or by a fuzzer: each is made on memory, mirrored in a
// model of it, and compared.
#pragma once

#include "tests/support/memory_model.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>

namespace tests {

struct Step {
    enum class Call {
        write,
        unmap,
        clear,            // by the advice that does so for the first page
        clear_otherwise,  // by the one that doesn't
        advise,
        lock,
        unlock,
        protect,
        move_away,  // grown by a page, so to another address; and unmapped there
        move_to,    // to another place in the same memory
        shrink,
        map_over,  // by MAP_FIXED
        map_back   // by a hint
    };

    Call call = Call::write;
    std::size_t from = 0;  // in pages
    std::size_t count = 0;
    std::size_t to = 0;
    int advice = 0;
    char byte = 0;
    bool yes = false;  // to be shared, or writable
};

// What ranges are chosen from.
struct Grid {
    std::size_t pages;
    std::size_t unit;   // some ranges are whole ones
    std::size_t small;  // most are of no more pages, or units, than this
};

// `below(n)` chooses a number from 0 to n - 1; by an input's bytes, n is no more than 256.
template <class Below>
Step choose_step(std::span<const Step::Call> calls, const Grid& grid, const MemoryModel& model, Below below) {
    using Call = Step::Call;
    Step step{.call = calls[below(calls.size())]};
    const std::size_t unit = grid.unit > 1 && below(3) == 0 ? grid.unit : 1;
    step.from = below(grid.pages / unit) * unit;
    step.count =
        std::min(grid.pages - step.from, (1 + below(below(4) == 0 ? grid.pages : grid.small)) * unit);
    const bool is_shared = model.page(step.from).shared;
    constexpr std::array kOtherAdvice = {MADV_COLD, MemoryModel::kPopulateRead, MemoryModel::kPopulateWrite,
                                         MemoryModel::kDontneedLocked};
    switch (step.call) {
        case Call::write:
            step.byte = static_cast<char>(1 + below(120));
            break;
        case Call::clear:
            step.advice = is_shared ? MADV_REMOVE : MADV_DONTNEED;
            break;
        case Call::clear_otherwise:
            step.advice = is_shared ? MADV_DONTNEED : MADV_REMOVE;
            break;
        case Call::advise:
            step.advice = kOtherAdvice.at(below(kOtherAdvice.size()));
            break;
        case Call::protect:
        case Call::map_over:
        case Call::map_back:
            step.yes = below(2) == 1;
            break;
        case Call::move_to:
            step.to = below(grid.pages - step.count + 1);
            break;
        default:
            break;
    }
    return step;
}

// Whether anonymous memory has one answer to it, which the model knows.
inline bool is_certain(const Step& step, const MemoryModel& model) {
    const bool overlaps = step.to < step.from + step.count && step.from < step.to + step.count;
    switch (step.call) {
        case Step::Call::move_away:
        case Step::Call::shrink:
            return model.is_one_mapping(step.from, step.count);
        case Step::Call::move_to:
            return !overlaps && model.is_one_mapping(step.from, step.count);
        case Step::Call::map_back:
            return model.is_free(step.from, step.count);
        default:
            return true;
    }
}

// In the model; the code. (move_away ends as an unmap.)
inline int mirror(const Step& step, MemoryModel& model) {
    const auto [call, from, count, to, advice, byte, yes] = step;
    switch (call) {
        case Step::Call::write:
            for (std::size_t i = from; i < from + count; ++i) {
                if (model.page(i).mapped && model.page(i).writable) {
                    model.write(i, byte);
                }
            }
            return 0;
        case Step::Call::unmap:
        case Step::Call::move_away:
            return model.unmap(from, count);
        case Step::Call::clear:
        case Step::Call::clear_otherwise:
        case Step::Call::advise:
            return model.advise(from, count, advice);
        case Step::Call::lock:
        case Step::Call::unlock:
            return model.lock(from, count, call == Step::Call::lock);
        case Step::Call::protect:
            return model.protect(from, count, yes);
        case Step::Call::move_to:
            return model.move(from, count, to);
        case Step::Call::shrink:
            return model.unmap(from + (count + 1) / 2, count / 2);
        case Step::Call::map_over:
        case Step::Call::map_back:
            return model.map(from, count, yes);
    }
    return 0;
}

// Memory from `base` on, and the calls by which it is used: Calls has the C functions' names.
template <class Calls>
class SteppedMemory {
  public:
    explicit SteppedMemory(char* base) : base_(base) {}

    // To be called before the step is mirrored. The code; -1 if the call has done something else than it
    // should.
    int perform(const Step& step, const MemoryModel& model) const {
        using Call = Step::Call;
        char* const from = at(step.from);
        const std::size_t bytes = step.count * kPageBytes;
        switch (step.call) {
            case Call::write:
                for (std::size_t i = step.from; i < step.from + step.count; ++i) {
                    if (model.page(i).mapped && model.page(i).writable) {
                        std::memset(at(i), step.byte, kPageBytes);
                    }
                }
                return 0;
            case Call::unmap:
                return code_of(Calls::munmap(from, bytes));
            case Call::clear:
            case Call::clear_otherwise:
            case Call::advise:
                return code_of(Calls::madvise(from, bytes, step.advice));
            case Call::lock:
                return code_of(Calls::mlock(from, bytes));
            case Call::unlock:
                return code_of(Calls::munlock(from, bytes));
            case Call::protect:
                return code_of(Calls::mprotect(from, bytes, step.yes ? PROT_READ | PROT_WRITE : PROT_READ));
            case Call::move_away:
                return move_away(step, model);
            case Call::move_to:
                return code_of(Calls::mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, at(step.to)),
                               at(step.to));
            case Call::shrink:
                return code_of(Calls::mremap(from, bytes, (step.count + 1) / 2 * kPageBytes, 0, nullptr),
                               from);
            case Call::map_over:
            case Call::map_back: {
                const int fixed = step.call == Call::map_over ? MAP_FIXED : 0;
                const int kind = step.yes ? MAP_SHARED : MAP_PRIVATE;
                return code_of(Calls::mmap(from, bytes, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS | fixed),
                               from);
            }
        }
        return -1;
    }

    // Where some pages are other than in the model; empty if nowhere.
    [[nodiscard]] std::string difference(const MemoryModel& model, std::size_t from,
                                         std::size_t count) const {
        for (std::size_t i = from; i < from + count; ++i) {
            unsigned char residence = 0;
            const bool mapped = Calls::mincore(at(i), kPageBytes, &residence) == 0;
            const MemoryModel::Page& page = model.page(i);
            if (mapped != page.mapped) {
                return "page " + std::to_string(i) + (mapped ? " is mapped" : " is not mapped");
            }
            if (mapped && !is_all(at(i), page.byte)) {
                return "page " + std::to_string(i) + " reads " + std::to_string(*at(i)) + ", not " +
                       std::to_string(page.byte);
            }
        }
        return {};
    }

    [[nodiscard]] char* at(std::size_t page) const { return base_ + page * kPageBytes; }

  private:
    static int code_of(int result) { return result == 0 ? 0 : errno; }
    static int code_of(const void* result, const void* wanted) {
        return result == MAP_FAILED ? errno : result == wanted ? 0 : -1;
    }
    static bool is_all(const char* memory, char byte) {
        return memory[0] == byte && std::memcmp(memory, memory + 1, kPageBytes - 1) == 0;
    }

    int move_away(const Step& step, const MemoryModel& model) const {
        const std::size_t bytes = step.count * kPageBytes;
        void* const memory = Calls::mremap(at(step.from), bytes, bytes + kPageBytes, MREMAP_MAYMOVE, nullptr);
        if (memory == MAP_FAILED) {
            return errno;
        }
        bool is_kept = true;
        for (std::size_t i = 0; i < step.count; ++i) {
            is_kept = is_kept &&
                      is_all(static_cast<char*>(memory) + i * kPageBytes, model.page(step.from + i).byte);
        }
        const int code = code_of(Calls::munmap(memory, bytes + kPageBytes));
        return is_kept ? code : -1;
    }

    char* base_;
};

}  // namespace tests
