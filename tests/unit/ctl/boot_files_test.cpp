#include "tools/ctl/boot/boot_files.h"

#include "tests/support/temp_dir.h"
#include "tools/common/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

namespace ctl {
namespace {

namespace fs = std::filesystem;
using Kind = UnitChange::Kind;
using testing::ElementsAre;

const std::string kService = "/etc/systemd/system/hugepage-shim.service";
const std::string kDropIn = "/etc/systemd/system/a.service.d/50-hugepage-shim.conf";
const std::string kLink = "/etc/systemd/system/multi-user.target.wants/hugepage-shim.service";

std::string ours(const std::string& text) {
    return std::string(kMark) + "\n" + text;
}

class BootFiles : public testing::Test {
  protected:
    [[nodiscard]] std::string root() const { return dir_.path().string(); }
    void put(const std::string& path, const std::string& text) const { dir_.write(path.substr(1), text); }
    [[nodiscard]] std::vector<Kind> kinds(const std::vector<UnitFile>& wanted) const {
        std::vector<Kind> found;
        for (const UnitChange& change : changes_to(wanted, installed_units(root()), root())) {
            found.push_back(change.kind);
        }
        return found;
    }
    void make(const std::vector<UnitFile>& wanted) const {
        make_changes(changes_to(wanted, installed_units(root()), root()), root());
    }

    std::vector<UnitFile> all_ = {{kService, ours("x\n")}, {kDropIn, ours("y\n")}, {kLink, kService, true}};

  private:
    tests::TempDir dir_;
};

TEST_F(BootFiles, AreWrittenOnceAndAllTakenAway) {
    EXPECT_THAT(kinds(all_), ElementsAre(Kind::write, Kind::write, Kind::write));
    make(all_);
    EXPECT_EQ(tests::read_file(root() + kDropIn), ours("y\n"));
    EXPECT_EQ(fs::read_symlink(root() + kLink), kService);
    EXPECT_THAT(kinds(all_), ElementsAre(Kind::keep, Kind::keep, Kind::keep));
    make({});
    EXPECT_TRUE(fs::is_empty(root() + "/etc/systemd/system"));
}

TEST_F(BootFiles, AreReplacedOnlyWhereTheyDiffer) {
    make(all_);
    // Long ago, so that a second writing can't have the same time.
    const auto before = fs::last_write_time(root() + kService) - std::chrono::hours(1);
    fs::last_write_time(root() + kService, before);
    all_[1].content = ours("z\n");
    EXPECT_THAT(kinds(all_), ElementsAre(Kind::keep, Kind::replace, Kind::keep));
    make(all_);
    EXPECT_EQ(tests::read_file(root() + kDropIn), ours("z\n"));
    EXPECT_EQ(fs::last_write_time(root() + kService), before);
}

TEST_F(BootFiles, GoWhenTheyAreNoLongerWanted) {
    put("/etc/systemd/system/mnt-old.mount", ours(""));
    make(all_);
    EXPECT_FALSE(fs::exists(root() + "/etc/systemd/system/mnt-old.mount"));
}

TEST_F(BootFiles, OfOthersAreNeitherReplacedNorRemoved) {
    put("/etc/systemd/system/mnt-own.mount", "[Mount]\n");
    put("/etc/systemd/system/b.service.d/50-hugepage-shim.conf", "[Service]\n");
    put("/etc/systemd/system/b.service.d/60-other.conf", ours(""));
    make({});
    EXPECT_TRUE(fs::exists(root() + "/etc/systemd/system/mnt-own.mount"));
    EXPECT_TRUE(fs::exists(root() + "/etc/systemd/system/b.service.d/50-hugepage-shim.conf"));
    EXPECT_TRUE(fs::exists(root() + "/etc/systemd/system/b.service.d/60-other.conf"));
    put(kService, "[Unit]\n");
    EXPECT_THROW(make(all_), tools::Failure);
    EXPECT_EQ(tests::read_file(root() + kService), "[Unit]\n");
    EXPECT_FALSE(fs::exists(root() + kDropIn)) << "something was written before all was looked at";
}

TEST_F(BootFiles, AreNotWrittenThroughALink) {
    put("/elsewhere", "kept");
    fs::create_directories(root() + "/etc/systemd/system");
    fs::create_symlink(root() + "/elsewhere", root() + kService);
    EXPECT_THROW(make(all_), tools::Failure);
    EXPECT_EQ(tests::read_file(root() + "/elsewhere"), "kept");
}

TEST_F(BootFiles, LeaveAFolderInWhichOthersAre) {
    make(all_);
    put("/etc/systemd/system/a.service.d/other.conf", "x");
    make({});
    EXPECT_TRUE(fs::exists(root() + "/etc/systemd/system/a.service.d/other.conf"));
}

TEST_F(BootFiles, KnowWhatOthersMount) {
    EXPECT_FALSE(is_mounted_by_others("/mnt/huge", root()));
    put("/etc/systemd/system/mnt-huge.mount", ours(""));
    EXPECT_FALSE(is_mounted_by_others("/mnt/huge", root()));
    put("/usr/lib/systemd/system/dev-hugepages.mount", "[Mount]\n");
    EXPECT_TRUE(is_mounted_by_others("/dev/hugepages", root()));
    put("/etc/fstab",
        "# none /mnt/huge hugetlbfs\n\nnone /mnt/huge\\040two hugetlbfs pagesize=2M 0 0\nnone /y "
        "hugetlbfs\n");
    EXPECT_TRUE(is_mounted_by_others("/mnt/huge two", root()));
    EXPECT_TRUE(is_mounted_by_others("/y", root()));
    EXPECT_FALSE(is_mounted_by_others("/mnt/huge", root()));
}

TEST_F(BootFiles, ReadAUnitWithItsDropIns) {
    put("/usr/lib/systemd/system/a.service", "1\n");
    put("/etc/systemd/system/a.service.d/10-x.conf", "2\n");
    put("/etc/systemd/system/a.service.d/README", "no\n");
    put(kDropIn, ours("no\n"));
    EXPECT_EQ(unit_text_of("a.service", root()), "1\n\n2\n");
    put("/etc/systemd/system/a.service", "3\n");
    EXPECT_EQ(unit_text_of("a.service", root()), "3\n\n2\n");
}

}  // namespace
}  // namespace ctl
