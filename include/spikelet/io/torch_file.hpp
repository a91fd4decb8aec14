// SPDX-License-Identifier: MIT
// Reads the tensors of PyTorch's files, `torch.save(model.state_dict(), "model.pth")`, of both
// forms (io/torch_storages.hpp). Only data are read: nothing in a file can make anything run.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/metadata.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/dtype.hpp>
#include <spikelet/io/file.hpp>
#include <spikelet/io/inflate.hpp>
#include <spikelet/io/stored_tensor.hpp>
#include <spikelet/io/tensor_file.hpp>
#include <spikelet/io/torch_pickle.hpp>
#include <spikelet/io/torch_storages.hpp>
#include <spikelet/io/zip.hpp>

namespace spikelet {

/// What a file of PyTorch holds, the tensors sorted by name.
struct TorchContents {
    std::vector<StoredTensor> tensors;  ///< sorted by name
    Metadata metadata;                  ///< what write_torch() was given
    /// Bytes that tensors borrow and that are not in the file as they should be.
    std::vector<std::vector<std::byte>> unpacked;
    std::vector<ZipEntry> unchecked;  ///< entries whose CRC-32 was not looked at
};

namespace detail {

/// Whether the elements lie one after the other.
inline bool is_contiguous(TorchView const& view) {
    index next = 1;
    for (std::size_t r = view.shape.size(); r-- > 0;) {
        if (view.shape[r] != 1 && view.strides[r] != next) { return false; }
        next *= view.shape[r];
    }
    return true;
}

/// Puts the elements of a view, which lies within `from`, one after the other.
template <std::size_t width>
void gather_elements(TorchView const& view, std::byte const* from, std::span<std::byte> to) {
    std::size_t const rank = view.shape.size();
    std::vector<index> at(rank, 0);
    index place = view.offset;
    for (std::size_t done = 0; done < to.size(); done += width) {
        std::memcpy(to.data() + done, from + static_cast<std::size_t>(place) * width, width);
        for (std::size_t r = rank; r-- > 0;) {
            place += view.strides[r];
            if (++at[r] < view.shape[r]) { break; }
            place -= view.strides[r] * view.shape[r];
            at[r] = 0;
        }
    }
}

inline std::vector<std::byte> gather(TorchView const& view, std::size_t width, std::size_t bytes,
                                     std::span<std::byte const> from) {
    std::vector<std::byte> to(bytes);
    switch (width) {
    case 1:
        gather_elements<1>(view, from.data(), to);
        break;
    case 2:
        gather_elements<2>(view, from.data(), to);
        break;
    case 4:
        gather_elements<4>(view, from.data(), to);
        break;
    default:
        gather_elements<8>(view, from.data(), to);
        break;
    }
    return to;
}

/// What torn-apart views may take together: they are copied, and a short pickle can name many.
inline index most_gathered(TorchStorages const& found) {
    index bytes = 0;
    for (auto const& storage : found.bytes) { bytes += 2 * std::ssize(storage); }
    return bytes;
}

inline TorchContents torch_contents(std::string_view where, TorchStorages found) {
    TorchContents contents{.tensors = {},
                           .metadata = std::move(found.table.metadata),
                           .unpacked = std::move(found.inflated),
                           .unchecked = std::move(found.unchecked)};
    index left = most_gathered(found);
    for (TorchView& view : found.table.views) {
        Dtype const dtype = found.table.storages[view.storage].dtype;
        std::span<std::byte const> bytes = found.bytes[view.storage];
        auto const size = static_cast<std::size_t>(*byte_count(dtype, view.shape));
        if (size == 0 || is_contiguous(view)) {
            bytes = bytes.subspan(static_cast<std::size_t>(view.offset) * size_of(dtype), size);
        } else {
            left -= static_cast<index>(size);
            if (left < 0) { fail(where, "its tensors are views of the same storages too often"); }
            bytes = contents.unpacked.emplace_back(gather(view, size_of(dtype), size, bytes));
        }
        contents.tensors.push_back({.name = std::move(view.name),
                                    .dtype = dtype,
                                    .shape = std::move(view.shape),
                                    .bytes = bytes});
    }
    sort_by_name(where, contents.tensors);
    return contents;
}

}  // namespace detail

/// Whether these are the first bytes of a file that PyTorch wrote, in either form, and not those
/// of a safetensors file, whose ninth byte is '{'.
[[nodiscard]] inline bool looks_like_torch(std::span<std::byte const> file) {
    std::string_view const start(reinterpret_cast<char const*>(file.data()),
                                 std::min<std::size_t>(file.size(), 9));
    if (start.size() == 9 && start[8] == '{') { return false; }
    return start.starts_with("PK") || start.starts_with('\x80');
}

/// Reads a file that is in memory; the tensors borrow from it. Tensors that are deflated or whose
/// elements lie apart are unpacked at once, the others stay where they are. Messages begin with
/// `where`. Throws Error for a file that is damaged, or that is not data alone.
[[nodiscard]] inline TorchContents parse_torch(std::span<std::byte const> file,
                                               std::string_view where = "torch") {
    if (!looks_like_torch(file)) {
        fail(where, "not a file of PyTorch: it begins neither as a zip archive nor as a pickle");
    }
    bool const is_zip = file.front() == std::byte{'P'};
    return detail::torch_contents(where, is_zip ? detail::TorchZip(file, where).storages()
                                                : detail::TorchStream(file, where).storages());
}

/// An open file of PyTorch. Tensors stay on the disk until their bytes are touched, but for those
/// that had to be unpacked.
///
///     auto file = TorchFile::open("model.pth");
///     std::vector<float> weight = file.read<float>("head.weight");
class TorchFile : public NamedTensors<TorchFile> {
public:
    /// Throws Error, also for a file that is damaged or holds anything but data.
    [[nodiscard]] static TorchFile open(std::string path) {
        return TorchFile(MappedFile(std::move(path)));
    }

    /// As it was given.
    [[nodiscard]] std::string const& path() const { return file_.path(); }
    /// What write_torch() was given; empty in files of other programs.
    [[nodiscard]] Metadata const& metadata() const { return contents_.metadata; }
    /// All tensors, sorted by name.
    [[nodiscard]] std::span<StoredTensor const> tensors() const { return contents_.tensors; }

    /// Reads the whole file once, if it is a zip archive, which has checksums. Throws Error if one
    /// does not agree.
    void verify() const {
        for (ZipEntry const& entry : contents_.unchecked) {
            check_crc32(entry.bytes, entry.crc, quote(path()) + ": entry " + quote(entry.name));
            file_.release(entry.bytes);
        }
    }

    /// Gives back the memory of numbers that are not needed for now; they stay readable.
    void release(std::span<std::byte const> numbers) const { file_.release(numbers); }

private:
    explicit TorchFile(MappedFile file)
        : file_(std::move(file)),
          contents_(parse_torch(file_.bytes(), quote(file_.path()))) {}

    MappedFile file_;
    TorchContents contents_;
};

}  // namespace spikelet
