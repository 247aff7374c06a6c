// Which instruction sets this CPU and its operating system offer. Always false on a CPU other than x86-64.
// Thread-safe.
#pragma once

namespace pc1::cpu {

[[nodiscard]] bool has_sha() noexcept;  // SHA-NI, with the SSSE3 and SSE4.1 that its use needs
[[nodiscard]] bool has_avx2() noexcept;
[[nodiscard]] bool has_avx512() noexcept;  // the foundation (F) only

}  // namespace pc1::cpu
