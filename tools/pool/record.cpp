#include "tools/pool/record.h"

#include "tools/common/command_line.h"
#include "tools/common/lines.h"
#include "tools/common/log.h"
#include "tools/pool/files.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>

// As nlohmann's JSON finds them.
namespace hugepage {

static void to_json(nlohmann::json& json, const NodeId& node) {
    json = node.value;
}
static void from_json(const nlohmann::json& json, NodeId& node) {
    node.value = json.get<int>();
}
static void to_json(nlohmann::json& json, const ByteSize& size) {
    json = size.bytes;
}
static void from_json(const nlohmann::json& json, ByteSize& size) {
    size.bytes = json.get<std::uint64_t>();
}

}  // namespace hugepage

namespace pool {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PagesAdded::Change, before, target)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PagesAdded, node, size, added, under_way)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FileMade, path, node)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Record, pages, mounts, folders, files)

namespace {

constexpr int kRecordVersion = 2;
constexpr const char* kRecordName = "record.json";
constexpr const char* kNewRecordName = "record.json.new";
constexpr const char* kLockName = "lock";

[[noreturn]] void unusable(const std::string& path, const std::string& why) {
    tools::fail(
        "read {}: {}; without it, what setup has added isn't known. To go on all "
        "the same, type: sudo mv {} {}",
        path, why, tools::quoted(path), tools::quoted(path + ".unusable"));
}

bool is_sound(const Record& record) {
    const auto is_node = [](NodeId node) { return node.value >= 0 && node.value < hugepage::kMaxNodes; };
    const auto is_path = [](const std::string& path) { return path.starts_with('/'); };
    return std::ranges::all_of(record.pages,
                               [&](const auto& one) { return is_node(one.node) && one.size.bytes > 0; }) &&
           std::ranges::all_of(record.mounts, is_path) && std::ranges::all_of(record.folders, is_path) &&
           std::ranges::all_of(record.files,
                               [&](const auto& one) { return is_path(one.path) && is_node(one.node); });
}

std::string holder_of(const std::string& path) {
    if (auto lock = look_at(path, {})) {
        find_holders({std::span(&*lock, 1)});
        for (const tools::Holder& holder : lock->holders) {
            return fmt::format("{} (pid {})", holder.command, holder.pid);
        }
    }
    return "another hugepagectl";
}

}  // namespace

void PagesAdded::settle(std::uint64_t reserved) {
    if (under_way != Change{}) {
        const auto [low, high] = std::minmax(under_way.before, under_way.target);
        added += std::clamp(reserved, low, high);
        added -= std::min(added, under_way.before);
        under_way = {};
    }
}

bool Record::empty() const {
    return pages.empty() && mounts.empty() && folders.empty() && files.empty();
}

PagesAdded& Record::pages_of(NodeId of_node, ByteSize of_size) {
    const auto found = std::ranges::find_if(
        pages, [&](const PagesAdded& one) { return one.node == of_node && one.size == of_size; });
    return found != pages.end() ? *found : pages.emplace_back(PagesAdded{of_node, of_size, 0, {}});
}

std::string record_text(const Record& record, const std::string& boot) {
    constexpr int kIndent = 2;
    nlohmann::json all = record;
    all["schema_version"] = kRecordVersion;
    all["boot_id"] = boot;
    return all.dump(kIndent) + "\n";
}

Record parse_record(std::string_view text, const std::string& boot, const std::string& path) {
    try {
        const auto json = nlohmann::json::parse(text);
        if (const auto version = json.at("schema_version").get<int>(); version != kRecordVersion) {
            unusable(path, fmt::format("its version is {}, which this hugepagectl doesn't know", version));
        }
        auto record = json.at("boot_id").get<std::string>() == boot ? json.get<Record>() : Record{};
        if (!is_sound(record)) {
            unusable(path, "it is damaged");
        }
        return record;
    } catch (const nlohmann::json::exception&) {
        unusable(path, "it is damaged, or not a record of setup's");
    }
}

RunLock::RunLock(std::string folder, std::chrono::seconds patience, const tools::Interrupts& interrupts)
    : path_(std::move(folder)), name_(name_at(path_, {})) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds kTryEvery{100};
    constexpr mode_t kMode = 0600;
    const auto deadline = Clock::now() + patience;
    bool is_told = false;
    for (;;) {
        interrupts.check();
        make_folder(path_, {});
        Place place = find_place(path_, {});
        if (!place.missing.empty()) {  // removed again meanwhile, or a link that leads nowhere
            if (Clock::now() >= deadline) {
                throw tools::system_failure("open the folder " + path_, ENOENT);
            }
            interrupts.wait(kTryEvery);
            continue;
        }
        folder_ = std::move(place.folder);
        struct stat facts {};
        auto file = hugepage::Fd::open(kLockName, O_RDWR | O_CREAT | O_NOFOLLOW, kMode, folder_.get(), facts);
        if (!file && file.error().code == ENOENT) {
            continue;
        }
        if (!file) {
            throw tools::system_failure(fmt::format("open {}/{}", path_, kLockName), file.error().code);
        }
        fd_ = std::move(file.value());
        if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) {
            // The last holder removes the file: then the lock is on one that nobody else finds.
            const auto named = look_at(path_ + "/" + kLockName, {}, folder_.get());
            if (named && named->id == tools::FileId{facts.st_dev, facts.st_ino}) {
                return;
            }
            continue;
        }
        if (errno != EWOULDBLOCK) {
            throw tools::system_failure(fmt::format("lock {}/{}", path_, kLockName), errno);
        }
        const std::string holder = holder_of(path_ + "/" + kLockName);
        if (Clock::now() >= deadline) {
            throw tools::Failure(
                tools::ExitCode::busy,
                fmt::format(
                    "lock {}/{}: {} is at work; nothing was changed; run this again when it has ended", path_,
                    kLockName, holder));
        }
        if (!std::exchange(is_told, true)) {
            tools::warn(fmt::format("waiting for {}, which is at work", holder));
        }
        interrupts.wait(kTryEvery);
    }
}

RunLock::~RunLock() {
    ::unlinkat(folder_.get(), kLockName, 0);
    ::unlinkat(name_.folder.get(), name_.name.c_str(), AT_REMOVEDIR);
}

Ledger::Ledger(std::string run_folder, std::string boot)
    : folder_(std::move(run_folder)), boot_(std::move(boot)) {
    const std::string path = folder_ + "/" + kRecordName;
    const Place place = find_place(folder_, {});
    if (!place.missing.empty()) {
        return;
    }
    const auto file = hugepage::Fd::open(kRecordName, O_RDONLY | O_NOFOLLOW, 0, place.folder.get());
    if (!file && file.error().code != ENOENT) {
        throw tools::system_failure("open " + path, file.error().code);
    }
    if (file) {
        std::ifstream stream(own_path(file.value().get()), std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(stream), {}};
        record = parse_record(text, boot_, path);
    }
}

void Ledger::save() {
    if (folder_.empty()) {
        return;
    }
    std::erase_if(record.pages, [](const PagesAdded& one) {
        return one.added == 0 && one.under_way == PagesAdded::Change{};
    });
    const hugepage::Fd folder = open_folder(folder_, {});
    const bool is_saved = record.empty()
                              ? ::unlinkat(folder.get(), kRecordName, 0) == 0 || errno == ENOENT
                              : replace_file(folder, kRecordName, kNewRecordName, record_text(record, boot_));
    if (!is_saved) {
        throw tools::system_failure(fmt::format("write {}/{}", folder_, kRecordName), errno);
    }
    if (record.empty()) {
        ::unlinkat(folder.get(), kNewRecordName, 0);  // of one that was killed while it wrote
    }
}

std::string boot_id(const std::string& proc) {
    return hugepage::value_in(proc + "/sys/kernel/random/boot_id").value_or("");
}

}  // namespace pool
