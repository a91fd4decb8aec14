// SPDX-License-Identifier: MIT
// The program that compares with reference values must notice when they differ.
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "programs/golden_copy.hpp"

namespace spikelet_test::conformance_test {

using namespace spikelet;
namespace fs = std::filesystem;

namespace {

constexpr char const* small = "spikegpt_soft_reset_L2C9";
constexpr char const* of_events = "event_driven_L2C20";

}  // namespace

TEST_CASE("conformance: a case that agrees") {
    for (auto const* name : {small, of_events}) {
        GoldenCopy const copy(name);
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
                            Change{"generate.safetensors", "official_rescale1/logits", 1e-4F},
                            Change{"generate.safetensors", "final/state", 1e-3F}}) {
        GoldenCopy copy(small);
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
        GoldenCopy copy(of_events);
        copy.change(c.file, c.tensor, c.change);
        auto const outcome = copy.run();
        INFO(c.file << " " << c.tensor << "\n" << outcome.output);
        CHECK(outcome.code == 1);
        CHECK(outcome.says(std::string("  ") + c.tensor));
        CHECK(outcome.says(" 1 failed"));
    }
}

TEST_CASE("conformance: with other weights everything differs that depends on them") {
    GoldenCopy copy(small);
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
    GoldenCopy const copy(name);
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
    GoldenCopy const copy(small);
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
    GoldenCopy copy("ops");
    auto const all = copy.run();
    INFO(all.output);
    CHECK(all.code == 0);
    CHECK(all.says("10 cases: "));
    CHECK(all.says(" 0 failed, 0 not covered"));

    auto const one = conformance("'" + (copy / "lif.json") + "'");
    CHECK(one.code == 0);
    CHECK(one.says("1 case: "));
    struct Change {
        char const* operation;
        char const* tensor;
        float change;
        char const* failed;
    };
    for (Change const& c :
         {Change{"lif", "3/grad_x", 0.01F, "1"},
          Change{"surrogates", "superspike@25.0/primitive", 1e-5F, "1"},
          Change{"sampling", "2/unnormalised", 1e-4F, "1"},
          Change{"event_driven_identity", "y", 1e-4F, "2"}}) {  // of the stream, and by events
        CAPTURE(c.tensor);
        copy.change(std::string(c.operation) + ".safetensors", c.tensor, c.change);
        auto const changed = conformance("'" + (copy / c.operation) + "'");
        CHECK(changed.code == 1);
        CHECK(changed.says(std::string("  ") + c.tensor));
        CHECK(changed.says(std::string(" ") + c.failed + " failed"));
    }
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
