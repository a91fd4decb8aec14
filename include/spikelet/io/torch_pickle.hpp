// SPDX-License-Identifier: MIT
// What PyTorch's pickles say of tensors. A tensor is a view of a storage, which is an array of
// numbers beside the pickle (torch/_utils.py, torch/serialization.py):
//   torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)
//   torch._utils._rebuild_parameter(tensor, requires_grad, hooks)
//   storage: ("storage", torch.FloatStorage, key, location, number of elements)
// Element [i, j] is number offset + i stride[0] + j stride[1] of the storage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/metadata.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/dtype.hpp>
#include <spikelet/io/pickle_value.hpp>
#include <spikelet/io/stored_tensor.hpp>
#include <spikelet/io/torch_names.hpp>

namespace spikelet {

/// An array of numbers that tensors are views of, as a pickle announces it.
struct TorchStorage {
    std::string key;           ///< what its entry in the archive is called
    Dtype dtype = Dtype::F32;  ///< type of its elements
    index count = 0;           ///< number of elements

    /// Its size; none if that is too large.
    [[nodiscard]] std::optional<index> bytes() const { return byte_count(dtype, {&count, 1}); }
};

/// A tensor as a pickle describes it; it lies within its storage.
struct TorchView {
    std::string name;            ///< dotted, as in a state_dict
    std::size_t storage = 0;     ///< its place in TorchTable::storages
    index offset = 0;            ///< in elements, as are the strides
    std::vector<index> shape;    ///< its extents
    std::vector<index> strides;  ///< 0 for an extent of 1, which takes no steps
};

/// Everything that is in a pickle.
struct TorchTable {
    std::vector<TorchStorage> storages;  ///< in the order of the pickle
    std::vector<TorchView> views;        ///< all tensors
    Metadata metadata;  ///< texts in the attribute "spikelet" of the outermost dictionary
};

namespace detail {

class TorchPickle {
public:
    using Kind = PickleValue::Kind;

    TorchPickle(std::string_view where, Pickle const& pickle) : where_(where), pickle_(pickle) {
        for (PickleValue const& value : pickle.values) { visits_left_ += 2 * value.items.size(); }
    }

    TorchTable table() {
        PickleValue const& root = pickle_.at(pickle_.root);
        if (!is_dict(root)) { fail(where_, "it holds no dictionary of tensors"); }
        read_metadata(root);
        collect("", pickle_.root, 0);
        return std::move(table_);
    }

private:
    // Dictionaries within dictionaries; a dictionary within itself ends here, too.
    static constexpr int most_depth = 32;
    static constexpr std::size_t most_name = 1000;
    // Short pickles can name one tensor, or one text, in very many places.
    static constexpr std::size_t most_views = std::size_t{1} << 17;
    static constexpr std::size_t most_bytes = std::size_t{64} << 20;

    [[nodiscard]] bool calls(PickleValue const& value, TorchName name) const {
        return value.kind == Kind::call &&
               pickle_.at(value.items[0]).whole == static_cast<std::int64_t>(name);
    }

    [[nodiscard]] bool is_dict(PickleValue const& value) const {
        return value.kind == Kind::dict || calls(value, TorchName::ordered_dict);
    }

    // Keys and values in turn. Those of an OrderedDict come after the call that makes it.
    [[nodiscard]] std::span<std::uint32_t const> pairs_of(PickleValue const& value) const {
        std::span<std::uint32_t const> const items = value.items;
        if (value.kind == Kind::dict) { return items; }
        if (!pickle_.at(items[1]).items.empty()) {
            fail(where_, "an OrderedDict is made of arguments, as Python 2 did");
        }
        return items.subspan(2);
    }

    void read_metadata(PickleValue const& root) {
        if (root.state == 0) { return; }
        auto const attributes = pairs_of(pickle_.at(root.state));
        for (std::size_t i = 0; i < attributes.size(); i += 2) {
            if (pickle_.at(attributes[i]).text != torch_metadata_key) { continue; }
            if (std::exchange(has_metadata_, true)) {
                fail(where_, "its metadata are there twice");
            }
            PickleValue const& texts = pickle_.at(attributes[i + 1]);
            if (!is_dict(texts)) { fail(where_, "its metadata are no dictionary"); }
            keep_metadata(pairs_of(texts));
        }
    }

    void keep_metadata(std::span<std::uint32_t const> pairs) {
        std::size_t bytes = 0;
        for (std::size_t k = 0; k < pairs.size(); k += 2) {
            bytes += pickle_.at(pairs[k]).text.size() + pickle_.at(pairs[k + 1]).text.size();
            if (bytes > most_torch_metadata) { fail(where_, "its metadata take more than 64 MiB"); }
            table_.metadata.emplace(text(pairs[k], "a key of its metadata"),
                                    text(pairs[k + 1], "a value of its metadata"));
        }
    }

    // All tensors from there on, named by the keys that lead to them with dots between. Other
    // values do not matter.
    void collect(std::string const& name, std::uint32_t place, int depth) {
        if (visits_left_-- == 0) { fail(where_, "its values are within each other without end"); }
        if (name.size() > most_name) { fail(where_, "the name " + quote(name) + " is too long"); }
        PickleValue const& value = pickle_.at(place);
        std::string const prefix = name.empty() ? "" : name + ".";
        if (depth > most_depth) { fail(where_, "its dictionaries are nested too deeply"); }
        if (is_dict(value)) {
            auto const pairs = pairs_of(value);
            for (std::size_t i = 0; i < pairs.size(); i += 2) {
                collect(prefix + key_text(pairs[i]), pairs[i + 1], depth + 1);
            }
        } else if (value.kind == Kind::list || value.kind == Kind::tuple) {
            for (std::size_t i = 0; i < value.items.size(); ++i) {
                collect(prefix + std::to_string(i), value.items[i], depth + 1);
            }
        } else if (value.kind == Kind::call) {
            add_view(name, value);
        }
    }

    [[nodiscard]] std::string key_text(std::uint32_t place) const {
        PickleValue const& key = pickle_.at(place);
        if (key.kind == Kind::whole) { return std::to_string(key.whole); }
        return text(place, "a key of a dictionary");
    }

    void add_view(std::string const& name, PickleValue const& call) {
        std::string const what = "tensor " + quote(name);
        PickleValue const* made = &call;
        if (calls(call, TorchName::parameter)) { made = &pickle_.at(arguments(call, 1, what)[0]); }
        if (!calls(*made, TorchName::tensor)) {
            fail(where_, what + " is not made as tensors are");
        }
        auto const given = arguments(*made, 4, what);
        TorchView view;
        view.name = name;
        view.storage = storage(given[0], what);
        view.offset = number(given[1], what + ": its offset");
        view.shape = numbers(given[2], what + ": its shape");
        view.strides = numbers(given[3], what + ": its strides");
        check_inside(view, what);
        for (std::size_t r = 0; r < view.shape.size(); ++r) {
            if (view.shape[r] == 1) { view.strides[r] = 0; }
        }
        keep(std::move(view));
    }

    void keep(TorchView view) {
        view_bytes_ += view.name.size() + 2 * sizeof(index) * view.shape.size();
        if (table_.views.size() == most_views || view_bytes_ > most_bytes) {
            fail(where_, "it names more than " + std::to_string(most_views) +
                             " tensors, or their names and shapes take more than 64 MiB");
        }
        table_.views.push_back(std::move(view));
    }

    // At least so many arguments of a call, after which nothing was added to what it made.
    std::vector<std::uint32_t> const& arguments(PickleValue const& call, std::size_t least,
                                                std::string const& what) const {
        auto const& given = pickle_.at(call.items[1]).items;
        if (call.items.size() != 2 || call.state != 0 || given.size() < least) {
            fail(where_, what + " is not made as tensors are");
        }
        return given;
    }

    // The place of the storage that a value names; the same key is the same storage.
    std::size_t storage(std::uint32_t place, std::string const& what) {
        PickleValue const& outer = pickle_.at(place);
        PickleValue const& said = outer.kind == Kind::outer ? pickle_.at(outer.items[0]) : outer;
        bool const fits = outer.kind == Kind::outer && said.kind == Kind::tuple &&
                          (said.items.size() == 5 || said.items.size() == 6) &&
                          pickle_.at(said.items[0]).text == "storage";
        if (!fits) { fail(where_, what + " has no storage"); }
        if (said.items.size() == 6 && pickle_.at(said.items[5]).kind != Kind::none) {
            fail(where_, what + " has a storage within a storage, as PyTorch before 0.4 wrote");
        }
        if (pickle_.at(said.items[2]).text.size() > most_name) {
            fail(where_, what + " has a storage whose key is too long");
        }
        TorchStorage found{text(said.items[2], what + ": the key of its storage"),
                           dtype(said.items[1], what),
                           number(said.items[4], what + ": the size of its storage")};
        if (!found.bytes()) { fail(where_, what + " has a storage beyond all sizes"); }
        auto const [known, is_new] = places_.emplace(found.key, table_.storages.size());
        if (is_new) {
            table_.storages.push_back(std::move(found));
        } else if (TorchStorage const& old = table_.storages[known->second];
                   old.dtype != found.dtype || old.count != found.count) {
            fail(where_, "storage " + quote(found.key) + " has two types or sizes");
        }
        return known->second;
    }

    [[nodiscard]] Dtype dtype(std::uint32_t place, std::string const& what) const {
        PickleValue const& type = pickle_.at(place);
        constexpr auto first = static_cast<std::int64_t>(TorchName::first_storage);
        if (type.kind != Kind::name || type.whole < first) {
            fail(where_, what + " has a storage without a type");
        }
        return torch_types[static_cast<std::size_t>(type.whole - first)].dtype;
    }

    // Whether every element of the view is one of its storage, and none is there too often.
    void check_inside(TorchView const& view, std::string const& what) const {
        TorchStorage const& storage = table_.storages[view.storage];
        if (view.strides.size() != view.shape.size()) {
            fail(where_, what + " has " + std::to_string(view.shape.size()) + " extents, but " +
                             std::to_string(view.strides.size()) + " strides");
        }
        index last = view.offset;
        bool counted = byte_count(storage.dtype, view.shape).has_value();
        bool empty = false;
        for (std::size_t r = 0; r < view.shape.size(); ++r) {
            index reach = 0;
            empty = empty || view.shape[r] == 0;
            counted = counted &&
                      !__builtin_mul_overflow(view.shape[r] - 1, view.strides[r], &reach) &&
                      !__builtin_add_overflow(last, reach, &last);
        }
        auto const width = static_cast<index>(size_of(storage.dtype));
        index const size = counted ? *byte_count(storage.dtype, view.shape) / width : 0;
        bool const fits = empty ? view.offset <= storage.count : last < storage.count;
        if (!counted || !fits || size > storage.count) {
            fail(where_, what + " is " + describe(storage.dtype, view.shape) + " at " +
                             std::to_string(view.offset) + " with strides " +
                             describe(view.strides) + ", which is more than the " +
                             std::to_string(storage.count) + " numbers of its storage");
        }
    }

    [[nodiscard]] std::string text(std::uint32_t place, std::string const& what) const {
        PickleValue const& value = pickle_.at(place);
        if (value.kind != Kind::text) { fail(where_, what + " is no text"); }
        return std::string(value.text);
    }

    [[nodiscard]] index number(std::uint32_t place, std::string const& what) const {
        PickleValue const& value = pickle_.at(place);
        if (value.kind != Kind::whole || !value.text.empty() || value.whole < 0) {
            fail(where_, what + " is no number from 0 to 2^63 - 1");
        }
        return value.whole;
    }

    [[nodiscard]] std::vector<index> numbers(std::uint32_t place, std::string const& what) const {
        constexpr std::size_t most_rank = 64;
        PickleValue const& value = pickle_.at(place);
        if (value.kind != Kind::tuple || value.items.size() > most_rank) {
            fail(where_, what + " are not at most 64 numbers");
        }
        std::vector<index> list;
        for (std::uint32_t const item : value.items) { list.push_back(number(item, what)); }
        return list;
    }

    std::string where_;
    Pickle const& pickle_;
    TorchTable table_;
    std::map<std::string, std::size_t, std::less<>> places_;
    std::size_t view_bytes_ = 0;
    bool has_metadata_ = false;
    std::size_t visits_left_ = 1;  // a value in several places is visited in each, within reason
};

}  // namespace detail

/// The tensors that a pickle describes, in its order. Messages begin with `where`. Throws Error.
[[nodiscard]] inline TorchTable read_torch_pickle(std::string_view where, Pickle const& pickle) {
    return detail::TorchPickle(where, pickle).table();
}

}  // namespace spikelet
