// filecoin-proofs (tests/sealer), pinned to a node.

#include "tests/vm/vm.h"

#include <csignal>
#include <string>
#include <utility>

namespace tests {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::uint64_t kSector = 8UL << 20;

using RealSealer = Vm;

TEST_F(RealSealer, HasBothBuffersOnItsNodeOnEitherWayToLabel) {
    for (const int node : {0, 1}) {
        make_files(node, 2, kSector / page_bytes());
    }
    const TempDir parents;  // made once, in minutes
    for (const auto& [multicore, library] : {std::pair{"0", HEAP_LIBRARY}, std::pair{"1", SHIM_LIBRARY}}) {
        SCOPED_TRACE(library);
        const TempDir folder;
        ChildProcess sealer({"numactl", "--cpunodebind=1", SEALER, "8MiB", "2", folder.path() / "layers"},
                            environment({{"FIL_PROOFS_PARENT_CACHE", parents.path()},
                                         {"FIL_PROOFS_USE_MULTICORE_SDR", multicore},
                                         {"STOP_BEFORE_LAYER", "1"},
                                         {"LD_PRELOAD", std::string(library) + ":" + STOP_BEFORE_LAYER}}));
        const bool has_computed = sealer.wait_until_stopped();
        const auto buffers = sealer.mapped_files("/mnt/huge");
        sealer.kill(SIGKILL);
        const auto outcome = sealer.wait();
        EXPECT_TRUE(has_computed) << outcome.err;
        EXPECT_THAT(buffers, SizeIs(2)) << outcome.err;
        EXPECT_THAT(buffers, Each(HasSubstr(" N1=" + std::to_string(kSector / page_bytes()) + " ")))
            << outcome.err;
    }
}

}  // namespace
}  // namespace tests
