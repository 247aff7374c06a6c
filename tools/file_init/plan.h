// What is to be done, decided from the request and the facts alone: no system call is made here.
#pragma once

#include "tools/file_init/facts.h"
#include "tools/file_init/request.h"

#include <span>
#include <string>
#include <vector>

namespace file_init {

struct Plan {
    std::vector<std::string> create;  // paths at which nothing is yet
    std::vector<std::string> keep;    // paths of files that are right already
};

// "<folder>/32.0_GiB_0" and so on.
[[nodiscard]] std::vector<std::string> paths_of(const Request& request, const std::string& folder);

// The node that was asked for, or the only one. Throws Failure if there is no such node, or if it must be
// said which of several is meant.
[[nodiscard]] NodeId choose_node(const Request& request, std::span<const NodeId> nodes);

// Throws Failure, with the first thing that stands in the way and what to do about it. Then nothing is to be
// created at all: there is no half a plan.
[[nodiscard]] Plan make_plan(const Request& request, const Facts& facts);

}  // namespace file_init
