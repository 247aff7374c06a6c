// Which instruction sets this CPU and its operating system offer; never one of another kind of CPU.
// Thread-safe.
#pragma once

namespace pc1::cpu {

// For SHA-256: on x86-64 SHA-NI, with the SSSE3 and SSE4.1 that its use needs; on aarch64 the SHA-2
// instructions of ARMv8.
[[nodiscard]] bool has_sha() noexcept;

// x86-64 only.
[[nodiscard]] bool has_avx2() noexcept;
[[nodiscard]] bool has_avx512() noexcept;  // the foundation (F) only

}  // namespace pc1::cpu
