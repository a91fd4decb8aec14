// SPDX-License-Identifier: MIT
// metrics.csv: one line per logged step, for tools/plot and spreadsheets.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <spikelet/train/firing_rates.hpp>

#include "course.hpp"

namespace spikegpt {

/// What is known about a step when it is done.
struct StepReport {
    double loss = 0.0;  ///< nats per id
    double learning_rate = 0.0;
    double gradient_norm = 0.0;  ///< before clipping
    double tokens_per_second = 0.0;
    std::optional<double> valid_bpc;
    std::optional<double> valid_density;  ///< share of multiplications whose input was not 0
};

/// Appends lines to a file. Every line is in the file when the next step begins. A file that was
/// begun goes on with the columns that it has.
class Metrics {
public:
    /// Keeps the lines up to `last_step` of a file that is there, and begins one otherwise.
    /// Throws Error.
    Metrics(std::string path, std::int64_t last_step);

    /// Throws Error, also for a file with a column that this run has no values for.
    void add(Position const& at, StepReport const& report, sk::FiringRates const& rates);

    /// Puts what a validation found into the last line, if that is of this step. Throws Error.
    void add_validation(Position const& at, StepReport const& report);

    /// Waits until all lines are on the disk. Throws Error.
    void sync();

private:
    /// Name of a column and what stands in it.
    using Cell = std::pair<std::string, std::string>;
    static std::vector<Cell> cells_of(Position const& at, StepReport const& report,
                                      sk::FiringRates const& rates);
    [[nodiscard]] std::string const& text_at(std::string const& column,
                                             std::vector<Cell> const& cells) const;
    void open();
    void write(std::vector<std::string> const& texts);

    std::string path_;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
    std::vector<std::string> columns_;
};

}  // namespace spikegpt
