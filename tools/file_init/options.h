// The command line of hugepage-file-init.
#pragma once

#include "tools/file_init/request.h"

#include <string>
#include <variant>

namespace file_init {

// The user asked for this text (help, version) instead of work.
struct TextForUser {
    std::string text;
};

// Throws Failure with ExitCode::usage. The two words "store hugepage-file-init" in front, as the worker that
// this tool comes from has them, are passed over.
[[nodiscard]] std::variant<Request, TextForUser> parse_options(int argc, const char* const* argv);

}  // namespace file_init
