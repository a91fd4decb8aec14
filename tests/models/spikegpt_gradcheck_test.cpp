// SPDX-License-Identifier: MIT
#include <spikelet/models/spikegpt.hpp>

#include <doctest/doctest.h>

#include <spikelet/autodiff/gradcheck.hpp>

#include <support/lively_spikegpt.hpp>

namespace spikelet::test::spikegpt_gradcheck_test {
namespace {

TEST_CASE("spikegpt: without spikes every weight's gradient equals finite differences") {
    using Model = SpikeGpt<dyn, dyn, dyn, dyn, Arctan, double>;
    for (bool const ffn_pre : {false, true}) {
        auto config = make_config(find_variant("vanilla_rwkv"), 7, 2, 5);
        config.ffn_pre = ffn_pre;
        config.hidden = 6;
        config.dropout = 0.2;
        auto model = lively_model<Model>(config);
        Tensor<std::int32_t, dyn, dyn> ids(2, 4);
        Rng rng(1);
        for (auto& id : ids.span()) { id = static_cast<std::int32_t>(rng.below(7)); }
        auto const report = gradcheck(model, ids);
        CHECK_MESSAGE(report.passed(), to_string(report));
        CHECK(report.checked == config.parameter_count());
    }
}

}  // namespace
}  // namespace spikelet::test::spikegpt_gradcheck_test
