// Folders with layers in them, small ones and of any content.
#pragma once

#include "tests/support/temp_dir.h"
#include "tools/pc1/bad_input.h"
#include "tools/pc1/output_folder.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace pc1 {

using Content = std::vector<std::uint8_t>;

inline constexpr LayerRange kThree{.first = 1, .last = 3};
inline constexpr std::uint64_t kSize = 2048;

inline void nobody_watches(std::uint64_t /*bytes*/) {}

inline SectorIdentity sector_of(std::uint64_t size) {
    return {.sector_size = size, .api_version = ApiVersion::kV1_1, .porep_id = {}, .replica_id = {}};
}

inline Content some_labels(std::uint64_t size, std::uint32_t first = 1) {
    Content labels(size);
    for (std::uint64_t i = 0; i < size; ++i) {
        labels[i] = static_cast<std::uint8_t>(first + i + i / 251);
    }
    return labels;
}

// Names and contents; the content of a folder is not looked at.
inline std::map<std::string, std::string> files_in(const std::filesystem::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        files[entry.path().filename().string()] =
            entry.is_regular_file() ? tests::read_file(entry.path()) : std::string();
    }
    return files;
}

inline std::vector<std::string> names_in(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& [name, content] : files_in(folder)) {
        names.push_back(name);
    }
    return names;
}

// The message of BadInput, or "" if the folder will do.
inline std::string refusal(const std::filesystem::path& folder, const SectorIdentity& sector,
                           LayerRange layers) {
    try {
        const OutputFolder output(folder, sector, layers);
        return "";
    } catch (const BadInput& error) {
        return error.what();
    }
}

class OutputFolderTest : public testing::Test {
  protected:
    [[nodiscard]] std::filesystem::path folder() const { return root_.path() / "cache"; }
    [[nodiscard]] std::filesystem::path file_of(std::uint32_t number) const {
        return folder() / layer_file_name(number);
    }

    // Layers 1 to `last` of a sector of kSize.
    void write_layers(std::uint32_t last) const {
        OutputFolder output(folder(), sector_of(kSize), kThree);
        for (std::uint32_t number = 1; number <= last; ++number) {
            output.write_layer(number, some_labels(kSize, number), nobody_watches);
        }
    }

    tests::TempDir root_;
};

}  // namespace pc1
