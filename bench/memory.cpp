// Large buffers on each kind of pages: what it takes to get one, to zero one, and to read one at random.
//
//   zeroing/shim|memset|streaming stores|bandwidth/threads:T/pages:2 MiB|1 GiB/bytes:N
//   populate/touch|MADV_POPULATE_WRITE|mlock|MAP_POPULATE/threads:T/pages:4 KiB|THP|2 MiB|1 GiB/bytes:N
//   reads/random|dependent/pages:…/bytes:N
//
// N is BENCH_BYTES. Huge pages are those of BENCH_HUGETLBFS and BENCH_HUGETLBFS_1G, folders on hugetlbfs with
// that many free pages. All runs on the CPUs of one node.
#include "bench/memory/memory.h"

#include "bench/support/benchmarks.h"
#include "bench/support/cpus.h"

#include <map>
#include <utility>

namespace bench {
namespace {

std::map<Pages, std::unique_ptr<KeptBuffer>>& all_kept() {
    static std::map<Pages, std::unique_ptr<KeptBuffer>> kept;
    return kept;
}

}  // namespace

KeptBuffer& kept_buffer(Pages pages, std::size_t bytes) {
    auto& kept = all_kept();
    if (const auto found = kept.find(pages); found != kept.end()) {
        found->second->buffer.expect_pages();
        return *found->second;
    }
    try {
        kept[pages] = std::make_unique<KeptBuffer>(pages, bytes);
    } catch (const Missing&) {
        // Of ordinary memory there may be enough for one at a time only.
        kept.erase(pages);
        if (is_hugetlb(pages) || kept.erase(Pages::k4KiB) + kept.erase(Pages::kThp) == 0) {
            throw;
        }
        kept[pages] = std::make_unique<KeptBuffer>(pages, bytes);
    }
    return *kept[pages];
}

void drop_buffers() {
    all_kept().clear();
}

std::string of_buffer(Pages pages, std::size_t bytes) {
    return std::string("/pages:") + name_of(pages) + "/bytes:" + std::to_string(bytes);
}

}  // namespace bench

int main(int argc, char** argv) {
    bench::let_memory_stay();
    bench::add_zeroing();
    bench::add_populate();
    bench::add_reads();
    const int status = bench::run(argc, argv);
    bench::drop_buffers();
    return status;
}
