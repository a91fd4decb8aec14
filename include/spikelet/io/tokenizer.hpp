// SPDX-License-Identifier: MIT
// What turns text into ids where one id may stand for several bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/core/extents.hpp>

namespace spikelet {

/// The most ids a tokenizer may have: a file that names higher ones is not taken seriously.
inline constexpr index most_token_ids = index{1} << 20;

/// The most bytes that one id may stand for, for the same reason.
inline constexpr std::size_t most_token_bytes = 4096;

/// Text to ids and back. Nothing changes while it works, so threads may share one.
class Tokenizer {
public:
    Tokenizer() = default;
    Tokenizer(Tokenizer const&) = delete;
    Tokenizer& operator=(Tokenizer const&) = delete;
    virtual ~Tokenizer() = default;

    /// Number of ids.
    [[nodiscard]] virtual index size() const = 0;

    /// Appends the ids of a start of `text` and returns its length in bytes: all of the text if
    /// that `ends` here, or else as much as stays the same whatever follows, perhaps nothing.
    virtual std::size_t encode(std::string_view text, bool ends,
                               std::vector<std::int32_t>& ids) const = 0;

    /// The bytes that an id from 0 to size() - 1 stands for; none for one that is not in use.
    [[nodiscard]] virtual std::string_view bytes_of(std::int32_t id) const = 0;

    /// The id that stands between documents, if there is one.
    [[nodiscard]] virtual std::optional<std::int32_t> end_of_text() const = 0;

    /// All of it as a JSON object with a "kind", to keep with a model.
    [[nodiscard]] virtual std::string to_json() const = 0;
};

/// Calls take(part, ends) with parts of `text`, of about `portion` bytes, until all of it is taken.
/// It returns how many bytes it took: all where the text `ends`; if none, it gets a longer part.
template <class Take>
void take_in_portions(std::string_view text, std::size_t portion, Take&& take) {
    for (std::size_t reach = portion; !text.empty();) {
        std::size_t const taken = take(text.substr(0, reach), reach >= text.size());
        reach = taken > 0 ? portion : 2 * reach;
        text.remove_prefix(taken);
    }
}

}  // namespace spikelet
