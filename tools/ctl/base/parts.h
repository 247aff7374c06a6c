// Text taken apart.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

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

// What stands between characters that separate.
[[nodiscard]] inline std::vector<std::string> words_of(std::string_view text, std::string_view separators) {
    std::vector<std::string> words;
    for (std::size_t begin = text.find_first_not_of(separators); begin != std::string_view::npos;
         begin = text.find_first_not_of(separators, begin)) {
        const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
        words.emplace_back(text.substr(begin, end - begin));
        begin = end;
    }
    return words;
}

}  // namespace ctl
