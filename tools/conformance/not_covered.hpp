// SPDX-License-Identifier: MIT
// What this program leaves out on purpose, and why. All else that a folder of cases holds is
// compared, or the program fails.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace conformance {

/// Left out: a case or a folder of its name, or one item of a case, case/item.
struct NotCovered {
    std::string_view name;
    std::string_view reason;
};

/// All that is left out.
inline constexpr std::array<NotCovered, 5> not_covered{{
    {"pth", "weights as PyTorch writes them: tests/models/spikegpt_torch_test.cpp"},
    {"torch", "tensors as PyTorch writes them: tests/io/torch_file_test.cpp"},
    {"format", "a file of many types: tests/io/safetensors_test.cpp"},
    {"binidx", "files of tokens: tests/io/binidx_test.cpp"},
    {"spike_codes", "codes and neurons of other papers, which the library does not have"},
}};

/// Why an item of a case is left out, or all of the case; empty if it is not.
inline std::string_view reason_to_leave_out(std::string_view name, std::string_view item = {}) {
    auto const is_meant = [&](NotCovered const& one) {
        return one.name == name || one.name == std::string(name) + "/" + std::string(item);
    };
    auto const found = std::ranges::find_if(not_covered, is_meant);
    return found == not_covered.end() ? std::string_view() : found->reason;
}

}  // namespace conformance
