// Java, which brings a JDK: its heap is left alone, a direct buffer is served where it comes from malloc.

#include "tests/clients/clients.h"

namespace tests {
namespace {

const Tool kJava{JAVA, "default-jdk-headless"};

class Java : public Clients {
  protected:
    [[nodiscard]] Both compare_buffer(const std::string& libraries, const std::string& collector) const {
        return compare(libraries, kJava, {"-Xmx128m", collector, kSources + "/Client.java", kBytes});
    }
};

const std::vector<std::string> kCollectors = {"-XX:+UseSerialGC", "-XX:+UseG1GC", "-XX:+UseParallelGC"};

TEST_F(Java, IsLeftAloneByTheShimProper) {
    for (const auto& collector : kCollectors) {
        const auto both = compare_buffer(kShim, collector);
        EXPECT_EQ(both.preloaded.outcome.err, "taken 0\ndone 0\n");
        EXPECT_EQ(both.preloaded.leases(), 0U) << both.preloaded.log;
    }
}

TEST_F(Java, IsServedADirectBufferByTheHeapVariant) {
    for (const auto& collector : kCollectors) {
        const auto both = compare_buffer(kHeapShim, collector);
        EXPECT_EQ(both.plain.outcome.err, "taken 0\ndone 0\n");
        EXPECT_EQ(both.preloaded.outcome.err, "taken 1\ndone 1\n");
        EXPECT_EQ(both.preloaded.leases(), 1U) << both.preloaded.log;
    }
}

}  // namespace
}  // namespace tests
