#include "shim/base/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace hugepage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Values = std::map<std::string, std::string>;

// An environment for one parse; the Config's complaints point into it.
class Variables {
  public:
    explicit Variables(const Values& values) {
        for (const auto& [name, value] : values) {
            entries_.push_back(name + "=" + value);
        }
        for (const auto& entry : entries_) {
            list_.push_back(entry.c_str());
        }
        list_.push_back(nullptr);
    }

    [[nodiscard]] Config parse() const { return Config::parse(list_.data()); }
    [[nodiscard]] bool wanted() const { return Config::is_wanted(list_.data()); }

  private:
    std::vector<std::string> entries_;
    std::vector<const char*> list_;
};

std::vector<std::string> complained_names(const Config& config) {
    std::vector<std::string> names;
    for (const auto& complaint : config.complaints()) {
        names.emplace_back(complaint.name);
    }
    return names;
}

TEST(Config, IsWantedOnlyIfFilesAreNamed) {
    EXPECT_FALSE(Variables(Values{}).wanted());
    EXPECT_FALSE(Variables(Values{{"HUGEPAGE_MODE", "require"}}).wanted());
    EXPECT_FALSE(Variables(Values{{"HUGEPAGE_FILES_PATH", ""}}).wanted());
    EXPECT_TRUE(Variables(Values{{"HUGEPAGE_FILES_PATH", "/x"}}).wanted());
    EXPECT_TRUE(Variables(Values{{"HUGEPAGE_FILES_PATH_PATTERN", "/x"}}).wanted());
}

TEST(Config, HasTheDocumentedDefaults) {
    const Variables variables(Values{{"HUGEPAGE_FILES_PATH", "/mnt/huge"}});
    const Config config = variables.parse();
    ASSERT_TRUE(config.files);
    EXPECT_EQ(config.files->text(), "/mnt/huge/numa_$NUMA_NODE_INDEX");
    EXPECT_EQ(config.mode, Config::Mode::try_files);
    EXPECT_EQ(config.node, std::nullopt);
    EXPECT_EQ(config.node_policy, Config::NodePolicy::local);
    EXPECT_EQ(config.wait_ms, 0U);
    EXPECT_EQ(config.fallback, Config::Fallback::thp);
    EXPECT_EQ(config.zero, Config::Zero::always);
    EXPECT_EQ(config.zero_threads, std::nullopt);
    EXPECT_EQ(config.fork, Config::Fork::none);
    EXPECT_EQ(config.executable, nullptr);
    EXPECT_FALSE(config.dump);
    EXPECT_EQ(config.log_level, log::Level::info);
    EXPECT_TRUE(config.log_file.empty());
    EXPECT_THAT(complained_names(config), IsEmpty());
}

TEST(Config, ReadsEveryVariable) {
    const Variables variables(Values{{"HUGEPAGE_FILES_PATH", "/ignored"},
                                     {"HUGEPAGE_FILES_PATH_PATTERN", "/p/$NUMA_NODE_INDEX"},
                                     {"HUGEPAGE_MODE", "require"},
                                     {"HUGEPAGE_NODE", "1"},
                                     {"HUGEPAGE_NODE_POLICY", "nearest"},
                                     {"HUGEPAGE_WAIT_MS", "86400000"},
                                     {"HUGEPAGE_FALLBACK", "plain"},
                                     {"HUGEPAGE_ZERO", "never"},
                                     {"HUGEPAGE_ZERO_THREADS", "0"},
                                     {"HUGEPAGE_FORK", "share"},
                                     {"HUGEPAGE_EXE", "lotus-*"},
                                     {"HUGEPAGE_DUMP", "1"},
                                     {"HUGEPAGE_LOG", "trace"},
                                     {"HUGEPAGE_LOG_FILE", "/tmp/log"}});
    const Config config = variables.parse();
    EXPECT_EQ(config.files->text(), "/p/$NUMA_NODE_INDEX");
    EXPECT_EQ(config.mode, Config::Mode::require);
    EXPECT_EQ(config.node, NodeId{1});
    EXPECT_EQ(config.node_policy, Config::NodePolicy::nearest);
    EXPECT_EQ(config.wait_ms, 86'400'000U);
    EXPECT_EQ(config.fallback, Config::Fallback::plain);
    EXPECT_EQ(config.zero, Config::Zero::never);
    EXPECT_EQ(config.zero_threads, 0);
    EXPECT_EQ(config.fork, Config::Fork::share);
    EXPECT_STREQ(config.executable, "lotus-*");
    EXPECT_TRUE(config.dump);
    EXPECT_EQ(config.log_level, log::Level::trace);
    EXPECT_EQ(config.log_file, "/tmp/log");
    EXPECT_THAT(complained_names(config), IsEmpty());
}

TEST(Config, ComplainsOnceOfEachWrongValueAndKeepsTheDefault) {
    const Variables variables(Values{{"HUGEPAGE_FILES_PATH", "/x"},
                                     {"HUGEPAGE_MODE", "TRY"},
                                     {"HUGEPAGE_NODE", "one"},
                                     {"HUGEPAGE_NODE_POLICY", "far"},
                                     {"HUGEPAGE_WAIT_MS", "86400001"},
                                     {"HUGEPAGE_FALLBACK", "none"},
                                     {"HUGEPAGE_ZERO", "sometimes"},
                                     {"HUGEPAGE_ZERO_THREADS", "-1"},
                                     {"HUGEPAGE_FORK", "yes"},
                                     {"HUGEPAGE_DUMP", "yes"},
                                     {"HUGEPAGE_LOG", "verbose"}});
    const Config config = variables.parse();
    EXPECT_EQ(config.mode, Config::Mode::try_files);
    EXPECT_EQ(config.node, std::nullopt);
    EXPECT_EQ(config.zero, Config::Zero::always);
    EXPECT_EQ(config.zero_threads, std::nullopt);
    EXPECT_EQ(config.fork, Config::Fork::none);
    EXPECT_FALSE(config.dump);
    EXPECT_EQ(config.log_level, log::Level::info);
    EXPECT_THAT(complained_names(config),
                testing::UnorderedElementsAre("HUGEPAGE_MODE", "HUGEPAGE_NODE", "HUGEPAGE_NODE_POLICY",
                                              "HUGEPAGE_WAIT_MS", "HUGEPAGE_FALLBACK", "HUGEPAGE_ZERO",
                                              "HUGEPAGE_ZERO_THREADS", "HUGEPAGE_FORK", "HUGEPAGE_DUMP",
                                              "HUGEPAGE_LOG"));
}

TEST(Config, ReportsNamesThatLookLikeItsOwn) {
    const Variables variables(Values{{"HUGEPAGE_FILES_PATH", "/x"},
                                     {"HUGEPAGE_FILE_PATH", "/y"},
                                     {"HUGEPAGE_LOGFILE", "/y"},
                                     {"HUGEPAGE_MODES", "/y"},
                                     {"HUGEPAGE_NODE_PLOICY", "/y"},
                                     {"OTHER", "z"}});
    const Config config = variables.parse();
    ASSERT_THAT(complained_names(config),
                testing::UnorderedElementsAre("HUGEPAGE_FILE_PATH", "HUGEPAGE_LOGFILE", "HUGEPAGE_MODES",
                                              "HUGEPAGE_NODE_PLOICY"));
    EXPECT_EQ(config.complaints().front().value, "/y");
}

// As Kubernetes sets them for a Service called hugepage-exporter.
TEST(Config, LeavesOthersTheirNamesWithItsPrefix) {
    const Variables variables(Values{{"HUGEPAGE_FILES_PATH", "/x"},
                                     {"HUGEPAGE_EXPORTER_PORT", "tcp://10.0.0.9:9100"},
                                     {"HUGEPAGE_EXPORTER_PORT_9100_TCP", "tcp://10.0.0.9:9100"},
                                     {"HUGEPAGE_EXPORTER_PORT_9100_TCP_ADDR", "10.0.0.9"},
                                     {"HUGEPAGE_EXPORTER_PORT_9100_TCP_PORT", "9100"},
                                     {"HUGEPAGE_EXPORTER_PORT_9100_TCP_PROTO", "tcp"},
                                     {"HUGEPAGE_EXPORTER_SERVICE_HOST", "10.0.0.9"},
                                     {"HUGEPAGE_EXPORTER_SERVICE_PORT", "9100"}});
    EXPECT_THAT(complained_names(variables.parse()), IsEmpty());
}

TEST(Config, ReportsAPatternWithoutPlaceholderAndNamesNoFiles) {
    const Variables variables(Values{{"HUGEPAGE_FILES_PATH_PATTERN", "/mnt/numa_0"}});
    const Config config = variables.parse();
    EXPECT_FALSE(config.files);
    EXPECT_THAT(complained_names(config), ElementsAre("HUGEPAGE_FILES_PATH_PATTERN"));
}

TEST(Config, ReportsALogFileWithAnEndlessNameAndUsesStderr) {
    const Variables variables(
        Values{{"HUGEPAGE_FILES_PATH", "/x"}, {"HUGEPAGE_LOG_FILE", std::string(1024, 'l')}});
    const Config config = variables.parse();
    EXPECT_TRUE(config.log_file.empty());
    EXPECT_THAT(complained_names(config), ElementsAre("HUGEPAGE_LOG_FILE"));
}

TEST(Config, KeepsNoMoreComplaintsThanItHasRoomFor) {
    Values many{{"HUGEPAGE_FILES_PATH", "/x"}};
    for (int i = 0; i < 100; ++i) {
        many[std::string("HUGEPAGE_LOG").append(std::to_string(i))] = "1";
    }
    const Variables variables(many);
    EXPECT_EQ(variables.parse().complaints().size(), 16U);
}

}  // namespace
}  // namespace hugepage
