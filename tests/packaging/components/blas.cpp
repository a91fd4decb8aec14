// SPDX-License-Identifier: MIT
//
// Component blas: the machine's BLAS computes a product.
#include <array>

#include <spikelet/kernels/blas_matmul.hpp>

namespace sk = spikelet;

int main() {
    using Product = sk::kernels::Matmul<sk::Blas<sk::Serial<>>>;
    std::array<float, 2> const x{1, 2};
    std::array<float, 6> const w{1, 2, 3, 4, 5, 6};
    std::array<float, 3> y{};
    Product::forward<float>(sk::with_blas(sk::serial), {.rows = 1, .inputs = 2, .outputs = 3},
                            x.data(), w.data(), y.data(), nullptr);
    return y == std::array<float, 3>{9, 12, 15} ? 0 : 1;
}
