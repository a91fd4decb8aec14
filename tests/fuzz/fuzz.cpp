// SPDX-License-Identifier: MIT
// What libFuzzer calls. Built with -fsanitize=fuzzer; tools/fuzz runs it. Its own flags are
// --reader=NAME and --seeds=FOLDER, which writes seeds there and ends; --list names the readers.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "fuzz/program_readers.hpp"
#include "fuzz/readers.hpp"

namespace {

using namespace spikelet_test;

fuzz::Reader const* chosen = nullptr;

template <class F>
void each_reader(F&& f) {
    for (fuzz::Reader const& reader : fuzz::library_readers) { f(reader); }
    for (fuzz::Reader const& reader : fuzz::program_readers) { f(reader); }
}

[[noreturn]] void write_seeds(std::string_view folder) {
    int number = 0;
    for (std::string const& seed : chosen->seeds()) {
        write_file(std::string(folder) + "/" + std::to_string(number++), seed);
    }
    std::exit(0);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
    std::string_view seeds;
    for (int i = 1; i < *argc; ++i) {
        std::string_view const word = (*argv)[i];
        if (word == "--list") {
            each_reader([](auto const& reader) { std::puts(reader.name.data()); });
            std::exit(0);
        }
        if (word.starts_with("--seeds=")) { seeds = word.substr(8); }
        if (word.starts_with("--reader=")) {
            each_reader([&](fuzz::Reader const& reader) {
                if (reader.name == word.substr(9)) { chosen = &reader; }
            });
        }
    }
    if (chosen == nullptr) {
        std::fputs("fuzz: give --reader=NAME, one of those that --list names\n", stderr);
        std::exit(2);
    }
    if (!seeds.empty()) { write_seeds(seeds); }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    try {
        chosen->read({reinterpret_cast<char const*>(data), size});
    } catch (spikelet::Error const&) {  // any other ends the run
    }
    return 0;
}
