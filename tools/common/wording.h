// Pieces that messages are made of.
#pragma once

#include "shim/base/byte_size.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace tools {

// "32.0 GiB"
[[nodiscard]] std::string size_text(hugepage::ByteSize size);

// "32GiB", as it has to be typed
[[nodiscard]] std::string exact_text(hugepage::ByteSize size);

// "2 MiB", for sizes of pages, which are round
[[nodiscard]] std::string page_size_text(hugepage::ByteSize size);

// "2M", as mount(8) takes it
[[nodiscard]] std::string mount_size_text(hugepage::ByteSize size);

// "1 file", "2 files"
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun);

// As it has to be typed in a shell.
[[nodiscard]] std::string quoted(const std::string& path);

}  // namespace tools
