// SPDX-License-Identifier: MIT
// Writes safetensors files: the widest types first, so that every tensor is aligned in the file,
// and each goes straight from where it is to the disk. A checksum of the header and the tensors
// stands in the metadata under a key of its own; SafetensorsFile::verify() checks it.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/checksum.hpp>
#include <spikelet/io/dtype.hpp>
#include <spikelet/io/file_writer.hpp>
#include <spikelet/io/half.hpp>
#include <spikelet/io/safetensors_checksum.hpp>
#include <spikelet/io/stored_tensor.hpp>
#include <spikelet/io/utf8.hpp>

namespace spikelet {

/// Stores every tensor in the type it has.
struct KeepDtype {
    [[nodiscard]] constexpr Dtype operator()(StoredTensor const& tensor) const {
        return tensor.dtype;
    }
};

namespace detail {

// A tensor, and the type and the place that it gets in the file.
struct PlannedTensor {
    StoredTensor const* tensor;
    Dtype dtype;
    index begin = 0;

    [[nodiscard]] std::string const& name() const { return tensor->name; }
    [[nodiscard]] std::size_t width() const { return size_of(dtype); }
    [[nodiscard]] index bytes() const { return tensor->size() * static_cast<index>(width()); }
};

inline void check_planned(std::string_view where, PlannedTensor const& planned) {
    StoredTensor const& tensor = *planned.tensor;
    auto complain = [&](std::string const& message) {
        fail(where, "tensor " + quote(tensor.name) + " " + message);
    };
    if (tensor.name == "__metadata__") { complain("has a name that means something else"); }
    if (valid_utf8_prefix(tensor.name) != tensor.name.size()) {
        complain("has a name that is not UTF-8");
    }
    if (byte_count(tensor.dtype, tensor.shape) != std::ssize(tensor.bytes)) {
        complain("is " + describe(tensor.dtype, tensor.shape) + ", but has " +
                 std::to_string(tensor.bytes.size()) + " bytes");
    }
    bool const narrows =
        tensor.dtype == Dtype::F32 && (planned.dtype == Dtype::F16 || planned.dtype == Dtype::BF16);
    if (planned.dtype != tensor.dtype && !narrows) {
        complain("is " + std::string(name_of(tensor.dtype)) + ", which is not written as " +
                 std::string(name_of(planned.dtype)));
    }
}

inline void place_planned(std::string_view where, std::vector<PlannedTensor>& plan) {
    std::ranges::sort(plan, {}, &PlannedTensor::name);
    auto const twin = std::ranges::adjacent_find(plan, {}, &PlannedTensor::name);
    if (twin != plan.end()) { fail(where, "tensor " + quote(twin->name()) + " is there twice"); }
    std::ranges::stable_sort(plan, std::ranges::greater{}, &PlannedTensor::width);
    index end = 0;
    for (PlannedTensor& planned : plan) {
        planned.begin = std::exchange(end, end + planned.bytes());
    }
}

inline std::string safetensors_header(std::string_view where, std::span<PlannedTensor const> plan,
                                      Metadata const& metadata) {
    auto header = nlohmann::ordered_json::object();
    header["__metadata__"][checksum_key] = std::string(checksum_digits, '0');
    for (auto const& [key, text] : metadata) {
        check_utf8(std::string(where) + ": key of the metadata", key);
        check_utf8(std::string(where) + ": metadata " + quote(key), text);
        if (key != checksum_key) { header["__metadata__"][key] = text; }
    }
    for (PlannedTensor const& planned : plan) {
        std::vector<index> const offsets{planned.begin, planned.begin + planned.bytes()};
        header[planned.name()] = {{"dtype", std::string(name_of(planned.dtype))},
                                  {"shape", planned.tensor->shape},
                                  {"data_offsets", offsets}};
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    if (text.size() > max_safetensors_header) {
        fail(where, "names and metadata take " + std::to_string(text.size()) + " bytes, at most " +
                        std::to_string(max_safetensors_header) + " can be read again");
    }
    return text;
}

inline Checksum header_checksum(std::span<PlannedTensor const> plan, Metadata const& metadata) {
    std::vector<TensorEntry> entries;
    for (PlannedTensor const& p : plan) {
        entries.push_back({p.name(), p.dtype, p.tensor->shape, p.begin});
    }
    return checksum_of(metadata, std::move(entries));
}

// Writes floats in 16 bits, a portion at a time.
inline void write_narrowed(FileWriter& file, std::span<std::byte const> floats, Dtype dtype) {
    auto const narrow = dtype == Dtype::F16 ? half_from_float : bfloat16_from_float;
    std::array<std::uint16_t, 4096> portion{};
    while (!floats.empty()) {
        std::size_t const count = (std::min)(portion.size(), floats.size() / sizeof(float));
        for (std::size_t i = 0; i < count; ++i) {
            float value = 0.0f;
            std::memcpy(&value, floats.data() + i * sizeof(float), sizeof(float));
            portion[i] = narrow(value);
        }
        file.write(std::as_bytes(std::span(portion).first(count)));
        floats = floats.subspan(count * sizeof(float));
    }
}

// Writes a file of which `write(file, planned)` writes the tensors.
template <class StoreAs, class Write>
void write_safetensors(std::string path, std::span<StoredTensor const> tensors,
                       Metadata const& metadata, StoreAs store_as, Write write,
                       WriteWatch const& watch = {}) {
    std::string const where = quote(path);
    std::vector<PlannedTensor> plan;
    plan.reserve(tensors.size());
    for (StoredTensor const& tensor : tensors) {
        plan.push_back({&tensor, store_as(tensor)});
        check_planned(where, plan.back());
    }
    place_planned(where, plan);
    std::string const header = safetensors_header(where, plan, metadata);
    std::uint64_t const length = header.size();

    // Quotes within names and texts are escaped, so this is the only place that reads like that.
    std::string const key = '"' + std::string(checksum_key) + R"(":")";
    std::size_t const place = sizeof(length) + header.find(key) + key.size();

    write_file_atomically(std::move(path), [&](FileWriter& file) {
        file.watch(watch);
        file.write(std::as_bytes(std::span(&length, 1)));
        file.write(header);
        Checksum sum = header_checksum(plan, metadata);
        file.sum_into(&sum);
        for (PlannedTensor const& planned : plan) { write(file, planned); }
        file.sum_into(nullptr);
        file.overwrite(place, sum.text());
    });
}

}  // namespace detail

/// Writes a file whole or not at all. `store_as(tensor)` names the type of each tensor in the file:
/// its own, or F16 or BF16 for an F32 tensor, rounded to nearest even. `watch` hears how far it is.
/// Throws Error.
///
///     write_safetensors("model.safetensors", tensors, {{"format", "pt"}});
template <class StoreAs = KeepDtype>
    requires std::is_invocable_r_v<Dtype, StoreAs&, StoredTensor const&>
void write_safetensors(std::string path, std::span<StoredTensor const> tensors,
                       Metadata const& metadata = {}, StoreAs store_as = {},
                       WriteWatch const& watch = {}) {
    detail::write_safetensors(
        std::move(path), tensors, metadata, std::move(store_as),
        [](FileWriter& file, detail::PlannedTensor const& planned) {
            if (planned.dtype == planned.tensor->dtype) {
                file.write(planned.tensor->bytes);
            } else {
                detail::write_narrowed(file, planned.tensor->bytes, planned.dtype);
            }
        },
        watch);
}

}  // namespace spikelet
