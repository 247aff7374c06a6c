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

struct Candidate {
    const Chacha8Kernel* kernel;
    bool cpu_can_run_it;
};

std::vector<const Chacha8Kernel*> usable_kernels() {
    const Candidate candidates[] = {
#ifdef PC1_X86_64
        {&kChacha8Avx512, cpu::has_avx512()},
        {&kChacha8Avx2, cpu::has_avx2()},
#endif
        {&kChacha8Portable, true}};
    std::vector<const Chacha8Kernel*> usable;
    for (const auto& [kernel, cpu_can_run_it] : candidates) {
        if (cpu_can_run_it && agrees_with_portable(*kernel)) {
            usable.push_back(kernel);
        }
    }
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
