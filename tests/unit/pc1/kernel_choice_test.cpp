// The SHA-256 that is chosen must be the one that the CPU has instructions for.
#include "tools/pc1/hash.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace pc1 {
namespace {

// As the kernel says, or where a CPU is emulated for one program alone (tests/vm/aarch64), who runs that.
std::string expected() {
    if (const char* told = std::getenv("PC1_EXPECTED_SHA256")) {
        return told;
    }
    std::ifstream file("/proc/cpuinfo");
    const std::string facts{std::istreambuf_iterator<char>(file), {}};
    return facts.find(" sha_ni ") != std::string::npos ? "SHA-NI"
           : facts.find(" sha2 ") != std::string::npos ? "ARMv8"
                                                       : "portable";
}

TEST(KernelChoice, IsTheOneThatIsRightForThisCpu) {
    EXPECT_EQ(best_sha256_kernel().name, expected());
    EXPECT_EQ(sha256_kernels().back()->name, std::string("portable"));
    EXPECT_EQ(sha256_kernels().size(), expected() == "portable" ? 1U : 2U);
}

}  // namespace
}  // namespace pc1
