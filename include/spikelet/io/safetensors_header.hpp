// SPDX-License-Identifier: MIT
// Reads the header of a safetensors file, JSON of exactly this form:
//   {"__metadata__": {"key": "text", …},
//    "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <spikelet/core/error.hpp>
#include <spikelet/core/extents.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/dtype.hpp>
#include <spikelet/io/stored_tensor.hpp>

namespace spikelet {

/// A tensor as the header announces it; whether that is true is for the reader of the file to see.
struct SafetensorsEntry {
    std::string name;                           ///< of the tensor
    std::optional<Dtype> dtype;                 ///< none: not said yet
    std::optional<std::vector<index>> shape;    ///< its extents; none: not said yet
    std::optional<std::vector<index>> offsets;  ///< begin and end of its bytes, behind the header
};

/// Follows nlohmann's parser through a header. Anything that does not belong there is refused when
/// it is met, so deep nesting or large foreign values never take memory. Throws Error.
class SafetensorsHeader {
public:
    /// The parser's type.
    using json = nlohmann::json;

    /// Longest shape that is accepted.
    static constexpr std::size_t max_rank = 64;

    /// Reads `text`; messages begin with `where`.
    SafetensorsHeader(std::string_view where, std::string_view text) : where_(where) {
        json::sax_parse(text.data(), text.data() + text.size(), this);
    }

    /// In the order of the header. Two may have the same name.
    std::vector<SafetensorsEntry> entries;
    Metadata metadata;  ///< what "__metadata__" says

    /// Called by the parser; refused everywhere.
    bool null() { refuse("null"); }
    /// Called by the parser; refused everywhere.
    bool boolean(bool) { refuse("a truth value"); }
    /// Called by the parser; refused everywhere.
    bool binary(json::binary_t&) { refuse("binary data"); }  // GCOVR_EXCL_LINE: text has none
    /// Called by the parser for a negative number; refused everywhere.
    bool number_integer(std::int64_t value) { refuse(std::to_string(value)); }
    /// Called by the parser; refused everywhere.
    bool number_float(double, std::string const& text) { refuse(quote(text)); }

    /// Called by the parser: a number of a shape or of offsets, at most max_rank of them.
    bool number_unsigned(std::uint64_t value) {
        bool const fits = numbers_.size() < max_rank && std::in_range<index>(value);
        if (place_ != Place::numbers || !fits) { refuse(std::to_string(value)); }
        numbers_.push_back(static_cast<index>(value));
        return true;
    }

    /// Called by the parser: a text of the metadata, or the name of a type.
    bool string(std::string& text) {
        if (place_ == Place::metadata) {
            bool const is_new = metadata.emplace(key_, text).second;
            if (!is_new) { fail(where_, "the metadata has the key " + quote(key_) + " twice"); }
            return true;
        }
        if (place_ != Place::tensor || key_ != "dtype") { refuse("the text " + quote(text)); }
        std::optional<Dtype> const dtype = dtype_named(text);
        if (!dtype) { complain("has the unknown dtype " + quote(text)); }
        set(entries.back().dtype, *dtype);
        return true;
    }

    /// Called by the parser: the header, its metadata, or a tensor begins.
    bool start_object(std::size_t) {
        if (place_ == Place::start) {
            place_ = Place::table;
        } else if (place_ == Place::table && key_ == "__metadata__") {
            if (std::exchange(has_metadata_, true)) { fail(where_, "the metadata is there twice"); }
            place_ = Place::metadata;
        } else if (place_ == Place::table) {
            entries.emplace_back().name = key_;
            place_ = Place::tensor;
        } else {
            refuse("an object");
        }
        return true;
    }

    /// Called by the parser: one of them ends. A tensor must be complete.
    bool end_object() {
        if (place_ == Place::tensor) { check_complete(); }
        place_ = place_ == Place::table ? Place::start : Place::table;
        return true;
    }

    /// Called by the parser: a shape or offsets begin.
    bool start_array(std::size_t) {
        if (place_ != Place::tensor || key_ == "dtype") { refuse("a list"); }
        place_ = Place::numbers;
        numbers_.clear();
        return true;
    }

    /// Called by the parser: they are complete.
    bool end_array() {
        place_ = Place::tensor;
        set(key_ == "shape" ? entries.back().shape : entries.back().offsets, numbers_);
        return true;
    }

    /// Called by the parser: what the next value is. Unknown words are refused.
    bool key(std::string& text) {
        key_ = text;
        if (place_ == Place::tensor && text != "dtype" && text != "shape" &&
            text != "data_offsets") {
            complain("has a field " + quote(text) + " besides dtype, shape and data_offsets");
        }
        return true;
    }

    /// Called by the parser where text is no JSON.
    bool parse_error(std::size_t position, std::string const&, json::exception const&) {
        fail(where_, "the header is not JSON, error at its byte " + std::to_string(position));
    }

private:
    enum class Place : std::uint8_t { start, table, metadata, tensor, numbers };

    [[noreturn]] void complain(std::string const& message) const {
        fail(where_, "tensor " + quote(entries.back().name) + " " + message);
    }

    [[noreturn]] void refuse(std::string const& found) const {
        switch (place_) {
        case Place::start:
            fail(where_, "the header is " + found + ", expected an object");
        case Place::table:
            fail(where_, quote(key_) + " is " + found + ", expected an object");
        case Place::metadata:
            fail(where_, "the metadata at " + quote(key_) + " is " + found + ", expected text");
        case Place::tensor:
        case Place::numbers:
            break;
        }
        complain("has " + found + " in its " + key_ + ", expected " +
                 (key_ == "dtype" ? "text" : "a list of at most 64 numbers from 0 to 2^63 - 1"));
    }

    template <class T>
    void set(std::optional<T>& field, T const& value) const {
        if (field) { complain("has two fields " + key_); }
        field = value;
    }

    void check_complete() const {
        SafetensorsEntry const& entry = entries.back();
        if (!entry.dtype) { complain("has no dtype"); }
        if (!entry.shape) { complain("has no shape"); }
        if (!entry.offsets) { complain("has no data_offsets"); }
        if (std::size_t const count = entry.offsets->size(); count != 2) {
            complain("has " + std::to_string(count) + " data_offsets, expected 2");
        }
    }

    std::string where_;
    std::string key_;
    Place place_ = Place::start;
    bool has_metadata_ = false;
    std::vector<index> numbers_;
};

}  // namespace spikelet
