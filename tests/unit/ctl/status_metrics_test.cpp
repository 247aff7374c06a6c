#include "tests/support/temp_dir.h"
#include "tests/unit/ctl/two_nodes.h"
#include "tools/common/failure.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <thread>

namespace ctl {
namespace {

// A strict reader of Prometheus's text format: throws at the first thing that a scraper would refuse. What
// promtool says is tests/monitoring's to ask.
class Metrics {
  public:
    explicit Metrics(std::string_view text) {
        if (!text.ends_with('\n')) {
            throw std::runtime_error("no line end at the end");
        }
        while (!text.empty()) {
            const std::size_t end = text.find('\n');
            read(text.substr(0, end));
            text.remove_prefix(end + 1);
        }
    }

    std::map<std::string, double> samples;  // by name and labels

  private:
    static void require(bool condition, std::string_view line) {
        if (!condition) {
            throw std::runtime_error("not understood: " + std::string(line));
        }
    }

    static std::string name_of(std::string_view& rest) {
        std::size_t end = 0;
        while (end < rest.size() &&
               (std::isalnum(static_cast<unsigned char>(rest[end])) || rest[end] == '_')) {
            ++end;
        }
        const std::string name(rest.substr(0, end));
        rest.remove_prefix(end);
        return name;
    }

    void read(std::string_view line) {
        if (line.starts_with("# HELP ")) {
            std::string_view rest = line.substr(7);
            const std::string name = name_of(rest);
            require(!name.empty() && rest.size() > 1 && helped_.insert(name).second, line);
            return;
        }
        if (line.starts_with("# TYPE ")) {
            std::string_view rest = line.substr(7);
            metric_ = name_of(rest);
            require(rest == " gauge" && helped_.contains(metric_) && typed_.insert(metric_).second, line);
            return;
        }
        std::string_view rest = line;
        require(name_of(rest) == metric_ && !metric_.empty(), line);
        if (rest.starts_with('{')) {
            read_labels(rest, line);
        }
        require(rest.starts_with(' '), line);
        const std::string key(line.substr(0, line.size() - rest.size()));
        std::size_t used = 0;
        const std::string value(rest.substr(1));
        const double number = std::stod(value, &used);
        require(used == value.size() && samples.emplace(key, number).second, line);
    }

    static void read_labels(std::string_view& rest, std::string_view line) {
        std::set<std::string> labels;
        do {
            rest.remove_prefix(1);
            require(labels.insert(name_of(rest)).second && rest.starts_with("=\""), line);
            rest.remove_prefix(2);
            while (!rest.starts_with('"')) {
                require(!rest.empty(), line);
                if (rest.starts_with('\\')) {
                    require(
                        rest.size() > 1 && std::string_view("\\\"n").find(rest[1]) != std::string_view::npos,
                        line);
                    rest.remove_prefix(1);
                }
                rest.remove_prefix(1);
            }
            rest.remove_prefix(1);
        } while (rest.starts_with(','));
        require(rest.starts_with('}'), line);
        rest.remove_prefix(1);
    }

    std::string metric_;
    std::set<std::string> helped_;
    std::set<std::string> typed_;
};

std::string metrics_of(const Pool& pool) {
    return status_metrics(status_report(facts_of(pool)), "1.2.3");
}

TEST(StatusMetrics, AreWhatAScraperReads) {
    const Metrics metrics(metrics_of(spoilt_pool()));
    const auto value = [&](const std::string& key) { return metrics.samples.at("hugepage_shim_" + key); };
    EXPECT_EQ(value(R"(info{version="1.2.3"})"), 1);
    EXPECT_EQ(value(R"(page_bytes{node="0",page_size="1073741824",state="free"})"), 2147483648.0);
    EXPECT_EQ(value(R"(page_bytes{node="0",page_size="1073741824",state="files"})"), 128.0 * (1 << 30));
    EXPECT_EQ(value(R"(page_bytes{node="1",page_size="1073741824",state="other"})"),
              (130 - 32 - 28.0) * (1 << 30));
    const auto of_files = [&](const char* name, const std::string& node, const std::string& more = "") {
        return value(std::string(name) + R"({pool="/mnt/huge/pc1",node=")" + node +
                     R"(",size="34359738368")" + more + "}");
    };
    EXPECT_EQ(of_files("files", "0", R"(,state="leased")"), 2);
    EXPECT_EQ(of_files("files", "0", R"(,state="unusable")"), 1);
    EXPECT_EQ(of_files("oldest_holder_seconds", "0"), 11100);
    EXPECT_EQ(of_files("misplaced_pages", "1"), 36);
    EXPECT_EQ(of_files("checked_pages", "1"), 96);
}

TEST(StatusMetrics, EscapeWhatIsInALabel) {
    Pool pool = spoilt_pool();
    pool.choice = {*hugepage::FilePattern::in_folder("/a\"b\\c\nd"), "--path"};
    const Metrics metrics(metrics_of(pool));
    EXPECT_EQ(metrics.samples.at(
                  R"(hugepage_shim_checked_pages{pool="/a\"b\\c\\x0ad",node="1",size="34359738368"})"),
              96);
}

TEST(StatusMetrics, NameOnlyFilesThatAreLeasedAndTheirHolders) {
    const std::string text = metrics_of(spoilt_pool());
    const Metrics metrics(text);
    EXPECT_EQ(metrics.samples.at(
                  R"(hugepage_shim_lease_holder_seconds{pool="/mnt/huge/pc1",node="0",size="34359738368",)"
                  R"(file="/mnt/huge/pc1/numa_0/32.0_GiB_1",pid="4711",command="lotus-worker"})"),
              11100);
    EXPECT_NE(text.find("numa_1/32.0_GiB_0"), std::string::npos);
    EXPECT_EQ(text.find("numa_0/32.0_GiB_2"), std::string::npos);  // free
    EXPECT_EQ(text.find("numa_0/32.0_GiB_3"), std::string::npos);  // refused
}

TEST(StatusMetrics, CountUnusableFilesByReason) {
    const Metrics metrics(metrics_of(spoilt_pool()));
    const auto of = [&](const std::string& node, const std::string& reason) {
        return metrics.samples.at(R"(hugepage_shim_unusable_files{pool="/mnt/huge/pc1",node=")" + node +
                                  R"(",size="34359738368",reason=")" + reason + "\"}");
    };
    EXPECT_EQ(of("0", "insecure"), 1);
    EXPECT_EQ(of("1", "misplaced"), 1);
}

TEST(StatusMetrics, TellReservedPagesOfEachSize) {
    const Metrics metrics(metrics_of(spoilt_pool()));
    EXPECT_EQ(metrics.samples.at(R"(hugepage_shim_reserved_page_bytes{page_size="1073741824"})"), 1 << 30);
    EXPECT_EQ(metrics.samples.at("hugepage_shim_unseen_processes"), 3);
}

tools::MappedArea area(std::uint64_t begin, std::uint64_t bytes, std::uint64_t resident,
                       std::uint64_t transparent, NodeId node) {
    tools::MappedArea area;
    area.begin = begin;
    area.end = begin + bytes;
    area.permissions = "rw-p";
    area.page_size = 4096;
    area.resident = resident;
    area.transparent = transparent;
    if (resident > 0) {
        area.nodes = {{node, resident}};
    }
    return area;
}

// Each kind of memory that a buffer can lie in, in one process whose threads may run on node 0.
TEST(StatusMetrics, SayWhatABufferLiesIn) {
    constexpr std::uint64_t kSize = k32GiB.bytes;
    constexpr std::uint64_t kFarFromEachOther = std::uint64_t{1} << 40;
    StatusFacts facts = facts_of(spoilt_pool());
    tools::Process process{.pid = 7, .command = "sealer", .areas = {}, .threads = {{"0-15", 4}}};
    const auto add = [&](const tools::MappedArea& one) { process.areas.push_back(one); };
    tools::MappedArea library = area(1 << 20, 4096, 0, 0, NodeId{0});
    library.path = "/usr/lib/libhugepage_shim.so";
    library.file = {1, 1};
    add(library);
    tools::MappedArea served = area(kFarFromEachOther, kSize, 0, 0, NodeId{0});
    served.file = facts.pools[0].files[0].id;
    served.page_size = k1GiB.bytes;
    served.huge = kSize;
    served.nodes = {{NodeId{0}, kSize}};
    add(served);
    add(area(2 * kFarFromEachOther, kSize, kSize, kSize, NodeId{0}));
    add(area(3 * kFarFromEachOther, kSize, kSize, 0, NodeId{1}));
    add(area(4 * kFarFromEachOther, kSize, 0, 0, NodeId{0}));
    // Two in one mapping, between memory of others.
    add(area(5 * kFarFromEachOther - (1 << 20), 1 << 20, 1 << 20, 0, NodeId{0}));
    add(area(5 * kFarFromEachOther, 2 * kSize, 2 * kSize, 0, NodeId{0}));
    add(area(5 * kFarFromEachOther + 2 * kSize, 1 << 20, 1 << 20, 0, NodeId{0}));
    // One of which the last part has been advised otherwise.
    add(area(6 * kFarFromEachOther, kSize / 2, 0, 0, NodeId{0}));
    add(area(6 * kFarFromEachOther + kSize / 2, kSize / 2, 0, 0, NodeId{0}));
    facts.processes = {process};
    const Metrics metrics(status_metrics(status_report(facts), "1"));
    const auto count = [&](const std::string& name, const std::string& state = "") {
        return metrics.samples.at("hugepage_shim_" + name +
                                  R"({pid="7",command="sealer",size="34359738368")" + state + "}");
    };
    EXPECT_EQ(count("buffers", R"(,state="served")"), 1);
    EXPECT_EQ(count("buffers", R"(,state="tmpfs")"), 0);
    EXPECT_EQ(count("buffers", R"(,state="thp")"), 1);
    EXPECT_EQ(count("buffers", R"(,state="ordinary")"), 3);
    EXPECT_EQ(count("buffers", R"(,state="untouched")"), 2);
    EXPECT_EQ(count("misplaced_buffers"), 1);
    EXPECT_EQ(metrics.samples.at(R"(hugepage_shim_processes{library="libhugepage_shim.so"})"), 1);
    EXPECT_EQ(metrics.samples.at(R"(hugepage_shim_processes{library="libhugepage_shim_heap.so"})"), 0);
}

TEST(ReplaceFile, LeavesNothingElseAndCanBeReadByAll) {
    const tests::TempDir folder;
    const auto path = folder.path() / "x.prom";
    replace_file(path.string(), "one\n");
    replace_file(path.string(), "two\n");
    EXPECT_EQ(tests::read_file(path), "two\n");
    struct stat facts {};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777, 0644);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(ReplaceFile, IsNeverSeenHalf) {
    const tests::TempDir folder;
    const auto path = folder.path() / "x.prom";
    const std::string content[] = {std::string(100'000, 'a'), std::string(200'000, 'b')};
    replace_file(path.string(), content[0]);
    std::atomic<bool> done = false;
    std::atomic<std::size_t> written = 0;
    std::atomic<std::size_t> written_while_read = 0;
    std::size_t halves = 0;
    std::thread reader([&] {
        while (!done) {
            const std::size_t before = written;
            const std::string seen = tests::read_file(path);
            written_while_read += written != before ? 1U : 0U;
            halves += seen == content[0] || seen == content[1] ? 0U : 1U;
        }
    });
    constexpr std::size_t kEnough = 50;
    constexpr std::size_t kMost = 20'000;
    while (written_while_read < kEnough && written < kMost) {
        replace_file(path.string(), content[(written + 1) % 2]);
        ++written;
    }
    done = true;
    reader.join();
    EXPECT_EQ(halves, 0);
    EXPECT_GE(written_while_read, kEnough);
}

TEST(ReplaceFile, LeavesTheOldOneWhereItFails) {
    const tests::TempDir folder;
    EXPECT_THROW(replace_file((folder.path() / "missing" / "x").string(), "x"), tools::Failure);
    std::filesystem::create_directories(folder.path() / "folder" / "in it");
    EXPECT_THROW(replace_file((folder.path() / "folder").string(), "x"), tools::Failure);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

// In a device's or a link's place a file would be one that no other program expects.
// As the user of the folder that node exporter reads.
TEST(ReplaceFile, WritesThroughNoLinkOfAnotherUser) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root";
    }
    const tests::TempDir folder;
    const auto target = folder.path() / "target";
    replace_file(target.string(), "old\n");
    const auto theirs = folder.path() / "theirs";
    std::filesystem::create_directory(theirs);
    std::filesystem::create_symlink(target, theirs / "link");
    std::filesystem::create_directory_symlink(folder.path(), theirs / "up");
    ASSERT_EQ(::chown(theirs.c_str(), 1, 1), 0);
    EXPECT_THROW(replace_file((theirs / "link").string(), "new\n"), tools::Failure);
    EXPECT_THROW(replace_file((theirs / "up" / "target").string(), "new\n"), tools::Failure);
    EXPECT_EQ(tests::read_file(target), "old\n");
    replace_file((theirs / "x.prom").string(), "new\n");
    EXPECT_EQ(tests::read_file(theirs / "x.prom"), "new\n");
}

TEST(ReplaceFile, WritesIntoWhatIsNoRegularFile) {
    const tests::TempDir folder;
    const auto file = folder.path() / "file";
    const auto link = folder.path() / "link";
    replace_file(file.string(), "longer than what comes\n");
    std::filesystem::create_symlink(file, link);
    replace_file(link.string(), "one\n");
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    EXPECT_EQ(tests::read_file(file), "one\n");
    const auto fifo = (folder.path() / "fifo").string();
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    std::string read;
    std::thread reader([&] { read = tests::read_file(fifo); });
    replace_file(fifo, "two\n");
    reader.join();
    EXPECT_EQ(read, "two\n");
    EXPECT_TRUE(std::filesystem::is_fifo(fifo));
}

}  // namespace
}  // namespace ctl
