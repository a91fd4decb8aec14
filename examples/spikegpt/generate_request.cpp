// SPDX-License-Identifier: MIT
#include "generate_request.hpp"

#include <spikelet/io/utf8.hpp>

#include "flags.hpp"
#include "inference.hpp"
#include "processor.hpp"
#include "spike_sites.hpp"

namespace spikegpt {

namespace {

void add_text_flags(CLI::App& flags, GenerateRequest& request) {
    flags.add_option("--prompt", request.prompt,
                     "What the text begins with; -: what standard input says");
    flags.add_option("--prompts", request.prompts, "Answers each line of this file; -: of input")
        ->type_name("FILE")
        ->excludes("--prompt");
    flags.add_option("--samples", request.samples, "How many texts from each prompt")
        ->check(whole(1, 1'000'000))
        ->capture_default_str();
    flags.add_option("--tokens", request.tokens, "How many ids to write, at most")
        ->check(whole(0, 1'000'000'000'000))
        ->capture_default_str();
    flags
        .add_option("--stop", request.stops,
                    "The text ends where this would begin, which is not shown; repeatable")
        ->allow_extra_args(false)
        ->check(some_text());
}

void add_state_flags(CLI::App& flags, GenerateRequest& request) {
    flags
        .add_option("--seed", request.seed,
                    "Of the choices in the first of --samples; each further one has the next "
                    "number\n(default 42, or those of --state-in go on)")
        ->check(whole(0, INT64_MAX));
    flags.add_option("--state-in", request.state_in, "Go on from this state")->type_name("FILE");
    flags.add_option("--state-out", request.state_out, "Leave the state here")
        ->type_name("FILE")
        ->excludes("--prompts")
        ->excludes("--samples");
}

void add_raster_flags(CLI::App& flags, RasterRequest& raster) {
    auto* const wanted = flags.add_flag(
        "--raster", raster.wanted,
        "Show spikes on standard error, a line for each id that is read while it writes");
    flags.add_option("--site", raster.sites, site_meaning)
        ->type_name("NAME")
        ->allow_extra_args(false)
        ->needs(wanted);
    flags.add_option("--neurons", raster.neurons, "Neurons of a site, if there is room")
        ->check(whole(1, 1024))
        ->capture_default_str()
        ->needs(wanted);
}

void add_output_flags(CLI::App& flags, GenerateRequest& request) {
    flags
        .add_option("--threads", request.threads,
                    "Threads to compute with; more may help a large model, and slow a small one")
        ->check(whole(1, 1024))
        ->capture_default_str();
    flags.add_option("--cpu", request.cpu, cpu_meaning)->check(one_of(instruction_sets()));
    flags.add_flag("--json", request.json, "End with one JSON object on standard output")
        ->excludes("--prompts")
        ->excludes("--samples");
    flags.add_flag("--json-lines", request.json_lines, "Write a JSON object for each text")
        ->excludes("--json");
}

}  // namespace

void declare_generate(CLI::App& flags, GenerateRequest& request) {
    add_model_flags(flags, request.model);
    add_inference_flag(flags, request.inference);
    add_text_flags(flags, request);
    add_sampling_flags(flags, request.sampling);
    flags.get_option("--greedy")->excludes("--samples");
    add_state_flags(flags, request);
    add_raster_flags(flags, request.raster);
    add_output_flags(flags, request);
}

void check_together(GenerateRequest const& request) {
    for (std::string const& stop : request.stops) { sk::check_utf8("--stop", stop); }
    check_together(request.sampling, !request.state_out.empty());
    if (request.samples > 1 && request.sampling.temperature == 0.0) {
        throw CLI::ValidationError("--samples", "at --temperature 0 all of them are the same text");
    }
    if (request.samples > 1 && !request.state_in.empty() && !request.seed) {
        throw CLI::ValidationError("--samples", "with --state-in they need a --seed");
    }
    if (request.seed.value_or(42) > INT64_MAX - (request.samples - 1)) {
        throw CLI::ValidationError("--seed", "too large for so many --samples");
    }
}

}  // namespace spikegpt
