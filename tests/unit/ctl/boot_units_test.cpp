#include "tools/ctl/boot/boot_units.h"

#include "tools/common/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

BootRequest request_for(const std::string& place) {
    BootRequest request;
    request.program = "/usr/bin/hugepagectl";
    request.config = "/etc/hugepage-shim.conf";
    request.place = place;
    request.mount = place;
    request.page_size = hugepage::ByteSize{2U << 20};
    request.variable = "HUGEPAGE_FILES_PATH";
    request.value = place;
    request.sealers = {{"lotus-worker.service", "/usr/lib/libhugepage_shim.so", ""}};
    return request;
}

std::string line_of(const UnitFile& file, const std::string& key) {
    const std::size_t at = file.content.find("\n" + key + "=");
    return at == std::string::npos ? ""
                                   : file.content.substr(at + 1, file.content.find('\n', at + 1) - at - 1);
}

void expect_refused(const BootRequest& request) {
    try {
        static_cast<void>(boot_units(request));
        FAIL() << request.place;
    } catch (const tools::Failure& failure) {
        EXPECT_EQ(failure.code(), tools::ExitCode::usage) << failure.what();
    }
}

TEST(BootUnits, AreAMountAServiceADropInAndALink) {
    const auto files = boot_units(request_for("/mnt/huge/pc1"));
    ASSERT_EQ(files.size(), 4U);
    EXPECT_EQ(files[0].path, "/etc/systemd/system/mnt-huge-pc1.mount");
    EXPECT_EQ(line_of(files[0], "Where"), "Where=/mnt/huge/pc1");
    EXPECT_EQ(line_of(files[0], "Type"), "Type=hugetlbfs");
    EXPECT_EQ(line_of(files[0], "Options"), "Options=pagesize=2M,mode=0755,nosuid,nodev,noexec");
    EXPECT_EQ(files[1].path, "/etc/systemd/system/hugepage-shim.service");
    EXPECT_EQ(line_of(files[1], "ExecStart"),
              "ExecStart=/usr/bin/hugepagectl setup --config /etc/hugepage-shim.conf");
    EXPECT_EQ(line_of(files[1], "RequiresMountsFor"), "RequiresMountsFor=\"/mnt/huge/pc1\"");
    EXPECT_EQ(files[2].path, "/etc/systemd/system/lotus-worker.service.d/50-hugepage-shim.conf");
    EXPECT_EQ(line_of(files[2], "After"), "After=hugepage-shim.service");
    EXPECT_THAT(files[2].content, HasSubstr("Environment=\"LD_PRELOAD=/usr/lib/libhugepage_shim.so\"\n"
                                            "Environment=\"HUGEPAGE_FILES_PATH=/mnt/huge/pc1\"\n"));
    EXPECT_EQ(files[3].path, "/etc/systemd/system/multi-user.target.wants/hugepage-shim.service");
    EXPECT_TRUE(files[3].is_link);
    for (const UnitFile& file : files) {
        EXPECT_TRUE(file.is_link || file.content.starts_with(std::string(kMark) + "\n")) << file.path;
    }
}

// Its mounts would be nobody else's: a page that systemd.exec(5) has.
TEST(BootUnits, GiveTheServiceNoMountNamespace) {
    const auto files = boot_units(request_for("/mnt/huge"));
    for (const char* key : {"PrivateMounts",
                            "PrivateTmp",
                            "PrivateDevices",
                            "ProtectSystem",
                            "ProtectHome",
                            "ReadWritePaths",
                            "ReadOnlyPaths",
                            "InaccessiblePaths",
                            "BindPaths",
                            "TemporaryFileSystem",
                            "ProtectKernelTunables",
                            "ProtectControlGroups",
                            "ProtectKernelModules",
                            "ProtectKernelLogs",
                            "ProtectProc",
                            "ProcSubset",
                            "RootDirectory",
                            "DynamicUser",
                            "PrivateIPC",
                            "ProtectHostname",
                            "MountFlags",
                            "StateDirectory",
                            "RuntimeDirectory",
                            "PrivateNetwork"}) {
        EXPECT_EQ(line_of(files[1], key), "") << key;
    }
}

TEST(BootUnits, EscapeWhatIsSpecialToSystemd) {
    const auto files = boot_units(request_for("/mnt/50% \"huge\" $x\\y"));
    EXPECT_EQ(files[0].path, "/etc/systemd/system/mnt-50\\x25\\x20\\x22huge\\x22\\x20\\x24x\\x5cy.mount");
    EXPECT_EQ(line_of(files[0], "Where"), "Where=/mnt/50%% \"huge\" $x\\y");
    EXPECT_EQ(line_of(files[1], "RequiresMountsFor"), "RequiresMountsFor=\"/mnt/50%% \\\"huge\\\" $x\\\\y\"");
    EXPECT_THAT(files[2].content,
                HasSubstr("Environment=\"HUGEPAGE_FILES_PATH=/mnt/50%% \\\"huge\\\" $x\\\\y\"\n"));
}

TEST(BootUnits, RefuseWhatSystemdCantBeTold) {
    for (const char* path : {"/mnt/a\nb", "/mnt/a\tb", "/mnt/\xff", "/mnt/blank ", "/mnt/back\\", "mnt", "",
                             "/mnt/../etc", "/mnt/./x", "/mnt/.."}) {
        expect_refused(request_for(path));
    }
    expect_refused(request_for("/" + std::string(250, 'a')));  // too long a name for a unit
}

TEST(BootUnits, MountNothingWhereSomebodyElseDoes) {
    BootRequest request = request_for("/mnt/huge");
    request.mount.clear();
    EXPECT_EQ(boot_units(request)[0].path, "/etc/systemd/system/hugepage-shim.service");
    // setup chooses the size of the pages, and mounts.
    request = request_for("/mnt/huge");
    request.page_size.reset();
    EXPECT_EQ(boot_units(request)[0].path, "/etc/systemd/system/hugepage-shim.service");
}

TEST(BootUnits, LeaveInPlaceWhatASealerPreloadsAlready) {
    BootRequest request = request_for("/mnt/huge");
    request.sealers[0].other_preload = "libjemalloc.so.2";
    EXPECT_THAT(boot_units(request)[2].content,
                HasSubstr("\"LD_PRELOAD=/usr/lib/libhugepage_shim.so:libjemalloc.so.2\""));
}

TEST(PreloadedBy, IsTheLastAssignment) {
    EXPECT_EQ(preloaded_by(""), "");
    EXPECT_EQ(preloaded_by("[Service]\nEnvironment=LD_PRELOAD=a.so A=b\n"), "a.so");
    EXPECT_EQ(preloaded_by("Environment=A=b \"LD_PRELOAD=a.so b.so\" C=d\n"), "a.so b.so");
    EXPECT_EQ(preloaded_by("Environment='LD_PRELOAD=a.so'\n  Environment=LD_PRELOAD=b.so"), "b.so");
    EXPECT_EQ(preloaded_by("Environment=LD_PRELOAD=a.so\nEnvironment=\n"), "");
    EXPECT_EQ(preloaded_by("# Environment=LD_PRELOAD=a.so\n"), "");
    EXPECT_EQ(preloaded_by("Environment=OLD_PRELOAD=a.so\n"), "");
}

}  // namespace
}  // namespace ctl
