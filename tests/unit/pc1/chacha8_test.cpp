// ChaCha8 against key streams of an independent implementation; the first block of the zero key is also the
// published test vector for eight rounds.
#include "tools/pc1/chacha8.h"

#include <gmock/gmock.h>

#include <string>

namespace pc1 {
namespace {

std::string key_stream(const Bytes32& key) {
    std::string hex;
    for (const std::uint64_t draw : chacha8_draws(key)) {
        std::array<std::uint8_t, 8> bytes{};
        store_le(bytes.data(), draw);
        hex += to_hex(bytes);
    }
    return hex;
}

TEST(ChaCha8, GivesTheKnownKeyStreamOfTheZeroKey) {
    EXPECT_EQ(key_stream(Bytes32{}),
              "3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e"
              "984ce172b9216f419f445367456d5619314a42a3da86b001387bfdb80e0cfe42"
              "d2aefa0deaa5c151bf0adb6c01f2a5adc0fd581259f9a2aadcf20f8fd566a26b"
              "5032ec38bbc5da98ee0c6f568b872a65a08abf251deb21bb4b56e5d8821e68aa");
}

TEST(ChaCha8, UsesEveryByteOfTheKey) {
    Bytes32 key{};
    for (std::size_t i = 0; i < key.size(); ++i) {
        key[i] = static_cast<std::uint8_t>(i);
    }
    EXPECT_EQ(key_stream(key),
              "4015b28f6e12ab6ad9e8667b31c51233f78f172790b2d94f326b2ed7ffbcbecb"
              "ff9ead365f89ce3b6f4055bc759d90fd8f831d27c7b0df93b3b9ed8238a256d6"
              "761a6e0fc8b2b859f5a9f3ae170a7599b0b023ce79d7659b32ee79373e727289"
              "712ff289f30f641fcd822ff8e656ffd8725691f839a7b433a5b61053d99baee0");
}

}  // namespace
}  // namespace pc1
