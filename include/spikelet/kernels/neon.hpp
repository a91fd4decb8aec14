// SPDX-License-Identifier: MIT
// Quotients and square roots of floats on 64-bit ARM. The processor rounds both correctly; xsimd 8
// approaches them by steps of Newton's method and is off by up to two units in the last place.
#pragma once

#if defined(__aarch64__)

#include <arm_neon.h>
#include <xsimd/xsimd.hpp>

#if XSIMD_VERSION_MAJOR < 9

namespace xsimd {

template <>
inline batch<float, neon64>&
batch<float, neon64>::operator/=(batch<float, neon64> const& other) noexcept {
    return *this = batch<float, neon64>(vdivq_f32(*this, other));
}

template <>
inline batch<float, neon64> sqrt(batch<float, neon64> const& x) noexcept {
    return vsqrtq_f32(x);
}

}  // namespace xsimd

#endif
#endif
