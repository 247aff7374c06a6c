#include "shim/base/ids.h"

#include "shim/base/text.h"
#include "shim/base/text_file.h"

namespace hugepage {

template <class Id, int kLimit>
bool insert_range(IdSet<Id, kLimit>& ids, std::string_view range) noexcept {
    const std::size_t dash = range.find('-');
    const auto first = parse_number(take(range, dash), kLimit - 1);
    const auto last =
        dash == std::string_view::npos ? first : parse_number(drop(range, dash + 1), kLimit - 1);
    if (!first || !last || *last < *first) {
        return false;
    }
    for (std::uint64_t id = *first; id <= *last; ++id) {
        ids.insert(Id{static_cast<int>(id)});
    }
    return true;
}
template bool insert_range(CpuSet& ids, std::string_view range) noexcept;
template bool insert_range(NodeSet& ids, std::string_view range) noexcept;

namespace {

template <class Set>
std::optional<Set> parse_list(std::string_view text) noexcept {
    Set ids;
    text = trimmed(text);
    bool goes_on = !text.empty();
    while (goes_on) {
        const std::string_view range = take(text, text.find(','));
        goes_on = range.size() < text.size();
        text = drop(text, range.size() + 1);
        if (!insert_range(ids, range)) {
            return std::nullopt;
        }
    }
    return ids;
}

}  // namespace

std::optional<CpuSet> parse_cpu_list(std::string_view text) noexcept {
    return parse_list<CpuSet>(text);
}

std::optional<NodeSet> parse_node_list(std::string_view text) noexcept {
    return parse_list<NodeSet>(text);
}

}  // namespace hugepage
