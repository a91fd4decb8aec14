// SPDX-License-Identifier: MIT
// A conversation in a file: what a Session remembers, what it has not read yet, and how chance goes
// on. The file says which model it belongs to, by its description and by a fingerprint of its
// weights, carries a version and a checksum, and is a safetensors file otherwise.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/io/fingerprint.hpp>
#include <spikelet/io/safetensors.hpp>
#include <spikelet/io/safetensors_writer.hpp>
#include <spikelet/io/stored_tensor.hpp>

namespace spikelet {

/// A stream of tokens between two tokens.
struct SessionState {
    std::vector<float> numbers;          ///< Session::state(); empty at rest
    std::vector<std::int32_t> unread{};  ///< ids that the session is to read next
    Rng::State random;                   ///< of whoever samples
    /// The ids that came last, the unread included: what a sampler's penalties depend on.
    std::vector<std::int32_t> recent{};
    /// How many of them are kept: where `recent` are fewer, they are all that there were.
    index window = 0;

    /// Bit by bit: among the numbers are packed events, which may look like NaN.
    friend bool operator==(SessionState const& a, SessionState const& b) {
        return std::ranges::equal(std::as_bytes(std::span(a.numbers)),
                                  std::as_bytes(std::span(b.numbers))) &&
               a.unread == b.unread && a.random == b.random && a.recent == b.recent &&
               a.window == b.window;
    }
};

namespace detail {

inline constexpr std::string_view session_format = "spikelet.session";
inline constexpr std::string_view session_version = "4";
inline constexpr std::string_view session_weights = "weights";
// All that a state says besides the description of its model.
inline constexpr std::array<std::string_view, 3> session_keys{"format", "version", session_weights};

inline std::string text_at(Metadata const& metadata, std::string_view key) {
    auto const found = metadata.find(key);
    return found == metadata.end() ? "" : found->second;
}

// Throws Error unless the file was saved with a model of this description, no more and no less; any
// model fits an empty one.
inline void check_session_model(std::string_view where, Metadata const& metadata,
                                Metadata const& model) {
    constexpr std::string_view prefix = "model.";
    auto const compare = [&](std::string_view key, std::string_view saved, std::string_view now) {
        if (saved != now) {
            fail(where, "the state is of another model: " + quote(key) + " was " + quote(saved) +
                            ", now it is " + quote(now));
        }
    };
    for (auto const& [key, text] : model) {
        compare(key, text_at(metadata, std::string(prefix) + key), text);
    }
    for (auto const& [key, text] : metadata) {
        if (key.starts_with(prefix)) {
            if (model.empty()) { continue; }
            std::string_view const own = std::string_view(key).substr(prefix.size());
            compare(own, text, text_at(model, own));
        } else if (std::ranges::find(session_keys, key) == session_keys.end()) {
            fail(where, "the metadata has the foreign key " + quote(key));
        }
    }
}

// Throws Error unless the file was saved with weights of this fingerprint.
inline void check_session_weights(std::string_view where, Metadata const& metadata,
                                  std::string_view weights) {
    std::string const saved = text_at(metadata, session_weights);
    if (saved.empty()) { fail(where, "the state does not say of which weights it is"); }
    if (saved != weights) {
        fail(where, "the state is of a model with other weights: their fingerprint was " +
                        quote(saved) + ", now it is " + quote(weights));
    }
}

inline void write_session_state(std::string path, SessionState const& state, Metadata const& model,
                                std::string_view weights) {
    std::vector<std::uint64_t> const random{state.random.key, state.random.position};
    std::vector<std::int64_t> const window{state.window};
    std::vector<StoredTensor> tensors{
        stored_tensor("numbers", {std::ssize(state.numbers)}, std::span(state.numbers)),
        stored_tensor("unread", {std::ssize(state.unread)}, std::span(state.unread)),
        stored_tensor("random", {2}, std::span(random)),
        stored_tensor("window", {1}, std::span(window)),
    };
    if (!state.recent.empty()) {
        tensors.push_back(
            stored_tensor("recent", {std::ssize(state.recent)}, std::span(state.recent)));
    }
    Metadata metadata{{"format", std::string(session_format)},
                      {"version", std::string(session_version)}};
    if (!weights.empty()) { metadata[std::string(session_weights)] = weights; }
    for (auto const& [key, text] : model) { metadata["model." + key] = text; }
    write_safetensors(std::move(path), tensors, metadata);
}

// `weights` is empty where they are not to be checked.
inline SessionState read_session_state(std::string path, Metadata const& model,
                                       std::string_view weights) {
    auto const file = SafetensorsFile::open(std::move(path));
    std::string const where = quote(file.path());
    Metadata const& metadata = file.metadata();
    if (text_at(metadata, "format") != session_format) {
        fail(where, "it is not the state of a session");
    }
    if (std::string const version = text_at(metadata, "version"); version != session_version) {
        fail(where, "the state has version " + quote(version) + ", this program reads version " +
                        std::string(session_version));
    }
    check_session_model(where, metadata, model);
    if (!weights.empty()) { check_session_weights(where, metadata, weights); }
    file.verify();
    auto const random = file.read_bits<std::uint64_t>("random");
    if (random.size() != 2) { fail(where, "the random numbers' state should be two numbers"); }
    auto const window = file.read_bits<std::int64_t>("window");
    if (window.size() != 1 || window[0] < 0) {
        fail(where, "the window of recent ids should be one number that is not below 0");
    }
    return {file.read_bits<float>("numbers"),
            file.read_bits<std::int32_t>("unread"),
            {random[0], random[1]},
            file.find("recent") == nullptr ? std::vector<std::int32_t>{}
                                           : file.read_bits<std::int32_t>("recent"),
            window[0]};
}

}  // namespace detail

/// Writes a state whole or not at all. `model` describes the model it belongs to, its sizes at
/// least; of another with the same description nothing keeps the state apart. Throws Error if the
/// file cannot be written.
///
///     save_session_state("chat.state", {numbers, unread, rng.state()}, metadata(model.config));
inline void save_session_state(std::string path, SessionState const& state, Metadata const& model) {
    detail::write_session_state(std::move(path), state, model, "");
}

/// The same, for the weights of `net` and no others: the file keeps their fingerprint. Throws Error
/// if it cannot be written, or a parameter has no numbers.
template <class Net>
void save_session_state(std::string path, SessionState const& state, Metadata const& model,
                        Net const& net) {
    detail::write_session_state(std::move(path), state, model, fingerprint(net));
}

/// Reads what save_session_state wrote for a model of the same description, or, where the given one
/// is empty, for any. Throws Error if it was another, if the file is damaged, or if it cannot be
/// read.
[[nodiscard]] inline SessionState load_session_state(std::string path, Metadata const& model) {
    return detail::read_session_state(std::move(path), model, "");
}

/// The same for the weights of `net`. Throws Error also if the state is of other weights, or does
/// not say of which.
template <class Net>
[[nodiscard]] SessionState load_session_state(std::string path, Metadata const& model,
                                              Net const& net) {
    return detail::read_session_state(std::move(path), model, fingerprint(net));
}

}  // namespace spikelet
