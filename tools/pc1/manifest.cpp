// The manifest as JSON, there and back.
#include "tools/pc1/manifest.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <exception>
#include <limits>

namespace pc1 {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;
constexpr std::string_view kBeforeNumber = "sc-02-data-layer-";

// In the functions below nlohmann's exceptions say what is missing or of the wrong type, Garbled the rest.
struct Garbled : std::exception {};

std::uint64_t number_at(const Json& object, const char* key, std::uint64_t largest) {
    const Json& value = object.at(key);
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > largest) {
        throw Garbled();
    }
    return value.get<std::uint64_t>();
}

Bytes32 bytes32_at(const Json& object, const char* key) {
    const auto bytes = bytes32_from_hex(object.at(key).get_ref<const std::string&>());
    if (!bytes) {
        throw Garbled();
    }
    return *bytes;
}

ApiVersion api_version_at(const Json& object, const char* key) {
    const auto& text = object.at(key).get_ref<const std::string&>();
    for (const ApiVersion version : {ApiVersion::kV1_0, ApiVersion::kV1_1, ApiVersion::kV1_2}) {
        if (text == to_text(version)) {
            return version;
        }
    }
    throw Garbled();
}

Manifest manifest_from(const Json& object) {
    if (object.at("schema_version") != kSchemaVersion) {
        throw Garbled();
    }
    Manifest manifest;
    manifest.sector.sector_size = number_at(object, "sector_size", std::numeric_limits<std::uint64_t>::max());
    manifest.sector.api_version = api_version_at(object, "api_version");
    manifest.sector.porep_id = bytes32_at(object, "porep_id");
    manifest.sector.replica_id = bytes32_at(object, "replica_id");
    for (const Json& layer : object.at("layers")) {
        const auto number =
            static_cast<std::uint32_t>(number_at(layer, "layer", std::numeric_limits<std::uint32_t>::max()));
        if (layer.at("file") != layer_file_name(number)) {
            throw Garbled();
        }
        manifest.digests[number] = bytes32_at(layer, "sha256");
    }
    return manifest;
}

}  // namespace

std::string differences(const SectorIdentity& one, const SectorIdentity& other) {
    std::string text;
    const auto name_if = [&text](bool different, const char* name) {
        if (different) {
            text += text.empty() ? "" : ", ";
            text += name;
        }
    };
    const auto is_old = [](ApiVersion version) { return version == ApiVersion::kV1_0; };
    name_if(one.sector_size != other.sector_size, "sector size");
    name_if(is_old(one.api_version) != is_old(other.api_version), "API version");
    name_if(one.porep_id != other.porep_id, "PoRep id");
    name_if(one.replica_id != other.replica_id, "replica id");
    return text;
}

std::string layer_file_name(std::uint32_t number) {
    return std::string(kBeforeNumber) + std::to_string(number) + ".dat";
}

std::optional<std::uint32_t> layer_of_file_name(std::string_view name) {
    std::uint32_t number = 0;
    const std::string_view rest = name.substr(std::min(name.size(), kBeforeNumber.size()));
    std::from_chars(rest.data(), rest.data() + rest.size(), number);
    return name == layer_file_name(number) ? std::optional(number) : std::nullopt;
}

std::string to_json(const Manifest& manifest) {
    Json layers = Json::array();
    for (const auto& [number, digest] : manifest.digests) {
        layers.push_back({{"layer", number}, {"file", layer_file_name(number)}, {"sha256", to_hex(digest)}});
    }
    const Json object{{"schema_version", kSchemaVersion},
                      {"program", "pc1-label"},
                      {"sector_size", manifest.sector.sector_size},
                      {"api_version", to_text(manifest.sector.api_version)},
                      {"porep_id", to_hex(manifest.sector.porep_id)},
                      {"replica_id", to_hex(manifest.sector.replica_id)},
                      {"layers", std::move(layers)}};
    constexpr int kIndent = 2;
    return object.dump(kIndent) + "\n";
}

std::optional<Manifest> manifest_from_json(std::string_view text) {
    try {
        return manifest_from(Json::parse(text));
    } catch (const Json::exception&) {
        return std::nullopt;
    } catch (const Garbled&) {
        return std::nullopt;
    }
}

}  // namespace pc1
