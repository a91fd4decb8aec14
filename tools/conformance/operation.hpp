// SPDX-License-Identifier: MIT
// What checks of single operations share: the case, its numbers as T, and a verdict about ours.
#pragma once

#include <algorithm>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <spikelet/core/policy.hpp>
#include <spikelet/io/safetensors.hpp>
#include <spikelet/kernels/sizes.hpp>

#include "conformance/cases.hpp"

namespace conformance {

/// An operation's reference values and description, and whoever wants to hear about ours.
struct Operation {
    spikelet::SafetensorsFile const& file;
    nlohmann::json const& description;
    spikelet::OpenMp<> policy;
    Report& report;
    std::set<std::string>& used;  ///< names of the tensors that were read or compared

    /// A tensor as numbers of type T.
    template <class T>
    [[nodiscard]] std::vector<T> read(std::string const& name) const {
        used.insert(name);
        return file.read<T>(name);
    }
    template <class T>
    void read(std::string const& name, std::span<T> to) const {
        used.insert(name);
        file.read(name, to);
    }

    [[nodiscard]] bool has(std::string_view name) const {
        return std::ranges::count(file.names(), name) > 0;
    }

    [[nodiscard]] index extent(std::string const& name, std::size_t axis) const {
        return file.tensor(name).shape.at(axis);
    }

    /// The sizes of a tensor [batch, time, channels].
    [[nodiscard]] spikelet::kernels::Btc sizes(std::string const& name) const {
        return {extent(name, 0), extent(name, 1), extent(name, 2)};
    }

    /// Compares our numbers with the tensor `name`. In double, up to the reference's rounding.
    template <class T>
    void compare(std::string_view item, std::string const& name, std::vector<T> const& ours,
                 Tolerance in_float) const {
        constexpr bool rounds = std::is_same_v<T, float>;
        bool const is_exact = in_float.allowed == 0;
        Tolerance const in_double{
            in_float.measure == Measure::absolute ? Measure::scaled : in_float.measure, 1e-7};
        Tolerance const tolerance = rounds || is_exact ? in_float : in_double;
        used.insert(name);
        Array const reference = read_array(file, name);
        report.compare(std::string(item) + (rounds ? "" : ", double"), name,
                       {reference.shape, {ours.begin(), ours.end()}}, reference, tolerance);
    }
};

/// What gradients of an operation may differ by, unless its check says something else.
inline constexpr Tolerance gradient{Measure::relative, 2e-5};

/// The policy by which kernels of operations run.
using Policy = spikelet::OpenMp<>;

void check_lif(Operation const& operation, bool with_double);
void check_event_node(Operation const& operation, bool with_double);
void check_event_driven_identity(Operation const& operation, bool with_double);
void check_surrogates(Operation const& operation, bool with_double);
void check_wkv(Operation const& operation, bool with_double);
void check_layer_norm(Operation const& operation, bool with_double);
void check_token_shift(Operation const& operation, bool with_double);
void check_cross_entropy(Operation const& operation, bool with_double);
void check_adam(Operation const& operation, bool with_double);
void check_sampling(Operation const& operation, bool with_double);

}  // namespace conformance
