// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <spikelet/io/session_state.hpp>

#include "io/support.hpp"

using namespace spikelet;
using namespace spikelet_test;

namespace {

SessionState const sample{{1.5f, -0.0f, 3e-40f}, {7, 0, 255}, {42, ~std::uint64_t{0}}};
Metadata const model{{"C", "16"}, {"L", "2"}};

// What loading complains about.
std::string complaint(std::string const& path, Metadata const& expected = model) {
    try {
        static_cast<void>(load_session_state(path, expected));
    } catch (Error const& error) { return error.what(); }
    return "";
}

bool has(std::string const& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("session state: what was saved comes back") {
    TemporaryFolder folder;
    save_session_state(folder / "state", sample, model);
    CHECK(load_session_state(folder / "state", model) == sample);
    SessionState const nothing{{}, {}, {1, 0}};
    save_session_state(folder / "state", nothing, {});
    CHECK(load_session_state(folder / "state", {}) == nothing);
}

TEST_CASE("session state: another model is refused, and the difference named") {
    TemporaryFolder folder;
    save_session_state(folder / "state", sample, model);
    CHECK(has(complaint(folder / "state", {{"C", "16"}, {"L", "3"}}),
              "another model: 'L' was '2', now it is '3'"));
    CHECK(has(complaint(folder / "state", {{"C", "16"}, {"V", "9"}}), "'V' was ''"));
}

TEST_CASE("session state: every changed or missing byte is noticed") {
    TemporaryFolder folder;
    std::string const path = folder / "state";
    save_session_state(path, sample, model);
    std::string const whole = read_file(path);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        std::string damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
        write_file(path, damaged);
        CHECK_MESSAGE(!complaint(path).empty(), "byte ", i);
        write_file(path, std::string_view(whole).substr(0, i));
        CHECK_MESSAGE(!complaint(path).empty(), "cut at ", i);
    }
}

TEST_CASE("session state: other files are refused") {
    TemporaryFolder folder;
    std::string const path = folder / "state";
    CHECK(has(complaint(path), "No such file"));
    write_safetensors(path, {}, {{"format", "pt"}});
    CHECK(has(complaint(path), "it is not the state of a session"));
    write_safetensors(path, {}, {{"format", "spikelet.session"}, {"version", "9"}});
    CHECK(has(complaint(path), "version '9'"));
    write_safetensors(path, {}, {{"format", "spikelet.session"}, {"version", "1"}});
    CHECK(has(complaint(path, {}), "there is no tensor"));
}
