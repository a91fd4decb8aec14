// SPDX-License-Identifier: MIT
// The same table of what the program spikegpt reads back.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <spikelet/io/safetensors_writer.hpp>

#include "fuzz/readers.hpp"
#include "spikegpt/classifier_model.hpp"
#include "spikegpt/course.hpp"
#include "spikegpt/documents.hpp"
#include "spikegpt/labelled_texts.hpp"
#include "spikegpt/line_reader.hpp"
#include "spikegpt/metrics.hpp"
#include "spikegpt/run_folder.hpp"
#include "spikegpt/stored_model.hpp"

namespace spikelet_test::fuzz {

namespace readers {

inline void labelled_texts(std::string_view file) {
    FileInMemory const on_disk(file);
    spikegpt::LabelledTexts const texts(on_disk.path());
    auto const labels = texts.labels();
    demand(texts.numbers_of_labels(labels).size() == texts.texts().size(), "a line has no label");
}

inline void documents(std::string_view file) {
    static TemporaryFolder const folder;
    write_file(folder / "x.jsonl", file);
    spikegpt::Documents const documents({folder / "x.jsonl"}, "text");
    documents.for_each([](std::string_view, sk::index) {});
}

inline void prompts(std::string_view file) {
    FileInMemory const on_disk(file);
    spikegpt::LineReader reader(on_disk.path());
    std::ptrdiff_t lines = 0;
    while (reader.next_line()) { ++lines; }
    bool const open_end = !file.empty() && file.back() != '\n';
    demand(lines == std::ranges::count(file, '\n') + (open_end ? 1 : 0), "a line is lost");
    demand(spikegpt::LineReader(on_disk.path()).rest() == file, "the file is not whole");
}

inline void metrics(std::string_view file) {
    static TemporaryFolder const folder;
    static sk::FiringRates const rates{sk::SpikeGpt<>{}};
    write_file(folder / "metrics.csv", file);
    spikegpt::Metrics metrics(folder / "metrics.csv", 2);
    metrics.add_validation({.step = 2, .batches = {}}, {.valid_bpc = 1.0, .valid_density = {}});
    metrics.add({.step = 3, .batches = {}}, {}, rates);
}

// All that spikegpt train --resume makes of the file before it makes its learner.
inline void resume(std::string_view content) {
    static TemporaryFolder const folder;
    static auto const flags = [] {
        auto made = std::make_unique<CLI::App>();
        static spikegpt::TrainOptions given;
        spikegpt::add_option_flags(*made, given);
        return made;
    }();
    write_file(folder / "resume.safetensors", content);
    spikegpt::ResumeFile const file(spikegpt::RunFolder{folder / "."});
    auto const options = spikegpt::continued(file.record().options, {}, *flags);
    spikegpt::Course const course(options);
    spikegpt::Position const& at = file.record().at;
    if (course.goes_on(at)) { static_cast<void>(course.learning_rate(at)); }
    demand(course.first_batch(at) >= 0, "a batch has no number");
    static_cast<void>(at.step % options.save_every + at.step % options.log_every);
    auto model = file.model();
    sk::allocate(model.net);  // the file has as many numbers
}

inline void stored_model(std::string_view file) {
    FileInMemory const on_disk(file);
    static_cast<void>(spikegpt::load_stored_language({.path = on_disk.path()}));
}

inline void classifier(std::string_view file) {
    FileInMemory const on_disk(file);
    static_cast<void>(spikegpt::load_classifier(on_disk.path()));
}

inline std::vector<std::string> labelled_texts_seeds() {
    return {"1\tgood\n0\tbad\n\n10\tgood\tagain\r\n", "yes\tna\xc3\xafve\nno\t\xff"};
}

inline std::vector<std::string> documents_seeds() {
    return {"{\"text\": \"a\\nb\"}\n\n {\"n\": [1, {}], \"text\": \"\\u00e9\"}\r\n"};
}

inline std::vector<std::string> prompts_seeds() {
    return {"First:\n\nSecond\r\nna\xc3\xafve \xff", "\n"};
}

inline std::vector<std::string> metrics_seeds() {
    return {"step,tokens,loss,valid_bpc\n1,32,5.5,\n2,64,5.25,7.5\n3,96,5,\n",
            "step,loss\r\n1,5.5\r\n2,5\r\n", ""};
}

inline std::vector<std::string> resume_seeds() {
    return with_and_without_checksum(file_of([](std::string const& path) {
        spikegpt::TrainOptions options;
        options.data = {"text.txt"};
        options.steps = 10;
        options.accumulate = spikegpt::most_accumulate;  // numbers of batches are large
        spikegpt::complete(options);
        spikegpt::Json const position{
            {"step", 2}, {"tokens", 64}, {"seconds", 0.5}, {"batches", {1, 2}}};
        sk::SpikeGpt<> model(sk::make_config(sk::find_variant("spikegpt"), 256, 1, 2));
        sk::allocate(model);
        std::vector<sk::StoredTensor> tensors;
        sk::each_parameter(model, [&](std::string_view name, auto& parameter) {
            tensors.push_back(sk::stored_tensor("weight." + std::string(name), {parameter.size()},
                                                std::span<float const>(parameter.span())));
        });
        auto metadata = sk::metadata(model.config);
        metadata["format"] = "spikelet.resume";
        metadata["version"] = "3";
        metadata["options"] = spikegpt::to_json(options).dump();
        metadata["position"] = position.dump();
        metadata["text"] = "64 bytes, checksum x";
        metadata["vocabulary"] = R"({"kind":"bytes"})";
        sk::write_safetensors(path, tensors, metadata);
    }));
}

inline std::vector<std::string> stored_model_seeds() {
    auto files = with_and_without_checksum(file_of([](std::string const& path) {
        spikegpt::LanguageModel model{
            sk::Vocabulary::of_symbols("abc"),
            sk::SpikeGpt<>(sk::make_config(sk::find_variant("spikegpt"), 3, 1, 2))};
        sk::allocate(model.net);
        spikegpt::save_model(path, model);
    }));
    files.push_back(file_of([](std::string const& path) {
        spikegpt::StoredModel model{
            sk::Vocabulary::of_symbols("abc"),
            {sk::WeightType::int4, sk::WeightType::int8, 64},
            nullptr,
            spikegpt::StoredNet(sk::make_config(sk::find_variant("spikegpt"), 3, 1, 4))};
        sk::store_as(model.net, model.storage);
        sk::allocate(model.net);
        spikegpt::save_model(path, model);
    }));
    return files;
}

inline std::vector<std::string> classifier_seeds() {
    return with_and_without_checksum(file_of([](std::string const& path) {
        spikegpt::ClassifierModel model{
            sk::Vocabulary::of_symbols("abc"),
            {"no", "yes"},
            16,
            spikegpt::Classifier(
                sk::SpikeGpt<>(sk::make_config(sk::find_variant("spikegpt"), 3, 1, 2)),
                {.hidden = 2, .classes = 2, .dropout = 0.5})};
        sk::allocate(model.net);
        spikegpt::save_classifier(path, model);
    }));
}

}  // namespace readers

/// All readers of the program.
inline constexpr std::array program_readers{
    Reader{"resume", readers::resume, readers::resume_seeds, true},
    Reader{"stored_model", readers::stored_model, readers::stored_model_seeds, true},
    Reader{"classifier", readers::classifier, readers::classifier_seeds, true},
    Reader{"metrics", readers::metrics, readers::metrics_seeds},
    Reader{"labelled_texts", readers::labelled_texts, readers::labelled_texts_seeds},
    Reader{"documents", readers::documents, readers::documents_seeds},
    Reader{"prompts", readers::prompts, readers::prompts_seeds},
};

}  // namespace spikelet_test::fuzz
