// SPDX-License-Identifier: MIT
// Energy from counts. Two accountings that answer different questions and are never mixed:
//
//   as executed      4.6 multiply_adds + 0.9 additions + 0.3 integer multiply_adds + ...   [pJ]
//   as in the paper  0.9 R terms: every product is taken to add the rows of spikes, at the mean
//                    firing rate R of the model's neurons (Zhu et al., arXiv 2302.13939, Table 1)
//
// and, apart from both, what it takes to bring the weights that were read from memory. The numbers
// are those of 45 nm and 0.9 V (Horowitz, "Computing's energy problem", ISSCC 2014), which the
// field uses. They order designs; they are no measurement of any machine.
#pragma once

#include <spikelet/core/counting.hpp>

namespace spikelet {

/// What one operation takes, in pJ.
struct EnergyTable {
    double multiply_add = 4.6;          ///< of 32-bit floats: 3.7 + 0.9
    double addition = 0.9;              ///< of 32-bit floats
    double integer_multiply_add = 0.3;  ///< an 8-bit product 0.2, a 32-bit sum 0.1
    double integer_addition = 0.1;      ///< of 32 bits
    double weight_byte = 162.5;         ///< from DRAM: 1.3 nJ for 64 bits, the lower end
};

/// pJ of the operations that were done.
constexpr double energy_as_executed(Work const& work, EnergyTable const& table = {}) {
    return table.multiply_add * static_cast<double>(work.multiply_adds) +
           table.addition * static_cast<double>(work.additions) +
           table.integer_multiply_add * static_cast<double>(work.integer_multiply_adds) +
           table.integer_addition * static_cast<double>(work.integer_additions);
}

/// pJ of bringing the weights that were read.
constexpr double energy_of_traffic(Work const& work, EnergyTable const& table = {}) {
    return table.weight_byte * static_cast<double>(work.weight_bytes);
}

/// pJ of so many terms if each were a multiply-add of floats, as without spikes.
constexpr double energy_of_dense(double terms, EnergyTable const& table = {}) {
    return table.multiply_add * terms;
}

/// pJ of so many terms if each were added where a neuron fires, as the paper has it.
constexpr double energy_as_in_paper(double terms, double firing_rate,
                                    EnergyTable const& table = {}) {
    return table.addition * firing_rate * terms;
}

}  // namespace spikelet
