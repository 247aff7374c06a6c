// Compares what the shim serves with anonymous memory, in this process, which has the shim preloaded.
//
//   twins rows BYTES huge|small locked|unlocked
//                                           each sequence of calls on both; prints where they differ
//   twins random BYTES SEED STEPS           random calls on served memory, mirrored in a model
//
// BYTES is the size of a memory file. Run it with HUGEPAGE_MODE=require, so that memory that isn't served
// can't be taken for memory that is.

#include "tests/preload/twins/twin.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using twins::Kind;
using twins::Row;
using twins::Twin;

std::string run(const Row& row, Twin::Sort sort, Kind kind, std::size_t bytes) {
    Twin twin(sort, kind, bytes);
    row.calls(twin, row.argument);
    twin.look();
    return twin.seen();
}

bool applies(const twins::Limit& limit, Kind kind, bool huge) {
    using twins::Limit;
    if (limit.where == twins::Where::nowhere || (limit.where == twins::Where::on_huge_pages && !huge)) {
        return false;
    }
    switch (limit.of) {
        case Limit::Of::any:
            return true;
        case Limit::Of::private_memory:
            return !kind.shared;
        case Limit::Of::shared_memory:
            return kind.shared;
        case Limit::Of::unlocked:
            return !kind.locked;
        case Limit::Of::shared_unlocked:
            return kind.shared && !kind.locked;
    }
    return false;
}

int compare(std::size_t bytes, bool huge, bool locked) {
    int compared = 0;
    int limits = 0;
    int wrong = 0;
    twins::H = static_cast<long>(bytes / twins::kPage / 4);
    for (const auto& rows : {twins::rows_of_mapping(), twins::rows_of_advice(), twins::rows_of_moving()}) {
        for (const Row& row : rows) {
            for (const bool shared : {false, true}) {
                const Kind kind{shared, locked};
                const std::string plain = run(row, Twin::Sort::plain, kind, bytes);
                const std::string served = run(row, Twin::Sort::served, kind, bytes);
                ++compared;
                const bool differs = plain != served;
                const bool expected = applies(row.limit, kind, huge);
                limits += expected ? 1 : 0;
                if (differs == expected) {
                    continue;
                }
                ++wrong;
                std::printf("%s (%s%s): %s\n  plain:  %s\n  served: %s\n", row.name.c_str(),
                            shared ? "shared" : "private", locked ? ", locked" : "",
                            differs ? "differs" : "no longer differs", plain.c_str(), served.c_str());
            }
        }
    }
    std::printf("compared: %d, of these known limits: %d, wrong: %d\n", compared, limits, wrong);
    return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const std::string what = argc > 1 ? argv[1] : "";
    const std::size_t bytes = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
    if (what == "rows" && argc == 5) {
        return compare(bytes, std::strcmp(argv[3], "huge") == 0, std::strcmp(argv[4], "locked") == 0);
    }
    if (what == "random" && argc == 5) {
        const unsigned long seed = std::strtoul(argv[3], nullptr, 10);
        std::printf("seed %lu\n", seed);  // known even if a signal ends it
        const std::string wrong = twins::run_randomly(bytes, seed, std::atol(argv[4]));
        std::printf("seed %lu: %s\n", seed, wrong.empty() ? "as the model" : wrong.c_str());
        return wrong.empty() ? 0 : 1;
    }
    return 2;
}
