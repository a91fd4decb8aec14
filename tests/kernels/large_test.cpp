// SPDX-License-Identifier: MIT
//
// Arrays of more than 2^32 elements: mapped, so that only what is written takes memory. Products of
// few events read few rows of them.
#include <spikelet/core/config.hpp>

#if SPIKELET_HAS_MADVISE
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/bits.hpp>
#include <spikelet/core/memory.hpp>
#include <spikelet/kernels/gather.hpp>
#include <spikelet/kernels/quantized_spike_matmul.hpp>
#include <spikelet/kernels/spike_matmul.hpp>

namespace spikelet::test::large_test {
namespace {

constexpr index two_to_32 = index{1} << 32;

/// Zeros that take memory only where they are written.
template <class T>
class Zeros {
public:
    explicit Zeros(index count) : bytes_(static_cast<std::size_t>(count) * sizeof(T)) {
        void* const p = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p != MAP_FAILED) {
            ::madvise(p, bytes_, MADV_NOHUGEPAGE);
            data_ = static_cast<T*>(p);
        }
    }
    Zeros(Zeros const&) = delete;
    Zeros& operator=(Zeros const&) = delete;
    ~Zeros() {
        if (data_ != nullptr) { ::munmap(data_, bytes_); }
    }
    /// False, and says so, where the system has no such room.
    [[nodiscard]] bool is_there() const {
        if (data_ == nullptr) { MESSAGE("left out: no room for " << bytes_ << " bytes of zeros"); }
        return data_ != nullptr;
    }
    [[nodiscard]] T* data() { return data_; }

private:
    std::size_t bytes_;
    T* data_ = nullptr;
};

/// Rows of events, all silent but the last one of each, which is 1.
template <class S>
std::vector<word> last_input(index rows, index inputs) {
    index const units = Element<S>::row_units(inputs);
    std::vector<word> events(static_cast<std::size_t>(rows * units));
    index const last = (inputs - 1) % bits_per_word;
    for (index r = 0; r < rows; ++r) {
        events[static_cast<std::size_t>((r + 1) * units - Element<S>::planes)] = word{1} << last;
    }
    return events;
}

// The last rows begin behind 2^32 numbers; cut to 32 bits, their places are those of zeros.
constexpr index inputs = (index{1} << 20) - 63;
constexpr index outputs = 4201;
constexpr index last_row = (inputs - 1) * outputs;
static_assert(last_row > two_to_32);

TEST_CASE("large: a table of more than 2^32 numbers is read and learned in its last row") {
    Zeros<float> table(inputs * outputs);
    if (!table.is_there()) { return; }
    std::fill_n(table.data() + last_row, outputs, 1.0F);
    std::vector<std::int32_t> const ids{static_cast<std::int32_t>(inputs - 1)};
    std::vector<float> y(static_cast<std::size_t>(outputs));
    kernels::Gather<Serial<>>::forward({}, 1, outputs, ids.data(), table.data(), y.data());
    CHECK(y == std::vector<float>(y.size(), 1.0F));
    Zeros<float> gradient(inputs * outputs);
    if (!gradient.is_there()) { return; }
    kernels::Gather<Serial<>>::backward({}, 1, outputs, ids.data(), y.data(), gradient.data());
    CHECK(std::equal(y.begin(), y.end(), gradient.data() + last_row));
}

TEST_CASE_TEMPLATE("large: events meet the last row of more than 2^32 numbers", S, bit, graded<3>) {
    Zeros<float> w(inputs * outputs);
    if (!w.is_there()) { return; }
    std::fill_n(w.data() + last_row, outputs, 1.0F);
    for (index const rows : {1, 2}) {
        CAPTURE(rows);
        using Product = kernels::SpikeMatmul<Serial<>, S>;
        kernels::MatmulSize const n{rows, inputs, outputs};
        auto const events = last_input<S>(rows, inputs);
        std::vector<float> y(static_cast<std::size_t>(rows * outputs), 99.0F);
        Buffer<float> workspace(Product::template forward_workspace<float>(n));
        Product::forward(Serial<>{}, n, events.data(), w.data(), y.data(), workspace.data());
        CHECK(y == std::vector<float>(y.size(), 1.0F));
    }
}

TEST_CASE_TEMPLATE("large: spikes meet the last row of more than 2^32 codes", C, std::int8_t,
                   bf16) {
    Zeros<storage_of<C>> codes(inputs * outputs);
    if (!codes.is_there()) { return; }
    std::vector<float> const scales(static_cast<std::size_t>(outputs), 0.5F);
    kernels::MatmulSize const n{1, inputs, outputs};
    auto const events = last_input<bit>(1, inputs);
    std::vector<float> y(static_cast<std::size_t>(outputs), 99.0F);
    if constexpr (std::is_same_v<C, bf16>) {
        std::fill_n(codes.data() + last_row, outputs, bf16{0x3F80});
    } else {
        std::fill_n(codes.data() + last_row, outputs, C{2});
    }
    kernels::QuantizedSpikeMatmul<C, Serial<>>::template one_row<bit>(
        {}, n, events.data(), {codes.data(), scales.data(), inputs}, y.data());
    CHECK(y == std::vector<float>(y.size(), 1.0F));
}

TEST_CASE("large: more than 2^32 spikes are counted") {
    constexpr index spikes = two_to_32 + 3 * bits_per_word + 1;
    Zeros<word> words(Element<bit>::row_units(spikes));
    if (!words.is_there()) { return; }
    words.data()[0] = 1;
    words.data()[spikes / bits_per_word] = 1;
    auto const sum = activity<bit>(words.data(), spikes);
    CHECK(sum.events == 2);
    CHECK(sum.levels == 2);
}

}  // namespace
}  // namespace spikelet::test::large_test

#endif
