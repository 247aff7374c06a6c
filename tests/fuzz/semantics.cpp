// Sequences of mapping calls on memory that the shim serves, with ordinary memory below and above it, against
// the same calls on the kernel's own anonymous memory, and against a model of it: the same answers, and the
// same content, page by page.
//
// The pool is one of small files on tmpfs, which the shim takes for trying things out; where a page of the
// file is one of memory, there are none of the limits that huge pages have.
#include "shim/base/next.h"
#include "shim/regions/calls.h"
#include "shim/request/request.h"
#include "tests/fuzz/fuzzing.h"
#include "tests/support/memory_steps.h"
#include "tests/support/temp_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>

namespace {

using namespace hugepage;
using fuzzing::Choices;
using fuzzing::expect;
using tests::kPageBytes;
using tests::MemoryModel;
using tests::Step;
using Call = Step::Call;

// The calls past the shim.
struct Kernel {
    static int munmap(void* memory, std::size_t bytes) { return next::munmap(memory, bytes); }
    static int madvise(void* memory, std::size_t bytes, int advice) {
        return next::madvise(memory, bytes, advice);
    }
    static int mprotect(void* memory, std::size_t bytes, int protection) {
        return next::mprotect(memory, bytes, protection);
    }
    static int mlock(const void* memory, std::size_t bytes) { return next::mlock(memory, bytes); }
    static int munlock(const void* memory, std::size_t bytes) { return next::munlock(memory, bytes); }
    static int mincore(void* memory, std::size_t bytes, unsigned char* residence) {
        return next::mincore(memory, bytes, residence);
    }
    static void* mremap(void* memory, std::size_t bytes, std::size_t new_bytes, int flags, void* to) {
        return next::mremap(memory, bytes, new_bytes, flags, to);
    }
    static void* mmap(void* memory, std::size_t bytes, int protection, int flags) {
        return next::mmap(memory, bytes, protection, flags, -1, 0);
    }
};

// As the program's calls go that has the shim preloaded (interpose.cpp).
struct Shim {
    static int munmap(void* memory, std::size_t bytes) {
        return regions::may_touch(memory, bytes) ? regions::munmap(memory, bytes)
                                                 : Kernel::munmap(memory, bytes);
    }
    static int madvise(void* memory, std::size_t bytes, int advice) {
        return regions::may_touch(memory, bytes) ? regions::madvise(memory, bytes, advice)
                                                 : Kernel::madvise(memory, bytes, advice);
    }
    static int mprotect(void* memory, std::size_t bytes, int protection) {
        return regions::may_touch(memory, bytes) ? regions::mprotect(memory, bytes, protection)
                                                 : Kernel::mprotect(memory, bytes, protection);
    }
    static int mlock(const void* memory, std::size_t bytes) {
        return regions::may_touch(memory, bytes) ? regions::mlock(memory, bytes)
                                                 : Kernel::mlock(memory, bytes);
    }
    static int munlock(const void* memory, std::size_t bytes) {
        return regions::may_touch(memory, bytes) ? regions::munlock(memory, bytes)
                                                 : Kernel::munlock(memory, bytes);
    }
    static int mincore(void* memory, std::size_t bytes, unsigned char* residence) {
        return regions::may_touch(memory, bytes) ? regions::mincore(memory, bytes, residence)
                                                 : Kernel::mincore(memory, bytes, residence);
    }
    static void* mremap(void* memory, std::size_t bytes, std::size_t new_bytes, int flags, void* to) {
        return (flags & MREMAP_FIXED) != 0 || regions::may_touch_from(memory, bytes)
                   ? regions::mremap(memory, bytes, new_bytes, flags, to)
                   : Kernel::mremap(memory, bytes, new_bytes, flags, to);
    }
    static void* mmap(void* memory, std::size_t bytes, int protection, int flags) {
        const MapRequest request{memory, bytes, protection, flags, -1, 0};
        return (flags & MAP_FIXED) != 0 && regions::may_touch(memory, bytes)
                   ? regions::map_over(request, next::mmap.function())
                   : request::memory_for(request, next::mmap.function());
    }
};

// Made once. The files' sizes are in pages.
constexpr std::size_t kLarge = 24;
constexpr std::size_t kSmall = 4;

class Pool {
  public:
    Pool() {
        for (const char* name : {"a", "b"}) {
            add(std::string("large-") + name, kLarge);
            add(std::string("small-") + name, kSmall);
        }
        ::setenv("HUGEPAGE_FILES_PATH", folder_.path().c_str(), 1);
        ::setenv("HUGEPAGE_NODE", "0", 1);
        ::setenv("HUGEPAGE_ZERO_THREADS", "0", 1);
        ::setenv("HUGEPAGE_FALLBACK", "plain", 1);
        ::setenv("HUGEPAGE_LOG", "off", 1);
    }
    void expect_free() const {
        for (const int file : files_) {
            expect(::flock(file, LOCK_EX | LOCK_NB) == 0, "a file is free when its last page is unmapped");
            ::flock(file, LOCK_UN);
        }
    }

  private:
    void add(const std::string& name, std::size_t pages) {
        // As a former owner might have left it.
        const auto path = folder_.write("numa_0/" + name, std::string(pages * kPageBytes, 'x'));
        std::filesystem::permissions(path, std::filesystem::perms(0600));
        files_.push_back(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    }

    tests::TempDir folder_{"/dev/shm"};
    std::vector<int> files_;
};

// Two segments of address space, far below where the kernel puts what it chooses the place of: nothing else
// comes into their gaps.
constexpr std::size_t kBelow = 8;
constexpr std::size_t kPages = kBelow + kLarge + 8;
constexpr std::uintptr_t kServedAt = 0x2000'0000'0000;
constexpr std::uintptr_t kPlainAt = 0x2001'0000'0000;

constexpr std::array kCalls = {Call::write,   Call::unmap,  Call::clear,     Call::clear_otherwise,
                               Call::advise,  Call::lock,   Call::unlock,    Call::protect,
                               Call::move_to, Call::shrink, Call::map_over,  Call::map_back,
                               Call::write,   Call::clear,  Call::move_away, Call::write};

bool can_lock() {
    static const bool can = [] {
        const std::size_t kBytes = 4 * kPages * kPageBytes;
        void* const memory =
            Kernel::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
        const bool locked = Kernel::mlock(memory, kBytes) == 0;
        Kernel::munmap(memory, kBytes);
        return locked;
    }();
    return can;
}

class Run {
  public:
    explicit Run(Choices& choices) : choices_(choices) {
        const Step below{.call = Call::map_over, .count = kBelow};
        const Step all_between{
            .call = Call::map_back, .from = kBelow, .count = kLarge, .yes = choices_.yes()};
        const Step above{.call = Call::map_over, .from = kBelow + kLarge, .count = kPages - kBelow - kLarge};
        for (const Step& step : {below, all_between, above}) {
            play(step);
        }
        const auto begin = reinterpret_cast<std::uintptr_t>(served_.at(kBelow));
        const Range region{begin, begin + kLarge * kPageBytes};
        expect(state::regions.segment_at(region).range == region, "the memory is served");
        expect(served_.difference(model_, 0, kPages).empty(), "fresh memory is zero");
    }

    void steps() {
        for (int step = 0; step < kMostSteps && !choices_.done() && !is_over_; ++step) {
            const Step next = next_step();
            if (can_be_compared(next)) {
                play(next);
            }
        }
        if (!is_over_) {
            check(served_, 0, kPages);
            check(plain_, 0, kPages);
            check_protection();
        }
        expect(Shim::munmap(served_.at(0), kPages * kPageBytes) == 0, "all can be unmapped");
        Kernel::munmap(plain_.at(0), kPages * kPageBytes);
        expect(state::regions.size() == 0, "nothing is known of what has been unmapped");
    }

  private:
    static constexpr int kMostSteps = 60;  // a few dozen calls are enough for whatever there is to meet

    Step next_step() {
        Step step = tests::choose_step(kCalls, {kPages, 1, 6}, model_,
                                       [this](std::size_t bound) { return choices_.below(bound); });
        if (step.call == Call::map_back) {  // of a size that can be served
            const std::size_t most = kPages - step.from;
            step.count = most >= kLarge ? kLarge : std::min(most, kSmall);
        }
        return step;
    }

    [[nodiscard]] bool can_be_compared(const Step& step) const {
        if ((step.call == Call::lock || step.call == Call::unlock) && !can_lock()) {
            return false;
        }
        // Kernels before 6.7 refuse to punch what can't be written to.
        if (step.advice == MADV_REMOVE) {
            for (std::size_t i = step.from; i < step.from + step.count; ++i) {
                if (!model_.page(i).writable) {
                    return false;
                }
            }
        }
        return tests::is_certain(step, model_);
    }

    // The kernel doesn't always join again what it has split, and moves no memory that is split: EFAULT. Then
    // there is nothing more to be compared. A region is one, whatever it has gone through.
    [[nodiscard]] static bool is_mremap(const Step& step) {
        return step.call == Call::move_to || step.call == Call::move_away || step.call == Call::shrink;
    }
    [[nodiscard]] bool is_in_a_region(const Step& step) const {
        const auto begin = reinterpret_cast<std::uintptr_t>(served_.at(step.from));
        const Range range{begin, begin + step.count * kPageBytes};
        const Segment segment = state::regions.segment_at(range);
        return segment.kind == Segment::Kind::piece && segment.range == range;
    }

    void play(const Step& step) {
        const bool may_be_split = is_mremap(step) && !is_in_a_region(step);
        const int plain = plain_.perform(step, model_);
        is_over_ = plain == EFAULT && is_mremap(step);
        if (is_over_) {
            return;
        }
        const int served = served_.perform(step, model_);
        is_over_ = served == EFAULT && may_be_split;
        if (is_over_) {
            return;
        }
        const int wanted = tests::mirror(step, model_);
        if (plain != wanted || served != wanted) {
            say(step, "the model has code " + std::to_string(wanted) + ", ordinary memory " +
                          std::to_string(plain) + ", served memory " + std::to_string(served));
            expect(plain == wanted, "ordinary memory answers as its model");
            expect(served == wanted, "served memory answers as ordinary memory");
        }
        last_ = step;
        check(served_, step.from, step.count);
        check(plain_, step.from, step.count);
        if (step.call == Call::move_to) {
            check(served_, step.to, step.count);
        }
    }

    template <class Memory>
    void check(const Memory& memory, std::size_t from, std::size_t count) const {
        const std::string difference = memory.difference(model_, from, count);
        if (!difference.empty()) {
            say(last_,
                (memory.at(0) == plain_.at(0) ? "in ordinary memory, " : "in served memory, ") + difference);
            expect(false, "every page is as in the model");
        }
    }

    // Asked of the kernel, so that nothing can end the program.
    void check_protection() const {
        for (std::size_t i = 0; i < kPages; ++i) {
            const MemoryModel::Page& page = model_.page(i);
            if (page.mapped) {
                const int answer = Kernel::madvise(served_.at(i), kPageBytes, MemoryModel::kPopulateWrite);
                expect((answer == 0) == page.writable, "a page is protected as it was asked to be");
            }
        }
    }

    static void say(const Step& step, const std::string& what) {
        std::fprintf(stderr, "does not hold after call %d, pages %zu to %zu, to %zu, advice %d, %s: %s\n",
                     static_cast<int>(step.call), step.from, step.from + step.count, step.to, step.advice,
                     step.yes ? "yes" : "no", what.c_str());
    }

    Choices& choices_;
    MemoryModel model_{kPages};
    tests::SteppedMemory<Shim> served_{reinterpret_cast<char*>(kServedAt)};
    tests::SteppedMemory<Kernel> plain_{reinterpret_cast<char*>(kPlainAt)};
    Step last_;
    bool is_over_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Pool pool;
    Choices choices(data, size);
    Run(choices).steps();
    pool.expect_free();
    return 0;
}
