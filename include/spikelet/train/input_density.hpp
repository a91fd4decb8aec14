// SPDX-License-Identifier: MIT
// How much of their inputs matrices really read: the share that is not 0, counted as it passes.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include <spikelet/train/activity.hpp>
#include <spikelet/train/matrices.hpp>
#include <spikelet/train/places.hpp>

namespace spikelet {

/// An observer that counts the inputs of every matrix (Linear) of a model:
///
///     InputDensity density(model);
///     forward.observe(&density);
class InputDensity final : public Observer {
public:
    /// What one matrix was given.
    struct Matrix {
        std::string name;         ///< of the layer in the model
        index outputs;            ///< columns of the matrix
        std::int64_t active = 0;  ///< inputs that were not 0
        std::int64_t levels = 0;  ///< sum of the absolute values of graded spikes; 1 for others
        std::int64_t inputs = 0;  ///< inputs of all rows

        /// Share of inputs that were not 0; 0 before the first.
        [[nodiscard]] double density() const {
            return inputs == 0 ? 0.0 : static_cast<double>(active) / static_cast<double>(inputs);
        }
    };

    /// The model must stay where it is. Throws Error if a part's name is too long.
    template <class Model>
    explicit InputDensity(Model const& model) {
        each_matrix(model, [&](PartName const& name, auto const& matrix) {
            using Type = std::remove_cvref_t<decltype(matrix)>;
            places_.add(&matrix, type_id<Type>(), matrix.inputs);
            matrices_.push_back({std::string(std::string_view(name)), matrix.outputs});
        });
    }

    /// Counts what a matrix shows as "x"; other values do not matter.
    void see(Tap const& tap) override {
        if (tap.name != "x") { return; }
        std::size_t const place = places_.find(tap);
        if (place == matrices_.size()) { return; }
        Matrix& matrix = matrices_[place];
        Activity const sum = activity(tap);
        matrix.active += sum.events;
        matrix.levels += sum.levels;
        matrix.inputs += tap.rows * tap.last;
    }

    /// The matrices in the order of the model's parts.
    [[nodiscard]] std::vector<Matrix> const& matrices() const { return matrices_; }

    /// The share of all multiplications of a token whose input was not 0: each input counts as
    /// often as its matrix has outputs. 0 before the first.
    [[nodiscard]] double mean() const {
        double active = 0;
        double all = 0;
        for (Matrix const& m : matrices_) {
            active += static_cast<double>(m.active) * static_cast<double>(m.outputs);
            all += static_cast<double>(m.inputs) * static_cast<double>(m.outputs);
        }
        return all == 0 ? 0.0 : active / all;
    }

    /// Starts counting anew.
    void reset() {
        for (Matrix& m : matrices_) { m.active = m.levels = m.inputs = 0; }
    }

private:
    detail::Places places_;
    std::vector<Matrix> matrices_;
};

}  // namespace spikelet
