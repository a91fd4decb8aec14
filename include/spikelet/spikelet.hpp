// SPDX-License-Identifier: MIT
// What most programs need. Beside it there are, for classes of texts, <spikelet/ops/bias.hpp>,
// <spikelet/ops/mean_over_time.hpp> and <spikelet/models/spikegpt_classifier.hpp>; for ops of one's
// own, <spikelet/autodiff/gradcheck.hpp>; with nlohmann_json, <spikelet/io/checkpoint.hpp> for
// models, <spikelet/io/session_state.hpp> for conversations, <spikelet/io/safetensors.hpp> for
// tensors; with zlib, too, <spikelet/io/checkpoint_file.hpp> for PyTorch's files; with a BLAS,
// <spikelet/kernels/blas_matmul.hpp>.
#pragma once

// IWYU pragma: begin_exports
#include <spikelet/autodiff/chain.hpp>
#include <spikelet/autodiff/forward.hpp>
#include <spikelet/autodiff/part_names.hpp>
#include <spikelet/autodiff/reversible.hpp>
#include <spikelet/autodiff/session.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/core/bits.hpp>
#include <spikelet/core/rng.hpp>
#include <spikelet/core/tensor.hpp>
#include <spikelet/core/tokens.hpp>
#include <spikelet/core/version.hpp>
#include <spikelet/io/corpus.hpp>
#include <spikelet/models/argmax.hpp>
#include <spikelet/models/sampling.hpp>
#include <spikelet/models/spikegpt.hpp>
#include <spikelet/models/spikegpt_init.hpp>
#include <spikelet/nn/adaptive_lif.hpp>
#include <spikelet/nn/channel_mix.hpp>
#include <spikelet/nn/embedding.hpp>
#include <spikelet/nn/event_node.hpp>
#include <spikelet/nn/init.hpp>
#include <spikelet/nn/integer_lif.hpp>
#include <spikelet/nn/layer_norm.hpp>
#include <spikelet/nn/leaky_integrator.hpp>
#include <spikelet/nn/lif.hpp>
#include <spikelet/nn/linear.hpp>
#include <spikelet/nn/parametric_lif.hpp>
#include <spikelet/nn/synaptic_lif.hpp>
#include <spikelet/nn/threshold_relu2.hpp>
#include <spikelet/nn/time_mix.hpp>
#include <spikelet/ops/cross_entropy.hpp>
#include <spikelet/ops/elementwise.hpp>
#include <spikelet/ops/encoders.hpp>
#include <spikelet/ops/event_shift.hpp>
#include <spikelet/ops/quantize.hpp>
#include <spikelet/ops/rms_norm.hpp>
#include <spikelet/train/adam.hpp>
#include <spikelet/train/energy.hpp>
#include <spikelet/train/firing_rates.hpp>
#include <spikelet/train/input_density.hpp>
#include <spikelet/train/matrix_work.hpp>
#include <spikelet/train/schedule.hpp>
#include <spikelet/train/spike_statistics.hpp>
// IWYU pragma: end_exports
