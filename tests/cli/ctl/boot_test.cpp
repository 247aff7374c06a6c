// hugepagectl boot on folders that stand for systems; systemd's own tools judge what it writes.

#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

namespace tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kUnits = "/etc/systemd/system";
const std::string kGood = "size = 2MiB\nnum = 2\nnode = 0:4,1:2\npath = /mnt/huge/pc1\npage-size = 2MiB\n";

class Boot : public testing::Test {
  protected:
    Boot() {
        configure(kGood);
        put("/usr/lib/systemd/system/sealer.service",
            "[Service]\nExecStart=/usr/bin/hugepagectl\nEnvironment=LD_PRELOAD=libother.so\n");
        put("/usr/bin/hugepagectl", "");
        fs::permissions(root() + "/usr/bin/hugepagectl", fs::perms::owner_all);
    }

    [[nodiscard]] std::string root() const { return dir_.path().string(); }
    void put(const std::string& path, const std::string& text) const { dir_.write(path.substr(1), text); }
    void configure(const std::string& text) const { put("/etc/hugepage-shim.conf", text); }
    [[nodiscard]] std::string unit(const std::string& name) const {
        return read_file(root() + kUnits + "/" + name);
    }
    [[nodiscard]] Outcome boot(const std::string& action, const std::vector<std::string>& more = {}) const {
        std::vector<std::string> words = {HUGEPAGECTL, "boot", action, "--root", root()};
        words.insert(words.end(), more.begin(), more.end());
        return run(words);
    }
    // Each file, link and folder below the root, with what is in it.
    [[nodiscard]] std::map<std::string, std::string> tree() const {
        std::map<std::string, std::string> found;
        for (const auto& entry : fs::recursive_directory_iterator(dir_.path())) {
            found[entry.path().string()] = entry.is_symlink()        ? fs::read_symlink(entry.path()).string()
                                           : entry.is_regular_file() ? read_file(entry.path())
                                                                     : "";
        }
        return found;
    }
    void expect_usage(const Outcome& outcome, const std::string& about) const {
        EXPECT_EQ(outcome.exit_status, 2) << outcome.out << outcome.err;
        EXPECT_THAT(outcome.err, StartsWith("hugepagectl: "));
        EXPECT_THAT(outcome.err, HasSubstr(about));
        EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    }

  private:
    TempDir dir_;
};

TEST_F(Boot, InstallsOnceAndRemovesAllOfIt) {
    ASSERT_TRUE(fs::create_directories(root() + kUnits));
    const auto before = tree();
    const auto first = boot("install", {"--service", "sealer"});
    ASSERT_TRUE(first.ok()) << first.err;
    EXPECT_THAT(unit("mnt-huge-pc1.mount"), HasSubstr("Where=/mnt/huge/pc1\n"));
    EXPECT_THAT(unit("sealer.service.d/50-hugepage-shim.conf"),
                HasSubstr("libhugepage_shim.so:libother.so\"\n"));
    const auto installed = tree();
    const auto second = boot("install");  // the sealer keeps what it has
    ASSERT_TRUE(second.ok()) << second.err;
    EXPECT_THAT(second.out, testing::Not(HasSubstr("written ")));
    EXPECT_EQ(tree(), installed);
    EXPECT_EQ(boot("show").exit_status, 0);
    ASSERT_TRUE(boot("remove").ok());
    EXPECT_EQ(tree(), before);
    const auto again = boot("remove");
    EXPECT_TRUE(again.ok());
    EXPECT_THAT(again.out, HasSubstr("nothing to remove"));
}

TEST_F(Boot, PreloadsTheLibraryOfTheProgramInThatSystem) {
    const std::string name = "/libhugepage_shim.so";
    const auto expect_preloaded = [&](const std::string& folder) {
        const auto outcome = boot("install", {"--service", "sealer"});
        ASSERT_TRUE(outcome.ok()) << outcome.err;
        EXPECT_THAT(unit("sealer.service.d/50-hugepage-shim.conf"),
                    HasSubstr("\"LD_PRELOAD=" + folder + name + ":"));
        const bool is_there = fs::exists(root() + folder + name);
        EXPECT_EQ(outcome.out.find(folder + name + " isn't there") == std::string::npos, is_there)
            << outcome.out;
    };
    expect_preloaded("/usr/lib");  // nothing is installed yet
    ASSERT_TRUE(fs::create_directories(root() + "/usr/lib64"));
    expect_preloaded("/usr/lib64");
    put("/usr/lib" + name, "");
    expect_preloaded("/usr/lib");
    put("/usr/lib64" + name, "");
    expect_preloaded("/usr/lib64");
    put("/usr/lib/aarch64-linux-gnu" + name, "");
    expect_preloaded("/usr/lib/aarch64-linux-gnu");
    put("/usr/local/bin/hugepagectl", "");
    put("/usr/local/lib" + name, "");
    expect_preloaded("/usr/local/lib");
}

TEST_F(Boot, IsWhatItsDryRunSaysInShell) {
    const auto before = tree();
    const auto preview = boot("install", {"--service", "sealer", "--dry-run"});
    ASSERT_TRUE(preview.ok()) << preview.err;
    EXPECT_EQ(tree(), before);
    ASSERT_TRUE(run({"/bin/sh", "-ec", preview.out}).ok()) << preview.out;
    const auto typed = tree();
    const auto installed = boot("install");
    EXPECT_THAT(installed.out, testing::Not(HasSubstr("written ")));
    EXPECT_EQ(tree(), typed);
    const auto removal = boot("remove", {"--dry-run"});
    ASSERT_TRUE(run({"/bin/sh", "-ec", removal.out}).ok()) << removal.out;
    EXPECT_THAT(boot("remove").out, HasSubstr("nothing to remove"));
}

TEST_F(Boot, WritesUnitsThatSystemdTakes) {
    // What they refer to.
    fs::copy("/usr/lib/systemd/system", root() + "/usr/lib/systemd/system",
             fs::copy_options::recursive | fs::copy_options::copy_symlinks | fs::copy_options::skip_existing);
    configure("size = 2MiB\npage-size = 2MiB\npath = \"/mnt/50% of-it/$x\"\n");
    ASSERT_TRUE(boot("install", {"--service", "sealer"}).ok());
    const std::string mount = "mnt-50\\x25\\x20of\\x2dit-\\x24x.mount";
    EXPECT_EQ(run({"systemd-escape", "-p", "--suffix=mount", "/mnt/50% of-it/$x"}).out, mount + "\n");
    const auto verified = run({"systemd-analyze", "verify", "--man=no", "--root=" + root(), mount,
                               "hugepage-shim.service", "sealer.service"});
    EXPECT_TRUE(verified.ok()) << verified.out << verified.err;
    EXPECT_EQ(verified.err, "");
}

TEST_F(Boot, ShowsWhatWouldBeOtherwise) {
    EXPECT_EQ(boot("show").exit_status, 4);
    ASSERT_TRUE(boot("install", {"--service", "sealer", "--heap"}).ok());
    configure("size = 2MiB\npath = /mnt/other\npage-size = 2MiB\n");
    const auto shown = boot("show");
    EXPECT_EQ(shown.exit_status, 4);
    EXPECT_THAT(shown.out, HasSubstr("  - Environment=\"HUGEPAGE_FILES_PATH=/mnt/huge/pc1\"\n"
                                     "  + Environment=\"HUGEPAGE_FILES_PATH=/mnt/other\"\n"));
    const auto json = nlohmann::json::parse(boot("show", {"--json"}).out);
    EXPECT_EQ(json["schema_version"], 1);
    EXPECT_EQ(json["as_configured"], false);
    EXPECT_EQ(json["services"], nlohmann::json::array({"sealer.service"}));
    ASSERT_TRUE(boot("install").ok());
    EXPECT_EQ(boot("show").exit_status, 0);
    EXPECT_FALSE(fs::exists(root() + kUnits + "/mnt-huge-pc1.mount")) << "of the folder that was";
    EXPECT_THAT(unit("sealer.service.d/50-hugepage-shim.conf"), HasSubstr("libhugepage_shim_heap.so"));
}

TEST_F(Boot, RemovesOneSealersPart) {
    ASSERT_TRUE(boot("install", {"--service", "sealer", "--service", "other"}).ok());
    ASSERT_TRUE(boot("remove", {"--service", "other"}).ok());
    EXPECT_FALSE(fs::exists(root() + kUnits + "/other.service.d"));
    EXPECT_TRUE(fs::exists(root() + kUnits + "/sealer.service.d/50-hugepage-shim.conf"));
    EXPECT_TRUE(fs::exists(root() + kUnits + "/hugepage-shim.service"));
}

TEST_F(Boot, LeavesOthersFilesAlone) {
    put(kUnits + "/hugepage-shim.service", "[Service]\n");
    const auto before = tree();
    const auto outcome = boot("install");
    EXPECT_EQ(outcome.exit_status, 1);
    EXPECT_THAT(outcome.err, HasSubstr("hugepage-shim.service"));
    EXPECT_TRUE(boot("remove").ok());
    EXPECT_EQ(tree(), before);
}

TEST_F(Boot, RefusesAConfigurationThatSetupWouldRefuse) {
    const std::string path = "path = /mnt/huge\n";
    for (const std::string& text :
         {std::string(), path, path + "size = 32\xc3\xa9\n", path + "size = 0\n",
          path + "size = 2MiB\nnum = x\n", path + "size = 2MiB\nnode = 4-\n",
          path + "size = 2MiB\npage-size = 3MiB\n", path + "size = 2MiB\nmode = 999\n",
          path + "size = 2MiB\ntimeout = 1s\n", path + "size = 2MiB\nsise = 1\n",
          path + "size = 2MiB\nsize = 4MiB\n", std::string("size = 2MiB\npath = mnt/huge\n"),
          std::string("size = 2MiB\npath = \"/mnt/huge \"\npage-size = 2MiB\n")}) {
        configure(text);
        const auto before = tree();
        expect_usage(boot("install"), "");
        EXPECT_EQ(tree(), before) << text;
    }
    fs::remove(root() + "/etc/hugepage-shim.conf");
    expect_usage(boot("install"), "hugepage-shim.conf");
}

TEST_F(Boot, RefusesWhatMakesNoSense) {
    const auto before = tree();
    expect_usage(run({HUGEPAGECTL, "boot"}), "ACTION");
    expect_usage(boot("mend"), "'mend'");
    expect_usage(boot("install", {"--service", "a b"}), "'a b'");
    expect_usage(boot("install", {"--service", "hugepage-shim.service"}), "no sealer");
    expect_usage(boot("install", {"--heap"}), "--service");
    expect_usage(boot("install", {"--config", "x.conf"}), "--config");
    expect_usage(boot("show", {"--service", "sealer"}), "--service");
    expect_usage(run({HUGEPAGECTL, "boot", "show", "--root", "/nowhere/at/all"}), "--root");
    EXPECT_EQ(tree(), before);
}

TEST_F(Boot, SaysWhoIsAllowedTo) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root to become another user";
    }
    ASSERT_TRUE(fs::create_directories(root() + kUnits));
    ASSERT_EQ(::chmod(root().c_str(), 0755), 0);
    const auto outcome = run({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", HUGEPAGECTL,
                              "boot", "install", "--root", root()});
    EXPECT_EQ(outcome.exit_status, 5) << outcome.err;
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
}

}  // namespace
}  // namespace tests
