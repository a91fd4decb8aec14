// SPDX-License-Identifier: MIT
#include "text_size.hpp"

#include <algorithm>
#include <vector>

namespace spikegpt {

namespace {

sk::index count_characters(std::string_view bytes) {
    return std::ranges::count_if(
        bytes, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; });
}

}  // namespace

TextSize size_of_predicted(sk::Corpus const& corpus, sk::Vocabulary const& vocabulary) {
    auto const text_of = [&](std::int32_t id) { return vocabulary.decode({&id, 1}); };
    auto const end = vocabulary.end_of_text();
    std::vector<sk::index> characters;
    for (std::int32_t id = 0; id < vocabulary.size(); ++id) {
        characters.push_back(id == end ? 0 : count_characters(text_of(id)));
    }
    // The corpus counts the word that an end of text is written as.
    sk::index const bytes_of_end = end ? std::ssize(text_of(*end)) : 0;
    std::vector<std::int32_t> ids(1);
    corpus.copy(0, ids);
    TextSize size{.bytes = corpus.byte_count() - std::ssize(text_of(ids.front()))};
    constexpr sk::index portion = 1 << 16;
    for (sk::index first = 1; first < corpus.size(); first += portion) {
        ids.resize(static_cast<std::size_t>(std::min(portion, corpus.size() - first)));
        corpus.copy(first, ids);
        for (std::int32_t const id : ids) {
            size.characters += characters[static_cast<std::size_t>(id)];
            size.bytes -= id == end ? bytes_of_end : 0;
        }
    }
    return size;
}

}  // namespace spikegpt
