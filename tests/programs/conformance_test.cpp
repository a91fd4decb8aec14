// SPDX-License-Identifier: MIT
// The program that compares with reference values must notice when they differ.
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/io/safetensors.hpp>
#include <spikelet/io/safetensors_writer.hpp>

#include "io/support.hpp"
#include "programs/shell.hpp"

namespace spikelet_test::conformance_test {

using namespace spikelet;
namespace fs = std::filesystem;

namespace {

ShellOutcome conformance(std::string const& arguments) {
    return run_in_shell("'" SPIKELET_BINARY_DIR "/tools/conformance' " + arguments);
}

// A copy of a golden case that may be changed.
class Copy {
public:
    explicit Copy(std::string_view name) : path_(folder_ / name) {
        fs::copy(fs::path(SPIKELET_SOURCE_DIR) / "tests" / "golden" / name, path_,
                 fs::copy_options::recursive);
    }

    [[nodiscard]] std::string operator/(std::string_view name) const {
        return (fs::path(path_) / name).string();
    }

    // Adds `change` to the last number of a tensor of float or bytes.
    void change(std::string_view file_name, std::string_view tensor, float change) {
        std::string const path = *this / file_name;
        auto const file = SafetensorsFile::open(path);
        std::vector<StoredTensor> tensors(file.tensors().begin(), file.tensors().end());
        std::vector<std::byte> bytes;
        for (StoredTensor& t : tensors) {
            if (t.name != tensor) { continue; }
            bytes.assign(t.bytes.begin(), t.bytes.end());
            if (t.dtype == Dtype::F32) {
                auto values = file.read<float>(t.name);
                values.back() += change;
                std::memcpy(bytes.data(), values.data(), bytes.size());
            } else {
                bytes.back() ^= std::byte{1};
            }
            t.bytes = bytes;
        }
        REQUIRE(!bytes.empty());
        write_safetensors(path, tensors, file.metadata());
    }

    [[nodiscard]] ShellOutcome run(std::string const& options = "") const {
        return conformance(options + " '" + path_ + "'");
    }

private:
    TemporaryFolder folder_;
    std::string path_;
};

constexpr char const* small = "spikegpt_soft_reset_L2C9";
constexpr char const* of_events = "event_driven_L2C20";

}  // namespace

TEST_CASE("conformance: a case that agrees") {
    for (auto const* name : {small, of_events}) {
        Copy const copy(name);
        auto const outcome = copy.run("--threads 2");
        INFO(outcome.output);
        CHECK(outcome.code == 0);
        CHECK(outcome.says("1 case: "));
        CHECK(outcome.says(" 0 failed"));
        CHECK_FALSE(outcome.says("FAILED"));
    }
}

TEST_CASE("conformance: what differs is named") {
    struct Change {
        char const* file;
        char const* tensor;
        float change;
    };
    for (Change const& c : {Change{"forward.safetensors", "logits", 1e-4F},
                            Change{"forward.safetensors", "loss", 1e-5F},
                            Change{"forward.safetensors", "blocks.1.lif2.h", 1e-4F},
                            Change{"forward.safetensors", "blocks.0.lif1.s", 1.0F},
                            Change{"forward.safetensors", "blocks.0.att.wkv", 1e-3F},
                            Change{"grads.safetensors", "blocks.1.att.time_first", 1e-3F},
                            Change{"grads.safetensors", "no_l2wrap/ln_out.bias", 1e-2F},
                            Change{"adam_summary.safetensors", "losses", 1e-4F},
                            Change{"adam_summary.safetensors", "grad_norms", 1e-2F},
                            Change{"adam_summary.safetensors", "head.weight", 1e-2F},
                            Change{"generate.safetensors", "logits", 1e-4F},
                            Change{"generate.safetensors", "after_prompt/blocks.1.lif1.v", 1e-4F},
                            Change{"generate.safetensors", "final/state", 1e-3F}}) {
        Copy copy(small);
        copy.change(c.file, c.tensor, c.change);
        auto const outcome = copy.run();
        INFO(c.file << " " << c.tensor << "\n" << outcome.output);
        CHECK(outcome.code == 1);
        CHECK(outcome.says(std::string("  ") + c.tensor));
        CHECK(outcome.says(" 1 failed"));
    }
}

TEST_CASE("conformance: what differs of events is named") {
    struct Change {
        char const* file;
        char const* tensor;
        float change;
    };
    for (Change const& c : {Change{"forward.safetensors", "blocks.0.att.ev_x.s", 1.0F},
                            Change{"forward.safetensors", "blocks.1.att.ev_o.s", 1.0F},
                            Change{"forward.safetensors", "blocks.1.ffn.ev_x.u", 1e-3F},
                            Change{"forward.safetensors", "reg", 1e-5F},
                            Change{"forward.safetensors", "total", 1e-5F},
                            Change{"grads.safetensors", "blocks.1.ffn.value_threshold", 1e-2F},
                            Change{"grads.safetensors", "no_reg/head_threshold", 1e-2F},
                            Change{"adam_summary.safetensors", "regs", 1e-4F}}) {
        Copy copy(of_events);
        copy.change(c.file, c.tensor, c.change);
        auto const outcome = copy.run();
        INFO(c.file << " " << c.tensor << "\n" << outcome.output);
        CHECK(outcome.code == 1);
        CHECK(outcome.says(std::string("  ") + c.tensor));
        CHECK(outcome.says(" 1 failed"));
    }
}

TEST_CASE("conformance: with other weights everything differs that depends on them") {
    Copy copy(small);
    copy.change("weights.safetensors", "blocks.0.ffn.key.weight", 0.5F);
    auto const outcome = copy.run();
    CHECK(outcome.code == 1);
    for (char const* item : {"  logits", "  loss", "  blocks.0.ffn.key.weight", "  losses"}) {
        CAPTURE(item);
        CHECK(outcome.says(item));
    }
    CHECK(outcome.says("same bits on two ways (7)"));  // we still agree with ourselves
}

void check_dump(std::string const& name) {
    Copy const copy(name);
    TemporaryFolder folder;
    CHECK(copy.run("--double --dump '" + (folder / "dump") + "'").code == 0);
    for (std::string const ending : {"", "_double"}) {
        fs::path const dump = fs::path(folder / "dump") / (name + ending);
        for (char const* kind : {"forward", "grads", "adam_summary", "generate"}) {
            CAPTURE(kind);
            std::string const file = std::string(kind) + ".safetensors";
            auto const ours = SafetensorsFile::open((dump / file).string());
            auto const golden = SafetensorsFile::open(copy / file);
            for (StoredTensor const& tensor : golden.tensors()) {
                CAPTURE(tensor.name);
                CHECK(ours.tensor(tensor.name).shape == tensor.shape);
                bool const exact = tensor.dtype != Dtype::F32;
                CHECK((!exact || ours.tensor(tensor.name).dtype == tensor.dtype));
            }
            if (ending.empty()) {
                fs::copy_file(dump / file, copy / file, fs::copy_options::overwrite_existing);
            }
        }
    }
    auto const outcome = copy.run();
    INFO(outcome.output);
    CHECK(outcome.code == 0);
    // Nothing differs at all, but for what events cost: that is summed up in double.
    for (char const* item :
         {"most at blocks", "most at logits", "most at after", "most at final"}) {
        CHECK_FALSE(outcome.says(item));
    }
    CHECK((name == of_events || !outcome.says("most at")));
}

TEST_CASE("conformance: our own values can be written, and then agree exactly") {
    check_dump(small);
    check_dump(of_events);
}

TEST_CASE("conformance: files that are missing or damaged") {
    Copy const copy(small);
    SUBCASE("missing") {
        fs::remove(copy / "grads.safetensors");
        auto const outcome = copy.run();
        CHECK(outcome.code == 1);
        CHECK(outcome.says("grads.safetensors': No such file or directory  FAILED"));
    }
    SUBCASE("cut short") {
        fs::resize_file(copy / "forward.safetensors", 1000);
        auto const outcome = copy.run();
        CHECK(outcome.code == 1);
        CHECK(outcome.says("not a safetensors file, or cut short"));
    }
    SUBCASE("another variant") {
        auto const file = SafetensorsFile::open(copy / "weights.safetensors");
        auto metadata = file.metadata();
        metadata["variant"] = "\"liquid\"";
        write_safetensors(copy / "weights.safetensors", file.tensors(), metadata);
        auto const outcome = copy.run();
        CHECK(outcome.code == 1);
        CHECK(outcome.says("'variant' is \"liquid\", expected "));
    }
    SUBCASE("no description") {
        write_file(copy / "manifest.json", "{\"adam\": {}}");
        auto const outcome = copy.run();
        CHECK(outcome.code == 1);
        CHECK(outcome.says("manifest.json"));
    }
    SUBCASE("an empty folder") {
        TemporaryFolder folder;
        auto const outcome = conformance("'" + (folder / "") + "'");
        CHECK(outcome.code == 1);
        CHECK(outcome.says("there is no case in this folder"));
    }
}

TEST_CASE("conformance: operations") {
    Copy copy("ops");
    auto const all = copy.run();
    INFO(all.output);
    CHECK(all.says("9 cases: "));
    CHECK(all.says("primitives"));
    CHECK(all.says("not covered: "));

    auto const one = conformance("'" + (copy / "lif.json") + "'");
    CHECK(one.code == 0);
    CHECK(one.says("1 case: "));
    copy.change("lif.safetensors", "3/grad_x", 0.01F);
    auto const changed = conformance("'" + (copy / "lif") + "'");
    CHECK(changed.code == 1);
    CHECK(changed.says("  3/grad_x"));

    fs::copy_file(copy / "lif.json", copy / "quantum.json");
    fs::copy_file(copy / "lif.safetensors", copy / "quantum.safetensors");
    auto const unknown = conformance("'" + (copy / "quantum") + "'");
    CHECK(unknown.code == 0);
    CHECK(unknown.says("not covered: "));
}

TEST_CASE("conformance: the command line") {
    CHECK(conformance("--help").says("usage: conformance"));
    CHECK(conformance("").code == 2);
    CHECK(conformance("--threads 0 x").code == 2);
    CHECK(conformance("--fast x").output.starts_with("conformance: --fast: no such option"));
    CHECK(conformance("").output.starts_with("conformance: CASE: none is given"));
    auto const nowhere = conformance("nowhere");
    CHECK(nowhere.code == 1);
    CHECK(nowhere.says("'nowhere': there is no such folder or operation"));
}

}  // namespace spikelet_test::conformance_test
