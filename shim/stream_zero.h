// The innermost loop of zeroing.
#pragma once

#include <cstddef>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace hugepage {

// Zeros with stores that go to memory past the caches, a cache line at a time, so that no line is read first;
// all are done before it returns. begin and length are multiples of 64. Wider stores than SSE2's were
// measured and are no faster: four of these fill a write-combining buffer just as one AVX-512 store does.
inline void stream_zero(std::byte* begin, std::size_t length) noexcept {
#ifdef __SSE2__
    const __m128i zero = _mm_setzero_si128();
    auto* line = reinterpret_cast<__m128i*>(begin);
    for (std::size_t lines = length / 64; lines != 0; --lines, line += 4) {
        _mm_stream_si128(line, zero);
        _mm_stream_si128(line + 1, zero);
        _mm_stream_si128(line + 2, zero);
        _mm_stream_si128(line + 3, zero);
    }
    _mm_sfence();
#else
    std::memset(begin, 0, length);  // on aarch64 the C library zeroes by cache lines (dc zva)
#endif
}

}  // namespace hugepage
