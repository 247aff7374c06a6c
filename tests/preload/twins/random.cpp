// Random calls on served memory, each mirrored in a model that knows what anonymous memory would hold.

#include "tests/preload/twins/twin.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <random>

namespace twins {
namespace {

// One page of the model; all its bytes are alike.
struct Page {
    bool mapped = true;
    bool locked = false;
    bool writable = true;
    char byte = 0;
};

class Run {
  public:
    Run(std::size_t bytes, unsigned long seed) : bytes_(bytes), random_(seed) {}
    ~Run() { ::munmap(base_, bytes_); }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    std::string steps(long count) {
        for (long step = 0; step < count && wrong_.empty(); ++step) {
            if (step % kLifetime == 0) {
                take_anew();
            }
            one_call();
            check(from_, count_);
            if (step % 97 == 0) {
                check(0, pages_.size());
            }
            if (!wrong_.empty()) {
                wrong_ = "step " + std::to_string(step) + ", " + wrong_;
            }
        }
        return wrong_;
    }

  private:
    static constexpr long kLifetime = 400;  // calls until the memory is given back and taken again

    void take_anew() {
        if (base_ != nullptr) {
            expect("munmap of all", ::munmap(base_, bytes_), 0, 0);
        }
        shared_ = random_() % 3 == 0;
        const int flags = MAP_ANONYMOUS | (shared_ ? MAP_SHARED : MAP_PRIVATE);
        void* memory = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, flags, -1, 0);
        if (memory == MAP_FAILED) {
            base_ = nullptr;
            wrong_ = "no memory: is the lease of the last gone?";
            return;
        }
        base_ = static_cast<char*>(memory);
        pages_.assign(bytes_ / kPage, Page{});
        from_ = 0;
        count_ = 0;
    }

    // Small ranges and large ones, some in whole huge pages.
    void choose_range() {
        const std::size_t all = pages_.size();
        const std::size_t unit = random_() % 3 == 0 ? static_cast<std::size_t>(kPagesPerHuge) : 1;
        from_ = random_() % (all / unit) * unit;
        const std::size_t most = random_() % 4 == 0 ? all : 40;
        count_ = std::min(all - from_, (1 + random_() % most) * unit);
    }

    void one_call() {
        if (!wrong_.empty()) {
            return;
        }
        choose_range();
        switch (random_() % 12) {
            case 0:
                return unmap();
            case 1:
            case 2:
            case 3:
                return clear(shared_ ? MADV_REMOVE : MADV_DONTNEED);
            case 4:
                return clear(shared_ ? MADV_DONTNEED : MADV_REMOVE);
            case 5:
                return lock(true);
            case 6:
                return lock(false);
            case 7:
                return protect();
            case 8:
                return move();
            default:
                return write();
        }
    }

    void write() {
        const char byte = static_cast<char>(1 + random_() % 120);
        for (std::size_t i = from_; i < from_ + count_; ++i) {
            if (pages_[i].mapped && pages_[i].writable) {
                std::memset(at(i), byte, kPage);
                pages_[i].byte = byte;
            }
        }
    }

    void unmap() {
        if (count_ > 300 && random_() % 4 != 0) {
            count_ = 3;
        }
        expect("munmap", ::munmap(at(from_), count_ * kPage), 0, 0);
        std::fill_n(pages_.begin() + static_cast<std::ptrdiff_t>(from_), count_, Page{.mapped = false});
    }

    // Up to the first locked page, which is refused; holes are passed over and reported at the end.
    void clear(int advice) {
        const bool does = advice == (shared_ ? MADV_REMOVE : MADV_DONTNEED);
        const bool fails = advice == MADV_REMOVE && !shared_;
        int code = 0;
        for (std::size_t i = from_; i < from_ + count_; ++i) {
            if (!pages_[i].mapped) {
                code = ENOMEM;
            } else if (pages_[i].locked || fails) {
                code = EINVAL;
                break;
            } else if (does) {
                pages_[i].byte = 0;
            }
        }
        expect("madvise", ::madvise(at(from_), count_ * kPage, advice), code == 0 ? 0 : -1, code);
    }

    // Up to the first hole.
    void lock(bool lock) {
        if (!can_lock_) {
            return;
        }
        int code = 0;
        for (std::size_t i = from_; i < from_ + count_ && code == 0; ++i) {
            if (!pages_[i].mapped) {
                code = ENOMEM;
            } else {
                pages_[i].locked = lock;
            }
        }
        const int result = lock ? ::mlock(at(from_), count_ * kPage) : ::munlock(at(from_), count_ * kPage);
        expect(lock ? "mlock" : "munlock", result, code == 0 ? 0 : -1, code);
    }

    void protect() {
        const auto huge = static_cast<std::size_t>(kPagesPerHuge);
        from_ = from_ / huge * huge;
        count_ = std::min((count_ + huge - 1) / huge * huge, pages_.size() - from_);
        const bool writable = random_() % 2 == 0;
        int code = 0;
        for (std::size_t i = from_; i < from_ + count_ && code == 0; ++i) {
            if (!pages_[i].mapped) {
                code = ENOMEM;
            } else {
                pages_[i].writable = writable;
            }
        }
        const int result =
            ::mprotect(at(from_), count_ * kPage, writable ? PROT_READ | PROT_WRITE : PROT_READ);
        // The rest of a huge page with a gap in it is protected too, or none of it (README, "Limits").
        if (code == ENOMEM && result == -1 && (errno == ENOMEM || errno == EINVAL)) {
            return ask_protection();
        }
        expect("mprotect", result, code == 0 ? 0 : -1, code);
    }

    // What became of it is not for the model to say here; the kernel knows.
    void ask_protection() {
        for (std::size_t i = from_; i < from_ + count_; ++i) {
            if (pages_[i].mapped) {
                pages_[i].writable = ::madvise(at(i), kPage, MADV_POPULATE_WRITE) == 0;
            }
        }
    }

    // Grown by a page, so to another address; and the grown memory unmapped again.
    void move() {
        count_ = std::min<std::size_t>(count_, 20);
        for (std::size_t i = from_; i < from_ + count_; ++i) {
            const Page& page = pages_[i];
            const Page& first = pages_[from_];
            if (!page.mapped || page.locked != first.locked || page.writable != first.writable) {
                return;
            }
        }
        void* memory = ::mremap(at(from_), count_ * kPage, (count_ + 1) * kPage, MREMAP_MAYMOVE);
        if (memory == MAP_FAILED) {
            wrong_ = "mremap fails";
            return;
        }
        for (std::size_t i = 0; i < count_; ++i) {
            compare(static_cast<char*>(memory) + i * kPage, pages_[from_ + i], from_ + i);
            pages_[from_ + i] = Page{.mapped = false};
        }
        expect("munmap of what was moved", ::munmap(memory, (count_ + 1) * kPage), 0, 0);
    }

    void expect(const char* call, int result, int wanted, int code) {
        if (result != wanted || (result == -1 && errno != code)) {
            wrong_ = std::string(call) + " of " + where(from_) + ": " + std::to_string(result) + " " +
                     ::strerrorname_np(errno) + ", not " + std::to_string(wanted) + " " +
                     ::strerrorname_np(code);
        }
    }

    [[nodiscard]] std::string where(std::size_t page) const {
        return "page " + std::to_string(page) + " (range " + std::to_string(from_) + ", " +
               std::to_string(count_) + (shared_ ? ", shared)" : ", private)");
    }

    void check(std::size_t from, std::size_t count) {
        for (std::size_t i = from; i < from + count && wrong_.empty(); ++i) {
            unsigned char residence = 0;
            const bool mapped = ::mincore(at(i), kPage, &residence) == 0;
            if (mapped != pages_[i].mapped) {
                wrong_ = where(i) + (mapped ? " is mapped" : " is not mapped");
            } else if (mapped) {
                compare(at(i), pages_[i], i);
            }
        }
    }

    void compare(const char* memory, const Page& page, std::size_t index) {
        if (memory[0] != page.byte || std::memcmp(memory, memory + 1, kPage - 1) != 0) {
            wrong_ =
                where(index) + " reads " + std::to_string(memory[0]) + ", not " + std::to_string(page.byte);
        }
    }

    [[nodiscard]] char* at(std::size_t page) const { return base_ + page * kPage; }

    const bool can_lock_ = can_lock();
    std::size_t bytes_;
    std::mt19937_64 random_;
    char* base_ = nullptr;
    bool shared_ = false;
    std::vector<Page> pages_;
    std::size_t from_ = 0;
    std::size_t count_ = 0;
    std::string wrong_;
};

}  // namespace

std::string run_randomly(std::size_t bytes, unsigned long seed, long steps) {
    return Run(bytes, seed).steps(steps);
}

}  // namespace twins
