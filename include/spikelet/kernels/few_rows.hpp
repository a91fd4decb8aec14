// SPDX-License-Identifier: MIT
// Dense products of few rows: one token of a stream, a short prompt. Nothing is packed and no
// scratch is needed: the weights pass once, some rows of them at a time in registers, while the
// results stay in cache. The chains of fma are those of BlockedProduct.
#pragma once

#include <array>

#include <spikelet/kernels/packing.hpp>
#include <spikelet/kernels/simd.hpp>

namespace spikelet::kernels {

/// The three products of a linear map w [inputs, outputs] for a handful of rows.
template <class T, class Policy>
class FewRows {
    using Batch = simd::Batch<T, Policy>;
    static constexpr index width = simd::width<Batch>;
    // Rows of weights in registers at a time: half of the registers.
    static constexpr index group = simd::registers<Batch> / 2;
    // Results of a column block: half of a usual L1 cache.
    static constexpr index block_size = 16 * 1024 / static_cast<index>(sizeof(T));
    static constexpr index narrowest_block = 16 * width;
    // Rows of dw that pass together: as many streams as a processor's prefetcher follows.
    static constexpr index rows_at_once = 8;
    // Fewer multiply-adds are not worth another thread.
    static constexpr index grain_work = index{1} << 17;

    template <index N>
    using Group = std::array<Batch, static_cast<std::size_t>(N)>;

    /// Some columns of a matrix of results and the rows of numbers that are multiplied.
    struct Rows {
        index count;
        T const* x;
        index x_stride;
        T* y;
        index y_stride;
    };

public:
    /// y = x W.
    static void forward(Policy policy, index rows, index inputs, index outputs, T const* x,
                        T const* w, T* y) {
        auto const some = [=](index begin, index end) {
            index const size =
                std::max(narrowest_block, block_size / std::max<index>(rows, 1) / width * width);
            index const last = std::min(end * width, outputs);
            for (index c = begin * width; c < last; c += size) {
                index const stop = std::min(c + size, last);
                for (index r = 0; r < rows; ++r) {
                    std::fill(y + r * outputs + c, y + r * outputs + stop, T(0));
                }
                add_all(Rows{rows, x, inputs, y, outputs}, w, inputs, 1, c, stop);
            }
        };
        parallel_for(policy, batches(outputs), some, grain(rows * inputs * width));
    }

    /// dx += dy W^T.
    static void backward_input(Policy policy, index rows, index inputs, index outputs, T const* dy,
                               T const* w, T* dx) {
        auto const some = [=](index begin, index end) {
            simd::for_each_batch<Batch>(begin * width, std::min(end * width, inputs),
                                        [&](index i, auto lanes) {
                                            Rows const r{rows, dy, outputs, dx + i, inputs};
                                            transposed(r, w + i * outputs, outputs, lanes);
                                        });
        };
        parallel_for(policy, batches(inputs), some, grain(rows * outputs * width));
    }

    /// dw += x^T dy.
    static void backward_weight(Policy policy, index rows, index inputs, index outputs, T const* x,
                                T const* dy, T* dw) {
        auto const some = [=](index begin, index end) {
            for (index i = begin; i < end; i += rows_at_once) {
                Rows const r{std::min(rows_at_once, end - i), x + i, 1, dw + i * outputs, outputs};
                add_all(r, dy, rows, inputs, 0, outputs);
            }
        };
        parallel_for(policy, inputs, some, grain(rows * outputs));
    }

private:
    static constexpr index batches(index n) { return (n + width - 1) / width; }
    static constexpr index grain(index work) { return 1 + grain_work / (work + 1); }

    /// y += x w for the columns [begin, end) and `depth` rows of w, a group of these after another.
    static void add_all(Rows r, T const* w, index depth, index x_step, index begin, index end) {
        index d = 0;
        for (; d + group <= depth; d += group, r.x += group * x_step) {
            add_some<group>(r, w + d * r.y_stride, x_step, begin, end);
        }
        for (; d < depth; ++d, r.x += x_step) {
            add_some<1>(r, w + d * r.y_stride, x_step, begin, end);
        }
    }

    /// N rows of w.
    template <index N>
    [[gnu::flatten]] static void add_some(Rows r, T const* w, index x_step, index begin,
                                          index end) {
        simd::for_each_batch<Batch>(begin, end, [&](index c, auto lanes) {
            Group<N> weights;
            simd::unrolled<N>([&](auto g) {
                weights[g] = simd::load<Batch>(w + static_cast<index>(g) * r.y_stride + c, lanes);
            });
            add(Rows{r.count, r.x, r.x_stride, r.y + c, r.y_stride}, x_step, weights, lanes);
        });
    }

    /// One batch of columns of y: y += x (the rows in `weights`), x[g * x_step] times the g-th.
    template <std::size_t N>
    static void add(Rows r, index x_step, std::array<Batch, N> const& weights, auto lanes) {
        for (index row = 0; row < r.count; ++row, r.x += r.x_stride, r.y += r.y_stride) {
            Batch sum = simd::load<Batch>(r.y, lanes);
            simd::unrolled<static_cast<index>(N)>([&](auto g) {
                sum = simd::fma(Batch(r.x[static_cast<index>(g) * x_step]), weights[g], sum);
            });
            simd::store(r.y, sum, lanes);
        }
    }

    /// One batch of columns of dx; its weights are rows of w and are transposed on the way.
    [[gnu::flatten]] static void transposed(Rows r, T const* w, index outputs, auto lanes) {
        alignas(alignment) std::array<T, Batch::size * Batch::size> tile{};
        for (index o = 0; o < outputs; o += width, r.x += width) {
            index const count = std::min(width, outputs - o);
            transpose<Batch>(w + o, outputs, simd::lane_count<Batch>(lanes), count, tile.data(),
                             width);
            if (count == width) {
                Group<width> weights;
                simd::unrolled<width>([&](auto g) {
                    weights[g] = simd::load<Batch>(tile.data() + static_cast<index>(g) * width,
                                                   simd::Full{});
                });
                add(r, 1, weights, lanes);
                continue;
            }
            for (index g = 0; g < count; ++g) {
                Group<1> const weights{simd::load<Batch>(tile.data() + g * width, simd::Full{})};
                add(Rows{r.count, r.x + g, r.x_stride, r.y, r.y_stride}, 1, weights, lanes);
            }
        }
    }
};

}  // namespace spikelet::kernels
