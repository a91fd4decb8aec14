// SPDX-License-Identifier: MIT
#include "model_source.hpp"

#include <spikelet/models/spikegpt_metadata.hpp>
#include <spikelet/models/spikegpt_shapes.hpp>

#include "flags.hpp"
#include "language_model.hpp"
#include "out_file.hpp"

namespace spikegpt {

void add_variant_flags(CLI::App& flags, ModelSource& source, std::string const& when) {
    flags.add_option("--variant", source.variant, when + ": where spikes are")
        ->check(one_of(sk::variants));
    flags.add_option("--binary-embedding", source.binary_embedding, when + ", if not as in it")
        ->check(one_of(switches));
}

void add_model_flags(CLI::App& flags, ModelSource& source, std::string const& name) {
    flags.add_option(name, source.path, "The model, .safetensors or .pth")
        ->type_name("FILE")
        ->required();
    add_variant_flags(flags, source, "Of a file that does not say");
}

sk::Metadata description_of(sk::CheckpointFile const& file, ModelSource const& source) {
    std::string const where = sk::quote(source.path);
    if (file.metadata().contains("variant")) {
        if (source.variant.empty() && source.binary_embedding.empty()) { return file.metadata(); }
        sk::fail(where, "it says itself what it is; --variant and --binary-embedding are for files "
                        "that do not");
    }
    if (source.variant.empty()) {
        sk::fail(where, "it does not say which variant it is; --variant does, one of " +
                            sk::detail::names_of(sk::variants));
    }
    try {
        auto config = sk::config_of_tensors(sk::find_variant(source.variant), file.tensors());
        if (!source.binary_embedding.empty()) {
            config.spikes.binary_embedding = source.binary_embedding == "on";
        }
        sk::Metadata description = sk::metadata(config);
        description.insert(file.metadata().begin(), file.metadata().end());
        return description;
    } catch (sk::Error const& error) { sk::fail(where, error.what()); }
}

void check_out(std::string const& out, ModelSource const& from) {
    check_is_no_input("--out", out, {from.path});
    check_replaces_only("--out", out, "model", [&] {
        static_cast<void>(open_model(out));
        return true;
    });
}

}  // namespace spikegpt
