// SPDX-License-Identifier: MIT
// The product of rows in eight bits and weights of few bits, in two forms with the same bits. In
// both the sums of some columns stay in the L1 cache, and a register of weights is interleaved once
// for all rows of a block.
//   Few rows: the weights pass once, some rows of them at a time, as so many streams. The cost is
//   that of reading them; where one row has many zeros, of those that meet no zero.
//   Many rows: some interleaved weights of one panel are stored on the stack, and multiplied by a
//   few rows at a time whose sums stay in registers. The cost is that of the multiplications, one
//   instruction for each four inputs of a register of columns.
#pragma once

#include <spikelet/core/counting.hpp>
#include <spikelet/kernels/active_codes.hpp>
#include <spikelet/kernels/quantized_rows.hpp>
#include <spikelet/kernels/result_blocks.hpp>

namespace spikelet::kernels {

/// y = x W, see quantized_matmul.hpp. AtOnce: see simd::has_dot_quads.
template <Code C, class Policy, bool AtOnce>
class QuantizedProduct {
    using Panel = CodePanel<C, Policy, AtOnce>;
    using Active = ActiveCodes<C, Policy, AtOnce>;
    using Bytes = simd::Bytes<Policy>;
    using Integers = simd::Integers<Policy>;
    using Batch = simd::Batch<float, Policy>;
    static constexpr bool large = simd::registers<Batch> == 32;
    static constexpr index width = simd::width<Integers>;
    static constexpr index panel_sums = Panel::sums_size;
    static constexpr index panel_bytes = Panel::registers * simd::width<Bytes>;
    // Few rows: quads of inputs in registers at a time, half of all registers.
    static constexpr index streamed_quads =
        std::max<index>(1, simd::registers<Batch> / (AtOnce ? 2 : 4) / Panel::registers);
    // Rows of weights that are asked for ahead: narrow ones are too short for prefetchers.
    static constexpr index ahead = 32;
    // Many rows: sums of so many are in registers.
    static constexpr index tile_rows = std::max<index>(1, (large ? 24 : 8) / Panel::registers);
    // Half of a usual L1 cache for interleaved weights, most of it for sums.
    static constexpr index stored_quads = 16 * 1024 / panel_bytes;
    static constexpr index block_sums = 6 * 1024;
    static constexpr index few_rows = 24;
    static constexpr index most_rows = block_sums / panel_sums / tile_rows * tile_rows;
    // A thread is worth 2^19 multiply-adds.
    static constexpr BlockLimits limits{Panel::columns, most_rows, block_sums, index{1} << 19};
    // Products of bytes with as many activations are below 2^31: 255 * 127 * 2^16.
    static constexpr index most_at_once = index{1} << 16;

    template <index R, class Sums>
    using Tile = std::array<Sums, static_cast<std::size_t>(R)>;

public:
    /// The factors and the result.
    struct Task {
        MatmulSize n;             ///< sizes
        QuantizedRows<Policy> x;  ///< rows of codes [M, K]
        QuantizedMatrix<C> w;     ///< codes and scales [K, N]
        float* y;                 ///< result [M, N]
    };

    /// y = x W.
    static void run(Policy policy, Task const& t) {
        for_each_block(policy, t.n, limits, [&](ResultBlock const& b) { multiply(policy, t, b); });
    }

private:
    /// Inputs whose products are added up before they are scaled: those of a group.
    struct Span {
        index begin, end;
    };

    static void multiply(Policy policy, Task const& t, ResultBlock const& b) {
        alignas(64) std::array<std::int32_t, static_cast<std::size_t>(block_sums)> sums;
        for (Span span{0, 0}; span.begin < t.n.inputs; span.begin = span.end) {
            index const group_end = (span.begin / t.w.group + 1) * t.w.group;
            span.end = (std::min)({group_end, span.begin + most_at_once, t.n.inputs});
            index const inputs = span.end - span.begin;
            index read = inputs;
            start(t, b, span, sums.data());
            if (lists_codes(t.x.row(b.first_row) + span.begin, inputs, b.rows())) {
                index const units = Element<C>::row_units(t.n.outputs);
                read = Active::add(t.x.row(b.first_row) + span.begin, inputs,
                                   t.w.codes + span.begin * units, units, b, sums.data());
            } else if (b.rows() <= few_rows) {
                stream(t, b, span, sums.data());
            } else {
                multiply_stored(t, b, span, sums.data());
            }
            finish(t, b, span, sums.data());
            count_work(policy, work_of(b, read, inputs - read));
        }
        if (t.n.inputs == 0) { clear(t, b); }
    }

    /// Whether a list of codes pays. Where streams have one quad a time, too, it always does but
    /// for short rows without zeros, which lose little (docs/performance.md).
    static bool lists_codes(std::int8_t const* x, index inputs, index rows) {
        return rows == 1 &&
               (streamed_quads == 1 || 8 * std::count(x, x + inputs, std::int8_t{0}) >= inputs);
    }

    /// The products with the weights of so many inputs of a span, without those of others, and its
    /// scales.
    static constexpr Work work_of(ResultBlock const& b, index inputs, index left_out) {
        index const columns = b.last_column - b.first_column;
        constexpr auto unit = static_cast<index>(sizeof(storage_of<C>));
        constexpr auto scale = static_cast<index>(sizeof(float));
        return {.multiply_adds = b.rows() * columns,
                .integer_multiply_adds = b.rows() * inputs * columns,
                .skipped = left_out * columns,
                .weight_bytes = inputs * Element<C>::row_units(columns) * unit + columns * scale};
    }

    /// Four codes of a row.
    [[gnu::always_inline]] static Integers four(std::int8_t const* x) {
        std::int32_t quad;
        std::memcpy(&quad, x, sizeof quad);
        return Integers(quad);
    }

    /// What the sums of a span begin with.
    static void start(Task const& t, ResultBlock const& b, Span span, std::int32_t* sums) {
        std::array<std::int32_t, static_cast<std::size_t>(most_rows)> totals;
        for (index r = b.first_row; r < b.last_row; ++r) {
            totals[static_cast<std::size_t>(r - b.first_row)] = t.x.sum(r, span.begin, span.end);
        }
        b.for_each_panel(Panel::columns, [&](index, auto) {
            for (index r = 0; r < b.rows(); ++r, sums += panel_sums) {
                Panel::store_sums(Panel::start(totals[static_cast<std::size_t>(r)]), sums);
            }
        });
    }

    /// A panel of four inputs of a span. Of those that are missing at the end of the last span x
    /// has zeros, so that any weights will do.
    [[gnu::always_inline]] static typename Panel::Quads quads(Task const& t, Span span,
                                                              index column, auto lanes) {
        index const units = Element<C>::row_units(t.n.outputs);
        index const last = span.end - span.begin - 1;
        storage_of<C> const* const w = t.w.codes + span.begin * units;
        return Panel::quads({row(w, units, column, lanes),
                             row(w + std::min<index>(1, last) * units, units, column, lanes),
                             row(w + std::min<index>(2, last) * units, units, column, lanes),
                             row(w + std::min<index>(3, last) * units, units, column, lanes)});
    }

    /// A panel of one input. Another one that comes soon is asked for.
    [[gnu::always_inline]] static Bytes row(storage_of<C> const* w, index units, index column,
                                            auto lanes) {
        if (Panel::fetched <= Panel::columns || column % Panel::fetched == 0) {
            simd::prefetch_for_reading(w + Element<C>::row_units(column),
                                       ahead * units * static_cast<index>(sizeof *w));
        }
        return Panel::load(w, column, lanes);
    }

    /// Adds the products of a span for few rows.
    static void stream(Task const& t, ResultBlock const& b, Span span, std::int32_t* sums) {
        constexpr index inputs = 4 * streamed_quads;
        for (; span.begin + inputs <= span.end; span.begin += inputs) {
            stream_some<streamed_quads>(t, b, span, sums);
        }
        for (; span.begin < span.end; span.begin += 4) { stream_some<1>(t, b, span, sums); }
    }

    /// The first N quads of inputs of a span.
    template <index N>
    [[gnu::flatten]] static void stream_some(Task const& t, ResultBlock const& b, Span span,
                                             std::int32_t* sums) {
        index const rows = b.rows();
        index const stride = t.x.stride();
        std::int8_t const* const first_x = t.x.row(b.first_row) + span.begin;
        b.for_each_panel(Panel::columns, [&](index column, auto lanes) {
            std::array<typename Panel::Quads, static_cast<std::size_t>(N)> weights;
            simd::unrolled<N>([&](auto q) {
                index const i = span.begin + 4 * static_cast<index>(q);
                weights[q] = quads(t, {i, N > 1 ? i + 4 : span.end}, column, lanes);
            });
            std::int8_t const* x = first_x;
            for (index r = 0; r < rows; ++r, x += stride, sums += panel_sums) {
                auto some = Panel::load_sums(sums);
                simd::unrolled<N>([&](auto q) {
                    Panel::add(some, weights[q], four(x + 4 * static_cast<index>(q)));
                });
                Panel::store_sums(some, sums);
            }
        });
    }

    /// Adds the products of a span for many rows.
    static void multiply_stored(Task const& t, ResultBlock const& b, Span span,
                                std::int32_t* sums) {
        alignas(64) std::array<std::uint8_t, static_cast<std::size_t>(stored_quads * panel_bytes)>
            weights;
        index const rows = b.rows();
        index const stride = t.x.stride();
        b.for_each_panel(Panel::columns, [&](index column, auto lanes) {
            for (index i = span.begin; i < span.end; i += 4 * stored_quads) {
                Span const some{i, (std::min)(i + 4 * stored_quads, span.end)};
                index const count = store_quads(t, some, column, lanes, weights.data());
                std::int8_t const* x = t.x.row(b.first_row) + i;
                index r = 0;
                for (; r + tile_rows <= rows; r += tile_rows, x += tile_rows * stride) {
                    add_tile<tile_rows>(count, weights.data(), x, stride, sums + r * panel_sums);
                }
                for (; r < rows; ++r, x += stride) {
                    add_tile<1>(count, weights.data(), x, stride, sums + r * panel_sums);
                }
            }
            sums += rows * panel_sums;
        });
    }

    /// Returns how many quads there are.
    static index store_quads(Task const& t, Span span, index column, auto lanes, std::uint8_t* to) {
        index count = 0;
        for (; span.begin < span.end; span.begin += 4, ++count) {
            for (Bytes const& some : quads(t, span, column, lanes)) {
                some.store_aligned(to);
                to += simd::width<Bytes>;
            }
        }
        return count;
    }

    /// Adds the products of stored weights and R rows, in 16 bits as long as these hold them.
    template <index R>
    [[gnu::flatten]] static void add_tile(index count, std::uint8_t const* weights,
                                          std::int8_t const* x, index stride, std::int32_t* sums) {
        Tile<R, typename Panel::Sums> tile;
        simd::unrolled<R>(
            [&](auto r) { tile[r] = Panel::load_sums(sums + static_cast<index>(r) * panel_sums); });
        if constexpr (Panel::narrow_quads > 0) {
            for (index q = 0; q < count; q += Panel::narrow_quads) {
                Tile<R, typename Panel::NarrowSums> narrow;
                simd::unrolled<R>([&](auto r) { Panel::clear(narrow[r]); });
                add_quads<R>((std::min)(count - q, Panel::narrow_quads), weights + q * panel_bytes,
                             x + 4 * q, stride, narrow);
                simd::unrolled<R>([&](auto r) { Panel::add(tile[r], narrow[r]); });
            }
        } else {
            add_quads<R>(count, weights, x, stride, tile);
        }
        simd::unrolled<R>(
            [&](auto r) { Panel::store_sums(tile[r], sums + static_cast<index>(r) * panel_sums); });
    }

    template <index R, class Sums>
    static void add_quads(index count, std::uint8_t const* weights, std::int8_t const* x,
                          index stride, Tile<R, Sums>& tile) {
        for (; count > 0; --count, x += 4, weights += panel_bytes) {
            typename Panel::Quads some;
            simd::unrolled<Panel::registers>([&](auto q) {
                some[q] = Bytes::load_aligned(weights + static_cast<index>(q) * simd::width<Bytes>);
            });
            simd::unrolled<R>([&](auto r) {
                Panel::add(tile[r], some, four(x + static_cast<index>(r) * stride));
            });
        }
    }

    /// Adds the complete sums of a span, scaled, to the result.
    static void finish(Task const& t, ResultBlock const& b, Span span, std::int32_t const* sums) {
        b.for_each_panel(Panel::columns, [&](index column, auto) {
            for (index r = b.first_row; r < b.last_row; ++r, sums += panel_sums) {
                auto const ordered = Panel::ordered(Panel::load_sums(sums));
                simd::unrolled<Panel::registers>([&](auto q) {
                    index const c = column + Panel::column(static_cast<index>(q));
                    Batch const whole = simd::to_numbers(ordered[q]);
                    if (c + width <= b.last_column) {
                        scale(t, span, r, c, whole, simd::Full{});
                    } else if (c < b.last_column) {
                        scale(t, span, r, c, whole, simd::Part{b.last_column - c});
                    }
                });
            }
        });
    }

    /// Adds sums of a span to the columns from `column` on of row r.
    static void scale(Task const& t, Span span, index r, index column, Batch const& whole,
                      auto lanes) {
        float const* const scales = t.w.scales + span.begin / t.w.group * t.n.outputs + column;
        float* const y = t.y + r * t.n.outputs + column;
        Batch sum = span.begin == 0 ? Batch(0.0F) : simd::load<Batch>(y, lanes);
        sum = simd::fma(simd::load<Batch>(scales, lanes), whole, sum);
        simd::store(y, span.end == t.n.inputs ? sum * Batch(t.x.step(r)) : sum, lanes);
    }

    static void clear(Task const& t, ResultBlock const& b) {
        for (index r = b.first_row; r < b.last_row; ++r) {
            float* const y = t.y + r * t.n.outputs;
            std::fill(y + b.first_column, y + b.last_column, 0.0F);
        }
    }
};

}  // namespace spikelet::kernels
