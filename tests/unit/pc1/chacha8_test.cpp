// ChaCha8 against key streams of an independent implementation (the first block of the zero key is also the
// published test vector for eight rounds), with every implementation of ours.
#include "tools/pc1/chacha8.h"

#include "tools/pc1/bytes.h"

#include <gmock/gmock.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace pc1 {
namespace {

// The first 80 bytes under each of the keys that are `seed` (28 bytes) and then a number counted up.
std::vector<std::string> key_streams(const Chacha8Kernel& kernel, const Bytes32& first_key) {
    std::array<std::uint32_t, 7> seed{};
    std::memcpy(seed.data(), first_key.data(), sizeof seed);
    std::uint32_t number = 0;
    std::memcpy(&number, first_key.data() + sizeof seed, sizeof number);
    std::array<std::uint32_t[kChachaLanes], kChachaWords> words;
    kernel.key_streams(seed.data(), number, words.data());
    std::vector<std::string> streams(kChachaLanes);
    for (std::size_t lane = 0; lane < kChachaLanes; ++lane) {
        for (const auto& word : words) {
            std::array<std::uint8_t, 4> bytes{};
            store_be(bytes.data(), __builtin_bswap32(word[lane]));
            streams[lane] += to_hex(bytes);
        }
    }
    return streams;
}

TEST(ChaCha8, GivesTheKnownKeyStreamOfTheZeroKey) {
    for (const Chacha8Kernel& kernel : chacha8_kernels()) {
        EXPECT_EQ(key_streams(kernel, Bytes32{})[0],
                  "3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e"
                  "984ce172b9216f419f445367456d5619314a42a3da86b001387bfdb80e0cfe42"
                  "d2aefa0deaa5c151bf0adb6c01f2a5ad")
            << kernel.name;
    }
}

TEST(ChaCha8, UsesEveryByteOfTheKey) {
    Bytes32 key{};
    for (std::size_t i = 0; i < key.size(); ++i) {
        key[i] = static_cast<std::uint8_t>(i);
    }
    for (const Chacha8Kernel& kernel : chacha8_kernels()) {
        EXPECT_EQ(key_streams(kernel, key)[0],
                  "4015b28f6e12ab6ad9e8667b31c51233f78f172790b2d94f326b2ed7ffbcbecb"
                  "ff9ead365f89ce3b6f4055bc759d90fd8f831d27c7b0df93b3b9ed8238a256d6"
                  "761a6e0fc8b2b859f5a9f3ae170a7599")
            << kernel.name;
    }
}

TEST(ChaCha8, CountsTheLastWordOfTheKeyUpFromLaneToLane) {
    Bytes32 key{};
    store_be(key.data() + 28, __builtin_bswap32(0xfffffffa));  // wraps around within the lanes
    for (const Chacha8Kernel& kernel : chacha8_kernels()) {
        const auto streams = key_streams(kernel, key);
        for (std::uint32_t lane = 0; lane < kChachaLanes; ++lane) {
            Bytes32 lane_key{};
            store_be(lane_key.data() + 28, __builtin_bswap32(0xfffffffa + lane));
            EXPECT_EQ(streams[lane], key_streams(chacha8_kernels().back(), lane_key)[0])
                << kernel.name << ", lane " << lane;
        }
    }
}

#ifdef __x86_64__
TEST(ChaCha8, UsesTheInstructionsOfTheCpuIfItHasThem) {
    std::ifstream file("/proc/cpuinfo");
    const std::string cpuinfo{std::istreambuf_iterator<char>(file), {}};
    const auto has = [&](const char* flag) { return cpuinfo.find(flag) != std::string::npos ? 1U : 0U; };
    EXPECT_EQ(chacha8_kernels().size(), 1 + has(" avx2") + has(" avx512f"));
}
#endif

}  // namespace
}  // namespace pc1
