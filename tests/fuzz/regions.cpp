// Sequences of calls on the region table, as mapping calls make them, against a model of pages; in a table
// with room and in one that is nearly full.
#include "tests/fuzz/fuzzing.h"
#include "tests/fuzz/region_model.h"

#include <memory>

namespace {

using namespace hugepage;
using fuzzing::Choices;
using fuzzing::expect;
using fuzzing::RegionModel;
using Kind = Segment::Kind;
using Outcome = RegionTable::Taken::Outcome;

// A table with pieces below the model's addresses, made once: what a table has taken it never gives back.
class Table {
  public:
    explicit Table(std::size_t others) : others_(others) {
        const Traits traits{.page_size = ByteSize{kLeastPageBytes}};
        for (std::size_t i = 0; i < others; ++i) {
            const std::uintptr_t begin = (1 + 2 * i) * kLeastPageBytes;
            expect(table_->insert({begin, begin + kLeastPageBytes}, traits), "an empty table has room");
        }
    }
    RegionTable& emptied() {
        table_->forget(RegionModel::addresses(0, RegionModel::kPages));
        expect(table_->size() == others_, "a table whose addresses are forgotten has none there");
        return *table_;
    }
    [[nodiscard]] std::size_t others() const { return others_; }

  private:
    std::size_t others_;
    std::unique_ptr<RegionTable> table_ = std::make_unique<RegionTable>();
};

class Run {
  public:
    Run(Table& table, Choices& choices)
        : table_(table.emptied()), model_(table.others()), choices_(choices) {}

    void steps() {
        for (int step = 0; step < kMostSteps && !choices_.done(); ++step) {
            const std::size_t call = choices_.below(6);
            from_ = choices_.below(RegionModel::kPages);
            to_ = from_ + 1 + choices_.below(RegionModel::kPages - from_);
            switch (call) {
                case 0:
                    insert();
                    break;
                case 1:
                    change();
                    break;
                case 2:
                    forget();
                    break;
                case 3:
                    take(false);
                    break;
                case 4:
                    take(true);
                    break;
                default:
                    break;
            }
            check_counts();
            check_range();
        }
        for (from_ = 0; from_ < RegionModel::kPages;) {
            to_ = RegionModel::kPages;
            from_ = check_stretch();
        }
    }

  private:
    static constexpr int kMostSteps = 60;  // a few dozen calls are enough for whatever there is to meet

    [[nodiscard]] Range range() const { return RegionModel::addresses(from_, to_); }

    // In whole pages of the file, in one zone: for addresses that are free, or were given anew by the kernel.
    void insert() {
        const std::size_t unit = RegionModel::unit(from_);
        from_ = from_ / unit * unit;
        const std::size_t zone_end = (from_ / RegionModel::kPagesPerZone + 1) * RegionModel::kPagesPerZone;
        to_ = std::min((to_ + unit - 1) / unit * unit, zone_end);
        const Traits traits{.page_size = ByteSize{unit * kLeastPageBytes}};
        expect(table_.insert(range(), traits) == model_.insert(from_, to_, traits),
               "a region is entered if there is room");
    }

    void change() {
        const bool locked = choices_.yes();
        const int protection = static_cast<int>(choices_.below(3));
        const auto set = [&](Traits& traits) {
            traits.locked = locked;
            traits.protection = protection;
        };
        expect(table_.change(range(), set) == model_.change(from_, to_, set),
               "a change is made if there is room");
    }

    void forget() {
        const bool can = !model_.is_inside_a_piece(from_, to_) || model_.has_room(1);
        expect(table_.can_forget(range()) == can, "room is needed to forget the middle of a piece");
        table_.forget(range());
        model_.forget(from_, to_);
    }

    void take(bool is_put_back) {
        std::size_t first = from_;
        while (first < to_ && !model_.is_live(first)) {
            ++first;
        }
        const auto taken = table_.take(range());
        if (first == to_) {
            expect(taken.outcome == Outcome::none, "nothing is taken where there is nothing");
            return;
        }
        const std::size_t last = std::min(to_, model_.piece_end(first));
        if (model_.is_inside_a_piece(first, last) && !model_.has_room(1)) {
            expect(taken.outcome == Outcome::full, "the middle of a piece can't be taken of a full table");
            return;
        }
        expect(taken.outcome == Outcome::taken && taken.piece.range == RegionModel::addresses(first, last) &&
                   taken.piece.traits == model_.traits(first),
               "the first piece is taken");
        RegionModel after = model_;
        after.forget(first, last);
        check_emptied(after, first, last, taken.emptied);
        if (is_put_back) {
            table_.put_back(taken.piece);
        } else {
            model_ = after;
        }
    }

    // The file's pages that have lost their last live byte.
    static void check_emptied(const RegionModel& after, std::size_t from, std::size_t to,
                              const Range& emptied) {
        const std::size_t unit = RegionModel::unit(from);
        for (std::size_t page = from / unit * unit; page < to; page += unit) {
            const Range whole = RegionModel::addresses(page, page + unit);
            expect(!emptied.empty() && whole.begin >= emptied.begin && whole.end <= emptied.end
                       ? !after.has_live(page, page + unit)
                       : after.has_live(page, page + unit),
                   "a file's page is to be unmapped when its last live byte is taken");
        }
        expect(emptied.empty() || RegionModel::addresses(from / unit * unit, (to + unit - 1) / unit * unit)
                                          .clipped_to(emptied) == emptied,
               "no other page is");
    }

    void check_counts() const {
        expect(table_.size() == model_.pieces(), "pieces that are alike are one, others are not");
    }

    void check_range() const {
        check_stretch();
        bool is_somewhere = false;
        for (std::size_t page = from_; page < to_; ++page) {
            is_somewhere = is_somewhere || model_.is_live(page) || model_.is_hole(page);
        }
        const Range all = range();
        expect(table_.overlaps(all) == is_somewhere, "a range overlaps if a file's page has a byte of it");
        expect(!is_somewhere || table_.may_concern(all.begin, all.length()), "what is live is of concern");
        expect(!is_somewhere || table_.may_concern_from(all.begin, all.length()), "also from its beginning");
        expect(!model_.is_live(from_) || table_.may_concern_from(all.begin, 0), "also without a length");
        expect(table_.size() != 0 || !table_.may_concern(0, SIZE_MAX),
               "an empty table is concerned by nothing");

        const std::size_t unit = RegionModel::unit(from_);
        const std::size_t first = from_ / unit * unit;
        const std::size_t last = (to_ + unit - 1) / unit * unit;
        const bool alone = !model_.has_live(first, from_) && !model_.has_live(to_, last);
        expect(table_.whole_pages(all, ByteSize{unit * kLeastPageBytes}) ==
                   (alone ? std::optional(RegionModel::addresses(first, last)) : std::nullopt),
               "pages are whole if nothing else of them is live");
    }

    // The page that it ends before.
    std::size_t check_stretch() const {
        const Segment seen = table_.segment_at(range());
        const bool is_live = model_.is_live(from_);
        const bool is_hole = model_.is_hole(from_);
        expect(seen.kind == (is_live   ? Kind::piece
                             : is_hole ? Kind::hole
                                       : Kind::other),
               "what lies at an address");
        expect(seen.range.begin == range().begin && !seen.range.empty() && seen.range.end <= range().end,
               "a segment begins where it is asked for");
        const std::size_t end = RegionModel::page_of(seen.range.end);
        for (std::size_t page = from_; page < end; ++page) {
            expect(model_.is_live(page) == is_live && model_.is_hole(page) == is_hole,
                   "a segment is all one thing");
        }
        if (is_live) {
            expect(seen.traits == model_.traits(from_), "a piece has its traits");
            expect(end == std::min(to_, model_.piece_end(from_)), "a piece is a segment to its end");
        } else if (!is_hole) {
            expect(end == to_ || model_.is_live(end) || model_.is_hole(end),
                   "elsewhere goes on to the next region");
        }
        return end;
    }

    RegionTable& table_;
    RegionModel model_;
    Choices& choices_;
    std::size_t from_ = 0;
    std::size_t to_ = 1;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Table roomy(0);
    static Table tight(RegionTable::kCapacity - 6);
    Choices choices(data, size);
    Run(choices.yes() ? tight : roomy, choices).steps();
    return 0;
}
