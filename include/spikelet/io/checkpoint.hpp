// SPDX-License-Identifier: MIT
// A model's weights in a safetensors file, for every model that lists its parts. Files of the field
// hold a matrix as [out, in], so the weights of layers that say `transposed_in_files` are turned on
// the way. A model may know its parameters by other names in files, and by shapes with ones in
// front, through `static file_name(name)` and `static file_leading_ones(name)`.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <spikelet/autodiff/parts.hpp>
#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/dtype.hpp>
#include <spikelet/io/file_writer.hpp>
#include <spikelet/io/safetensors.hpp>
#include <spikelet/io/safetensors_writer.hpp>
#include <spikelet/io/stored_tensor.hpp>
#include <spikelet/io/tensor_file.hpp>

namespace spikelet {

/// How files know a parameter.
struct FileParameter {
    std::string name;          ///< name in the file
    std::vector<index> shape;  ///< with the ones in front
    bool transposed = false;   ///< [out, in], while the parameter is [in, out]
};

namespace detail {

template <class Model>
std::string name_in_files(std::string_view name) {
    if constexpr (requires { Model::file_name(name); }) {
        return Model::file_name(name);
    } else {
        return std::string(name);
    }
}

template <class Model, index... Es>
FileParameter in_files(std::string_view name, Extents<Es...> const& extents, bool transposed) {
    FileParameter known{name_in_files<Model>(name), {}, transposed};
    if constexpr (requires { Model::file_leading_ones(name); }) {
        known.shape.assign(static_cast<std::size_t>(Model::file_leading_ones(name)), 1);
    }
    for (index r = 0; r < extents.rank; ++r) { known.shape.push_back(extents[r]); }
    if (transposed) { std::swap(known.shape.back(), known.shape.end()[-2]); }
    return known;
}

}  // namespace detail

/// Calls f(FileParameter, parameter) for every parameter of a model, in the order of its parts.
template <class Model, class F>
void each_file_parameter(Model& model, F&& f) {
    std::set<void const*> turned;
    each_part(PartName{}, model, [&](PartName const& name, auto& part) {
        using Part = std::remove_cvref_t<decltype(part)>;
        if constexpr (IsParameter<Part>) {
            bool const transposed = Part::extents_type::rank == 2 && turned.contains(&part);
            f(detail::in_files<std::remove_cv_t<Model>>(name, part.extents(), transposed), part);
        } else if constexpr (requires { requires Part::transposed_in_files; }) {
            Part::each_part(part, [&](std::string_view, auto& own) { turned.insert(&own); });
        }
    });
}

namespace detail {

// Columns of a [in, out] matrix that are turned into rows at a time: a cache line of floats.
inline constexpr index turned_columns = 16;

// Calls f(first, count) for portions of the columns.
template <class F>
void each_portion(index columns, F&& f) {
    for (index first = 0; first < columns; first += turned_columns) {
        f(first, (std::min)(turned_columns, columns - first));
    }
}

// Writes the numbers of a [in, out] matrix as [out, in].
template <class T>
void write_transposed(FileWriter& file, StoredTensor const& tensor) {
    index const out = tensor.shape.end()[-2];
    index const in = tensor.shape.back();
    auto const* const w = reinterpret_cast<T const*>(tensor.bytes.data());
    std::vector<T> rows(static_cast<std::size_t>(turned_columns * in));
    each_portion(out, [&](index first, index count) {
        for (index i = 0; i < in; ++i) {
            for (index o = 0; o < count; ++o) {
                rows[static_cast<std::size_t>(o * in + i)] = w[i * out + first + o];
            }
        }
        file.write(std::as_bytes(std::span(rows).first(static_cast<std::size_t>(count * in))));
    });
}

// Reads a [out, in] matrix of the file into w [in, out]. Calls done(first, last) after each portion
// of its bytes.
template <class T, class Done>
void read_transposed(StoredTensor const& tensor, std::string_view where, T* w, Done&& done) {
    index const out = tensor.shape.end()[-2];
    index const in = tensor.shape.back();
    std::size_t const row_bytes = static_cast<std::size_t>(in) * size_of(tensor.dtype);
    std::vector<T> rows(static_cast<std::size_t>(turned_columns * in));
    each_portion(out, [&](index first, index count) {
        std::size_t const begin = static_cast<std::size_t>(first) * row_bytes;
        std::size_t const bytes = static_cast<std::size_t>(count) * row_bytes;
        convert(tensor.dtype, tensor.bytes.subspan(begin, bytes),
                std::span(rows).first(static_cast<std::size_t>(count * in)), where);
        for (index i = 0; i < in; ++i) {
            for (index o = 0; o < count; ++o) {
                w[i * out + first + o] = rows[static_cast<std::size_t>(o * in + i)];
            }
        }
        done(begin, begin + bytes);
    });
}

// The same for numbers that are in the file as they are in memory.
template <class T, class Done>
void read_straight(StoredTensor const& tensor, std::string_view where, std::span<T> to,
                   Done&& done) {
    constexpr std::size_t portion = std::size_t{1} << 18;
    std::size_t const width = size_of(tensor.dtype);
    for (std::size_t first = 0; first < to.size(); first += portion) {
        std::size_t const count = (std::min)(portion, to.size() - first);
        convert(tensor.dtype, tensor.bytes.subspan(first * width, count * width),
                to.subspan(first, count), where);
        done(first * width, (first + count) * width);
    }
}

// The shape without the ones in front of its last `rank` extents.
inline std::span<index const> without_ones(std::span<index const> shape, std::size_t rank) {
    while (shape.size() > rank && shape.front() == 1) { shape = shape.subspan(1); }
    return shape;
}

// What is wrong with a file: the first of its faults in words, the others as a number.
class Faults {
public:
    void add(std::string const& fault) {
        if (count_++ == 0) { first_ = fault; }
    }

    // Throws Error if there was one.
    void fail_if_any(std::string_view where) const {
        if (count_ == 0) { return; }
        std::string const others =
            count_ == 1 ? "" : "; " + std::to_string(count_ - 1) + " more tensors do not fit";
        fail(where, first_ + others);
    }

private:
    std::string first_;
    index count_ = 0;
};

// A parameter of T. Floating-point numbers may be stored in any type of them, codes in their own.
template <class T>
void check_stored(StoredTensor const* found, FileParameter const& expected, std::size_t rank,
                  Faults& faults) {
    std::string const tensor = "tensor " + quote(expected.name);
    std::string const numbers =
        std::floating_point<T> ? "floating-point numbers" : std::string(name_of(dtype_of<T>()));
    if (found == nullptr) {
        faults.add(tensor + " is missing, expected " + describe(expected.shape));
        return;
    }
    bool const fits =
        std::ranges::equal(without_ones(found->shape, rank), std::span(expected.shape).last(rank));
    bool const same_kind =
        std::floating_point<T> ? is_float(found->dtype) : found->dtype == dtype_of<T>();
    if (!fits || !same_kind) {
        faults.add(tensor + " is " + describe(found->dtype, found->shape) + ", expected " +
                   numbers + " " + describe(expected.shape));
    }
}

// Throws Error unless the file holds what the model needs, and nothing else.
template <class File, class Model>
void check_checkpoint(File const& file, std::string_view where, Model const& model) {
    Faults faults;
    std::set<std::string, std::less<>> known;
    each_file_parameter(model, [&](FileParameter const& expected, auto const& parameter) {
        using Parameter = std::remove_cvref_t<decltype(parameter)>;
        check_stored<typename Parameter::scalar>(file.find(expected.name), expected,
                                                 Parameter::extents_type::rank, faults);
        if (parameter.read_only()) {
            fail(where, "the parameter " + quote(expected.name) +
                            " is bound to constant numbers, which cannot be loaded into");
        }
        known.insert(expected.name);
    });
    for (StoredTensor const& tensor : file.tensors()) {
        if (!known.contains(tensor.name)) {
            faults.add("tensor " + quote(tensor.name) + ", " +
                       describe(tensor.dtype, tensor.shape) + ", has no place in the model");
        }
    }
    faults.fail_if_any(where);
}

}  // namespace detail

/// Writes all weights of a model, whole or not at all, straight from where they are, with a
/// checksum; `watch` hears how far it is. Throws Error if one has no numbers yet or the file cannot
/// be written.
///
///     save_checkpoint("model.safetensors", model, metadata(model.config));
template <class Model>
void save_checkpoint(std::string path, Model const& model, Metadata const& metadata = {},
                     WriteWatch const& watch = {}) {
    static_assert(Layer<Model> || IsParameter<Model>,
                  "save_checkpoint: list the model's parts with SPIKELET_PARTS");
    using Write = void (*)(FileWriter&, StoredTensor const&);
    std::vector<StoredTensor> tensors;
    std::vector<Write> writers;
    each_file_parameter(model, [&](FileParameter known, auto const& parameter) {
        using T = typename std::remove_cvref_t<decltype(parameter)>::scalar;
        if (parameter.value() == nullptr) {
            fail(quote(path), "the parameter " + quote(known.name) + " has no numbers yet");
        }
        writers.push_back(known.transposed ? Write{detail::write_transposed<T>} : nullptr);
        tensors.push_back(stored_tensor(std::move(known.name), std::move(known.shape),
                                        std::span<T const>(parameter.span())));
    });
    detail::write_safetensors(
        std::move(path), tensors, metadata, KeepDtype{},
        [&](FileWriter& file, detail::PlannedTensor const& planned) {
            Write const write = writers[static_cast<std::size_t>(planned.tensor - tensors.data())];
            if (write != nullptr) {
                write(file, *planned.tensor);
            } else {
                file.write(planned.tensor->bytes);
            }
        },
        watch);
}

/// Reads all weights of a model, in any type of floating-point numbers and with any number of ones
/// in front of the shapes; stored weights must be what they are in the file (store_as()).
/// Parameters without memory get their own, while the file gives back that of numbers which were
/// read. Throws Error, and changes nothing, if a tensor is missing, is left over or does not fit,
/// or if a parameter is bound to constant numbers. A file's checksum is not looked at, which would
/// take a third longer: call SafetensorsFile::verify() before where damage is feared.
template <TensorFile File, class Model>
void load_checkpoint(File const& file, Model& model) {
    static_assert(Layer<Model> || IsParameter<Model>,
                  "load_checkpoint: list the model's parts with SPIKELET_PARTS");
    std::string const where = quote(file.path());
    detail::check_checkpoint(file, where, model);
    allocate(model);
    each_file_parameter(model, [&](FileParameter const& known, auto& parameter) {
        StoredTensor const& tensor = *file.find(known.name);
        std::string const here = where + ": tensor " + quote(known.name);
        auto const release = [&](std::size_t first, std::size_t last) {
            constexpr std::size_t page = std::size_t{1} << 16;  // the portion before ended in one
            std::size_t const begin = first - (std::min)(first, page);
            auto const read = tensor.bytes.subspan(begin, last - begin);
            if constexpr (requires { file.release(read); }) { file.release(read); }
        };
        if (known.transposed) {
            detail::read_transposed(tensor, here, parameter.value(), release);
        } else {
            detail::read_straight(tensor, here, parameter.span(), release);
        }
    });
}

/// The same from the safetensors file at `path`.
template <class Model>
void load_checkpoint(std::string path, Model& model) {
    load_checkpoint(SafetensorsFile::open(std::move(path)), model);
}

}  // namespace spikelet
