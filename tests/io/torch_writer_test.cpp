// SPDX-License-Identifier: MIT
#include <spikelet/io/torch_writer.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/io/torch_file.hpp>

#include "io/support.hpp"
#include "programs/shell.hpp"

namespace spikelet_test::torch_writer_test {

using namespace spikelet;

namespace {

/// Tensors of several types and ranks.
struct Sample {
    std::vector<float> matrix{1, 2, 3, 4, 5, -0.0f};
    std::vector<std::int64_t> scalar{-5};
    std::vector<std::uint8_t> bytes{0, 255};
    std::vector<float> nothing;
    std::vector<std::uint16_t> halves{0x3f80, 0x4040};

    [[nodiscard]] std::vector<StoredTensor> tensors() const {
        StoredTensor half = stored_tensor("half", {2}, std::span<std::uint16_t const>(halves));
        half.dtype = Dtype::BF16;
        return {stored_tensor("z.matrix", {2, 3}, std::span<float const>(matrix)),
                stored_tensor("scalar", {}, std::span<std::int64_t const>(scalar)),
                stored_tensor("bytes", {1, 1, 2}, std::span<std::uint8_t const>(bytes)),
                stored_tensor("nothing", {0, 4}, std::span<float const>(nothing)),
                half,
                stored_tensor("gewicht.ä", {6}, std::span<float const>(matrix))};
    }
};

}  // namespace

TEST_CASE("torch_writer: what is written is read back, metadata included") {
    TemporaryFolder folder;
    Sample const sample;
    Metadata const metadata{{"variant", "\"spikegpt\""}, {"note", "a\nb ä"}};
    write_torch(folder / "a.pth", sample.tensors(), metadata);
    auto const file = TorchFile::open(folder / "a.pth");
    file.verify();
    CHECK(file.metadata() == metadata);
    CHECK(file.tensors().size() == 6);
    for (StoredTensor const& tensor : sample.tensors()) {
        StoredTensor const& again = file.tensor(tensor.name);
        CHECK(again.dtype == tensor.dtype);
        CHECK(again.shape == tensor.shape);
        CHECK(std::ranges::equal(again.bytes, tensor.bytes));
    }
    CHECK(folder.count() == 1);
}

TEST_CASE("torch_writer: the same tensors make the same file") {
    TemporaryFolder folder;
    Sample const sample;
    write_torch(folder / "a.pth", sample.tensors());
    write_torch(folder / "b.pth", sample.tensors());
    CHECK(read_file(folder / "a.pth") == read_file(folder / "b.pth"));
}

TEST_CASE("torch_writer: a wrong list of tensors writes nothing") {
    TemporaryFolder folder;
    std::vector<float> const numbers{1, 2};
    std::vector<std::uint16_t> const shorts{1, 2};
    auto const complains = [&](std::vector<StoredTensor> const& tensors, std::string_view of) {
        try {
            write_torch(folder / "a.pth", tensors);
        } catch (Error const& error) {
            return std::string_view(error.what()).find(of) != std::string_view::npos;
        }
        return false;
    };
    StoredTensor const good = stored_tensor("a", {2}, std::span<float const>(numbers));
    CHECK(complains({good, good}, "tensor 'a' is there twice"));
    CHECK(complains({stored_tensor("s", {2}, std::span<std::uint16_t const>(shorts))},
                    "tensor 's' is U16, a type that PyTorch does not have"));
    StoredTensor wrong = good;
    wrong.shape = {3};
    CHECK(complains({wrong}, "tensor 'a' is F32 [3], but has 8 bytes"));
    wrong = good;
    wrong.name = "\xff";
    CHECK(complains({wrong}, "name of a tensor"));
    CHECK_THROWS_WITH_AS(
        write_torch(folder / "a.pth", {&good, 1}, {{"k", std::string(64 << 20, ' ')}}),
        doctest::Contains("the metadata take 67108865 bytes, at most 64 MiB"), Error);
    CHECK(folder.count() == 0);
}

TEST_CASE("torch_writer: PyTorch loads what is written") {
    if (run_in_shell("/usr/bin/python3 -c 'import torch'").code != 0) {
        MESSAGE("skipped: /usr/bin/python3 has no torch");
        return;
    }
    TemporaryFolder folder;
    write_torch(folder / "a.pth", Sample().tensors(), {{"k", "v"}});
    auto const told = run_in_shell("/usr/bin/python3 " SPIKELET_SOURCE_DIR
                                   "/tests/golden/make_torch.py --check " +
                                   (folder / "a.pth"));
    CHECK(told.code == 0);
    CHECK(told.output == "z.matrix float32 [2, 3] 15.0\nscalar int64 [] -5.0\n"
                         "bytes uint8 [1, 1, 2] 255.0\nnothing float32 [0, 4] 0.0\n"
                         "half bfloat16 [2] 4.0\n"
                         "gewicht.ä float32 [6] 15.0\n");
}

}  // namespace spikelet_test::torch_writer_test
