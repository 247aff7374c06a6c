#include "tools/pool/touch.h"

#include <gtest/gtest.h>

namespace pool {
namespace {

using hugepage::CpuId;
using hugepage::parse_cpu_list;

TEST(Crew, HasAThreadForEachCpuOfTheNode) {
    const Crew crew = choose_crew(*parse_cpu_list("4-7"), *parse_cpu_list("0-63"), {});
    EXPECT_EQ(crew.threads, 4);
    EXPECT_EQ(crew.cpus.count(), 4);
    EXPECT_TRUE(crew.cpus.contains(CpuId{4}));
}

TEST(Crew, HasNoMoreThreadsThanPay) {
    EXPECT_EQ(choose_crew(*parse_cpu_list("0-63"), *parse_cpu_list("0-127"), {}).threads, kMostThreads);
}

TEST(Crew, HasAsManyThreadsAsAskedFor) {
    EXPECT_EQ(choose_crew(*parse_cpu_list("0-1"), *parse_cpu_list("0-1"), 40).threads, 40);
}

TEST(Crew, StaysOnTheCpusThatTheProcessMayUse) {
    const Crew crew = choose_crew(*parse_cpu_list("0-7"), *parse_cpu_list("6-9"), {});
    EXPECT_EQ(crew.threads, 2);
    EXPECT_FALSE(crew.cpus.contains(CpuId{0}));
}

TEST(Crew, WorksFromElsewhereForANodeWithoutCpus) {
    const Crew crew = choose_crew({}, *parse_cpu_list("0-2"), {});
    EXPECT_EQ(crew.threads, 3);
    EXPECT_EQ(crew.cpus.count(), 3);
}

TEST(Crew, HasOneThreadWhereNothingIsKnown) {
    EXPECT_EQ(choose_crew({}, {}, {}).threads, 1);
}

}  // namespace
}  // namespace pool
