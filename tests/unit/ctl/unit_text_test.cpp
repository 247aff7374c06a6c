#include "tools/ctl/boot/unit_text.h"

#include <gtest/gtest.h>

#include <string>

namespace ctl {
namespace {

// Each as systemd-escape -p of systemd 252 has it.
TEST(UnitText, NamesAPathAsSystemdEscapeDoes) {
    EXPECT_EQ(unit_name_of("/"), "-");
    EXPECT_EQ(unit_name_of("/mnt/huge/pc1"), "mnt-huge-pc1");
    EXPECT_EQ(unit_name_of("/mnt/huge-1g"), "mnt-huge\\x2d1g");
    EXPECT_EQ(unit_name_of("/mnt/huge_1g:a.b"), "mnt-huge_1g:a.b");
    EXPECT_EQ(unit_name_of("/.hidden/.x"), "\\x2ehidden-.x");
    EXPECT_EQ(unit_name_of("/a b/100%"), "a\\x20b-100\\x25");
    EXPECT_EQ(unit_name_of("/\xc3\xa4"), "\\xc3\\xa4");
    EXPECT_EQ(unit_name_of("/back\\slash"), "back\\x5cslash");
}

TEST(UnitText, DoublesPercentSigns) {
    EXPECT_EQ(unit_value("/mnt/100% huge"), "/mnt/100%% huge");
}

TEST(UnitText, QuotesWordsOfAList) {
    EXPECT_EQ(unit_word("A=/mnt/a b"), "\"A=/mnt/a b\"");
    EXPECT_EQ(unit_word("50%"), "\"50%%\"");
    EXPECT_EQ(unit_word("say \"no\" \\"), "\"say \\\"no\\\" \\\\\"");
    EXPECT_EQ(unit_word("$HOME"), "\"$HOME\"");
}

TEST(UnitText, QuotesArgumentsOnlyWhereTheyNeedIt) {
    EXPECT_EQ(unit_argument("/usr/bin/hugepagectl"), "/usr/bin/hugepagectl");
    EXPECT_EQ(unit_argument("/a b"), "\"/a b\"");
    EXPECT_EQ(unit_argument("/$x/%i"), "/$$x/%%i");
    EXPECT_EQ(unit_argument("/ $x"), "\"/ $$x\"");
    EXPECT_EQ(unit_argument("/semi;colon"), "\"/semi;colon\"");
    EXPECT_EQ(unit_argument(""), "\"\"");
}

TEST(UnitText, KnowsNamesOfServices) {
    for (const char* good :
         {"lotus-worker.service", "lotus@1.service", "a\\x2db.service", "x.y:z_.service"}) {
        EXPECT_TRUE(is_service_name(good)) << good;
    }
    for (const char* bad : {"", ".service", "lotus", "a b.service", "a/b.service", "@a.service", "a.mount",
                            "a\n.service", "a%.service"}) {
        EXPECT_FALSE(is_service_name(bad)) << bad;
    }
    EXPECT_FALSE(is_service_name(std::string(250, 'a') + ".service"));
}

}  // namespace
}  // namespace ctl
