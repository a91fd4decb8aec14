// SPDX-License-Identifier: MIT
// The first lanes of a vector register from and to memory, where an instruction set can do that
// at once. simd::load and simd::store are the way to them.
#pragma once

#include <spikelet/kernels/batch.hpp>

namespace spikelet::simd::detail {

// The unused parameter says which register is meant. So that the names exist on machines without
// the instructions:
void load_part();
void store_part();

#if XSIMD_WITH_AVX512F
[[gnu::always_inline]] inline unsigned first_lanes(index n) { return (1U << n) - 1; }

[[gnu::always_inline]] inline __m512 load_part(__m512 /*register*/, float const* p, index n) {
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>(first_lanes(n)), p);
}
[[gnu::always_inline]] inline __m512d load_part(__m512d /*register*/, double const* p, index n) {
    return _mm512_maskz_loadu_pd(static_cast<__mmask8>(first_lanes(n)), p);
}
[[gnu::always_inline]] inline void store_part(float* p, __m512 x, index n) {
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>(first_lanes(n)), x);
}
[[gnu::always_inline]] inline void store_part(double* p, __m512d x, index n) {
    _mm512_mask_storeu_pd(p, static_cast<__mmask8>(first_lanes(n)), x);
}
#endif

}  // namespace spikelet::simd::detail
