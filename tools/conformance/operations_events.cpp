// SPDX-License-Identifier: MIT
// Graded spikes: nodes, the token shift that selects them, what stands around them, their cost.
#include <array>
#include <utility>

#include <spikelet/autodiff/tape.hpp>
#include <spikelet/core/bits.hpp>
#include <spikelet/core/tensor.hpp>
#include <spikelet/ops/event_node.hpp>
#include <spikelet/ops/event_shift.hpp>
#include <spikelet/ops/rms_norm.hpp>
#include <spikelet/ops/threshold_relu2.hpp>

#include "conformance/operation.hpp"

namespace conformance {
namespace {

using spikelet::dyn;
using spikelet::Extents;

constexpr Tolerance value{Measure::absolute, 2e-5};

// Calls f(S{}) for the kind of spike with so many levels. Throws Error.
template <class F>
void with_spikes(bool has_sign, int levels, F&& f) {
    if (has_sign && levels == 1) { return f(spikelet::trit{}); }
    if (has_sign && levels == 3) { return f(spikelet::signed_graded<3>{}); }
    if (!has_sign && levels == 1) { return f(spikelet::bit{}); }
    if (!has_sign && levels == 3) { return f(spikelet::graded<2>{}); }
    if (!has_sign && levels == 7) { return f(spikelet::graded<3>{}); }
    if (!has_sign && levels == 15) { return f(spikelet::graded<4>{}); }
    spikelet::fail("levels", "no kind of spike has " + std::to_string(levels));
}

// One case in T.
template <class T>
class EventCheck {
    using Tape = spikelet::Tape<Policy, T>;
    using Weights = spikelet::BasicParameter<T, dyn>;

public:
    EventCheck(Operation const& operation, nlohmann::json const& j)
        : operation_(operation),
          j_(j),
          name_(j.at("case")),
          tape_(operation.policy) {
        check();
    }

private:
    void check() {
        if (name_ == "dsdu") { return slopes(); }
        if (name_.starts_with("hard_shift")) { return shift(); }
        if (name_ == "relu2") { return relu2(); }
        if (name_ == "rms") { return rms(); }
        if (name_.starts_with("reg_")) { return cost(); }
        with_node([&](auto kind) { node(kind); });
    }

    [[nodiscard]] std::string key(std::string const& tensor) const { return name_ + "/" + tensor; }
    void compare(std::string const& tensor, std::vector<T> const& ours, Tolerance tolerance) const {
        operation_.compare(tolerance.allowed == 0 ? "events" : tensor, key(tensor), ours,
                           tolerance);
    }

    // A tensor [B,T,N] of the case as numbers of a new pass, which has a gradient.
    auto input(std::string const& tensor) {
        auto const n = operation_.sizes(key(tensor));
        input_ = operation_.read<T>(key(tensor));
        return tape_.begin(spikelet::View<T const, dyn, dyn, dyn>(
            input_.data(), Extents<dyn, dyn, dyn>(n.B, n.T, n.C)));
    }
    Weights weights(std::string const& tensor) {
        Weights w(operation_.extent(key(tensor), 0));
        auto const numbers = operation_.read<T>(key(tensor));
        std::ranges::copy(numbers, w.writable().begin());
        w.require_gradient();
        return w;
    }
    void backward(auto const& y, std::string const& tensor) {
        auto const dy = operation_.read<T>(key(tensor));
        tape_.backward(y, spikelet::View<T const, dyn>(dy.data(), Extents<dyn>(std::ssize(dy))));
    }
    void compare_gradient(std::string const& tensor, auto const& x) const {
        T const* const g = x.gradient.numbers();
        compare(tensor, {g, g + x.extents.size()}, gradient);
    }
    void compare_gradient(std::string const& tensor, Weights const& w) const {
        compare(tensor, {w.gradient(), w.gradient() + w.size()}, gradient);
    }
    template <class S, class E>
    std::vector<T> numbers(spikelet::Var<Tape, S, E> const& s) const {
        index const channels = s.extents[2];
        std::vector<T> all(static_cast<std::size_t>(s.extents.size()));
        for (index r = 0; r < s.extents.rows(); ++r) {
            spikelet::unpack<S>(s.data + r * spikelet::Element<S>::row_units(channels), channels,
                                all.data() + r * channels);
        }
        return all;
    }

    template <class F>
    void with_node(F&& f) const {
        bool const has_sign = j_.value("kind", "").find("signed") != std::string::npos &&
                              j_.value("kind", "").find("unsigned") == std::string::npos;
        with_spikes(has_sign, j_.at("levels").template get<int>(), f);
    }

    template <class S>
    void node(S) {
        bool const normed = name_ == "rms_s3";
        auto const x = input(normed ? "y" : "x");
        auto const threshold = weights("th");
        auto const [s, u] =
            normed ? event_node<S>(spikelet::rms_norm(x), threshold) : event_node<S>(x, threshold);
        compare("s", numbers(s), exact);
        compare("u", {u.data, u.data + u.extents.size()}, value);
        backward(s, "grad_s");
        compare_gradient(normed ? "grad_y" : "grad_x", x);
        compare_gradient("grad_th", threshold);
    }

    void slopes() const {
        using B = spikelet::simd::Batch<T, Policy>;
        auto const u = operation_.read<T>(key("u"));
        auto const check = [&](std::string const& tensor, bool has_sign, int levels) {
            with_spikes(has_sign, levels, [&]<class S>(S) {
                std::vector<T> ours(u.size());
                spikelet::simd::for_each_batch<B>(0, std::ssize(u), [&](index i, auto lanes) {
                    B const x = spikelet::simd::load<B>(u.data() + i, lanes);
                    auto const slope = spikelet::kernels::slope_of(spikelet::Arctan{}, x,
                                                                   spikelet::EventLevels<S>{});
                    spikelet::simd::store(ours.data() + i, slope, lanes);
                });
                compare(tensor, ours, gradient);
            });
        };
        for (int const levels : {1, 3, 7, 15}) {
            check("u" + std::to_string(levels), false, levels);
            if (levels < 7) { check("s" + std::to_string(levels), true, levels); }
        }
    }

    // The reference shifts numbers that are levels. Where a row stands before the first, it comes
    // as a step of its own, of whose outputs nothing is compared.
    void shift() {
        using S = spikelet::graded<3>;
        bool const carried = name_ == "hard_shift_prev";
        auto const n = operation_.sizes(key("x"));
        index const steps = n.T + (carried ? 1 : 0);
        auto const levels = operation_.read<T>(key("x"));
        auto const before = carried ? operation_.read<T>(key("prev")) : std::vector<T>{};
        auto const given = operation_.read<T>(key("grad_out"));
        spikelet::Tensor<S, dyn, dyn, dyn> packed(Extents<dyn, dyn, dyn>(n.B, steps, n.C));
        std::vector<T> dy(static_cast<std::size_t>(n.B * steps * n.C));
        for (index b = 0; b < n.B; ++b) {
            index const first = steps - n.T;
            if (carried) { spikelet::pack<S>(before.data() + b * n.C, n.C, packed.row(b * steps)); }
            for (index t = 0; t < n.T; ++t) {
                spikelet::pack<S>(levels.data() + (b * n.T + t) * n.C, n.C,
                                  packed.row(b * steps + first + t));
            }
            std::copy_n(given.data() + b * n.T * n.C, n.T * n.C,
                        dy.data() + (b * steps + first) * n.C);
        }
        auto const m = weights("m");
        auto const s = tape_.begin(std::as_const(packed).view());
        auto const y = spikelet::event_shift(s, m)[0];
        compare("out", after(y.extents, numbers(y), n.T), exact);
        tape_.backward(y, spikelet::View<T const, dyn>(dy.data(), Extents<dyn>(std::ssize(dy))));
        T const* const g = s.gradient.numbers();
        compare("grad_x", after(y.extents, {g, g + y.extents.size()}, n.T), gradient);
        compare_gradient("grad_m", m);
        if (carried) {
            std::vector<T> first;
            for (index b = 0; b < n.B; ++b) {
                first.insert(first.end(), g + b * steps * n.C, g + (b * steps + 1) * n.C);
            }
            compare("grad_prev", first, gradient);
        }
    }

    // The last `steps` steps of each sequence.
    template <class E>
    static std::vector<T> after(E const& e, std::vector<T> const& all, index steps) {
        std::vector<T> some;
        for (index b = 0; b < e[0]; ++b) {
            auto const end = all.begin() + (b + 1) * e[1] * e[2];
            some.insert(some.end(), end - steps * e[2], end);
        }
        return some;
    }

    void rms() {
        auto const y = input("y");
        auto const z = spikelet::rms_norm(y);
        compare("z", {z.data, z.data + z.extents.size()}, value);
        backward(z, "grad_z");
        compare_gradient("grad_y", y);
    }

    void relu2() {
        auto const x = input("x");
        auto const threshold = weights("th");
        auto const h = spikelet::threshold_relu2(x, threshold);
        compare("h", {h.data, h.data + h.extents.size()}, value);
        backward(h, "grad_h");
        compare_gradient("grad_x", x);
        compare_gradient("grad_th", threshold);
    }

    // The mean is the cost of events that one output reads, at one over the channels.
    void cost() {
        index const channels = operation_.extent(key("th"), 0);
        tape_.event_cost().set_price(1.0 / static_cast<double>(channels));
        auto const x = input("x");
        auto const threshold = weights("th");
        auto const nothing = std::vector<T>(static_cast<std::size_t>(x.extents.size()));
        spikelet::View<T const, dyn> const dy(nothing.data(), Extents<dyn>(std::ssize(nothing)));
        if (name_ == "reg_relu2") {
            tape_.backward(spikelet::threshold_relu2(x, threshold, 1), dy);
        } else {
            with_node([&]<class S>(S) {
                int const levels = spikelet::EventLevels<S>::highest;
                tape_.backward(event_node<S>(x, threshold, levels, 1).spikes, dy);
            });
        }
        double const mean = tape_.event_cost().total() / static_cast<double>(channels);
        compare("value", {static_cast<T>(mean)}, value);
        compare_gradient("grad_x", x);
        compare_gradient("grad_th", threshold);
    }

    Operation const& operation_;
    nlohmann::json const& j_;
    std::string name_;
    Tape tape_;
    std::vector<T> input_;
};

}  // namespace

void check_event_node(Operation const& operation, bool with_double) {
    for (auto const& j : operation.description.at("cases")) {
        EventCheck<float>(operation, j);
        if (with_double) { EventCheck<double>(operation, j); }
    }
}

}  // namespace conformance
