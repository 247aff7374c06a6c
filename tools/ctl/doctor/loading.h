// Whether the library is really loaded, and really serves: asked of the loader, which lists what it would
// load and runs nothing of the program; and tried with a request of our own.
#pragma once

#include "tools/ctl/doctor/finding.h"
#include "tools/ctl/pool/pool_survey.h"
#include "tools/ctl/program/environment.h"

#include <string>
#include <string_view>
#include <vector>

namespace ctl {

// What the loader says, of a program with the library preloaded.
struct LoaderAnswer {
    bool loads_library = false;
    std::vector<std::string> ignored;  // names in LD_PRELOAD, each with why
    std::vector<std::string> missing;  // libraries that the program needs
};
[[nodiscard]] LoaderAnswer parse_loader_answer(std::string_view text, std::string_view library);

// `interpreter` and `executable` of the program. The environment's own LD_PRELOAD is tried with it.
[[nodiscard]] Findings check_loading(const std::string& interpreter, const std::string& executable,
                                     const std::string& library, const Environment& environment);

// Has a child of this program, `self`, ask for one buffer of a free file's size with the library preloaded,
// and give it back at once. The file's content stays as it is.
[[nodiscard]] Finding try_request(const PoolSurvey& pool, const std::string& library,
                                  const std::string& self);

// That child: maps so much, and unmaps it. Called by the hidden command "try-request".
inline constexpr const char* kTryRequest = "try-request";
[[nodiscard]] bool make_request(ByteSize size);

}  // namespace ctl
