// SPDX-License-Identifier: MIT
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/io/dtype.hpp>

namespace spikelet_test::dtype_test {

using namespace spikelet;

namespace {

// The bytes of `values`, at an odd address.
template <class T>
class OddBytes {
public:
    explicit OddBytes(std::vector<T> const& values) : memory_(1 + values.size() * sizeof(T)) {
        if (!values.empty()) {
            std::memcpy(memory_.data() + 1, values.data(), values.size() * sizeof(T));
        }
    }
    [[nodiscard]] std::span<std::byte const> get() const { return std::span(memory_).subspan(1); }

private:
    std::vector<std::byte> memory_;
};

// Numbers of `type`, stored as they lie in `values`, as To.
template <class To, class Stored>
std::vector<To> converted(Dtype type, std::vector<Stored> const& values) {
    std::vector<To> result(values.size());
    convert(type, OddBytes<Stored>(values).get(), std::span<To>(result), "it");
    return result;
}

constexpr std::array all_types{Dtype::F64, Dtype::F32, Dtype::F16, Dtype::BF16, Dtype::I64,
                               Dtype::I32, Dtype::I16, Dtype::I8,  Dtype::U64,  Dtype::U32,
                               Dtype::U16, Dtype::U8,  Dtype::Bool};

}  // namespace

TEST_CASE("dtype: every type has a name of its own and is found by it") {
    for (Dtype const type : all_types) { CHECK(dtype_named(name_of(type)) == type); }
    CHECK(name_of(Dtype::Bool) == "BOOL");
    CHECK(name_of(Dtype::BF16) == "BF16");
    CHECK_FALSE(dtype_named("F8_E4M3"));
    CHECK_FALSE(dtype_named("f32"));
    CHECK_FALSE(dtype_named(""));
}

TEST_CASE("dtype: the name says the size") {
    CHECK(size_of(Dtype::Bool) == 1);
    for (Dtype const type : all_types) {
        if (type == Dtype::Bool) { continue; }
        std::string_view const name = name_of(type);
        std::string const digits(name.substr(name.find_first_of("123456789")));
        CHECK(size_of(type) * 8 == std::stoul(digits));
    }
}

TEST_CASE("dtype: numbers of C++ know their type") {
    static_assert(dtype_of<float>() == Dtype::F32 && dtype_of<double>() == Dtype::F64);
    static_assert(dtype_of<std::int8_t>() == Dtype::I8 && dtype_of<std::uint8_t>() == Dtype::U8);
    static_assert(dtype_of<std::int16_t>() == Dtype::I16 &&
                  dtype_of<std::uint16_t>() == Dtype::U16);
    static_assert(dtype_of<std::int32_t>() == Dtype::I32 &&
                  dtype_of<std::uint32_t>() == Dtype::U32);
    static_assert(dtype_of<long long>() == Dtype::I64 && dtype_of<std::uint64_t>() == Dtype::U64);
    static_assert(!Number<bool> && !Number<char> && !Number<long double> && !Number<char*>);
}

TEST_CASE("dtype: every type becomes float and double, from any address") {
    CHECK(converted<float>(Dtype::F64, std::vector{0.1, -2.0, 1e300}) ==
          std::vector{0.1f, -2.0f, std::numeric_limits<float>::infinity()});
    CHECK(converted<double>(Dtype::F64, std::vector{0.1, 1e300}) == std::vector{0.1, 1e300});
    CHECK(converted<float>(Dtype::F32, std::vector{0.1f, 3e-39f}) == std::vector{0.1f, 3e-39f});
    CHECK(converted<double>(Dtype::F32, std::vector{0.1f}) ==
          std::vector{static_cast<double>(0.1f)});
    std::vector<std::uint16_t> const sixteen{0x3c00, 0xc000};
    CHECK(converted<float>(Dtype::F16, sixteen) == std::vector{1.0f, -2.0f});
    CHECK(converted<double>(Dtype::BF16, sixteen) == std::vector{0.0078125, -2.0});
    CHECK(converted<float>(Dtype::I64, std::vector<std::int64_t>{-5, 16777217}) ==
          std::vector{-5.0f, 16777216.0f});
    CHECK(converted<float>(Dtype::I32, std::vector{-7}) == std::vector{-7.0f});
    CHECK(converted<float>(Dtype::I16, std::vector<std::int16_t>{-8}) == std::vector{-8.0f});
    CHECK(converted<float>(Dtype::I8, std::vector<std::int8_t>{-9}) == std::vector{-9.0f});
    CHECK(converted<double>(Dtype::U64, std::vector{~std::uint64_t{0}}) == std::vector{0x1p64});
    CHECK(converted<double>(Dtype::U32, std::vector{~0U}) == std::vector{4294967295.0});
    CHECK(converted<float>(Dtype::U16, sixteen) == std::vector{15360.0f, 49152.0f});
    CHECK(converted<float>(Dtype::U8, std::vector<std::uint8_t>{255}) == std::vector{255.0f});
    CHECK(converted<float>(Dtype::Bool, std::vector<std::uint8_t>{0, 1, 255}) ==
          std::vector{0.0f, 1.0f, 1.0f});
}

TEST_CASE("dtype: integers become integers when they fit") {
    CHECK(converted<std::int32_t>(Dtype::I64, std::vector<std::int64_t>{-5, 2147483647}) ==
          std::vector{-5, 2147483647});
    CHECK(converted<std::uint8_t>(Dtype::Bool, std::vector<std::uint8_t>{0, 7}) ==
          std::vector<std::uint8_t>{0, 1});
    CHECK_THROWS_WITH_AS(
        converted<std::int32_t>(Dtype::I64, std::vector<std::int64_t>{0, 2147483648}),
        "it: 2147483648 at element 1 does not fit I32", Error);
    CHECK_THROWS_WITH_AS(converted<std::uint64_t>(Dtype::I8, std::vector<std::int8_t>{-1}),
                         "it: -1 at element 0 does not fit U64", Error);
    CHECK_THROWS_WITH_AS(converted<std::int64_t>(Dtype::U64, std::vector{~std::uint64_t{0}}),
                         "it: 18446744073709551615 at element 0 does not fit I64", Error);
}

TEST_CASE("dtype: floats do not become integers, and the number of bytes must be right") {
    CHECK_THROWS_WITH_AS(converted<std::int32_t>(Dtype::F32, std::vector{1.0f}),
                         "it: F32 numbers may have a fraction, I32 has none", Error);
    CHECK_THROWS_WITH_AS(converted<float>(Dtype::F64, std::vector{1.0f}),
                         "it: 4 bytes are not 1 numbers of type F64", Error);
    CHECK(converted<float>(Dtype::F64, std::vector<double>{}).empty());
}

}  // namespace spikelet_test::dtype_test
