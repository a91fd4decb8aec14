// SPDX-License-Identifier: MIT
#include <spikelet/core/error.hpp>

#include <doctest/doctest.h>

namespace spikelet::test::error_test {
namespace {

TEST_CASE("error: says where and what") {
    try {
        fail("model.safetensors", "the header is cut off");
    } catch (std::runtime_error const& e) {
        CHECK(std::string(e.what()) == "model.safetensors: the header is cut off");
        auto const* const error = dynamic_cast<Error const*>(&e);
        REQUIRE(error != nullptr);
        CHECK(error->where() == "model.safetensors");
        return;
    }
    FAIL("nothing was thrown");
}

}  // namespace
}  // namespace spikelet::test::error_test
