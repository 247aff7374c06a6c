// Instruction sets by cpuid.
#include "tools/pc1/cpu.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif

namespace pc1::cpu {

#ifdef __x86_64__

bool has_sha() noexcept {
    constexpr unsigned kExtendedFeatures = 7;
    constexpr unsigned kShaBit = 1U << 29;
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid_count(kExtendedFeatures, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & kShaBit) != 0 &&
           __builtin_cpu_supports("ssse3") != 0 && __builtin_cpu_supports("sse4.1") != 0;
}

// The builtin also asks whether the operating system saves the wide registers.
bool has_avx2() noexcept {
    return __builtin_cpu_supports("avx2") != 0;
}
bool has_avx512() noexcept {
    return __builtin_cpu_supports("avx512f") != 0;
}

#else

bool has_sha() noexcept {
    return false;
}
bool has_avx2() noexcept {
    return false;
}
bool has_avx512() noexcept {
    return false;
}

#endif

}  // namespace pc1::cpu
