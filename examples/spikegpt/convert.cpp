// SPDX-License-Identifier: MIT
// spikegpt convert: a model from a file of PyTorch to a safetensors file, and back. Its numbers
// keep their bits and their types.
#include <filesystem>

#include <spikelet/io/checkpoint.hpp>

#include "command.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "stop.hpp"
#include "stored_model.hpp"

namespace spikegpt {

namespace {

constexpr char const* purpose_of_convert = "Writes a model in another format of files";
constexpr char const* examples_of_convert =
    "  spikegpt convert --in official.pth --out model.safetensors --variant spikegpt\n"
    "  spikegpt convert --in 216m.pth --out 216m.safetensors --variant spikegpt\n"
    "      --binary-embedding off\n"
    "  spikegpt convert --in runs/book/model.safetensors --out model.pth";

struct ConvertRequest {
    ModelSource in;
    std::string out;
    bool json = false;
};

void declare(CLI::App& flags, ConvertRequest& request) {
    add_model_flags(flags, request.in, "--in");
    flags
        .add_option("--out", request.out, "The new file; its ending, .safetensors or .pth, decides")
        ->type_name("FILE")
        ->required();
    flags.add_flag("--json", request.json, "End with one JSON object on standard output");
}

// Throws Stopped if it is time to stop.
void write_converted(ConvertRequest const& request, sk::CheckpointFile const& file) {
    double all = 0;
    for (auto const& tensor : file.tensors()) { all += static_cast<double>(tensor.bytes.size()); }
    ProgressLine progress(2.0);
    auto const watch = [&](std::size_t written) {
        if (stop_signal() != 0) { throw Stopped{}; }
        if (progress.due()) {
            progress.show({{fmt::format(
                "written {} of {}", bytes_text(static_cast<double>(written)), bytes_text(all))}});
        }
    };
    sk::write_tensors(request.out, file.tensors(), description_of(file, request.in), watch);
}

int convert(CLI::App const&, ConvertRequest const& request) {
    Output const out(request.json);
    auto const file = open_model(request.in.path);
    StoredModel const model = model_without_weights(file, request.in);
    with_weights(model, [&](auto const& net) {
        sk::detail::check_checkpoint(file, sk::quote(request.in.path), net);
    });
    check_out(request.out, request.in);
    listen_for_stop();
    try {
        write_converted(request, file);
    } catch (Stopped const&) {
        out.say("stopped; nothing is written");
        return exit_code_of(stop_signal());
    }

    auto const bytes = std::filesystem::file_size(request.out);
    std::string const variant = nearest_variant(model.net.config);
    out.say("{}: {}, {} in {}", request.out, variant, counted(std::ssize(file.tensors()), "tensor"),
            bytes_text(static_cast<double>(bytes)));
    out.result({{"command", "convert"},
                {"model", request.out},
                {"variant", variant},
                {"tensors", file.tensors().size()},
                {"bytes", bytes}});
    return 0;
}

}  // namespace

void add_convert(CLI::App& program, Command& command) {
    add_command<ConvertRequest>(program, command, "convert", purpose_of_convert,
                                examples_of_convert, declare, convert);
}

}  // namespace spikegpt
