// SPDX-License-Identifier: MIT
//
// Small SpikeGPTs whose neurons fire: freshly initialised ones are silent, and silent neurons prove
// nothing.
#pragma once

#include <spikelet/models/spikegpt.hpp>
#include <spikelet/models/spikegpt_init.hpp>

namespace spikelet::test {

/// Starts a model so that every kind of spike occurs.
template <class Model>
void enliven(Model& model, std::uint64_t seed = 1) {
    Rng rng(seed);
    init_spikegpt(model, Initialisation::A, rng);
    each_parameter(model, [&](std::string_view name, auto& p) {
        using T = typename Model::scalar;
        // The matrices in blocks drive neurons; the rest is shaken a little.
        bool const in_block = name.starts_with("blocks.");
        bool const matrix =
            in_block && std::remove_reference_t<decltype(p)>::extents_type::rank == 2;
        for (T& w : p.span()) { w = matrix ? w * T(4) : w + static_cast<T>(0.1 * rng.normal()); }
    });
}

template <class Model = SpikeGpt<>>
Model lively_model(SpikeGptConfig const& config, std::uint64_t seed = 1) {
    Model model(config);
    enliven(model, seed);
    return model;
}

}  // namespace spikelet::test
