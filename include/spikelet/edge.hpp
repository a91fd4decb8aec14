// SPDX-License-Identifier: MIT
// What a chip needs to stream: layers, models and the Session. No tape, no files, no exceptions or
// RTTI required, no heap where all sizes are in the model's type.
#pragma once

// IWYU pragma: begin_exports
#include <spikelet/autodiff/chain.hpp>
#include <spikelet/autodiff/session.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/core/version.hpp>
#include <spikelet/models/argmax.hpp>
#include <spikelet/models/spikegpt.hpp>
#include <spikelet/nn/adaptive_lif.hpp>
#include <spikelet/nn/channel_mix.hpp>
#include <spikelet/nn/embedding.hpp>
#include <spikelet/nn/event_node.hpp>
#include <spikelet/nn/integer_lif.hpp>
#include <spikelet/nn/layer_norm.hpp>
#include <spikelet/nn/leaky_integrator.hpp>
#include <spikelet/nn/lif.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/nn/parametric_lif.hpp>
#include <spikelet/nn/synaptic_lif.hpp>
#include <spikelet/nn/threshold_relu2.hpp>
#include <spikelet/nn/time_mix.hpp>
#include <spikelet/ops/elementwise.hpp>
#include <spikelet/ops/encoders.hpp>
#include <spikelet/ops/event_shift.hpp>
#include <spikelet/ops/rms_norm.hpp>
// IWYU pragma: end_exports
