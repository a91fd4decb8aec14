// SPDX-License-Identifier: MIT
// Files with a model's weights in whichever format: safetensors, or PyTorch's .pth.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <spikelet/core/error.hpp>
#include <spikelet/core/metadata.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/file.hpp>
#include <spikelet/io/safetensors.hpp>
#include <spikelet/io/safetensors_writer.hpp>
#include <spikelet/io/stored_tensor.hpp>
#include <spikelet/io/tensor_file.hpp>
#include <spikelet/io/torch_file.hpp>
#include <spikelet/io/torch_writer.hpp>

namespace spikelet {

/// An open file of either format.
///
///     load_checkpoint(CheckpointFile::open("model.pth"), model);
class CheckpointFile : public NamedTensors<CheckpointFile> {
public:
    /// What the file is, its first bytes say, not its name. Throws Error.
    [[nodiscard]] static CheckpointFile open(std::string path) {
        bool const is_torch = looks_like_torch(MappedFile(path).bytes());
        if (is_torch) { return CheckpointFile(TorchFile::open(std::move(path))); }
        return CheckpointFile(SafetensorsFile::open(std::move(path)));
    }

    /// Whether it is a file of PyTorch; else it is safetensors.
    [[nodiscard]] bool is_torch() const { return std::holds_alternative<TorchFile>(file_); }

    /// As it was given.
    [[nodiscard]] std::string const& path() const {
        return std::visit(
            [](auto const& f) -> auto& { return f.path(); }, file_);
    }
    /// What the file says about itself; nothing in files of PyTorch that write_torch() did not
    /// write.
    [[nodiscard]] Metadata const& metadata() const {
        return std::visit(
            [](auto const& f) -> auto& { return f.metadata(); }, file_);
    }
    /// All tensors, sorted by name.
    [[nodiscard]] std::span<StoredTensor const> tensors() const {
        return std::visit([](auto const& f) { return f.tensors(); }, file_);
    }
    /// Reads the whole file once, if it carries checksums. Throws Error if one does not agree.
    void verify() const {
        std::visit([](auto const& f) { f.verify(); }, file_);
    }
    /// Gives back the memory of numbers that are not needed for now; they stay readable.
    void release(std::span<std::byte const> numbers) const {
        std::visit([&](auto const& f) { f.release(numbers); }, file_);
    }

private:
    explicit CheckpointFile(std::variant<SafetensorsFile, TorchFile> file)
        : file_(std::move(file)) {}

    std::variant<SafetensorsFile, TorchFile> file_;
};

/// Writes tensors whole or not at all in the format that the name asks for: .safetensors, or .pth
/// (.pt, .bin) for PyTorch. `watch` hears how far it is. Throws Error, also for other names.
inline void write_tensors(std::string path, std::span<StoredTensor const> tensors,
                          Metadata const& metadata = {}, WriteWatch const& watch = {}) {
    std::string_view const name = path;
    if (name.ends_with(".safetensors")) {
        write_safetensors(std::move(path), tensors, metadata, KeepDtype{}, watch);
    } else if (name.ends_with(".pth") || name.ends_with(".pt") || name.ends_with(".bin")) {
        write_torch(std::move(path), tensors, metadata, watch);
    } else {
        fail(quote(path), "expected a name that ends with .safetensors, or .pth for PyTorch");
    }
}

}  // namespace spikelet
