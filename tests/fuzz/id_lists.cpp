// Lists of CPUs and nodes, against a reader that is slow and plain.
#include "shim/base/ids.h"
#include "tests/fuzz/fuzzing.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

namespace {

using namespace hugepage;
using fuzzing::expect;

std::optional<int> number(std::string_view text, int limit) {
    int value = 0;
    for (const char digit : text) {
        if (digit < '0' || digit > '9') {
            return std::nullopt;
        }
        value = std::min(value * 10 + (digit - '0'), limit);
    }
    return text.empty() || value == limit ? std::nullopt : std::optional(value);
}

std::optional<std::set<int>> read_plainly(std::string_view text, int limit) {
    const std::string_view blank = " \t\r\n";
    const auto begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos) {
        return std::set<int>{};
    }
    text = text.substr(begin, text.find_last_not_of(blank) - begin + 1);
    std::set<int> ids;
    for (const std::string_view range : fuzzing::split(text, ',')) {
        const auto dash = range.find('-');
        const auto first = number(range.substr(0, dash), limit);
        const auto last = dash == std::string_view::npos ? first : number(range.substr(dash + 1), limit);
        if (!first || !last || *last < *first) {
            return std::nullopt;
        }
        for (int id = *first; id <= *last; ++id) {
            ids.insert(id);
        }
    }
    return ids;
}

template <class Set, class Id>
void check(const std::optional<Set>& read, std::string_view text, int limit) {
    const auto expected = read_plainly(text, limit);
    expect(read.has_value() == expected.has_value(), "lists are told from what is none");
    if (!read) {
        return;
    }
    Set rest = *read;
    std::string written;
    for (const int id : *expected) {
        expect(rest.first() == Id{id}, "the members are those of the list, in order");
        rest.remove(Id{id});
        written += (written.empty() ? "" : ",") + std::to_string(id);
    }
    expect(rest.empty() && read->count() == static_cast<int>(expected->size()), "there are no others");
    expect(read->intersects(*read) == !expected->empty(), "only the empty set doesn't meet itself");
    expect(read->single().has_value() == (expected->size() == 1), "a single member is known as such");
    if constexpr (std::is_same_v<Set, CpuSet>) {
        expect(parse_cpu_list(written) == read, "written one by one, they are read back");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzzing::text_of(data, size);
    check<CpuSet, CpuId>(parse_cpu_list(text), text, kMaxCpus);
    check<NodeSet, NodeId>(parse_node_list(text), text, kMaxNodes);
    return 0;
}
