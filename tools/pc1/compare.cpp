#include "tools/pc1/compare.h"

#include "tools/common/child.h"
#include "tools/common/command_line.h"
#include "tools/common/log.h"
#include "tools/common/terminal.h"
#include "tools/pc1/report.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <numa.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
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
#include <map>
#include <memory>
#include <optional>
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
constexpr const char* kPools = "/run/hugepage-compare";   // of each process that compares, by its number
constexpr const char* kWithoutUse = "hugepage-compare-";  // and such a number; a folder for temporary files

// Of a measurement: a second or two, where there is time for that.
std::uint64_t labels_of(double minutes) {
    constexpr double kLeast = 2'000;
    constexpr double kOfAMinute = 1'000'000;
    return static_cast<std::uint64_t>(std::clamp(minutes * kOfAMinute, kLeast, kOfAMinute));
}

std::uint64_t page_bytes() {
    return static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// The sum of these lines of a node's memory.
std::uint64_t memory_of(int node, std::initializer_list<const char*> names) {
    std::ifstream file(fmt::format("/sys/devices/system/node/node{}/meminfo", node));
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

// Free, or in clean files of the page cache.
std::uint64_t available_on(int node) {
    return memory_of(node, {"MemFree:", "Inactive(file):", "SReclaimable:"});
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

// "4 KiB pages" and so on, and how a process comes by it.
struct Memory {
    std::string name{};
    Stretch::Pages pages = Stretch::Pages::asis;
    std::string pool{};           // whose files serve; empty: the shim isn't there
    std::uint64_t page_size = 0;  // of the pool; 0: no file of it can be used, and the shim falls back
    std::string left_out{};
};

// Pools of our own, and what else is there for as long as this lives.
class Setting {
  public:
    Setting(const CompareOptions& options, const tools::Interrupts& interrupts)
        : interrupts_(interrupts), options_(options), hugepagectl_(find_hugepagectl()) {
        find_nodes();
    }
    // Throws tools::Interrupted, or std::exception with a message for the user.
    void prepare() {
        remove_leftovers();
        choose_sector();
        memories_.push_back(
            {.name = fmt::format("{} pages", size_text(page_bytes())), .pages = Stretch::Pages::small});
        memories_.push_back({.name = "transparent huge", .pages = Stretch::Pages::transparent});
        make_pool_without_use();
        for (const std::uint64_t page : huge_page_sizes()) {
            make_pool(page);
        }
        if (options_.fragmented) {
            fragment();
        }
    }
    ~Setting() {
        for (const Memory& memory : memories_) {
            if (memory.page_size > 0) {
                remove(memory.pool);
            }
        }
        std::error_code none;
        fs::remove_all(without_use_, none);
        for (const auto& [begin, size] : pinned_) {
            munmap(begin, size);
        }
    }
    Setting(const Setting&) = delete;
    Setting& operator=(const Setting&) = delete;

    [[nodiscard]] const std::vector<Memory>& memories() const { return memories_; }
    [[nodiscard]] const std::vector<int>& nodes() const { return nodes_; }  // the near one first
    [[nodiscard]] std::uint64_t sector() const { return sector_; }
    [[nodiscard]] const std::string& fragmented() const { return fragmented_; }

    // One measurement, on memory of that node; or why there is none.
    [[nodiscard]] std::pair<std::optional<StretchResult>, std::string> measure(const Memory& memory, int node,
                                                                               const Stretch& stretch) const;

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

    void find_nodes() {
        nodes_ = {0};
        if (numa_available() < 0) {
            return;
        }
        nodes_ = {std::max(numa_node_of_cpu(sched_getcpu()), 0)};
        const auto distance = [&](int node) { return numa_distance(nodes_.front(), node); };
        int farthest = nodes_.front();
        for (int node = 0; node <= numa_max_node(); ++node) {
            const bool has_memory =
                numa_bitmask_isbitset(numa_all_nodes_ptr, static_cast<unsigned>(node)) != 0 &&
                numa_node_size64(node, nullptr) > 0;
            if (has_memory && (distance(node) > distance(farthest) || farthest == nodes_.front())) {
                farthest = node;
            }
        }
        if (farthest != nodes_.front()) {
            nodes_.push_back(farthest);
        }
    }

    // Ordinary buffers and files of 2 MiB pages are there at once: twice two sectors, and something to spare.
    [[nodiscard]] bool fits(std::uint64_t sector, double sectors) const {
        const double wanted = static_cast<double>(sector) * sectors * 1.1 + static_cast<double>(kToSpare);
        return std::ranges::all_of(
            nodes_, [&](int node) { return wanted <= static_cast<double>(available_on(node)); });
    }
    void choose_sector() {
        sector_ = options_.sector_bytes;
        while (!fits(sector_, 4) && sector_ / 2 >= kLeastSector) {
            sector_ /= 2;
        }
        if (!fits(sector_, 4)) {
            throw std::runtime_error(fmt::format(
                "there is not enough free memory to compare on a sector of {}: on each node there must be "
                "five times that, and {}",
                size_text(sector_), size_text(kToSpare)));
        }
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
    // Of comparisons that were killed: all is named after the process.
    void remove_leftovers() const {
        const auto is_gone = [](const char* process) {
            const auto number = std::strtol(process, nullptr, 10);
            return number > 0 && kill(static_cast<pid_t>(number), 0) != 0 && errno == ESRCH;
        };
        std::error_code none;
        for (const auto& entry : fs::directory_iterator(kPools, none)) {
            if (is_gone(entry.path().filename().c_str())) {
                remove(entry.path());
            }
        }
        for (const auto& entry : fs::directory_iterator(fs::temp_directory_path(), none)) {
            const std::string name = entry.path().filename();
            struct stat facts {};
            if (name.starts_with(kWithoutUse) && is_gone(name.c_str() + std::strlen(kWithoutUse)) &&
                lstat(entry.path().c_str(), &facts) == 0 && facts.st_uid == geteuid()) {
                fs::remove_all(entry.path(), none);
            }
        }
    }

    // Its files have the size and no memory: so the shim knows the request, and falls back.
    void make_pool_without_use() {
        std::string folder = fs::temp_directory_path() / fmt::format("{}{}-XXXXXX", kWithoutUse, getpid());
        Memory memory{.name = "shim, no pool", .pool = folder};
        if (mkdtemp(folder.data()) == nullptr) {
            memory.left_out = "there is no folder for temporary files";
        } else {
            without_use_ = memory.pool = folder;
            for (const int node : nodes_) {
                const fs::path file = fs::path(folder) / fmt::format("numa_{}", node) / "size";
                fs::create_directory(file.parent_path());
                std::ofstream(file.string()).close();
                fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
                fs::resize_file(file, sector_);
            }
        }
        memories_.push_back(std::move(memory));
    }

    void make_pool(std::uint64_t page) {
        const bool is_first = memories_.back().page_size == 0;
        Memory& memory = memories_.emplace_back();
        memory.name = fmt::format("shim, {} pages", size_text(page));
        memory.pool = fmt::format("{}/{}-{}", kPools, getpid(), page >> 10);
        if (sector_ % page != 0) {
            memory.left_out = "the sector is no whole number of such pages";
            return;
        }
        if (!fits(sector_, is_first ? 2 : 4)) {
            memory.left_out = "there is no memory for them beside the other files";
            return;
        }
        std::vector<std::string> shares;
        for (const int node : nodes_) {
            shares.push_back(fmt::format("{}:2", node));
        }
        memory.page_size = page;
        // Large pages are not worth dropping caches for, which setup does if it has time.
        const Ended made =
            run_child({hugepagectl_, "setup", "--size", std::to_string(sector_), "--node",
                       fmt::format("{}", fmt::join(shares, ",")), "--page-size", std::to_string(page),
                       "--path", memory.pool, "--timeout", is_first ? "20" : "1"},
                      &interrupts_);
        if (made.status != 0) {
            memory.left_out = made.status == 5 ? "it takes root to make files" : reason_of(made);
            remove(memory.pool);
            memory.page_size = 0;
        }
    }

    static std::string reason_of(const Ended& ended) {
        std::string text = ended.errors.empty() ? ended.output : ended.errors;
        while (text.ends_with('\n')) {
            text.pop_back();
        }
        text = text.substr(text.rfind('\n') + 1);
        return text.empty() ? fmt::format("it ended with status {}", ended.status) : text;
    }

    // As after days of uptime: free memory is taken in ordinary pages, and all but each 16th given back, so
    // that hardly a huge page is left in one piece. A fiftieth of the node's memory is left alone: the kernel
    // need not reclaim any, nor end a program for lack of it.
    void fragment() {
        constexpr std::uint64_t kPart = 128 * kMiB;
        const auto page = page_bytes();
        for (const int node : nodes_) {
            const std::uint64_t left_alone = memory_of(node, {"MemTotal:"}) / 50;
            const std::uint64_t free = memory_of(node, {"MemFree:"});
            const std::uint64_t size = (free - std::min(free, left_alone)) / kPart * kPart;
            void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
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
                    interrupts_.check();
                    progress.update(at);
                }
            }
            for (std::uint64_t at = 0; at < size; at += 16 * page) {
                madvise(static_cast<char*>(memory) + at + page, 15 * page, MADV_DONTNEED);
            }
        }
        fragmented_ =
            fmt::format("{} taken, and each 16th page of it kept", size_text(pinned_.front().second));
    }

    const tools::Interrupts& interrupts_;
    const CompareOptions& options_;
    std::string hugepagectl_;
    std::vector<int> nodes_;
    std::uint64_t sector_ = 0;
    std::vector<Memory> memories_;
    std::string without_use_;
    std::vector<std::pair<void*, std::uint64_t>> pinned_;
    std::string fragmented_;
};

double share_on(const StretchResult& result, const auto& counts) {
    std::uint64_t all = 0;
    std::uint64_t counted = 0;
    for (const PagesOfSize& pages : result.buffers) {
        all += pages.resident;
        counted += counts(pages);
    }
    return all == 0 ? 0 : static_cast<double>(counted) / static_cast<double>(all);
}

double huge_share(const StretchResult& result) {
    const auto page = page_bytes();
    return share_on(result, [&](const PagesOfSize& pages) {
        return pages.page_size > page ? pages.resident : pages.transparent;
    });
}

std::pair<std::optional<StretchResult>, std::string> Setting::measure(const Memory& memory, int node,
                                                                      const Stretch& stretch) const {
    const auto word = [](auto choice, auto... words) {
        const char* const all[] = {words...};
        return std::string(all[static_cast<std::size_t>(choice)]);
    };
    std::vector<std::string> command = {fs::read_symlink("/proc/self/exe"),
                                        kStretchCommand,
                                        std::to_string(stretch.sector_bytes),
                                        std::to_string(stretch.labels),
                                        name_of(stretch.path),
                                        word(stretch.pages, "asis", "small", "transparent"),
                                        stretch.own_kernel ? "own" : "upstream"};
    if (!memory.pool.empty()) {
        const std::vector<std::string> run = {hugepagectl_, "run", "--files-path", memory.pool, "--log",
                                              "warn",       "--"};
        command.insert(command.begin(), run.begin(), run.end());
    }
    const bool has_several_nodes = nodes_.size() > 1;
    const Ended ended = run_child(command, &interrupts_, [&] {
        unsetenv("LD_PRELOAD");
        for (char** entry = environ; *entry != nullptr;) {
            const std::string name(*entry, std::strcspn(*entry, "="));
            if (name.starts_with("HUGEPAGE_")) {
                unsetenv(name.c_str());
            } else {
                ++entry;
            }
        }
        setenv("FIL_PROOFS_USE_MULTICORE_SDR", stretch.path == Path::kMulticore ? "1" : "0", 1);
        setenv("HUGEPAGE_NODE", std::to_string(node).c_str(), 1);
        if (has_several_nodes) {
            numa_run_on_node(nodes_.front());
        }
        if (has_several_nodes && memory.pool.empty()) {
            numa_set_preferred(node);
        }
    });
    if (ended.status != 0) {
        return {std::nullopt, reason_of(ended)};
    }
    const auto said = nlohmann::json::parse(ended.output);
    StretchResult result{.ns = said.at("ns"), .ready_seconds = said.at("ready_seconds"), .buffers = {}};
    for (const auto& pages : said.at("pages")) {
        PagesOfSize& one = result.buffers.emplace_back();
        one.page_size = pages.at("page_size");
        one.resident = pages.at("resident");
        one.transparent = pages.at("transparent");
        for (const auto& [name, bytes] : pages.at("nodes").items()) {
            one.nodes[static_cast<unsigned>(std::stoul(name))] = bytes;
        }
    }
    const double in_files = share_on(result, [&](const PagesOfSize& pages) {
        return pages.page_size == memory.page_size ? pages.resident : 0;
    });
    if (memory.page_size > 0 && in_files < kEnough) {
        return {std::nullopt, "its files did not serve: " + reason_of(ended)};
    }
    const double on_node = share_on(result, [&](const PagesOfSize& pages) {
        const auto found = pages.nodes.find(static_cast<unsigned>(node));
        return found == pages.nodes.end() ? 0 : found->second;
    });
    if (has_several_nodes && stretch.sector_bytes >= kLeastSector && on_node < kEnough) {
        return {std::nullopt, fmt::format("only {:.0f} % of it was on node {}", on_node * 100, node)};
    }
    return {result, ""};
}

}  // namespace

double median(std::vector<double> numbers) {
    std::ranges::sort(numbers);
    const std::size_t half = numbers.size() / 2;
    return numbers.size() % 2 == 1 ? numbers[half] : (numbers[half - 1] + numbers[half]) / 2;
}

CompareResult compare(const CompareOptions& options) {
    using Clock = std::chrono::steady_clock;
    const tools::Interrupts interrupts;
    const auto start = Clock::now();
    Setting setting(options, interrupts);
    setting.prepare();
    CompareResult result{.sector_bytes = setting.sector(),
                         .labels = labels_of(options.minutes),
                         .cpus = usable_cpus(),
                         .near = setting.nodes().front(),
                         .farthest = setting.nodes().size() > 1 ? setting.nodes().back() : -1,
                         .rows = {},
                         .fragmented = setting.fragmented()};
    std::vector<std::pair<const Memory*, std::vector<double>>> measured;  // and its times until ready
    for (const Path path : options.paths) {
        for (const int node : setting.nodes()) {
            for (const Memory& memory : setting.memories()) {
                result.rows.push_back({.path = path,
                                       .memory = memory.name,
                                       .is_far = node != result.near,
                                       .ns = {},
                                       .of_plain = {},
                                       .left_out = memory.left_out});
                measured.push_back({&memory, {}});
            }
        }
    }
    const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
    const double allowed = options.minutes * 60;
    std::vector<double> floors;
    std::vector<double> owns;
    tools::Progress progress("comparing", static_cast<std::uint64_t>(allowed * 1000),
                             [](std::uint64_t, tools::Seconds) { return ""; });
    constexpr int kLeastRounds = 2;
    double round_seconds = 0;
    for (int round = 0; round < kLeastRounds || seconds() + round_seconds < allowed; ++round) {
        const double begin = seconds();
        std::map<Path, double> plain;
        const Memory* best = nullptr;
        for (std::size_t i = 0; i < result.rows.size(); ++i) {
            Measured& row = result.rows[i];
            const Memory& memory = *measured[i].first;
            if (!row.left_out.empty()) {
                continue;
            }
            progress.update(static_cast<std::uint64_t>(seconds() * 1000));
            const auto [got, why] = setting.measure(memory, row.is_far ? result.farthest : result.near,
                                                    {.sector_bytes = setting.sector(),
                                                     .labels = result.labels,
                                                     .path = row.path,
                                                     .pages = memory.pages});
            if (!got) {
                row.left_out = why;
                row.ns.clear();
                continue;
            }
            if (i % setting.memories().size() == 0 && !row.is_far) {
                plain[row.path] = got->ns;
            }
            row.ns.push_back(got->ns);
            row.of_plain.push_back(plain.contains(row.path) ? got->ns / plain[row.path] : NAN);
            row.least_huge = std::min(row.least_huge, huge_share(*got));
            measured[i].second.push_back(got->ready_seconds);
            best = row.is_far ? best : &memory;
        }
        for (const bool own : {false, true}) {
            const std::uint64_t sector = own ? setting.sector() : kSectorInCache;
            if (const auto [got, why] =
                    setting.measure(own && best != nullptr ? *best : setting.memories().front(), result.near,
                                    {.sector_bytes = sector, .labels = result.labels, .own_kernel = own});
                got) {
                (own ? owns : floors).push_back(got->ns);
            }
        }
        round_seconds = seconds() - begin;
    }
    for (std::size_t i = 0; i < result.rows.size(); ++i) {
        if (result.rows[i].left_out.empty()) {
            result.rows[i].ready_seconds = median(measured[i].second);
        }
    }
    result.floor_ns = floors.empty() ? 0 : median(floors);
    result.own_ns = owns.empty() ? 0 : median(owns);
    return result;
}

}  // namespace pc1
