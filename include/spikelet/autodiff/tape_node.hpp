// SPDX-License-Identifier: MIT
// What a Tape walks back over: closures in an arena, the last one first.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <spikelet/autodiff/gradient.hpp>

namespace spikelet::detail {

/// A closure on the tape, whatever its type.
struct TapeNode {
    TapeNode* previous;
    void (*run)(TapeNode*);
};

/// The closure of an op with N results. It is left out where nothing was added to their gradients,
/// which end after it; without any it always runs.
template <class T, class F, std::size_t N>
struct TapeStep : TapeNode {
    using Gradients = std::array<Gradient<T>, N>;

    TapeStep(TapeNode* before, F f, Gradients g)
        : TapeNode{before, [](TapeNode* n) { static_cast<TapeStep*>(n)->walk(); }},
          back(f),
          results(g) {}

    void walk() {
        bool const needed =
            std::any_of(results.begin(), results.end(), [](Gradient<T> g) { return g.started(); });
        if (needed || results.empty()) { back(); }
        for (Gradient<T> const g : results) { g.end(); }
    }

    F back;
    Gradients results;
};

}  // namespace spikelet::detail
