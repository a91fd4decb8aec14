// SPDX-License-Identifier: MIT
#include <array>

#include "conformance/json.hpp"
#include "conformance/operation.hpp"

namespace conformance {
namespace {

struct NamedCheck {
    std::string_view name;
    void (*check)(Operation const&, bool with_double);
};

constexpr std::array<NamedCheck, 10> checks{{
    {"lif", check_lif},
    {"event_node", check_event_node},
    {"event_driven_identity", check_event_driven_identity},
    {"surrogates", check_surrogates},
    {"wkv", check_wkv},
    {"layer_norm", check_layer_norm},
    {"token_shift", check_token_shift},
    {"cross_entropy", check_cross_entropy},
    {"adam", check_adam},
    {"sampling", check_sampling},
}};

std::filesystem::path with_ending(std::filesystem::path path, std::string const& ending) {
    return path += ending;
}

}  // namespace

void check_operation(std::filesystem::path const& stem, Options const& options, Report& report) {
    std::string const name = stem.filename().string();
    report.begin(name_of(stem));
    auto const file = spikelet::SafetensorsFile::open(with_ending(stem, ".safetensors").string());
    with_json(with_ending(stem, ".json"), [&](nlohmann::json const& description) {
        auto const found = std::ranges::find(checks, name, &NamedCheck::name);
        if (found == checks.end()) {
            report.unchecked("the operation " + name);
            return;
        }
        Policy policy;
        policy.threads = options.threads;
        std::set<std::string> used;
        found->check({file, description, policy, report, used}, options.with_double);
        for (std::string const& tensor : file.names()) {
            if (!used.contains(tensor)) { report.unchecked(tensor); }
        }
    });
    report.end();
}

}  // namespace conformance
