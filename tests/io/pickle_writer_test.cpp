// SPDX-License-Identifier: MIT
#include <spikelet/io/pickle_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include <sys/mman.h>

#include <doctest/doctest.h>

#include <spikelet/core/error.hpp>
#include <spikelet/io/byte_reader.hpp>
#include <spikelet/io/pickle.hpp>

namespace spikelet_test::pickle_writer_test {

using namespace spikelet;

TEST_CASE("pickle_writer: a number of any size is read back") {
    constexpr auto highest = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t two_to_31 = std::int64_t{1} << 31;
    for (std::int64_t const number :
         {std::int64_t{0}, std::int64_t{255}, std::int64_t{256}, std::int64_t{-1}, two_to_31 - 1,
          two_to_31, -two_to_31, -two_to_31 - 1, highest, -highest - 1}) {
        CAPTURE(number);
        detail::PickleWriter writer;
        writer.number(number);
        std::string const text = writer.finish();
        ByteReader in("'p'", std::as_bytes(std::span(text)));
        Pickle const pickle = read_pickle(in, {});
        CHECK(pickle.at(pickle.root).kind == PickleValue::Kind::whole);
        CHECK(pickle.at(pickle.root).whole == number);
    }
}

TEST_CASE("pickle_writer: a text whose size takes more than 32 bits is refused") {
    constexpr std::size_t size = std::size_t{1} << 32;
    // Pages that nobody touches take no memory.
    void* const pages =
        ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) {
        MESSAGE("skipped: no room for 4 GiB of addresses");
        return;
    }
    detail::PickleWriter writer;
    CHECK_THROWS_WITH_AS(writer.text({static_cast<char const*>(pages), size}),
                         "pickle: a text has more than 2^32 bytes", Error);
    ::munmap(pages, size);
}

}  // namespace spikelet_test::pickle_writer_test
