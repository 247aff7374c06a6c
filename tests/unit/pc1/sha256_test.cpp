// SHA-256: every implementation against the standard's examples and against the portable one.
#include "tools/pc1/sha256.h"

#include "tools/pc1/cpu.h"

#include <gmock/gmock.h>

#include <random>
#include <string>

namespace pc1 {
namespace {

std::vector<std::uint8_t> bytes_of(const std::string& text) {
    return {text.begin(), text.end()};
}

std::vector<std::uint8_t> random_bytes(std::size_t count, unsigned seed) {
    std::mt19937 generator(seed);
    std::vector<std::uint8_t> bytes(count);
    for (auto& byte : bytes) {
        byte = static_cast<std::uint8_t>(generator());
    }
    return bytes;
}

TEST(Sha256, GivesTheAnswersOfTheStandardWithEveryImplementation) {
    const std::pair<std::string, const char*> kKnown[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmno"
         "pqrst"
         "nopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
        {std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    for (const Sha256Kernel* kernel : sha256_kernels()) {
        SCOPED_TRACE(kernel->name);
        for (const auto& [message, digest] : kKnown) {
            EXPECT_EQ(to_hex(Sha256(*kernel).update(bytes_of(message)).finish()), digest);
        }
    }
}

TEST(Sha256, GivesTheSameAsThePortableOneForEveryLength) {
    for (const Sha256Kernel* kernel : sha256_kernels()) {
        SCOPED_TRACE(kernel->name);
        for (std::size_t length = 0; length < 300; ++length) {
            const auto message = random_bytes(length, static_cast<unsigned>(length));
            EXPECT_EQ(Sha256(*kernel).update(message).finish(),
                      Sha256(kSha256Portable).update(message).finish())
                << length << " bytes";
        }
    }
}

TEST(Sha256, DoesNotCareHowTheMessageIsCutUp) {
    const auto message = random_bytes(1000, 1);
    const Bytes32 whole = Sha256().update(message).finish();
    for (std::size_t piece = 1; piece < 150; ++piece) {
        Sha256 hash;
        for (std::size_t at = 0; at < message.size(); at += piece) {
            hash.update(std::span(message).subspan(at, std::min(piece, message.size() - at)));
        }
        EXPECT_EQ(hash.finish(), whole) << "in pieces of " << piece;
    }
}

TEST(Sha256, TakesScatteredHalvesLikeContiguousBlocks) {
    constexpr std::size_t kBlocks = 20;
    const auto memory = random_bytes(4096, 2);
    std::mt19937 generator(3);
    for (const Sha256Kernel* kernel : sha256_kernels()) {
        SCOPED_TRACE(kernel->name);
        std::vector<std::uint8_t> gathered;
        std::vector<const std::uint8_t*> halves;
        for (std::size_t i = 0; i < 2 * kBlocks; ++i) {  // anywhere, at any alignment
            halves.push_back(memory.data() + generator() % (memory.size() - 32));
            gathered.insert(gathered.end(), halves.back(), halves.back() + 32);
        }
        const std::vector<const std::uint8_t*> soon(kBlocks, memory.data());
        auto scattered = std::to_array(kSha256InitialState);
        auto contiguous = scattered;
        kernel->absorb_halves(scattered.data(), halves.data(), soon.data(), kBlocks);
        kSha256Portable.absorb(contiguous.data(), gathered.data(), kBlocks);
        EXPECT_EQ(scattered, contiguous);
    }
}

TEST(Sha256, UsesTheInstructionsOfTheCpuIfItHasThem) {
    EXPECT_EQ(sha256_kernels().size(), cpu::has_sha() ? 2U : 1U);
    EXPECT_STREQ(best_sha256_kernel().name, cpu::has_sha() ? "SHA-NI" : "portable");
}

}  // namespace
}  // namespace pc1
