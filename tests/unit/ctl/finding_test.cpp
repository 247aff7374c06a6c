// How findings are shown.
#include "tools/ctl/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

using ctl::Findings;
using ctl::Terminal;
using ctl::Verdict;

Findings some() {
    return {{"kernel", Verdict::ok, "Linux 6.1", "", ""},
            {"mounts", Verdict::fail, "hugetlbfs is not mounted",
             "The files live on it; a mount is gone after a reboot, and has to be made again by whoever "
             "starts the sealer.",
             "sudo mkdir -p /mnt/huge && sudo mount -t hugetlbfs -o pagesize=1G,nosuid,nodev none /mnt/huge"},
            {"pool-placement", Verdict::warn, "1 file has pages on another node", "It is slower there.",
             "sudo rm file"}};
}

std::string text_of(const Findings& findings, const Terminal& terminal) {
    const ctl::Json report = ctl::findings_report(findings);
    return ctl::findings_text(report["findings"], terminal) + ctl::summary_text(report, terminal);
}

TEST(Findings, AreWrappedTo80ColumnsWithFailuresLast) {
    Terminal terminal;
    terminal.columns = 80;
    EXPECT_EQ(text_of(some(), terminal),
              "ok    kernel          Linux 6.1\n"
              "\n"
              "warn  pool-placement  1 file has pages on another node\n"
              "                      It is slower there.\n"
              "                      > sudo rm file\n"
              "\n"
              "fail  mounts          hugetlbfs is not mounted\n"
              "                      The files live on it; a mount is gone after a reboot, and\n"
              "                      has to be made again by whoever starts the sealer.\n"
              "                      > sudo mkdir -p /mnt/huge && sudo mount -t hugetlbfs -o "
              "pagesize=1G,nosuid,nodev none /mnt/huge\n"
              "\n"
              "It will not work as it is: 1 failure, 1 warning, 1 ok.\n");
}

// A column of ids would leave too little.
TEST(Findings, FitANarrowTerminal) {
    Terminal terminal;
    terminal.columns = 60;
    EXPECT_THAT(text_of({some()[2]}, terminal),
                testing::StartsWith("warn  pool-placement: 1 file has pages on another node\n"
                                    "      It is slower there.\n"));
}

TEST(Findings, TakeTheRoomOf160Columns) {
    Terminal terminal;
    terminal.columns = 160;
    EXPECT_THAT(text_of(some(), terminal),
                testing::HasSubstr(
                    "                      The files live on it; a mount is gone after a reboot, and has to "
                    "be made again by whoever starts the sealer.\n"));
}

TEST(Findings, SaySoIfAllIsWell) {
    EXPECT_THAT(text_of({{"kernel", Verdict::ok, "Linux 6.1", "", ""}}, Terminal{}),
                testing::EndsWith("All is well: 0 failures, 0 warnings, 1 ok.\n"));
    EXPECT_THAT(text_of({{"thp", Verdict::warn, "never", "Slow.", "echo"}}, Terminal{}),
                testing::EndsWith("It works, with reservations: 0 failures, 1 warning, 0 ok.\n"));
}

TEST(Findings, HideNoControlCharactersInForeignText) {
    const std::string text = text_of({{"pool", Verdict::ok, "/mnt/\033[2Jx\nfail", "", ""}}, Terminal{});
    EXPECT_THAT(text, testing::HasSubstr("/mnt/\\x1b[2Jx\\x0afail"));
}

TEST(Findings, AreColouredOnATerminalOnly) {
    Terminal terminal;
    EXPECT_THAT(text_of(some(), terminal), testing::Not(testing::HasSubstr("\033")));
    terminal.has_colours = true;
    EXPECT_THAT(text_of(some(), terminal), testing::HasSubstr("\033[31mfail\033[0m"));
}

TEST(Findings, AreInTheReportInTheirOrder) {
    const auto report = ctl::findings_report(some());
    EXPECT_EQ(report["findings"][1]["id"], "mounts");
    EXPECT_EQ(report["findings"][1]["verdict"], "fail");
    EXPECT_EQ(report["ok"], 1);
    EXPECT_EQ(report["warn"], 1);
    EXPECT_EQ(report["fail"], 1);
}

}  // namespace
