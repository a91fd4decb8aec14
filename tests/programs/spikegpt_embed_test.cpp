// SPDX-License-Identifier: MIT
#include <cstring>

#include <doctest/doctest.h>

#include <spikelet/io/safetensors.hpp>

#include "programs/spikegpt.hpp"

namespace spikelet_test::spikegpt_embed_test {

namespace sk = spikelet;

TEST_CASE("spikegpt embed: one vector a line, the same in every format and for any batch") {
    TemporaryFolder folder;
    write_file(folder / "lines", "A spike came late\n\nthe layer, fired as never before.\r\nA");
    Arguments const all{
        "embed", "--model", trained_on_bytes().model, "--data", folder / "lines", "--threads", "1"};
    auto const lines = spikegpt(all);
    REQUIRE_MESSAGE(lines.code == 0, lines.err);
    CHECK(std::count(lines.out.begin(), lines.out.end(), '\n') == 4);
    auto const last = lines.json().get<std::vector<float>>();
    CHECK(last.size() == 16);
    CHECK(lines.err.empty());
    CHECK(spikegpt(all + Arguments{"--ctx", "18"}).err ==
          "1 text longer than 18 ids, of which the start is read\n");

    REQUIRE(spikegpt(all + Arguments{"--out", folder / "v.npy"}).code == 0);
    Arguments const again = all + Arguments{"--batch", "1", "--out", folder / "v.safetensors"};
    REQUIRE(spikegpt(again).code == 0);
    REQUIRE(spikegpt(again).code == 0);
    auto const file = sk::SafetensorsFile::open(folder / "v.safetensors");
    auto const& vectors = *file.find("vectors");
    CHECK(vectors.shape == std::vector<sk::index>{4, 16});
    std::string const npy = read_file(folder / "v.npy");
    CHECK(npy.starts_with(std::string("\x93NUMPY\x01\0", 8)));
    CHECK(npy.find("{'descr': '<f4', 'fortran_order': False, 'shape': (4, 16), }") == 10);
    std::size_t const bytes = vectors.bytes.size();
    REQUIRE(npy.size() == 128 + bytes);
    CHECK(std::memcmp(npy.data() + 128, vectors.bytes.data(), bytes) == 0);
    CHECK(std::memcmp(vectors.bytes.data() + bytes - 64, last.data(), 64) == 0);
}

TEST_CASE("spikegpt embed: names that say no format, and files that are read, are refused") {
    TemporaryFolder folder;
    write_file(folder / "lines.npy", "A spike\n");
    Arguments const all{
        "embed", "--model", trained_on_bytes().model, "--data", folder / "lines.npy", "--out"};
    auto const nameless = spikegpt(all + Arguments{folder / "v.txt"});
    CHECK(nameless.code == 2);
    CHECK(nameless.complains("v.txt' does not end with .npy or .safetensors"));
    CHECK(spikegpt(all + Arguments{folder / "lines.npy"}).complains("is a file that is read"));
    CHECK(read_file(folder / "lines.npy") == "A spike\n");
    // Vectors are replaced, see above; another model is not, nor what is no safetensors file.
    std::string const other = folder / "other.safetensors";
    std::filesystem::copy_file(trained_on_bytes().model, other);
    auto const refused = spikegpt(all + Arguments{other});
    CHECK(refused.code == 1);
    CHECK(refused.complains("is there already and is no file of vectors"));
    CHECK(read_file(other) == read_file(trained_on_bytes().model));
}

}  // namespace spikelet_test::spikegpt_embed_test
