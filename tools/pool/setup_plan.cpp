#include "tools/pool/setup_plan.h"

#include "shim/base/text_file.h"
#include "tools/common/failure.h"
#include "tools/common/values.h"
#include "tools/common/wording.h"
#include "tools/pool/plan.h"
#include "tools/pool/snapshot.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

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

void look_at_other_files(NodeFacts& facts, int folder) {
    const auto readable = hugepage::Fd::open(own_path(folder).c_str(), O_RDONLY | O_DIRECTORY);
    if (!readable) {
        return;
    }
    static_cast<void>(hugepage::for_each_entry(readable.value(), [&](std::string_view name) {
        struct stat file {};
        if (name.starts_with('.') || ::fstatat(folder, name.data(), &file, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(file.st_mode)) {
            return;
        }
        if (file.st_size > 0) {
            facts.owners.emplace_back(file.st_uid, file.st_gid);
        }
        const auto is_it = [&](const FileFacts& one) { return one.path.ends_with("/" + std::string(name)); };
        if (std::ranges::none_of(facts.files, is_it)) {
            ++facts.others;
        }
    }));
}

NodeFacts look_at_node(const Request& request, const Share& share) {
    NodeFacts facts;
    const Place place =
        find_place(std::string(request.pattern.path_of(share.node).view()), {.user = request.owner});
    facts.folder = place.path;
    facts.existing = place.existing;
    facts.missing = place.missing;
    const int fd = place.folder.get();
    const auto file_system = hugepage::file_system_of(fd);
    struct statfs limits {};
    if (!file_system || ::fstatfs(fd, &limits) != 0) {
        throw tools::system_failure("look at the file system of " + place.existing,
                                    file_system ? errno : file_system.error().code);
    }
    facts.file_system = file_system.value();
    facts.mount = tools::mount_of(fd);
    // A mount that was given a size= or nr_inodes= hands out no more than that. Without one the kernel says
    // 0, or all bits set.
    if (limits.f_blocks != 0 && limits.f_blocks <= std::numeric_limits<std::uint32_t>::max()) {
        facts.mount_pages = limits.f_bfree;
    }
    if (limits.f_files != 0 && limits.f_files <= std::numeric_limits<std::uint32_t>::max()) {
        facts.mount_files = limits.f_ffree;
    }
    if (::faccessat(AT_FDCWD, own_path(fd).c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
        facts.write_error = errno;
    }
    if (facts.is_on_hugetlbfs()) {
        for (const std::string& path : paths_of(request.size, share.files, facts.folder)) {
            facts.files.push_back(facts.missing.empty() ? look_at_file(fd, path, request.size, share.node)
                                                        : FileFacts{});
            facts.files.back().path = path;
        }
    }
    if (facts.is_on_hugetlbfs() && facts.missing.empty()) {
        look_at_other_files(facts, fd);
    }
    return facts;
}

bool is_missing_or_empty(const std::string& folder) {
    const Place place = find_place(folder, kAnybody);
    const auto readable = hugepage::Fd::open(own_path(place.folder.get()).c_str(), O_RDONLY | O_DIRECTORY);
    bool is_empty = true;
    return !place.missing.empty() ||
           (readable && hugepage::for_each_entry(readable.value(), [&](auto) { is_empty = false; }) &&
            is_empty);
}

bool are_free(const Request& request, const Facts& facts, ByteSize page) {
    std::uint64_t free_anywhere = 0;
    std::uint64_t wanted = 0;
    for (const Share& share : request.shares) {
        const std::uint64_t own = share.files * (request.size.bytes / page.bytes);
        const std::uint64_t free = facts.machine.find(share.node)->pages_of(page).free;
        if (free < own) {
            return false;
        }
        wanted += own;
        free_anywhere += free;
    }
    return free_anywhere >= wanted + facts.machine.promised_of(page);
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
                fmt::format("{}: {} and {} are not on the same kind of file system; set them up one by "
                            "one, with --node.",
                            request.where, facts.nodes.front().folder, node.folder));
        }
    }
    return first;
}

ByteSize choose_page_size(const Request& request, const Facts& facts, std::optional<ByteSize> mounted) {
    if (mounted) {
        if (request.page_size && *request.page_size != *mounted) {
            const NodeFacts& node = facts.nodes.front();
            const bool is_setups = node.mount && node.mount->source == kMountSource;
            tools::refuse(fmt::format(
                "--page-size: {} is on hugetlbfs with pages of {}, not {}. {}hoose another folder.",
                node.existing, tools::page_size_text(*mounted), tools::page_size_text(*request.page_size),
                is_setups
                    ? fmt::format("To change it, type: sudo hugepagectl remove {}, and run this again; or c",
                                  request.where)
                    : "That mount isn't setup's: c"));
        }
        return *mounted;
    }
    if (request.page_size) {
        return *request.page_size;
    }
    if (facts.machine.has_page_size(k1GiB) && divides(k1GiB, request.size) &&
        are_free(request, facts, k1GiB)) {
        return k1GiB;
    }
    if (!facts.machine.has_page_size(k2MiB)) {
        tools::refuse("--page-size: this kernel has no huge pages of 2MiB; say which to use.");
    }
    return k2MiB;
}

void require_whole_pages(const Request& request, ByteSize page) {
    if (divides(page, request.size)) {
        return;
    }
    tools::refuse(fmt::format("--size: {} is not a whole number of pages of {}{}", request.size_as_typed,
                              tools::page_size_text(page), ctl::size_hint(request.size_as_typed, page)));
}

Failure not_hugetlbfs(const Request& request, const Facts& facts) {
    const NodeFacts& node = facts.nodes.front();
    return {ExitCode::failed,
            fmt::format("create files in {}: {} is on {}, not on hugetlbfs; {}", node.folder, node.existing,
                        node.mount ? node.mount->type : "another file system",
                        facts.place_is_empty ? "type: sudo hugepagectl setup " +
                                                   arguments_of(request, request.page_size, request.where)
                                             : request.place + " isn't empty, so use another folder")};
}

void plan_mount(Plan& plan, const Request& request, const Facts& facts) {
    if (request.place == "/") {
        tools::refuse(fmt::format(
            "{}: nothing can be mounted at /; choose a folder of its own, as /mnt/huge/pc1.", request.where));
    }
    if (!facts.place_is_empty) {
        tools::refuse(fmt::format(
            "{}: {} is not on hugetlbfs, and a mount would hide what is in it; choose a new or empty folder.",
            request.where, request.place));
    }
    plan.mount = request.place;
    for (const std::string& path : facts.nodes.front().missing) {
        if (path.size() <= request.place.size() && request.place.starts_with(path)) {
            plan.folders.push_back(path);
        }
    }
}

Failure cannot_be_kept(const std::vector<const FileFacts*>& files, const Request& request, NodeId node) {
    constexpr std::size_t kMostExplained = 3;
    std::string explanation;
    std::string names;
    bool is_removable = true;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const FileFacts& file = *files[i];
        names.append(1, ' ').append(tools::quoted(file.path));
        is_removable = is_removable && file.kind != FileFacts::Kind::folder;
        if (i < kMostExplained) {
            const auto wrong = what_is_wrong(file, request.size, node);
            explanation += fmt::format("{}{} can't be kept: {}", i == 0 ? "" : "; ", file.path,
                                       wrong ? *wrong : whose_it_is(file, request).value_or(""));
        }
    }
    if (files.size() > kMostExplained) {
        explanation += fmt::format("; nor can {} more", files.size() - kMostExplained);
    }
    return {ExitCode::failed, fmt::format("{}; nothing was changed; {}", explanation,
                                          is_removable ? "if nothing uses it, type: sudo rm" + names
                                                       : "move it away, or use another folder")};
}

// As if all pages were there: what else is wrong is told before any is reserved.
void plan_files(NodePlan& node, const Request& request, const NodeFacts& facts, std::size_t count,
                Purpose purpose) {
    node.folder = facts.folder;
    node.others = facts.others;
    for (const std::string& path : facts.missing) {
        if (facts.is_on_hugetlbfs() || path.size() > request.place.size()) {
            node.missing.push_back(path);
        }
    }
    if (!facts.is_on_hugetlbfs()) {
        node.create = paths_of(request.size, count, facts.folder);
        return;
    }
    std::vector<const FileFacts*> wrong;
    std::set<tools::FileId> seen;
    for (const FileFacts& file : facts.files) {
        if (file.error != 0) {
            throw tools::system_failure("look at " + file.path, file.error,
                                        "use sudo, or be the user it belongs to");
        }
        if (file.kind == FileFacts::Kind::absent) {
            node.create.push_back(file.path);
        } else if (what_is_wrong(file, request.size, node.node)) {
            wrong.push_back(&file);
        } else if (!seen.insert(file.id).second) {
            throw Failure(
                ExitCode::failed,
                fmt::format("{} can't be kept: it is a second name (hard link) of another of these files; "
                            "nothing was changed; to remove it, type: sudo rm {}",
                            file.path, tools::quoted(file.path)));
        } else if (!whose_it_is(file, request)) {
            node.keep.push_back(file.path);
        } else if (purpose == Purpose::set_up) {
            node.replace.push_back(file);
            node.create.push_back(file.path);
        } else {
            wrong.push_back(&file);
        }
    }
    if (!wrong.empty()) {
        throw cannot_be_kept(wrong, request, node.node);
    }
    if (!node.create.empty() && facts.write_error != 0) {
        throw tools::system_failure(
            "create files in " + facts.folder, facts.write_error,
            facts.write_error == EROFS
                ? "type: sudo mount -o remount,rw " +
                      tools::quoted(facts.mount ? facts.mount->point : facts.existing)
                : "use sudo, or be a user who may write to " + tools::quoted(facts.existing));
    }
}

void require_mount_limits(const NodePlan& node, const NodeFacts& facts, ByteSize page_size) {
    const std::string mount =
        facts.mount ? "the mount at " + facts.mount->point : "the mount of " + facts.existing;
    const std::size_t files = node.create.size() - node.replace.size();
    const std::uint64_t pages = files * node.pages_per_file;
    if (facts.mount_pages && *facts.mount_pages < pages) {
        throw Failure(ExitCode::failed,
                      fmt::format("create {}: {} of {} needed, but {} has only {} left of its limit; mount "
                                  "hugetlbfs without size= or with a larger one",
                                  tools::counted(files, "file"), tools::counted(pages, "page"),
                                  tools::page_size_text(page_size), mount, *facts.mount_pages));
    }
    const std::uint64_t inodes = files + node.missing.size();
    if (facts.mount_files && files > 0 && *facts.mount_files < inodes) {
        throw Failure(
            ExitCode::failed,
            fmt::format("create {}: {} has room for only {} more files and folders, and {} are needed; mount "
                        "hugetlbfs without nr_inodes= or with a larger one",
                        tools::counted(files, "file"), mount, *facts.mount_files, inodes));
    }
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
            pages.free += pages.size == plan.page_size ? step.replace.size() * step.pages_per_file : 0;
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

std::optional<std::pair<uid_t, gid_t>> owner_of(const Facts& facts) {
    std::vector<std::pair<uid_t, gid_t>> owners;
    std::vector<uid_t> users;
    for (const NodeFacts& node : facts.nodes) {
        for (const auto& owner : node.owners) {
            owners.push_back(owner);
            users.push_back(owner.first);
        }
    }
    const auto found =
        std::ranges::find(owners, ctl::owner_of_most(users), [](const auto& one) { return one.first; });
    return found != owners.end() ? std::optional(*found) : std::nullopt;
}

Failure not_enough_pages(const Request& request, const Plan& plan, const NodePlan& node, const Facts& facts) {
    const auto free = facts.machine.find(node.node)->pages_of(plan.page_size).free;
    const bool some_are_promised = node.available < std::min(free, node.needed());
    return {
        ExitCode::failed,
        fmt::format(
            "create {} of {} on node {}: {} of {} needed, {} available{}; type: sudo hugepagectl setup {}",
            tools::counted(node.create.size(), "file"), tools::size_text(plan.size), node.node.value,
            tools::counted(node.needed(), "page"), tools::page_size_text(plan.page_size), node.available,
            some_are_promised ? fmt::format(" ({} are free, but {} on the machine are promised to others)",
                                            free, facts.machine.promised_of(plan.page_size))
                              : "",
            arguments_of(request, plan.page_size, request.where))};
}

}  // namespace

Facts look_at_machine(const Request& request) {
    Facts facts;
    facts.machine = ctl::read_machine();
    for (const Share& share : request.shares) {
        facts.nodes.push_back(look_at_node(request, share));
    }
    facts.place_is_empty = is_missing_or_empty(request.place);
    return facts;
}

bool Plan::changes_nothing() const {
    return mount.empty() && std::ranges::all_of(nodes, [](const auto& node) { return node.create.empty(); });
}

bool Plan::has_room() const {
    return std::ranges::all_of(nodes, [](const auto& node) { return node.possible == node.create.size(); });
}

Plan make_plan(const Request& request, const Facts& facts, Purpose purpose) {
    const auto mounted = mounted_size(request, facts);
    if (!mounted && purpose == Purpose::create_only) {
        throw not_hugetlbfs(request, facts);
    }
    Plan plan;
    plan.owner = owner_of(facts);
    plan.size = request.size;
    plan.page_size = choose_page_size(request, facts, mounted);
    require_whole_pages(request, plan.page_size);
    if (!mounted) {
        plan_mount(plan, request, facts);
    }
    for (std::size_t i = 0; i < request.shares.size(); ++i) {
        NodePlan node;
        node.node = request.shares[i].node;
        node.pages_per_file = plan.size.bytes / plan.page_size.bytes;
        plan_files(node, request, facts.nodes[i], request.shares[i].files, purpose);
        plan.nodes.push_back(std::move(node));
    }
    plan_pages(plan, facts);
    for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
        const NodePlan& node = plan.nodes[i];
        if (purpose == Purpose::create_only && node.missing_pages > 0) {
            throw not_enough_pages(request, plan, node, facts);
        }
        if (mounted) {
            require_mount_limits(node, facts.nodes[i], plan.page_size);
        }
    }
    return plan;
}

std::vector<std::string> paths_of(ByteSize size, std::size_t count, const std::string& folder) {
    std::string stem(hugepage::to_text(size).view());
    if (tools::parse_byte_size(stem) != size) {
        stem += "_" + std::to_string(size.bytes);
    }
    std::ranges::replace(stem, ' ', '_');
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < count; ++i) {
        paths.push_back(folder + "/" + stem + "_" + std::to_string(i));
    }
    return paths;
}

std::optional<std::string> what_is_wrong(const FileFacts& file, ByteSize size, NodeId node) {
    using Kind = FileFacts::Kind;
    if (file.kind != Kind::regular) {
        return file.kind == Kind::link     ? "it is a symbolic link"
               : file.kind == Kind::folder ? "it is a folder"
                                           : "it is not a regular file";
    }
    if (file.file_system.kind != hugepage::FileSystem::Kind::hugetlbfs) {
        return "it is not on hugetlbfs";
    }
    if (file.size != size) {
        return fmt::format("its size is {}, not {}", tools::exact_text(file.size), tools::exact_text(size));
    }
    if (file.allocated < file.size) {
        return fmt::format("it has holes: {} of {} are allocated", tools::size_text(file.allocated),
                           tools::size_text(file.size));
    }
    if (!file.placement) {
        return "its pages cannot be read: " + std::generic_category().message(file.pages_error);
    }
    if (file.placement->elsewhere != 0) {
        return fmt::format("{} of its {} are not on node {} but, for example, on node {}",
                           file.placement->elsewhere, tools::counted(file.placement->checked, "page"),
                           node.value, file.placement->other.value);
    }
    if (file.placement->absent != 0) {
        return fmt::format("{} of its {} are missing", file.placement->absent,
                           tools::counted(file.placement->checked, "page"));
    }
    return std::nullopt;
}

std::optional<std::string> whose_it_is(const FileFacts& file, const Request& request) {
    if (request.owner && file.owner != *request.owner) {
        return fmt::format("it belongs to user {}, not {}", file.owner, *request.owner);
    }
    if (request.group && file.group != *request.group) {
        return fmt::format("it belongs to group {}, not {}", file.group, *request.group);
    }
    if (request.mode && file.mode != *request.mode) {
        return fmt::format("its mode is {:04o}, not {:04o}", file.mode, *request.mode);
    }
    if ((file.mode & S_IRWXO) != 0) {
        return fmt::format("its mode is {:04o}, and the shim refuses files with permissions for others",
                           file.mode);
    }
    return std::nullopt;
}

bool fits_in_small_pages(const Request& request, const Machine& machine) {
    return machine.has_page_size(k2MiB) && divides(k2MiB, request.size) &&
           std::ranges::all_of(request.shares, [&](const Share& share) {
               const Node& node = *machine.find(share.node);
               const std::uint64_t room = node.memory_for_pages() + node.pages_of(k2MiB).free * k2MiB.bytes;
               return request.size.bytes <= room / share.files;
           });
}

}  // namespace pool
