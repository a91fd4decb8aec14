// SPDX-License-Identifier: MIT
// The names that pickles of tensors use.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include <spikelet/io/dtype.hpp>

namespace spikelet::detail {

/// The attribute of a dictionary under which we keep metadata. Python's readers do not look at it.
inline constexpr std::string_view torch_metadata_key = "spikelet";
// The most bytes that keys and values there may have, since short pickles can repeat long texts.
inline constexpr std::size_t most_torch_metadata = std::size_t{64} << 20;

/// The names that pickles of tensors ask for.
enum class TorchName : std::uint8_t { ordered_dict, tensor, parameter, first_storage };
inline constexpr std::array<std::string_view, 3> torch_calls{"collections.OrderedDict",
                                                             "torch._utils._rebuild_tensor_v2",
                                                             "torch._utils._rebuild_parameter"};

struct TorchType {
    std::string_view name;
    Dtype dtype;
};
inline constexpr std::array<TorchType, 10> torch_types{{{"torch.DoubleStorage", Dtype::F64},
                                                        {"torch.FloatStorage", Dtype::F32},
                                                        {"torch.HalfStorage", Dtype::F16},
                                                        {"torch.BFloat16Storage", Dtype::BF16},
                                                        {"torch.LongStorage", Dtype::I64},
                                                        {"torch.IntStorage", Dtype::I32},
                                                        {"torch.ShortStorage", Dtype::I16},
                                                        {"torch.CharStorage", Dtype::I8},
                                                        {"torch.ByteStorage", Dtype::U8},
                                                        {"torch.BoolStorage", Dtype::Bool}}};

/// All names, in the order of TorchName.
inline constexpr auto torch_names = [] {
    std::array<std::string_view, torch_calls.size() + torch_types.size()> names;
    auto next = std::copy(torch_calls.begin(), torch_calls.end(), names.begin());
    for (TorchType const& type : torch_types) { *next++ = type.name; }
    return names;
}();

}  // namespace spikelet::detail
