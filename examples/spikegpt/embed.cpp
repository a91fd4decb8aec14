// SPDX-License-Identifier: MIT
// spikegpt embed: a vector for each line of a text, the mean of what the model's output matrix
// reads.
#include <algorithm>
#include <cmath>

#include <spikelet/io/file_writer.hpp>
#include <spikelet/io/safetensors.hpp>
#include <spikelet/io/safetensors_writer.hpp>

#include "command.hpp"
#include "flags.hpp"
#include "limits.hpp"
#include "line_reader.hpp"
#include "out_file.hpp"
#include "output.hpp"
#include "processor.hpp"
#include "progress.hpp"
#include "stop.hpp"
#include "stored_model.hpp"
#include "text_batches.hpp"

namespace spikegpt {

namespace {

constexpr char const* purpose_of_embed = "Makes a vector of each line of a text";
constexpr char const* examples_of_embed =
    "  spikegpt embed --model M --data lines.txt                       JSON lines\n"
    "  spikegpt embed --model M --data lines.txt --out lines.npy       for numpy.load";

struct EmbedRequest {
    ModelSource model{};
    std::string data;
    std::string out;
    sk::index ctx = 1024;
    sk::index batch = 32;
    sk::index threads = 0;
    std::string cpu;
};

/// Rows of numbers, [rows, columns].
struct Vectors {
    sk::index rows, columns;
    std::vector<float> numbers;

    [[nodiscard]] std::span<float> row(std::size_t r) {
        auto const width = static_cast<std::size_t>(columns);
        return std::span(numbers).subspan(r * width, width);
    }
};

void declare(CLI::App& flags, EmbedRequest& request) {
    add_model_flags(flags, request.model);
    flags.add_option("--data", request.data, "A text in each line; -: standard input")
        ->type_name("FILE")
        ->required();
    flags
        .add_option("--out", request.out,
                    "Vectors as rows, .npy or .safetensors (default JSON lines on standard output)")
        ->check(file_name({".npy", ".safetensors"}))
        ->type_name("FILE");
    flags.add_option("--ctx", request.ctx, "Ids that are read of a line")
        ->check(whole(1, most_ctx))
        ->capture_default_str();
    flags.add_option("--batch", request.batch, "Lines at a time")
        ->check(whole(1, most_batch))
        ->capture_default_str();
    flags.add_option("--threads", request.threads, threads_meaning)->check(whole(0, most_threads));
    flags.add_option("--cpu", request.cpu, cpu_meaning)->check(one_of(instruction_sets()));
}

std::vector<TextIds> lines_of(LineReader& file, sk::Vocabulary const& vocabulary,
                              EmbedRequest const& request) {
    TextReader reader(vocabulary, request.ctx);
    std::vector<TextIds> lines;
    while (auto const line = file.next_line()) { lines.push_back(reader.read(*line)); }
    if (lines.empty()) { sk::fail(sk::quote(request.data), "there are no lines in it"); }
    if (reader.cut() > 0) { fmt::print(stderr, "{}\n", cut_text(reader.cut(), request.ctx)); }
    return lines;
}

// Throws Stopped if it is time to stop.
Vectors vectors_of(std::span<TextIds const> lines, Encoder& encoder, sk::index channels,
                   sk::index batch) {
    Vectors vectors{std::ssize(lines), channels, {}};
    vectors.numbers.resize(lines.size() * static_cast<std::size_t>(channels));
    ProgressLine progress(2.0);
    PaddedTexts padded;
    std::size_t done = 0;
    for (TextBatch const& now : batches_by_length(lines, batch)) {
        if (stop_signal() != 0) { throw Stopped{}; }
        pad(lines, now, padded);
        auto rows = encoder.encode(padded);
        for (std::size_t const line : now) {
            auto const to = vectors.row(line);
            std::ranges::copy(rows.first(to.size()), to.begin());
            rows = rows.subspan(to.size());
        }
        done += now.size();
        if (progress.due()) {
            progress.show({{fmt::format("{} of {} lines", done, lines.size())}});
        }
    }
    progress.end();
    return vectors;
}

// The format of numpy.save, version 1.0, whose header ends at a multiple of 64 bytes.
void write_npy(std::string const& path, Vectors const& vectors) {
    std::string header =
        fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", vectors.rows,
                    vectors.columns);
    constexpr std::size_t in_front = 10;
    header.resize((in_front + header.size() + 1 + 63) / 64 * 64 - in_front - 1, ' ');
    header += '\n';
    std::string start("\x93NUMPY\x01\x00", 8);
    start += static_cast<char>(header.size() & 0xff);
    start += static_cast<char>(header.size() >> 8);
    sk::write_file_atomically(path, [&](sk::FileWriter& file) {
        file.write(start + header);
        file.write(std::as_bytes(std::span(vectors.numbers)));
    });
}

void write(std::string const& path, Vectors const& vectors) {
    if (path.ends_with(".npy")) { return write_npy(path, vectors); }
    auto const tensor = sk::stored_tensor("vectors", {vectors.rows, vectors.columns},
                                          std::span<float const>(vectors.numbers));
    sk::write_safetensors(path, std::vector{tensor});
}

void say_lines(Vectors& vectors, Output const& out) {
    for (std::size_t r = 0; r < static_cast<std::size_t>(vectors.rows) && stop_signal() == 0; ++r) {
        std::string line;
        for (float const x : vectors.row(r)) {
            if (!line.empty()) { line += ','; }
            line += std::isfinite(x) ? fmt::format("{}", x) : "null";  // JSON has no other word
        }
        out.write("[" + line + "]\n");
    }
}

// Before anything is written: the file can be, and replaces no model.
void check_out(EmbedRequest const& request) {
    check_is_no_input("--out", request.out, {request.data, request.model.path});
    if (request.out.empty()) { return; }
    sk::FileWriter const can_be_written(request.out);
    if (!request.out.ends_with(".safetensors")) { return; }
    check_replaces_only("--out", request.out, "file of vectors", [&] {
        auto const file = sk::SafetensorsFile::open(request.out);
        return file.tensors().size() == 1 && file.find("vectors") != nullptr;
    });
}

int embed(CLI::App const&, EmbedRequest const& request) {
    Output const out(false);
    check_out(request);
    LineReader file(request.data);
    Computer const computer = choose_computer(request.cpu, request.threads);
    StoredModel const language = load_stored_language(request.model);
    auto const lines = lines_of(file, *language.vocabulary, request);
    auto const encoder = computer.engine().encoder(language.net, computer.threads);
    listen_for_stop();
    try {
        auto vectors = vectors_of(lines, *encoder, language.net.config.channels, request.batch);
        if (request.out.empty()) {
            say_lines(vectors, out);
        } else {
            write(request.out, vectors);
            out.say("{} of {} numbers", counted(vectors.rows, "vector"), vectors.columns);
        }
    } catch (Stopped const&) { std::fputs("stopped; nothing is written\n", stderr); }
    return stop_signal() == 0 ? 0 : exit_code_of(stop_signal());
}

}  // namespace

void add_embed(CLI::App& program, Command& command) {
    add_command<EmbedRequest>(program, command, "embed", purpose_of_embed, examples_of_embed,
                              declare, embed);
}

}  // namespace spikegpt
