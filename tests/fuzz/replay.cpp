// Runs a fuzz target on stored inputs, without libFuzzer.
//
//   fuzz_TARGET FILE|FOLDER...
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" __attribute__((weak)) int LLVMFuzzerInitialize(int* argc, char*** argv);

namespace {

namespace fs = std::filesystem;

// The file, or all files in the folder, sorted by name.
std::vector<fs::path> files_at(const fs::path& place) {
    if (!fs::is_directory(place)) {
        return {place};
    }
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(place)) {
        if (entry.is_regular_file()) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

void replay(const fs::path& path) {
    // Printed before the run: an input that crashes is the last one printed.
    std::fprintf(stderr, "%s\n", path.c_str());
    const std::size_t size = fs::file_size(path);
    // Exactly as large as the input: AddressSanitizer must notice a read past its end.
    const auto data = std::make_unique<std::uint8_t[]>(size);
    if (!std::ifstream(path, std::ios::binary)
             .read(reinterpret_cast<char*>(data.get()), static_cast<std::streamsize>(size))) {
        throw std::runtime_error("could not be read: " + path.string());
    }
    if (LLVMFuzzerTestOneInput(data.get(), size) != 0) {
        throw std::runtime_error("the target returned an error");
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (LLVMFuzzerInitialize != nullptr) {
            LLVMFuzzerInitialize(&argc, &argv);
        }
        std::size_t count = 0;
        for (int i = 1; i < argc; ++i) {
            for (const fs::path& path : files_at(argv[i])) {
                replay(path);
                ++count;
            }
        }
        if (count == 0) {
            throw std::runtime_error("no input found");
        }
        std::fprintf(stderr, "replayed: %zu\n", count);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "replay: %s\n", error.what());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
