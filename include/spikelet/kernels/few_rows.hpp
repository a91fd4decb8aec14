// SPDX-License-Identifier: MIT
// Dense products of few rows: one token of a stream, a short prompt. No scratch is needed: the
// weights pass once, some rows of them at a time in registers, while the results stay in cache. The
// factors of these rows lie packed beside one another, since at the strides of a matrix they would
// compete for a few lines of the cache. The chains of products are those of BlockedProduct.
#pragma once

#include <algorithm>
#include <array>

#include <spikelet/core/counting.hpp>
#include <spikelet/core/memory.hpp>
#include <spikelet/kernels/transpose.hpp>

namespace spikelet::kernels {

/// The three products of a linear map w [inputs, outputs] for a handful of rows.
template <class T, class Policy>
class FewRows {
    using Batch = simd::Batch<T, Policy>;
    static constexpr index width = simd::width<Batch>;
    // Rows of weights in registers at a time: half of the registers.
    static constexpr index group = simd::registers<Batch> / 2;
    // Rows that pass together.
    static constexpr index most_rows = 32;
    // Results that are summed up together, and packed factors: half of a usual L1 cache each.
    static constexpr index block_size = 16 * 1024 / static_cast<index>(sizeof(T));
    // Rows of dw that pass together: as many streams as a processor's prefetcher follows.
    static constexpr index rows_at_once = 8;
    // Fewer multiply-adds are not worth another thread.
    static constexpr index grain_work = index{1} << 17;

    using Numbers = std::array<T, static_cast<std::size_t>(block_size)>;
    template <index N>
    using Group = std::array<Batch, static_cast<std::size_t>(N)>;

    /// Rows of results, and for each of them packed factors.
    struct Rows {
        index count;
        T const* factors;
        index factors_stride;
        T* y;
        index y_stride;
    };

public:
    /// y = x W.
    static void forward(Policy policy, index rows, index inputs, index outputs, T const* x,
                        T const* w, T* y) {
        auto const some = [=](index begin, index end) {
            index const last = (std::min)(end * width, outputs);
            for (index r = 0; r < rows; r += most_rows) {
                index const count = (std::min)(most_rows, rows - r);
                index const size = block_size / count / width * width;
                for (index c = begin * width; c < last; c += size) {
                    forward(policy, count, inputs, outputs, x + r * inputs, w, y + r * outputs, c,
                            (std::min)(c + size, last));
                }
            }
        };
        parallel_for(policy, batches(outputs), some, grain(rows * inputs * width));
    }

    /// dx += dy W^T.
    static void backward_input(Policy policy, index rows, index inputs, index outputs, T const* dy,
                               T const* w, T* dx) {
        auto const some = [=](index begin, index end) {
            index const last = (std::min)(end * width, inputs);
            for (index r = 0; r < rows; r += most_rows) {
                backward_input((std::min)(most_rows, rows - r), inputs, outputs, dy + r * outputs,
                               w, dx + r * inputs, begin * width, last);
            }
        };
        parallel_for(policy, batches(inputs), some, grain(rows * outputs * width));
    }

    /// dw += x^T dy.
    static void backward_weight(Policy policy, index rows, index inputs, index outputs, T const* x,
                                T const* dy, T* dw) {
        auto const some = [=](index begin, index end) {
            for (index i = begin; i < end; i += rows_at_once) {
                index const count = (std::min)(rows_at_once, end - i);
                alignas(alignment) Numbers factors;
                for (index r = 0; r < rows; r += group) {
                    index const depth = (std::min)(group, rows - r);
                    pack_columns(count, x + r * inputs + i, inputs, depth, factors.data());
                    Rows const results{count, factors.data(), group, dw + i * outputs, outputs};
                    add_groups<group>(results, dy + r * outputs, outputs, depth, outputs);
                }
            }
        };
        parallel_for(policy, inputs, some, grain(rows * outputs));
    }

private:
    static constexpr index batches(index n) { return (n + width - 1) / width; }
    static constexpr index grain(index work) { return grain_of(grain_work, work); }

    /// y = x W for the columns [begin, end).
    static void forward(Policy policy, index rows, index inputs, index outputs, T const* x,
                        T const* w, T* y, index begin, index end) {
        alignas(alignment) Numbers factors;
        alignas(alignment) Numbers sums;
        index const columns = end - begin;
        std::fill_n(sums.data(), rows * columns, T(0));
        Rows const results{rows, factors.data(), group, sums.data(), columns};
        for (index d = 0; d < inputs; d += group) {
            index const depth = (std::min)(group, inputs - d);
            pack_rows(rows, x + d, inputs, depth, factors.data(), group);
            add_groups<group>(results, w + d * outputs + begin, outputs, depth, columns);
            count_work(policy, {.multiply_adds = rows * depth * columns,
                                .weight_bytes = depth * columns * static_cast<index>(sizeof(T))});
        }
        for (index r = 0; r < rows; ++r) {
            std::copy_n(sums.data() + r * columns, columns, y + r * outputs + begin);
        }
    }

    /// dx += dy W^T for the columns [begin, end) of dx.
    static void backward_input(index rows, index inputs, index outputs, T const* dy, T const* w,
                               T* dx, index begin, index end) {
        alignas(alignment) Numbers factors;
        index const lanes_each = block_size / rows / width * width;
        for (index o = 0; o < outputs; o += lanes_each) {
            index const depth = (std::min)(lanes_each, outputs - o);
            pack_rows(rows, dy + o, outputs, depth, factors.data(), lanes_each);
            simd::for_each_batch<Batch>(begin, end, [&](index i, auto lanes) {
                alignas(alignment) std::array<T, most_rows * Batch::size> sums;
                for (index r = 0; r < rows; ++r) {
                    simd::store(sums.data() + r * width,
                                simd::load<Batch>(dx + r * inputs + i, lanes), simd::Full{});
                }
                add_transposed(Rows{rows, factors.data(), lanes_each, sums.data(), width},
                               w + i * outputs + o, outputs, depth, lanes);
                for (index r = 0; r < rows; ++r) {
                    simd::store(dx + r * inputs + i,
                                simd::load<Batch>(sums.data() + r * width, simd::Full{}), lanes);
                }
            });
        }
    }

    /// Packs `depth` numbers of some rows.
    static void pack_rows(index rows, T const* x, index x_stride, index depth, T* to,
                          index to_stride) {
        for (index r = 0; r < rows; ++r) {
            for (index d = 0; d < depth; d += width) {
                simd::store(to + r * to_stride + d, along(x + r * x_stride + d, depth - d),
                            simd::Full{});
            }
        }
    }

    /// Packs `depth` numbers, at most a group, of some columns.
    static void pack_columns(index columns, T const* x, index x_stride, index depth, T* to) {
        for (index d = 0; d < depth; ++d, ++to) {
            for (index c = 0; c < columns; ++c) { to[c * group] = x[d * x_stride + c]; }
        }
    }

    static Batch along(T const* x, index count) {
        return count >= width ? simd::load<Batch>(x, simd::Full{})
                              : simd::load<Batch>(x, simd::Part{count});
    }

    /// y += factors w for `depth` rows of w, N of them after another, then what is left by
    /// halves of N.
    template <index N>
    static void add_groups(Rows r, T const* w, index w_stride, index depth, index columns) {
        index d = 0;
        for (; d + N <= depth; d += N, r.factors += N) {
            add_group<N>(r, w + d * w_stride, w_stride, columns);
        }
        if constexpr (N > 1) {
            add_groups<N / 2>(r, w + d * w_stride, w_stride, depth - d, columns);
        }
    }

    /// N rows of w.
    template <index N>
    [[gnu::flatten]] static void add_group(Rows const& r, T const* w, index w_stride,
                                           index columns) {
        simd::for_each_batch<Batch>(0, columns, [&](index c, auto lanes) {
            Group<N> weights;
            simd::unrolled<N>([&](auto g) {
                weights[g] = simd::load<Batch>(w + static_cast<index>(g) * w_stride + c, lanes);
            });
            add(r, c, weights, lanes);
        });
    }

    /// One batch of columns of y: y += factors (the rows in `weights`).
    template <std::size_t N>
    static void add(Rows const& r, index column, std::array<Batch, N> const& weights, auto lanes) {
        T const* factors = r.factors;
        T* y = r.y + column;
        for (index row = 0; row < r.count; ++row, factors += r.factors_stride, y += r.y_stride) {
            Batch sum = simd::load<Batch>(y, lanes);
            simd::unrolled<static_cast<index>(N)>(
                [&](auto g) { sum = simd::fma(Batch(factors[g]), weights[g], sum); });
            simd::store(y, sum, lanes);
        }
    }

    /// One batch of columns of dx; its weights are rows of w and are transposed on the way.
    [[gnu::flatten]] static void add_transposed(Rows r, T const* w, index w_stride, index depth,
                                                auto lanes) {
        for (index d = 0; d < depth; d += width, r.factors += width) {
            Square<Batch> weights;
            simd::unrolled<width>([&](auto i) {
                index const row = static_cast<index>(i);
                weights[i] = row < simd::lane_count<Batch>(lanes)
                                 ? along(w + row * w_stride + d, depth - d)
                                 : Batch(T(0));
            });
            transpose<Batch>(weights);
            if (depth - d >= width) {
                add(r, 0, weights, simd::Full{});
                continue;
            }
            for (index g = 0; g < depth - d; ++g, ++r.factors) {
                add(r, 0, Group<1>{weights[static_cast<std::size_t>(g)]}, simd::Full{});
            }
        }
    }
};

}  // namespace spikelet::kernels
