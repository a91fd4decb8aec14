// SPDX-License-Identifier: MIT
#include "conformance/dump.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include <spikelet/io/safetensors_writer.hpp>

namespace conformance {
namespace {

template <class T>
std::vector<std::byte> bytes_of(Array const& a) {
    std::vector<std::byte> bytes(a.values.size() * sizeof(T));
    for (std::size_t i = 0; i < a.values.size(); ++i) {
        T const x = static_cast<T>(a.values[i]);
        std::memcpy(bytes.data() + i * sizeof(T), &x, sizeof(T));
    }
    return bytes;
}

std::vector<std::byte> bytes_of(Array const& a, spikelet::Dtype dtype) {
    switch (dtype) {
    case spikelet::Dtype::U8:
        return bytes_of<std::uint8_t>(a);
    case spikelet::Dtype::I8:
        return bytes_of<std::int8_t>(a);
    case spikelet::Dtype::I32:
        return bytes_of<std::int32_t>(a);
    case spikelet::Dtype::F64:
        return bytes_of<double>(a);
    default:
        return bytes_of<float>(a);
    }
}

void dump_file(std::filesystem::path const& path, Arrays const& arrays, spikelet::Dtype dtype,
               spikelet::Metadata const& metadata) {
    std::vector<spikelet::StoredTensor> tensors;
    std::vector<std::vector<std::byte>> memory;
    for (auto const& [name, a] : arrays) {
        spikelet::Dtype const kind = a.dtype == spikelet::Dtype::F32 ? dtype : a.dtype;
        memory.push_back(bytes_of(a, kind));
        tensors.push_back({name, kind, a.shape, memory.back()});
    }
    spikelet::write_safetensors(path.string(), tensors, metadata);
}

}  // namespace

Array summary(Array const& a) {
    double sum = 0;
    double squares = 0;
    double largest = 0;
    double wave = 0;
    for (std::size_t i = 0; i < a.values.size(); ++i) {
        double const x = a.values[i];
        sum += x;
        squares += x * x;
        largest = std::max(largest, std::abs(x));
        wave += x * std::cos(static_cast<double>(i));
    }
    return {{4}, {sum, squares, largest, wave}};
}

void dump(std::filesystem::path const& folder, ModelRun const& run, spikelet::Dtype dtype,
          spikelet::Metadata const& metadata) {
    std::filesystem::create_directories(folder);
    Arrays summaries;
    for (auto const& [name, a] : run.adam) { summaries[name] = is_weight(name) ? summary(a) : a; }
    dump_file(folder / "forward.safetensors", run.forward, dtype, metadata);
    dump_file(folder / "grads.safetensors", run.grads, dtype, metadata);
    dump_file(folder / "adam.safetensors", run.adam, dtype, metadata);
    dump_file(folder / "adam_summary.safetensors", summaries, dtype, metadata);
    dump_file(folder / "generate.safetensors", run.generate, dtype, metadata);
}

}  // namespace conformance
