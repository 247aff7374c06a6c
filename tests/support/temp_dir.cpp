#include "tests/support/temp_dir.h"

#include <stdlib.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace tests {

TempDir::TempDir(const std::filesystem::path& parent) {
    std::string name = (parent / "hugepage-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error("mkdtemp " + name);
    }
    path_ = name;
    guardian_ = std::make_unique<Guardian>(std::vector<std::string>{"--remove", name});
    if (!guardian_->problem().empty()) {
        throw std::runtime_error(guardian_->problem());
    }
}

std::filesystem::path TempDir::write(std::string_view name, std::string_view content) const {
    const auto path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path;
}

std::string read_file(const std::filesystem::path& path) {
    std::ostringstream content;
    content << std::ifstream(path, std::ios::binary).rdbuf();
    return content.str();
}

}  // namespace tests
