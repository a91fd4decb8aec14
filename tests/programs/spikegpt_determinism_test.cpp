// SPDX-License-Identifier: MIT
// Users see that all ways to read a text give the same bits; and would see it if they did not.
#include "programs/golden_models.hpp"
#include "spikegpt/shown_bits.hpp"

#include <spikelet/core/bits.hpp>

namespace spikelet_test::spikegpt_determinism_test {

namespace sk = spikelet;

TEST_CASE("spikegpt eval --check-determinism: every variant reads texts in many ways alike") {
    TemporaryFolder folder;
    for (auto const& golden : golden_models(folder)) {
        CAPTURE(golden.name);
        std::string text;
        while (text.size() < 8 * 33) { text += golden.prompt + golden.text; }
        write_file(folder / "text", text);
        Arguments const eval{"eval", "--model", golden.file, "--data", folder / "text"};
        auto const done = spikegpt(eval + Arguments{"--check-determinism", "--json"});
        REQUIRE_MESSAGE(done.code == 0, done.err);
        auto const result = done.json();
        CHECK(result["same_bits"] == true);
        CHECK(result["tokens"].get<int>() >= 16);
        CHECK(result["ways"].size() == 8);
        for (auto const& way : result["ways"]) { CHECK(way["values"].get<int>() > 20); }
        CHECK(done.complains("streams of single ids"));
    }
}

TEST_CASE("spikegpt eval --check-determinism: wrong uses are explained") {
    Trained const& trained = trained_on_bytes();
    TemporaryFolder folder;
    write_file(folder / "short", "seven.");
    Arguments const eval{"eval", "--model", trained.model, "--check-determinism", "--data"};
    auto const refused = spikegpt(eval + Arguments{folder / "short"});
    CHECK(refused.code == 1);
    CHECK(refused.complains("has 6 ids, --check-determinism needs at least 8"));
    CHECK(spikegpt(eval + Arguments{trained.text, "--stride", "4"}).code != 0);
}

/// Passes that show what a test says.
struct Passes {
    int layer = 0;
    spikegpt::ShownBits bits{sk::SpikeGpt<>(sk::make_config(sk::variants[0], 2, 1, 1)), 2, 3};

    void show(std::string_view name, std::vector<float> const& numbers, sk::index rows) {
        bits.see({&layer,
                  &layer,
                  name,
                  sk::Tap::Kind::f32,
                  numbers.data(),
                  rows,
                  std::ssize(numbers) / rows,
                  {}});
    }
    void show(std::string_view name, std::vector<sk::word> const& words, sk::index rows) {
        bits.see({&layer, &layer, name, sk::Tap::Kind::spikes, words.data(), rows, 65,
                  sk::Element<sk::bit>::plane_weights});
    }
};

TEST_CASE("shown bits: the first difference is that of the first id, and what was computed first") {
    Passes together, pieces;
    together.bits.expect(0, 2, 0);
    together.show("x", std::vector<float>{1, 2, 3, 4, 5, 6}, 6);
    together.show("s", std::vector<sk::word>{1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 1}, 6);
    together.show("only here", std::vector<float>(6), 6);
    // The same, of both texts first two ids, then one.
    auto const read = [&](float x, sk::word s) {
        pieces.bits.expect(0, 2, 0);
        pieces.show("x", std::vector<float>{1, 2, 4, 5}, 4);
        pieces.show("s", std::vector<sk::word>{1, 0, 2, 0, 4, 0, 5, 0}, 4);
        pieces.bits.expect(0, 2, 2);
        pieces.show("x", std::vector<float>{3, x}, 2);
        pieces.show("s", std::vector<sk::word>{3, 0, 6, s}, 2);
    };
    read(6, 1);
    CHECK_FALSE(together.bits.first_difference(pieces.bits));
    CHECK(together.bits.in_common(pieces.bits) == 2);
    CHECK(together.bits.first_missing(pieces.bits, true) == "only here");
    CHECK_FALSE(pieces.bits.first_missing(together.bits, false));
    Passes stream, nothing;
    stream.show("x", std::vector<float>(6), 6);
    together.show("h", std::vector<float>(6), 6);
    stream.show("s", std::vector<sk::word>(12), 6);
    stream.show("only here", std::vector<float>(6), 6);
    CHECK_FALSE(together.bits.first_missing(stream.bits, true));
    CHECK(together.bits.first_missing(stream.bits, false) == "h");
    CHECK(together.bits.first_missing(nothing.bits, true) == "x");
    read(6, 0);
    auto const spike = together.bits.first_difference(pieces.bits);
    REQUIRE(spike);
    CHECK(spike->value == "s");
    CHECK(spike->text == 1);
    CHECK(spike->id == 2);
    read(std::nextafter(6.0F, 7.0F), 0);
    CHECK(together.bits.first_difference(pieces.bits)->value == "x");
    pieces.bits.expect(1, 1, 0);
    pieces.show("s", std::vector<sk::word>{4, 1, 5, 0}, 2);
    auto const earlier = together.bits.first_difference(pieces.bits);
    CHECK(earlier->value == "s");
    CHECK(earlier->id == 0);
}

}  // namespace spikelet_test::spikegpt_determinism_test
