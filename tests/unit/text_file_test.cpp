#include "shim/base/text_file.h"

#include "tests/support/temp_dir.h"
#include "tools/common/lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace hugepage {
namespace {

using tests::TempDir;

TEST(TextFile, GivesEachLineOfAnyTable) {
    const TempDir dir;
    const std::string most(8 * 1024, 'm');
    for (const std::string& content : std::vector<std::string>{
             "", "\n", "a\nb\n", "a\n\nb", most + "\nb\n", most + most + "longer\nb\n", most + most,
             std::string(5000, 'x') + "\n" + std::string(5000, 'y') + "\n" + std::string(8191, 'z') +
                 "\nb"}) {
        std::vector<std::string> expected;
        std::istringstream whole(content);
        for (std::string line; std::getline(whole, line);) {
            expected.push_back(line.substr(0, most.size()));
        }
        std::vector<std::string> lines;
        EXPECT_TRUE(for_each_line(dir.write("table", content).c_str(),
                                  [&](std::string_view line) { lines.emplace_back(line); }));
        EXPECT_EQ(lines, expected) << content.size();
    }
    EXPECT_EQ(for_each_line("/nowhere", [](std::string_view) {}).error().code, ENOENT);
    EXPECT_EQ(for_each_line("/", [](std::string_view) {}).error().code, EISDIR);
}

TEST(TextFile, GivesEachPartOfATextThatIsLongerThanTheBuffer) {
    const TempDir dir;
    std::array<char, 8> buffer;
    std::vector<std::string> parts;
    ASSERT_TRUE(for_each_part(dir.write("list", "0-3,17,1234567890,,2047\n").c_str(), ',', buffer,
                              [&](std::string_view part) { parts.emplace_back(part); }));
    EXPECT_EQ(parts, (std::vector<std::string>{"0-3", "17", "12345678", "", "2047\n"}));
}

TEST(TextFile, ListsEveryNameOfALargeFolder) {
    const TempDir dir;
    std::set<std::string> expected;
    for (int i = 0; i < 300; ++i) {
        expected.insert("name-" + std::to_string(i));
        dir.write(*expected.rbegin(), "");
        dir.write("name-" + std::to_string(i), "");
    }
    std::set<std::string> seen;
    ASSERT_TRUE(for_each_entry(dir.path().c_str(), [&](std::string_view name) { seen.emplace(name); }));
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(for_each_entry("/nowhere/at/all", [](std::string_view) {}).error().code, ENOENT);
}

// One thread closes all descriptors, and another's folder gets the number: it misses no name that is read
// here.
TEST(TextFile, ListsNoFolderButTheOneThatWasOpened) {
    const TempDir dir;
    const TempDir others;
    const auto folder = Fd::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY);
    const auto other = Fd::open(others.path().c_str(), O_RDONLY | O_DIRECTORY);
    ASSERT_TRUE(folder && other);
    const int number = folder.value().get();
    ASSERT_EQ(::dup2(other.value().get(), number), number);
    EXPECT_EQ(for_each_entry_until(folder.value(), [](std::string_view) { return false; }).error().code,
              EBADF);
    EXPECT_EQ(::close(number), 0);
}

TEST(TextFile, ReadsNumbersStrictly) {
    EXPECT_EQ(parse_number("0", 10), 0U);
    EXPECT_EQ(parse_number("10", 10), 10U);
    for (const char* text : {"", "11", " 1", "1 ", "-1", "+1", "1a", "99999999999999999999999"}) {
        EXPECT_EQ(parse_number(text, 10), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace hugepage
