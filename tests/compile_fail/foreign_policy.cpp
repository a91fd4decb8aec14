// expect: lif: no kernel for this policy; the policies are Serial and OpenMp
// SPDX-License-Identifier: MIT
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/ops/lif.hpp>

struct Elsewhere {
    using arch = xsimd::default_arch;
};

auto wrong(spikelet::Tape<Elsewhere>& tape) {
    return spikelet::lif(tape.make<float>(spikelet::Extents<1, 3, 128>{}));
}
