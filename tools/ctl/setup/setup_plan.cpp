#include "tools/ctl/setup/setup_plan.h"

#include "tools/common/failure.h"
#include "tools/common/values.h"
#include "tools/common/wording.h"
#include "tools/ctl/setup/mounting.h"
#include "tools/ctl/setup/page_control.h"
#include "tools/file_init/plan.h"
#include "tools/pool/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <map>

namespace ctl {
namespace {

using Kind = hugepage::FileSystem::Kind;

bool divides(ByteSize page, ByteSize size) {
    return size.bytes % page.bytes == 0;
}

bool are_free(const SetupRequest& request, const SetupFacts& facts, ByteSize page) {
    std::uint64_t free_anywhere = 0;
    std::uint64_t wanted = 0;
    for (const Share& share : request.shares) {
        const std::uint64_t own = share.files * (request.files.size.bytes / page.bytes);
        const std::uint64_t free = facts.machine.find(share.node)->pages_of(page).free;
        if (free < own) {
            return false;
        }
        wanted += own;
        free_anywhere += free;
    }
    return free_anywhere >= wanted + facts.promised_of(page);
}

// Of the hugetlbfs that the node's folder is on already.
std::optional<ByteSize> mounted_size(const file_init::Facts& facts) {
    const auto& file_system = facts.folder.file_system;
    return file_system.kind == Kind::hugetlbfs ? std::optional(file_system.page_size) : std::nullopt;
}

// Throws if the nodes' folders are on different file systems.
std::optional<ByteSize> mounted_size(const SetupRequest& request, const SetupFacts& facts) {
    const auto first = mounted_size(facts.nodes.front());
    for (const file_init::Facts& node : facts.nodes) {
        if (mounted_size(node) != first) {
            tools::refuse(
                fmt::format("{}: {} and {} are not on the same kind of file system; set them up one by one, "
                            "with --node.",
                            request.where, facts.nodes.front().folder.path, node.folder.path));
        }
    }
    return first;
}

ByteSize choose_page_size(const SetupRequest& request, const SetupFacts& facts,
                          std::optional<ByteSize> mounted) {
    const ByteSize size = request.files.size;
    if (mounted) {
        if (request.page_size && *request.page_size != *mounted) {
            tools::refuse(
                fmt::format("--page-size: {} is on hugetlbfs with pages of {}, not {}; leave the option out, "
                            "or choose another folder.",
                            facts.nodes.front().folder.existing, tools::page_size_text(*mounted),
                            tools::page_size_text(*request.page_size)));
        }
        return *mounted;
    }
    if (request.page_size) {
        return *request.page_size;
    }
    const Machine& machine = facts.machine;
    if (machine.has_page_size(k1GiB) && divides(k1GiB, size) && are_free(request, facts, k1GiB)) {
        return k1GiB;
    }
    if (!machine.has_page_size(k2MiB)) {
        tools::refuse("--page-size: this kernel has no huge pages of 2MiB; say which to use.");
    }
    return k2MiB;
}

void require_whole_pages(const SetupRequest& request, ByteSize page_size) {
    if (divides(page_size, request.files.size)) {
        return;
    }
    tools::refuse(fmt::format("--size: {} is no whole number of pages of {}{}.", request.files.size_as_typed,
                              tools::page_size_text(page_size),
                              size_hint(request.files.size_as_typed, page_size)));
}

void plan_mount(SetupPlan& plan, const SetupRequest& request, const SetupFacts& facts) {
    const file_init::FolderFacts& folder = facts.nodes.front().folder;
    if (request.place == "/" || request.place == ".") {
        tools::refuse(
            fmt::format("{}: nothing can be mounted at {}; choose a folder of its own, as /mnt/huge/pc1.",
                        request.where, request.place));
    }
    if (!facts.place_is_empty) {
        tools::refuse(
            fmt::format("{}: {} is not on hugetlbfs, and a mount would hide what is in it; choose a new or "
                        "empty folder.",
                        request.where, request.place));
    }
    plan.mount = request.place;
    for (const std::string& path : folder.missing) {
        if (path.size() <= request.place.size() && request.place.starts_with(path)) {
            plan.folders.push_back(path);
        }
    }
}

// As if all pages were there: what else is in the way is told before any is reserved.
void plan_files(NodeSetup& node, const SetupRequest& request, file_init::Facts facts, std::size_t count,
                bool is_mounted) {
    file_init::Request files = request.files;
    files.node = node.node;
    files.count = count;
    if (!is_mounted) {
        node.create = file_init::paths_of(files, facts.folder.path);
        return;
    }
    constexpr std::uint64_t kPlenty = std::numeric_limits<std::uint64_t>::max();
    facts.node_pages = facts.machine_pages = {.total = kPlenty, .free = kPlenty, .reserved = 0};
    auto plan = file_init::make_plan(files, facts);
    node.create = std::move(plan.create);
    node.keep = std::move(plan.keep);
}

void plan_pages(SetupPlan& plan, const SetupFacts& facts) {
    std::uint64_t promised = facts.promised_of(plan.page_size);
    const auto& mount = facts.nodes.front().folder.mount;
    if (plan.mount.empty() && mount && mount->holds_pages_back()) {
        promised = 0;  // they are this mount's own
    }
    std::map<NodeId, std::uint64_t> needs;
    for (const NodeSetup& step : plan.nodes) {
        needs[step.node] = step.needed();
    }
    const auto available = free_for_files(facts.machine, plan.page_size, promised, needs);
    for (NodeSetup& step : plan.nodes) {
        const Node& node = *facts.machine.find(step.node);
        step.available = available.at(step.node);
        step.reserved = node.pages_of(plan.page_size).reserved();
        step.missing = step.needed() - std::min(step.needed(), step.available);
        const std::uint64_t room = step.available + node.memory_for_pages() / plan.page_size.bytes;
        step.possible = std::min<std::uint64_t>(step.create.size(), room / step.pages_per_file);
        const std::uint64_t wanted = step.possible * step.pages_per_file;
        step.grow = wanted - std::min(wanted, step.available);
    }
}

}  // namespace

std::uint64_t SetupFacts::promised_of(ByteSize size) const {
    const auto found = std::ranges::find(promised, size, [](const auto& one) { return one.first; });
    return found != promised.end() ? found->second : 0;
}

bool SetupPlan::changes_nothing() const {
    return mount.empty() && std::ranges::all_of(nodes, [](const auto& node) { return node.create.empty(); });
}

SetupPlan make_setup_plan(const SetupRequest& request, const SetupFacts& facts) {
    for (const file_init::Facts& node : facts.nodes) {
        if (node.folder.error != 0) {
            throw tools::system_failure("open the folder " + node.folder.existing, node.folder.error);
        }
    }
    const auto mounted = mounted_size(request, facts);
    SetupPlan plan;
    plan.size = request.files.size;
    plan.page_size = choose_page_size(request, facts, mounted);
    require_whole_pages(request, plan.page_size);
    if (!mounted) {
        plan_mount(plan, request, facts);
    }
    for (std::size_t i = 0; i < request.shares.size(); ++i) {
        NodeSetup node;
        node.node = request.shares[i].node;
        node.pages_per_file = plan.size.bytes / plan.page_size.bytes;
        plan_files(node, request, facts.nodes[i], request.shares[i].files, mounted.has_value());
        plan.nodes.push_back(std::move(node));
    }
    plan_pages(plan, facts);
    return plan;
}

bool fits_in_small_pages(const SetupRequest& request, const Machine& machine) {
    return machine.has_page_size(k2MiB) && divides(k2MiB, request.files.size) &&
           std::ranges::all_of(request.shares, [&](const Share& share) {
               const Node& node = *machine.find(share.node);
               const std::uint64_t room = node.memory_for_pages() + node.pages_of(k2MiB).free * k2MiB.bytes;
               return request.files.size.bytes <= room / share.files;
           });
}

std::string boot_arguments(const SetupPlan& plan, const Machine& machine) {
    Plan all{.sector = plan.size, .page_size = plan.page_size, .parents = {}, .nodes = {}};
    for (const Node& node : machine.nodes) {
        NodePlan one;
        one.node = node.id;
        one.pages = node.pages_of(plan.page_size).reserved();
        const auto step = std::ranges::find(plan.nodes, node.id, &NodeSetup::node);
        one.pages += step != plan.nodes.end() ? step->missing : 0;
        all.nodes.push_back(one);
    }
    return kernel_command_line(all, machine);
}

}  // namespace ctl
