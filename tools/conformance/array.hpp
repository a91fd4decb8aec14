// SPDX-License-Identifier: MIT
// Reference values and our own as plain numbers, and how far they are apart.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/io/safetensors.hpp>

namespace conformance {

using spikelet::index;

/// An array of numbers of any type, each of which a double holds exactly.
struct Array {
    std::vector<index> shape;
    std::vector<double> values;
    spikelet::Dtype dtype = spikelet::Dtype::F32;  ///< in the file
};

using Arrays = std::map<std::string, Array>;

/// The tensor of this name. Throws Error if it is not there.
inline Array read_array(spikelet::SafetensorsFile const& file, std::string_view name) {
    spikelet::StoredTensor const& tensor = file.tensor(name);
    return {tensor.shape, file.read<double>(name), tensor.dtype};
}

/// How the largest of all differences of two arrays is measured.
enum class Measure {
    absolute,
    scaled,    ///< in units of the reference's largest entry, but at least of 1
    relative,  ///< in units of the reference's largest entry
};

/// How far apart two arrays may be.
struct Tolerance {
    Measure measure;
    double allowed;
};

inline constexpr Tolerance exact{Measure::absolute, 0.0};

/// The largest difference; infinite if a number is NaN where the reference is not, or if there are
/// more or fewer numbers.
double difference(std::vector<double> const& ours, std::vector<double> const& reference,
                  Measure measure);

}  // namespace conformance
