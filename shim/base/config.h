// The variables that steer the shim (docs/reference.md), read once.
#pragma once

#include "shim/base/file_pattern.h"
#include "shim/base/ids.h"
#include "shim/base/log.h"
#include "shim/base/text.h"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace hugepage {

struct Config {
    enum class Mode {
        try_files,  // fall back to ordinary memory when no file is free
        require,    // ENOMEM instead
        thp,        // no files: what falling back gives
        off,        // pass every call on
    };
    enum class Zero {
        always,  // memory reads as zero, as anonymous memory does
        never,   // it reads as its last owner left it; for callers that write every byte before they read it
    };

    // What a child has of the regions that were asked for as private memory.
    enum class Fork {
        none,   // nothing
        share,  // the same memory, as a mapping of the file that the shim knows nothing of
    };

    // Which files serve when the chosen node has none free.
    enum class NodePolicy {
        local,    // none
        nearest,  // other nodes', the nearest first
    };

    // What ordinary memory is given in a file's place.
    enum class Fallback {
        thp,    // with the advice to use huge pages, and the chosen node preferred
        plain,  // the caller's own
    };

    // Text of a variable that cannot be used, kept as a view of the environment.
    struct Complaint {
        std::string_view name;
        std::string_view value;
        const char* why;
        bool is_fatal = false;  // nothing can be served
    };

    // NAME=value, the last is null. What is read of it stays there.
    using Environment = const char* const*;

    // Whether a variable that names the files is set, or that none are wanted (HUGEPAGE_MODE=thp). If not,
    // the shim does and says nothing, and nothing else is worth reading.
    [[nodiscard]] static bool is_wanted(Environment environment) noexcept;

    // What can't be used, and unknown names with the shim's prefix, are reported and leave their default.
    [[nodiscard]] static Config parse(Environment environment) noexcept;

    [[nodiscard]] std::span<const Complaint> complaints() const noexcept {
        return std::span(complaint_list).first(complaint_count);
    }

    std::optional<FilePattern> files;  // nothing: what is set can't be used
    Mode mode = Mode::try_files;
    std::optional<NodeId> node;  // nothing: the calling thread's
    NodePolicy node_policy = NodePolicy::local;
    unsigned wait_ms = 0;  // for a file that somebody else holds
    Fallback fallback = Fallback::thp;
    Zero zero = Zero::always;
    Fork fork = Fork::none;
    // Only processes whose executable this glob matches are served; null: all. It lies in the environment.
    const char* executable = nullptr;
    bool dump = false;                // whether regions are in core dumps
    std::optional<int> zero_threads;  // helpers beside the calling thread; nothing: see zeroing.h
    log::Level log_level{};  // info, once parsed; so Config is all zero before, and takes no room in the file
    std::string_view log_file;  // in the environment; see log::start

    std::array<Complaint, 16> complaint_list{};
    std::size_t complaint_count = 0;
};

// Whether the glob (as for file names in the shell: * ? [...]) matches the name of the executable's file, or
// its whole path if the glob has a slash. A script's executable is its interpreter; of a program that is
// started by a loader's name ("ld.so program") it is the program. False if the kernel
// doesn't say (no /proc). Allocates nothing in the C locale, in which every program starts; errno is not
// kept.
[[nodiscard]] bool executable_matches(const char* glob) noexcept;

// The defaults until request::arm has read the environment, then constant. Constant-initialised and never
// destroyed: requests come before the library's constructor and after its destructor. (Hidden, so that no
// detour by the offset table leads to it.)
namespace state {
[[gnu::visibility("hidden")]] inline constinit Config config;
}  // namespace state

}  // namespace hugepage
