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

// A strict reader of Prometheus's text format: throws at the first thing that a scraper would refuse, and at
// what promtool would complain of.
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
        require(name_of(rest) == metric_ && !metric_.empty() && rest.starts_with('{'), line);
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
        require(rest.starts_with("} "), line);
        const std::string key(line.substr(0, line.size() - rest.size() + 1));
        std::size_t used = 0;
        const std::string value(rest.substr(2));
        const double number = std::stod(value, &used);
        require(used == value.size() && samples.emplace(key, number).second, line);
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

TEST(StatusMetrics, NeverNameAProcessOrAFile) {
    const std::string text = metrics_of(spoilt_pool());
    EXPECT_EQ(text.find("4711"), std::string::npos);
    EXPECT_EQ(text.find("GiB_"), std::string::npos);
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
