// SPDX-License-Identifier: MIT
// What neurons do while a model writes: a line for each id that it reads on the way, with a dot for
// each neuron that fires. If standard error is a terminal, lines fit into it.
#pragma once

#include <string>
#include <vector>

#include "spike_recorder.hpp"
#include "stored_model.hpp"

namespace spikegpt {

/// What `generate --raster` shows.
struct RasterRequest {
    bool wanted = false;
    std::vector<std::string> sites{};  ///< empty: those that sites_to_draw() chooses
    sk::index neurons = 64;            ///< of each site, at most
};

class LiveRaster {
public:
    /// Of a stream of this model, which is at rest and will be again; all must outlive the raster.
    /// Throws Error for a model without neurons, and for a site that it does not have.
    LiveRaster(StoredModel const& language, RasterRequest const& request, Stream& stream);
    LiveRaster(LiveRaster const&) = delete;  // the stream knows the recorder's address
    LiveRaster& operator=(LiveRaster const&) = delete;

    /// Looks at the stream from now on. Returns a line that says what lines show; `title` is of
    /// what comes, if that needs one.
    std::string begin(std::string const& title);

    /// The line of the last id that the stream has read.
    std::string line_of(std::int32_t id);

    /// Looks away.
    void end() { stream_.observe(nullptr); }

private:
    sk::Vocabulary const& vocabulary_;
    Stream& stream_;
    int label_width_;
    std::vector<std::string> sites_;
    sk::index neurons_;
    SpikeRecorder recorder_;
};

}  // namespace spikegpt
