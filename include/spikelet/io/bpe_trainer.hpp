// SPDX-License-Identifier: MIT
// Learns a byte-level BPE: of all neighbours within the pieces of a text, the pair that occurs most
// becomes a token, over and over (Sennrich et al. 2016). Of pairs that occur as often, the one with
// the lowest ids comes first, so a text and a number of merges have one result. No token gets
// longer than readers take, most_token_bytes.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <spikelet/io/byte_alphabet.hpp>
#include <spikelet/io/byte_bpe.hpp>
#include <spikelet/io/tokenizer.hpp>

namespace spikelet {

/// Takes text, then learns merges.
///
///     BpeTrainer trainer;
///     trainer.add(text);
///     while (trainer.merges() < 1000 && trainer.learn()) {}
///     write(tokenizer_json(trainer.model(), 2));
class BpeTrainer {
public:
    /// Starts with 256 tokens, the bytes, and no merge.
    BpeTrainer() : model_(bytes_only()), cutter_(model_) {}

    /// Counts the pieces of a start of `text` and returns its length, as Tokenizer::encode does.
    std::size_t add(std::string_view text, bool ends = true) {
        return cutter_.for_each_piece(text, ends, [&](std::string_view piece) {
            if (piece.size() > 1) { ++texts_[std::string(piece)]; }
        });
    }

    /// Learns one merge from all that was added; false if no pair occurs twice, but for those that
    /// together have more than most_token_bytes, which no reader would take.
    bool learn() {
        if (pieces_.empty()) { begin(); }
        while (!queue_.empty()) {
            std::ranges::pop_heap(queue_);
            Candidate const best = queue_.back();
            queue_.pop_back();
            std::int64_t const count = counts_[best.pair];
            if (count == best.count && count > 1) {
                if (joined(best.pair).size() > most_token_bytes) { continue; }
                merge(best.pair);
                return true;
            }
            // Merges of others took some away: back to where it belongs.
            if (count > 1 && count < best.count) { push(best.pair); }
        }
        return false;
    }

    /// Number of merges so far.
    [[nodiscard]] index merges() const { return std::ssize(model_.merges); }

    /// What was learned.
    [[nodiscard]] BpeModel const& model() const { return model_; }

private:
    using Pair = std::pair<std::int32_t, std::int32_t>;
    struct Hash {
        std::size_t operator()(Pair const& pair) const {
            auto const left = std::uint64_t{static_cast<std::uint32_t>(pair.first)};
            return (left << 32 | static_cast<std::uint32_t>(pair.second)) * 0x9e3779b97f4a7c15;
        }
    };
    struct Piece {
        std::vector<std::int32_t> ids;
        std::int64_t count;
    };
    struct Candidate {
        std::int64_t count;
        Pair pair;
        friend bool operator==(Candidate const&, Candidate const&) = default;
        friend std::strong_ordering operator<=>(Candidate const& a, Candidate const& b) {
            auto const by_count = a.count <=> b.count;
            return by_count != 0 ? by_count : b.pair <=> a.pair;
        }
    };

    // The word between documents is id 0, bytes follow in the order of their characters.
    static BpeModel bytes_only() {
        BpeModel model;
        model.nfc = true;
        model.added = {{0, end_of_text_word, true, false}};
        std::vector<unsigned char> bytes;
        for (unsigned byte = 0; byte < 256; ++byte) {
            bytes.push_back(static_cast<unsigned char>(byte));
        }
        std::ranges::sort(bytes, {}, character_of_byte);
        model.tokens.emplace_back(end_of_text_word);
        for (unsigned char const byte : bytes) {
            model.tokens.emplace_back(1, static_cast<char>(byte));
        }
        return model;
    }

    void begin() {
        for (std::size_t id = 0; id < model_.tokens.size(); ++id) {
            ids_.emplace(model_.tokens[id], static_cast<std::int32_t>(id));
        }
        for (auto const& [bytes, count] : texts_) {
            Piece counted{{}, count};
            for (char const c : bytes) { counted.ids.push_back(ids_.at(std::string(1, c))); }
            for (std::size_t i = 0; i + 1 < counted.ids.size(); ++i) {
                places_[{counted.ids[i], counted.ids[i + 1]}].push_back(pieces_.size());
            }
            count_pairs(counted, 1);
            pieces_.push_back(std::move(counted));
        }
        texts_.clear();
        for (auto const& [pair, count] : counts_) { queue_.push_back({count, pair}); }
        std::ranges::make_heap(queue_);
    }

    // Counts the pairs of a piece in, or with sign -1 out.
    void count_pairs(Piece const& piece, int sign) {
        for (std::size_t i = 0; i + 1 < piece.ids.size(); ++i) {
            counts_[{piece.ids[i], piece.ids[i + 1]}] += sign * piece.count;
        }
    }

    void push(Pair const& pair) {
        queue_.push_back({counts_[pair], pair});
        std::ranges::push_heap(queue_);
    }

    // The bytes of both.
    [[nodiscard]] std::string joined(Pair const& pair) const {
        return model_.tokens[static_cast<std::size_t>(pair.first)] +
               model_.tokens[static_cast<std::size_t>(pair.second)];
    }

    // Two pairs may have the same bytes: they become the same token.
    std::int32_t token_of(Pair const& pair) {
        auto bytes = joined(pair);
        auto const next = static_cast<std::int32_t>(model_.tokens.size());
        auto const [found, is_new] = ids_.try_emplace(bytes, next);
        if (is_new) { model_.tokens.push_back(std::move(bytes)); }
        return found->second;
    }

    void merge(Pair const& pair) {
        std::int32_t const id = token_of(pair);
        if (known_.insert(pair).second) { model_.merges.push_back(pair); }
        auto const where = sorted_once(std::move(places_[pair]));
        places_.erase(pair);
        std::vector<Pair> grown;
        for (std::size_t const at : where) {
            Piece& piece = pieces_[at];
            count_pairs(piece, -1);
            replace(piece.ids, pair, id);
            count_pairs(piece, 1);
            note_pairs(at, id, grown);
        }
        counts_.erase(pair);
        for (Pair const& other : sorted_once(std::move(grown))) { push(other); }
    }

    template <class T>
    static std::vector<T> sorted_once(std::vector<T> values) {
        std::ranges::sort(values);
        values.erase(std::unique(values.begin(), values.end()), values.end());
        return values;
    }

    static void replace(std::vector<std::int32_t>& ids, Pair const& pair, std::int32_t id) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < ids.size(); ++i) {
            bool const both = i + 1 < ids.size() && Pair{ids[i], ids[i + 1]} == pair;
            ids[kept++] = both ? id : ids[i];
            i += both ? 1 : 0;
        }
        ids.resize(kept);
    }

    // Only pairs with the new token are in places where they were not, and can be more than before.
    void note_pairs(std::size_t at, std::int32_t id, std::vector<Pair>& grown) {
        auto const& ids = pieces_[at].ids;
        for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
            if (ids[i] != id && ids[i + 1] != id) { continue; }
            grown.emplace_back(ids[i], ids[i + 1]);
            places_[grown.back()].push_back(at);
        }
    }

    BpeModel model_;
    ByteBpe cutter_;
    std::unordered_map<std::string, std::int64_t> texts_;  // of pieces, how often; until begin()
    std::unordered_map<std::string, std::int32_t> ids_;
    std::vector<Piece> pieces_;
    std::unordered_map<Pair, std::int64_t, Hash> counts_;
    std::unordered_map<Pair, std::vector<std::size_t>, Hash> places_;  // pieces, perhaps twice
    std::unordered_set<Pair, Hash>
        known_;                     // merged before: tokens that come again make pairs again
    std::vector<Candidate> queue_;  // a heap; counts may be out of date, never too small
};

}  // namespace spikelet
