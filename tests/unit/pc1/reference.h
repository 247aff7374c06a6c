// What the reference program gave (tests/fixtures/sdr), as the tests want it; and its labels against those
// that the kernel makes.
#pragma once

#include "tools/pc1/hash.h"
#include "tools/pc1/label.h"

#include <cstdint>
#include <string>
#include <vector>

namespace pc1::reference {

struct Keys {
    Bytes32 porep_id;
    std::string drg_seed;  // hex
    std::vector<std::uint64_t> feistel;
};

struct Row {
    std::uint64_t node;
    ParentRow parents;
};

struct Parents {
    std::uint64_t nodes;
    ApiVersion version;
    Bytes32 porep_id;
    std::vector<Row> rows;
};

// Digests and labels are hex.
struct LayerLabels {
    std::string sha256;
    std::string last;
    std::vector<std::string> first;
};

struct Labels {
    std::uint64_t sector_size;
    ApiVersion version;
    Bytes32 porep_id;
    Bytes32 replica_id;
    std::string parents_sha256;
    std::vector<LayerLabels> layers;
};

// A parent file of a registered proof.
struct OfficialParentFile {
    std::uint64_t nodes;
    ApiVersion version;
    Bytes32 porep_id;
    std::string file_name;
    std::string sha256;  // hex
};

// Each reads the file at its first call.
const std::vector<Keys>& keys();
const std::vector<Parents>& parents();
const std::vector<Labels>& labels();
const std::vector<OfficialParentFile>& official_parent_files();

// For SCOPED_TRACE.
std::string describe(const Labels& expected);
std::string describe(const Crew& crew);

// The cases of sectors of these sizes. None is a failure of the test.
std::vector<Labels> cases_of(std::uint64_t at_least, std::uint64_t at_most);

// Labels the sector anew and expects the same: every layer's digest, and the labels that are known.
void expect_labels(const Labels& expected, const Sha256Kernel& sha256, const Chacha8Kernel& chacha8,
                   const Crew& crew);
// By the best kernels that this CPU has.
void expect_labels(const Labels& expected, const Crew& crew = {});

}  // namespace pc1::reference
