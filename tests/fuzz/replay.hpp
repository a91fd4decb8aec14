// SPDX-License-Identifier: MIT
// Broken files without a fuzzer: a reader gets its seeds, every beginning of them, and copies with
// bytes changed, left out, put in twice, and numbers made absurd. The same files each time.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include <spikelet/core/error.hpp>
#include <spikelet/core/rng.hpp>

#include "fuzz/absurd_number.hpp"
#include "fuzz/readers.hpp"

namespace spikelet_test::fuzz {

/// Empty if the reader takes the file or throws Error, else what it threw.
inline std::string fault_of(Reader const& reader, std::string_view file) {
    try {
        reader.read(file);
    } catch (sk::Error const&) {
    } catch (std::exception const& other) { return other.what(); }
    return {};
}

/// Hands a reader all of that; the first fault, empty if there is none. Of files of more than
/// `most_cuts` bytes so many beginnings are tried.
inline std::string replay(Reader const& reader, int changed_copies, std::size_t most_cuts = 1000) {
    sk::Rng rng{2027};
    for (std::string const& seed : reader.seeds()) {
        try {
            reader.read(seed);
        } catch (std::exception const& error) {
            return "a seed is refused: " + std::string(error.what());
        }
        std::size_t const step = 1 + seed.size() / most_cuts;
        for (std::size_t length = 0; length < seed.size(); length += step) {
            std::string const fault = fault_of(reader, std::string_view(seed).substr(0, length));
            if (!fault.empty()) { return "cut at " + std::to_string(length) + ": " + fault; }
        }
        for (int copy = 0; copy < changed_copies; ++copy) {
            std::string const file =
                copy % 2 == 0 ? mutated(seed, rng) : with_absurd_number(seed, rng);
            std::string const fault = fault_of(reader, file);
            if (!fault.empty()) { return "copy " + std::to_string(copy) + ": " + fault; }
        }
    }
    return {};
}

}  // namespace spikelet_test::fuzz
