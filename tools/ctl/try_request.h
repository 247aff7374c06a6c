// Whether the library really serves: tried with a request of our own, in a child process.
#pragma once

#include "tools/pool/judge.h"

#include <string>

namespace ctl {

// Starts hugepagectl, `self`, with the library preloaded, has it ask for one buffer of a free file's size,
// and give it back at once. The file's content stays as it is. For root the child has the rights of the
// pool's user, as a sealer would. It is killed after `seconds`.
[[nodiscard]] Finding try_request(const Pool& pool, const std::string& library, const std::string& self,
                                  unsigned seconds = 10);

// That child's part, of the hidden command "try-request": maps so much, and unmaps it. Returns the path of
// the file that served it. Throws tools::Failure if none did.
inline constexpr const char* kTryRequest = "try-request";
[[nodiscard]] std::string make_request(ByteSize size);

}  // namespace ctl
