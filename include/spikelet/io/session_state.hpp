// SPDX-License-Identifier: MIT
// A conversation in a file: what a Session remembers, what it has not read yet, and how chance goes
// on. The file says which model it belongs to, carries a version and a checksum, and is a
// safetensors file otherwise.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/io/checksum.hpp>
#include <spikelet/io/quote.hpp>
#include <spikelet/io/safetensors.hpp>
#include <spikelet/io/safetensors_writer.hpp>
#include <spikelet/io/stored_tensor.hpp>

namespace spikelet {

/// A stream of tokens between two tokens.
struct SessionState {
    std::vector<float> numbers;        ///< Session::state(); empty at rest
    std::vector<std::int32_t> unread;  ///< ids that the session is to read next
    Rng::State random;                 ///< of whoever samples

    friend bool operator==(SessionState const&, SessionState const&) = default;
};

namespace detail {

inline constexpr std::string_view session_format = "spikelet.session";
inline constexpr std::string_view session_version = "1";

inline std::string checksum_of(SessionState const& state) {
    Checksum sum;
    sum.add(std::as_bytes(std::span(state.numbers)));
    sum.add(std::as_bytes(std::span(state.unread)));
    sum.add(std::as_bytes(std::span(&state.random.key, 1)));
    sum.add(std::as_bytes(std::span(&state.random.position, 1)));
    return sum.text();
}

inline std::string text_at(Metadata const& metadata, std::string_view key) {
    auto const found = metadata.find(key);
    return found == metadata.end() ? "" : found->second;
}

// Throws Error unless the file was saved with a model of this description.
inline void check_session_model(std::string_view where, Metadata const& metadata,
                                Metadata const& model) {
    for (auto const& [key, text] : model) {
        std::string const saved = text_at(metadata, "model." + key);
        if (saved != text) {
            fail(where, "the state is of another model: " + quote(key) + " was " + quote(saved) +
                            ", now it is " + quote(text));
        }
    }
}

}  // namespace detail

/// Writes a state whole or not at all. `model` describes the model it belongs to, its sizes at
/// least. Throws Error.
///
///     save_session_state("chat.state", {numbers, unread, rng.state()}, metadata(model.config));
inline void save_session_state(std::string path, SessionState const& state, Metadata const& model) {
    std::vector<std::uint64_t> const random{state.random.key, state.random.position};
    std::vector<StoredTensor> const tensors{
        stored_tensor("numbers", {std::ssize(state.numbers)}, std::span(state.numbers)),
        stored_tensor("unread", {std::ssize(state.unread)}, std::span(state.unread)),
        stored_tensor("random", {2}, std::span(random)),
    };
    Metadata metadata{{"format", std::string(detail::session_format)},
                      {"version", std::string(detail::session_version)},
                      {"checksum", detail::checksum_of(state)}};
    for (auto const& [key, text] : model) { metadata["model." + key] = text; }
    write_safetensors(std::move(path), tensors, metadata);
}

/// Reads what save_session_state wrote for a model of the same description. Throws Error.
[[nodiscard]] inline SessionState load_session_state(std::string path, Metadata const& model) {
    auto const file = SafetensorsFile::open(std::move(path));
    std::string const where = quote(file.path());
    Metadata const& metadata = file.metadata();
    if (detail::text_at(metadata, "format") != detail::session_format) {
        fail(where, "it is not the state of a session");
    }
    if (std::string const version = detail::text_at(metadata, "version");
        version != detail::session_version) {
        fail(where, "the state has version " + quote(version) + ", this program reads version 1");
    }
    detail::check_session_model(where, metadata, model);
    auto const random = file.read<std::uint64_t>("random");
    if (random.size() != 2) { fail(where, "the random numbers' state should be two numbers"); }
    SessionState state{
        file.read<float>("numbers"), file.read<std::int32_t>("unread"), {random[0], random[1]}};
    if (detail::text_at(metadata, "checksum") != detail::checksum_of(state)) {
        fail(where, "the checksum does not agree: the file is damaged");
    }
    return state;
}

}  // namespace spikelet
