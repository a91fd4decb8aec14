// SPDX-License-Identifier: MIT
// What the matrices of a language model are stored as, or train as: those of its layers, and the
// head, which for a large vocabulary is half of the work and often gets more bits.
#pragma once

#include <string_view>

#include <spikelet/autodiff/stored_weight.hpp>

namespace spikelet {

/// The types of a model's matrices.
struct MatrixStorage {
    WeightType weights = WeightType::f32;  ///< of the layers
    WeightType head = WeightType::f32;     ///< of the output matrix
    index group = 0;  ///< inputs that share a scale, a multiple of 64; 0: all of an output

    friend constexpr bool operator==(MatrixStorage const&, MatrixStorage const&) = default;

    /// True where every matrix is float.
    [[nodiscard]] constexpr bool plain() const {
        return weights == WeightType::f32 && head == WeightType::f32;
    }

    /// True where some matrices have scales.
    [[nodiscard]] constexpr bool scaled() const {
        return detail::scale_count(weights, 1, 1) > 0 || detail::scale_count(head, 1, 1) > 0;
    }

    /// Of the weight with this name.
    [[nodiscard]] constexpr WeightFormat of(std::string_view name) const {
        return {name == "head.weight" ? head : weights, group};
    }

    /// Throws Error for a group that is no multiple of 64.
    constexpr void check() const { static_cast<void>(detail::scale_inputs("weights", group, 1)); }
};

/// Chooses what matrices of any_weight are stored as; numbers that were there are gone.
template <class Model>
constexpr void store_as(Model& model, MatrixStorage const& storage) {
    each_stored_weight(model, [&](std::string_view name, auto& weight) {
        weight.store_as(storage.of(name).type, storage.group);
    });
}

/// Chooses what matrices of float compute and train as; their numbers stay.
template <class Model>
constexpr void train_as(Model& model, MatrixStorage const& storage) {
    storage.check();
    each_weight_format(
        model, [&](std::string_view name, WeightFormat& format) { format = storage.of(name); });
    if constexpr (requires { model.config.trains_as; }) { model.config.trains_as = storage; }
}

}  // namespace spikelet
