// Two stretches of memory that are to behave alike: one that the shim serves, and the anonymous memory of the
// kernel. The same calls are made on both, and everything that a program can see of them is written down.
#pragma once

#include <sys/auxv.h>
#include <sys/mman.h>

#include <cstddef>
#include <string>
#include <vector>

namespace twins {

inline const std::size_t kPage = ::getauxval(AT_PAGESZ);
// A huge page, in pages: what the rows count in. On memory that has none it may be less, down to 64,
// which takes less time.
inline long H = 512;

struct Kind {
    bool shared;
    bool locked;
};

// Whether mlock does anything: a sanitizer's doesn't.
[[nodiscard]] bool can_lock();

// One stretch, `bytes` long, begins where a huge page can. Below and above lies a huge page's length of
// other memory, which is read-only; elsewhere there is a place to move to, `bytes` and two huge pages long.
// All are laid out and filled anew for each sequence of calls. Offsets and lengths are in pages,
// from the beginning of the stretch.
class Twin {
  public:
    enum class Sort { served, plain };
    Twin(Sort sort, Kind kind, std::size_t bytes);
    ~Twin();  // unmaps all of it
    Twin(const Twin&) = delete;
    Twin& operator=(const Twin&) = delete;

    [[nodiscard]] long pages() const { return static_cast<long>(bytes_ / kPage); }
    [[nodiscard]] bool shared() const { return kind_.shared; }
    [[nodiscard]] char* at(long page) const { return base_ + page * static_cast<long>(kPage); }
    [[nodiscard]] char* place(long page = 0) const { return place_ + page * static_cast<long>(kPage); }

    // Each makes the call and notes what came back.
    void munmap(long from, long count);
    void mprotect(long from, long count, int protection);
    void madvise(long from, long count, int advice);
    void posix_madvise(long from, long count, int advice);
    void mlock(long from, long count);
    void mlock2(long from, long count, unsigned flags);
    void munlock(long from, long count);
    void msync(long from, long count, int flags);
    void mincore(long from, long count);
    void mremap(long from, long old_count, long new_count, int flags, void* to = nullptr);
    void mremap_bytes(long from, std::size_t old_length, std::size_t new_length, int flags,
                      void* to = nullptr);
    // Anonymous memory of the kind that the stretch isn't, filled, by MAP_FIXED or the like.
    void map_over(long from, long count, int flags = MAP_FIXED);
    void fill(long from, long count, char byte);
    // Any other call.
    void note(const char* call, long result);
    void note_pointer(const char* call, void* result);

    // What there is now, page by page: mapped, readable, what it reads.
    void look();
    [[nodiscard]] const std::string& seen() const { return seen_; }

  private:
    void lay_out(Sort sort);
    void look_at(const char* name, const char* begin, std::size_t length);
    void end_run(const std::string& what, long pages);

    Kind kind_;
    std::size_t bytes_;
    char* ground_ = nullptr;  // the address space that everything lies in
    std::size_t ground_bytes_ = 0;
    char* base_ = nullptr;
    char* place_ = nullptr;
    char* moved_ = nullptr;  // where mremap put it, if it chose the address
    std::size_t moved_bytes_ = 0;
    bool place_used_ = false;
    std::string seen_;
};

// Where and why a region is known to differ (docs/behaviour.md).
enum class Where { nowhere, on_huge_pages, everywhere };
struct Limit {
    Where where = Where::nowhere;
    const char* why = "";
    enum class Of { any, private_memory, shared_memory, unlocked, shared_unlocked } of = Of::any;
};

struct Row {
    std::string name;
    void (*calls)(Twin&, long argument);
    long argument = 0;
    Limit limit{};
};

[[nodiscard]] std::vector<Row> rows_of_mapping();
[[nodiscard]] std::vector<Row> rows_of_advice();
[[nodiscard]] std::vector<Row> rows_of_moving();

// Random calls for so many steps, mirrored in a model; returns what is wrong, or nothing.
[[nodiscard]] std::string run_randomly(std::size_t bytes, unsigned long seed, long steps);

}  // namespace twins
