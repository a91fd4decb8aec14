// SPDX-License-Identifier: MIT
#include "inference.hpp"

#include <spikelet/models/spikegpt_rescale.hpp>
#include <spikelet/ops/quantize.hpp>

#include "flags.hpp"

namespace spikegpt {

namespace {

constexpr std::array<Choice, 2> inferences{{{"trained"}, {"official_rescale"}}};

}  // namespace

void add_inference_flag(CLI::App& flags, std::string& name) {
    flags
        .add_option("--inference", name,
                    "The trained function, or what the released script makes of more than 6 layers")
        ->check(one_of(inferences))
        ->default_str("trained");
}

void check_inference(StoredModel const& model, std::string const& name) {
    if (is_rescaled(name) && !model.numbers) {
        sk::fail("--inference", sk::quote(name) + " divides weights of float, and those of this " +
                                    "model are " + text_of(model.storage));
    }
}

void choose_inference(StoredModel& model, std::string const& name) {
    check_inference(model, name);
    if (!is_rescaled(name)) { return; }
    sk::rescale_as_released(*model.numbers);
    model.net = StoredNet(model.numbers->config);
    sk::borrow(*model.numbers, model.net);
}

}  // namespace spikegpt
