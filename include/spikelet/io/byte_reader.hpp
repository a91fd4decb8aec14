// SPDX-License-Identifier: MIT
// Reads a file that is in memory from front to back. It may come from anywhere: nothing is taken
// that is not there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>

namespace spikelet {

/// A place in a file, and what comes from there on. Each member that takes something says in `what`
/// what it should be, and throws Error, naming `where`, if the bytes end before.
class ByteReader {
public:
    /// From the first of `bytes` on.
    ByteReader(std::string_view where, std::span<std::byte const> bytes) noexcept
        : where_(where),
          bytes_(bytes) {}

    /// Where the next byte is taken from.
    [[nodiscard]] std::size_t place() const { return place_; }
    /// Bytes that are left.
    [[nodiscard]] std::size_t left() const { return bytes_.size() - place_; }
    /// What messages begin with.
    [[nodiscard]] std::string_view where() const { return where_; }

    /// Goes on from there.
    void go_to(std::uint64_t place, std::string_view what) {
        if (place > bytes_.size()) { fail_short(place, 0, what); }
        place_ = static_cast<std::size_t>(place);
    }

    /// The next `count` bytes.
    std::span<std::byte const> take(std::uint64_t count, std::string_view what) {
        if (count > left()) { fail_short(place_, count, what); }
        auto const taken = bytes_.subspan(place_, static_cast<std::size_t>(count));
        place_ += taken.size();
        return taken;
    }

    /// The next `count` bytes as text.
    std::string_view text(std::uint64_t count, std::string_view what) {
        auto const taken = take(count, what);
        return {reinterpret_cast<char const*>(taken.data()), taken.size()};
    }

    /// What comes before the next newline, which is taken, too.
    std::string_view line(std::string_view what) {
        std::string_view const rest(reinterpret_cast<char const*>(bytes_.data()) + place_, left());
        std::size_t const length = rest.find('\n');
        if (length == rest.npos) { fail_short(place_, left() + 1, what); }
        place_ += length + 1;
        return rest.substr(0, length);
    }

    /// The next bytes as a number, the lowest byte first.
    template <class T>
    T number(std::string_view what) {
        static_assert(std::is_arithmetic_v<T>);
        T value{};
        std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
        return value;
    }

private:
    [[noreturn]] void fail_short(std::uint64_t place, std::uint64_t count,
                                 std::string_view what) const {
        fail(where_, "cut short or damaged: at byte " + std::to_string(place) + " should be " +
                         (count == 0 ? "" : std::to_string(count) + " bytes of ") +
                         std::string(what) + ", and there are only " +
                         std::to_string(bytes_.size()));
    }

    std::string_view where_;
    std::span<std::byte const> bytes_;
    std::size_t place_ = 0;
};

}  // namespace spikelet
