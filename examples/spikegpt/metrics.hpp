// SPDX-License-Identifier: MIT
// metrics.csv: one line per logged step, for tools/plot and spreadsheets.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

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

/// Appends lines to a file. Every line is in the file when the next step begins.
class Metrics {
public:
    /// Keeps the lines up to `last_step` of a file that is there, and begins one otherwise.
    /// Throws Error.
    Metrics(std::string path, std::int64_t last_step);

    /// Throws Error.
    void add(Position const& at, StepReport const& report, sk::FiringRates const& rates);

private:
    void write(std::string const& line);

    std::string path_;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
    std::string head_;
};

}  // namespace spikegpt
