// SPDX-License-Identifier: MIT
// The program that compares with reference values must not pass over what it does not know.
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "programs/golden_copy.hpp"

namespace spikelet_test::conformance_unknown_test {

namespace fs = std::filesystem;

constexpr char const* small = "spikegpt_soft_reset_L2C9";

TEST_CASE("conformance: what it does not know is a failure, and named") {
    SUBCASE("an operation") {
        GoldenCopy const copy("ops");
        fs::copy_file(copy / "lif.json", copy / "quantum.json");
        fs::copy_file(copy / "lif.safetensors", copy / "quantum.safetensors");
        auto const outcome = conformance("'" + (copy / "quantum") + "'");
        CHECK(outcome.code == 1);
        CHECK(outcome.says("  the operation quantum"));
        fs::remove(copy / "quantum.json");
        auto const alone = conformance("'" + (copy / "") + "'");
        CHECK(alone.code == 1);
        CHECK(alone.says("quantum.json': No such file or directory  FAILED"));
    }
    SUBCASE("a tensor of an operation") {
        GoldenCopy const copy("ops");
        copy.add("layer_norm.safetensors", "grad_eps");
        auto const outcome = conformance("'" + (copy / "layer_norm") + "'");
        CHECK(outcome.code == 1);
        CHECK(outcome.says("  grad_eps"));
        CHECK(outcome.says(" 1 failed"));
    }
    SUBCASE("a tensor or a file of a model") {
        struct Addition {
            char const* file;
            char const* name;
        };
        for (Addition const& a : {Addition{"generate", "final/dreams"}, Addition{"data", "labels"},
                                  Addition{"forward", "blocks.0.att.g"}}) {
            GoldenCopy const copy(small);
            copy.add(std::string(a.file) + ".safetensors", a.name);
            auto const outcome = copy.run();
            INFO(outcome.output);
            CHECK(outcome.code == 1);
            CHECK(outcome.says(a.name));
            CHECK(outcome.says(" 1 failed"));
        }
        GoldenCopy const copy(small);
        fs::copy_file(copy / "data.safetensors", copy / "sleep.safetensors");
        auto const outcome = copy.run();
        CHECK(outcome.code == 1);
        CHECK(outcome.says("  sleep.safetensors"));
    }
    SUBCASE("a folder, but for those that are left out") {
        TemporaryFolder folder;
        fs::create_directories(fs::path(folder / "golden") / "pth");
        auto const nothing = conformance("'" + (folder / "golden") + "'");
        CHECK(nothing.says("not covered: weights as PyTorch writes them"));
        CHECK(nothing.code == 1);  // nothing was compared
        fs::copy(fs::path(SPIKELET_SOURCE_DIR) / "tests/golden/ops",
                 fs::path(folder / "golden") / "ops");
        CHECK(conformance("'" + (folder / "golden") + "'").code == 0);
        fs::create_directories(fs::path(folder / "golden") / "dreams");
        auto const outcome = conformance("'" + (folder / "golden") + "'");
        CHECK(outcome.code == 1);
        CHECK(outcome.says("dreams': there is no case in this folder"));
    }
}

}  // namespace spikelet_test::conformance_unknown_test
