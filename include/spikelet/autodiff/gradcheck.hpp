// SPDX-License-Identifier: MIT
// Is a backward right? Compares the gradients of an op or a layer with central differences, in
// double: every element of every input and every weight, against one weighted sum of the result.
//
//   Tensor<double, dyn, dyn, 4> x{2, 3, Size<4>{}};  // filled with something
//   MyLayer<4, double> layer;                        // with SPIKELET_PARTS, initialised
//   GradcheckReport const report = gradcheck(layer, x);
//   if (!report.passed()) { std::puts(to_string(report).c_str()); }
//
// Spikes cannot be checked so: their gradient is a surrogate's, not that of the step function.
#pragma once

#include <cmath>
#include <concepts>
#include <numeric>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/autodiff/tape.hpp>
#include <spikelet/core/tensor.hpp>

namespace spikelet {

/// How gradcheck() compares.
struct GradcheckOptions {
    double step = 1e-5;       ///< of the central differences
    double tolerance = 1e-6;  ///< of |analytic - numeric| / max(1, |analytic|, |numeric|)
    std::uint64_t seed = 1;   ///< of the weights that make one number of the result
};

/// The element whose gradient is furthest off.
struct GradcheckReport {
    double worst = 0;      ///< |analytic - numeric| / max(1, |analytic|, |numeric|)
    std::string where;     ///< "input 0[3]" or "key.weight[17]": the flat number of the element
    double analytic = 0;   ///< what backward says
    double numeric = 0;    ///< what the differences say
    index checked = 0;     ///< number of elements
    double tolerance = 0;  ///< what `worst` may be

    /// Something was checked, and all of it is within the tolerance.
    [[nodiscard]] bool passed() const { return checked > 0 && worst <= tolerance; }
};

/// One line that says what is wrong, or that nothing is.
inline std::string to_string(GradcheckReport const& r) {
    return "gradcheck: " + std::string(r.passed() ? "passed" : "failed") + ", " +
           std::to_string(r.checked) + " elements, worst " + r.where + ": backward says " +
           std::to_string(r.analytic) + ", differences say " + std::to_string(r.numeric) +
           ", off by " + std::to_string(r.worst);
}

namespace detail {

template <class F, class... Inputs>
class Gradcheck {
    using Context = Tape<Serial<>, double>;

public:
    Gradcheck(GradcheckOptions options, F& f, Inputs const&... inputs)
        : options_(options),
          f_(f),
          inputs_(inputs.clone()...) {
        report_.tolerance = options.tolerance;
    }

    GradcheckReport run() {
        differentiate();
        std::size_t i = 0;
        auto const compare_input = [&](auto& tensor) {
            if constexpr (std::is_same_v<decltype(tensor.data()), double*>) {
                compare("input " + std::to_string(i), tensor.data(), gradients_[i]);
            }
            ++i;
        };
        std::apply([&](auto&... tensor) { (compare_input(tensor), ...); }, inputs_);
        each_weight([&](std::string_view name, auto& p) {
            compare(std::string(name), p.value(), gradients_[i++]);
            std::fill_n(p.gradient(), p.size(), 0.0);
        });
        return report_;
    }

private:
    /// The weights that have a gradient: frozen ones have none to check.
    template <class G>
    void each_weight(G&& g) {
        if constexpr (Layer<F>) {
            each_parameter(f_, [&](std::string_view name, auto& p) {
                using Scalar = typename std::remove_reference_t<decltype(p)>::scalar;
                static_assert(std::is_same_v<Scalar, double>,
                              "gradcheck: the layer's weights must be double");
                if (!p.frozen()) { g(name, p); }
            });
        }
    }

    /// The inputs as values on the tape, at the start of a pass.
    auto begin() {
        tape_.set_step(0);  // all passes draw the same random numbers
        tape_.begin();
        auto const place = [&](auto const& tensor) {
            using Element = typename decltype(tensor.view())::element;
            auto x = tape_.template make<Element>(tensor.extents());
            std::copy(tensor.span().begin(), tensor.span().end(), x.data);
            return x;
        };
        return std::apply([&](auto const&... tensor) { return std::tuple{place(tensor)...}; },
                          inputs_);
    }

    double loss() {
        auto const y = std::apply(f_, begin());
        return std::inner_product(weights_.begin(), weights_.end(), y.data, 0.0);
    }

    /// Fills gradients_, inputs first. Backward finds ones in place of zeros, since it must add.
    void differentiate() {
        if constexpr (Layer<F>) { allocate(f_, true); }
        auto const inputs = begin();
        auto const y = std::apply(f_, inputs);
        static_assert(std::is_same_v<typename decltype(y)::element, double>,
                      "gradcheck: the result must be numbers; spikes have no differences");
        Rng rng(options_.seed);
        weights_.resize(static_cast<std::size_t>(y.extents.size()));
        std::generate(weights_.begin(), weights_.end(), [&] { return rng.normal(); });
        tape_.record([inputs] {
            std::apply([](auto... x) { (add_ones(x.gradient, x.extents.size()), ...); }, inputs);
        });
        each_weight([](std::string_view, auto& p) { std::fill_n(p.gradient(), p.size(), 1.0); });
        tape_.backward(y, View<double const, dyn>(weights_.data(), Extents<dyn>(y.extents.size())));
        auto const keep = [&](double const* gradient, index n) {
            gradients_.emplace_back(gradient, gradient + n);
        };
        std::apply([&](auto... x) { (keep(x.gradient, x.extents.size()), ...); }, inputs);
        each_weight([&](std::string_view, auto& p) { keep(p.gradient(), p.size()); });
    }

    static void add_ones(double* gradient, index n) {
        std::transform(gradient, gradient + n, gradient, [](double g) { return g + 1; });
    }

    void compare(std::string const& name, double* values, std::vector<double> const& gradient) {
        for (std::size_t i = 0; i < gradient.size(); ++i) {
            double const value = values[i];
            values[i] = value + options_.step;
            double const above = loss();
            values[i] = value - options_.step;
            double const below = loss();
            values[i] = value;
            note(name + "[" + std::to_string(i) + "]", gradient[i] - 1,
                 (above - below) / (2 * options_.step));
        }
    }

    void note(std::string const& where, double analytic, double numeric) {
        ++report_.checked;
        double const scale = (std::max)({1.0, std::abs(analytic), std::abs(numeric)});
        double const error = std::abs(analytic - numeric) / scale;
        bool const first = report_.checked == 1;
        // A gradient that is no number is worse than any other.
        if (first || !(error <= report_.worst || std::isnan(report_.worst))) {
            report_ = {error, where, analytic, numeric, report_.checked, report_.tolerance};
        }
    }

    GradcheckOptions options_;
    F& f_;
    std::tuple<Inputs...> inputs_;
    Context tape_;
    std::vector<double> weights_;
    std::vector<std::vector<double>> gradients_;
    GradcheckReport report_;
};

}  // namespace detail

/// Checks y = f(inputs...). f is a layer of double weights, or any function of values; inputs are
/// tensors. Those of double are checked, others (ids, spikes) only given. A layer's weights get
/// gradients, but for frozen ones, which are not checked; those of a function that is no layer are
/// not seen.
template <class F, class... Inputs>
GradcheckReport gradcheck(GradcheckOptions options, F&& f, Inputs const&... inputs) {
    return detail::Gradcheck<std::remove_reference_t<F>, Inputs...>(options, f, inputs...).run();
}

/// The same with the usual step and tolerance.
template <class F, class... Inputs>
    requires(!std::same_as<std::remove_cvref_t<F>, GradcheckOptions>)  // those come first
GradcheckReport gradcheck(F&& f, Inputs const&... inputs) {
    return gradcheck(GradcheckOptions{}, f, inputs...);
}

}  // namespace spikelet
