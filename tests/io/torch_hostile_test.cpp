// SPDX-License-Identifier: MIT
// Files of PyTorch that mean harm, or were harmed.
#include <cstdint>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <spikelet/core/rng.hpp>
#include <spikelet/io/torch_file.hpp>

#include "io/torch_support.hpp"

namespace spikelet_test::torch_hostile_test {

using namespace spikelet;
using namespace std::string_literals;

namespace {

bool complains(std::string const& file, std::string_view of) {
    return torch_complaint(file).find(of) != std::string::npos;
}

/// An archive whose pickle is a dictionary that ends with these opcodes.
std::string dict_of(std::string const& items) { return fake_torch("\x80\2}" + items + "."); }

std::string const tensor = pickled_tensor(pickled_storage("0", 1), "K\0"s, "K\1\x85", "K\1\x85");
std::string const number = std::string(4, '\0');

}  // namespace

TEST_CASE("torch_hostile: a file cut at any byte is refused") {
    for (char const* form : {"zip", "legacy", "deflated", "protocol4"}) {
        std::string const whole = read_file(torch_folder() + "all_" + form + ".pth");
        REQUIRE(torch_complaint(whole).empty());
        for (std::size_t length = 0; length < whole.size(); ++length) {
            CAPTURE(form);
            CAPTURE(length);
            std::string const message = torch_complaint(whole.substr(0, length));
            CHECK(message.starts_with("'f': "));
        }
    }
}

TEST_CASE("torch_hostile: thousands of changed files crash nothing") {
    Rng rng{2026};
    for (char const* form : {"zip", "legacy", "deflated"}) {
        std::string const whole = read_file(torch_folder() + "all_" + form + ".pth");
        int refused = 0;
        for (int round = 0; round < 3000; ++round) {
            std::string file = whole;
            for (spikelet::index change = 0; change <= rng.below(3); ++change) {
                auto const at = static_cast<std::size_t>(rng.below(std::ssize(file)));
                auto const byte = static_cast<char>(rng.below(256));
                switch (rng.below(4)) {
                case 0:
                    file.insert(at, 1, byte);
                    break;
                case 1:
                    file.erase(at, static_cast<std::size_t>(1 + rng.below(3)));
                    break;
                default:
                    file[at] = byte;
                    break;
                }
            }
            refused += torch_complaint(file).empty() ? 0 : 1;
        }
        CAPTURE(form);
        CHECK(refused > 1000);
        CHECK(refused <= 3000);
    }
}

TEST_CASE("torch_hostile: changed opcodes of the pickle crash nothing") {
    // The pickle alone is changed, so that no checksum of the archive stands in the way.
    std::string const legacy = read_file(torch_folder() + "all_legacy.pth");
    Rng rng{7};
    for (std::size_t at = 0; at < legacy.size(); ++at) {
        std::string file = legacy;
        file[at] = static_cast<char>(rng.below(256));
        static_cast<void>(torch_complaint(file));
        file[at] = "ctR(uQqhXK.b}]aej\x94\x93\x8a"[rng.below(20)];
        static_cast<void>(torch_complaint(file));
    }
    CHECK(torch_complaint(legacy).empty());
}

TEST_CASE("torch_hostile: code is refused by the name of what it asks for") {
    CHECK(complains(fake_torch("\x80\2cos\nsystem\n" + pickled("true") + "\x85R."),
                    "asks for 'os.system', which is not data"));
    CHECK(complains(fake_torch("\x80\2cposix\nsystem\n."), "asks for 'posix.system'"));
    CHECK(complains(dict_of(pickled("w") + "ctorch.nn\nLinear\n)\x81s"), "'torch.nn.Linear'"));
    CHECK(complains(fake_torch("\x80\4\x8c\2os\x8c\6system\x93."), "asks for 'os.system'"));
    CHECK(complains(fake_torch("\x80\2(ios\nsystem\n."), "asks for 'os.system'"));
}

TEST_CASE("torch_hostile: values within themselves, or nested without end, are refused") {
    CHECK(complains(fake_torch("\x80\2}q\0"s + pickled("a") + "h\0s."s), "within each other"));
    CHECK(complains(
        fake_torch("\x80\2}" + pickled("a") + std::string(200, ']') + std::string(199, 'a') + "s."),
        "nested too deeply"));
    std::string deep = "\x80\2";
    for (int i = 0; i < 40; ++i) { deep += "}" + pickled("a"); }
    CHECK(complains(fake_torch(deep + "N" + std::string(40, 's') + "."), "nested too deeply"));
    // Ten lists of ten of ten of … without end: short to write, long to walk.
    std::string wide = "\x80\2}" + pickled("a") + "(]q\0"s;
    for (char level = 0; level < 12; ++level) {
        wide += "]q" + std::string(1, static_cast<char>(level + 1)) + "(";
        for (int i = 0; i < 10; ++i) { wide += "h" + std::string(1, level); }
        wide += "e";
    }
    CHECK(complains(fake_torch(wide + "ts."), "within each other without end"));
    CHECK(complains(fake_torch("\x80\2" + std::string(5000, '(') + "."), "nested too deeply"));
    CHECK(complains(dict_of(pickled(std::string(1001, 'n')) + "Ns"), "is too long"));
}

TEST_CASE("torch_hostile: tensors that are made otherwise are refused") {
    std::string const good = pickled_dict(tensor);
    CHECK(torch_complaint(fake_torch(good, number)).empty());
    auto const made = [](std::string const& value) {
        return fake_torch(pickled_dict(value), number);
    };
    std::string const rebuild = "ctorch._utils\n_rebuild_tensor_v2\n";
    CHECK(complains(made(rebuild + ")R"), "not made as tensors are"));
    CHECK(complains(made(rebuild + "(NNNNtR"), "has no storage"));
    auto const within = [&](std::string const& sixth) {
        std::string const storage = pickled_storage("0", 1);
        return made(pickled_tensor(storage.substr(0, storage.size() - 2) + sixth + "tQ", "K\0"s,
                                   "K\1\x85", "K\1\x85"));
    };
    CHECK(torch_complaint(within("N")).empty());
    CHECK(complains(within("K\1"), "a storage within a storage"));
    CHECK(complains(made("ctorch\nFloatStorage\n)R"), "not made as tensors are"));
    CHECK(complains(made("ctorch._utils\n_rebuild_parameter\n)R"), "not made as tensors are"));
    CHECK(complains(made("ctorch._utils\n_rebuild_parameter\nN\x85R"), "not made as tensors are"));
    CHECK(complains(made(tensor + "(" + pickled("a") + "Nu"), "not made as tensors are"));
    CHECK(complains(made(tensor + "}b"), "not made as tensors are"));
    CHECK(complains(made(rebuild + "((NNNNNtQK\0K\1\x85K\1\x85tR"s), "has no storage"));
    CHECK(complains(made("ccollections\nOrderedDict\nN\x85R"), "as Python 2 did"));
    CHECK(complains(fake_torch("\x80\2]."), "no dictionary of tensors"));
    CHECK(complains(fake_torch("\x80\2" + tensor + "."), "no dictionary of tensors"));
    CHECK(complains(dict_of("N" + tensor + "s"), "a key of a dictionary is no text"));
}

TEST_CASE("torch_hostile: storages have one type and size, which is true") {
    std::string const other_type =
        pickled_tensor(pickled_storage("0", 1, "IntStorage"), "K\0"s, "K\1\x85", "K\1\x85");
    std::string const pickle = "\x80\2}(" + pickled("a") + tensor + pickled("b");
    CHECK(torch_complaint(fake_torch(pickle + tensor + "u.", number)).empty());
    CHECK(complains(fake_torch(pickle + other_type + "u.", number), "has two types or sizes"));
    CHECK(complains(fake_torch(pickled_dict(tensor), "12345"),
                    "storage '0' should have 4 bytes, but has 5"));
    CHECK(complains(fake_torch(pickled_dict(tensor), ""), "should have 4 bytes, but has 0"));
    CHECK(complains(fake_zip({{.name = "a/data.pkl", .content = pickled_dict(tensor)}}),
                    "there is no entry 'a/data/0' for a storage"));
    CHECK(complains(
        fake_torch("\x80\2}(" + pickled("t") + tensor + pickled("t") + tensor + "u.", number),
        "tensor 't' is there twice"));
}

TEST_CASE("torch_hostile: one storage is not copied without end") {
    std::string const storage = pickled_storage("0", 200);
    std::string pickle = "\x80\2}(";
    for (int i = 0; i < 9; ++i) {
        pickle += pickled(std::to_string(i)) +
                  pickled_tensor(storage, "K\0"s, "K\2K\x64\x86", "K\1K\2\x86");
    }
    CHECK(complains(fake_torch(pickle + "u.", std::string(800, '\0')), "too often"));
}

TEST_CASE("torch_hostile: one tensor is not named without end") {
    auto const named = [](int times, std::string const& name, std::string const& ones) {
        std::string const shared = ones + "q\1"s;
        std::string const view =
            pickled_tensor(pickled_storage("0", 1), "K\0"s, shared, "h\1") + "q\2";
        std::string list = "](" + view;
        for (int i = 1; i < times; ++i) { list += "h\2"; }
        return fake_torch("\x80\2}" + pickled(name) + list + "es.", number);
    };
    std::string const expected = "more than 131072 tensors";
    CHECK(complains(named((1 << 17) + 1, "a", "K\1\x85"), expected));
    std::string many = "(";
    for (int i = 0; i < 64; ++i) { many += "K\1"; }
    CHECK(torch_complaint(named(1000, std::string(900, 'n'), many + "t")).empty());
    CHECK(complains(named(40'000, std::string(900, 'n'), many + "t"), expected));
}

TEST_CASE("torch_hostile: metadata and keys are not copied without end") {
    auto const with_state = [](std::string const& attributes) {
        return fake_torch("\x80\2}}(" + attributes + "ub.");
    };
    std::string const own = pickled("spikelet") + "}" + pickled("k") + pickled("v") + "s";
    CHECK(torch_complaint(with_state(own)).empty());
    CHECK(complains(with_state(own + own), "its metadata are there twice"));
    std::string const long_text = pickled(std::string(1 << 20, 'x')) + "q\1";
    std::string many = pickled("spikelet") + "}(" + pickled("k") + long_text;
    for (int i = 0; i < 63; ++i) { many += pickled(std::to_string(i)) + "h\1"; }
    CHECK(complains(with_state(many + "u"), "its metadata take more than 64 MiB"));
    CHECK(complains(fake_torch(pickled_dict(pickled_tensor(
                        pickled_storage(std::string(1001, 'k'), 1), "K\0"s, "K\1\x85", "K\1\x85"))),
                    "has a storage whose key is too long"));
}

TEST_CASE("torch_hostile: an extent of 1 takes no steps, however long") {
    std::string const most = "\x8a\x08" + bytes_of(std::int64_t{0x7fffffffffffffff});
    std::string const view =
        pickled_tensor(pickled_storage("0", 8), "K\1", "K\1K\2\x86", most + "K\2\x86");
    std::string const file = fake_torch(pickled_dict(view), std::string(32, '\0'));
    CHECK(torch_complaint(file).empty());
    auto const table = detail::TorchZip(std::as_bytes(std::span(file)), "'f'").storages().table;
    CHECK(table.views.at(0).strides == std::vector<spikelet::index>{0, 2});
}

TEST_CASE("torch_hostile: checksums, the order of bytes and the number of pickles are checked") {
    std::string const good = pickled_dict(tensor);
    FakeEntry const numbers{.name = "a/data/0", .content = number};
    CHECK(complains(fake_zip({{.name = "a/data.pkl", .content = good, .crc = 1}, numbers}),
                    "its CRC-32 does not agree"));
    FakeEntry const pickle{.name = "a/data.pkl", .content = good};
    CHECK(torch_complaint(fake_zip({pickle, numbers, {"a/byteorder", "little"}})).empty());
    CHECK(complains(fake_zip({pickle, numbers, {"a/byteorder", "big"}}), "highest byte first"));
    CHECK(complains(fake_zip({numbers}), "one entry NAME/data.pkl"));
    CHECK(complains(fake_zip({pickle, numbers, {"b/data.pkl", good}}), "one entry NAME/data.pkl"));

    TemporaryFolder folder;
    FakeEntry wrong = numbers;
    wrong.crc = 1;
    write_file(folder / "wrong.pth", fake_zip({pickle, wrong}));
    auto const file = TorchFile::open(folder / "wrong.pth");
    CHECK_THROWS_WITH_AS(
        file.verify(),
        ("'" + (folder / "wrong.pth") + "': entry 'a/data/0': damaged: its CRC-32 does not agree")
            .c_str(),
        Error);
}

TEST_CASE("torch_hostile: the form before 1.6 has its version, and each storage once and whole") {
    auto const file = [](std::string const& version, std::string const& keys,
                         std::int64_t count = 1) {
        return "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19." + version + "." + "}." +
               pickled_dict(tensor) + "](" + keys + "e." + bytes_of(count) + number;
    };
    std::string const version = "M\xe9\3";
    CHECK(torch_complaint(file(version, pickled("0"))).empty());
    CHECK(complains(file("M\xe8\3", pickled("0")), "its version is not 1001"));
    CHECK(complains(file(version, pickled("1")), "storage '1' belongs to no tensor"));
    CHECK(complains(file(version, pickled("0") + pickled("0")), "or is there twice"));
    CHECK(complains(file(version, ""), "there is no storage '0'"));
    CHECK(complains(file(version, pickled("0"), 2), "should have 1 numbers, but has 2"));
}

TEST_CASE("torch_hostile: what is no file of PyTorch is refused") {
    CHECK(complains("", "neither as a zip archive nor as a pickle"));
    CHECK(complains("a text", "neither as a zip archive nor as a pickle"));
    CHECK(complains("PK", "should end with its directory"));
    CHECK(complains("\x80\2K\1.", "does not begin with the magic number"));
    std::string const legacy = read_file(torch_folder() + "all_legacy.pth");
    CHECK(complains(legacy + "x", "goes on after its last storage"));
    std::string big = legacy;
    big.replace(big.find("little_endian") + 15, 1, "\x89");  // after its number in the memo
    CHECK(complains(big, "highest byte first"));
}

}  // namespace spikelet_test::torch_hostile_test
