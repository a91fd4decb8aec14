// SPDX-License-Identifier: MIT
#include "metrics.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include <spikelet/io/file.hpp>
#include <spikelet/io/file_writer.hpp>

#include "block_name.hpp"
#include "evaluation.hpp"

namespace spikegpt {

namespace {

// The head and whole lines of steps up to the last; a file that was cut short loses its last line.
std::string lines_until(std::string_view text, std::int64_t last_step) {
    std::string kept;
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
        std::string_view const line = text.substr(0, end + 1);
        std::int64_t step = 0;
        bool const is_step =
            std::from_chars(line.data(), line.data() + end, step).ec == std::errc{};
        if (is_step ? step <= last_step : kept.empty()) { kept += line; }
        text.remove_prefix(end + 1);
    }
    return kept;
}

std::vector<std::string> names_in(std::string_view head) {
    std::vector<std::string> names;
    while (!head.empty()) {
        std::size_t const end = std::min(head.find(','), head.size());
        names.emplace_back(head.substr(0, end));
        head.remove_prefix(std::min(end + 1, head.size()));
    }
    return names;
}

// Returns the columns of the lines that are left, none without any.
std::vector<std::string> cut_after(std::string const& path, std::int64_t last_step) {
    if (!std::filesystem::exists(path)) { return {}; }
    std::string const kept = lines_until(sk::MappedFile(path).text(), last_step);
    sk::write_file_atomically(path, [&](sk::FileWriter& file) { file.write(kept); });
    std::string_view head = std::string_view(kept).substr(0, kept.find('\n'));
    if (head.ends_with('\r')) { head.remove_suffix(1); }  // saved by a program of another system
    return names_in(head);
}

std::string share_text(sk::index part, sk::index all) {
    return fmt::format("{:.6g}", static_cast<double>(part) / static_cast<double>(all));
}

}  // namespace

Metrics::Metrics(std::string path, std::int64_t last_step)
    : path_(std::move(path)),
      file_(nullptr, std::fclose),
      columns_(cut_after(path_, last_step)) {
    file_.reset(std::fopen(path_.c_str(), "ae"));
    if (!file_) { sk::fail_with_errno(errno, "open", path_); }
}

std::vector<Metrics::Cell> Metrics::cells_of(Position const& at, StepReport const& report,
                                             sk::FiringRates const& rates) {
    auto const or_nothing = [](std::optional<double> const& x) {
        return x ? fmt::format("{:.6f}", *x) : "";
    };
    std::vector<Cell> cells{{"step", std::to_string(at.step)},
                            {"tokens", std::to_string(at.tokens)},
                            {"seconds", fmt::format("{:.3f}", at.seconds)},
                            {"loss", fmt::format("{:.8g}", report.loss)},
                            {"bpc", fmt::format("{:.6f}", bits(report.loss))},
                            {"valid_bpc", or_nothing(report.valid_bpc)},
                            {"lr", fmt::format("{:.8g}", report.learning_rate)},
                            {"grad_norm", fmt::format("{:.8g}", report.gradient_norm)},
                            {"tokens_per_second", fmt::format("{:.0f}", report.tokens_per_second)}};
    for (auto const& site : rates.sites()) {
        cells.emplace_back("rate." + site.name, fmt::format("{:.6g}", site.rate()));
        if (!has_neurons(site.name)) { continue; }
        cells.emplace_back("never." + site.name, share_text(site.dead(), site.neurons));
        cells.emplace_back("always." + site.name, share_text(site.saturated(), site.neurons));
    }
    cells.emplace_back("valid_density", or_nothing(report.valid_density));
    return cells;
}

void Metrics::add(Position const& at, StepReport const& report, sk::FiringRates const& rates) {
    auto const cells = cells_of(at, report, rates);
    if (columns_.empty()) {
        for (auto const& [name, text] : cells) { columns_.push_back(name); }
        write(columns_);
    }
    std::vector<std::string> line;
    for (auto const& column : columns_) { line.push_back(text_at(column, cells)); }
    write(line);
}

std::string const& Metrics::text_at(std::string const& column,
                                    std::vector<Cell> const& cells) const {
    auto const cell = std::ranges::find(cells, column, &Cell::first);
    if (cell == cells.end()) {
        sk::fail(sk::quote(path_), "it has the column " + sk::quote(column) +
                                       ", for which this run has no values; without that file the "
                                       "run goes on and begins another");
    }
    return cell->second;
}

void Metrics::write(std::vector<std::string> const& texts) {
    std::string const line = fmt::format("{}\n", fmt::join(texts, ","));
    bool const whole = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size();
    if (!whole || std::fflush(file_.get()) != 0) { sk::fail_with_errno(errno, "write", path_); }
}

}  // namespace spikegpt
