// SPDX-License-Identifier: MIT
// Which weights a model has, as a short text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/checksum.hpp>

namespace spikelet {

/// 16 hexadecimal digits, a checksum of the names, lengths and bytes of all parameters: the same
/// for the same weights, another after any step of training. Throws Error if a parameter has no
/// numbers.
template <class Model>
[[nodiscard]] std::string fingerprint(Model const& model) {
    static_assert(Layer<Model> || IsParameter<Model>,
                  "fingerprint: list the model's parts with SPIKELET_PARTS");
    Checksum sum;
    each_parameter(model, [&](std::string_view name, auto const& parameter) {
        if (parameter.value() == nullptr) {
            fail("fingerprint", "the parameter " + quote(name) + " has no numbers yet");
        }
        auto const bytes = std::as_bytes(parameter.span());
        std::uint64_t const lengths[]{name.size(), bytes.size()};
        sum.add(std::as_bytes(std::span(lengths)));
        sum.add(name);
        sum.add(bytes);
    });
    return sum.text();
}

}  // namespace spikelet
