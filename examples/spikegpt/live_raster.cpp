// SPDX-License-Identifier: MIT
#include "live_raster.hpp"

#include <algorithm>
#include <limits>
#include <span>

#include <fmt/format.h>

#include "block_name.hpp"
#include "spike_sites.hpp"
#include "terminal.hpp"

namespace spikegpt {

namespace {

// Neurons that one character of sk::dots_of() shows.
constexpr sk::index neurons_of_cell = 8;

// Sites stand in the order in which they fire, with this between them.
constexpr char const* between_sites = "|";

std::vector<std::string> sites_of_neurons(StoredModel const& language, RasterRequest const& request,
                                          Stream& stream) {
    auto const names = names_of_sites(language.net, [&](sk::FiringRates& rates) {
        std::int32_t const any = 0;
        stream.observe(&rates);
        stream.feed({&any, 1});
        stream.observe(nullptr);
        stream.restore({});
    });
    if (std::ranges::none_of(names, has_neurons)) {
        sk::fail("--raster", "this model has no neurons");
    }
    return sites_to_draw(request.sites, names);
}

// Columns for spikes, in which `taken` are for something else.
sk::index room_beside(int taken) {
    if (!shows_on_terminal()) { return std::numeric_limits<int>::max(); }
    return std::max<sk::index>(static_cast<sk::index>(terminal_width()) - 1 - taken, 1);
}

// The first sites that have room for a character each, and between them.
std::vector<std::string> that_fit(std::vector<std::string> sites, sk::index room) {
    sites.resize(std::min(sites.size(), static_cast<std::size_t>((room + 1) / 2)));
    return sites;
}

// How many neurons of each site have room.
sk::index neurons_that_fit(sk::index neurons, sk::index sites, sk::index room) {
    return std::min(neurons, (room - (sites - 1)) / sites * neurons_of_cell);
}

}  // namespace

LiveRaster::LiveRaster(StoredModel const& language, RasterRequest const& request, Stream& stream)
    : vocabulary_(*language.vocabulary),
      stream_(stream),
      label_width_(vocabulary_.tokenizer() == nullptr ? 4 : 12),
      sites_(that_fit(sites_of_neurons(language, request, stream), room_beside(label_width_ + 1))),
      neurons_(
          neurons_that_fit(request.neurons, std::ssize(sites_), room_beside(label_width_ + 1))),
      recorder_(language.net, sites_, neurons_) {}

std::string LiveRaster::begin(std::string const& title) {
    recorder_.clear();
    stream_.observe(&recorder_);
    return fmt::format("{}spikes of up to {} neurons of {}\n", title, neurons_,
                       fmt::join(sites_, fmt::format(" {} ", between_sites)));
}

std::string LiveRaster::line_of(std::int32_t id) {
    std::string line =
        right_aligned(label_of(vocabulary_, id, label_width_ - 1), label_width_) + ' ';
    // Of a prompt that was not read to its end there may be more ids, and passes.
    auto const last = std::span(recorder_.records()).last(sites_.size());
    for (sk::SpikeRecord const& record : last) {
        if (&record != &last.front()) { line += between_sites; }
        line += sk::dots_of(record, std::ssize(record.spikes) / record.neurons - 1);
    }
    recorder_.clear();
    return line + '\n';
}

}  // namespace spikegpt
