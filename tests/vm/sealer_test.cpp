// pc1-label on a machine with a node whose memory is used up.

#include "tests/vm/vm.h"

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

namespace tests {
namespace {

using testing::HasSubstr;

class Sealer : public Vm {
  protected:
    // A program that takes nearly all ordinary memory of the node, and keeps it.
    static std::vector<std::string> hog(int node) {
        std::ifstream meminfo("/sys/devices/system/node/node" + std::to_string(node) + "/meminfo");
        std::uint64_t free_kib = 0;
        for (std::string line; std::getline(meminfo, line);) {
            if (const auto at = line.find("MemFree:"); at != std::string::npos) {
                free_kib = std::stoull(line.substr(at + 8));
            }
        }
        constexpr std::uint64_t kLeftKib = 56UL << 10;
        return {"numactl", "--membind=" + std::to_string(node),          CLIENT,
                "touch",   std::to_string((free_kib - kLeftKib) * 1024), "1"};
    }
    static constexpr std::uint64_t kSector = 32UL << 20;

    // What numa_maps says of the mappings of two buffers, from the policy on: of files, or as large as one or
    // both.
    static std::vector<std::string> buffers_of(pid_t pid) {
        std::ifstream maps("/proc/" + std::to_string(pid) + "/numa_maps");
        std::vector<std::string> buffers;
        for (std::string line; std::getline(maps, line);) {
            const auto anonymous = line.find("anon=");
            const int pages = anonymous == std::string::npos ? 0 : std::atoi(line.c_str() + anonymous + 5);
            if (line.find("/pool/") != std::string::npos || pages >= static_cast<int>(kSector / 4096)) {
                buffers.push_back(line.substr(line.find(' ') + 1));
            }
        }
        return buffers;
    }

    struct Labelled {
        std::vector<std::string> buffers;
        Outcome outcome;
    };
    // Its buffers are as they were when it had both: it labels for seconds with them.
    [[nodiscard]] static Labelled label(int node, const Environment& environment) {
        ChildProcess sealer({"numactl", "--cpunodebind=" + std::to_string(node), PC1_LABEL, "--sector-size",
                             std::to_string(kSector), "--layers", "2", "--max-nodes", "60000", "--digest"},
                            environment);
        Labelled result;
        const auto has_ended = [&] {
            siginfo_t end{};
            ::waitid(P_PID, static_cast<id_t>(sealer.pid()), &end, WEXITED | WNOHANG | WNOWAIT);
            return end.si_pid != 0;
        };
        while (!has_ended()) {
            const auto now = buffers_of(sealer.pid());
            result.buffers = now.size() >= result.buffers.size() ? now : result.buffers;
            ::usleep(20'000);
        }
        result.outcome = sealer.wait();
        return result;
    }
    static std::string digests(const Outcome& outcome) {
        return outcome.out.substr(outcome.out.find("SHA-256 of the stretch"));
    }
};

TEST_F(Sealer, HasItsBuffersOnItsNodeWhateverNodeIsFull) {
    make_files(1, 2, kSector / page_bytes());
    std::string reference;
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
            EXPECT_THAT(buffer, HasSubstr(" N1=" + std::to_string(kSector / page_bytes())));
            EXPECT_THAT(buffer, testing::Not(HasSubstr(" N0=")));
        }
        std::printf("node %d full; without the shim:\n", full);
        for (const auto& buffer : without.buffers) {
            std::printf("  %s\n", buffer.c_str());
        }
        // For comparison: where the node's own memory is used up, the kernel takes another's, and says
        // nothing.
        const bool any_elsewhere = std::ranges::any_of(without.buffers, [](const std::string& buffer) {
            return buffer.find(" N0=") != std::string::npos;
        });
        EXPECT_EQ(any_elsewhere, full == 1);
    }
}

}  // namespace
}  // namespace tests
