#include "tools/pool/record.h"

#include "shim/base/text_file.h"
#include "tools/common/failure.h"
#include "tools/common/wording.h"
#include "tools/pool/places.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace pool {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kRecordVersion = 1;
constexpr const char* kRecordName = "record.json";
constexpr const char* kNewRecordName = "record.json.new";

[[noreturn]] void unusable(const std::string& path, const std::string& why) {
    throw tools::Failure(
        tools::ExitCode::failed,
        fmt::format("read {}: {}; without it, what setup has added isn't known. To go on all "
                    "the same, type: sudo mv {} {}",
                    path, why, tools::quoted(path), tools::quoted(path + ".unusable")));
}

std::uint64_t number(const Json& json, const char* key) {
    const Json& value = json.at(key);
    if (!value.is_number_unsigned()) {
        throw std::runtime_error(std::string(key) + " is not a number");
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

Record record_in(const Json& json) {
    Record record;
    for (const Json& pages : json.at("pages")) {
        record.pages.push_back(
            {node(pages), size(pages, "page_bytes"), number(pages, "added"), std::nullopt});
        if (pages.contains("under_way")) {
            const Json& change = pages.at("under_way");
            record.pages.back().under_way = {number(change, "before"), number(change, "target")};
        }
    }
    for (const Json& mount : json.at("mounts")) {
        record.mounts.push_back({absolute_path(mount.at("path")), size(mount, "page_bytes")});
    }
    for (const Json& folder : json.at("folders")) {
        record.folders.push_back(absolute_path(folder));
    }
    for (const Json& file : json.at("files")) {
        record.files.push_back({absolute_path(file.at("path")), node(file)});
    }
    return record;
}

std::string content_of(int fd, const std::string& path) {
    std::string text;
    std::array<char, 65536> buffer;
    for (ssize_t got; (got = ::read(fd, buffer.data(), buffer.size())) != 0;) {
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
    added += std::clamp(reserved, low, high);
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

std::string record_text(const Record& record, const std::string& boot) {
    constexpr int kIndent = 2;
    Json all = {{"schema_version", kRecordVersion}, {"boot_id", boot},           {"pages", Json::array()},
                {"mounts", Json::array()},          {"folders", record.folders}, {"files", Json::array()}};
    for (const PagesAdded& one : record.pages) {
        Json json = {{"node", one.node.value}, {"page_bytes", one.size.bytes}, {"added", one.added}};
        if (one.under_way) {
            json["under_way"] = {{"before", one.under_way->before}, {"target", one.under_way->target}};
        }
        all["pages"].push_back(json);
    }
    for (const MountMade& one : record.mounts) {
        all["mounts"].push_back({{"path", one.point}, {"page_bytes", one.page_size.bytes}});
    }
    for (const FileMade& one : record.files) {
        all["files"].push_back({{"path", one.path}, {"node", one.node.value}});
    }
    return all.dump(kIndent) + "\n";
}

Record parse_record(std::string_view text, const std::string& boot, const std::string& path) {
    try {
        const Json json = Json::parse(text);
        if (const auto version = number(json, "schema_version"); version != kRecordVersion) {
            unusable(path, fmt::format("its version is {}, which this hugepagectl doesn't know", version));
        }
        return json.at("boot_id").get<std::string>() == boot ? record_in(json) : Record{};
    } catch (const nlohmann::json::exception&) {
        unusable(path, "it is damaged, or not a record of setup's");
    } catch (const tools::Failure&) {
        throw;
    } catch (const std::runtime_error& error) {
        unusable(path, fmt::format("it is damaged ({})", error.what()));
    }
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
        record = parse_record(content_of(file.value().get(), path), boot_, path);
    }
}

void Ledger::save() {
    if (folder_.empty()) {
        return;
    }
    constexpr mode_t kMode = 0644;
    ::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is an error like others
    const hugepage::Fd folder = open_folder(folder_, {});
    const auto fail = [&](const char* tried) {
        throw tools::system_failure(fmt::format("{} {}/{}", tried, folder_, kRecordName), errno);
    };
    std::erase_if(record.pages, [](const PagesAdded& one) { return one.added == 0 && !one.under_way; });
    ::unlinkat(folder.get(), kNewRecordName, 0);
    if (record.empty()) {
        if (::unlinkat(folder.get(), kRecordName, 0) != 0 && errno != ENOENT) {
            fail("remove");
        }
        return;
    }
    const NoUmask no_umask;
    const auto file =
        hugepage::Fd::open(kNewRecordName, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kMode, folder.get());
    if (!file) {
        errno = file.error().code;
        fail("write");
    }
    const std::string text = record_text(record, boot_);
    for (std::string_view rest = text; !rest.empty();) {
        const ssize_t put = ::write(file.value().get(), rest.data(), rest.size());
        if (put < 0) {
            fail("write");
        }
        rest.remove_prefix(static_cast<std::size_t>(put));
    }
    if (::fsync(file.value().get()) != 0 ||
        ::renameat(folder.get(), kNewRecordName, folder.get(), kRecordName) != 0) {
        fail("replace");
    }
    if (const auto readable = hugepage::Fd::open(".", O_RDONLY | O_DIRECTORY, 0, folder.get())) {
        ::fsync(readable.value().get());
    }
}

std::string boot_id(const std::string& proc) {
    std::array<char, 64> buffer;
    const auto text = hugepage::read_text((proc + "/sys/kernel/random/boot_id").c_str(), buffer);
    return text ? std::string(hugepage::trimmed(text.value())) : std::string();
}

}  // namespace pool
