// SPDX-License-Identifier: MIT
// Hand-made results of Google Benchmark.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace spikelet_test {

/// One repetition of a benchmark. Times are in microseconds; counters are members of the row.
inline std::string bench_row(std::string_view name, double real_us, double cpu_us,
                             std::string_view counters = "") {
    std::string row = R"({"run_name": ")" + std::string(name) +
                      R"(", "run_type": "iteration", "time_unit": "us", "real_time": )" +
                      std::to_string(real_us) + R"(, "cpu_time": )" + std::to_string(cpu_us);
    if (!counters.empty()) { row += ", " + std::string(counters); }
    return row + "}";
}

/// A file with these rows, of a machine with 32 KiB, 512 KiB and 32 MiB of cache; `more` of its
/// context.
inline std::string bench_json(std::initializer_list<std::string> rows,
                              std::string_view more = R"("host_name": "one")") {
    std::string text = R"({"context": {"date": "2026-11-26T12:00:00+00:00", "caches": [
        {"type": "Data", "level": 1, "size": 32768},
        {"type": "Instruction", "level": 1, "size": 99999999},
        {"type": "Unified", "level": 2, "size": 524288},
        {"type": "Unified", "level": 3, "size": 33554432}], )" +
                       std::string(more) + R"(}, "benchmarks": [)";
    std::string_view before;
    for (std::string const& row : rows) {
        text += std::string(before) + row;
        before = ",\n";
    }
    return text + "]}";
}

}  // namespace spikelet_test
