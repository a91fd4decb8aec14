// SPDX-License-Identifier: MIT
// A neuron and a surrogate of your own, written outside of the library as its neurons are: a type
// that says what a step is, a layer of it, and the checks that it is right.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

#include <spikelet/autodiff/gradcheck.hpp>
#include <spikelet/spikelet.hpp>

namespace mine {

namespace sk = spikelet;
namespace simd = sk::simd;
using sk::index;

// Resonate-and-fire (Izhikevich, Neural Networks 14, 2001) in Euler's steps: v and u turn by the
// frequency w and lose the damping b, both learned; stable for (1 - b)^2 + w^2 < 1.
//   charge   v' = (1 - b) v + w u,   u' = (1 - b) u - w v + x
//   fire     where v' >= 1;   reset to v = u = 0, which the gradient does not see
// kernels/neurons.hpp says what a neuron must have. B is a batch: a channel in each lane.
struct Resonator {
    static constexpr index states = 2, weights = 2;  // v and u; b and w
    static constexpr bool spiking = true;
    template <class B>
    using Two = std::array<B, 2>;

    static constexpr std::array<double, 2> rest() { return {0, 0}; }
    auto constants(auto const& learned) const { return learned; }
    auto through_constants(auto const&, auto const& dk) const { return dk; }

    template <class B>
    Two<B> charge(Two<B> const& k, Two<B> const& s, B const& x) const {
        auto h = turn(k[0], k[1], s);
        h[1] += x;
        return h;
    }
    template <class B>
    auto fires(auto const&, Two<B> const& h) const {
        return h[0] >= B(1);
    }
    template <class B>
    Two<B> reset(auto const&, Two<B> const& h, auto const& fires) const {
        return {simd::zero_where(fires, h[0]), simd::zero_where(fires, h[1])};
    }
    // e, the gradient of v' and u', comes from the state after the reset, the spike and whoever
    // reads the charge. A turn back is what turns by -w.
    template <class B>
    void back(auto const& surrogate, Two<B> const& k, sk::kernels::SeenStep<B, 2> const& seen,
              Two<B>& after, Two<B>& dk, B& dx) const {
        auto const [v, u] = seen.before;
        auto e = reset(k, after, fires(k, seen.charged));
        e[0] += simd::fma(seen.dspike, surrogate(seen.charged[0] - B(1)), seen.dcharge);
        dk[0] -= v * e[0] + u * e[1];
        dk[1] += u * e[0] - v * e[1];
        dx += e[1];
        after = turn(k[0], -k[1], e);
    }

private:
    template <class B>
    static Two<B> turn(B const& b, B const& w, Two<B> const& s) {
        return {simd::fma(w, s[1], (B(1) - b) * s[0]), simd::fnma(w, s[0], (B(1) - b) * s[1])};
    }
};

// The surrogate, e^(-2 |v - 1|) (Shrestha & Orchard, "SLAYER", 2018).
constexpr auto slayer = [](auto const& above) { return simd::exp(-simd::abs(above + above)); };

// The layer: parameters, a call, first values.
template <index C, class T = float>
struct Resonators {
    sk::BasicParameter<T, C> damping, frequency;
    SPIKELET_PARTS(damping, frequency)

    constexpr auto fired(auto x, auto surrogate) const {
        return sk::neurons("resonators", Resonator{}, surrogate, x, damping, frequency);
    }
    // Whoever counts spikes sees what is tapped.
    constexpr auto operator()(auto x) const {
        auto const spikes = fired(x, slayer).spikes;
        sk::tap(*this, "s", spikes);
        return spikes;
    }

    void init(sk::Rng& rng) {
        std::ranges::fill(damping.writable(), T(0.1));
        for (T& w : frequency.writable()) { w = static_cast<T>(0.1 + 0.3 * rng.uniform()); }
    }
};

// A spike has no finite differences. The charge has, as long as no spike comes or goes, and with a
// surrogate of nothing they are all its gradient.
struct Charge {
    Resonators<5, double> neurons;
    SPIKELET_PARTS(neurons)

    auto operator()(auto x) const {
        return neurons.fired(x, [](auto const& above) { return above - above; }).charge;
    }
};

bool check_gradients(sk::Rng rng) {
    Charge charge;
    sk::init(charge, rng);
    sk::Tensor<double, 2, 20, 5> x;
    for (double& number : x.span()) { number = rng.normal(); }
    auto const found = sk::gradcheck(charge, x);
    std::printf("charge      %4td gradients, worst error %.1e\n", found.checked, found.worst);
    return found.passed();
}

// The spike's gradient by hand: v of step 1 is w x[0], so that of its spike is w times what the
// surrogate says of w x[0] - 1.
bool check_surrogate(sk::Rng rng) {
    Resonators<1, double> neurons;
    sk::init(neurons, rng);
    sk::Tensor<double, 1, 2, 1> x;
    x(0, 0, 0) = 3;
    sk::Tape<sk::Serial<>, double> tape;
    auto const input = tape.begin(std::as_const(x).view());
    sk::Tensor<double, sk::dyn> of_second{2};
    of_second(1) = 1;
    tape.backward(neurons(input), std::as_const(of_second).view());
    double const w = neurons.frequency.value()[0];
    double const expected = w * std::exp(-2 * std::abs(3 * w - 1));
    double const error = std::abs(input.gradient.numbers()[0] - expected);
    std::printf("surrogate   %.6f, off by %.1e\n", expected, error);
    return error < 1e-9;
}

// A model with them, as small as a check needs.
struct Ticking {
    sk::Embedding<256, 40> embed;
    Resonators<40> neurons;
    SPIKELET_PARTS(embed, neurons)

    constexpr auto operator()(auto bytes) const { return sk::to_numbers(neurons(embed(bytes))); }
};

// A Tape sees all tokens at once, a Session one by one.
bool check_stream(sk::Rng rng) {
    Ticking model;
    sk::init(model, rng);
    sk::Tokens text{std::vector<std::int32_t>(100), 1, 100};
    for (auto& id : text.ids) { id = static_cast<std::int32_t>(rng.below(256)); }
    sk::Tape tape;
    sk::Session session{model};
    float const* at_once = model(tape.begin(text)).data;
    index spikes = 0, other = 0;
    for (std::int32_t const id : text.ids) {
        auto const streamed = session(id);
        spikes += std::ranges::count(streamed, 1.0F);
        other += std::equal(streamed.begin(), streamed.end(), at_once) ? 0 : 1;
        at_once += streamed.size();
    }
    std::printf("stream      %4td tokens, %td spikes, %td with others\n", text.time, spikes, other);
    return spikes > 0 && other == 0;
}

}  // namespace mine

int main() {
    bool const gradients = mine::check_gradients(spikelet::Rng{1});
    bool const surrogate = mine::check_surrogate(spikelet::Rng{3});
    bool const stream = mine::check_stream(spikelet::Rng{2});
    bool const right = gradients && surrogate && stream;
    std::puts(right ? "all is right" : "something is WRONG");
    return right ? 0 : 1;
}
