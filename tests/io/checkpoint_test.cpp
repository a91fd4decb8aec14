// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/core/rng.hpp>
#include <spikelet/io/checkpoint.hpp>
#include <spikelet/io/half.hpp>
#include <spikelet/models/spikegpt.hpp>
#include <spikelet/models/spikegpt_metadata.hpp>
#include <spikelet/nn/init.hpp>

#include "io/support.hpp"

namespace spikelet_test::checkpoint_test {

using namespace spikelet;
using Shape = std::vector<spikelet::index>;

namespace {

// A model of somebody else: no names of its own for files, two kinds of numbers, a list.
template <class T = float>
struct Plain {
    Linear<3, 2, T> first;
    std::array<Linear<2, 2, T>, 2> more;
    BasicParameter<T, 2, 3> table;  // a matrix, but not a Linear's
    BasicParameter<double, 4> bias;
    SPIKELET_PARTS(first, more, table, bias)
};

template <class Model>
void fill(Model& model) {
    double next = 0;
    each_parameter(model, [&](std::string_view, auto& p) {
        p.allocate();
        for (auto& x : p.span()) {
            x = static_cast<typename std::remove_reference_t<decltype(p)>::scalar>(++next / 8);
        }
    });
}

template <class Model>
std::vector<double> numbers(Model const& model) {
    std::vector<double> all;
    each_parameter(model, [&](std::string_view, auto const& p) {
        for (auto const x : p.span()) { all.push_back(static_cast<double>(x)); }
    });
    return all;
}

SpikeGptConfig small() { return make_config(find_variant("spikegpt"), 11, 2, 5); }

// A file and what it holds as floats, to be changed and written again.
struct Changed {
    explicit Changed(std::string const& path) : file(SafetensorsFile::open(path)) {
        for (StoredTensor const& t : file.tensors()) { tensors.push_back(t); }
    }

    StoredTensor& operator[](std::string_view name) {
        return *std::ranges::find(tensors, name, &StoredTensor::name);
    }

    SafetensorsFile file;
    std::vector<StoredTensor> tensors;
};

template <class Model>
std::string complaint(std::string const& path, Model& model) {
    try {
        load_checkpoint(path, model);
    } catch (Error const& e) { return e.what(); }
    return "";
}

}  // namespace

TEST_CASE("checkpoint: linear weights are turned, everything else is as in memory") {
    TemporaryFolder folder;
    Plain<> model;
    fill(model);
    save_checkpoint(folder / "a", model, {{"note", "x"}});

    auto const file = SafetensorsFile::open(folder / "a");
    CHECK(file.metadata() == Metadata{{"note", "x"}});
    CHECK(file.names() == std::vector<std::string>{"bias", "first.weight", "more.0.weight",
                                                   "more.1.weight", "table"});
    CHECK(file.tensor("first.weight").shape == Shape{2, 3});
    CHECK(file.tensor("table").shape == Shape{2, 3});
    CHECK(file.tensor("bias").dtype == Dtype::F64);
    float const* const w = model.first.weight.value();
    CHECK(file.read<float>("first.weight") ==
          std::vector<float>{w[0], w[2], w[4], w[1], w[3], w[5]});
    auto const table = model.table.span();
    CHECK(file.read<float>("table") == std::vector<float>(table.begin(), table.end()));

    Plain<> other;
    load_checkpoint(folder / "a", other);
    CHECK(numbers(other) == numbers(model));
    Plain<double> exact;
    load_checkpoint(file, exact);
    CHECK(numbers(exact) == numbers(model));
}

TEST_CASE("checkpoint: a matrix of more rows and columns than are turned at once") {
    TemporaryFolder folder;
    Linear<dyn, dyn> layer{37, 53};
    fill(layer);
    save_checkpoint(folder / "a", layer);
    auto const turned = SafetensorsFile::open(folder / "a").read<float>("weight");
    bool same = true;
    for (std::size_t i = 0; i < 37; ++i) {
        for (std::size_t o = 0; o < 53; ++o) {
            same = same && turned[o * 37 + i] == layer.weight.value()[i * 53 + o];
        }
    }
    CHECK(same);
    Linear<dyn, dyn> other{37, 53};
    load_checkpoint(folder / "a", other);
    CHECK(numbers(other) == numbers(layer));
}

TEST_CASE("checkpoint: a SpikeGPT has the keys and shapes of the official files") {
    TemporaryFolder folder;
    SpikeGpt<> model{small()};
    Rng rng{1};
    init(model, rng);
    save_checkpoint(folder / "a", model, metadata(model.config));

    auto const file = SafetensorsFile::open(folder / "a");
    CHECK(file.tensors().size() == 2 * 18 + 6);
    CHECK(file.tensor("emb.weight").shape == Shape{11, 5});
    CHECK(file.tensor("head.weight").shape == Shape{11, 5});
    CHECK(file.tensor("blocks.0.ln0.bias").shape == Shape{5});
    CHECK(file.tensor("blocks.1.att.time_decay").shape == Shape{5});
    CHECK(file.tensor("blocks.1.att.time_mix_v").shape == Shape{1, 1, 5});
    CHECK(file.tensor("blocks.1.ffn.time_mix_r").shape == Shape{1, 1, 5});
    CHECK(file.tensor("blocks.1.ffn.key.weight").shape == Shape{20, 5});
    CHECK(file.tensor("blocks.1.ffn.value.weight").shape == Shape{5, 20});

    SpikeGpt<11, 5, 2> other{config_from_metadata(file.metadata())};
    load_checkpoint(file, other);
    CHECK(numbers(other) == numbers(model));
}

TEST_CASE("checkpoint: ones in front and 16 bit numbers are accepted") {
    TemporaryFolder folder;
    SpikeGpt<> model{small()};
    fill(model);
    save_checkpoint(folder / "a", model);
    Changed changed(folder / "a");
    changed["blocks.0.att.time_decay"].shape = {1, 1, 5};
    changed["blocks.0.att.time_mix_k"].shape = {5};
    changed["blocks.0.ffn.key.weight"].shape = {1, 20, 5};
    write_safetensors(folder / "b", changed.tensors, {}, [](StoredTensor const& t) {
        return t.name.starts_with("blocks.0") ? Dtype::BF16 : Dtype::F16;
    });
    SpikeGpt<> other{small()};
    load_checkpoint(folder / "b", other);
    auto const exact = numbers(model);
    auto const rounded = numbers(other);
    bool near = true;
    for (std::size_t i = 0; i < exact.size(); ++i) {
        near = near && std::abs(exact[i] - rounded[i]) <= exact[i] / 256;
    }
    CHECK(near);
    CHECK(other.head.weight.value()[3] ==
          float_from_half(half_from_float(model.head.weight.value()[3])));
}

TEST_CASE("checkpoint: a file that does not fit is refused and changes nothing") {
    TemporaryFolder folder;
    SpikeGpt<> model{small()};
    fill(model);
    std::string const good = folder / "good";
    std::string const bad = folder / "bad";
    save_checkpoint(good, model);
    SpikeGpt<> other{small()};
    allocate(other);
    auto const message = [&](Changed const& changed) {
        write_safetensors(bad, changed.tensors);
        std::string const text = complaint(bad, other);
        CHECK(std::ranges::all_of(numbers(other), [](double x) { return x == 0; }));
        return text;
    };
    std::string const where = "'" + bad + "': tensor ";

    SUBCASE("missing") {
        Changed changed(good);
        changed["ln_out.bias"].name = "ln_out.biass";
        CHECK(message(changed) == where + "'ln_out.bias' is missing, expected [5]; 1 more tensors "
                                          "do not fit");
    }
    SUBCASE("left over") {
        Changed changed(good);
        changed.tensors.push_back(changed["head.weight"]);
        changed.tensors.back().name = "head_q.weight";
        CHECK(message(changed) ==
              where + "'head_q.weight', F32 [11, 5], has no place in the model");
    }
    SUBCASE("another shape") {
        Changed changed(good);
        changed["blocks.1.ffn.key.weight"].shape = {5, 20};
        CHECK(message(changed) == where + "'blocks.1.ffn.key.weight' is F32 [5, 20], expected "
                                          "floating-point numbers [20, 5]");
        changed["blocks.1.ffn.key.weight"].shape = {20, 1, 5};
        CHECK(message(changed).find("is F32 [20, 1, 5]") != std::string::npos);
        changed["blocks.1.ffn.key.weight"].shape = {100};
        CHECK(message(changed).find("is F32 [100]") != std::string::npos);
    }
    SUBCASE("no floating-point numbers") {
        Changed changed(good);
        changed["ln_out.bias"].dtype = Dtype::I32;
        CHECK(message(changed) == where + "'ln_out.bias' is I32 [5], expected floating-point "
                                          "numbers [5]");
    }
    SUBCASE("another model") {
        SpikeGpt<> larger{make_config(find_variant("spikegpt"), 11, 3, 5)};
        allocate(larger);
        CHECK(complaint(good, larger) ==
              "'" + good +
                  "': tensor 'blocks.2.ln1.weight' is missing, expected [5]; 17 more "
                  "tensors do not fit");
    }
}

TEST_CASE("checkpoint: a model without numbers is not saved, an old file stays") {
    TemporaryFolder folder;
    write_file(folder / "a", "old");
    SpikeGpt<> const model{small()};
    CHECK_THROWS_WITH_AS(save_checkpoint(folder / "a", model),
                         doctest::Contains("the parameter 'emb.weight' has no numbers yet"), Error);
    CHECK(read_file(folder / "a") == "old");
    CHECK(folder.count() == 1);
}

TEST_CASE("checkpoint: golden weights are written again with the same bytes") {
    TemporaryFolder folder;
    int found = 0;
    for (auto const& entry : std::filesystem::directory_iterator(
             std::filesystem::path(SPIKELET_SOURCE_DIR) / "tests" / "golden")) {
        auto const path = entry.path() / "weights.safetensors";
        if (!std::filesystem::exists(path)) { continue; }
        CAPTURE(path);
        ++found;
        auto const golden = SafetensorsFile::open(path.string());
        SpikeGpt<> model{config_from_metadata(golden.metadata())};
        load_checkpoint(golden, model);
        save_checkpoint(folder / "a", model, golden.metadata());
        auto const again = SafetensorsFile::open(folder / "a");
        REQUIRE(again.names() == golden.names());
        for (StoredTensor const& tensor : golden.tensors()) {
            CAPTURE(tensor.name);
            CHECK(again.tensor(tensor.name).shape == tensor.shape);
            CHECK(std::ranges::equal(again.tensor(tensor.name).bytes, tensor.bytes));
        }
    }
    CHECK(found > 0);
}

TEST_CASE("checkpoint: its checksum tells damage") {
    TemporaryFolder folder;
    Plain<> model;
    fill(model);
    save_checkpoint(folder / "a", model, {{"note", "x"}});
    CHECK_NOTHROW(SafetensorsFile::open(folder / "a").verify());
    std::string damaged = read_file(folder / "a");
    damaged.back() = static_cast<char>(damaged.back() ^ 1);
    write_file(folder / "b", damaged);
    CHECK_THROWS_AS(SafetensorsFile::open(folder / "b").verify(), Error);
}

TEST_CASE("checkpoint: constant numbers are refused, and nothing changes") {
    TemporaryFolder folder;
    std::string const path = folder / "a";
    Plain<> model;
    fill(model);
    save_checkpoint(path, model);
    Plain<> other;
    fill(other);
    other.bias.value()[0] = 99;

    static float const flash[6] = {};
    other.table.bind(flash);
    CHECK(complaint(path, other) ==
          "'" + path +
              "': the parameter 'table' is bound to constant numbers, which cannot be loaded into");
    CHECK(other.bias.value()[0] == 99);
    std::array<float, 6> own{};
    other.table.bind(own.data());
    CHECK(complaint(path, other).empty());
    CHECK(own[3] == model.table.value()[3]);
}

}  // namespace spikelet_test::checkpoint_test
