// SPDX-License-Identifier: MIT
// What every matrix of a model costs, counted by the kernels that computed it (core/counting.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include <spikelet/autodiff/var.hpp>
#include <spikelet/core/counting.hpp>
#include <spikelet/train/matrices.hpp>
#include <spikelet/train/places.hpp>

namespace spikelet {

/// An observer that tells the work of one matrix (Linear) from that of the next:
///
///     MatrixWork counts(model);
///     Session session{model, SessionOptions{}, counting(counts.work())};
///     session.observe(&counts);
///
/// Products of other parts count for the matrix before them.
class MatrixWork final : public Observer {
public:
    /// What one matrix did.
    struct Matrix {
        std::string name;           ///< of the layer in the model
        index inputs;               ///< rows of the matrix
        index outputs;              ///< columns of the matrix
        std::int64_t products = 0;  ///< of one row
        Work work{};                ///< what kernels counted

        /// Terms of all products, those that were left out included.
        [[nodiscard]] double terms() const {
            return static_cast<double>(products) * static_cast<double>(inputs) *
                   static_cast<double>(outputs);
        }
    };

    /// The model must stay where it is. Throws Error if a part's name is too long.
    template <class Model>
    explicit MatrixWork(Model const& model) {
        each_matrix(model, [&](PartName const& name, auto const& matrix) {
            using Type = std::remove_cvref_t<decltype(matrix)>;
            places_.add(&matrix, type_id<Type>(), matrix.inputs);
            matrices_.push_back(
                {std::string(std::string_view(name)), matrix.inputs, matrix.outputs});
        });
    }
    MatrixWork(MatrixWork const&) = delete;  // a policy knows its address
    MatrixWork& operator=(MatrixWork const&) = delete;

    /// What a policy counts with.
    [[nodiscard]] Work& work() { return work_; }

    /// A matrix shows as "x" what it is about to multiply.
    void see(Tap const& tap) override {
        if (tap.name != "x") { return; }
        std::size_t const place = places_.find(tap);
        if (place == matrices_.size()) { return; }
        settle();
        now_ = place;
        matrices_[now_].products += tap.rows;
    }

    /// The matrices in the order of the model's parts.
    [[nodiscard]] std::vector<Matrix> const& matrices() {
        settle();
        return matrices_;
    }

private:
    void settle() {
        if (matrices_.empty()) { return; }
        matrices_[now_].work += work_;
        work_ = {};
    }

    Work work_;
    detail::Places places_;
    std::vector<Matrix> matrices_;
    std::size_t now_ = 0;
};

}  // namespace spikelet
