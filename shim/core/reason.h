// Why a request, or one file, could not be served: the words that log lines use and operators search for.
#pragma once

#include <string_view>

namespace hugepage {

enum class Reason {
    no_file_for_size,  // the node has no file of that size
    all_leased,        // it has, but others hold them
    misplaced,         // most of the file's pages are on another node
    not_populated,     // the file has holes: touching them could end in SIGBUS
    not_hugetlbfs,     // the file is on a disk
    permission,        // it may not be opened for reading and writing
    insecure,          // it is a link, belongs to somebody else, or others may write to it
    map_failed,        // the kernel refused a step; the line says which
    table_full,        // this process holds as many regions as the shim can keep account of
};

[[nodiscard]] constexpr std::string_view name_of(Reason reason) noexcept {
    switch (reason) {
        case Reason::no_file_for_size:
            return "no_file_for_size";
        case Reason::all_leased:
            return "all_leased";
        case Reason::misplaced:
            return "misplaced";
        case Reason::not_populated:
            return "not_populated";
        case Reason::not_hugetlbfs:
            return "not_hugetlbfs";
        case Reason::permission:
            return "permission";
        case Reason::insecure:
            return "insecure";
        case Reason::map_failed:
            return "map_failed";
        case Reason::table_full:
            return "table_full";
    }
    return "unknown";
}

}  // namespace hugepage
