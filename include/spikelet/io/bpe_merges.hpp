// SPDX-License-Identifier: MIT
// Byte pair encoding (Sennrich et al. 2016): of all neighbours in a word, the pair that was learned
// first becomes one symbol, the leftmost of equal ones first, until no pair is known.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

namespace spikelet {

/// Which pairs become which symbols.
class BpeMerges {
public:
    /// What a pair becomes, and when: the lowest rank first.
    struct Merge {
        std::int32_t rank;  ///< place among all merges, from 0
        std::int32_t id;    ///< of the token that the pair becomes
    };

    /// Memory that words have in common.
    class Scratch {
        friend BpeMerges;
        struct Symbol {
            std::int32_t id;  // -1: it is part of the one before
            std::size_t previous, next;
        };
        struct Candidate {
            std::int32_t rank;
            std::size_t at;
            friend auto operator<=>(Candidate const&, Candidate const&) = default;
        };
        std::vector<Symbol> symbols;
        std::vector<Candidate> queue;  // a heap, the lowest rank and leftmost first
    };

    /// A pair that is there gets the new merge.
    void add(std::int32_t left, std::int32_t right, Merge merge) {
        merges_.insert_or_assign(key(left, right), merge);
    }

    /// What the pair becomes, null if it stays a pair.
    [[nodiscard]] Merge const* find(std::int32_t left, std::int32_t right) const {
        auto const found = merges_.find(key(left, right));
        return found == merges_.end() ? nullptr : &found->second;
    }

    /// Merges the symbols from `first` on as far as it goes. n symbols take n log n steps.
    void apply(std::vector<std::int32_t>& ids, std::size_t first, Scratch& scratch) const {
        auto& [symbols, queue] = scratch;
        symbols.clear();
        queue.clear();
        std::size_t const count = ids.size() - first;
        for (std::size_t i = 0; i < count; ++i) {
            symbols.push_back(
                {ids[first + i], i == 0 ? none : i - 1, i + 1 == count ? none : i + 1});
        }
        for (std::size_t i = 0; i + 1 < count; ++i) { consider(i, scratch); }
        while (!queue.empty()) {
            std::ranges::pop_heap(queue, std::greater{});
            auto const candidate = queue.back();
            queue.pop_back();
            merge(candidate, scratch);
        }
        ids.resize(first);
        for (auto const& symbol : symbols) {
            if (symbol.id >= 0) { ids.push_back(symbol.id); }
        }
    }

private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    static std::uint64_t key(std::int32_t left, std::int32_t right) {
        return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 |
               static_cast<std::uint32_t>(right);
    }

    [[nodiscard]] Merge const* merge_at(std::size_t at, Scratch const& scratch) const {
        auto const& symbol = scratch.symbols[at];
        if (symbol.id < 0 || symbol.next == none) { return nullptr; }
        return find(symbol.id, scratch.symbols[symbol.next].id);
    }

    void consider(std::size_t at, Scratch& scratch) const {
        if (Merge const* const found = merge_at(at, scratch)) {
            scratch.queue.push_back({found->rank, at});
            std::ranges::push_heap(scratch.queue, std::greater{});
        }
    }

    // A candidate is out of date when one of its symbols has become part of another.
    void merge(Scratch::Candidate candidate, Scratch& scratch) const {
        Merge const* const found = merge_at(candidate.at, scratch);
        if (found == nullptr || found->rank != candidate.rank) { return; }
        auto& symbol = scratch.symbols[candidate.at];
        auto& right = scratch.symbols[symbol.next];
        symbol.id = found->id;
        symbol.next = right.next;
        right.id = -1;
        if (symbol.next != none) { scratch.symbols[symbol.next].previous = candidate.at; }
        if (symbol.previous != none) { consider(symbol.previous, scratch); }
        consider(candidate.at, scratch);
    }

    std::unordered_map<std::uint64_t, Merge> merges_;
};

}  // namespace spikelet
