// Reading the fixture, and labelling what is in it anew.
#include "reference.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <span>
#include <stdexcept>
#include <utility>

namespace pc1::reference {
namespace {

using Json = nlohmann::json;

const Json& fixture() {
    static const Json json = [] {
        std::ifstream file(PC1_VECTORS);
        return Json::parse(file);
    }();
    return json;
}

Bytes32 bytes32(const Json& hex) {
    return bytes32_from_hex(hex.get<std::string>()).value();
}

ApiVersion version_of(const Json& name) {
    if (name == "v1_0") {
        return ApiVersion::kV1_0;
    }
    if (name == "v1_1") {
        return ApiVersion::kV1_1;
    }
    throw std::runtime_error("unknown API version in the fixture: " + name.dump());
}

// Every element of a list, converted.
template <class Convert>
auto each(const Json& list, Convert convert) {
    std::vector<decltype(convert(list.front()))> converted;
    for (const Json& element : list) {
        converted.push_back(convert(element));
    }
    return converted;
}

Keys read_keys(const Json& json) {
    const auto number = [](const Json& text) { return std::stoull(text.get<std::string>()); };
    const auto numbers = each(json.at("feistel_keys"), number);
    return {bytes32(json.at("porep_id")), json.at("drg_seed"), {numbers.begin(), numbers.end()}};
}

Row read_row(const Json& json) {
    Row row{json.at("node"), {}};
    std::size_t place = 0;
    for (const char* kind : {"base", "exp"}) {
        for (const Json& parent : json.at(kind)) {
            row.parents.at(place++) = parent;
        }
    }
    return row;
}

Parents read_parents(const Json& json) {
    return {json.at("nodes"), version_of(json.at("api")), bytes32(json.at("porep_id")),
            each(json.at("parents"), read_row)};
}

LayerLabels read_layer(const Json& json) {
    return {json.at("sha256"), json.at("last"), json.at("first4").get<std::vector<std::string>>()};
}

Labels read_labels(const Json& json) {
    return {json.at("sector_size"),         version_of(json.at("api")), bytes32(json.at("porep_id")),
            bytes32(json.at("replica_id")), json.at("parents_sha256"),  each(json.at("layer"), read_layer)};
}

OfficialParentFile read_official(const Json& json) {
    return {json.at("nodes"), version_of(json.at("api")), bytes32(json.at("porep_id")), json.at("cache_file"),
            json.at("parents_sha256")};
}

std::string hex_label(const std::vector<std::uint8_t>& labels, std::uint64_t node) {
    return to_hex(std::span(labels).subspan(kNodeBytes * node, kNodeBytes));
}

}  // namespace

const std::vector<Keys>& keys() {
    static const auto all = each(fixture().at("keys"), read_keys);
    return all;
}

const std::vector<Parents>& parents() {
    static const auto all = each(fixture().at("parents"), read_parents);
    return all;
}

const std::vector<Labels>& labels() {
    static const auto all = each(fixture().at("labels"), read_labels);
    return all;
}

const std::vector<OfficialParentFile>& official_parent_files() {
    static const auto all = each(fixture().at("official_parent_digests"), read_official);
    return all;
}

std::string describe(const Labels& expected) {
    return std::to_string(expected.sector_size) + " bytes, API " + std::string(to_text(expected.version)) +
           ", PoRep id " + to_hex(expected.porep_id) + ", replica id " + to_hex(expected.replica_id);
}

std::string describe(const Crew& crew) {
    return "producers " + std::to_string(crew.producers) + ", lookahead " + std::to_string(crew.lookahead) +
           ", stride " + std::to_string(crew.stride);
}

void expect_labels(const Labels& expected, const Sha256Kernel& sha256, const Chacha8Kernel& chacha8,
                   const Crew& crew) {
    SCOPED_TRACE(describe(expected) + ", SHA-256: " + sha256.name + ", ChaCha8: " + chacha8.name + ", " +
                 describe(crew));
    const Graph graph(expected.sector_size / kNodeBytes, expected.version, expected.porep_id, chacha8);

    // What the buffers hold before must not matter.
    std::vector<std::uint8_t> labels(expected.sector_size, 0xa5);
    std::vector<std::uint8_t> previous(expected.sector_size, 0x5a);
    const Labeller labeller(expected.replica_id, graph, sha256, crew);
    std::uint32_t number = 0;
    for (const auto& layer : expected.layers) {
        ++number;
        SCOPED_TRACE("layer " + std::to_string(number));
        labeller.label({number, previous.data(), labels.data()}, {0, graph.nodes()});
        for (std::uint64_t node = 0; node < layer.first.size(); ++node) {
            EXPECT_EQ(hex_label(labels, node), layer.first[node]) << "node " << node;
        }
        EXPECT_EQ(hex_label(labels, graph.nodes() - 1), layer.last);
        EXPECT_EQ(to_hex(Sha256().update(labels).finish()), layer.sha256);
        std::swap(labels, previous);
    }
}

void expect_labels(const Labels& expected, const Crew& crew) {
    expect_labels(expected, best_sha256_kernel(), chacha8_kernels().front(), crew);
}

std::vector<Labels> cases_of(std::uint64_t at_least, std::uint64_t at_most) {
    std::vector<Labels> cases;
    for (const auto& expected : labels()) {
        if (expected.sector_size >= at_least && expected.sector_size <= at_most) {
            cases.push_back(expected);
        }
    }
    EXPECT_FALSE(cases.empty());
    return cases;
}

}  // namespace pc1::reference
