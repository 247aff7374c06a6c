#include "tests/support/temp_dir.h"
#include "tools/common/failure.h"
#include "tools/pool/choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ctl {
namespace {

struct Words {
    PoolOptions options;
    Environment variables;
    std::string config_file = "/nonexistent";
    std::vector<tools::Mount> mounts;

    [[nodiscard]] std::vector<PoolChoice> choose() const {
        return choose_pools(options, variables, config_file, mounts);
    }
    // "name (source)" of each.
    [[nodiscard]] std::string text() const {
        std::string text;
        for (const PoolChoice& choice : choose()) {
            text += name_of(choice.pattern) + " (" + choice.source + ")";
        }
        return text;
    }
};

TEST(PoolChoice, TakesTheFirstAnswer) {
    const tests::TempDir folder;
    Words words;
    EXPECT_EQ(words.text(), "");
    words.config_file = folder.write("conf", "# what setup wrote\npath = /from/config\n").string();
    EXPECT_EQ(words.text(), "/from/config (" + words.config_file + ")");
    words.variables["HUGEPAGE_FILES_PATH"] = "/from/path";
    EXPECT_EQ(words.text(), "/from/path (HUGEPAGE_FILES_PATH)");
    words.variables["HUGEPAGE_FILES_PATH_PATTERN"] = "/n/$NUMA_NODE_INDEX";
    EXPECT_EQ(words.text(), "/n/$NUMA_NODE_INDEX (HUGEPAGE_FILES_PATH_PATTERN)");
    words.options.path = "/from//option/";
    EXPECT_EQ(words.text(), "/from/option (--path)");
    words.options = {"", "/o/$NUMA_NODE_INDEX/x"};
    EXPECT_EQ(words.text(), "/o/$NUMA_NODE_INDEX/x (--path-pattern)");
}

TEST(PoolChoice, PassesOverEmptyVariables) {
    Words words;
    words.variables = {{"HUGEPAGE_FILES_PATH_PATTERN", ""}, {"HUGEPAGE_FILES_PATH", "/a"}};
    EXPECT_EQ(words.text(), "/a (HUGEPAGE_FILES_PATH)");
}

TEST(PoolChoice, ReadsThePatternOfAConfiguration) {
    const tests::TempDir folder;
    Words words;
    words.config_file =
        folder.write("conf", "path = /a\npath-pattern = \"/b c/$NUMA_NODE_INDEX\"\nsize = 32GiB\n").string();
    EXPECT_EQ(words.text(), "/b c/$NUMA_NODE_INDEX (" + words.config_file + ")");
    words.config_file = folder.write("windows", "\xef\xbb\xbfpath = /b\r\n").string();
    EXPECT_EQ(words.text(), "/b (" + words.config_file + ")");
    words.config_file = folder.write("other", "# nothing\nsize = 32GiB\n[section]\npath = /x\n").string();
    EXPECT_THROW(static_cast<void>(words.choose()), tools::Failure);
    words.config_file = folder.write("wide", "\xff\xfep").string();
    EXPECT_THROW(static_cast<void>(words.choose()), tools::Failure);
}

TEST(PoolChoice, RefusesWhatCanBeNoPool) {
    Words words;
    words.options.pattern = "/no/placeholder";
    EXPECT_THROW(static_cast<void>(words.choose()), tools::Failure);
    words.options = {std::string(2000, 'x'), ""};
    EXPECT_THROW(static_cast<void>(words.choose()), tools::Failure);
}

TEST(PoolChoice, FindsPoolsOnMounts) {
    const tests::TempDir folder;
    const std::string root = folder.path().string();
    for (const char* name :
         {"top/numa_0", "below/pc1/numa_1", "below/pc2/numa_0", "below/other/numa_x", "disk/numa_0"}) {
        std::filesystem::create_directories(folder.path() / name);
    }
    Words words;
    const auto mount = [&](const char* name, const char* type) {
        words.mounts.push_back({1, root + "/" + name, type, "rw,pagesize=2M"});
    };
    mount("top", "hugetlbfs");
    mount("below", "hugetlbfs");
    mount("top", "hugetlbfs");  // a second time
    mount("disk", "ext4");
    mount("missing", "hugetlbfs");
    std::vector<std::string> names;
    for (const PoolChoice& choice : words.choose()) {
        names.push_back(name_of(choice.pattern));
        EXPECT_EQ(choice.source, "found on a mount");
    }
    EXPECT_THAT(names, testing::ElementsAre(root + "/top", root + "/below/pc1", root + "/below/pc2"));
}

TEST(PoolChoice, IsNamedAsItIsTyped) {
    EXPECT_EQ(option_of(*hugepage::FilePattern::in_folder("/a b")), "--path '/a b'");
    EXPECT_EQ(option_of(*hugepage::FilePattern::in_folder("/")), "--path /");
    EXPECT_EQ(option_of(*hugepage::FilePattern::parse("/n$NUMA_NODE_INDEX/numa_$NUMA_NODE_INDEX")),
              "--path-pattern '/n$NUMA_NODE_INDEX/numa_$NUMA_NODE_INDEX'");
}

}  // namespace
}  // namespace ctl
