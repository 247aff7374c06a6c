// Carrying out a plan, and undoing it where it can't be done.
#pragma once

#include "tools/pool/steps.h"

#include <string>
#include <vector>

namespace pool {

// In the order in which they are applied.
struct SetupSteps {
    Steps prepare;  // folders for the mount, the mount, old files
    Steps reserve;
    Steps create;  // folders for the files, the files
};
[[nodiscard]] SetupSteps steps_of(const Request& request, const Plan& plan);

// As somebody would type it.
[[nodiscard]] std::vector<std::string> commands_of(const Request& request, const Plan& plan);

struct NodeOutcome {
    NodeId node;
    std::size_t wanted = 0;  // files
    std::vector<std::string> created;
    std::vector<std::string> kept;
    std::size_t replaced = 0;  // of the created ones
    std::uint64_t pages_per_file = 0;
    std::uint64_t pages_asked = 0;  // that were missing for all files
    std::uint64_t pages_got = 0;
    std::uint64_t pages_given_back = 0;  // of these, as they made no whole file
    bool has_compacted = false;
};

struct SetupReport {
    Plan plan;  // of what there was to do
    bool has_mounted = false;
    bool has_dropped_caches = false;
    bool is_undone = false;  // no file could be made, so nothing else was left either
    std::vector<NodeOutcome> nodes;

    [[nodiscard]] bool is_complete() const;
};
// Of a plan that changes nothing.
[[nodiscard]] SetupReport idle_report(const Plan& plan);

// Throws tools::Failure (no permission) where something that the plan needs isn't allowed; changes nothing.
void require_rights(const Request& request, const Plan& plan);

// Where pages fall short by the deadline, as many whole files are made as there are pages for. Throws
// tools::Failure or tools::Interrupted: all that this call has added is gone again then. All is in the record
// before it is done.
[[nodiscard]] SetupReport set_up(const Request& request, const Plan& plan, Work& work);

// Creates the files of a plan that needs nothing else; all or none. Throws tools::Failure or
// tools::Interrupted.
void create(const Request& request, const Plan& plan, const tools::Interrupts& interrupts);

}  // namespace pool
