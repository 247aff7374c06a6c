// Whether what is to be written will fit.
#pragma once

#include <cstdint>
#include <filesystem>

namespace pc1 {

// How many bytes the file system has free for files in `folder`, or, if that does not exist, in the folder in
// which its first missing part would be made. Throws BadInput if it cannot tell.
[[nodiscard]] std::uint64_t free_bytes(const std::filesystem::path& folder);

}  // namespace pc1
