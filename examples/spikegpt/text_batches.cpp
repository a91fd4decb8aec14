// SPDX-License-Identifier: MIT
#include "text_batches.hpp"

#include <algorithm>
#include <numeric>
#include <string>

namespace spikegpt {

namespace {

// Batches that are sorted together when texts come in a random order.
constexpr sk::index sorted_together = 16;

template <class T>
void shuffle(std::span<T> values, sk::Rng& random) {
    for (std::size_t i = values.size(); i > 1; --i) {
        std::swap(values[i - 1],
                  values[static_cast<std::size_t>(random.below(static_cast<sk::index>(i)))]);
    }
}

TextBatch all_of(std::span<TextIds const> texts) {
    TextBatch numbers(texts.size());
    std::iota(numbers.begin(), numbers.end(), std::size_t{0});
    return numbers;
}

// Calls f(part) for parts of at most `size`.
template <class F>
void each_part_of(std::span<std::size_t> numbers, sk::index size, F&& f) {
    while (!numbers.empty()) {
        auto const part = numbers.first(std::min(numbers.size(), static_cast<std::size_t>(size)));
        f(part);
        numbers = numbers.subspan(part.size());
    }
}

void sort_by_length(std::span<TextIds const> texts, std::span<std::size_t> numbers) {
    std::ranges::stable_sort(numbers, {}, [&](std::size_t i) { return texts[i].size(); });
}

}  // namespace

TextIds TextReader::read(std::string_view text) {
    // More than most ids have. A text of long ones is gone on with until there are enough.
    constexpr std::size_t bytes_of_an_id = 8;
    auto const most = static_cast<std::size_t>(ctx_);
    TextIds ids;
    sk::take_in_portions(" " + std::string(text), most * bytes_of_an_id,
                         [&](std::string_view part, bool ends) {
                             bool const enough = ids.size() > most;
                             return enough ? part.size() : vocabulary_.encode(part, ends, ids);
                         });
    if (ids.size() <= most) { return ids; }
    ++cut_;
    return {ids.begin(), ids.begin() + ctx_};
}

std::vector<TextBatch> batches_by_length(std::span<TextIds const> texts, sk::index size) {
    TextBatch numbers = all_of(texts);
    sort_by_length(texts, numbers);
    std::vector<TextBatch> batches;
    each_part_of(numbers, size, [&](auto part) { batches.emplace_back(part.begin(), part.end()); });
    return batches;
}

std::vector<TextBatch> shuffled_batches(std::span<TextIds const> texts, sk::index size,
                                        sk::Rng& random) {
    TextBatch numbers = all_of(texts);
    shuffle(std::span(numbers), random);
    std::vector<TextBatch> batches;
    each_part_of(numbers, sorted_together * size, [&](auto some) {
        sort_by_length(texts, some);
        each_part_of(some, size,
                     [&](auto part) { batches.emplace_back(part.begin(), part.end()); });
    });
    shuffle(std::span(batches), random);
    return batches;
}

void pad(std::span<TextIds const> texts, TextBatch const& batch, PaddedTexts& padded,
         double word_dropout, sk::Rng* random) {
    std::vector<TextIds> kept;
    std::size_t longest = 1;
    padded.lengths.clear();
    for (std::size_t const number : batch) {
        TextIds ids = texts[number];
        if (random != nullptr && word_dropout > 0) {
            std::int32_t const last = ids.back();
            std::erase_if(ids, [&](std::int32_t) { return random->uniform() < word_dropout; });
            if (ids.empty()) { ids.push_back(last); }
        }
        longest = std::max(longest, ids.size());
        padded.lengths.push_back(static_cast<std::int32_t>(ids.size()));
        kept.push_back(std::move(ids));
    }
    padded.ids.resize(std::ssize(batch), static_cast<sk::index>(longest));
    std::ranges::fill(padded.ids.ids, 0);
    for (std::size_t b = 0; b < kept.size(); ++b) {
        std::ranges::copy(kept[b], padded.ids.row(static_cast<sk::index>(b)).begin());
    }
}

}  // namespace spikegpt
