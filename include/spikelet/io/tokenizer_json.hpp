// SPDX-License-Identifier: MIT
// tokenizer.json of Hugging Face's tokenizers, as far as it describes a byte-level BPE: the model's
// "vocab" (tokens in the characters of byte_alphabet.hpp, by id) and "merges" ("a b" or ["a","b"],
// first learned first), the normalizer NFC or none, the pre_tokenizer ByteLevel, "added_tokens", a
// post_processor that adds no ids. Whatever else would change the ids is refused.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/bpe_model.hpp>
#include <spikelet/io/byte_alphabet.hpp>
#include <spikelet/io/json.hpp>
#include <spikelet/io/tokenizer.hpp>

namespace spikelet {

/// The word between documents.
inline constexpr char const* end_of_text_word = "<|endoftext|>";

namespace detail {

/// Reads the parts of a tokenizer.json. Members throw Error.
class TokenizerReader {
public:
    using Json = nlohmann::json;

    explicit TokenizerReader(Json const& json) : json_(json) {}

    BpeModel read() {
        Json const& bpe = part(json_, "model");
        if (auto const type = text_at(bpe, "type"); !type.empty() && type != "BPE") {
            complain("the model is " + quote(type) + ", expected 'BPE'");
        }
        refuse_unless_usual(bpe,
                            {"dropout", "unk_token", "continuing_subword_prefix",
                             "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges"});
        read_normalizer();
        read_pre_tokenizer();
        check_additions();
        read_added_tokens();
        read_vocab(part(bpe, "vocab"));
        read_merges(bpe);
        return std::move(model_);
    }

private:
    [[noreturn]] static void complain(std::string const& message) { fail("tokenizer", message); }

    static Json const& part(Json const& json, char const* key) {
        auto const found = json.find(key);
        if (found == json.end() || !found->is_object()) {
            complain("expected an object " + quote(key));
        }
        return *found;
    }

    static std::string text_at(Json const& json, char const* key) {
        auto const found = json.find(key);
        return found != json.end() && found->is_string() ? found->get<std::string>() : "";
    }

    static bool truth_at(Json const& json, char const* key) {
        auto const found = json.find(key);
        return found != json.end() && found->is_boolean() && found->get<bool>();
    }

    static bool is_set(Json const& json, char const* key) {
        auto const found = json.find(key);
        return found != json.end() && !found->is_null() && *found != false && *found != "" &&
               *found != 0;
    }

    static void refuse_unless_usual(Json const& json, std::initializer_list<char const*> keys) {
        for (char const* key : keys) {
            if (is_set(json, key)) { complain(quote(key) + " is not supported"); }
        }
    }

    void read_normalizer() {
        if (!is_set(json_, "normalizer")) { return; }
        auto const type = text_at(part(json_, "normalizer"), "type");
        if (type != "NFC") {
            complain("the normalizer is " + quote(type) + ", expected 'NFC' or none");
        }
        model_.nfc = true;
    }

    void read_pre_tokenizer() {
        Json const& pre = part(json_, "pre_tokenizer");
        if (auto const type = text_at(pre, "type"); type != "ByteLevel") {
            complain("the pre_tokenizer is " + quote(type) + ", expected 'ByteLevel'");
        }
        refuse_unless_usual(pre, {"add_prefix_space"});
        if (pre.contains("use_regex") && !truth_at(pre, "use_regex")) {
            complain("a pre_tokenizer without its pattern is not supported");
        }
    }

    // Padding to the longest of some texts adds nothing to one.
    void check_additions() {
        refuse_unless_usual(json_, {"truncation"});
        if (is_set(json_, "padding") &&
            text_at(part(json_, "padding"), "strategy") != "BatchLongest") {
            complain("padding to a fixed length is not supported");
        }
        if (auto const post = json_.find("post_processor");
            is_set(json_, "post_processor") && !adds_nothing(*post)) {
            complain("the post_processor " + quote(text_at(*post, "type")) +
                     " adds ids to a text, which is not supported; with null there texts are read "
                     "without these");
        }
    }

    // ByteLevel moves offsets only, and a template may be of nothing but the text.
    static bool adds_nothing(Json const& post) {
        auto const type = text_at(post, "type");
        auto const list = post.find(type == "Sequence" ? "processors" : "single");
        if (type == "ByteLevel" || list == post.end() || !list->is_array()) {
            return type == "ByteLevel";
        }
        if (type == "Sequence") { return std::all_of(list->begin(), list->end(), adds_nothing); }
        return type == "TemplateProcessing" && list->size() == 1 && list->front().is_object() &&
               list->front().contains("Sequence");
    }

    // A value in a message: numbers and texts as they are, of others only what they are.
    static std::string shown(Json const& json) {
        if (json.is_string()) { return quote(json.get_ref<std::string const&>()); }
        return json.is_number() ? json.dump() : std::string("of type ") + json.type_name();
    }

    std::int32_t read_id(Json const& json, std::string_view of) {
        if (!json.is_number_integer() || json < 0 || json >= most_token_ids) {
            complain("the id of " + quote(of) + " is " + shown(json) +
                     ", expected a whole number below " + std::to_string(most_token_ids));
        }
        return json.get<std::int32_t>();
    }

    // Throws Error if another token has the id, or it is no token that a trainer makes.
    void put(std::int32_t id, std::string bytes) {
        auto const at = static_cast<std::size_t>(id);
        if (bytes.size() > most_token_bytes) {
            complain(quote(bytes) + " has " + std::to_string(bytes.size()) + " bytes, at most " +
                     std::to_string(most_token_bytes) + " are expected");
        }
        if (at >= model_.tokens.size()) { model_.tokens.resize(at + 1); }
        if (!model_.tokens[at].empty() && model_.tokens[at] != bytes) {
            complain(quote(model_.tokens[at]) + " and " + quote(bytes) + " have the same id " +
                     std::to_string(id));
        }
        model_.tokens[at] = std::move(bytes);
    }

    void read_added_tokens() {
        auto const list = json_.find("added_tokens");
        if (list == json_.end() || list->is_null()) { return; }
        if (!list->is_array()) { complain("expected a list 'added_tokens'"); }
        for (Json const& json : *list) {
            std::string const content = json.is_object() ? text_at(json, "content") : "";
            if (content.empty()) { complain("an added token has no content"); }
            refuse_unless_usual(json, {"single_word", "lstrip", "rstrip"});
            auto const given = json.find("id");
            if (given == json.end()) {
                complain("the added token " + quote(content) + " has no id");
            }
            std::int32_t const id = read_id(*given, content);
            put(id, content);
            model_.added.push_back(
                {id, content, truth_at(json, "special"), truth_at(json, "normalized")});
        }
        std::ranges::stable_sort(model_.added, {}, &AddedToken::id);
    }

    [[nodiscard]] bool is_added(std::int32_t id, std::string_view content) const {
        auto const found = std::ranges::lower_bound(model_.added, id, {}, &AddedToken::id);
        return found != model_.added.end() && found->id == id && found->content == content;
    }

    void read_vocab(Json const& vocab) {
        for (auto const& [text, json] : vocab.items()) {
            std::int32_t const id = read_id(json, text);
            if (!is_added(id, text)) {
                auto const bytes = bytes_from_characters(text);
                if (text.empty() || !bytes) {
                    complain(quote(text) + " is not written in the characters of bytes");
                }
                put(id, *bytes);
            }
            ids_.emplace(text, id);
        }
    }

    [[nodiscard]] std::int32_t id_of(std::string_view text) const {
        auto const found = ids_.find(std::string(text));
        if (found == ids_.end()) { complain("a merge has " + quote(text) + ", which has no id"); }
        return found->second;
    }

    void read_merges(Json const& bpe) {
        auto const list = bpe.find("merges");
        if (list == bpe.end() || !list->is_array()) { complain("expected a list 'merges'"); }
        for (Json const& json : *list) {
            auto const [left, right] = sides_of(json);
            model_.merges.emplace_back(id_of(left), id_of(right));
        }
    }

    static std::pair<std::string, std::string> sides_of(Json const& json) {
        if (json.is_string()) {
            auto const& text = json.get_ref<std::string const&>();
            std::size_t const space = text.find(' ');
            if (space != text.npos) { return {text.substr(0, space), text.substr(space + 1)}; }
        } else if (json.is_array() && json.size() == 2 && json[0].is_string() &&
                   json[1].is_string()) {
            return {json[0].get<std::string>(), json[1].get<std::string>()};
        }
        complain("a merge is " + shown(json) + ", expected two tokens");
    }

    Json const& json_;
    BpeModel model_;
    std::unordered_map<std::string, std::int32_t> ids_;
};

}  // namespace detail

/// Reads a tokenizer.json. Throws Error for what is none, or not of this kind.
[[nodiscard]] inline BpeModel bpe_model_from_json(nlohmann::json const& json) {
    if (!json.is_object()) { fail("tokenizer", "expected a JSON object"); }
    return detail::TokenizerReader(json).read();
}
/// The same from the file's content. Throws Error also where that is no JSON.
[[nodiscard]] inline BpeModel parse_tokenizer_json(std::string_view text) {
    return bpe_model_from_json(parse_json("tokenizer", text));
}

/// Writes a tokenizer.json; `indent` below 0 is for one line.
[[nodiscard]] inline std::string tokenizer_json(BpeModel const& model, int indent = -1) {
    using Json = nlohmann::ordered_json;
    Json const byte_level{
        {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}};
    Json json{{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}};
    std::vector<AddedToken const*> added(model.tokens.size());
    json["added_tokens"] = Json::array();
    for (AddedToken const& token : model.added) {
        added[static_cast<std::size_t>(token.id)] = &token;
        json["added_tokens"].push_back({{"id", token.id},
                                        {"special", token.special},
                                        {"content", token.content},
                                        {"single_word", false},
                                        {"lstrip", false},
                                        {"rstrip", false},
                                        {"normalized", token.normalized}});
    }
    json["normalizer"] = model.nfc ? Json{{"type", "NFC"}} : Json();
    for (char const* part : {"pre_tokenizer", "post_processor", "decoder"}) {
        json[part] = byte_level;
    }
    // Readers count the tokens of the model to give ids to those that follow, so added ones with
    // lower ids are among them.
    std::size_t last = model.tokens.size();
    while (last > 0 && (added[last - 1] != nullptr || model.tokens[last - 1].empty())) { --last; }
    std::vector<std::pair<std::string, Json>> vocab;
    auto const text = [&](std::size_t i) {
        return added[i] != nullptr ? model.tokens[i] : bytes_as_characters(model.tokens[i]);
    };
    for (std::size_t i = 0; i < last; ++i) {
        if (!model.tokens[i].empty()) { vocab.emplace_back(text(i), i); }
    }
    Json merges = Json::array();
    for (auto const& [left, right] : model.merges) {
        merges.push_back(text(static_cast<std::size_t>(left)) + " " +
                         text(static_cast<std::size_t>(right)));
    }
    json["model"] = {{"type", "BPE"},
                     {"dropout", nullptr},
                     {"unk_token", nullptr},
                     {"continuing_subword_prefix", nullptr},
                     {"end_of_word_suffix", nullptr},
                     {"fuse_unk", false}};
    json["model"]["vocab"] = Json::object_t(vocab.begin(), vocab.end());
    json["model"]["merges"] = std::move(merges);
    return json.dump(indent);
}

}  // namespace spikelet
