// SPDX-License-Identifier: MIT
// The rescaling of the inference script that was released with SpikeGPT (src/model_run.py of
// ridgerchu/SpikeGPT, RWKV_RESCALE_LAYER = 6; it comes from RWKV, where it keeps halves of floats
// from overflowing). For the layers i = 0, 1, 2, ...
//   att.output, ffn.value  divided by 2^floor(i / 6)
//   x = x / 2              behind the layers 5, 11, 17, ...
// Without spikes that is the trained function, up to the epsilon of layer norm: the stream and what
// is added to it are scaled alike, and all that reads it is a layer norm. With nodes between
// sub-block and stream it is another one: their inputs shrink while spikes stay 1, so from layer 6
// on neurons fire less, and what they fire weighs more.
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <type_traits>

#include <spikelet/core/quote.hpp>
#include <spikelet/models/spikegpt_config.hpp>
#include <spikelet/nn/init.hpp>

namespace spikelet {

/// Turns a trained model into what the released script computes with its weights: divides these,
/// and sets SpikeGptConfig::halve_every. All that is done is exact, quotients below the smallest
/// normal number aside. Throws Error, and changes nothing, for a model that is rescaled already,
/// has no weights yet or computes with weights in few bits, for a number of layers that no model
/// has, and if a parameter is bound to constant numbers.
template <class Model>
void rescale_as_released(Model& model, index layers = 6) {
    using Scalar = typename Model::scalar;
    static_assert(std::remove_reference_t<decltype(model.head)>::trained,
                  "rescale_as_released: weights in few bits cannot be divided");
    if (layers < 1 || layers > SpikeGptConfig::most_layers) {
        fail("rescale", "every so many layers must be from 1 to " +
                            std::to_string(SpikeGptConfig::most_layers));
    }
    if (model.config.halve_every != 0) { fail("rescale", "the model is rescaled already"); }
    if (!model.config.trains_as.plain()) {
        fail("rescale", "the model computes with weights in few bits, which cannot be divided");
    }
    check_writable("rescale", model);
    each_parameter(model, [](std::string_view name, auto const& p) {
        if (p.value() == nullptr) { fail("rescale", quote(name) + " has no numbers yet"); }
    });
    auto const divide = [](auto& matrix, index exponent) {
        auto const factor = std::ldexp(Scalar(1), -static_cast<int>(exponent));
        for (Scalar& w : matrix.weight.writable()) { w *= factor; }
    };
    model.config.halve_every = layers;
    for (index i = 0; i < model.config.layers; ++i) {
        auto& block = model.blocks[static_cast<std::size_t>(i)];
        if (block.att.has_value()) { divide(block.att->output, i / layers); }
        if (block.ffnPre.has_value()) { divide(block.ffnPre->value, i / layers); }
        divide(block.ffn.value, i / layers);
        block.halved = model.config.halved_behind(i);
    }
}

}  // namespace spikelet
