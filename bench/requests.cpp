// Requests that the shim serves, in real preloaded processes, with real huge pages of 2 MiB:
//
// - lease/take|give back/files:F/leased:F-1/bytes:N/zero:always|never: mmap and munmap of the one file of F
//   that no other process holds; the shim comes upon it last
// - mappings/take|mmap passed on/mappings:M: in a process that has M other mappings
// - contention/take and give back/processes:P: P processes at once, and as many files; a pair of one process
#include "bench/requests/client.h"
#include "bench/support/benchmarks.h"
#include "bench/support/cpus.h"
#include "bench/support/pool_folder.h"
#include "bench/support/worker.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

using bench::PoolFolder;
using bench::Worker;

constexpr std::size_t kBytes = 2UL << 20;

constexpr double kSeconds = 0.05;  // of each measurement
// Between two leases, which are rare: soon after one, what the kernel does for the next may cost it less (to
// show /proc/locks takes it 0.5 ms instead of 8).
constexpr double kRest = 0.025;
constexpr double kLeaseSeconds = 10 * kRest;

std::unique_ptr<Worker> start(const std::string& files, const std::string& zero) {
    return std::make_unique<Worker>(bench::Environment{{"LD_PRELOAD", bench::library("libhugepage_shim.so")},
                                                       {"HUGEPAGE_FILES_PATH", files},
                                                       {"HUGEPAGE_MODE", "require"},
                                                       {"HUGEPAGE_WAIT_MS", "1000"},
                                                       {"HUGEPAGE_ZERO", zero},
                                                       {"HUGEPAGE_LOG", "error"}});
}

template <class Number>
std::string with_bytes(const std::string& command, Number number) {
    return command + " " + std::to_string(number) + " " + std::to_string(kBytes);
}

std::string pair(double seconds, double rest) {
    return with_bytes("pair", seconds) + " " + std::to_string(rest);
}

// A pool, processes that hold all of its files but one, and two that take that one in turn: made when the
// first is asked. They hold them while that is measured alone, for the locks of other pools cost time too.
class LastFile {
  public:
    explicit LastFile(std::size_t files) : files_(files) {}

    // Taking and giving back with zeroing, and then the same without.
    std::vector<double> measure() {
        if (!never_) {
            set_up();
        }
        for (const Holder& holder : holders_) {
            holder.process->ask(with_bytes("hold", holder.files));
        }
        std::vector<double> found = always_->ask_numbers(pair(kLeaseSeconds, kRest));
        const std::vector<double> without = never_->ask_numbers(pair(kLeaseSeconds, kRest));
        found.insert(found.end(), without.begin(), without.end());
        for (const Holder& holder : holders_) {
            holder.process->ask("let_go " + std::to_string(kBytes));
        }
        return found;
    }

  private:
    struct Holder {
        std::unique_ptr<Worker> process;
        std::size_t files;
    };

    void set_up() {
        pool_.emplace(files_, kBytes);
        // Each holds what it sees of the pool, which is a part: who takes the last of many looks at all the
        // others.
        constexpr std::size_t kFilesOfAHolder = 50;
        for (std::size_t first = 0; first + 1 < files_; first += kFilesOfAHolder) {
            const std::size_t count = std::min(kFilesOfAHolder, files_ - 1 - first);
            holders_.push_back({start(pool_->part(first, count), "never"), count});
        }
        always_ = start(pool_->path(), "always");
        never_ = start(pool_->path(), "never");
    }

    std::size_t files_;
    std::optional<PoolFolder> pool_;
    std::vector<Holder> holders_;
    std::unique_ptr<Worker> always_;
    std::unique_ptr<Worker> never_;
};

void add_leases() {
    for (const std::size_t files : {1UL, 10UL, 100UL, 1000UL}) {
        const std::string rest = "/files:" + std::to_string(files) + "/leased:" + std::to_string(files - 1) +
                                 "/bytes:" + std::to_string(kBytes) + "/zero:";
        const auto last = std::make_shared<LastFile>(files);
        bench::add_together({"lease/take" + rest + "always", "lease/give back" + rest + "always",
                             "lease/take" + rest + "never", "lease/give back" + rest + "never"},
                            [last] { return last->measure(); });
    }
}

// A process with other mappings beside what it takes, and a pool of one file.
class Crowded {
  public:
    explicit Crowded(std::size_t mappings) : mappings_(mappings) {}

    std::vector<double> measure() {
        if (!client_) {
            pool_.emplace(1, kBytes);
            auto client = start(pool_->path(), "always");
            client->ask("crowd " + std::to_string(mappings_));
            client_ = std::move(client);
        }
        const double take = client_->ask_numbers(pair(kSeconds, 0)).at(0);
        return {take, client_->ask_numbers("pass " + std::to_string(kSeconds)).at(0)};
    }

  private:
    std::size_t mappings_;
    std::optional<PoolFolder> pool_;
    std::unique_ptr<Worker> client_;
};

void add_mappings() {
    for (const std::size_t mappings : {0UL, 1000UL, 10000UL}) {
        const std::string rest = "/mappings:" + std::to_string(mappings);
        const auto crowded = std::make_shared<Crowded>(mappings);
        bench::add_together({"mappings/take" + rest, "mappings/mmap passed on" + rest},
                            [crowded] { return crowded->measure(); });
    }
}

// Processes that take and give back all at once, from a pool with a file for each.
class Contention {
  public:
    explicit Contention(std::size_t processes) : processes_(processes) {}

    std::vector<double> measure() {
        if (clients_.empty()) {
            set_up();
        }
        // So that each has its turn several times where there are fewer CPUs.
        const double seconds = std::max(0.05, 0.005 * static_cast<double>(processes_));
        for (const auto& client : clients_) {
            client->tell(with_bytes("contend", seconds));
        }
        double pairs = 0;
        double taken = 0;
        for (const auto& client : clients_) {
            const auto found = client->hear_numbers();
            pairs += found.at(0);
            taken += found.at(1);
        }
        return {taken / pairs};
    }

  private:
    void set_up() {
        pool_.emplace(processes_, kBytes);
        std::vector<std::unique_ptr<Worker>> clients;
        for (std::size_t i = 0; i < processes_; ++i) {
            // Without zeroing: what is measured is how they get in each other's way, not the memory's speed.
            clients.push_back(start(pool_->path(), "never"));
            clients.back()->ask(pair(0, 0));
        }
        clients_ = std::move(clients);
    }

    std::size_t processes_;
    std::optional<PoolFolder> pool_;
    std::vector<std::unique_ptr<Worker>> clients_;
};

void add_contention() {
    for (std::size_t processes = 1; processes <= 64; processes *= 2) {
        const auto contention = std::make_shared<Contention>(processes);
        bench::add_together({"contention/take and give back/processes:" + std::to_string(processes)},
                            [contention] { return contention->measure(); });
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (bench::was_worker(argc, argv, bench::answer_as_client)) {
        return 0;
    }
    bench::stay_on_one_node();
    add_leases();
    add_mappings();
    add_contention();
    return bench::run(argc, argv);
}
