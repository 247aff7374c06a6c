#include "tools/pool/plan.h"

#include "tools/common/command_line.h"
#include "tools/common/failure.h"
#include "tools/common/log.h"
#include "tools/common/values.h"
#include "tools/pool/judge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <map>

namespace pool {
namespace {

using ctl::k1GiB;
using ctl::k2MiB;
using ctl::Node;
using tools::ExitCode;
using tools::Failure;

bool divides(ByteSize page, ByteSize size) {
    return size.bytes % page.bytes == 0;
}

void require_possible(const Request& request) {
    auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    for (const Share& share : request.shares) {
        if (share.files > 0 && request.size.bytes > most / share.files) {
            tools::refuse(request.size_option + ": the total size of the files overflows.");
        }
        most -= request.size.bytes * share.files;
    }
}

// What setup makes is named in its record, which is JSON.
void require_recordable(const Request& request) {
    const std::string text(request.pattern.text());
    if (tools::printable(text) != text) {
        tools::refuse(ctl::option_of(request.pattern) +
                      ": setup's record can't hold this name, as not all of it is printable UTF-8; choose "
                      "another folder.");
    }
}

// Of the hugetlbfs that the nodes' folders are on already. Throws if they are on different file systems.
std::optional<ByteSize> mounted_size(const Request& request, const Facts& facts) {
    const auto size_of = [](const NodeFacts& node) {
        return node.is_on_hugetlbfs() ? std::optional(node.file_system.page_size) : std::nullopt;
    };
    const auto first = size_of(facts.nodes.front());
    for (const NodeFacts& node : facts.nodes) {
        if (size_of(node) != first) {
            tools::refuse(
                "{}: {} and {} are not on the same kind of file system; set them up one by "
                "one, with --node.",
                ctl::option_of(request.pattern), facts.nodes.front().folder, node.folder);
        }
    }
    return first;
}

[[noreturn]] void refuse_page_size(const Request& request, const NodeFacts& node) {
    const bool is_setups = node.mount && node.mount->source == kMountSource;
    tools::refuse(
        "--page-size: {} is on hugetlbfs with pages of {}, not {}. {}hoose another folder.", node.existing,
        tools::page_size_text(node.file_system.page_size), tools::page_size_text(*request.page_size),
        is_setups ? fmt::format("To change it, type: sudo hugepagectl remove {}, and run this again; or c",
                                ctl::option_of(request.pattern))
                  : "That mount isn't setup's: c");
}

// That come into question, the first one only where all of its pages are free: pages of 1 GiB are rarely
// free once a machine has run for a while. A plan proposes them, as they can be allocated when it starts.
std::vector<ByteSize> page_sizes_for(const Request& request, const Facts& facts,
                                     std::optional<ByteSize> mounted, Purpose purpose) {
    if (mounted && request.page_size.value_or(*mounted) != *mounted && purpose != Purpose::show) {
        refuse_page_size(request, facts.nodes.front());
    }
    if (const auto known = request.page_size ? request.page_size : mounted) {
        return {*known};
    }
    const Machine& machine = facts.machine;
    if (machine.page_sizes.empty()) {
        tools::fail("this kernel has no huge pages, or /sys can't be read; 'hugepagectl doctor' says more");
    }
    const bool has_large = machine.has_page_size(k1GiB) && divides(k1GiB, request.size);
    if (has_large && purpose == Purpose::show) {
        return {k1GiB};
    }
    if (!machine.has_page_size(k2MiB)) {
        tools::refuse("--page-size: this kernel has no huge pages of 2MiB; say which to use.");
    }
    return has_large ? std::vector{k1GiB, k2MiB} : std::vector{k2MiB};
}

// What is proposed is a whole number of pages.
void require_whole_pages(const Request& request, ByteSize page) {
    if (divides(page, request.size)) {
        return;
    }
    const std::size_t blank = request.size_option.find(' ');
    const std::string typed = request.size_option.substr(blank + 1);
    const auto binary = tools::in_binary_unit(typed);
    const auto size = binary ? binary : tools::parse_byte_size(typed);
    const std::uint64_t pages = size ? (size->bytes - 1) / page.bytes + 1 : 0;
    const bool is_near = pages > 0 && pages <= std::numeric_limits<std::uint64_t>::max() / page.bytes;
    tools::refuse("{}: {} is not a whole number of pages of {}{}", request.size_option.substr(0, blank),
                  typed, tools::page_size_text(page),
                  is_near ? "; did you mean " + tools::exact_text({pages * page.bytes}) + "?" : ".");
}

Failure not_hugetlbfs(const Request& request, const Facts& facts) {
    const NodeFacts& node = facts.nodes.front();
    return {ExitCode::failed,
            fmt::format("create files in {}: {} is on {}, not on hugetlbfs; {}", node.folder, node.existing,
                        node.mount ? node.mount->type : "another file system",
                        facts.place_is_empty
                            ? "type: " + setup_command(request)
                            : place_of(request.pattern) + " isn't empty, so use another folder")};
}

void plan_mount(Plan& plan, const Facts& facts) {
    const std::string place = place_of(plan.request.pattern);
    const std::string option = ctl::option_of(plan.request.pattern);
    if (place == "/") {
        tools::refuse("{}: nothing can be mounted at /; choose a folder of its own, as /mnt/huge/pc1.",
                      option);
    }
    if (!facts.place_is_empty) {
        tools::refuse(
            "{}: {} is not on hugetlbfs, and a mount would hide what is in it; choose a new or empty folder.",
            option, place);
    }
    plan.mount = place;
    std::ranges::copy_if(facts.nodes.front().missing, std::back_inserter(plan.folders),
                         [&](const std::string& path) { return place.starts_with(path); });
}

// Why a file that is there is not the one that would be created.
struct Fault {
    std::string why;
    bool can_be_made_anew = true;
};
std::optional<Fault> fault_of(const MemoryFile& file, const Plan& plan) {
    const Request& request = plan.request;
    ctl::Pool pool;
    pool.choice.pattern = request.pattern;
    pool.user.id = file.owner;
    const ctl::FileJudgement judged = ctl::judge(file, pool);
    if (file.type != S_IFREG) {
        return Fault{judged.fault, false};
    }
    if (!file.is_on_hugetlbfs() || file.file_system.page_size != plan.page_size) {
        return Fault{"it is not on hugetlbfs with pages of " + tools::page_size_text(plan.page_size), false};
    }
    if (file.size != request.size) {
        return Fault{fmt::format("its size is {}, not {}", tools::exact_text(file.size),
                                 tools::exact_text(request.size))};
    }
    if (request.owner && file.owner != *request.owner) {
        return Fault{fmt::format("it belongs to user {}, not {}", file.owner, *request.owner)};
    }
    if (request.group && file.group != *request.group) {
        return Fault{fmt::format("it belongs to group {}, not {}", file.group, *request.group)};
    }
    if (request.mode && file.mode != *request.mode) {
        return Fault{fmt::format("its mode is {:04o}, not {:04o}", file.mode, *request.mode)};
    }
    if (judged.finding.verdict == ctl::Verdict::ok) {
        return std::nullopt;
    }
    return Fault{judged.fault, judged.finding.verdict != ctl::Verdict::unseen};
}

struct WrongFile {
    const MemoryFile* file;
    std::string why;
};
Failure cannot_be_kept(const std::vector<WrongFile>& files) {
    std::string names;
    for (const WrongFile& one : files) {
        names.append(1, ' ').append(tools::quoted(one.file->path));
    }
    const auto& [first, why] = files.front();
    const bool is_removable =
        std::ranges::none_of(files, [](const WrongFile& one) { return one.file->type == S_IFDIR; });
    return {ExitCode::failed,
            fmt::format("{} can't be kept: {}{}; nothing was changed; {}", first->path, why,
                        files.size() == 1 ? "" : fmt::format("; nor can {} more", files.size() - 1),
                        is_removable ? "if nothing uses it, type: sudo rm" + names
                                     : "move it away, or use another folder")};
}

// As if all pages were there: what else is wrong is told before any is reserved.
NodePlan plan_files(const Plan& plan, const Share& share, const Facts& all, const NodeFacts& facts,
                    Purpose purpose) {
    NodePlan node;
    node.node = share.node;
    node.pages_per_file = plan.request.size.bytes / plan.page_size.bytes;
    std::ranges::copy_if(facts.missing, std::back_inserter(node.missing), [&](const std::string& path) {
        return facts.is_on_hugetlbfs() || path.size() > place_of(plan.request.pattern).size();
    });
    std::vector<WrongFile> wrong;
    const std::vector<std::string> paths = paths_of(plan.request.size, share.files, facts.folder);
    for (const std::string& path : paths) {
        const auto file = std::ranges::find(all.files, path, &MemoryFile::path);
        const bool is_there = file != all.files.end();
        if (is_there && file->is_forbidden() && purpose != Purpose::show) {
            throw tools::system_failure("look at " + path, file->refusal->code,
                                        "use sudo, or be the user it belongs to");
        }
        const auto fault = is_there ? fault_of(*file, plan) : std::nullopt;
        if (is_there && !fault) {
            node.keep.push_back(path);
            continue;
        }
        node.create.push_back(path);
        if (fault && fault->can_be_made_anew && purpose != Purpose::create_only) {
            node.replace.push_back(*file);
        } else if (fault && purpose != Purpose::show) {
            wrong.push_back({&*file, fault->why});
        }
    }
    for (const MemoryFile& file : all.files) {
        const bool is_other = file.type == S_IFREG && std::ranges::find(paths, file.path) == paths.end();
        node.others += is_other && file.node == node.node ? 1U : 0U;
    }
    if (!wrong.empty()) {
        throw cannot_be_kept(wrong);
    }
    if (!node.create.empty() && facts.is_on_hugetlbfs() && facts.write_error != 0 &&
        purpose != Purpose::show) {
        throw tools::system_failure(
            "create files in " + facts.folder, facts.write_error,
            facts.write_error == EROFS
                ? "type: sudo mount -o remount,rw " +
                      tools::quoted(facts.mount ? facts.mount->point : facts.existing)
                : "use sudo, or be a user who may write to " + tools::quoted(facts.existing));
    }
    return node;
}

void require_mount_limits(const NodePlan& node, const NodeFacts& facts, ByteSize page_size) {
    const std::size_t files = node.create.size() - node.replace.size();
    const auto require = [&](std::optional<std::uint64_t> left, std::uint64_t needed, const std::string& what,
                             const char* option) {
        if (files > 0 && left && *left < needed) {
            tools::fail(
                "create {}: {} {} needed, but {} has only {} left of its limit; mount hugetlbfs "
                "without {}= or with a larger one",
                tools::counted(files, "file"), needed, what,
                facts.mount ? "the mount at " + facts.mount->point : "the mount of " + facts.existing, *left,
                option);
        }
    };
    require(facts.mount_pages, files * node.pages_per_file, "pages of " + tools::page_size_text(page_size),
            "size");
    require(facts.mount_files, files + node.missing.size(), "files and folders", "nr_inodes");
}

void plan_pages(Plan& plan, const Facts& facts) {
    const auto& mount = facts.nodes.front().mount;
    const bool are_its_own = plan.mount.empty() && mount && mount->holds_pages_back();
    const std::uint64_t promised = are_its_own ? 0 : facts.machine.promised_of(plan.page_size);
    // What a file that is replaced gives back is free then.
    Machine machine = facts.machine;
    std::map<NodeId, std::uint64_t> needs;
    for (const NodePlan& step : plan.nodes) {
        needs[step.node] = step.needed();
        const auto node = std::ranges::find(machine.nodes, step.node, &Node::id);
        for (ctl::Pages& pages : node->pages) {
            for (const MemoryFile& file : step.replace) {
                const std::uint64_t elsewhere = file.placement ? file.placement->elsewhere : 0;
                pages.free +=
                    pages.size == plan.page_size ? file.allocated.bytes / pages.size.bytes - elsewhere : 0;
            }
        }
    }
    const auto available = ctl::free_for_files(machine, plan.page_size, promised, needs);
    for (NodePlan& step : plan.nodes) {
        const Node& node = *facts.machine.find(step.node);
        step.available = available.at(step.node);
        step.reserved = node.pages_of(plan.page_size).reserved();
        step.missing_pages = step.needed() - step.available;
        const std::uint64_t room = step.available + node.memory_for_pages() / plan.page_size.bytes;
        step.possible = std::min<std::uint64_t>(step.create.size(), room / step.pages_per_file);
        const std::uint64_t wanted = step.possible * step.pages_per_file;
        step.grow = wanted - std::min(wanted, step.available);
    }
}

Failure not_enough_pages(const Plan& plan, const NodePlan& node, const Facts& facts) {
    const auto free = facts.machine.find(node.node)->pages_of(plan.page_size).free;
    const bool some_are_promised = node.available < std::min(free, node.needed());
    Request request = plan.request;
    request.page_size = plan.page_size;
    return {ExitCode::failed,
            fmt::format("create {} of {} on node {}: {} of {} needed, {} available{}; type: {}",
                        tools::counted(node.create.size(), "file"), tools::size_text(request.size),
                        node.node.value, tools::counted(node.needed(), "page"),
                        tools::page_size_text(plan.page_size), node.available,
                        some_are_promised
                            ? fmt::format(" ({} are free, but {} on the machine are promised to others)",
                                          free, facts.machine.promised_of(plan.page_size))
                            : "",
                        setup_command(request))};
}

// New files belong to whom the pool's files belong to, unless it was said. Another user's group would go on
// with what was the last one's.
void plan_owner(Plan& plan, const Facts& facts, Purpose purpose) {
    plan.owner = plan.request.owner;
    plan.group = plan.request.group;
    const MemoryFile* const like = purpose == Purpose::set_up ? ctl::of_main_owner(facts.files) : nullptr;
    if (like != nullptr && plan.owner.value_or(like->owner) == like->owner) {
        plan.owner = like->owner;
        plan.group = plan.group.value_or(like->group);
    }
}

}  // namespace

bool Plan::changes_nothing() const {
    return mount.empty() && std::ranges::all_of(nodes, [](const auto& node) { return node.create.empty(); });
}

bool Plan::has_room() const {
    return std::ranges::all_of(nodes, &NodePlan::has_room);
}

bool Plan::is_complete() const {
    return std::ranges::all_of(nodes, &NodePlan::is_complete);
}

Plan make_plan(const Request& request, const Facts& facts, Purpose purpose) {
    require_possible(request);
    if (purpose == Purpose::set_up) {
        require_recordable(request);
    }
    const auto mounted = mounted_size(request, facts);
    if (!mounted && purpose == Purpose::create_only) {
        throw not_hugetlbfs(request, facts);
    }
    Plan plan;
    for (const ByteSize page_size : page_sizes_for(request, facts, mounted, purpose)) {
        require_whole_pages(request, page_size);
        plan = {};
        plan.request = request;
        plan.page_size = page_size;
        plan_owner(plan, facts, purpose);
        if (!mounted && purpose == Purpose::set_up) {
            plan_mount(plan, facts);
        }
        for (std::size_t i = 0; i < request.shares.size(); ++i) {
            plan.nodes.push_back(plan_files(plan, request.shares[i], facts, facts.nodes[i], purpose));
        }
        plan_pages(plan, facts);
        if (std::ranges::all_of(plan.nodes, [](const NodePlan& node) { return node.missing_pages == 0; })) {
            break;
        }
    }
    for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
        const NodePlan& node = plan.nodes[i];
        if (purpose == Purpose::create_only && node.missing_pages > 0) {
            throw not_enough_pages(plan, node, facts);
        }
        if (mounted && purpose != Purpose::show) {
            require_mount_limits(node, facts.nodes[i], plan.page_size);
        }
    }
    return plan;
}

std::string kernel_command_line(const Plan& plan, const Machine& machine) {
    std::vector<std::string> counts;
    for (const Node& node : machine.nodes) {
        const auto planned = std::ranges::find(plan.nodes, node.id, &NodePlan::node);
        const std::uint64_t pages = node.pages_of(plan.page_size).reserved() +
                                    (planned != plan.nodes.end() ? planned->missing_pages : 0);
        if (pages > 0) {
            counts.push_back(machine.nodes.size() == 1 ? std::to_string(pages)
                                                       : fmt::format("{}:{}", node.id.value, pages));
        }
    }
    return fmt::format("hugepagesz={} hugepages={}", tools::mount_size_text(plan.page_size),
                       fmt::join(counts, ","));
}

}  // namespace pool
