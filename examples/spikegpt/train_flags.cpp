// SPDX-License-Identifier: MIT
#include "train_flags.hpp"

#include <spikelet/nn/event_node.hpp>

namespace spikegpt {

void check_neurons(LanguageModel const& language, CLI::App const& flags) {
    if (flags.count("--threshold") > 0 && !has_lif(language.net.config.spikes)) {
        sk::fail("--threshold", "this model has no LIF neurons; the variants spikegpt, spikegpt_b "
                                "and spike_driven have");
    }
}

void check_events(LanguageModel const& language, CLI::App const& flags) {
    if (sk::event_synapses(language.net) > 0) { return; }
    for (char const* name : {"--event-cost", "--events", "--event-ramp", "--threshold-rate"}) {
        if (flags.count(name) > 0) {
            sk::fail(name, "this model has no events; the variants event_driven and "
                           "event_driven_post have");
        }
    }
}

void check_course(Sources const& sources, TrainOptions const& options, CLI::App const& flags) {
    for (char const* name : {"--eval-every", "--eval-tokens"}) {
        if (!sources.valid && flags.count(name) > 0) {
            sk::fail(name, "there is no text to validate on");
        }
    }
    if (options.schedule == "constant" && flags.count("--lr-final") > 0) {
        sk::fail("--lr-final", "the schedule is constant; its rate is --lr");
    }
}

}  // namespace spikegpt
