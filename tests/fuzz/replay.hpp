// SPDX-License-Identifier: MIT
// Broken files without a fuzzer: a reader gets its seeds, every beginning of them, copies with each
// number made absurd, and some with bytes changed, left out and put in twice. The same files each
// time.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include <spikelet/core/error.hpp>
#include <spikelet/core/rng.hpp>

#include "fuzz/absurd_number.hpp"
#include "fuzz/readers.hpp"

namespace spikelet_test::fuzz {

/// Empty if the reader throws Error or, unless it `must_refuse` the file, takes it.
inline std::string fault_of(Reader const& reader, std::string_view file, bool must_refuse = false) {
    try {
        reader.read(file);
    } catch (sk::Error const&) { return {}; } catch (std::exception const& other) {
        return other.what();
    }
    return must_refuse ? "it is taken" : "";
}

/// The first fault in what a reader does with beginnings of a seed, empty if there is none.
inline std::string fault_in_beginnings(Reader const& reader, std::string_view seed) {
    for (std::size_t length = 0; length < seed.size(); ++length) {
        std::string const fault = fault_of(reader, seed.substr(0, length), reader.refuses_cut);
        if (!fault.empty()) { return "cut at " + std::to_string(length) + ": " + fault; }
    }
    return {};
}

/// The same of copies with absurd numbers.
inline std::string fault_in_numbers(Reader const& reader, std::string const& seed) {
    std::string found;
    each_absurd_number(seed, [&](std::string const& file, std::size_t at) {
        std::string const fault = fault_of(reader, file);
        if (found.empty() && !fault.empty()) {
            found = "number at " + std::to_string(at) + ": " + fault;
        }
    });
    return found;
}

/// Hands a reader all of that, so many changed copies of every seed; the first fault, empty if
/// there is none.
inline std::string replay(Reader const& reader, int changed_copies) {
    sk::Rng rng{2027};
    for (std::string const& seed : reader.seeds()) {
        try {
            reader.read(seed);
        } catch (std::exception const& error) {
            return "a seed is refused: " + std::string(error.what());
        }
        if (seed.empty()) { continue; }
        std::string fault = fault_in_beginnings(reader, seed);
        if (fault.empty()) { fault = fault_in_numbers(reader, seed); }
        if (!fault.empty()) { return fault; }
        for (int copy = 0; copy < changed_copies; ++copy) {
            std::string const file =
                copy % 2 == 0 ? mutated(seed, rng) : with_absurd_number(seed, rng);
            std::string const of_copy = fault_of(reader, file);
            if (!of_copy.empty()) { return "copy " + std::to_string(copy) + ": " + of_copy; }
        }
    }
    return {};
}

}  // namespace spikelet_test::fuzz
