// SHA-256: every implementation against the standard's examples and against the portable one.
#include "tools/pc1/hash.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
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

// Halves anywhere, at any alignment, in turns of every length, with a last turn that stops anywhere.
TEST(Sha256, HashesAMessageThatRepeatsItselfAsIfItHadBeenWrittenOut) {
    const auto memory = random_bytes(4096, 2);
    std::mt19937 generator(3);
    const auto anywhere = [&] { return memory.data() + generator() % (memory.size() - 32); };
    for (const Sha256Kernel* kernel : sha256_kernels()) {
        for (std::size_t turn = 1; turn <= kMostBlocksInTurn; ++turn) {
            const std::size_t blocks = turn + generator() % 20;
            SCOPED_TRACE(std::string(kernel->name) + ", " + std::to_string(blocks) + " blocks in turns of " +
                         std::to_string(turn));
            std::vector<const std::uint8_t*> halves(2 * turn);
            std::ranges::generate(halves, anywhere);
            const CyclicMessage message{.halves = halves.data(),
                                        .blocks_in_turn = turn,
                                        .blocks = blocks,
                                        .last = {anywhere(), anywhere()}};
            std::vector<const std::uint8_t*> written_out;
            for (std::size_t i = 0; i < 2 * blocks; ++i) {
                written_out.push_back(halves[i % halves.size()]);
            }
            written_out.insert(written_out.end(), message.last, message.last + 2);
            auto state = std::to_array(kSha256InitialState);
            kSha256Portable.absorb(state.data(), written_out.data(), blocks + 1);
            Bytes32 expected{};
            for (std::size_t i = 0; i < state.size(); ++i) {
                store_be(expected.data() + 4 * i, state[i]);
            }
            expected[31] &= 0x3f;

            Bytes32 label{};
            kernel->finish_label(kSha256InitialState, message, halves.data(), label.data());
            EXPECT_EQ(label, expected);
        }
    }
}

// The kernel that this CPU has instructions for, as the system says; where the CPU is emulated for the test
// program alone (tests/vm/aarch64), as that test says.
std::string expected_kernel() {
    if (const char* told = std::getenv("PC1_EXPECTED_SHA256")) {
        return told;
    }
    std::ifstream file("/proc/cpuinfo");
    const std::string facts{std::istreambuf_iterator<char>(file), {}};
    return facts.find(" sha_ni ") != std::string::npos ? "SHA-NI"
           : facts.find(" sha2 ") != std::string::npos ? "ARMv8"
                                                       : "portable";
}

TEST(Sha256, UsesTheInstructionsOfTheCpuIfItHasThem) {
    EXPECT_EQ(best_sha256_kernel().name, expected_kernel());
    EXPECT_STREQ(sha256_kernels().back()->name, "portable");
    EXPECT_EQ(sha256_kernels().size(), expected_kernel() == "portable" ? 1U : 2U);
}

}  // namespace
}  // namespace pc1
