// SPDX-License-Identifier: MIT
// A trained model in few bits: the same parts, with the matrices of linear maps as codes and scales
// (kernels/quantize.hpp says how they are chosen).
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/autodiff/stored_weight.hpp>
#include <spikelet/core/config.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/kernels/quantize.hpp>
#include <spikelet/ops/fake_quantize.hpp>

namespace spikelet {

/// Stores a matrix of numbers in the type and groups that `to` has. Throws Error if the shapes
/// differ, a number is not finite or would not be where it is stored (in int8 and fewer bits, above
/// half of the largest float), there are none, the stored ones are read only, or memory runs out.
template <index In, index Out, class C, index To, index ToOut>
void quantize(BasicParameter<float, In, Out> const& from, StoredWeight<C, To, ToOut>& to) {
    index const inputs = to.extents()[0];
    index const outputs = to.extents()[1];
    if (from.extents()[0] != inputs || from.extents()[1] != outputs) {
        fail("quantize", "the matrix is " + to_string(from.extents()) + ", the stored one " +
                             to_string(to.extents()));
    }
    if (from.value() == nullptr && from.size() > 0) {
        fail("quantize", "there are no numbers yet");
    }
    detail::check_encodable("quantize", to.type(), from.value(), from.size());
    auto const bytes = to.codes.writable();
    auto const scales = to.scale.writable();
    detail::with_code(to.type(), [&]<class Code>(detail::CodeOf<Code>) {
        auto* const codes = reinterpret_cast<storage_of<Code>*>(bytes.data());
        if constexpr (std::is_same_v<Code, float>) {
            std::copy_n(from.value(), from.size(), codes);
        } else {
            kernels::encode<Code>(from.value(), inputs, outputs, to.group(), codes, scales.data());
        }
    });
}

namespace detail {

template <class Part>
concept FloatParameter = spikelet::IsParameter<Part> && std::same_as<typename Part::scalar, float>;

/// Calls f(name, parameter) for the parameters of float that are not parts of a stored weight.
template <class Model, class F>
void each_plain_parameter(Model& model, F&& f) {
    std::string inside;
    each_part(PartName{}, model, [&](PartName const& part_name, auto& part) {
        using Part = std::remove_reference_t<decltype(part)>;
        std::string_view const name = part_name;
        if constexpr (spikelet::IsStoredWeight<Part>) {
            inside = std::string(name) + ".";
        } else if constexpr (FloatParameter<Part>) {
            if (inside.empty() || !name.starts_with(inside)) { f(name, part); }
        }
    });
}

/// The weights of a model of float.
class WeightsByName {
public:
    /// Numbers, their shape, and what they train as.
    struct Weight {
        std::string name;
        std::span<float const> numbers;
        index rows, size;
        WeightFormat format{};
        bool shared = false;  ///< by the other model

        /// True if ops see other numbers than these.
        [[nodiscard]] bool is_rounded() const { return format.type != WeightType::f32; }

        /// True if `stored` keeps just what ops see.
        template <class Stored>
        [[nodiscard]] bool trains_as(Stored const& stored) const {
            return format.type == stored.type() &&
                   scale_inputs("trains_as", format.group, rows) == stored.group();
        }
    };

    /// Those of `from`. Throws Error, naming a part, unless `to` has the same ones.
    template <class From, class To>
    WeightsByName(From const& from, To& to) {
        each_parameter(from, [&](std::string_view name, auto const& p) {
            weights_.push_back({std::string(name), p.span(), p.extents().rows(), p.size()});
        });
        each_weight_format(from, [&](std::string_view name, WeightFormat const& format) {
            std::size_t const place = find(name);
            if (place == weights_.size()) {
                fail("quantize", quote(name) + " is not among the parts of its layer");
            }
            weights_[place].format = format;
        });
        auto const share_with = [&](std::string_view name, auto const& part) {
            share(name, part.extents().rows(), part.extents().size());
        };
        each_plain_parameter(to, share_with);
        each_stored_weight(to, share_with);
        for (Weight const& weight : weights_) {
            if (!weight.shared) { differ(weight.name); }
        }
    }

    /// That of a part which the models share.
    [[nodiscard]] Weight const& operator[](std::string_view name) const {
        std::size_t const place = find(name);
        SPIKELET_ASSERT(place < weights_.size(), "quantize: not a part that was compared");
        return weights_[place];
    }

private:
    [[nodiscard]] std::size_t find(std::string_view name) const {
        std::size_t place = 0;
        while (place < weights_.size() && weights_[place].name != name) { ++place; }
        return place;
    }
    void share(std::string_view name, index rows, index size) {
        std::size_t const place = find(name);
        if (place == weights_.size()) { differ(name); }
        Weight& weight = weights_[place];
        if (weight.rows != rows || weight.size != size) { differ(name); }
        if (std::ssize(weight.numbers) != size) {
            fail("quantize", quote(name) + " has no numbers yet");
        }
        weight.shared = true;
    }
    [[noreturn]] static void differ(std::string_view name) {
        fail("quantize", "the models differ in " + quote(name));
    }

    std::vector<Weight> weights_;  // some hundreds; a map would take the compiler longer
};

}  // namespace detail

/// Gives `to` the weights of `from`, a model of the same parts whose matrices are float. What the
/// matrices of `to` are stored as is chosen before, with each_stored_weight() and store_as() where
/// their type is any_weight. Of a matrix that trains in few bits it gets what `from` computes with:
/// the very codes where it is stored as it trains. Throws Error, naming the part, if the models
/// have different parts, one of `to` is read only (bound to constants, or borrowed), or a number is
/// not finite or too large; then `to` stays as it was.
template <class From, class To>
void quantize(From const& from, To& to) {
    detail::WeightsByName const weights(from, to);
    each_parameter(to, [&](std::string_view name, auto const& p) {
        if (p.read_only()) { fail("quantize", quote(name) + " is read only"); }
    });
    each_stored_weight(to, [&](std::string_view name, auto const& weight) {
        auto const& w = weights[name];
        for (WeightType const type : {w.format.type, weight.type()}) {
            detail::check_encodable("quantize", type, w.numbers.data(), std::ssize(w.numbers),
                                    quote(name));
        }
    });
    detail::each_plain_parameter(to, [&](std::string_view name, auto& p) {
        auto const numbers = weights[name].numbers;
        std::copy(numbers.begin(), numbers.end(), p.writable().begin());
    });
    each_stored_weight(to, [&](std::string_view name, auto& weight) {
        auto const& w = weights[name];
        BasicParameter<float, dyn, dyn> matrix(weight.extents()[0], weight.extents()[1]);
        if (w.is_rounded() && !w.trains_as(weight)) {
            detail::fake_quantize(serial, w.format, matrix.extents(), w.numbers.data(),
                                  matrix.writable().data());
        } else {
            matrix.bind(w.numbers.data());
        }
        quantize(matrix, weight);
    });
}

/// Lets `to`, a model of the same parts with matrices of any_weight, read the weights of `from`
/// where they are, as float. `from` must outlive it. Of a matrix that trains in few bits it gets
/// its own copy, of what `from` computes with. Throws Error, naming the part, if the models have
/// different parts; then `to` stays as it was.
template <class From, class To>
void borrow(From const& from, To& to) {
    detail::WeightsByName const weights(from, to);
    detail::each_plain_parameter(
        to, [&](std::string_view name, auto& p) { p.bind(weights[name].numbers.data()); });
    each_stored_weight(to, [&](std::string_view name, auto& weight) {
        weight.store_as(WeightType::f32);
        auto const& w = weights[name];
        if (w.is_rounded()) {
            weight.codes.allocate();
            detail::fake_quantize(serial, w.format, weight.extents(), w.numbers.data(),
                                  reinterpret_cast<float*>(weight.codes.value()));
        } else {
            weight.codes.bind(reinterpret_cast<std::uint8_t const*>(w.numbers.data()));
        }
    });
}

}  // namespace spikelet
