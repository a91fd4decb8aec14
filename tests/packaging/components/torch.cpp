// SPDX-License-Identifier: MIT
//
// Component torch: a file of PyTorch is written and read.
#include <array>
#include <vector>

#include <spikelet/io/checkpoint_file.hpp>

namespace sk = spikelet;

int main() {
    std::vector<float> const numbers{1, 2, 3, 4, 5, 6};
    std::array const tensors{sk::stored_tensor<float>("weight", {2, 3}, numbers)};
    sk::write_tensors("weight.pth", tensors);
    auto const file = sk::CheckpointFile::open("weight.pth");
    return file.is_torch() && file.read<float>("weight") == numbers ? 0 : 1;
}
