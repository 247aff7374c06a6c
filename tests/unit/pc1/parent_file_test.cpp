// The file of all parents: its name, its digest, and what is not taken for it.
#include "tools/pc1/parent_file.h"

#include "tests/support/temp_dir.h"
#include "tools/pc1/bad_input.h"
#include "tools/pc1/sector.h"

#include <gmock/gmock.h>

#include <fstream>
#include <string>
#include <vector>

namespace pc1 {
namespace {

using testing::HasSubstr;

class StoredParents : public testing::Test {
  protected:
    static constexpr std::uint64_t kNodes = 5000;

    void SetUp() override { write(graph()); }

    static Graph graph(std::uint64_t nodes = kNodes, ApiVersion version = ApiVersion::kV1_1,
                       std::uint8_t first_of_id = 5) {
        return {nodes, version, Bytes32{first_of_id}};
    }

    void write(const Graph& of) {
        std::ofstream file(path(), std::ios::binary);
        for_each_piece_of_parent_file(of, 1, [&](std::uint64_t, std::span<const std::uint8_t> bytes) {
            file.write(reinterpret_cast<const char*>(bytes.data()),
                       static_cast<std::streamsize>(bytes.size()));
        });
    }

    void overwrite(std::uint64_t node, std::size_t parent, std::uint32_t with) {
        std::fstream file(path(), std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(static_cast<std::streamoff>(node * kRowBytes + 4 * parent));
        file.write(reinterpret_cast<const char*>(&with), sizeof with);
    }

    std::string refusal(const Graph& of) {
        try {
            const ParentFile file(path(), of);
            return "taken";
        } catch (const BadInput& refused) {
            return refused.what();
        }
    }

    std::string path() const { return dir_.path() / "parents"; }

  private:
    tests::TempDir dir_;
};

TEST_F(StoredParents, AreReadAsTheyWereComputed) {
    const Graph expected = graph();
    const ParentFile file(path(), expected);
    EXPECT_EQ(file.nodes(), kNodes);
    std::vector<ParentRow> read(kNodes);
    std::vector<ParentRow> computed(kNodes);
    file.parents(0, kNodes, read.data());
    expected.parents(0, kNodes, computed.data());
    EXPECT_EQ(read, computed);
    file.parents(kNodes - 7, 7, read.data());
    EXPECT_EQ(read[6], computed[kNodes - 1]);
}

TEST_F(StoredParents, AreNotTakenForThoseOfAnotherGraph) {
    EXPECT_EQ(refusal(graph()), "taken");
    EXPECT_THAT(refusal(graph(kNodes + 1)),
                HasSubstr("is no parent file of this sector: it has 280000 bytes"));
    EXPECT_THAT(refusal(graph(kNodes, ApiVersion::kV1_0)), HasSubstr("another graph"));
    EXPECT_THAT(refusal(graph(kNodes, ApiVersion::kV1_1, 6)), HasSubstr("another graph"));
    write(Graph(kNodes - 1, ApiVersion::kV1_1, Bytes32{5}));
    std::ofstream(path(), std::ios::app) << std::string(kRowBytes, '\0');
    EXPECT_THAT(refusal(graph()), HasSubstr("another graph"));
}

TEST_F(StoredParents, AreNotLookedForInAFolderOrNowhere) {
    EXPECT_THROW(ParentFile("/proc/self", graph()), BadInput);
    EXPECT_THROW(ParentFile("/nonexistent/parents", graph()), BadInput);
}

TEST_F(StoredParents, AreNotUsedWhereANodeCannotHaveThem) {
    constexpr std::uint64_t kNode = 4321;  // not among the samples
    std::vector<ParentRow> rows(kNodes);
    for (const std::size_t parent : {std::size_t{0}, kBaseParents - 1, kBaseParents, kParents - 1}) {
        SCOPED_TRACE("parent " + std::to_string(parent));
        write(graph());
        const auto limit = static_cast<std::uint32_t>(parent < kBaseParents ? kNode : kNodes);
        overwrite(kNode, parent, limit - 1);
        const ParentFile file(path(), graph());
        file.parents(0, kNodes, rows.data());
        overwrite(kNode, parent, limit);
        EXPECT_THROW(file.parents(0, kNodes, rows.data()), std::runtime_error);
        file.parents(0, kNode, rows.data());
    }
}

TEST_F(StoredParents, AreAnErrorOnceTheFileHasBecomeShorter) {
    const ParentFile file(path(), graph());
    std::ofstream(path(), std::ios::trunc).flush();
    ParentRow row;
    EXPECT_THROW(file.parents(1, 1, &row), std::runtime_error);
}

}  // namespace
}  // namespace pc1
