// BLAKE2b for one message, the portable kernel, and the choice between the kernels.
#include "tools/pc1/blake2b.h"

#include "tools/pc1/blake2b_mix.h"
#include "tools/pc1/bytes.h"
#include "tools/pc1/cpu.h"

namespace pc1 {
namespace {

// One after the other: without wide registers, eight lanes at once spill more than they save.
void heads_one_by_one(const std::uint64_t* first_words, std::uint64_t second_word, std::uint64_t* heads) {
    for (std::size_t lane = 0; lane < kBlake2bLanes; ++lane) {
        std::uint64_t digest[8];
        compress(Message<std::uint64_t>{first_words[lane], second_word}, digest);
        heads[lane] = digest[0];
    }
}

bool agrees_with_portable(const Blake2bKernel& kernel) {
    constexpr std::uint64_t kSecondWord = 0x0123456789abcdef;
    std::array<std::uint64_t, kBlake2bLanes> words{};
    for (std::size_t lane = 0; lane < words.size(); ++lane) {
        words[lane] = (lane + 1) * 0x9e3779b97f4a7c15;
    }
    auto expected = words;
    kBlake2bPortable.heads(words.data(), kSecondWord, expected.data());
    kernel.heads(words.data(), kSecondWord, words.data());
    return words == expected;
}

std::vector<const Blake2bKernel*> usable_kernels() {
    std::vector<const Blake2bKernel*> usable;
#ifdef PC1_X86_64
    if (cpu::has_avx512() && agrees_with_portable(kBlake2bAvx512)) {
        usable.push_back(&kBlake2bAvx512);
    }
    if (cpu::has_avx2() && agrees_with_portable(kBlake2bAvx2)) {
        usable.push_back(&kBlake2bAvx2);
    }
#endif
    usable.push_back(&kBlake2bPortable);
    return usable;
}

}  // namespace

const Blake2bKernel kBlake2bPortable{"portable", heads_one_by_one};

std::array<std::uint8_t, 64> blake2b_512(std::uint64_t first_word, std::uint64_t second_word) {
    std::uint64_t words[8];
    compress(Message<std::uint64_t>{first_word, second_word}, words);
    std::array<std::uint8_t, 64> digest{};
    for (std::size_t i = 0; i < 8; ++i) {
        store_le(digest.data() + 8 * i, words[i]);
    }
    return digest;
}

const std::vector<const Blake2bKernel*>& blake2b_kernels() {
    static const auto kernels = usable_kernels();
    return kernels;
}

const Blake2bKernel& best_blake2b_kernel() {
    return *blake2b_kernels().front();
}

}  // namespace pc1
