// SPDX-License-Identifier: MIT
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <spikelet/io/bpe_trainer.hpp>
#include <spikelet/io/vocabulary.hpp>

#include "io/support.hpp"
#include "io/tokens.hpp"

namespace spikelet_test::bpe_trainer_test {

using namespace spikelet;

namespace {

std::vector<std::string> learned(std::string_view text, spikelet::index merges) {
    BpeTrainer trainer;
    trainer.add(text);
    while (trainer.merges() < merges && trainer.learn()) {}
    auto const& tokens = trainer.model().tokens;
    return {tokens.begin() + 257, tokens.end()};
}

// The same by counting all pairs anew for each merge.
std::vector<std::pair<std::int32_t, std::int32_t>> merges_by_hand(std::string const& text,
                                                                  spikelet::index merges) {
    BpeModel model = BpeTrainer().model();
    for (spikelet::index k = 0; k < merges; ++k) {
        ByteBpe const bpe(model);
        std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> counts;
        bpe.for_each_piece(text, true, [&](std::string_view piece) {
            Ids ids;
            bpe.encode(piece, true, ids);
            for (std::size_t i = 0; i + 1 < ids.size(); ++i) { ++counts[{ids[i], ids[i + 1]}]; }
        });
        auto best = counts.end();
        for (auto i = counts.begin(); i != counts.end(); ++i) {
            if (best == counts.end() || i->second > best->second) { best = i; }
        }
        if (best == counts.end() || best->second < 2) { break; }
        auto const [left, right] = best->first;
        std::string const joined = std::string(bpe.bytes_of(left)).append(bpe.bytes_of(right));
        if (std::ranges::find(model.tokens, joined) == model.tokens.end()) {
            model.tokens.push_back(joined);
        }
        model.merges.push_back(best->first);
    }
    return model.merges;
}

}  // namespace

TEST_CASE("bpe_trainer: the pair that occurs most becomes a token") {
    CHECK(learned("ab ab ab cd", 1) == std::vector<std::string>{"ab"});
    CHECK(learned("hug hug pug pun bun hugs", 3) == std::vector<std::string>{"ug", "hug", "un"});
}

TEST_CASE("bpe_trainer: of pairs that occur as often the lowest comes first") {
    CHECK(learned("zb\nzb\nab\nab", 1) == std::vector<std::string>{"ab"});
    CHECK(learned("ab\nac\nac\nab", 1) == std::vector<std::string>{"ab"});
}

TEST_CASE("bpe_trainer: it ends where no pair occurs twice") {
    CHECK(learned("abcd", 10).empty());
    CHECK(learned("", 10).empty());
    CHECK(learned("ab ab", 10) == std::vector<std::string>{"ab"});
}

TEST_CASE("bpe_trainer: ids are the end of text, bytes by their characters, merges") {
    BpeTrainer const trainer;
    BpeModel const& model = trainer.model();
    CHECK(model.tokens.size() == 257);
    CHECK(model.tokens[0] == "<|endoftext|>");
    CHECK(model.tokens[1] == "!");
    CHECK(model.tokens[256] == "\xad");
    CHECK(ByteBpe(model).end_of_text() == 0);
}

TEST_CASE("bpe_trainer: it learns what counting anew for each merge finds") {
    Rng rng(5);
    for (int i = 0; i < 20; ++i) {
        std::string text;
        for (int k = 0; k < 300; ++k) { text += "aaabbc d"[rng.below(8)]; }
        BpeTrainer trainer;
        trainer.add(text);
        while (trainer.merges() < 25 && trainer.learn()) {}
        CAPTURE(text);
        CHECK(trainer.model().merges == merges_by_hand(text, trainer.merges()));
    }
}

TEST_CASE("bpe_trainer: text in portions has the result of the whole") {
    Rng rng(6);
    std::string const text = random_text(rng, 2000);
    BpeTrainer whole, portions;
    whole.add(text);
    take_in_portions(text, 500,
                     [&](std::string_view part, bool ends) { return portions.add(part, ends); });
    while (whole.merges() < 50 && whole.learn()) { portions.learn(); }
    CHECK(whole.merges() == 50);
    CHECK(whole.model() == portions.model());
}

TEST_CASE("bpe_trainer: what was learned is a tokenizer that gives text back") {
    std::string const text = read_file(SPIKELET_SOURCE_DIR "/README.md");
    BpeTrainer trainer;
    trainer.add(text);
    while (trainer.merges() < 300 && trainer.learn()) {}
    CHECK(parse_tokenizer_json(tokenizer_json(trainer.model(), 2)) == trainer.model());
    auto const vocabulary = Vocabulary::of_tokens(std::make_shared<ByteBpe>(trainer.model()));
    CHECK(vocabulary.size() == 557);
    auto const ids = vocabulary.encode(text);
    CHECK(vocabulary.decode(ids) == text);
    CHECK(ids.size() < text.size() / 2);
}

TEST_CASE("bpe_trainer: no token of one long run is longer than a reader takes") {
    std::string const text(4 * most_token_bytes, 'a');
    BpeTrainer trainer;
    trainer.add(text + "\nb b b");
    while (trainer.learn()) {}
    auto const& tokens = trainer.model().tokens;
    auto const longest = std::ranges::max_element(tokens, {}, &std::string::size);
    CHECK(longest->size() == most_token_bytes);
    CHECK(tokens.back() == " b");  // what comes after the run, and is rarer
    BpeModel const read = parse_tokenizer_json(tokenizer_json(trainer.model(), 2));
    CHECK(read == trainer.model());
    CHECK(ByteBpe(read).bytes_of(static_cast<std::int32_t>(longest - tokens.begin())) == *longest);
}

}  // namespace spikelet_test::bpe_trainer_test
