// SPDX-License-Identifier: MIT
#include <spikelet/core/policy.hpp>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

namespace spikelet::test::policy_test {
namespace {

static_assert(CpuPolicy<Serial<>>);
static_assert(CpuPolicy<OpenMp<>>);
struct NoPolicy {
    using arch = int;
};
static_assert(!CpuPolicy<NoPolicy>);
static_assert(!CpuPolicy<int>);

/// How often parallel_for visits each item.
template <class Policy>
std::vector<int> visits(Policy policy, index n, index grain) {
    std::vector<std::atomic<int>> counts(static_cast<std::size_t>(n));
    parallel_for(
        policy, n,
        [&](index begin, index end) {
            for (index i = begin; i < end; ++i) { ++counts[static_cast<std::size_t>(i)]; }
        },
        grain);
    return {counts.begin(), counts.end()};
}

TEST_CASE("parallel_for: visits every item once, for any number of items, threads and grain") {
    for (index const n : {0, 1, 2, 3, 7, 64, 1000}) {
        std::vector<int> const once(static_cast<std::size_t>(n), 1);
        for (index const grain : {0, 1, 3, 100, 5000}) {
            CAPTURE(n);
            CAPTURE(grain);
            CHECK(visits(serial, n, grain) == once);
            for (int const threads : {0, 1, 2, 3, 5}) {
                CAPTURE(threads);
                CHECK(visits(OpenMp<>{threads}, n, grain) == once);
            }
        }
    }
}

/// The ids of the threads that took part.
template <class Policy>
std::size_t threads_used(Policy policy, index n, index grain) {
    std::set<std::thread::id> ids;
    std::mutex mutex;
    parallel_for(
        policy, n,
        [&](index, index) {
            std::lock_guard const lock(mutex);
            ids.insert(std::this_thread::get_id());
        },
        grain);
    return ids.size();
}

TEST_CASE("parallel_for: uses the threads it is given, but not for less than a grain each") {
    CHECK(threads_used(serial, 1000, 1) == 1);
    CHECK(threads_used(OpenMp<>{3}, 1000, 1) == 3);
    CHECK(threads_used(OpenMp<>{3}, 1000, 500) == 2);
    CHECK(threads_used(OpenMp<>{3}, 1000, 501) == 1);
    CHECK(threads_used(OpenMp<>{3}, 2, 1) == 2);
}

TEST_CASE("policy: a grain holds the work that is worth a thread, also where an item has none") {
    CHECK(grain_of(256, 1) == 257);
    CHECK(grain_of(256, 100) == 3);
    CHECK(grain_of(256, 1000) == 1);
    CHECK(grain_of(256, 0) == 257);
}

TEST_CASE("policy: counts its threads") {
    CHECK(thread_count(serial) == 1);
    CHECK(thread_count(OpenMp<>{3}) == 3);
    CHECK(thread_count(openmp) >= 1);
}

}  // namespace
}  // namespace spikelet::test::policy_test
