// SPDX-License-Identifier: MIT
// A value on its way through a model, and what all contexts have in common.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include <spikelet/autodiff/gradient.hpp>
#include <spikelet/core/view.hpp>

namespace spikelet {

/// A value in a context: its numbers, its gradient (null where none is wanted), its shape. Spikes
/// (T = bit) have a gradient of the context's scalar, one number per spike.
template <class Ctx, class T, class E>
struct Var {
    using context = Ctx;  ///< the type of its context
    using element = T;    ///< `bit` for spikes
    /// Extents of its shape.
    using extents_type = E;
    using scalar = typename Ctx::scalar;  ///< what gradients are made of

    Ctx* ctx;                   ///< who made it
    storage_of<T>* data;        ///< row-major; spikes packed in words
    Gradient<scalar> gradient;  ///< null where none is wanted
    E extents;                  ///< its shape
};

/// Something that a layer shows to whoever watches: a named value or the state of a neuron.
struct Tap {
    /// What its elements are: float, double, or spikes in words.
    enum class Kind { f32, f64, spikes };

    void const* layer;       ///< address of the layer that shows it
    void const* layer_type;  ///< tells layers at one address apart (a first member and its owner)
    std::string_view name;   ///< name within the layer; empty for the layer's output
    Kind kind;               ///< how `data` is to be read
    void const* data;        ///< [rows, last], row-major
    index rows;              ///< the product of all extents but the last
    index last;              ///< the last extent
    std::span<int const> plane_weights;  ///< what the bits of a spike are worth; none for numbers
};

/// Receives taps while a context computes.
class Observer {
public:
    /// Called with every tap, in the order of computation; `tap.data` may be gone afterwards.
    virtual void see(Tap const& tap) = 0;

protected:
    ~Observer() = default;
};

namespace detail {

template <class T>
inline constexpr char type_tag = 0;

template <class T>
constexpr std::span<int const> plane_weights_of() {
    if constexpr (SpikeKind<T>) { return Element<T>::plane_weights; }
    return {};
}

template <class T>
constexpr Tap::Kind kind_of() {
    if constexpr (SpikeKind<T>) {
        return Tap::Kind::spikes;
    } else {
        static_assert(std::is_floating_point_v<T>, "tap: observers know numbers and spikes only");
        return sizeof(T) == sizeof(float) ? Tap::Kind::f32 : Tap::Kind::f64;
    }
}

}  // namespace detail

/// Identifies a type without RTTI.
template <class T>
void const* type_id() {
    return &detail::type_tag<T>;
}

/// Shows x to the context's observer as `name` of `layer`; costs a test when nobody watches.
template <class L, class Ctx, class T, class E>
constexpr void tap(L const& layer, std::string_view name, Var<Ctx, T, E> const& x) {
    if constexpr (!Ctx::dry) {
        if (Observer* observer = x.ctx->observer()) {
            observer->see({&layer, type_id<L>(), name, detail::kind_of<T>(), x.data,
                           x.extents.rows(), x.extents[E::rank - 1],
                           detail::plane_weights_of<T>()});
        }
    }
}

}  // namespace spikelet
