#include "tools/ctl/setup/record.h"

#include "shim/base/fd.h"
#include "shim/base/text_file.h"
#include "tools/common/failure.h"
#include "tools/common/wording.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace ctl {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kRecordVersion = 1;

[[noreturn]] void unusable(const std::string& path, const std::string& why) {
    throw tools::Failure(
        tools::ExitCode::failed,
        fmt::format("read {}: {}; what setup has added can't be known without it. To go on without, type: "
                    "sudo mv {} {}",
                    path, why, tools::quoted(path), tools::quoted(path + ".unusable")));
}

std::uint64_t number(const Json& json, const char* key) {
    const Json& value = json.at(key);
    if (!value.is_number_unsigned()) {
        throw std::runtime_error(std::string(key) + " is no number");
    }
    return value.get<std::uint64_t>();
}

ByteSize size(const Json& json, const char* key) {
    const std::uint64_t bytes = number(json, key);
    if (bytes == 0) {
        throw std::runtime_error(std::string(key) + " is 0");
    }
    return {bytes};
}

NodeId node(const Json& json) {
    const std::uint64_t value = number(json, "node");
    if (value >= hugepage::kMaxNodes) {
        throw std::runtime_error("there is no such node");
    }
    return {static_cast<int>(value)};
}

std::string absolute_path(const Json& json) {
    auto path = json.get<std::string>();
    if (!path.starts_with('/')) {
        throw std::runtime_error("a path isn't absolute");
    }
    return path;
}

PagesAdded pages_in(const Json& json) {
    PagesAdded pages{node(json), size(json, "page_bytes"), number(json, "added"), std::nullopt};
    if (json.contains("under_way")) {
        const Json& change = json.at("under_way");
        pages.under_way = {number(change, "before"), number(change, "target")};
    }
    return pages;
}

Record record_in(const Json& json) {
    Record record;
    for (const Json& pages : json.at("pages")) {
        record.pages.push_back(pages_in(pages));
    }
    for (const Json& mount : json.at("mounts")) {
        record.mounts.push_back({absolute_path(mount.at("path")), size(mount, "page_bytes")});
    }
    for (const Json& folder : json.at("folders")) {
        record.folders.push_back(absolute_path(folder));
    }
    for (const Json& file : json.at("files")) {
        record.files.push_back(
            {absolute_path(file.at("path")), node(file), size(file, "bytes"), size(file, "page_bytes")});
    }
    return record;
}

void write_all(int fd, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const ssize_t put = ::write(fd, text.data(), text.size());
        if (put < 0) {
            throw tools::system_failure("write " + path, errno);
        }
        text.remove_prefix(static_cast<std::size_t>(put));
    }
}

std::optional<std::string> content_of(const std::string& path) {
    const auto file = hugepage::Fd::open(path.c_str(), O_RDONLY | O_NOFOLLOW);
    if (!file) {
        if (file.error().code == ENOENT) {
            return std::nullopt;
        }
        throw tools::system_failure("open " + path, file.error().code);
    }
    std::string text;
    std::array<char, 65536> buffer;
    for (ssize_t got; (got = ::read(file.value().get(), buffer.data(), buffer.size())) != 0;) {
        if (got < 0) {
            throw tools::system_failure("read " + path, errno);
        }
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return text;
}

}  // namespace

void PagesAdded::settle(std::uint64_t reserved) {
    if (!under_way) {
        return;
    }
    const auto [low, high] = std::minmax(under_way->before, under_way->target);
    const std::uint64_t now = std::clamp(reserved, low, high);
    added += now;
    added -= std::min(added, under_way->before);
    under_way.reset();
}

bool Record::empty() const {
    return pages.empty() && mounts.empty() && folders.empty() && files.empty();
}

PagesAdded& Record::pages_of(NodeId of_node, ByteSize of_size) {
    const auto found = std::ranges::find_if(
        pages, [&](const PagesAdded& one) { return one.node == of_node && one.size == of_size; });
    return found != pages.end() ? *found : pages.emplace_back(PagesAdded{of_node, of_size, 0, std::nullopt});
}

void Record::tidy() {
    std::erase_if(pages, [](const PagesAdded& one) { return one.added == 0 && !one.under_way; });
}

std::string record_text(const Record& record, const std::string& boot) {
    constexpr int kIndent = 2;
    Json pages = Json::array();
    for (const PagesAdded& one : record.pages) {
        Json json = {{"node", one.node.value}, {"page_bytes", one.size.bytes}, {"added", one.added}};
        if (one.under_way) {
            json["under_way"] = {{"before", one.under_way->before}, {"target", one.under_way->target}};
        }
        pages.push_back(json);
    }
    Json mounts = Json::array();
    for (const MountMade& one : record.mounts) {
        mounts.push_back({{"path", one.point}, {"page_bytes", one.page_size.bytes}});
    }
    Json files = Json::array();
    for (const FileMade& one : record.files) {
        files.push_back({{"path", one.path},
                         {"node", one.node.value},
                         {"bytes", one.size.bytes},
                         {"page_bytes", one.page_size.bytes}});
    }
    const Json all = {
        {"schema_version", kRecordVersion}, {"boot_id", boot}, {"pages", pages}, {"mounts", mounts},
        {"folders", record.folders},        {"files", files}};
    return all.dump(kIndent) + "\n";
}

Record parse_record(std::string_view text, const std::string& boot, const std::string& path) {
    try {
        const Json json = Json::parse(text);
        if (const auto version = number(json, "schema_version"); version != kRecordVersion) {
            unusable(path, fmt::format("it is of version {}, which this hugepagectl doesn't know", version));
        }
        return json.at("boot_id").get<std::string>() == boot ? record_in(json) : Record{};
    } catch (const nlohmann::json::exception&) {
        unusable(path, "it is no record of setup's, or damaged");
    } catch (const tools::Failure&) {
        throw;
    } catch (const std::runtime_error& error) {
        unusable(path, fmt::format("it is damaged ({})", error.what()));
    }
}

Ledger::Ledger(const std::string& run_folder, std::string boot)
    : path_(run_folder + "/record.json"), boot_(std::move(boot)) {
    if (const auto text = content_of(path_)) {
        record = parse_record(*text, boot_, path_);
    }
}

void Ledger::save() {
    constexpr mode_t kMode = 0644;
    const std::string beside = path_ + ".new";
    record.tidy();
    if (record.empty()) {
        ::unlink(beside.c_str());
        if (::unlink(path_.c_str()) != 0 && errno != ENOENT) {
            throw tools::system_failure("remove " + path_, errno);
        }
        return;
    }
    ::unlink(beside.c_str());
    auto file = hugepage::Fd::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kMode);
    if (!file) {
        throw tools::system_failure("create " + beside, file.error().code);
    }
    write_all(file.value().get(), record_text(record, boot_), beside);
    if (::fsync(file.value().get()) != 0 || ::rename(beside.c_str(), path_.c_str()) != 0) {
        throw tools::system_failure("replace " + path_, errno);
    }
    const auto folder = hugepage::Fd::open(path_.substr(0, path_.rfind('/')).c_str(), O_RDONLY | O_DIRECTORY);
    if (folder) {
        ::fsync(folder.value().get());
    }
}

std::string boot_id(const std::string& proc) {
    std::array<char, 64> buffer;
    const auto text = hugepage::read_text((proc + "/sys/kernel/random/boot_id").c_str(), buffer);
    return text ? std::string(hugepage::trimmed(text.value())) : std::string();
}

}  // namespace ctl
