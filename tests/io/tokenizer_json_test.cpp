// SPDX-License-Identifier: MIT
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <spikelet/io/byte_bpe.hpp>
#include <spikelet/io/tokenizer_json.hpp>

#include "io/tokens.hpp"

namespace spikelet_test::tokenizer_json_test {

using namespace spikelet;
using Json = nlohmann::json;

namespace {

BpeModel small_model() {
    BpeModel model = bytes_with_merges({{'a', 'b'}, {' ', 256}});
    model.tokens[5] = "<e>";  // an added word among the tokens of the model
    model.tokens.insert(model.tokens.end(), {std::string(1, '\5'), "  "});
    model.added = {{5, "<e>", true, false}, {259, "  ", false, true}};
    model.nfc = true;
    return model;
}

std::string complaint(std::string_view text) {
    try {
        static_cast<void>(ByteBpe(parse_tokenizer_json(text)));
    } catch (Error const& error) { return error.what(); }
    return {};
}

// What is said when the value at a place of a good file is another.
std::string complaint_with(char const* place, Json const& value) {
    Json json = Json::parse(tokenizer_json(small_model()));
    json[Json::json_pointer(place)] = value;
    return complaint(json.dump());
}

}  // namespace

TEST_CASE("tokenizer_json: a model survives being text") {
    CHECK(parse_tokenizer_json(tokenizer_json(small_model())) == small_model());
    CHECK(parse_tokenizer_json(tokenizer_json(small_model(), 2)) == small_model());
    BpeModel plain = bytes_with_merges({});
    CHECK(parse_tokenizer_json(tokenizer_json(plain)) == plain);
}

TEST_CASE("tokenizer_json: tokens are written in the characters of bytes") {
    Json const json = Json::parse(tokenizer_json(small_model()));
    Json const& model = json.at("model");
    CHECK(model.at("vocab").at("Ġab") == 257);
    CHECK(model.at("vocab").at("Ċ") == '\n');
    CHECK(model.at("vocab").at("<e>") == 5);
    CHECK_FALSE(model.at("vocab").contains("  "));
    CHECK(model.at("merges") == Json{"a b", "Ġ ab"});
    CHECK(json.at("normalizer") == Json{{"type", "NFC"}});
    CHECK(json.at("added_tokens").at(1).at("content") == "  ");
}

TEST_CASE("tokenizer_json: merges may be pairs of texts") {
    Json json = Json::parse(tokenizer_json(small_model()));
    json["model"]["merges"] = Json::array({Json::array({"a", "b"}), Json::array({"Ġ", "ab"})});
    CHECK(bpe_model_from_json(json) == small_model());
}

TEST_CASE("tokenizer_json: what is no tokenizer of this kind is refused") {
    CHECK(complaint("") == "tokenizer: expected a JSON object");
    CHECK(complaint(std::string(100'000, '[')) ==
          "tokenizer: its JSON is nested more than 64 deep");
    CHECK(complaint("{}") == "tokenizer: expected an object 'model'");
    CHECK(complaint_with("/model/type", "Unigram") ==
          "tokenizer: the model is 'Unigram', expected 'BPE'");
    CHECK(complaint_with("/model/dropout", 0.1) == "tokenizer: 'dropout' is not supported");
    CHECK(complaint_with("/model/dropout", 0.0) == "");
    CHECK(complaint_with("/model/ignore_merges", true) ==
          "tokenizer: 'ignore_merges' is not supported");
    CHECK(complaint_with("/normalizer", {{"type", "Lowercase"}}) ==
          "tokenizer: the normalizer is 'Lowercase', expected 'NFC' or none");
    CHECK(complaint_with("/pre_tokenizer/type", "Metaspace") ==
          "tokenizer: the pre_tokenizer is 'Metaspace', expected 'ByteLevel'");
    CHECK(complaint_with("/pre_tokenizer/add_prefix_space", true) ==
          "tokenizer: 'add_prefix_space' is not supported");
    CHECK(complaint_with("/pre_tokenizer/use_regex", false) ==
          "tokenizer: a pre_tokenizer without its pattern is not supported");
    CHECK(complaint_with("/post_processor", nullptr) == "");
    Json const text{{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
    Json const word{{"SpecialToken", {{"id", "</s>"}, {"type_id", 0}}}};
    auto const shaped = [](Json const& pieces) {
        return complaint_with("/post_processor",
                              {{"type", "TemplateProcessing"}, {"single", pieces}});
    };
    std::string const refused =
        "tokenizer: the post_processor 'TemplateProcessing' adds ids to a text, which is not "
        "supported; with null there texts are read without these";
    CHECK(shaped(Json::array({text})) == "");
    for (Json const& pieces :
         {Json::array({word, text}), Json::array({text, text}), Json::array(), Json::array({1})}) {
        CHECK(shaped(pieces) == refused);
    }
    auto const in_turn = [](Json const& steps) {
        return complaint_with("/post_processor", {{"type", "Sequence"}, {"processors", steps}});
    };
    Json const harmless{{"type", "ByteLevel"}};
    CHECK(in_turn(Json::array({harmless, harmless})) == "");
    CHECK(in_turn(Json::array({harmless, {{"type", "BertProcessing"}}})) ==
          "tokenizer: the post_processor 'Sequence' adds ids to a text, which is not supported; "
          "with null there texts are read without these");
    CHECK(complaint_with("/truncation", {{"max_length", 8}}) ==
          "tokenizer: 'truncation' is not supported");
    CHECK(complaint_with("/padding", {{"strategy", "BatchLongest"}}) == "");
    CHECK(complaint_with("/padding", {{"strategy", {{"Fixed", 8}}}}) ==
          "tokenizer: padding to a fixed length is not supported");
    CHECK(complaint_with("/added_tokens/0/lstrip", true) == "tokenizer: 'lstrip' is not supported");
}

TEST_CASE("tokenizer_json: ids, tokens and merges that make no sense are refused") {
    CHECK(complaint_with("/model/vocab/a", -1) ==
          "tokenizer: the id of 'a' is -1, expected a whole number below 1048576");
    CHECK(complaint_with("/model/vocab/a", 1 << 20) ==
          "tokenizer: the id of 'a' is 1048576, expected a whole number below 1048576");
    CHECK(complaint_with("/model/vocab/a", "7") ==
          "tokenizer: the id of 'a' is '7', expected a whole number below 1048576");
    CHECK(complaint_with("/model/vocab/a", 'b') == "tokenizer: 'a' and 'b' have the same id 98");
    CHECK(complaint_with("/model/vocab/\xe2\x82\xac", 300) ==
          "tokenizer: '€' is not written in the characters of bytes");
    CHECK(complaint_with("/model/merges/0", "ab") ==
          "tokenizer: a merge is 'ab', expected two tokens");
    CHECK(complaint_with("/model/merges/0", {{"a", 1}}) ==
          "tokenizer: a merge is of type object, expected two tokens");
    CHECK(complaint_with("/model/vocab/a", {1, 2}) ==
          "tokenizer: the id of 'a' is of type array, expected a whole number below 1048576");
    CHECK(complaint_with("/added_tokens/0", {{"content", "x"}}) ==
          "tokenizer: the added token 'x' has no id");
    CHECK(complaint_with("/model/merges/0", "a zz") ==
          "tokenizer: a merge has 'zz', which has no id");
    CHECK(complaint_with("/model/merges/0", "a c") ==
          "tokenizer: merge 0 makes 'ac', which has no id");
    CHECK(complaint_with("/model/merges", 7) == "tokenizer: expected a list 'merges'");
    CHECK(complaint_with("/added_tokens/0/content", "") ==
          "tokenizer: an added token has no content");
    CHECK(complaint_with("/model/vocab/a", 1e300) != "");
    std::string const longest = "/model/vocab/" + std::string(most_token_bytes, 'a');
    CHECK(complaint_with(longest.c_str(), 300) == "");
    CHECK(complaint_with((longest + "a").c_str(), 300)
              .ends_with("has 4097 bytes, at most 4096 are expected"));
}

TEST_CASE("tokenizer_json: broken files are refused or read, never worse") {
    std::string const good = tokenizer_json(small_model());
    Rng rng(3);
    int refused = 0;
    for (int i = 0; i < 1000; ++i) {
        std::string const bad = mutated(good, rng);
        std::string const said = complaint(bad);
        refused += said.empty() ? 0 : 1;
        CHECK((said.empty() || said.starts_with("tokenizer: ")));
    }
    CHECK(refused > 500);
    for (int i = 0; i < 1000; ++i) { CHECK(complaint(random_bytes(rng, 40)) != ""); }
}

}  // namespace spikelet_test::tokenizer_json_test
