// Ways of writing zeros over memory, of which the quickest says what the memory can take. Zeros and nothing
// else: some CPUs write them faster than other bytes.
#pragma once

#include <cstddef>
#include <vector>

namespace bench {

struct Stores {
    const char* name;
    void (*zero)(std::byte* begin, std::size_t length);  // multiples of 64; done when it returns
};

// All that this CPU has. The first is memset; of streaming stores, written plainly, the one that every CPU of
// its kind has comes second, if it has any.
[[nodiscard]] std::vector<Stores> all_stores();

}  // namespace bench
