// Looking at one path that a file is to have, without changing what is there.
#pragma once

#include "tools/file_init/facts.h"

#include <string>

namespace file_init {

// Opens for reading only and takes no lock, so a file may be in use meanwhile. Its pages are looked at only
// if it has the size and no holes: reading a hole would fill it.
[[nodiscard]] FileFacts look_at_file(const std::string& path, ByteSize expected_size, NodeId node);

}  // namespace file_init
