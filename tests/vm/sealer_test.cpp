// pc1-label on a machine with a node whose memory is used up.

#include "tests/vm/vm.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

namespace tests {
namespace {

using testing::HasSubstr;

class Sealer : public Vm {
  protected:
    // A program that takes the ordinary memory of the node, except less than a buffer, and keeps it.
    [[nodiscard]] std::vector<std::string> hog(int node) const {
        std::ifstream meminfo("/sys/devices/system/node/node" + std::to_string(node) + "/meminfo");
        std::uint64_t free_bytes = 0;
        for (std::string line; std::getline(meminfo, line);) {
            free_bytes = std::max(free_bytes, 1024 * number_after(line, "MemFree:"));
        }
        return {"numactl", "--membind=" + std::to_string(node),           CLIENT,
                "touch",   std::to_string(free_bytes - sector() / 8 * 7), "1"};
    }
    [[nodiscard]] std::uint64_t sector() const { return std::max(64UL << 20, page_bytes()); }

    // The number that follows the text, or 0.
    static std::uint64_t number_after(const std::string& line, const std::string& text) {
        const auto at = line.find(text);
        return at == std::string::npos ? 0 : std::stoull(line.substr(at + text.size()));
    }

    using Nodes = std::vector<int>;
    // How much of a line of numa_maps is on these nodes.
    static std::uint64_t bytes_on(const Nodes& nodes, const std::string& mapping) {
        std::uint64_t pages = 0;
        for (const int node : nodes) {
            pages += number_after(mapping, " N" + std::to_string(node) + "=");
        }
        return pages * 1024 * number_after(mapping, " kernelpagesize_kB=");
    }
    static std::uint64_t bytes_on(const Nodes& nodes, const std::vector<std::string>& mappings) {
        std::uint64_t bytes = 0;
        for (const auto& mapping : mappings) {
            bytes += bytes_on(nodes, mapping);
        }
        return bytes;
    }
    // The mappings that are as large as a buffer or two.
    [[nodiscard]] std::vector<std::string> buffers_of(pid_t pid) const {
        std::ifstream maps("/proc/" + std::to_string(pid) + "/numa_maps");
        std::vector<std::string> buffers;
        for (std::string line; std::getline(maps, line);) {
            if (bytes_on(all_nodes(), line) >= sector()) {
                buffers.push_back(line.substr(line.find(' ') + 1));
            }
        }
        return buffers;
    }

    struct Labelled {
        std::vector<std::string> buffers;
        Outcome outcome;
    };
    // Its buffers are as they were when it had both, in which state it stays for many times as long as it is
    // left alone.
    [[nodiscard]] Labelled label(int node, const Environment& environment) const {
        ChildProcess sealer({"numactl", "--cpunodebind=" + std::to_string(node), PC1_LABEL, "--sector-size",
                             std::to_string(sector()), "--layers", "2", "--max-nodes", "20000", "--alloc",
                             "mmap", "--digest"},
                            environment);
        Labelled result;
        while (bytes_on(all_nodes(), result.buffers) < 2 * sector() && !sealer.has_ended()) {
            sealer.kill(SIGSTOP);
            result.buffers = buffers_of(sealer.pid());
            sealer.kill(SIGCONT);
            ::usleep(100'000);
        }
        result.outcome = sealer.wait();
        return result;
    }
    static std::string digests(const Outcome& outcome) {
        return outcome.out.substr(outcome.out.find("SHA-256 of the stretch"));
    }
};

TEST_F(Sealer, HasItsBuffersOnItsNodeWhateverNodeIsFull) {
    make_files(1, 2, sector() / page_bytes());
    for (const int full : {0, 1}) {
        ChildProcess filler(hog(full), {});
        ASSERT_TRUE(filler.wait_for("holding")) << filler.out();
        const auto with = label(1, environment());
        const auto without = label(1, {});
        ASSERT_TRUE(with.outcome.ok()) << with.outcome.err;
        ASSERT_TRUE(without.outcome.ok()) << without.outcome.err;
        EXPECT_EQ(digests(with.outcome), digests(without.outcome));
        ASSERT_EQ(with.buffers.size(), 2U);
        for (const auto& buffer : with.buffers) {
            EXPECT_THAT(buffer, HasSubstr("/pool/"));
            EXPECT_EQ(bytes_on({1}, buffer), sector()) << buffer;
            EXPECT_EQ(bytes_on(all_nodes(), buffer), sector()) << buffer;
        }
        std::printf("node %d full; without the shim:\n", full);
        for (const auto& buffer : without.buffers) {
            std::printf("  %s\n", buffer.c_str());
        }
        // For comparison: where the node's own memory is used up, the kernel takes another's, and says
        // nothing.
        EXPECT_EQ(bytes_on(all_nodes(), without.buffers), 2 * sector());
        EXPECT_EQ(bytes_on({1}, without.buffers) < 2 * sector(), full == 1);
    }
}

}  // namespace
}  // namespace tests
