#include "tests/unit/ctl/two_nodes.h"

#include <gtest/gtest.h>

#include <cctype>
#include <map>
#include <set>
#include <string>
#include <string_view>

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

TEST(StatusMetrics, AreWhatAScraperReads) {
    const Metrics metrics(status_metrics(report_of(spoilt_pool()), "1.2.3"));
    const auto value = [&](const std::string& key) { return metrics.samples.at("hugepage_shim_" + key); };
    EXPECT_EQ(value(R"(info{version="1.2.3"})"), 1);
    EXPECT_EQ(value(R"(pages{node="0",page_size="1073741824",state="free"})"), 2);
    EXPECT_EQ(value(R"(pages{node="0",page_size="1073741824",state="files"})"), 128);
    EXPECT_EQ(value(R"(pages{node="1",page_size="1073741824",state="other"})"), 130 - 32 - 28);
    EXPECT_EQ(value(R"(page_bytes{node="0",page_size="1073741824",state="free"})"), 2147483648.0);
    EXPECT_EQ(value(R"(files{node="0",size="34359738368",state="leased"})"), 2);
    EXPECT_EQ(value(R"(files{node="0",size="34359738368",state="unusable"})"), 1);
    EXPECT_EQ(value(R"(oldest_holder_seconds{node="0",size="34359738368"})"), 11100);
    EXPECT_EQ(value(R"(misplaced_pages{node="1",size="34359738368"})"), 36);
    EXPECT_EQ(value(R"(checked_pages{node="1",size="34359738368"})"), 96);
}

TEST(StatusMetrics, EscapeWhatIsInALabel) {
    const Metrics metrics(status_metrics(StatusReport{}, "a\"b\\c\nd"));
    EXPECT_EQ(metrics.samples.at(R"(hugepage_shim_info{version="a\"b\\c\nd"})"), 1);
}

TEST(StatusMetrics, NeverNameAProcessOrAFile) {
    const std::string text = status_metrics(report_of(spoilt_pool()), "1");
    EXPECT_EQ(text.find("4711"), std::string::npos);
    EXPECT_EQ(text.find("/mnt"), std::string::npos);
}

}  // namespace
}  // namespace ctl
