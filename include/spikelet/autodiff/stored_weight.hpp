// SPDX-License-Identifier: MIT
// The matrix of a linear map in few bits, which is only read: small whole numbers (codes), and a
// scale for every output, or for every output and group of inputs. What a code may be is an element
// type (core/element.hpp), or chosen at run time.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/element.hpp>
#include <spikelet/core/named.hpp>

namespace spikelet {

/// What weights are stored as.
enum class WeightType : std::uint8_t { f32, bf16, int8, int4, ternary };

/// The element type of weights whose WeightType is a value.
struct any_weight {};

/// A type of weights by its name.
struct NamedWeightType {
    std::string_view name;  ///< "int4", say
    WeightType type;        ///< its value
};

/// All of them.
inline constexpr std::array<NamedWeightType, 5> weight_types{{{"f32", WeightType::f32},
                                                              {"bf16", WeightType::bf16},
                                                              {"int8", WeightType::int8},
                                                              {"int4", WeightType::int4},
                                                              {"ternary", WeightType::ternary}}};

/// "int4", for example.
constexpr std::string_view name_of(WeightType type) {
    std::string_view name;
    for (NamedWeightType const& named : weight_types) {
        if (named.type == type) { name = named.name; }
    }
    return name;
}

/// What numbers become where they are stored.
struct WeightFormat {
    WeightType type = WeightType::f32;  ///< what each is stored as
    index group = 0;  ///< inputs that share a scale, a multiple of 64; 0: all of an output

    friend constexpr bool operator==(WeightFormat const&, WeightFormat const&) = default;
};

namespace detail {

/// The element type behind a WeightType, as a value.
template <class C>
struct CodeOf {
    using type = C;
};

/// Calls f(CodeOf<C>) for the element type of a WeightType.
template <class F>
constexpr auto with_code(WeightType type, F&& f) {
    switch (type) {
    case WeightType::f32:
        return f(CodeOf<float>{});
    case WeightType::bf16:
        return f(CodeOf<bf16>{});
    case WeightType::int8:
        return f(CodeOf<std::int8_t>{});
    case WeightType::int4:
        return f(CodeOf<int4>{});
    default:
        return f(CodeOf<trit>{});
    }
}

template <class C>
constexpr WeightType weight_type_of() {
    if constexpr (std::is_same_v<C, float>) {
        return WeightType::f32;
    } else if constexpr (std::is_same_v<C, bf16>) {
        return WeightType::bf16;
    } else if constexpr (std::is_same_v<C, std::int8_t>) {
        return WeightType::int8;
    } else if constexpr (std::is_same_v<C, int4>) {
        return WeightType::int4;
    } else {
        static_assert(std::is_same_v<C, trit>,
                      "weights are stored as float, bf16, std::int8_t, int4, trit or any_weight");
        return WeightType::ternary;
    }
}

/// Bytes of a row of codes.
template <class C>
constexpr index code_bytes(index outputs) {
    return Element<C>::row_units(outputs) * static_cast<index>(sizeof(storage_of<C>));
}

/// The same as an extent: a number in the type if the outputs are.
template <class C, index Out>
constexpr index code_extent() {
    if constexpr (Out == dyn || std::is_same_v<C, any_weight>) {
        return dyn;
    } else {
        return code_bytes<C>(Out);
    }
}

/// float and bf16 are numbers by themselves, the others need scales: so many for each output.
constexpr index scale_count(WeightType type, index inputs, index group) {
    if (type == WeightType::f32 || type == WeightType::bf16 || inputs == 0) { return 0; }
    return (inputs + group - 1) / group;
}

/// Inputs of a matrix that share a scale, where a format says `group`. Throws Error for one that is
/// no multiple of 64.
constexpr index scale_inputs(std::string_view where, index group, index inputs) {
    if (group < 0 || group % bits_per_word != 0) {
        fail(where, "a group of inputs is a multiple of 64, not " + std::to_string(group));
    }
    index const most = std::max<index>(inputs, 1);
    return group == 0 ? most : (std::min)(group, most);
}

/// The same as an extent: one for all inputs, unless that is chosen at run time.
template <class C>
constexpr index group_extent() {
    if constexpr (std::is_same_v<C, any_weight>) {
        return dyn;
    } else {
        return scale_count(weight_type_of<C>(), 1, 1);
    }
}

}  // namespace detail

/// W [In, Out] as codes of element type C, with a scale for each output, or with any_weight for
/// each output and group of inputs. Training and initialisation refuse it.
template <class C, index In, index Out>
class StoredWeight {
    static constexpr bool chosen_at_run_time = std::is_same_v<C, any_weight>;
    static constexpr index row_bytes = detail::code_extent<C, Out>();
    static constexpr index groups = detail::group_extent<C>();

public:
    BasicParameter<std::uint8_t, In, row_bytes> codes;  ///< [In, bytes of a row], 8-byte aligned
    BasicParameter<float, groups, Out> scale;           ///< [groups of inputs, Out]
    SPIKELET_PARTS(codes, scale)

    /// Has a shape; codes come from quantize(), load_checkpoint() or bind() of its parts.
    constexpr StoredWeight(Size<In> inputs, Size<Out> outputs)
        : StoredWeight(inputs, outputs, first_type(), inputs) {}

    /// What the codes are.
    [[nodiscard]] constexpr WeightType type() const { return type_; }
    /// Inputs that share a scale.
    [[nodiscard]] constexpr index group() const { return group_; }
    /// The shape of W.
    [[nodiscard]] constexpr Extents<In, Out> extents() const {
        return Extents<In, Out>(inputs_, outputs_);
    }

    /// Chooses how W is stored; numbers that were there are gone. A scale is shared by `group`
    /// inputs, a multiple of 64, or by all where it is 0. Throws Error for another group.
    constexpr void store_as(WeightType type, index group = 0) requires chosen_at_run_time {
        *this =
            StoredWeight(inputs_, outputs_, type, detail::scale_inputs("store_as", group, inputs_));
    }

private:
    // All members are made here: g++ 12 takes changes in the body for changes of a constant where a
    // model is made in a constant expression.
    constexpr StoredWeight(Size<In> inputs, Size<Out> outputs, WeightType type, index group)
        : codes(inputs, Size<row_bytes>(bytes_of_row(type, outputs))),
          scale(Size<groups>(scales_of(type, inputs, within(group, inputs))), outputs),
          inputs_(inputs),
          outputs_(outputs),
          type_(type),
          group_(within(group, inputs)) {}

    static constexpr WeightType first_type() {
        if constexpr (chosen_at_run_time) {
            return WeightType::int8;
        } else {
            return detail::weight_type_of<C>();
        }
    }
    static constexpr index bytes_of_row(WeightType type, index outputs) {
        return detail::with_code(type, [&]<class Code>(detail::CodeOf<Code>) {
            return detail::code_bytes<Code>(outputs);
        });
    }
    static constexpr index scales_of(WeightType type, index inputs, index group) {
        return groups == dyn ? detail::scale_count(type, inputs, group) : groups;
    }
    static constexpr index within(index group, index inputs) {
        return std::clamp<index>(group, 1, std::max<index>(inputs, 1));
    }

    [[no_unique_address]] Size<In> inputs_;
    [[no_unique_address]] Size<Out> outputs_;
    WeightType type_;
    index group_;
};

namespace detail {

template <class T>
struct IsStoredWeight : std::false_type {};
template <class C, index In, index Out>
struct IsStoredWeight<StoredWeight<C, In, Out>> : std::true_type {};

}  // namespace detail

/// A matrix in few bits.
template <class T>
concept IsStoredWeight = detail::IsStoredWeight<std::remove_const_t<T>>::value;

/// A layer of a matrix of numbers, `weight`, that says what these become where they are stored.
template <class T>
concept TrainsAs = requires(T& layer) {
    layer.weight;
    requires std::same_as<std::remove_cvref_t<decltype(layer.trains_as)>, WeightFormat>;
};

/// Calls f(name, format) with what every matrix of numbers in a model trains as, in the order of
/// its parts; names are those of the weights.
template <class Model, class F>
constexpr void each_weight_format(Model& model, F&& f) {
    each_part(PartName{}, model, [&](PartName const& name, auto& part) {
        if constexpr (TrainsAs<std::remove_reference_t<decltype(part)>>) {
            f(static_cast<std::string_view>(name.with("weight")), part.trains_as);
        }
    });
}

/// Calls f(name, weight) for every stored weight of a model, in the order of its parts.
template <class Model, class F>
constexpr void each_stored_weight(Model& model, F&& f) {
    each_part(PartName{}, model, [&](PartName const& name, auto& part) {
        if constexpr (IsStoredWeight<std::remove_reference_t<decltype(part)>>) {
            f(static_cast<std::string_view>(name), part);
        }
    });
}

}  // namespace spikelet
