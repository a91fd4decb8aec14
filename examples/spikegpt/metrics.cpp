// SPDX-License-Identifier: MIT
#include "metrics.hpp"

#include <charconv>
#include <filesystem>

#include <fmt/core.h>

#include <spikelet/io/file.hpp>
#include <spikelet/io/file_writer.hpp>

#include "evaluation.hpp"

namespace spikegpt {

namespace {

constexpr std::string_view columns =
    "step,tokens,seconds,loss,bpc,valid_bpc,lr,grad_norm,tokens_per_second";

// Behind the rates of all sites; runs that began before there was such a column go on without it.
constexpr std::string_view last_column = "valid_density";

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

// Returns the head of the lines that are left, empty without any.
std::string cut_after(std::string const& path, std::int64_t last_step) {
    if (!std::filesystem::exists(path)) { return ""; }
    std::string const kept = lines_until(sk::MappedFile(path).text(), last_step);
    sk::write_file_atomically(path, [&](sk::FileWriter& file) { file.write(kept); });
    return kept.substr(0, kept.find('\n'));
}

}  // namespace

Metrics::Metrics(std::string path, std::int64_t last_step)
    : path_(std::move(path)),
      file_(nullptr, std::fclose),
      head_(cut_after(path_, last_step)) {
    file_.reset(std::fopen(path_.c_str(), "ae"));
    if (!file_) { sk::fail_with_errno(errno, "open", path_); }
}

void Metrics::add(Position const& at, StepReport const& report, sk::FiringRates const& rates) {
    if (head_.empty()) {
        head_ = columns;
        for (auto const& site : rates.sites()) { head_ += ",rate." + site.name; }
        head_ += "," + std::string(last_column);
        write(head_ + "\n");
    }
    auto const or_nothing = [](std::optional<double> const& x) {
        return x ? fmt::format("{:.6f}", *x) : "";
    };
    std::string line =
        fmt::format("{},{},{:.3f},{:.8g},{:.6f},{},{:.8g},{:.8g},{:.0f}", at.step, at.tokens,
                    at.seconds, report.loss, bits(report.loss), or_nothing(report.valid_bpc),
                    report.learning_rate, report.gradient_norm, report.tokens_per_second);
    for (auto const& site : rates.sites()) { line += fmt::format(",{:.6g}", site.rate()); }
    if (head_.ends_with(last_column)) { line += "," + or_nothing(report.valid_density); }
    write(line + "\n");
}

void Metrics::write(std::string const& line) {
    bool const whole = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size();
    if (!whole || std::fflush(file_.get()) != 0) { sk::fail_with_errno(errno, "write", path_); }
}

}  // namespace spikegpt
