// SPDX-License-Identifier: MIT
// Products of many rows of events, at any density, with weights in few bits, y [M,N] = s W. Events
// become bytes with signs, weights bytes without (code + offset), four inputs together, and so one
// instruction does four multiply-adds per lane (VNNI), four times as many as of floats, or two do
// (elsewhere, with sums of 16 bits as long as these hold them):
//
//   sum[r][o] = -offset * (sum of values of row r) + sum over quads of four products
//
// of a scale group, exact in 32 bits. A panel of weights is as many columns as a register has
// bytes; it passes through the caches once for a few rows whose sums are in registers.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include <spikelet/kernels/code_panel.hpp>
#include <spikelet/kernels/coded_rows.hpp>

namespace spikelet::kernels {

/// Products of many events of element type S with codes of type C.
template <class C, class S, class Policy, bool AtOnce = simd::has_dot_quads<Policy>>
class QuadProduct {
    using Bytes = simd::Batch<std::uint8_t, Policy>;
    using Sums = simd::Batch<std::int32_t, Policy>;
    using Floats = simd::Batch<float, Policy>;
    static constexpr index panel = simd::width<Bytes>;
    static constexpr index batches = 4;
    static constexpr index rows_at_once = simd::registers<Floats> == 32 ? 6 : 2;
    // Rows that a panel serves while it is in the caches.
    static constexpr index block_rows = 4 * rows_at_once;
    static constexpr int offset = std::is_same_v<C, trit>   ? 1
                                  : std::is_same_v<C, int4> ? Element<int4>::offset
                                                            : 128;
    using Quads = QuadSums<Policy, AtOnce, batches, 2 * offset, largest_magnitude<S>>;
    static constexpr index planes = Element<S>::planes;
    // Fewer multiply-adds are not worth another thread.
    static constexpr index grain_work = index{1} << 19;

    template <index rows, class Of>
    using Tile = std::array<Of, static_cast<std::size_t>(rows)>;

public:
    /// Bytes of scratch that run() needs.
    static constexpr index workspace(MatmulSize n) {
        return n.rows * event_bytes(n) + panels(n) * panel_bytes(n) + value_bytes(n);
    }

    /// y [M,N] = s W, of one input at least.
    static void run(Policy policy, MatmulSize n, word const* events, QuantizedMatrix<C> w, float* y,
                    std::byte* workspace) {
        SPIKELET_ASSERT(n.inputs > 0, "quad_product: nothing to multiply");
        Work const work{n, w, reinterpret_cast<std::int32_t*>(workspace),
                        reinterpret_cast<std::uint8_t*>(workspace) + value_bytes(n), y};
        auto const unpack_some = [&](index begin, index end) {
            for (index r = begin; r < end; ++r) {
                unpack(work, r, events + r * Element<S>::row_units(n.inputs));
            }
        };
        parallel_for(policy, n.rows, unpack_some, grain_of(grain_work, n.inputs));
        auto const pack_some = [&](index begin, index end) {
            for (index p = begin; p < end; ++p) { pack(work, p * panel); }
        };
        parallel_for(policy, panels(n), pack_some, grain_of(grain_work, n.inputs * panel));
        auto const multiply_some = [&](index begin, index end) {
            for (index row = begin; row < end; row += block_rows) {
                index const stop = (std::min)(row + block_rows, end);
                for (index p = 0; p < panels(n); ++p) { multiply(work, p * panel, row, stop); }
            }
        };
        parallel_for(policy, n.rows, multiply_some, grain_of(grain_work, n.inputs * n.outputs));
    }

private:
    struct Work {
        MatmulSize n;
        QuantizedMatrix<C> w;
        std::int32_t* value_sums;  // [M, scale groups]
        std::uint8_t* bytes;       // events, then panels
        float* y;

        [[nodiscard]] index groups() const { return scale_groups(n.inputs, w.group); }
        [[nodiscard]] std::uint8_t* row(index r) const { return bytes + r * event_bytes(n); }
        [[nodiscard]] std::uint8_t* weights(index column) const {
            return bytes + n.rows * event_bytes(n) + column / panel * panel_bytes(n);
        }
    };

    static constexpr index panels(MatmulSize n) { return (n.outputs + panel - 1) / panel; }
    static constexpr index quads_of(index inputs) { return (inputs + 3) / 4; }
    static constexpr index event_bytes(MatmulSize n) {
        return Element<bit>::row_units(n.inputs) * bits_per_word;
    }
    static constexpr index panel_bytes(MatmulSize n) { return quads_of(n.inputs) * 4 * panel; }
    static constexpr index value_bytes(MatmulSize n) {
        index const most_groups = Element<bit>::row_units(n.inputs);
        return n.rows * most_groups * static_cast<index>(sizeof(std::int32_t));
    }

    /// The events of a row as bytes, and the sums of their values.
    static void unpack(Work const& work, index r, word const* events) {
        std::uint8_t* to = work.row(r);
        std::int32_t* const sums = work.value_sums + r * work.groups();
        std::fill_n(sums, work.groups(), 0);
        for (index i = 0; i < work.n.inputs; i += bits_per_word, events += planes) {
            for (index part = 0; part < bits_per_word; part += panel, to += panel) {
                Bytes values(0);
                simd::unrolled<planes>([&](auto p) {
                    constexpr auto weight = static_cast<std::uint8_t>(Element<S>::plane_weights[p]);
                    values += simd::bytes_where<Bytes>(events[p] >> part, weight);
                });
                simd::store(to, values, simd::Full{});
            }
            for (index p = 0; p < planes; ++p) {
                int const weight = Element<S>::plane_weights[static_cast<std::size_t>(p)];
                sums[i / work.w.group] += weight * std::popcount(events[p]);
            }
        }
    }

    /// One panel of weights as bytes: four inputs of a column, then those of the next.
    static void pack(Work const& work, index column) {
        index const columns = (std::min)(panel, work.n.outputs - column);
        index const row_units = Element<C>::row_units(work.n.outputs);
        std::uint8_t* to = work.weights(column);
        for (index i = 0; i < work.n.inputs; i += 4, to += 4 * panel) {
            std::array<Bytes, 4> rows;
            for (index r = 0; r < 4; ++r) {
                bool const exists = i + r < work.n.inputs;
                rows[static_cast<std::size_t>(r)] =
                    exists ? row_bytes(work.w.codes + (i + r) * row_units, column, columns)
                           : Bytes(0);
            }
            pack_quads(rows, to);
        }
    }

    /// One panel's columns of a row of codes, each plus the offset.
    static Bytes row_bytes(storage_of<C> const* row, index column, index columns) {
        if constexpr (std::is_same_v<C, trit>) {
            word const* const words = row + column / bits_per_word * Element<trit>::planes;
            index const shift = column % bits_per_word;
            return simd::bytes_of_trits<Bytes>(words[0] >> shift, words[1] >> shift);
        } else if constexpr (std::is_same_v<C, int4>) {
            auto const both = simd::load_first<Bytes>(row + column / 2, (columns + 1) / 2);
            alignas(64) std::array<std::uint8_t, static_cast<std::size_t>(panel)> lanes;
            std::array<std::uint8_t, static_cast<std::size_t>(panel)> bytes;
            both.store_unaligned(bytes.data());
            for (std::size_t i = 0; i < bytes.size() / 2; ++i) {
                lanes[2 * i] = bytes[i] & 15;
                lanes[2 * i + 1] = static_cast<std::uint8_t>(bytes[i] >> 4);
            }
            return Bytes::load_aligned(lanes.data());
        } else {
            return simd::load_first<Bytes>(row + column, columns) ^ Bytes(offset);
        }
    }

    /// Interleaving leaves columns in order only within sixteen bytes.
    static void pack_quads(std::array<Bytes, 4> const& rows, std::uint8_t* to) {
        auto const mixed = simd::quads(rows);
        alignas(64) std::array<std::uint8_t, static_cast<std::size_t>(4 * panel)> bytes;
        simd::unrolled<4>([&](auto q) {
            auto* const at = bytes.data() + static_cast<index>(q) * panel;
            simd::store(at, mixed[q], simd::Full{});
        });
        for (index lane = 0; lane < panel; lane += 16) {
            for (index q = 0; q < 4; ++q, to += 16) {
                std::memcpy(to, bytes.data() + q * panel + lane, 16);
            }
        }
    }

    static void multiply(Work const& work, index column, index begin, index end) {
        index r = begin;
        for (; r + rows_at_once <= end; r += rows_at_once) {
            multiply_rows<rows_at_once>(work, column, r);
        }
        for (; r < end; ++r) { multiply_rows<1>(work, column, r); }
    }

    /// One panel of some rows of y.
    template <index rows>
    static void multiply_rows(Work const& work, index column, index row) {
        index const groups = work.groups();
        std::uint8_t const* weights = work.weights(column);
        // In memory: too many of them for what is done next to them.
        alignas(64) std::array<std::int32_t, static_cast<std::size_t>(rows * panel)> sums;
        for (index g = 0; g < groups; ++g) {
            index const first = g * work.w.group;
            index const count = quads_of((std::min)(work.w.group, work.n.inputs - first));
            add_quads<rows>(work.row(row) + first, event_bytes(work.n), weights, count,
                            work.value_sums + row * groups + g, groups, sums.data());
            finish(work, column, row, g, sums.data(), rows);
            weights += count * 4 * panel;
        }
    }

    /// The sums of some rows of events, `stride` bytes apart, and a panel of weights.
    template <index rows>
    [[gnu::flatten]] static void
    add_quads(std::uint8_t const* events, index stride, std::uint8_t const* weights, index count,
              std::int32_t const* value_sums, index groups, std::int32_t* to) {
        Tile<rows, typename Quads::Sums> sums;
        simd::unrolled<rows>([&](auto r) {
            sums[r].fill(Sums(-offset * value_sums[static_cast<index>(r) * groups]));
        });
        if constexpr (Quads::narrow_quads > 0) {
            for (index q = 0; q < count; q += Quads::narrow_quads) {
                Tile<rows, typename Quads::NarrowSums> narrow;
                simd::unrolled<rows>([&](auto r) { Quads::clear(narrow[r]); });
                add_some<rows>(events + 4 * q, stride, weights + 4 * panel * q,
                               (std::min)(count - q, Quads::narrow_quads), narrow);
                simd::unrolled<rows>([&](auto r) { Quads::add(sums[r], narrow[r]); });
            }
        } else {
            add_some<rows>(events, stride, weights, count, sums);
        }
        simd::unrolled<rows * batches>([&](auto i) {
            simd::store(to + static_cast<index>(i) * simd::width<Sums>,
                        sums[i / batches][i % batches], simd::Full{});
        });
    }

    template <index rows, class Of>
    static void add_some(std::uint8_t const* events, index stride, std::uint8_t const* weights,
                         index count, Tile<rows, Of>& sums) {
        for (index q = 0; q < count; ++q, events += 4, weights += 4 * panel) {
            typename Quads::Quads w;
            simd::unrolled<batches>([&](auto b) {
                w[b] = simd::load<Bytes>(weights + static_cast<index>(b) * panel, simd::Full{});
            });
            simd::unrolled<rows>([&](auto r) {
                std::int32_t four;
                std::memcpy(&four, events + static_cast<index>(r) * stride, sizeof(four));
                Quads::add(sums[r], w, Sums(four));
            });
        }
    }

    /// One panel of `rows` rows of y from their sums.
    static void finish(Work const& work, index column, index row, index g, std::int32_t const* sums,
                       index rows) {
        index const outputs = work.n.outputs;
        float const* const scales = work.w.scales + g * outputs + column;
        float* const y = work.y + row * outputs + column;
        simd::for_each_batch<Floats>(
            0, (std::min)(panel, outputs - column), [&](index c, auto lanes) {
                auto const scale = simd::load<Floats>(scales + c, lanes);
                for (index r = 0; r < rows; ++r) {
                    add_scaled(simd::load<Sums>(sums + r * panel + c, simd::Full{}), scale, g == 0,
                               y + r * outputs + c, lanes);
                }
            });
    }
};

}  // namespace spikelet::kernels
