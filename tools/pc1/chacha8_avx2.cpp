// Compiled with -mavx2, so nothing from here may run on a CPU without it.
#include "tools/pc1/chacha8_rounds.h"

namespace pc1 {

const Chacha8Kernel kChacha8Avx2{"AVX2", key_streams<Lanes8>};

}  // namespace pc1
