// SPDX-License-Identifier: MIT
// What a layer is made of. A layer lists its members once with SPIKELET_PARTS; from that list come
// parameter names ("blocks.3.att.key.weight"), initialisation, files, optimisers and traces.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <spikelet/autodiff/parameter.hpp>

/// Lists a layer's parts, 40 at most, in the order of their names in files:
/// `SPIKELET_PARTS(norm, key, value)`.
#define SPIKELET_PARTS(...)                                                                        \
    static constexpr void each_part([[maybe_unused]] auto& self, [[maybe_unused]] auto&& f) {      \
        __VA_OPT__(SPIKELET_DETAIL_EXPAND(SPIKELET_DETAIL_PART(__VA_ARGS__)))                      \
    }
#define SPIKELET_DETAIL_PART(part, ...)                                                            \
    f(std::string_view(#part), self.part);                                                         \
    __VA_OPT__(SPIKELET_DETAIL_PART_AGAIN SPIKELET_DETAIL_CALL(__VA_ARGS__))
#define SPIKELET_DETAIL_PART_AGAIN() SPIKELET_DETAIL_PART
#define SPIKELET_DETAIL_CALL ()
#define SPIKELET_DETAIL_EXPAND(...)                                                                \
    SPIKELET_DETAIL_EXPAND_1(SPIKELET_DETAIL_EXPAND_1(SPIKELET_DETAIL_EXPAND_1(__VA_ARGS__)))
#define SPIKELET_DETAIL_EXPAND_1(...)                                                              \
    SPIKELET_DETAIL_EXPAND_2(SPIKELET_DETAIL_EXPAND_2(SPIKELET_DETAIL_EXPAND_2(__VA_ARGS__)))
#define SPIKELET_DETAIL_EXPAND_2(...)                                                              \
    SPIKELET_DETAIL_EXPAND_3(SPIKELET_DETAIL_EXPAND_3(SPIKELET_DETAIL_EXPAND_3(__VA_ARGS__)))
#define SPIKELET_DETAIL_EXPAND_3(...) __VA_ARGS__

namespace spikelet {

namespace detail {

struct IgnorePart {
    constexpr void operator()(std::string_view, auto&) const {}
};

template <class T>
struct IsParameter : std::false_type {};
template <class T, index... Es>
struct IsParameter<BasicParameter<T, Es...>> : std::true_type {};

}  // namespace detail

/// A BasicParameter, constant or not.
template <class T>
concept IsParameter = detail::IsParameter<std::remove_const_t<T>>::value;

/// A type that lists its parts with SPIKELET_PARTS.
template <class T>
concept Layer = requires(T& layer) {
    std::remove_const_t<T>::each_part(layer, detail::IgnorePart{});
};

/// The dotted name of a part, built without the heap while parts are visited. Error is thrown for
/// names of more than 120 letters.
class PartName {
public:
    constexpr operator std::string_view() const { return {text_, length_}; }  // NOLINT

    /// This name with one more word.
    [[nodiscard]] constexpr PartName with(std::string_view label) const {
        PartName longer = *this;
        if (length_ > 0) { longer.append("."); }
        longer.append(label);
        return longer;
    }

    /// This name with the number of a layer in a list.
    [[nodiscard]] constexpr PartName with(std::size_t number) const {
        char digits[20]{};
        std::size_t n = sizeof(digits);
        do {
            digits[--n] = static_cast<char>('0' + number % 10);
            number /= 10;
        } while (number > 0);
        return with(std::string_view(digits + n, sizeof(digits) - n));
    }

private:
    constexpr void append(std::string_view text) {
        if (text.size() > capacity - length_) { fail("part", "a name has over 120 letters"); }
        for (char c : text) { text_[length_++] = c; }
    }

    static constexpr std::size_t capacity = 120;
    char text_[capacity]{};
    std::size_t length_ = 0;
};

/// Calls f(PartName, part) for `part` itself and for everything below it, parents first: layers,
/// lists of layers, optional layers, parameters. Other members (sizes, numbers) are visited too.
template <class Part, class F>
constexpr void each_part(PartName const& name, Part& part, F&& f) {
    f(name, part);
    if constexpr (Layer<Part>) {
        std::remove_const_t<Part>::each_part(part, [&](std::string_view label, auto& member) {
            each_part(name.with(label), member, f);
        });
    } else if constexpr (requires {
                             part.begin();
                             part.size();
                         }) {
        std::size_t i = 0;
        for (auto& layer : part) { each_part(name.with(i++), layer, f); }
    } else if constexpr (requires { part.has_value(); }) {
        if (part.has_value()) { each_part(name, *part, f); }
    }
}

/// Calls f(name, parameter) for every parameter of a model, in the order of its parts.
template <class Model, class F>
constexpr void each_parameter(Model& model, F&& f) {
    each_part(PartName{}, model, [&](PartName const& name, auto& part) {
        if constexpr (IsParameter<std::remove_reference_t<decltype(part)>>) {
            f(static_cast<std::string_view>(name), part);
        }
    });
}

/// Number of weights.
template <class Model>
constexpr index parameter_count(Model const& model) {
    index n = 0;
    each_parameter(model, [&](std::string_view, auto const& p) { n += p.size(); });
    return n;
}

/// The same for a model whose sizes are all in its type.
template <class Model>
consteval index parameter_count() {
    return parameter_count(Model{});
}

/// What a model is made from: a SpikeGptConfig of a SpikeGpt.
template <class C, class Model>
concept ConfigurationOf =
    std::is_class_v<C> && !std::same_as<C, Model> && std::constructible_from<Model, C const&>;

/// The same for a model whose configuration decides which weights it has.
template <class Model, ConfigurationOf<Model> C>
consteval index parameter_count(C const& config) {
    return parameter_count(Model(config));
}

namespace detail {

/// Whether numbers of type T, constant or not, are those of a parameter.
template <class T, class Parameter>
inline constexpr bool numbers_of =
    std::is_same_v<std::remove_const_t<T>, typename Parameter::scalar>;

/// Lays the parameters of numbers of type T, which the error calls `what`, over `numbers`.
template <class Model, class T>
constexpr void bind_those_of(Model& model, std::span<T> numbers, std::string_view what) {
    index count = 0;
    each_parameter(model, [&]<class P>(std::string_view, P const& p) {
        if constexpr (numbers_of<T, P>) { count += p.size(); }
    });
    if (static_cast<index>(numbers.size()) != count) {
        fail("bind", "the model has " + std::to_string(count) + " " + std::string(what) +
                         ", there are " + std::to_string(numbers.size()) + " numbers");
    }
    T* next = numbers.data();
    each_parameter(model, [&]<class P>(std::string_view, P& p) {
        if constexpr (numbers_of<T, P>) {
            p.bind(next);
            next += p.size();
        }
    });
}

}  // namespace detail

/// Lets a model use the numbers of somebody else, which must outlive it: all parameters one after
/// another, in the order of each_parameter(). Constant ones may lie in flash; training, loading and
/// initialisation refuse them, and a model bound to them may be a constant itself. Throws Error
/// unless there are parameter_count() of them.
template <class Model, class T, std::size_t N>
constexpr void bind(Model& model, std::span<T, N> numbers) {
    each_parameter(model, []<class P>(std::string_view, P&) {
        static_assert(detail::numbers_of<T, P>,
                      "bind: a parameter is of another type than the numbers; matrices in few bits "
                      "take codes, too: bind(model, numbers, codes)");
    });
    detail::bind_those_of(model, std::span<T>(numbers), "weights");
}

/// The same for a model with matrices in few bits. `numbers` are the parameters of numbers, scales
/// among them, `codes` the bytes of the matrices' codes, both in the order of each_parameter().
/// Products take a matrix whose codes begin at a multiple of 8 bytes: `codes` does, and each matrix
/// in it where the number of inputs is a multiple of 8. Throws Error for another number of either.
template <class Model, class T, std::size_t N, class Code, std::size_t M>
constexpr void bind(Model& model, std::span<T, N> numbers, std::span<Code, M> codes) {
    static_assert(std::is_same_v<std::remove_const_t<Code>, std::uint8_t>,
                  "bind: codes are bytes, std::uint8_t");
    each_parameter(model, []<class P>(std::string_view, P&) {
        static_assert(detail::numbers_of<T, P> || detail::numbers_of<Code, P>,
                      "bind: a parameter is of another type than these numbers and codes");
    });
    detail::bind_those_of(model, std::span<T>(numbers), "numbers beside its codes");
    detail::bind_those_of(model, std::span<Code>(codes), "bytes of codes");
}

/// Gives every parameter memory, and a gradient if wanted. Throws Error.
template <class Model>
void allocate(Model& model, bool with_gradients = false) {
    each_parameter(model, [&](std::string_view, auto& p) {
        p.allocate();
        if (with_gradients) { p.require_gradient(); }
    });
}

/// Sets all gradients to zero.
template <class Model>
void zero_gradients(Model& model) {
    each_parameter(model, [](std::string_view, auto& p) {
        if (p.gradient() != nullptr) { std::fill_n(p.gradient(), p.size(), 0); }
    });
}

namespace detail {

template <class T>
struct IsVector : std::false_type {};
template <class T, class A>
struct IsVector<std::vector<T, A>> : std::true_type {};

// A function of its own, since g++ makes no constructors for a requirement alone.
template <class Model>
constexpr bool make_by_default() {
    Model const model{};
    static_cast<void>(model);
    return true;
}

template <class Model>
concept ConstantByDefault = std::is_default_constructible_v<Model> && requires {
    typename std::bool_constant<make_by_default<Model>()>;
};

}  // namespace detail

/// True if every size of the model is in its type: no dyn extent, no list of run-time length, and
/// nothing that must be given to make one. Also of a model whose own constructor is not constexpr,
/// into which no compiler can look.
template <class Model>
consteval bool has_static_sizes() {
    bool all = std::is_default_constructible_v<Model>;
    if constexpr (detail::ConstantByDefault<Model>) {
        Model const model{};
        each_part(PartName{}, model, [&](PartName const&, auto& part) {
            using Part = std::remove_cvref_t<decltype(part)>;
            if constexpr (IsParameter<Part>) {
                all = all && Part::extents_type::rank_dynamic == 0;
            } else if constexpr (detail::IsVector<Part>::value) {
                all = false;
            }
        });
    }
    return all;
}

}  // namespace spikelet
