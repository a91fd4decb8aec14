// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/var.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/tape.hpp>

namespace spikelet::test::var_test {
namespace {

struct Recorder final : Observer {
    std::vector<Tap> taps;
    void see(Tap const& tap) override { taps.push_back(tap); }
};

struct SomeLayer {};
struct OtherLayer {};

TEST_CASE("tap: shows a value to the context's observer, and to nobody without one") {
    SomeLayer const layer;
    Recorder recorder;
    Tape<Serial<>, double> tape;
    tape.begin();
    auto const x = tape.make<double>(Extents<dyn, dyn, 5>(2, 3, {}));
    tap(layer, "unseen", x);
    tape.observe(&recorder);
    tap(layer, "seen", x);
    tape.observe(nullptr);
    tap(layer, "unseen", x);

    REQUIRE(recorder.taps.size() == 1);
    auto const& seen = recorder.taps[0];
    CHECK(seen.name == "seen");
    CHECK(seen.layer == &layer);
    CHECK(seen.layer_type == type_id<SomeLayer>());
    CHECK(seen.kind == Tap::Kind::f64);
    CHECK(seen.data == x.data);
    CHECK(seen.rows == 6);
    CHECK(seen.last == 5);
}

TEST_CASE("tap: says whether it shows numbers or spikes") {
    SomeLayer const layer;
    Recorder recorder;
    Tape tape;
    tape.begin();
    tape.observe(&recorder);
    tap(layer, "", tape.make<float>(Extents<3>{}));
    tap(layer, "", tape.make<bit>(Extents<3>{}));
    CHECK(recorder.taps[0].kind == Tap::Kind::f32);
    CHECK(recorder.taps[1].kind == Tap::Kind::spikes);
}

TEST_CASE("tap: says what the bits of a spike are worth") {
    SomeLayer const layer;
    Recorder recorder;
    Tape tape;
    tape.begin();
    tape.observe(&recorder);
    tap(layer, "", tape.make<float>(Extents<3>{}));
    tap(layer, "", tape.make<bit>(Extents<3>{}));
    tap(layer, "", tape.make<signed_graded<3>>(Extents<2, 65>{}));
    auto const weights = [&](std::size_t i) {
        auto const given = recorder.taps[i].plane_weights;
        return std::vector<int>(given.begin(), given.end());
    };
    CHECK(weights(0).empty());
    CHECK(weights(1) == std::vector<int>{1});
    CHECK(weights(2) == std::vector<int>{1, 2, -4});
    CHECK(recorder.taps[2].rows == 2);
    CHECK(recorder.taps[2].last == 65);
}

TEST_CASE("type_id: one for each type") {
    CHECK(type_id<SomeLayer>() == type_id<SomeLayer>());
    CHECK(type_id<SomeLayer>() != type_id<OtherLayer>());
}

}  // namespace
}  // namespace spikelet::test::var_test
