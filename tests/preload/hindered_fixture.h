// Running the program that is hindered (hindered.cpp): what it says when it is served, and when it is not.
#pragma once

#include "tests/preload/preloaded.h"

#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

class HinderedTest : public OneFileTest {
  protected:
    // It asks twice. The hindrance is what it is told, without the size.
    [[nodiscard]] static std::vector<std::string> command(const std::vector<std::string>& hindrance) {
        std::vector<std::string> words{HINDERED, hindrance.front(), bytes(kFileBytes)};
        words.insert(words.end(), hindrance.begin() + 1, hindrance.end());
        return words;
    }
    [[nodiscard]] Environment variables(const Environment& more = {}) const {
        Environment result = environment(more);
        result.try_emplace("HUGEPAGE_LOG", "warn");
        return result;
    }
    [[nodiscard]] Outcome hindered(const std::vector<std::string>& hindrance,
                                   const Environment& more = {}) const {
        return run(command(hindrance), variables(more));
    }

    // The same for an ordinary user to run, once the pool is his: the program and its variables.
    [[nodiscard]] std::vector<std::string> as_nobody(const std::vector<std::string>& hindrance) const {
        std::vector<std::string> words{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
        for (const std::string& word : command(hindrance)) {
            words.push_back(word == HINDERED ? program_copy().string() : word);
        }
        return words;
    }
    [[nodiscard]] Environment variables_of_nobody(const Environment& more = {}) const {
        Environment result = variables(more);
        std::string& library = result["LD_PRELOAD"];
        library.replace(library.find(SHIM_LIBRARY), library.npos, library_copy().string());
        return result;
    }
    // Gives that user the pool; why that can't be, or empty.
    [[nodiscard]] std::string give_to_nobody() const {
        if (::geteuid() != 0) {
            return "needs root, to become an ordinary user";
        }
        // The folders above the build's may be nobody else's to look into.
        std::filesystem::permissions(copies_.path(), std::filesystem::perms(0755));
        std::filesystem::copy(HINDERED, program_copy());
        std::filesystem::copy(SHIM_LIBRARY, library_copy());
        constexpr uid_t kNobody = 65534;
        std::filesystem::permissions(pool_.path(), std::filesystem::perms(0755));
        for (const auto& path : {pool_.path(), file_.parent_path(), file_}) {
            if (::chown(path.c_str(), kNobody, kNobody) != 0) {
                return "needs to give files away";
            }
        }
        return {};
    }

    static constexpr const char* kNothingLeft = "left: 0 descriptors, 0 mappings, 0 locks\n";
    static std::string got(const std::string& what) { return "memory: " + what + ", zero: 1, unmap: 0\n"; }
    [[nodiscard]] std::string both_served() const { return got(served()) + got(served()) + kNothingLeft; }
    static std::string neither() { return got(kOrdinary) + got(kOrdinary) + kNothingLeft; }

    static std::size_t count(const std::string& text, const std::string& part) {
        std::size_t found = 0;
        for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) {
            ++found;
        }
        return found;
    }

  private:
    [[nodiscard]] std::filesystem::path program_copy() const { return copies_.path() / "hindered"; }
    [[nodiscard]] std::filesystem::path library_copy() const { return copies_.path() / "shim.so"; }

    TempDir copies_;
};

}  // namespace tests
