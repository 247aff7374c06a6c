// Text taken apart.
#pragma once

#include <algorithm>
#include <string_view>

namespace ctl {

// Calls for each part up to the next `end`, without it: lines, entries. The last one needs no end.
template <class Visit>
void for_each_part(std::string_view text, char end, const Visit& visit) {
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(end));
        visit(part);
        text.remove_prefix(std::min(part.size() + 1, text.size()));
    }
}

}  // namespace ctl
