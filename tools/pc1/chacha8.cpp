// The portable ChaCha8 kernel, on vectors that every 64-bit CPU has, and the choice between the kernels.
#include "tools/pc1/chacha8.h"

#include "tools/pc1/chacha8_rounds.h"
#include "tools/pc1/cpu.h"

#include <array>

namespace pc1 {
namespace {

bool agrees_with_portable(const Chacha8Kernel& kernel) {
    constexpr std::array<std::uint32_t, 7> kSeed{0x01234567, 0x89abcdef, 0xdeadbeef, 7, 0xffffffff, 1, 42};
    constexpr std::uint32_t kFirst = 0xfffffff8;  // the lanes wrap around
    std::array<std::uint32_t[kChachaLanes], kChachaWords> expected{};
    std::array<std::uint32_t[kChachaLanes], kChachaWords> words{};
    kChacha8Portable.key_streams(kSeed.data(), kFirst, expected.data());
    kernel.key_streams(kSeed.data(), kFirst, words.data());
    return __builtin_memcmp(words.data(), expected.data(), sizeof words) == 0;
}

std::vector<const Chacha8Kernel*> usable_kernels() {
    std::vector<const Chacha8Kernel*> usable;
#ifdef PC1_X86_64
    if (cpu::has_avx512() && agrees_with_portable(kChacha8Avx512)) {
        usable.push_back(&kChacha8Avx512);
    }
    if (cpu::has_avx2() && agrees_with_portable(kChacha8Avx2)) {
        usable.push_back(&kChacha8Avx2);
    }
#endif
    usable.push_back(&kChacha8Portable);
    return usable;
}

}  // namespace

const Chacha8Kernel kChacha8Portable{"portable", key_streams<Lanes4>};

const std::vector<const Chacha8Kernel*>& chacha8_kernels() {
    static const auto kernels = usable_kernels();
    return kernels;
}

const Chacha8Kernel& best_chacha8_kernel() {
    return *chacha8_kernels().front();
}

}  // namespace pc1
