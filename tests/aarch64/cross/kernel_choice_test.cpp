// The CPU that qemu plays must get the SHA-256 that is meant for it, whatever the program takes it for.
#include "tools/pc1/hash.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace pc1 {
namespace {

TEST(KernelChoice, IsTheOneThatIsRightForThisCpu) {
    const char* expected = std::getenv("PC1_EXPECTED_SHA256");
    ASSERT_NE(expected, nullptr) << "PC1_EXPECTED_SHA256 says which one that is";
    EXPECT_STREQ(best_sha256_kernel().name, expected);
}

}  // namespace
}  // namespace pc1
