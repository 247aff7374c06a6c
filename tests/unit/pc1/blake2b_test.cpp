// BLAKE2b-512 of 16 bytes: known answers (from Python's hashlib).
#include "tools/pc1/blake2b.h"

#include "tools/pc1/bytes.h"

#include <gmock/gmock.h>

#include <string>

namespace pc1 {
namespace {

std::string hex_digest(std::uint64_t first, std::uint64_t second) {
    std::string hex;
    for (const std::uint64_t word : blake2b_512(first, second)) {
        std::array<std::uint8_t, 8> bytes{};
        store_le(bytes.data(), word);
        hex += to_hex(bytes);
    }
    return hex;
}

TEST(Blake2b, GivesTheKnownDigests) {
    EXPECT_EQ(hex_digest(0, 0),
              "739a3012ff930845420e90a6eb7289025915575667c214bee93eed65f336a7ab"
              "378d8d4edc53e016837de586ce62d0aa831b3b1d77de3883d92313f95663f5f8");
    EXPECT_EQ(hex_digest(0x0706050403020100, 0x0f0e0d0c0b0a0908),
              "bfbabbef45554ccfa0dc83752a19cc35d5920956b301d558d772282bc8670091"
              "68e9e98606bb5ba73a385de5749228c925a85019b71f72fe29b3cd37ca52efe6");
    EXPECT_EQ(hex_digest(~0ULL, ~0ULL),
              "2244fc4135cfb0fb0b43243aad8ad292ca521cd9ee0cf19549790fea2e52c590"
              "710f464397260ca51675da15e38049224bcb87f4c977a16f0ab4548a33a42a76");
}

}  // namespace
}  // namespace pc1
