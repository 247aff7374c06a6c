#include "tools/pc1/compare.h"

#include "tools/common/child.h"
#include "tools/common/command_line.h"
#include "tools/common/log.h"
#include "tools/common/terminal.h"
#include "tools/common/values.h"
#include "tools/pc1/sector_buffer.h"
#include "tools/pc1/stretch.h"

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <numa.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <stdexcept>
#include <utility>

namespace pc1 {
namespace {

namespace fs = std::filesystem;
using tools::Ended;
using tools::run_child;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kToSpare = 128 * kMiB;
constexpr std::uint64_t kSectorInCache = 16 << 10;  // both layers fit into the first cache
constexpr double kEnough =
    0.95;  // of the buffers must be on the pages, and the node, that they are named after
constexpr int kLeastRounds = 2;
// Of a measurement: some milliseconds, and a second or two.
constexpr double kLeastLabels = 5'000;
constexpr double kMostLabels = 1'000'000;
constexpr const char* kPools = "/run/hugepage-compare";  // of each process that compares, by its number

std::uint64_t page_bytes() {
    return static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// The sum of these lines of a node's memory; of the machine's, where the kernel knows no nodes.
std::uint64_t memory_of(int node, std::initializer_list<const char*> names) {
    std::ifstream file(fmt::format("/sys/devices/system/node/node{}/meminfo", node));
    if (!file) {
        file.open("/proc/meminfo");
    }
    std::uint64_t kib = 0;
    for (std::string line; std::getline(file, line);) {
        for (const char* name : names) {
            const std::size_t at = line.find(name);
            kib += at == std::string::npos
                       ? 0
                       : std::strtoull(line.c_str() + at + std::strlen(name), nullptr, 10);
        }
    }
    return kib << 10;
}

// The node on which this runs, and the farthest from it that has memory, if there is another.
std::vector<int> near_and_farthest() {
    if (numa_available() < 0) {
        return {0};
    }
    const int near = std::max(numa_node_of_cpu(sched_getcpu()), 0);
    int farthest = near;
    for (int node = 0; node <= numa_max_node(); ++node) {
        const bool has_memory = numa_bitmask_isbitset(numa_all_nodes_ptr, static_cast<unsigned>(node)) != 0 &&
                                numa_node_size64(node, nullptr) > 0;
        if (has_memory && numa_distance(near, node) > numa_distance(near, farthest)) {
            farthest = node;
        }
    }
    return farthest == near ? std::vector{near} : std::vector{near, farthest};
}

// Whether so many sectors fit on each node, with something to spare. Clean files of the page cache count.
bool fits(const std::vector<int>& nodes, std::uint64_t sector, double sectors) {
    const double wanted = static_cast<double>(sector) * sectors * 1.1 + static_cast<double>(kToSpare);
    return std::ranges::all_of(nodes, [&](int node) {
        return wanted <=
               static_cast<double>(memory_of(node, {"MemFree:", "Inactive(file):", "SReclaimable:"}));
    });
}

// Ordinary buffers and files of 2 MiB pages are there at once: twice two sectors.
std::uint64_t largest_sector(const std::vector<int>& nodes, std::uint64_t wanted) {
    for (std::uint64_t sector = wanted; sector >= kLeastSector; sector /= 2) {
        if (fits(nodes, sector, 4)) {
            return sector;
        }
    }
    throw std::runtime_error(fmt::format(
        "there is not enough free memory to compare on a sector of {}: on each node there must be five times "
        "that, and {}",
        tools::page_size_text({kLeastSector}), tools::page_size_text({kToSpare})));
}

std::string reason_of(const Ended& ended) {
    std::string text = ended.errors.empty() ? ended.output : ended.errors;
    while (text.ends_with('\n')) {
        text.pop_back();
    }
    text = text.substr(text.rfind('\n') + 1);
    return text.empty() ? fmt::format("it ended with status {}", ended.status) : text;
}

// "4 KiB pages" and so on, and how a process comes by it.
struct Memory {
    std::string name{};
    std::string pages = "asis";   // one of kStretchPages
    std::string pool{};           // whose files serve
    std::uint64_t page_size = 0;  // of the pool
};

// Pools of our own, for as long as this lives.
class Pools {
  public:
    explicit Pools(const tools::Interrupts& interrupts)
        : interrupts_(interrupts), hugepagectl_(find_hugepagectl()) {
        remove_leftovers();
    }
    ~Pools() {
        for (const std::string& pool : made_) {
            remove(pool);
        }
    }
    Pools(const Pools&) = delete;
    Pools& operator=(const Pools&) = delete;

    [[nodiscard]] const std::string& hugepagectl() const { return hugepagectl_; }

    // Two files on each node for memory of that page size. Returns why there are none, or nothing.
    std::string make(Memory& memory, std::uint64_t sector, const std::vector<int>& nodes) {
        const bool is_first = made_.empty();
        if (sector % memory.page_size != 0) {
            return "the sector is no whole number of such pages";
        }
        if (!fits(nodes, sector, is_first ? 2 : 4)) {
            return "there is no memory for them beside the other files";
        }
        std::vector<std::string> shares;
        for (const int node : nodes) {
            shares.push_back(fmt::format("{}:2", node));
        }
        memory.pool = fmt::format("{}/{}-{}", kPools, getpid(), memory.page_size >> 10);
        made_.push_back(memory.pool);
        // Large pages are not worth dropping caches for, which setup does if it has time.
        const Ended made = run_child(
            {hugepagectl(), "setup", "--size", std::to_string(sector), "--node",
             fmt::format("{}", fmt::join(shares, ",")), "--page-size", std::to_string(memory.page_size),
             "--path", memory.pool, "--timeout", is_first ? "20" : "1"},
            &interrupts_);
        if (made.status == 0) {
            return "";
        }
        remove(made_.back());
        made_.pop_back();
        return made.status == static_cast<int>(tools::ExitCode::no_permission) ? "it takes root to make files"
                                                                               : reason_of(made);
    }

  private:
    // Beside this program, or where the build has it.
    static std::string find_hugepagectl() {
        const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
        for (const fs::path& place : {folder / "hugepagectl", folder / "../ctl/hugepagectl"}) {
            if (fs::exists(place)) {
                return place.lexically_normal();
            }
        }
        throw std::runtime_error("find hugepagectl: it is not beside this program");
    }

    // What can't be removed now is on setup's record.
    void remove(const std::string& pool) const noexcept {
        try {
            const Ended ended = run_child({hugepagectl_, "remove", "--path", pool}, nullptr);
            if (ended.status != 0 && fs::exists(pool)) {
                throw std::runtime_error(reason_of(ended));
            }
        } catch (const std::exception& error) {
            tools::warn(fmt::format("remove {}: {}; type: sudo hugepagectl remove", pool, error.what()));
        }
    }
    // Of comparisons that were killed.
    void remove_leftovers() const {
        std::error_code none;
        for (const auto& entry : fs::directory_iterator(kPools, none)) {
            const auto process = std::strtol(entry.path().filename().c_str(), nullptr, 10);
            if (process > 0 && kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH) {
                remove(entry.path());
            }
        }
    }

    const tools::Interrupts& interrupts_;
    const std::string hugepagectl_;
    std::vector<std::string> made_;
};

// Brings a node's free memory into the state that it has after days of uptime, for as long as the result
// lives: it is taken in ordinary pages, and all but each 16th given back, so that hardly a huge page is left
// in one piece. A fiftieth of the node's memory is left alone: the kernel need not reclaim any, nor end a
// program for lack of it.
SectorBuffer fragment(int node, const tools::Interrupts& interrupts) {
    constexpr std::uint64_t kPart = 128 * kMiB;
    const auto page = page_bytes();
    const std::uint64_t left_alone = memory_of(node, {"MemTotal:"}) / 50;
    const std::uint64_t free = memory_of(node, {"MemFree:"});
    SectorBuffer pinned(Allocation::kUnlocked, (free - std::min(free, left_alone)) / kPart * kPart,
                        MADV_NOHUGEPAGE);
    if (numa_available() >= 0) {
        numa_tonode_memory(pinned.data(), pinned.size(), node);
    }
    auto* const bytes = static_cast<volatile std::uint8_t*>(pinned.data());
    tools::Progress progress("fragmenting memory", pinned.size(),
                             [](std::uint64_t, tools::Seconds) { return ""; });
    for (std::uint64_t at = 0; at < pinned.size(); at += page) {
        bytes[at] = 1;
        if (at % kPart == 0) {
            interrupts.check();
            progress.update(at);
        }
    }
    for (std::uint64_t at = 0; at < pinned.size(); at += 16 * page) {
        madvise(pinned.data() + at + page, 15 * page, MADV_DONTNEED);
    }
    return pinned;
}

std::vector<std::uint64_t> huge_page_sizes() {
    std::vector<std::uint64_t> sizes;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator("/sys/kernel/mm/hugepages", none)) {
        sizes.push_back(
            std::strtoull(entry.path().filename().c_str() + std::strlen("hugepages-"), nullptr, 10) << 10);
    }
    std::ranges::sort(sizes);
    return sizes;
}

// Of buffers, by what stretch.h tells of them.
double share_on(const Json& said, const auto& counts) {
    double all = 0;
    double counted = 0;
    for (const Json& pages : said.at("pages")) {
        all += number_in(pages, "resident");
        counted += counts(pages);
    }
    return all == 0 ? 0 : counted / all;
}

double huge_share(const Json& said) {
    return share_on(said, [](const Json& pages) {
        return number_in(pages, pages.at("page_size") == page_bytes() ? "transparent" : "resident");
    });
}

// Of a process that labels, beside the words of its command: no shim but ours, its thread on the near node,
// and its memory on the wanted one.
void prepare_child(Path path, const std::vector<int>& nodes, int node, bool is_served) {
    unsetenv("LD_PRELOAD");
    for (char** entry = environ; *entry != nullptr;) {
        const std::string name(*entry, std::strcspn(*entry, "="));
        if (name.starts_with("HUGEPAGE_")) {
            unsetenv(name.c_str());
        } else {
            ++entry;
        }
    }
    setenv("FIL_PROOFS_USE_MULTICORE_SDR", path == Path::kMulticore ? "1" : "0", 1);
    setenv("HUGEPAGE_NODE", std::to_string(node).c_str(), 1);
    if (nodes.size() > 1) {
        numa_run_on_node(nodes.front());
        if (!is_served) {
            numa_set_preferred(node);
        }
    }
}

// The numbers under this key, one for each round.
std::vector<double> values(const std::vector<Json>& rounds, const char* key) {
    std::vector<double> values;
    for (const Json& said : rounds) {
        values.push_back(number_in(said, key));
    }
    return values;
}

// The middle one, or the mean of the two in the middle; there is at least one.
double median(std::vector<double> numbers) {
    std::ranges::sort(numbers);
    const std::size_t half = numbers.size() / 2;
    return numbers.size() % 2 == 1 ? numbers[half] : (numbers[half - 1] + numbers[half]) / 2;
}

class Comparison {
  public:
    explicit Comparison(const CompareOptions& options)
        : options_(options), nodes_(near_and_farthest()), pools_(interrupts_) {
        const std::string page = tools::page_size_text({page_bytes()});
        memories_ = {{.name = page + " pages", .pages = "small"},
                     {.name = page + ", page-aligned", .pages = "aligned"},
                     {.name = "transparent huge", .pages = "transparent"},
                     {.name = "page-aligned THP", .pages = "aligned-transparent"}};
        for (const std::uint64_t size : huge_page_sizes()) {
            memories_.push_back(
                {.name = fmt::format("shim, {} pages", tools::page_size_text({size})), .page_size = size});
        }
        for (const Path path : options.paths) {
            for (const int node : nodes_) {
                for (Memory& memory : memories_) {
                    // The other path's buffers are so anyway.
                    if (path == Path::kSingleCore || !memory.pages.starts_with("aligned")) {
                        rows_.push_back({.path = path, .memory = &memory, .node = node});
                    }
                }
            }
        }
        floor_ = own_ = {.path = Path::kSingleCore, .memory = &memories_.front(), .node = nodes_.front()};
        sector_ = largest_sector(nodes_, options.sector_bytes);
        choose_stretch();
        for (Memory& memory : memories_) {
            const std::string left_out = memory.page_size > 0 ? pools_.make(memory, sector_, nodes_) : "";
            for (Row& row : rows_) {
                row.left_out = row.memory == &memory ? left_out : row.left_out;
            }
        }
        for (const int node : options.fragmented ? nodes_ : std::vector<int>{}) {
            fragments_.push_back(fragment(node, interrupts_));
        }
    }

    Json run() {
        tools::Progress progress("comparing", static_cast<std::uint64_t>(options_.minutes * 60'000),
                                 [](std::uint64_t, tools::Seconds) { return ""; });
        double round_seconds = 0;
        for (int round = 0; round < kLeastRounds || seconds_left() > round_seconds; ++round) {
            const double before = seconds_left();
            measure_round(progress);
            round_seconds = before - seconds_left();
        }
        return report();
    }

  private:
    struct Row {
        Path path;
        const Memory* memory;
        int node;
        std::vector<Json> rounds{};  // what stretch.h tells, and what is reckoned from it
        std::string left_out{};      // why
    };

    [[nodiscard]] double seconds_left() const {
        return options_.minutes * 60 -
               std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

    // So that two rounds take no longer than they may: first the sector gets smaller, then the stretch. By
    // ordinary pages, which take the longest.
    void choose_stretch() {
        constexpr double kForRounds = 0.7;  // of the time; the rest is for making files
        for (;; sector_ /= 2) {
            const double before = seconds_left();
            Row plain = rows_.front();
            const Json* const said = measure(plain, sector_);
            if (said == nullptr) {
                throw std::runtime_error("label on ordinary pages: " + plain.left_out);
            }
            const double each = before - seconds_left();
            const double allowed =
                seconds_left() * kForRounds / (kLeastRounds * static_cast<double>(rows_.size() + 2));
            if (each <= allowed || sector_ / 2 < kLeastSector) {
                // A label of layer 2 costs as much again in layer 1 and in the walks before both.
                const double more = (allowed - each) * 1e9 / (2 * number_in(*said, "ns"));
                labels_ = std::clamp(kLeastLabels + more, kLeastLabels, kMostLabels);
                return;
            }
        }
    }

    // Measures one more round and returns it; null if that can't be done, and then the row says why it is
    // left out. One that was left out stays so.
    Json* measure(Row& row, std::uint64_t sector, const char* kernel = "upstream") {
        if (!row.left_out.empty()) {
            return nullptr;
        }
        const bool is_served = !row.memory->pool.empty();
        std::vector<std::string> command = {fs::read_symlink("/proc/self/exe"),
                                            kStretchCommand,
                                            std::to_string(sector),
                                            std::to_string(static_cast<std::uint64_t>(labels_)),
                                            name_of(row.path),
                                            row.memory->pages,
                                            kernel};
        if (is_served) {
            const std::vector<std::string> run = {
                pools_.hugepagectl(), "run", "--files-path", row.memory->pool, "--log", "warn", "--"};
            command.insert(command.begin(), run.begin(), run.end());
        }
        const Ended ended =
            run_child(command, &interrupts_, [&] { prepare_child(row.path, nodes_, row.node, is_served); });
        if (ended.status != 0) {
            row.left_out = reason_of(ended);
            return nullptr;
        }
        const Json said = Json::parse(ended.output);
        const double in_files = share_on(said, [&](const Json& pages) {
            return pages.at("page_size") == row.memory->page_size ? number_in(pages, "resident") : 0;
        });
        const double on_node = share_on(
            said, [&](const Json& pages) { return pages.at("nodes").value(std::to_string(row.node), 0.0); });
        if (is_served && in_files < kEnough) {
            row.left_out = "its files did not serve: " + reason_of(ended);
        } else if (nodes_.size() > 1 && sector >= kLeastSector && on_node < kEnough) {
            row.left_out = fmt::format("only {:.0f} % of it was on node {}", on_node * 100, row.node);
        }
        return row.left_out.empty() ? &row.rounds.emplace_back(said) : nullptr;
    }

    void measure_round(tools::Progress& progress) {
        double plain = NAN;  // of the path
        for (Row& row : rows_) {
            progress.update(static_cast<std::uint64_t>(options_.minutes * 60'000 - seconds_left() * 1000));
            const bool is_near = row.node == nodes_.front();
            Json* const said = measure(row, sector_);
            if (is_near && row.memory == &memories_.front()) {
                plain = said != nullptr ? pc1_ns(*said) : NAN;
            }
            if (said != nullptr) {
                (*said)["of_plain"] = pc1_ns(*said) / plain;
                (*said)["huge_share"] = huge_share(*said);
                own_.memory = is_near ? row.memory : own_.memory;
            }
        }
        measure(floor_, kSectorInCache);
        measure(own_, sector_, "own");
    }

    // Of a label of all layers, on average.
    static double pc1_ns(const Json& said) {
        return (number_in(said, "layer_1_ns") + (kLayersOfPc1 - 1) * number_in(said, "ns")) / kLayersOfPc1;
    }

    // Null if there are no rounds.
    [[nodiscard]] Json times_of(const std::vector<Json>& rounds) const {
        constexpr double kNsOfAnHour = 3600e9;
        if (rounds.empty()) {
            return {};
        }
        const auto layer_1 = values(rounds, "layer_1_ns");
        const auto ns = values(rounds, "ns");
        Json times = {{"layer_1_ns", median(layer_1)}, {"ns", median(ns)}};
        times["hours"] = pc1_ns(times) * kLayersOfPc1 * static_cast<double>(options_.sector_bytes) /
                         kNodeBytes / kNsOfAnHour;
        times["rounds_layer_1_ns"] = layer_1;
        times["rounds_ns"] = ns;
        return times;
    }

    [[nodiscard]] Json report() const {
        constexpr int kSchema = 1;
        Json rows = Json::array();
        for (const Row& row : rows_) {
            Json entry = {{"path", name_of(row.path)}, {"memory", row.memory->name}, {"node", row.node}};
            if (!row.left_out.empty()) {
                entry["left_out"] = row.left_out;
            } else {
                const auto of_plain = values(row.rounds, "of_plain");
                entry.update(times_of(row.rounds));
                entry.update({{"of_plain", median(of_plain)},
                              {"rounds_of_plain", of_plain},
                              {"ready_seconds", median(values(row.rounds, "ready_seconds"))},
                              {"least_huge_share", std::ranges::min(values(row.rounds, "huge_share"))}});
            }
            rows.push_back(std::move(entry));
        }
        return {{"schema_version", kSchema},
                {"program", "pc1-label compare"},
                {"version", PC1_VERSION},
                {"sector_bytes", options_.sector_bytes},
                {"measured_sector_bytes", sector_},
                {"layers", kLayersOfPc1},
                {"labels", static_cast<std::uint64_t>(labels_)},
                {"cpus", usable_cpus()},
                {"near_node", nodes_.front()},
                {"far_node", nodes_.size() > 1 ? Json(nodes_.back()) : Json()},
                {"fragmented", fragments_.empty()
                                   ? Json()
                                   : Json(fmt::format("{} taken, and each 16th page of it kept",
                                                      tools::page_size_text({fragments_.back().size()})))},
                {"sha256", times_of(floor_.rounds)},
                {"own_kernel", times_of(own_.rounds)},
                {"rows", std::move(rows)}};
    }

    static constexpr int kLayersOfPc1 = 11;

    const CompareOptions& options_;
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    const tools::Interrupts interrupts_;
    const std::vector<int> nodes_;  // the near one first
    Pools pools_;
    std::vector<SectorBuffer> fragments_;
    std::uint64_t sector_ = 0;
    double labels_ = kLeastLabels;
    std::vector<Memory> memories_;
    std::vector<Row> rows_;  // ordinary pages first
    Row floor_{};            // SHA-256 alone
    Row own_{};              // label.h's own single thread, on the best memory
};

}  // namespace

Json compare(const CompareOptions& options) {
    return Comparison(options).run();
}

}  // namespace pc1
