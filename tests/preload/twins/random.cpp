// Random calls on served memory, each mirrored in a model that knows what anonymous memory would hold.

#include "tests/preload/twins/twin.h"
#include "tests/support/memory_steps.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>

namespace twins {
namespace {

using tests::MemoryModel;
using tests::Step;
using Call = Step::Call;

// The program's, before which the shim stands.
struct Calls {
    static int munmap(void* memory, std::size_t bytes) { return ::munmap(memory, bytes); }
    static int madvise(void* memory, std::size_t bytes, int advice) {
        return ::madvise(memory, bytes, advice);
    }
    static int mprotect(void* memory, std::size_t bytes, int protection) {
        return ::mprotect(memory, bytes, protection);
    }
    static int mlock(const void* memory, std::size_t bytes) { return ::mlock(memory, bytes); }
    static int munlock(const void* memory, std::size_t bytes) { return ::munlock(memory, bytes); }
    static int mincore(void* memory, std::size_t bytes, unsigned char* residence) {
        return ::mincore(memory, bytes, residence);
    }
    static void* mremap(void* memory, std::size_t bytes, std::size_t new_bytes, int flags, void* to) {
        return ::mremap(memory, bytes, new_bytes, flags, to);
    }
    static void* mmap(void* memory, std::size_t bytes, int protection, int flags) {
        return ::mmap(memory, bytes, protection, flags, -1, 0);
    }
};

// As often as each is here. Those that huge pages can't do in parts are not (docs/behaviour.md).
constexpr std::array kCalls = {Call::unmap,           Call::clear, Call::clear,  Call::clear,
                               Call::clear_otherwise, Call::lock,  Call::unlock, Call::protect,
                               Call::move_away,       Call::write, Call::write,  Call::write};

class Run {
  public:
    Run(std::size_t bytes, unsigned long seed) : bytes_(bytes), random_(seed), model_(bytes / kPage) {}
    ~Run() { ::munmap(base_, bytes_); }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    std::string steps(long count) {
        for (long step = 0; step < count && wrong_.empty(); ++step) {
            if (step % kLifetime == 0) {
                take_anew();
            }
            if (wrong_.empty()) {
                one_call();
            }
            if (wrong_.empty() && step % 97 == 0) {
                wrong_ = memory().difference(model_, 0, model_.size());
            }
            if (!wrong_.empty()) {
                wrong_ = "step " + std::to_string(step) + ", " + wrong_;
            }
        }
        return wrong_;
    }

  private:
    static constexpr long kLifetime = 400;  // calls until the memory is given back and taken again

    [[nodiscard]] tests::SteppedMemory<Calls> memory() const { return tests::SteppedMemory<Calls>(base_); }

    void take_anew() {
        if (base_ != nullptr && ::munmap(base_, bytes_) != 0) {
            wrong_ = "munmap of all fails";
            return;
        }
        const bool shared = random_() % 3 == 0;
        void* memory = Calls::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                                   MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE));
        if (memory == MAP_FAILED) {
            base_ = nullptr;
            wrong_ = "no memory: is the lease of the last gone?";
            return;
        }
        base_ = static_cast<char*>(memory);
        model_.map(0, model_.size(), shared);
    }

    [[nodiscard]] Step next_step() {
        const auto huge = static_cast<std::size_t>(H);
        const auto below = [this](std::size_t bound) { return random_() % bound; };
        Step step = tests::choose_step(kCalls, {model_.size(), huge, 40}, model_, below);
        if (step.call == Call::unmap && step.count > 300 && random_() % 4 != 0) {
            step.count = 3;  // or there is soon nothing left
        }
        if (step.call == Call::move_away) {
            step.count = std::min<std::size_t>(step.count, 20);
        }
        if (step.call == Call::protect) {  // in whole huge pages
            step.from = step.from / huge * huge;
            step.count = std::min((step.count + huge - 1) / huge * huge, model_.size() - step.from);
        }
        return step;
    }

    void one_call() {
        const Step step = next_step();
        const bool locks = step.call == Call::lock || step.call == Call::unlock;
        if ((locks && !can_lock_) || !tests::is_certain(step, model_)) {
            return;
        }
        const int code = memory().perform(step, model_);
        const int wanted = tests::mirror(step, model_);
        if (step.call == Call::protect && wanted == ENOMEM && (code == ENOMEM || code == EINVAL)) {
            // The rest of a huge page with a gap in it is protected too, or none of it (docs/behaviour.md).
            ask_protection(step);
        } else if (code != wanted) {
            wrong_ = "code " + std::to_string(code) + ", not " + std::to_string(wanted);
        }
        if (wrong_.empty()) {
            wrong_ = memory().difference(model_, step.from, step.count);
        }
        if (!wrong_.empty()) {
            wrong_ = "call " + std::to_string(static_cast<int>(step.call)) + " of " +
                     std::to_string(step.count) + " pages from " + std::to_string(step.from) +
                     (model_.page(step.from).shared ? ", shared: " : ": ") + wrong_;
        }
    }

    // What became of it is not for the model to say here; the kernel knows.
    void ask_protection(const Step& step) {
        for (std::size_t i = step.from; i < step.from + step.count; ++i) {
            if (model_.page(i).mapped) {
                model_.set_writable(i, ::madvise(memory().at(i), kPage, MADV_POPULATE_WRITE) == 0);
            }
        }
    }

    const bool can_lock_ = can_lock();
    std::size_t bytes_;
    std::mt19937_64 random_;
    char* base_ = nullptr;
    MemoryModel model_;
    std::string wrong_;
};

}  // namespace

std::string run_randomly(std::size_t bytes, unsigned long seed, long steps) {
    return Run(bytes, seed).steps(steps);
}

}  // namespace twins
