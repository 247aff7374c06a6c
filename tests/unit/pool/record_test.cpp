#include "tools/pool/record.h"

#include "tests/support/temp_dir.h"
#include "tests/unit/pool/machine.h"

#include <gmock/gmock.h>

namespace pool {
namespace {

using testing::HasSubstr;

constexpr const char* kBoot = "this-boot";

Record full_record() {
    Record record;
    record.pages = {{NodeId{1}, k2MiB, 7, PagesAdded::Change{10, 12}}};
    record.mounts = {"/mnt/a b"};
    record.folders = {"/mnt/a b", "/mnt/a b/numa_1"};
    record.files = {{"/mnt/a b/numa_1/4.0_MiB_0", NodeId{1}}};
    return record;
}

Refusal refusal_of_text(const std::string& text) {
    return refusal_of([&] { static_cast<void>(parse_record(text, kBoot, "/run/x/record.json")); });
}

TEST(Record, ReadsWhatItHasWritten) {
    EXPECT_EQ(parse_record(record_text(full_record(), kBoot), kBoot, "r"), full_record());
}

TEST(Record, OfAnotherBootIsEmpty) {
    EXPECT_TRUE(parse_record(record_text(full_record(), "before"), kBoot, "r").empty());
}

TEST(Record, SaysWhatToDoIfItCannotBeRead) {
    const std::string whole = record_text(full_record(), kBoot);
    for (const std::string& text : {std::string(), std::string("{}"), std::string("[1]"),
                                    whole.substr(0, whole.size() / 2), std::string("\xff\xfe")}) {
        const auto refusal = refusal_of_text(text);
        EXPECT_EQ(refusal.code, tools::ExitCode::failed) << text;
        EXPECT_THAT(refusal.message, HasSubstr("sudo mv /run/x/record.json /run/x/record.json.unusable"));
    }
}

TEST(Record, RefusesAVersionItDoesNotKnow) {
    std::string text = record_text(full_record(), kBoot);
    text.replace(text.find("\"schema_version\": 2"), 19, "\"schema_version\": 3");
    EXPECT_THAT(refusal_of_text(text).message, HasSubstr("version is 3"));
}

TEST(Record, RefusesValuesThatCannotBe) {
    const std::string whole = record_text(full_record(), kBoot);
    const std::pair<const char*, const char*> spoilt[] = {
        {"\"node\": 1", "\"node\": -1"},      {"\"node\": 1", "\"node\": 99999"},
        {"\"added\": 7", "\"added\": \"7\""}, {"\"size\": 2097152", "\"size\": 0"},
        {"\"/mnt/a b\"", "\"mnt\""},
    };
    for (const auto& [from, to] : spoilt) {
        std::string text = whole;
        text.replace(text.find(from), std::string(from).size(), to);
        EXPECT_EQ(refusal_of_text(text).code, tools::ExitCode::failed) << to;
    }
}

TEST(Record, IsReplacedAsAWholeAndGoneWhenEmpty) {
    const tests::TempDir folder;
    const auto path = folder.path() / "record.json";
    folder.write("record.json.new", "half of what a killed process");
    Ledger ledger(folder.path(), kBoot);
    EXPECT_TRUE(ledger.record.empty());
    ledger.record = full_record();
    ledger.save();
    EXPECT_EQ(Ledger(folder.path(), kBoot).record, full_record());
    ledger.record = {};
    ledger.save();
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// A process killed in the middle of a change.
std::uint64_t added_after(std::uint64_t added, PagesAdded::Change change, std::uint64_t found) {
    PagesAdded pages{NodeId{0}, k2MiB, added, change};
    pages.settle(found);
    EXPECT_EQ(pages.under_way, PagesAdded::Change{});
    return pages.added;
}

TEST(PagesAdded, CountsWhatReallyCame) {
    EXPECT_EQ(added_after(3, {10, 20}, 10), 3);   // killed before the kernel began
    EXPECT_EQ(added_after(3, {10, 20}, 14), 7);   // on the way
    EXPECT_EQ(added_after(3, {10, 20}, 20), 13);  // after it
}

TEST(PagesAdded, NeverCountsOthersPages) {
    EXPECT_EQ(added_after(3, {10, 20}, 50), 13);
    EXPECT_EQ(added_after(3, {10, 20}, 5), 3);
}

TEST(PagesAdded, CountsWhatReallyWent) {
    EXPECT_EQ(added_after(8, {20, 15}, 20), 8);
    EXPECT_EQ(added_after(8, {20, 15}, 17), 5);
    EXPECT_EQ(added_after(8, {20, 15}, 15), 3);
    EXPECT_EQ(added_after(8, {20, 15}, 2), 3);
    EXPECT_EQ(added_after(2, {20, 15}, 15), 0);
}

}  // namespace
}  // namespace pool
