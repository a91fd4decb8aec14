// SPDX-License-Identifier: MIT
// One row in eight bits times weights of few bits. Of the weights only rows are read that meet a
// code which is not 0, four at a time: max(x, 0)^2 leaves few. Sums are whole numbers and exact, so
// what is left out and what comes together cannot be seen in them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include <spikelet/kernels/code_panel.hpp>
#include <spikelet/kernels/result_blocks.hpp>

namespace spikelet::kernels {

/// The codes of some inputs that are not 0.
template <Code C, class Policy, bool AtOnce>
class ActiveCodes {
    using Panel = CodePanel<C, Policy, AtOnce>;
    using Quads = typename Panel::Quads;
    using Rows = std::array<storage_of<C> const*, 4>;
    // Inputs that are listed at a time, and rows of weights that are asked for ahead: they are
    // where no prefetcher expects them.
    static constexpr index most = 1024;
    static constexpr index ahead = 16;

public:
    /// sums += x W, the sums of the block's panels one after another; rows of weights are `units`
    /// apart. Returns how many were read.
    static index add(std::int8_t const* x, index inputs, storage_of<C> const* w, index units,
                     ResultBlock const& b, std::int32_t* sums) {
        index read = 0;
        for (index i = 0; i < inputs; i += most) {
            ActiveCodes const active(x + i, (std::min)(most, inputs - i));
            read += active.count_;
            for (index first = 0; first < active.count_; first += 4) {
                active.add_quad(first, w + i * units, units, b, sums);
            }
        }
        return read;
    }

private:
    ActiveCodes(std::int8_t const* x, index inputs) {
        std::size_t count = 0;
        for (index i = 0; i < inputs; ++i) {
            std::int8_t const code = x[i];
            places_[count] = static_cast<std::uint16_t>(i);
            codes_[count] = code;
            count += code == 0 ? 0 : 1;
        }
        count_ = static_cast<index>(count);
        // The last quad is filled up with zeros, which may meet any row that there is.
        std::uint16_t const last = count == 0 ? std::uint16_t{0} : places_[count - 1];
        std::fill_n(places_.begin() + count_, 4 + ahead, last);
        std::fill_n(codes_.begin() + count_, 4, std::int8_t{0});
    }

    /// Where the rows of a quad begin.
    [[gnu::always_inline]] Rows rows(index first, storage_of<C> const* w, index units) const {
        auto const row = [&](index n) {
            return w + places_[static_cast<std::size_t>(first + n)] * units;
        };
        return {row(0), row(1), row(2), row(3)};
    }

    [[gnu::flatten]] void add_quad(index first, storage_of<C> const* w, index units,
                                   ResultBlock const& b, std::int32_t* sums) const {
        Rows const now = rows(first, w, units);
        Rows const soon = rows(first + ahead, w, units);
        std::int32_t codes;
        std::memcpy(&codes, codes_.data() + first, sizeof codes);
        b.for_each_panel(Panel::columns, [&](index column, auto lanes) {
            if (Panel::fetched <= Panel::columns || column % Panel::fetched == 0) {
                for (auto const* row : soon) {
                    simd::prefetch_for_reading(row + Element<C>::row_units(column), 0);
                }
            }
            Quads const weights = Panel::quads(
                {Panel::load(now[0], column, lanes), Panel::load(now[1], column, lanes),
                 Panel::load(now[2], column, lanes), Panel::load(now[3], column, lanes)});
            auto some = Panel::load_sums(sums);
            Panel::add(some, weights, typename Panel::Integers(codes));
            Panel::store_sums(some, sums);
            sums += Panel::sums_size;
        });
    }

    std::array<std::uint16_t, static_cast<std::size_t>(most + 4 + ahead)> places_;
    std::array<std::int8_t, static_cast<std::size_t>(most + 4)> codes_;
    index count_ = 0;
};

}  // namespace spikelet::kernels
