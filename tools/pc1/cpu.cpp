// Instruction sets: by cpuid on x86-64, from what Linux tells every program on aarch64.
#include "tools/pc1/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
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
           static_cast<bool>(__builtin_cpu_supports("ssse3")) &&
           static_cast<bool>(__builtin_cpu_supports("sse4.1"));
}

// The builtin also asks whether the operating system saves the wide registers.
bool has_avx2() noexcept {
    return static_cast<bool>(__builtin_cpu_supports("avx2"));
}
bool has_avx512() noexcept {
    return static_cast<bool>(__builtin_cpu_supports("avx512f"));
}

#else

bool has_sha() noexcept {
#ifdef __aarch64__
    return (getauxval(AT_HWCAP) & HWCAP_SHA2) != 0;
#else
    return false;
#endif
}
bool has_avx2() noexcept {
    return false;
}
bool has_avx512() noexcept {
    return false;
}

#endif

}  // namespace pc1::cpu
