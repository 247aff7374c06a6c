// Getting a buffer into place: fresh memory of the kernel's, which zeroes it, by several threads that each
// take their share.
#include "bench/memory/memory.h"
#include "bench/support/benchmarks.h"
#include "bench/support/cpus.h"

#include <sys/mman.h>
#include <sys/prctl.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <utility>

namespace bench {
namespace {

// Populates that part of the space. What needs it mapped beforehand finds it so.
struct Way {
    const char* name;
    bool maps;  // by itself
    std::function<void(const Space& space, Pages pages, int fd, const Share& share)> populate;
};

void expect_done(int result, const char* what) {
    if (result != 0) {
        throw Missing(std::string(what) + ": " + std::strerror(errno));
    }
}

void touch(const Space& space, Pages pages, int /*fd*/, const Share& share) {
    const std::size_t step = pages == Pages::kThp ? bytes_of(Pages::k4KiB) : bytes_of(pages);
    auto* const at = static_cast<volatile std::byte*>(space.begin() + share.begin);
    for (std::size_t offset = 0; offset < share.length; offset += step) {
        at[offset] = std::byte{1};
    }
}

void populate_write(const Space& space, Pages /*pages*/, int /*fd*/, const Share& share) {
    expect_done(::madvise(space.begin() + share.begin, share.length, MADV_POPULATE_WRITE),
                "MADV_POPULATE_WRITE");
}

void lock(const Space& space, Pages /*pages*/, int /*fd*/, const Share& share) {
    expect_done(::mlock(space.begin() + share.begin, share.length), "mlock");
}

void map_populate(const Space& space, Pages pages, int fd, const Share& share) {
    space.map(pages, fd, share.begin, share.length, MAP_POPULATE);
}

// mmap with MAP_POPULATE comes before any advice: where transparent huge pages are for all it takes them,
// unless this process wants none, and where they are for those who ask it can't have them.
void expect_thp_for_all() {
    if (thp_mode() != "always") {
        throw Missing(
            "MAP_POPULATE populates before it can be advised: needs transparent_hugepage/enabled always");
    }
}

// While it lives this process gets no transparent huge pages, if that is wanted.
class NoThp {
  public:
    explicit NoThp(bool wanted) : wanted_(wanted) { set(1); }
    ~NoThp() { set(0); }
    NoThp(const NoThp&) = delete;
    NoThp& operator=(const NoThp&) = delete;

  private:
    void set(unsigned long disabled) const {
        if (wanted_) {
            ::prctl(PR_SET_THP_DISABLE, disabled, 0, 0, 0);
        }
    }

    bool wanted_;
};

double populate_once(const Way& way, Pages pages, std::size_t bytes, std::size_t threads, bool look) {
    if (pages == Pages::kThp && way.maps) {
        expect_thp_for_all();
    }
    const NoThp no_thp(pages == Pages::k4KiB);
    const Space space(bytes);
    const auto file = is_hugetlb(pages) ? std::make_unique<UnnamedFile>(pages, bytes) : nullptr;
    const int fd = file ? file->fd() : -1;
    if (!file) {
        expect_available(bytes);
    }
    if (!way.maps) {
        space.map(pages, fd, 0, bytes);
    }
    const double seconds = crew().run(threads, [&](std::size_t i) {
        const Share share = share_of(bytes, i, threads, std::max(bytes_of(pages), bytes_of(Pages::k2MiB)));
        if (share.length > 0) {
            way.populate(space, pages, fd, share);
        }
    });
    if (look) {
        expect_pages(space.begin(), bytes, pages, stay_on_one_node().node.value);
    }
    return seconds;
}

void measure(benchmark::State& state, const Way& way, Pages pages, std::size_t bytes, std::size_t threads) {
    drop_buffers();  // their memory is wanted
    bool is_first = true;
    for (auto _ : state) {
        state.SetIterationTime(populate_once(way, pages, bytes, threads, is_first));
        is_first = false;
    }
}

}  // namespace

void add_populate() {
    const std::vector<Way> ways{{"touch", false, touch},
                                {"MADV_POPULATE_WRITE", false, populate_write},
                                {"mlock", false, lock},
                                {"MAP_POPULATE", true, map_populate}};
    const std::size_t bytes = buffer_bytes();
    for (const Pages pages : kAllPages) {
        for (const Way& way : ways) {
            for (const std::size_t threads : thread_counts()) {
                add(std::string("populate/") + way.name + "/threads:" + std::to_string(threads) +
                        of_buffer(pages, bytes),
                    [way, pages, bytes, threads](benchmark::State& state) {
                        measure(state, way, pages, bytes, threads);
                    })
                    ->Iterations(1);
            }
        }
    }
}

}  // namespace bench
