// SPDX-License-Identifier: MIT
// Writes tensors as a file that PyTorch (1.6 and newer) loads: torch.load("model.pth") gives an
// OrderedDict of tensors by name, in the order given, as model.state_dict() does. Each tensor has a
// storage of its own (io/torch_storages.hpp). Metadata are the dictionary's attribute "spikelet",
// which load_state_dict() does not look at.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/metadata.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/dtype.hpp>
#include <spikelet/io/file_writer.hpp>
#include <spikelet/io/pickle_writer.hpp>
#include <spikelet/io/stored_tensor.hpp>
#include <spikelet/io/torch_names.hpp>
#include <spikelet/io/utf8.hpp>
#include <spikelet/io/zip_writer.hpp>

namespace spikelet {

namespace detail {

// "FloatStorage" for F32. Throws Error for types that PyTorch has not.
inline std::string_view torch_type_name(std::string_view where, StoredTensor const& tensor) {
    for (TorchType const& type : torch_types) {
        if (type.dtype == tensor.dtype) { return type.name.substr(type.name.find('.') + 1); }
    }
    fail(where, "tensor " + quote(tensor.name) + " is " + std::string(name_of(tensor.dtype)) +
                    ", a type that PyTorch does not have");
}

inline void check_for_torch(std::string_view where, std::span<StoredTensor const> tensors,
                            Metadata const& metadata) {
    std::set<std::string_view> names;
    for (StoredTensor const& tensor : tensors) {
        check_utf8(std::string(where) + ": name of a tensor", tensor.name);
        if (byte_count(tensor.dtype, tensor.shape) != std::ssize(tensor.bytes)) {
            fail(where, "tensor " + quote(tensor.name) + " is " +
                            describe(tensor.dtype, tensor.shape) + ", but has " +
                            std::to_string(tensor.bytes.size()) + " bytes");
        }
        if (!names.insert(tensor.name).second) {
            fail(where, "tensor " + quote(tensor.name) + " is there twice");
        }
    }
    std::size_t bytes = 0;
    for (auto const& [key, text] : metadata) {
        check_utf8(std::string(where) + ": key of the metadata", key);
        check_utf8(std::string(where) + ": metadata " + quote(key), text);
        bytes += key.size() + text.size();
    }
    if (bytes > most_torch_metadata) {
        fail(where, "the metadata take " + std::to_string(bytes) +
                        " bytes, at most 64 MiB can be read again");
    }
}

inline void put_ordered_dict(PickleWriter& pickle) {
    pickle.name("collections", "OrderedDict");
    pickle.empty_tuple();
    pickle.call();
}

inline void put_numbers(PickleWriter& pickle, std::span<index const> numbers) {
    pickle.mark();
    for (index const number : numbers) { pickle.number(number); }
    pickle.tuple();
}

inline std::vector<index> row_major_strides(std::span<index const> shape) {
    std::vector<index> strides(shape.size());
    index next = 1;
    for (std::size_t r = shape.size(); r-- > 0;) {
        strides[r] = next;
        next *= std::max<index>(shape[r], 1);
    }
    return strides;
}

// _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)
inline void put_tensor(PickleWriter& pickle, std::string_view where, StoredTensor const& tensor,
                       std::string_view key) {
    pickle.name("torch._utils", "_rebuild_tensor_v2");
    pickle.mark();
    pickle.mark();
    pickle.text("storage");
    pickle.name("torch", torch_type_name(where, tensor));
    pickle.text(key);
    pickle.text("cpu");
    pickle.number(tensor.size());
    pickle.tuple();
    pickle.outer();
    pickle.number(0);
    put_numbers(pickle, tensor.shape);
    put_numbers(pickle, row_major_strides(tensor.shape));
    pickle.no();
    put_ordered_dict(pickle);
    pickle.tuple();
    pickle.call();
}

inline void put_metadata(PickleWriter& pickle, Metadata const& metadata) {
    if (metadata.empty()) { return; }
    pickle.empty_dict();
    pickle.mark();
    pickle.text(torch_metadata_key);
    pickle.empty_dict();
    pickle.mark();
    for (auto const& [key, text] : metadata) {
        pickle.text(key);
        pickle.text(text);
    }
    pickle.set_items();
    pickle.set_items();
    pickle.set_state();
}

inline std::string torch_pickle(std::string_view where, std::span<StoredTensor const> tensors,
                                Metadata const& metadata) {
    PickleWriter pickle;
    put_ordered_dict(pickle);
    pickle.mark();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        pickle.text(tensors[i].name);
        put_tensor(pickle, where, tensors[i], std::to_string(i));
    }
    pickle.set_items();
    put_metadata(pickle, metadata);
    return pickle.finish();
}

}  // namespace detail

/// Writes a file whole or not at all; `watch` hears how far it is. Throws Error, also for types
/// that PyTorch does not have: unsigned numbers of more than 8 bits.
///
///     write_torch("model.pth", tensors);
inline void write_torch(std::string path, std::span<StoredTensor const> tensors,
                        Metadata const& metadata = {}, WriteWatch const& watch = {}) {
    std::string const where = quote(path);
    detail::check_for_torch(where, tensors, metadata);
    std::string const pickle = detail::torch_pickle(where, tensors, metadata);
    write_file_atomically(std::move(path), [&](FileWriter& file) {
        file.watch(watch);
        ZipWriter archive(file);
        archive.add("archive/data.pkl", pickle);
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            archive.add("archive/data/" + std::to_string(i), tensors[i].bytes);
        }
        archive.add("archive/version", "3\n");
        archive.finish();
    });
}

}  // namespace spikelet
