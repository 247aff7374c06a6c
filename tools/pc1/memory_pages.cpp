#include "tools/pc1/memory_pages.h"

#include "tools/common/processes.h"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

namespace pc1 {

using Json = nlohmann::ordered_json;

Json pages_of(const std::vector<std::span<const std::uint8_t>>& memory, pid_t process,
              const std::string& proc) {
    std::map<std::uint64_t, Json> of_size;
    for (const tools::MappedArea& area : tools::read_process(process, proc).areas) {
        const bool holds_some = std::ranges::any_of(memory, [&](std::span<const std::uint8_t> range) {
            const auto begin = reinterpret_cast<std::uintptr_t>(range.data());
            return begin < area.end && area.begin < begin + range.size();
        });
        if (!holds_some) {
            continue;
        }
        const Json none{
            {"page_size", area.page_size}, {"resident", 0}, {"transparent", 0}, {"nodes", Json::object()}};
        Json& sum = of_size.try_emplace(area.page_size, none).first->second;
        const auto add = [](Json& to, const std::string& key, std::uint64_t bytes) {
            to[key] = to.value(key, std::uint64_t{0}) + bytes;
        };
        add(sum, "resident", area.present());
        add(sum, "transparent", area.transparent);
        for (const auto& [node, bytes] : area.nodes) {
            add(sum["nodes"], std::to_string(node.value), bytes);
        }
    }
    Json pages = Json::array();
    for (auto& [size, sum] : of_size) {
        pages.push_back(std::move(sum));
    }
    return pages;
}

Json pages_of(const std::vector<std::span<const std::uint8_t>>& memory) {
    try {
        return pages_of(memory, ::getpid());
    } catch (const tools::Failure&) {
        return Json::array();
    }
}

}  // namespace pc1
