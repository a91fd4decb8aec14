// SPDX-License-Identifier: MIT
// Everything that a model shows of some texts, bit for bit, however it reads them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <spikelet/autodiff/part_names.hpp>
#include <spikelet/core/element.hpp>
#include <spikelet/io/checksum.hpp>

namespace spikegpt {

namespace sk = spikelet;

/// Checksums of the values of a model: one for each value, text and id. The texts have one length.
class ShownBits final : public sk::Observer {
public:
    /// The model must stay where it is.
    template <class Model>
    ShownBits(Model const& model, sk::index texts, sk::index length)
        : names_(model),
          texts_(texts),
          length_(length) {}

    /// The next pass is over `texts` texts from number `text` on, each from its id `id` on.
    void expect(sk::index text, sk::index texts, sk::index id) {
        first_text_ = text;
        texts_at_once_ = texts;
        first_id_ = id;
    }

    void see(sk::Tap const& tap) override {
        auto const planes = static_cast<sk::index>(tap.plane_weights.size());
        sk::index const words = planes * ((tap.last + sk::bits_per_word - 1) / sk::bits_per_word);
        auto const numbers = tap.last * static_cast<sk::index>(sizeof(float));
        auto const bytes = static_cast<std::size_t>(
            tap.kind == sk::Tap::Kind::spikes ? words * static_cast<sk::index>(sizeof(sk::word))
                                              : numbers);
        sk::index const ids = tap.rows / texts_at_once_;
        auto& sums = sums_of(names_(tap));
        for (sk::index row = 0; row < tap.rows; ++row) {
            sk::index const text = first_text_ + row / ids;
            sk::Checksum sum;
            sum.add(
                {static_cast<std::byte const*>(tap.data) + static_cast<std::size_t>(row) * bytes,
                 bytes});
            sums[static_cast<std::size_t>(text * length_ + first_id_ + row % ids)] = sum.value();
        }
    }

    /// Where two ways to read the same texts part.
    struct Difference {
        std::string value;  ///< its name
        sk::index text, id;
    };

    /// The first id, in any text, of which a value has other bits, and of its values the one that
    /// is computed first. Values that only one of the two shows do not count.
    [[nodiscard]] std::optional<Difference> first_difference(ShownBits const& other) const {
        for (sk::index id = 0; id < length_; ++id) {
            for (sk::index text = 0; text < texts_; ++text) {
                auto const at = static_cast<std::size_t>(text * length_ + id);
                for (Value const& value : values_) {
                    Value const* const same = other.find(value.name);
                    if (same != nullptr && same->sums[at] != value.sums[at]) {
                        return Difference{value.name, text, id};
                    }
                }
            }
        }
        return std::nullopt;
    }

    /// The first value that `other` does not show. Streams need not show what they do not keep,
    /// the charges of neurons.
    [[nodiscard]] std::optional<std::string> first_missing(ShownBits const& other,
                                                           bool is_stream) const {
        auto const is_charge = [](std::string const& name) {
            auto const last = name.substr(name.rfind('.') + 1);
            return last == "h" || last == "u";
        };
        for (Value const& value : values_) {
            bool const need_not = is_stream && is_charge(value.name);
            if (!need_not && other.find(value.name) == nullptr) { return value.name; }
        }
        return std::nullopt;
    }

    /// How many values both show.
    [[nodiscard]] sk::index in_common(ShownBits const& other) const {
        return std::ranges::count_if(
            values_, [&](Value const& value) { return other.find(value.name) != nullptr; });
    }

private:
    struct Value {
        std::string name;
        std::vector<std::uint64_t> sums;
    };

    [[nodiscard]] Value const* find(std::string const& name) const {
        auto const found = std::ranges::find(values_, name, &Value::name);
        return found == values_.end() ? nullptr : &*found;
    }

    std::vector<std::uint64_t>& sums_of(std::string const& name) {
        auto const found = std::ranges::find(values_, name, &Value::name);
        if (found != values_.end()) { return found->sums; }
        auto const size = static_cast<std::size_t>(texts_ * length_);
        return values_.emplace_back(Value{name, std::vector<std::uint64_t>(size)}).sums;
    }

    sk::PartNames names_;
    sk::index texts_, length_;
    sk::index first_text_ = 0, texts_at_once_ = 1, first_id_ = 0;
    std::vector<Value> values_;
};

}  // namespace spikegpt
