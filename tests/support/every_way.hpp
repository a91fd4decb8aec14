// SPDX-License-Identifier: MIT
//
// One model, read in every way there is: text by text and together, whole and in pieces, as
// streams, with one and several threads. All of it must have the same bits.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/session.hpp>

#include <support/numbers.hpp>
#include <support/recorder.hpp>
#include <support/tiny_lm.hpp>

namespace spikelet::test {

/// What a model gives and shows of texts: numbers by name, text and step.
class Reading {
public:
    template <class Model>
    Reading(Model const& model, Tokens const& texts) : recorder_(model),
                                                       texts_(texts) {}

    Observer* observer() { return &recorder_; }

    /// A pass over steps [from, to) of some texts, the first of which is number `text`, is done,
    /// and gave these logits.
    void add(index text, index from, index to, float const* logits, index size) {
        recorder_.seen["given"].assign(logits, logits + size);
        index const steps = to - from;
        for (auto& [name, numbers] : recorder_.seen) {
            index const rows = steps * (text < 0 ? texts_.batch : 1);
            index const width = std::ssize(numbers) / rows;
            auto& all = values_[name];
            all.resize(texts_.ids.size() * static_cast<std::size_t>(width));
            for (index row = 0; row < rows; ++row) {
                index const b = std::max<index>(text, 0) + row / steps;
                index const at = b * texts_.time + from + row % steps;
                std::copy_n(numbers.begin() + row * width, width, all.begin() + at * width);
            }
            numbers.clear();
        }
    }

    /// The first value of `expected` that has other bits here, or is missing; else empty. Streams
    /// keep no charges of neurons.
    [[nodiscard]] std::string difference(Reading const& expected, bool is_stream) const {
        for (auto const& [name, numbers] : expected.values_) {
            auto const same = values_.find(name);
            auto const last = name.substr(name.rfind('.') + 1);
            bool const need_not = is_stream && (last == "h" || last == "u");
            if (same == values_.end()) {
                if (!need_not) { return name + " is missing"; }
            } else if (!same_bits(numbers, same->second)) {
                return name;
            }
        }
        return "";
    }

    /// Whether anything but zeros was given.
    [[nodiscard]] bool alive() const {
        return std::ranges::any_of(values_.at("given"), [](float x) { return x != 0; });
    }

    /// All texts at once.
    static constexpr index together = -1;

private:
    Recorder recorder_;
    Tokens const& texts_;
    std::map<std::string, std::vector<float>> values_;
};

/// All texts at once, in pieces.
template <class Policy, class Model>
Reading read_in_pieces(Model const& model, Tokens const& texts, index piece, Policy policy) {
    Reading reading(model, texts);
    Forward<Policy> forward(policy, {.carry_state = true});
    forward.observe(reading.observer());
    for (index t = 0; t < texts.time; t += piece) {
        index const end = std::min(texts.time, t + piece);
        auto const y = model(forward.begin(part_of(texts, t, end)));
        reading.add(Reading::together, t, end, y.data, y.extents.size());
    }
    return reading;
}

/// All texts at once, by a session that takes chunks.
template <class Session>
Reading read_in_chunks(Session session, Tokens const& texts) {
    Reading reading(session.model(), texts);
    session.observe(reading.observer());
    index const chunk = session.footprint().chunk;
    for (index t = 0; t < texts.time; t += chunk) {
        index const end = std::min(texts.time, t + chunk);
        auto const part = part_of(texts, t, end);
        auto const y = session(std::span<std::int32_t const>(part.ids));
        reading.add(Reading::together, t, end, y.data(), y.size());
    }
    return reading;
}

/// Reads texts in every way and returns the first that has other bits than the texts have one by
/// one, each in one pass, with what differs; empty where all agree.
template <class Model>
std::string odd_way(Model const& model, Tokens const& texts) {
    Reading expected(model, texts);
    for (index b = 0; b < texts.batch; ++b) {
        Forward forward;
        forward.observe(expected.observer());
        auto const row = texts.row(b);
        auto const y = model(forward.begin(Tokens{{row.begin(), row.end()}, 1, texts.time}));
        expected.add(b, 0, texts.time, y.data, y.extents.size());
    }
    if (!expected.alive()) { return "silent"; }
    for (int const threads : {1, 2}) {
        OpenMp<> const policy{threads};
        std::string const by = std::to_string(threads) + " threads: ";
        for (index const piece : {texts.time, index{1}, index{7}}) {
            auto const reading = read_in_pieces(model, texts, piece, policy);
            auto const other = reading.difference(expected, false);
            if (!other.empty()) { return "pieces of " + std::to_string(piece) + ", " + by + other; }
        }
        for (index const chunk : {1, 3, 64}) {
            Session session{model, SessionOptions{texts.batch, chunk}, policy};
            auto const reading = read_in_chunks(std::move(session), texts);
            auto const other = reading.difference(expected, true);
            if (!other.empty()) { return "chunks of " + std::to_string(chunk) + ", " + by + other; }
        }
    }
    return "";
}

}  // namespace spikelet::test
