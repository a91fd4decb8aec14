// SPDX-License-Identifier: MIT
// The scratch of products. Sessions take it for whole chunks and use it for shorter ones, kernels
// take it for a block of rows and use it for the last: fewer rows must never need more.
#include <algorithm>
#include <cstdint>
#include <type_traits>

#include <doctest/doctest.h>

#include <spikelet/core/rng.hpp>
#include <spikelet/kernels/bf16_matmul.hpp>
#include <spikelet/kernels/event_matmul.hpp>
#include <spikelet/kernels/quantized_matmul.hpp>
#include <spikelet/kernels/quantized_spike_matmul.hpp>
#include <spikelet/kernels/spike_matmul.hpp>

namespace spikelet::test::workspace_test {
namespace {

using kernels::MatmulSize;
using kernels::ProductSize;

/// Calls f(size, fewer rows than it has) for sizes near and far from those that kernels tell apart.
void each_size(auto&& f) {
    Rng rng(1);
    auto const up_to = [&](index most) {
        return 1 + rng.below(std::min(most, index{2} << rng.below(12)));
    };
    for (int i = 0; i < 20'000; ++i) {
        MatmulSize const n{up_to(3000), up_to(1500), up_to(1500)};
        f(n, MatmulSize{1 + rng.below(n.rows), n.inputs, n.outputs});
    }
}

/// How often `units` of some rows are more than those of more rows.
int exceptions(auto&& units) {
    int found = 0;
    each_size([&](MatmulSize n, MatmulSize fewer) {
        if (units(fewer) > units(n)) {
            if (found++ == 0) {
                MESSAGE(fewer.rows, " of ", n.rows, " x ", n.inputs, " x ", n.outputs);
            }
        }
    });
    return found;
}

using P = Serial<>;

TEST_CASE_TEMPLATE("workspace: fewer rows need no more of it, numbers", T, float, double) {
    CHECK(exceptions([](MatmulSize n) { return kernels::LinearProducts<T, P>::workspace(n); }) ==
          0);
    CHECK(exceptions([](MatmulSize n) {
              return kernels::BlockedProduct<T, P>::workspace({n.rows, n.inputs, n.outputs});
          }) == 0);
    CHECK(exceptions([](MatmulSize n) {
              return kernels::BlockedProduct<T, P>::workspace({n.inputs, n.rows, n.outputs});
          }) == 0);
}

TEST_CASE("workspace: fewer rows need no more of it, floats and few bits") {
    CHECK(exceptions([](MatmulSize n) { return kernels::Matmul<P>::workspace(n); }) == 0);
    CHECK(exceptions([](MatmulSize n) { return kernels::Bf16Matmul<P>::workspace(n); }) == 0);
    CHECK(exceptions([](MatmulSize n) {
              return kernels::QuantizedMatmul<std::int8_t, P>::workspace(n);
          }) == 0);
}

TEST_CASE_TEMPLATE("workspace: fewer rows need no more of it, spikes", S, bit, graded<3>,
                   signed_graded<3>, trit) {
    using Kernel = kernels::SpikeMatmul<P, S>;
    CHECK(exceptions([](MatmulSize n) { return Kernel::template forward_workspace<float>(n); }) ==
          0);
    CHECK(exceptions([](MatmulSize n) { return Kernel::template backward_workspace<float>(n); }) ==
          0);
    auto const stored = [](auto code) {
        return [](MatmulSize n) {
            return kernels::QuantizedSpikeMatmul<typename decltype(code)::type,
                                                 P>::template workspace<S>(n);
        };
    };
    CHECK(exceptions(stored(std::type_identity<bf16>{})) == 0);
    CHECK(exceptions(stored(std::type_identity<std::int8_t>{})) == 0);
    CHECK(exceptions(stored(std::type_identity<int4>{})) == 0);
    CHECK(exceptions(stored(std::type_identity<trit>{})) == 0);
}

TEST_CASE("workspace: what float needs is enough for double, in numbers") {
    int found = 0;
    each_size([&](MatmulSize n, MatmulSize) {
        using Sparse = kernels::SparseProduct<double, P>;
        if (n.rows < kernels::LinearProducts<double, P>::packed_rows) { return; }
        index const bytes =
            std::max({Sparse::workspace(kernels::of_y(n)), Sparse::workspace(kernels::of_dw(n)),
                      kernels::SampledProduct<double, P>::workspace(n.rows, n.inputs)});
        index const need = std::max(kernels::units_of<double>(bytes),
                                    kernels::LinearProducts<double, P>::workspace(n));
        found += need > kernels::Matmul<P>::workspace(n) ? 1 : 0;
    });
    CHECK(found == 0);
}

}  // namespace
}  // namespace spikelet::test::workspace_test
