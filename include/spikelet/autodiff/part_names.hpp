// SPDX-License-Identifier: MIT
// Which layer of a model shows a tap: taps carry addresses, this table gives them names.
#pragma once

#include <map>
#include <string>
#include <utility>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/autodiff/var.hpp>

namespace spikelet {

/// Names of a model's layers by address. The model must stay where it is.
class PartNames {
public:
    /// Names all layers of the model, itself included.
    template <class Model>
    explicit PartNames(Model const& model) {
        each_part(PartName{}, model, [&](PartName const& name, auto const& part) {
            using Part = std::remove_cvref_t<decltype(part)>;
            if constexpr (Layer<Part>) {
                names_.emplace(Key{&part, type_id<Part>()}, std::string_view(name));
            }
        });
    }

    /// "blocks.3.att.k" for what the layer "blocks.3.att" shows as "k"; only the tap's own name if
    /// its layer is not listed among the parts of anything.
    [[nodiscard]] std::string operator()(Tap const& tap) const {
        auto const layer = names_.find(Key{tap.layer, tap.layer_type});
        if (layer == names_.end() || layer->second.empty()) { return std::string(tap.name); }
        return layer->second + "." + std::string(tap.name);
    }

private:
    using Key = std::pair<void const*, void const*>;
    std::map<Key, std::string> names_;
};

}  // namespace spikelet
