// SPDX-License-Identifier: MIT
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/rng.hpp>
#include <spikelet/io/bpe_merges.hpp>

namespace spikelet_test::bpe_merges_test {

using namespace spikelet;
using Ids = std::vector<std::int32_t>;

namespace {

Ids merged(BpeMerges const& merges, Ids ids, std::size_t first = 0) {
    BpeMerges::Scratch scratch;
    merges.apply(ids, first, scratch);
    return ids;
}

// The rule, word by word: look at all pairs, merge the first of the lowest rank, begin again.
Ids merged_slowly(BpeMerges const& merges, Ids ids) {
    while (true) {
        BpeMerges::Merge const* best = nullptr;
        std::size_t at = 0;
        for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
            auto const* const found = merges.find(ids[i], ids[i + 1]);
            if (found != nullptr && (best == nullptr || found->rank < best->rank)) {
                best = found;
                at = i;
            }
        }
        if (best == nullptr) { return ids; }
        ids[at] = best->id;
        ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
}

}  // namespace

TEST_CASE("bpe_merges: lower ranks come first, of equal ones the leftmost") {
    BpeMerges merges;
    merges.add(1, 2, {1, 10});
    merges.add(2, 3, {0, 11});
    merges.add(4, 4, {2, 12});
    CHECK(merged(merges, {1, 2, 3}) == Ids{1, 11});
    CHECK(merged(merges, {4, 4, 4}) == Ids{12, 4});
    CHECK(merged(merges, {}) == Ids{});
    CHECK(merged(merges, {1}) == Ids{1});
    CHECK(merges.find(3, 2) == nullptr);
}

TEST_CASE("bpe_merges: what is before the word stays") {
    BpeMerges merges;
    merges.add(1, 2, {0, 10});
    CHECK(merged(merges, {1, 2, 1, 2}, 1) == Ids{1, 2, 10});
}

TEST_CASE("bpe_merges: random words come out as by the rule") {
    Rng rng(11);
    for (int round = 0; round < 30; ++round) {
        BpeMerges merges;
        for (std::int32_t rank = 0; rank < 30; ++rank) {
            auto const side = [&] { return static_cast<std::int32_t>(rng.below(3 + rank)); };
            merges.add(side(), side(), {rank, 3 + rank});
        }
        for (int i = 0; i < 30; ++i) {
            Ids ids;
            for (spikelet::index k = rng.below(20); k > 0; --k) {
                ids.push_back(static_cast<std::int32_t>(rng.below(3)));
            }
            CHECK(merged(merges, ids) == merged_slowly(merges, ids));
        }
    }
}

}  // namespace spikelet_test::bpe_merges_test
