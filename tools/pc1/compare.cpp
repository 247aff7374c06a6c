#include "tools/pc1/compare.h"

#include "tools/common/child.h"
#include "tools/common/command_line.h"
#include "tools/common/log.h"
#include "tools/common/terminal.h"
#include "tools/common/values.h"
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
constexpr std::uint64_t kLeastSector = 16 * kMiB;
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
    std::vector<int> nodes = {std::max(numa_node_of_cpu(sched_getcpu()), 0)};
    const auto distance = [&](int node) { return numa_distance(nodes.front(), node); };
    for (int node = 0; node <= numa_max_node(); ++node) {
        const bool has_memory = numa_bitmask_isbitset(numa_all_nodes_ptr, static_cast<unsigned>(node)) != 0 &&
                                numa_node_size64(node, nullptr) > 0;
        if (node != nodes.front() && has_memory &&
            (nodes.size() == 1 || distance(node) > distance(nodes.back()))) {
            nodes.resize(1);
            nodes.push_back(node);
        }
    }
    return nodes;
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
    bool single_core = false;     // the other path's buffers are so anyway
    std::string pool{};           // whose files serve
    std::uint64_t page_size = 0;  // of the pool
    std::string left_out{};
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

    // Two files on each node for memory of that page size; or why there are none.
    void make(Memory& memory, std::uint64_t sector, const std::vector<int>& nodes) {
        const bool is_first = made_.empty();
        if (sector % memory.page_size != 0) {
            memory.left_out = "the sector is no whole number of such pages";
            return;
        }
        if (!fits(nodes, sector, is_first ? 2 : 4)) {
            memory.left_out = "there is no memory for them beside the other files";
            return;
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
        if (made.status != 0) {
            memory.left_out = made.status == 5 ? "it takes root to make files" : reason_of(made);
            remove(made_.back());
            made_.pop_back();
        }
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

// As after days of uptime, for as long as this lives: free memory is taken in ordinary pages, and all but
// each 16th given back, so that hardly a huge page is left in one piece. A fiftieth of the node's memory is
// left alone: the kernel need not reclaim any, nor end a program for lack of it.
class Fragments {
  public:
    Fragments() = default;
    ~Fragments() {
        for (const auto& [begin, size] : pinned_) {
            munmap(begin, size);
        }
    }
    Fragments(const Fragments&) = delete;
    Fragments& operator=(const Fragments&) = delete;

    // Says what it took.
    std::string take(int node, const tools::Interrupts& interrupts) {
        constexpr std::uint64_t kPart = 128 * kMiB;
        const auto page = page_bytes();
        const std::uint64_t left_alone = memory_of(node, {"MemTotal:"}) / 50;
        const std::uint64_t free = memory_of(node, {"MemFree:"});
        const std::uint64_t size = (free - std::min(free, left_alone)) / kPart * kPart;
        void* const memory =
            mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) {
            throw std::runtime_error("--fragmented: there is no memory to be taken for a moment");
        }
        pinned_.emplace_back(memory, size);
        madvise(memory, size, MADV_NOHUGEPAGE);
        if (numa_available() >= 0) {
            numa_tonode_memory(memory, size, node);
        }
        auto* const bytes = static_cast<volatile char*>(memory);
        tools::Progress progress("fragmenting memory", size,
                                 [](std::uint64_t, tools::Seconds) { return ""; });
        for (std::uint64_t at = 0; at < size; at += page) {
            bytes[at] = 1;
            if (at % kPart == 0) {
                interrupts.check();
                progress.update(at);
            }
        }
        for (std::uint64_t at = 0; at < size; at += 16 * page) {
            madvise(static_cast<char*>(memory) + at + page, 15 * page, MADV_DONTNEED);
        }
        return fmt::format("{} taken, and each 16th page of it kept", tools::page_size_text({size}));
    }

  private:
    std::vector<std::pair<void*, std::uint64_t>> pinned_;
};

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
        all += pages.at("resident").get<double>();
        counted += counts(pages);
    }
    return all == 0 ? 0 : counted / all;
}

double huge_share(const Json& said) {
    return share_on(said, [](const Json& pages) {
        return pages.at(pages.at("page_size") == page_bytes() ? "transparent" : "resident").get<double>();
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
                     {.name = page + ", page-aligned", .pages = "aligned", .single_core = true},
                     {.name = "transparent huge", .pages = "transparent"},
                     {.name = "page-aligned THP", .pages = "aligned-transparent", .single_core = true}};
        for (const std::uint64_t size : huge_page_sizes()) {
            memories_.push_back(
                {.name = fmt::format("shim, {} pages", tools::page_size_text({size})), .page_size = size});
        }
        for (const Path path : options.paths) {
            for (const int node : nodes_) {
                for (Memory& memory : memories_) {
                    if (path == Path::kSingleCore || !memory.single_core) {
                        rows_.push_back({.path = path, .memory = &memory, .node = node});
                    }
                }
            }
        }
        sector_ = largest_sector(nodes_, options.sector_bytes);
        choose_stretch();
        for (Memory& memory : memories_) {
            if (memory.page_size > 0) {
                pools_.make(memory, sector_, nodes_);
            }
        }
        for (const int node : options.fragmented ? nodes_ : std::vector<int>{}) {
            fragmented_ = fragments_.take(node, interrupts_);
        }
    }

    Json run() {
        for (Row& row : rows_) {
            row.left_out = row.memory->left_out;
        }
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
        std::vector<Json> rounds{};
        std::vector<double> of_plain{};  // times that of ordinary pages on the near node in the same round
        std::string left_out{};          // why
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
            const Json said =
                measure(memories_.front(), options_.paths.front(), nodes_.front(), sector_, kLeastLabels);
            if (said.contains("left_out")) {
                throw std::runtime_error("label on ordinary pages: " +
                                         said.at("left_out").get<std::string>());
            }
            const double each = before - seconds_left();
            const double allowed =
                seconds_left() * kForRounds / (kLeastRounds * static_cast<double>(rows_.size() + 2));
            if (each <= allowed || sector_ / 2 < kLeastSector) {
                // A label of layer 2 costs as much again in layer 1 and in the walks before both.
                const double more = (allowed - each) * 1e9 / (2 * said.at("ns").get<double>());
                labels_ = std::clamp(kLeastLabels + more, kLeastLabels, kMostLabels);
                return;
            }
        }
    }

    // What stretch.h says, or "left_out", why there is nothing.
    [[nodiscard]] Json measure(const Memory& memory, Path path, int node, std::uint64_t sector, double labels,
                               const char* kernel = "upstream") const {
        std::vector<std::string> command = {fs::read_symlink("/proc/self/exe"),
                                            kStretchCommand,
                                            std::to_string(sector),
                                            std::to_string(static_cast<std::uint64_t>(labels)),
                                            name_of(path),
                                            memory.pages,
                                            kernel};
        if (!memory.pool.empty()) {
            const std::vector<std::string> run = {
                pools_.hugepagectl(), "run", "--files-path", memory.pool, "--log", "warn", "--"};
            command.insert(command.begin(), run.begin(), run.end());
        }
        const Ended ended = run_child(command, &interrupts_,
                                      [&] { prepare_child(path, nodes_, node, !memory.pool.empty()); });
        if (ended.status != 0) {
            return {{"left_out", reason_of(ended)}};
        }
        const Json said = Json::parse(ended.output);
        const double in_files = share_on(said, [&](const Json& pages) {
            return pages.at("page_size") == memory.page_size ? pages.at("resident").get<double>() : 0;
        });
        if (memory.page_size > 0 && in_files < kEnough) {
            return {{"left_out", "its files did not serve: " + reason_of(ended)}};
        }
        const double on_node = share_on(
            said, [&](const Json& pages) { return pages.at("nodes").value(std::to_string(node), 0.0); });
        if (nodes_.size() > 1 && sector >= kLeastSector && on_node < kEnough) {
            return {{"left_out", fmt::format("only {:.0f} % of it was on node {}", on_node * 100, node)}};
        }
        return said;
    }

    void measure_round(tools::Progress& progress) {
        const auto update = [&] {
            progress.update(static_cast<std::uint64_t>(options_.minutes * 60'000 - seconds_left() * 1000));
        };
        double plain = NAN;  // of the path
        const Memory* best = &memories_.front();
        for (Row& row : rows_) {
            if (!row.left_out.empty()) {
                continue;
            }
            const bool is_near = row.node == nodes_.front();
            const bool is_plain = is_near && row.memory == &memories_.front();
            plain = is_plain ? NAN : plain;
            update();
            const Json said = measure(*row.memory, row.path, row.node, sector_, labels_);
            if (said.contains("left_out")) {
                row.left_out = said.at("left_out");
                continue;
            }
            plain = is_plain ? pc1_ns(said) : plain;
            row.of_plain.push_back(pc1_ns(said) / plain);
            row.rounds.push_back(said);
            best = is_near ? row.memory : best;
        }
        const auto add = [&](std::vector<Json>& to, const Json& said) {
            if (!said.contains("left_out")) {
                to.push_back(said);
            }
        };
        const Path path = Path::kSingleCore;
        add(floors_, measure(memories_.front(), path, nodes_.front(), kSectorInCache, labels_));
        add(owns_, measure(*best, path, nodes_.front(), sector_, labels_, "own"));
    }

    // Of a label of all layers, on average.
    static double pc1_ns(const Json& said) {
        return (said.at("layer_1_ns").get<double>() + (kLayersOfPc1 - 1) * said.at("ns").get<double>()) /
               kLayersOfPc1;
    }

    [[nodiscard]] Json times_of(const std::vector<Json>& rounds) const {
        constexpr double kNsOfAnHour = 3600e9;
        std::vector<double> ns;
        std::vector<double> layer_1;
        for (const Json& said : rounds) {
            ns.push_back(said.at("ns"));
            layer_1.push_back(said.at("layer_1_ns"));
        }
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
                std::vector<double> ready;
                std::vector<double> huge;
                for (const Json& said : row.rounds) {
                    ready.push_back(said.at("ready_seconds"));
                    huge.push_back(huge_share(said));
                }
                entry.update(times_of(row.rounds));
                entry.update({{"of_plain", median(row.of_plain)},
                              {"rounds_of_plain", row.of_plain},
                              {"ready_seconds", median(ready)},
                              {"least_huge_share", *std::ranges::min_element(huge)}});
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
                {"fragmented", fragmented_.empty() ? Json() : Json(fragmented_)},
                {"sha256", floors_.empty() ? Json() : times_of(floors_)},
                {"own_kernel", owns_.empty() ? Json() : times_of(owns_)},
                {"rows", std::move(rows)}};
    }

    static constexpr int kLayersOfPc1 = 11;

    const CompareOptions& options_;
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    const tools::Interrupts interrupts_;
    const std::vector<int> nodes_;  // the near one first
    Pools pools_;
    Fragments fragments_;
    std::uint64_t sector_ = 0;
    double labels_ = kLeastLabels;
    std::vector<Memory> memories_;
    std::string fragmented_;
    std::vector<Row> rows_;
    std::vector<Json> floors_;  // SHA-256 alone
    std::vector<Json> owns_;    // label.h's own single thread, on the best memory
};

}  // namespace

Json compare(const CompareOptions& options) {
    return Comparison(options).run();
}

}  // namespace pc1
