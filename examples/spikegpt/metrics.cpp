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

// Without what ends the line, which programs of another system write as two characters.
std::string_view without_end(std::string_view line) {
    while (line.ends_with('\n') || line.ends_with('\r')) { line.remove_suffix(1); }
    return line;
}

std::vector<std::string> cells_in(std::string_view line) {
    std::vector<std::string> cells;
    while (!line.empty() || !cells.empty()) {
        std::size_t const end = line.find(',');
        cells.emplace_back(line.substr(0, end));
        if (end == line.npos) { break; }
        line.remove_prefix(end + 1);
    }
    return cells;
}

std::string line_of(std::vector<std::string> const& cells) {
    return fmt::format("{}\n", fmt::join(cells, ","));
}

// Returns the columns of the lines that are left, none without any.
std::vector<std::string> cut_after(std::string const& path, std::int64_t last_step) {
    if (!std::filesystem::exists(path)) { return {}; }
    std::string const kept = lines_until(sk::MappedFile(path).text(), last_step);
    sk::write_file_atomically(path, [&](sk::FileWriter& file) { file.write(kept); });
    return cells_in(without_end(std::string_view(kept).substr(0, kept.find('\n'))));
}

std::string text_or_nothing(std::optional<double> const& x) {
    return x ? fmt::format("{:.6f}", *x) : "";
}

std::string share_text(sk::index part, sk::index all) {
    return fmt::format("{:.6g}", static_cast<double>(part) / static_cast<double>(all));
}

}  // namespace

Metrics::Metrics(std::string path, std::int64_t last_step)
    : path_(std::move(path)),
      file_(nullptr, std::fclose),
      columns_(cut_after(path_, last_step)) {
    open();
}

void Metrics::open() {
    file_.reset(std::fopen(path_.c_str(), "ae"));
    if (!file_) { sk::fail_with_errno(errno, "open", path_); }
}

std::vector<Metrics::Cell> Metrics::cells_of(Position const& at, StepReport const& report,
                                             sk::FiringRates const& rates) {
    std::vector<Cell> cells{{"step", std::to_string(at.step)},
                            {"tokens", std::to_string(at.tokens)},
                            {"seconds", fmt::format("{:.3f}", at.seconds)},
                            {"loss", fmt::format("{:.8g}", report.loss)},
                            {"bpc", fmt::format("{:.6f}", bits(report.loss))},
                            {"valid_bpc", text_or_nothing(report.valid_bpc)},
                            {"lr", fmt::format("{:.8g}", report.learning_rate)},
                            {"grad_norm", fmt::format("{:.8g}", report.gradient_norm)},
                            {"tokens_per_second", fmt::format("{:.0f}", report.tokens_per_second)}};
    for (auto const& site : rates.sites()) {
        cells.emplace_back("rate." + site.name, fmt::format("{:.6g}", site.rate()));
        if (!has_neurons(site.name)) { continue; }
        cells.emplace_back("never." + site.name, share_text(site.dead(), site.neurons));
        cells.emplace_back("always." + site.name, share_text(site.saturated(), site.neurons));
    }
    cells.emplace_back("valid_density", text_or_nothing(report.valid_density));
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

void Metrics::add_validation(Position const& at, StepReport const& report) {
    std::string text(sk::MappedFile(path_).text());
    std::size_t const begin = text.empty() ? 0 : text.rfind('\n', text.size() - 2) + 1;
    std::vector<std::string> line = cells_in(without_end(std::string_view(text).substr(begin)));
    bool const is_of_step = !line.empty() && line.front() == std::to_string(at.step);
    if (!is_of_step || line.size() != columns_.size()) { return; }
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (columns_[i] == "valid_bpc") { line[i] = text_or_nothing(report.valid_bpc); }
        if (columns_[i] == "valid_density") { line[i] = text_or_nothing(report.valid_density); }
    }
    text.replace(begin, text.npos, line_of(line));
    sk::write_file_atomically(path_, [&](sk::FileWriter& file) { file.write(text); });
    open();
}

void Metrics::sync() { sk::detail::flush_to_disk(::fileno(file_.get()), "flush", path_); }

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
    std::string const line = line_of(texts);
    bool const whole = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size();
    if (!whole || std::fflush(file_.get()) != 0) { sk::fail_with_errno(errno, "write", path_); }
}

}  // namespace spikegpt
