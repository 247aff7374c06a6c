// Compiled with -mavx512f, so nothing from here may run on a CPU without it.
#include "tools/pc1/chacha8_rounds.h"

namespace pc1 {

const Chacha8Kernel kChacha8Avx512{"AVX-512", key_streams<Lanes16>};

}  // namespace pc1
