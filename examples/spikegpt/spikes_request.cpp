// SPDX-License-Identifier: MIT
#include "spikes_request.hpp"

#include <filesystem>

#include <spikelet/io/file_writer.hpp>

#include "flags.hpp"
#include "limits.hpp"
#include "out_file.hpp"
#include "processor.hpp"
#include "spike_sites.hpp"

namespace spikegpt {

namespace {

void check_picture(std::string_view flag, std::string const& path, SpikesRequest const& request) {
    if (path.empty()) { return; }
    check_is_no_input(flag, path, request.data);
    check_is_no_input(flag, path, {request.model.path});
    sk::FileWriter const can_be_written(path);
}

}  // namespace

void declare_spikes(CLI::App& flags, SpikesRequest& request) {
    add_model_flags(flags, request.model);
    flags.add_option("--data", request.data, "Text to read, several files count as one; or ids")
        ->type_name("FILE...")
        ->required();
    flags
        .add_option("--ctx", request.ctx,
                    "Ids in a window, each of which starts at rest (default as trained, else 128)")
        ->check(whole(1, 1'000'000));
    flags.add_option("--batch", request.batch, "Windows at a time")
        ->check(whole(1, most_batch))
        ->capture_default_str();
    flags.add_option("--tokens", request.tokens, "Read at most so many ids, from the start")
        ->check(whole(1, 1'000'000'000'000))
        ->capture_default_str();
    flags.add_option("--raster", request.raster, "Draw spikes and membranes over the text's start")
        ->type_name("FILE.svg")
        ->check(file_name({".svg"}));
    flags.add_flag("--dots", request.dots,
                   "Print spikes over the text's start, a line for each id");
    flags.add_option("--site", request.sites, site_meaning)->type_name("NAME");
    flags.add_option("--length", request.length, "Draw so many ids")
        ->check(whole(1, 400))
        ->capture_default_str();
    flags.add_option("--neurons", request.neurons, "Draw so many neurons of a site")
        ->check(whole(1, 1024))
        ->capture_default_str();
    flags.add_option("--rates", request.rates, "Draw firing rates by layer")
        ->type_name("FILE.svg")
        ->check(file_name({".svg"}));
    flags.add_option("--threads", request.threads, threads_meaning)->check(whole(0, most_threads));
    flags.add_option("--cpu", request.cpu, cpu_meaning)->check(one_of(instruction_sets()));
    flags.add_flag("--json", request.json, "End with one JSON object on standard output");
}

void check_pictures(SpikesRequest const& request) {
    check_picture("--raster", request.raster, request);
    check_picture("--rates", request.rates, request);
    if (request.raster.empty() || request.rates.empty()) { return; }
    auto const place = [](std::string const& path) {
        return std::filesystem::weakly_canonical(std::filesystem::absolute(path));
    };
    if (place(request.raster) == place(request.rates)) {
        sk::fail("--rates", sk::quote(request.rates) + " is the picture of --raster");
    }
}

}  // namespace spikegpt
