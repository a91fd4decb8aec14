// SPDX-License-Identifier: MIT
// Leaky integrate-and-fire, and the surrogates.
#include <array>
#include <cmath>
#include <numeric>

#include <spikelet/core/bits.hpp>
#include <spikelet/kernels/heaviside.hpp>
#include <spikelet/kernels/lif.hpp>
#include <spikelet/kernels/surrogate.hpp>

#include "conformance/operation.hpp"

namespace conformance {
namespace {

constexpr Tolerance membrane{Measure::absolute, 2e-5};
constexpr Tolerance slope_of_step{Measure::relative, 1e-6};
constexpr Tolerance integral_of_slopes{Measure::scaled, 1e-7};  // computed in double

// Calls f(surrogate) with the one that the reference calls `name`. Throws Error.
template <class F>
void with_surrogate(std::string const& name, double slope, F&& f) {
    if (name == "atan") { return f(spikelet::Arctan{slope}); }
    if (name == "sigmoid") { return f(spikelet::SigmoidSurrogate{slope}); }
    if (name == "triangle") { return f(spikelet::Triangle{slope}); }
    if (name == "softsign") { return f(spikelet::SoftSign{slope}); }
    if (name == "superspike") { return f(spikelet::FastSigmoid{slope}); }
    if (name == "erf") { return f(spikelet::Gaussian{slope}); }
    if (name == "leaky") { return f(spikelet::LeakyPiecewise{slope}); }
    if (name == "boxcar") { return f(spikelet::Boxcar{slope}); }
    if (name == "ste") { return f(spikelet::StraightThrough{}); }
    spikelet::fail("surrogate", "we have none that is called " + name);
}

// Spikes [rows,N] as numbers.
template <class T>
std::vector<T> unpacked(std::vector<spikelet::word> const& spikes, index rows, index N) {
    std::vector<T> numbers(static_cast<std::size_t>(rows * N));
    index const words = spikelet::Element<spikelet::bit>::row_units(N);
    for (index r = 0; r < rows; ++r) {
        spikelet::unpack(spikes.data() + r * words, N, numbers.data() + r * N);
    }
    return numbers;
}

spikelet::LifOptions lif_options(nlohmann::json const& j) {
    spikelet::LifOptions options;
    options.tau = j.at("tau");
    options.threshold = j.at("v_th");
    options.decay_input = j.at("decay_input");
    options.detach_reset = j.at("detach_reset");
    bool const soft = j.at("reset") == "soft";
    options.reset = soft ? spikelet::Reset::soft : spikelet::Reset::hard;
    options.reset_value = soft ? 0.0 : j.at("v_reset").get<double>();
    return options;
}

// One configuration of the neuron on x [T,N], from the membranes v0 [N].
template <class T>
class LifCheck {
    using Lif = spikelet::kernels::Lif<Policy>;

public:
    LifCheck(Operation const& operation, nlohmann::json const& j)
        : operation_(operation),
          prefix_(std::to_string(j.at("id").get<int>()) + "/"),
          options_(lif_options(j)),
          steps_(operation.extent(prefix_ + "x", 0)),
          N_(operation.extent(prefix_ + "x", 1)),
          x_(read("x")),
          h_(x_.size()) {
        forward();
        with_surrogate(j.at("surrogate"), j.at("slope"), [&](auto surrogate) {
            backward(surrogate);
            backward_with_membranes(surrogate);
        });
    }

private:
    [[nodiscard]] std::vector<T> read(std::string const& name) const {
        return operation_.read<T>(prefix_ + name);
    }
    void compare(std::string_view item, std::string const& name, std::vector<T> const& ours,
                 Tolerance tolerance) const {
        operation_.compare(item, prefix_ + name, ours, tolerance);
    }

    void forward() {
        std::vector<T> state = read("v0");
        index const words = spikelet::Element<spikelet::bit>::row_units(N_);
        std::vector<spikelet::word> spikes(static_cast<std::size_t>(steps_ * words));
        Lif::forward(operation_.policy, {1, steps_, N_}, options_, x_.data(), spikes.data(),
                     h_.data(), state.data());
        compare("spikes", "s", unpacked<T>(spikes, steps_, N_), exact);
        compare("membranes before the threshold", "h", h_, membrane);

        // Step by step, which shows the membranes after the reset, too.
        std::vector<T> step_by_step = read("v0");
        std::vector<T> after;
        for (index t = 0; t < steps_; ++t) {
            Lif::forward(operation_.policy, {1, 1, N_}, options_, x_.data() + t * N_,
                         spikes.data() + t * words, static_cast<T*>(nullptr), step_by_step.data());
            after.insert(after.end(), step_by_step.begin(), step_by_step.end());
        }
        compare("spikes", "s", unpacked<T>(spikes, steps_, N_), exact);
        compare("membranes after the reset", "v", after, membrane);
        operation_.report.add("same bits: sequence, step by step", prefix_,
                              state == step_by_step ? 0.0 : 1.0, 0.0);
    }

    void backward(auto surrogate) {
        std::vector<T> const ds = read("grad_s");
        std::vector<T> dx(x_.size());
        Lif::backward(operation_.policy, {1, steps_, N_}, options_, surrogate, h_.data(), ds.data(),
                      dx.data());
        compare("gradients", "grad_x_no_grad_v", dx, gradient);
        compare("gradients", "grad_v0_no_grad_v", of_start(dx), gradient);
    }

    // With a gradient for the membrane after each step, which is a function of spike and charge.
    void backward_with_membranes(auto surrogate) {
        std::vector<T> ds = read("grad_s");
        std::vector<T> dh = read("grad_v");
        bool const hard = options_.reset == spikelet::Reset::hard;
        auto const threshold = static_cast<T>(options_.threshold);
        auto const reset_value = static_cast<T>(options_.reset_value);
        for (std::size_t i = 0; i < ds.size(); ++i) {
            T const dv = dh[i];
            if (hard && h_[i] >= threshold) { dh[i] = 0; }
            if (!options_.detach_reset) { ds[i] += dv * (hard ? reset_value - h_[i] : -threshold); }
        }
        std::vector<T> dx(x_.size());
        Lif::backward(operation_.policy, {1, steps_, N_}, options_, surrogate, h_.data(), ds.data(),
                      dx.data(), dh.data());
        compare("gradients", "grad_x", dx, gradient);
        compare("gradients", "grad_v0", of_start(dx), gradient);
    }

    // The first charge is leak times the membrane that neurons start from, and gain times x.
    [[nodiscard]] std::vector<T> of_start(std::vector<T> const& dx) const {
        std::vector<T> dstart(dx.begin(), dx.begin() + N_);
        for (T& d : dstart) { d *= static_cast<T>(options_.leak() / options_.gain()); }
        return dstart;
    }

    Operation const& operation_;
    std::string prefix_;
    spikelet::LifOptions options_;
    index steps_, N_;
    std::vector<T> x_, h_;
};

template <class T>
void check_lif_in(Operation const& operation) {
    for (nlohmann::json const& j : operation.description.at("cases")) { LifCheck<T>(operation, j); }
}

// The integral of a surrogate, in double.
template <class Surrogate>
class Integral {
public:
    explicit Integral(Surrogate surrogate) : surrogate_(surrogate) {}

    // Over [a,b]: by Simpson's rule, on halves where these add up to something else.
    [[nodiscard]] double operator()(double a, double b, int halvings = 40) const {
        double const middle = (a + b) / 2;
        double const left = simpson(a, middle);
        double const right = simpson(middle, b);
        if (halvings == 0 || std::abs(left + right - simpson(a, b)) < 1e-12) {
            return left + right;
        }
        return (*this)(a, middle, halvings - 1) + (*this)(middle, b, halvings - 1);
    }

private:
    [[nodiscard]] double simpson(double a, double b) const {
        std::array const x{a, (a + b) / 2, b};
        std::array const ones{1.0, 1.0, 1.0};
        std::array slopes{0.0, 0.0, 0.0};
        spikelet::kernels::Heaviside<spikelet::Serial<>>::backward({}, 3, 0.0, surrogate_, x.data(),
                                                                   ones.data(), slopes.data());
        return (b - a) / 6 * (slopes[0] + 4 * slopes[1] + slopes[2]);
    }

    Surrogate surrogate_;
};

// The reference's primitives are what the slopes add up to; where they are 0 is up to them.
void check_primitive(Operation const& operation, std::string const& name, auto surrogate) {
    Integral const integral(surrogate);
    auto const x = operation.read<double>("x");
    auto const primitive = operation.read<double>(name);
    std::vector<std::size_t> ascending(x.size());
    std::iota(ascending.begin(), ascending.end(), std::size_t{0});
    std::ranges::sort(ascending, {}, [&](std::size_t i) { return x[i]; });
    std::size_t before = ascending.front();
    std::vector<double> ours(x.size(), primitive[before]);
    for (std::size_t const i : ascending) {
        ours[i] = ours[before] + integral(x[before], x[i]);
        before = i;
    }
    operation.compare("primitives", name, ours, integral_of_slopes);
}

template <class T>
void check_surrogates_in(Operation const& operation) {
    using Heaviside = spikelet::kernels::Heaviside<Policy>;
    std::vector<T> const x = operation.read<T>("x");
    auto const n = std::ssize(x);
    std::vector<spikelet::word> spikes(
        static_cast<std::size_t>(spikelet::Element<spikelet::bit>::row_units(n)));
    Heaviside::forward(operation.policy, 1, n, 0.0, x.data(), spikes.data());
    operation.compare("the step", "theta", unpacked<T>(spikes, 1, n), exact);

    std::vector<T> const ones(x.size(), T(1));
    for (nlohmann::json const& j : operation.description.at("cases")) {
        std::string const name = j.at(0);
        with_surrogate(name, j.at(1), [&](auto surrogate) {
            std::vector<T> dx(x.size());
            Heaviside::backward(operation.policy, n, 0.0, surrogate, x.data(), ones.data(),
                                dx.data());
            operation.compare("slopes", name + "@" + j.at(1).dump() + "/grad", dx, slope_of_step);
        });
    }
}

}  // namespace

void check_lif(Operation const& operation, bool with_double) {
    check_lif_in<float>(operation);
    if (with_double) { check_lif_in<double>(operation); }
}

void check_surrogates(Operation const& operation, bool with_double) {
    check_surrogates_in<float>(operation);
    if (with_double) { check_surrogates_in<double>(operation); }
    for (nlohmann::json const& j : operation.description.at("cases")) {
        std::string const name = j.at(0).get<std::string>() + "@" + j.at(1).dump() + "/primitive";
        if (!operation.has(name)) { continue; }
        with_surrogate(j.at(0), j.at(1),
                       [&](auto surrogate) { check_primitive(operation, name, surrogate); });
    }
}

}  // namespace conformance
