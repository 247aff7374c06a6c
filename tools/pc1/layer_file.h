// Keeping layers in files, under the names that sealers use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

namespace pc1 {

using OnBytesWritten = std::function<void(std::uint64_t bytes)>;

// Makes sure that `folder` exists, creating it if need be, and that its file system has room for `layers`
// times `layer_bytes` more. If there is no room nothing is created. Throws std::runtime_error with a message
// for the user.
void prepare_output_folder(const std::filesystem::path& folder, std::uint32_t layers,
                           std::uint64_t layer_bytes);

// Writes the labels to <folder>/sc-02-data-layer-<number>.dat: first to a name ending in .tmp, which then
// replaces a file of that name. On failure nothing is left and std::runtime_error thrown. Returns the path.
std::filesystem::path write_layer(const std::filesystem::path& folder, std::uint32_t number,
                                  std::span<const std::uint8_t> labels,
                                  const OnBytesWritten& on_bytes_written);

}  // namespace pc1
