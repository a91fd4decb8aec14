// SPDX-License-Identifier: MIT
// The matrices of a model.
#pragma once

#include <type_traits>

#include <spikelet/autodiff/parts.hpp>

namespace spikelet {

/// Calls f(name, matrix) for every matrix (Linear) of a model, in the order of its parts.
template <class Model, class F>
void each_matrix(Model const& model, F&& f) {
    each_part(PartName{}, model, [&](PartName const& name, auto const& part) {
        if constexpr (requires {
                          part.inputs + part.outputs;
                          part.weight.extents();
                      }) {
            f(name, part);
        }
    });
}

}  // namespace spikelet
