#include "bench/memory/stores.h"

#include <cstring>

#ifdef __x86_64__
#include <cpuid.h>
#include <x86intrin.h>
#endif

namespace bench {
namespace {

void by_memset(std::byte* begin, std::size_t length) {
    std::memset(begin, 0, length);
}

#ifdef __x86_64__
void by_sse2(std::byte* begin, std::size_t length) {
    for (std::size_t at = 0; at < length; at += 16) {
        _mm_stream_si128(reinterpret_cast<__m128i*>(begin + at), _mm_setzero_si128());
    }
    _mm_sfence();
}

[[gnu::target("avx2")]] void by_avx2(std::byte* begin, std::size_t length) {
    for (std::size_t at = 0; at < length; at += 32) {
        _mm256_stream_si256(reinterpret_cast<__m256i*>(begin + at), _mm256_setzero_si256());
    }
    _mm_sfence();
}

[[gnu::target("avx512f")]] void by_avx512(std::byte* begin, std::size_t length) {
    for (std::size_t at = 0; at < length; at += 64) {
        _mm512_stream_si512(reinterpret_cast<__m512i*>(begin + at), _mm512_setzero_si512());
    }
    _mm_sfence();
}

[[gnu::target("clzero")]] void by_clzero(std::byte* begin, std::size_t length) {
    for (std::size_t at = 0; at < length; at += 64) {
        _mm_clzero(begin + at);
    }
    _mm_sfence();
}

// Which not every compiler's __builtin_cpu_supports knows.
bool has_clzero() {
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid(0x8000'0008, &eax, &ebx, &ecx, &edx) != 0 && (ebx & 1U) != 0;
}

void by_rep_stosb(std::byte* begin, std::size_t length) {
    asm volatile("rep stosb" : "+D"(begin), "+c"(length) : "a"(0) : "memory");
}
#endif

}  // namespace

std::vector<Stores> all_stores() {
    std::vector<Stores> all{{"memset", by_memset}};
#ifdef __x86_64__
    all.push_back({"16 bytes", by_sse2});
    all.push_back({"rep stosb", by_rep_stosb});
    if (__builtin_cpu_supports("avx2") != 0) {
        all.push_back({"32 bytes", by_avx2});
    }
    if (__builtin_cpu_supports("avx512f") != 0) {
        all.push_back({"64 bytes", by_avx512});
    }
    if (has_clzero()) {
        all.push_back({"clzero", by_clzero});
    }
#endif
    return all;
}

}  // namespace bench
