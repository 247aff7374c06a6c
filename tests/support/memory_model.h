// A model of anonymous memory, page by page: what each mapping call does to it, and what it answers.
#pragma once

#include <sys/auxv.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <vector>

namespace tests {

inline const std::size_t kPageBytes = ::getauxval(AT_PAGESZ);

class MemoryModel {
  public:
    // Newer than the headers of some systems that this is built on.
    static constexpr int kPopulateRead = 22;
    static constexpr int kPopulateWrite = 23;
    static constexpr int kDontneedLocked = 24;

    // All its bytes are alike. It can always be read.
    struct Page {
        bool mapped = false;
        bool shared = false;
        bool locked = false;
        bool writable = true;
        char byte = 0;
        std::size_t origin = 0;  // neighbours of one mapping have neighbouring numbers
    };

    explicit MemoryModel(std::size_t pages) : pages_(pages) {}

    [[nodiscard]] std::size_t size() const { return pages_.size(); }
    [[nodiscard]] const Page& page(std::size_t index) const { return pages_[index]; }

    // Whether they are pages of one mapping, in their order and alike: what mremap takes in one.
    [[nodiscard]] bool is_one_mapping(std::size_t from, std::size_t count) const {
        const Page& first = pages_[from];
        for (std::size_t i = 0; i < count; ++i) {
            const Page& page = pages_[from + i];
            if (!page.mapped || page.origin != first.origin + i || page.shared != first.shared ||
                page.locked != first.locked || page.writable != first.writable) {
                return false;
            }
        }
        return true;
    }
    [[nodiscard]] bool is_free(std::size_t from, std::size_t count) const {
        for (std::size_t i = from; i < from + count; ++i) {
            if (pages_[i].mapped) {
                return false;
            }
        }
        return true;
    }

    // The calls. Each returns the code, 0 for success; what precedes the page that it ends at is done.

    // Fresh memory, in the place of what is there.
    int map(std::size_t from, std::size_t count, bool shared) {
        origins_ += 2 * pages_.size();  // no neighbours of any other
        for (std::size_t i = from; i < from + count; ++i) {
            pages_[i] = Page{.mapped = true, .shared = shared, .origin = origins_ + i};
        }
        return 0;
    }
    int unmap(std::size_t from, std::size_t count) {
        for (std::size_t i = from; i < from + count; ++i) {
            pages_[i] = Page{};
        }
        return 0;
    }
    // Without an overlap.
    int move(std::size_t from, std::size_t count, std::size_t to) {
        origins_ += 2 * pages_.size();
        for (std::size_t i = 0; i < count; ++i) {
            pages_[to + i] = pages_[from + i];
            pages_[to + i].origin = origins_ + i;
        }
        return unmap(from, count);
    }
    // Up to the first hole.
    int lock(std::size_t from, std::size_t count, bool locked) {
        return up_to_a_hole(from, count, [&](Page& page) { page.locked = locked; });
    }
    int protect(std::size_t from, std::size_t count, bool writable) {
        return up_to_a_hole(from, count, [&](Page& page) { page.writable = writable; });
    }
    // Up to the first page that it is refused for; most go over holes, which they report at the end.
    int advise(std::size_t from, std::size_t count, int advice) {
        const bool stops_at_a_hole = advice == kPopulateRead || advice == kPopulateWrite;
        int at_the_end = 0;
        for (std::size_t i = from; i < from + count; ++i) {
            if (pages_[i].mapped) {
                if (const int code = advise_one(pages_[i], advice)) {
                    return code;
                }
            } else if (stops_at_a_hole) {
                return ENOMEM;
            } else {
                at_the_end = ENOMEM;
            }
        }
        return at_the_end;
    }
    // By the program itself, so of what it may write to.
    void write(std::size_t index, char byte) { pages_[index].byte = byte; }
    // Where it isn't for the model to say.
    void set_writable(std::size_t index, bool writable) { pages_[index].writable = writable; }

  private:
    template <class Set>
    int up_to_a_hole(std::size_t from, std::size_t count, Set set) {
        for (std::size_t i = from; i < from + count; ++i) {
            if (!pages_[i].mapped) {
                return ENOMEM;
            }
            set(pages_[i]);
        }
        return 0;
    }

    static int advise_one(Page& page, int advice) {
        switch (advice) {
            case MADV_DONTNEED:
                if (page.locked) {
                    return EINVAL;
                }
                [[fallthrough]];
            case kDontneedLocked:
                page.byte = page.shared ? page.byte : char{0};
                return 0;
            case MADV_REMOVE:
                if (page.locked || !page.shared) {
                    return EINVAL;
                }
                page.byte = 0;
                return 0;
            case MADV_COLD:
                return page.locked ? EINVAL : 0;
            case kPopulateWrite:
                return page.writable ? 0 : EINVAL;
            default:
                return 0;
        }
    }

    std::vector<Page> pages_;
    std::size_t origins_ = 0;
};

}  // namespace tests
