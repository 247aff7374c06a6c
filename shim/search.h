// Looks for a file that serves a request: on the chosen node; after a wait, if others hold that node's files;
// then, if it is allowed, on other nodes.
#pragma once

#include "shim/core/config.h"
#include "shim/core/lease.h"
#include "shim/core/reason.h"
#include "shim/core/region_table.h"
#include "shim/core/topology.h"
#include "shim/map_request.h"
#include "shim/node_choice.h"

namespace hugepage {

class Search {
  public:
    Search(const MapRequest& request, const NodeChoice& choice, const Config& config,
           const Topology& topology, RegionTable& regions, const SignalBlock& signals) noexcept
        : request_(request),
          choice_(choice),
          config_(config),
          topology_(topology),
          regions_(regions),
          signals_(signals) {}

    // The region, or null, and then reason() says why none of the chosen node's files served. May take as
    // long as HUGEPAGE_WAIT_MS allows.
    [[nodiscard]] void* run() noexcept;
    [[nodiscard]] Reason reason() const noexcept { return reason_; }

  private:
    [[nodiscard]] void* on_node(NodeId node) noexcept;
    [[nodiscard]] void* after_a_wait() noexcept;
    [[nodiscard]] void* elsewhere() noexcept;
    void note(const NodeFolder& folder, const char* name, const Refusal& refusal) noexcept;

    const MapRequest& request_;
    const NodeChoice& choice_;
    const Config& config_;
    const Topology& topology_;
    RegionTable& regions_;
    const SignalBlock& signals_;  // open while it waits
    const uid_t user_ = own_user();
    Reason reason_ = Reason::no_file_for_size;
    bool is_held_ = false;  // one of the files last looked at, by somebody else
};

}  // namespace hugepage
