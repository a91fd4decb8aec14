// SPDX-License-Identifier: MIT
// Everything of the library that reads files, as one table for tests: a reader takes what may be a
// file, and either succeeds or throws Error. fuzz/replay.hpp hands it broken copies of its seeds,
// fuzz/fuzz.cpp whatever libFuzzer comes upon.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include <spikelet/io/binidx_writer.hpp>
#include <spikelet/io/byte_bpe.hpp>
#include <spikelet/io/checkpoint.hpp>
#include <spikelet/io/checkpoint_file.hpp>
#include <spikelet/io/session_state.hpp>
#include <spikelet/io/torch_file.hpp>
#include <spikelet/io/vocabulary_file.hpp>
#include <spikelet/models/spikegpt.hpp>
#include <spikelet/models/spikegpt_metadata.hpp>

#include "fuzz/round_trip.hpp"
#include "io/support.hpp"
#include "io/tokens.hpp"

namespace spikelet_test::fuzz {

namespace sk = spikelet;

/// Something that reads files.
struct Reader {
    std::string_view name;
    /// Throws Error for a file that it refuses, and nothing else.
    void (*read)(std::string_view file);
    /// Files that it takes.
    std::vector<std::string> (*seeds)();
    /// Whether it refuses every beginning of them.
    bool refuses_cut = false;
};

/// A file in memory that has a path.
class FileInMemory {
public:
    explicit FileInMemory(std::string_view content)
        : descriptor_(::memfd_create("file", MFD_CLOEXEC)) {
        bool const whole = ::write(descriptor_.number(), content.data(), content.size()) ==
                           static_cast<ssize_t>(content.size());
        if (!whole) { throw std::runtime_error("no file in memory"); }
    }
    [[nodiscard]] std::string path() const {
        return "/proc/self/fd/" + std::to_string(descriptor_.number());
    }

private:
    sk::FileDescriptor descriptor_;
};

/// Throws what no reader may.
inline void demand(bool condition, char const* message) {
    if (!condition) { throw std::logic_error(message); }
}

namespace readers {

// Reads all tensors, in memory that ends where the file does.
template <class Parse>
void read_tensors(std::string_view file, Parse parse) {
    auto const bytes = std::as_bytes(std::span(file));
    std::vector<std::byte> const exact(bytes.begin(), bytes.end());
    auto const contents = parse(exact);
    for (sk::StoredTensor const& tensor : contents.tensors) {
        std::vector<double> values(static_cast<std::size_t>(tensor.size()));
        sk::convert(tensor.dtype, tensor.bytes, std::span(values));
    }
}

inline void safetensors(std::string_view file) {
    read_tensors(file, [](auto const& bytes) { return sk::parse_safetensors(bytes); });
    sk::SafetensorsFile::open(FileInMemory(file).path()).verify();
}

inline void torch(std::string_view file) {
    read_tensors(file, [](auto const& bytes) { return sk::parse_torch(bytes); });
    sk::TorchFile::open(FileInMemory(file).path()).verify();
}

// A file says which model it is of. One that is refused changes no weight.
inline void checkpoint(std::string_view content) {
    FileInMemory const on_disk(content);
    auto const file = sk::CheckpointFile::open(on_disk.path());
    file.verify();
    auto const config = sk::config_from_metadata(file.metadata());
    if (config.layers > std::ssize(file.tensors())) { sk::fail("test", "too many layers"); }
    static_cast<void>(sk::SpikeGpt<>(config));
    sk::SpikeGpt<> model(sk::make_config(sk::find_variant("spikegpt"), 3, 1, 2));
    sk::allocate(model);
    sk::each_parameter(model, [](auto, auto& p) { std::ranges::fill(p.span(), 0.5F); });
    try {
        sk::load_checkpoint(file, model);
    } catch (sk::Error const&) {
        sk::each_parameter(model, [](auto, auto const& p) {
            bool const same = std::ranges::all_of(p.span(), [](float w) { return w == 0.5F; });
            demand(same, "a file that was refused has changed weights");
        });
        throw;
    }
}

inline void encode_and_decode(sk::Vocabulary const& vocabulary) {
    std::string const text = "The neuron's 7th  spike,\n na\xc3\xafve \xe2\x82\xac\xff <e>";
    static_cast<void>(vocabulary.decode(vocabulary.encode(text)));
    static_cast<void>(sk::any_vocabulary_from_json(sk::to_json(vocabulary)));
}

inline void tokenizer_json(std::string_view file) {
    auto const model = sk::parse_tokenizer_json(file);
    encode_and_decode(sk::Vocabulary::of_tokens(std::make_shared<sk::ByteBpe>(model)));
}

inline void vocabulary(std::string_view file) {
    encode_and_decode(sk::load_vocabulary(FileInMemory(file).path()));
}

// What a model's file says of its vocabulary.
inline void vocabulary_json(std::string_view text) {
    encode_and_decode(sk::any_vocabulary_from_json(text));
}

// Two files in one: 32 bits say how long X.idx is, X.bin follows it.
inline void binidx(std::string_view file) {
    static TemporaryFolder const folder;
    std::uint32_t length = 0;
    file.copy(reinterpret_cast<char*>(&length), sizeof(length));
    file.remove_prefix(std::min(file.size(), sizeof(length)));
    std::size_t const cut = std::min<std::size_t>(length, file.size());
    write_file(folder / "x.idx", file.substr(0, cut));
    write_file(folder / "x.bin", file.substr(cut));
    sk::Binidx const ids(folder / "x");
    for (sk::index i = 0; i < ids.sequences(); ++i) { static_cast<void>(ids.ids(i)); }
}

inline void session_state(std::string_view file) {
    auto const state = sk::load_session_state(FileInMemory(file).path(), {});
    demand(state.numbers.size() <= file.size(), "more numbers than bytes");
}

// Bytes that are text, or not: every tokenizer gives them back.
inline void text(std::string_view bytes) {
    static auto const tokenizers = exact_tokenizers();
    for (auto const& [name, vocabulary] : tokenizers) {
        demand(comes_back(vocabulary, bytes), "a text did not come back");
    }
    std::set<char32_t> seen;
    sk::for_each_code_point(bytes, [&](char32_t c) { seen.insert(c); });
    std::string symbols;
    for (char32_t const c : seen) { sk::append_utf8(symbols, c); }
    if (symbols.empty()) { return; }
    auto const characters = sk::Vocabulary::of_symbols(symbols);
    bool const is_text = sk::valid_utf8_prefix(bytes) == bytes.size();
    bool const same = characters.decode(characters.encode(bytes)) == bytes;
    demand(same == is_text, "characters did not come back");
}

inline std::string file_of(void (*write)(std::string const& path)) {
    TemporaryFolder const folder;
    write(folder / "file");
    return read_file(folder / "file");
}

// As it was written, and without its checksum: what changes behind one that is wrong is not met.
inline std::vector<std::string> with_and_without_checksum(std::string const& file) {
    std::uint64_t length = 0;
    file.copy(reinterpret_cast<char*>(&length), sizeof(length));
    auto header = nlohmann::ordered_json::parse(file.substr(sizeof(length), length));
    header["__metadata__"].erase(std::string(sk::detail::checksum_key));
    std::string const text = header.dump();
    std::uint64_t const shorter = text.size();
    return {file, std::string(reinterpret_cast<char const*>(&shorter), sizeof(shorter)) + text +
                      file.substr(sizeof(length) + length)};
}

inline std::vector<std::string> safetensors_seeds() {
    return with_and_without_checksum(file_of([](std::string const& path) {
        std::array<float, 6> const numbers{0, 1, 2, 3, 4, 5};
        std::array<std::int16_t, 2> const ids{-1, 7};
        sk::write_safetensors(
            path,
            std::vector{sk::stored_tensor("a.weight", {2, 3}, std::span<float const>(numbers)),
                        sk::stored_tensor("b", {2}, std::span<std::int16_t const>(ids))},
            {{"note", "\"x\""}});
    }));
}

inline std::vector<std::string> torch_seeds() {
    std::vector<std::string> files;
    for (char const* name : {"all_zip", "all_legacy", "all_deflated", "all_protocol4", "nested"}) {
        files.push_back(
            read_file(SPIKELET_SOURCE_DIR "/tests/golden/torch/" + std::string(name) + ".pth"));
    }
    return files;
}

inline std::vector<std::string> checkpoint_seeds() {
    return with_and_without_checksum(file_of([](std::string const& path) {
        sk::SpikeGpt<> model(sk::make_config(sk::find_variant("spikegpt"), 3, 1, 2));
        sk::allocate(model);
        sk::save_checkpoint(path, model, sk::metadata(model.config));
    }));
}

inline std::vector<std::string> tokenizer_json_seeds() { return {sk::tokenizer_json(small_bpe())}; }

inline std::vector<std::string> vocabulary_seeds() {
    std::string const characters = R"({"0": "\n", "1": " ", "2": "a", "3": "ï", "4": "😀"})";
    std::string utf16 = "\xff\xfe";
    for (char const c : std::string_view(R"({"0": "a", "1": "b"})")) { utf16 += {c, '\0'}; }
    return {characters, utf16, world_lines(), sk::tokenizer_json(small_bpe())};
}

inline std::vector<std::string> vocabulary_json_seeds() {
    std::vector<std::string> texts{R"({"kind":"characters","symbols":"\n aï"})"};
    for (std::string const& file : vocabulary_seeds()) {
        texts.push_back(sk::to_json(sk::parse_vocabulary(file)));
    }
    return texts;
}

inline std::vector<std::string> binidx_seeds() {
    std::vector<std::string> files;
    for (auto const type : {sk::BinidxType::uint16, sk::BinidxType::float64}) {
        TemporaryFolder const folder;
        sk::BinidxWriter writer(folder / "x", type);
        writer.add(std::array<std::int32_t, 3>{1, 2, 300});
        writer.end_document();
        writer.add(std::array<std::int32_t, 2>{4, 5});
        writer.commit();
        std::string const idx = read_file(folder / "x.idx");
        auto const length = static_cast<std::uint32_t>(idx.size());
        files.push_back(std::string(reinterpret_cast<char const*>(&length), 4) + idx +
                        read_file(folder / "x.bin"));
    }
    return files;
}

inline std::vector<std::string> session_state_seeds() {
    return with_and_without_checksum(file_of([](std::string const& path) {
        sk::save_session_state(path, {{0.5F, 1.5F}, {7, 8}, {1, 2}, {6, 7, 8}, 16}, {{"L", "1"}});
    }));
}

inline std::vector<std::string> text_seeds() {
    sk::Rng rng{1};
    return {random_text(rng, 30), random_bytes(rng, 50), "e\xcc\x81 the<e>\xed\x95\x9c'll \n\n x"};
}

}  // namespace readers

/// All readers of the library.
inline constexpr std::array library_readers{
    Reader{"safetensors", readers::safetensors, readers::safetensors_seeds, true},
    Reader{"torch", readers::torch, readers::torch_seeds, true},
    Reader{"checkpoint", readers::checkpoint, readers::checkpoint_seeds, true},
    Reader{"tokenizer_json", readers::tokenizer_json, readers::tokenizer_json_seeds, true},
    Reader{"vocabulary", readers::vocabulary, readers::vocabulary_seeds},
    Reader{"vocabulary_json", readers::vocabulary_json, readers::vocabulary_json_seeds, true},
    Reader{"binidx", readers::binidx, readers::binidx_seeds, true},
    Reader{"session_state", readers::session_state, readers::session_state_seeds, true},
    Reader{"text", readers::text, readers::text_seeds},
};

}  // namespace spikelet_test::fuzz
