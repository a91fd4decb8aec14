// SPDX-License-Identifier: MIT
#include <string>

#include <doctest/doctest.h>

#include <spikelet/io/byte_trie.hpp>

namespace spikelet_test::byte_trie_test {

using namespace spikelet;

namespace {

std::string split(ByteTrie const& words, std::string_view text) {
    std::string parts;
    split_at_words(
        words, text, [&](std::string_view part) { parts += "[" + std::string(part) + "]"; },
        [&](std::int32_t id) { parts += std::to_string(id); });
    return parts;
}

}  // namespace

TEST_CASE("byte_trie: the longest word is found") {
    ByteTrie words;
    CHECK(words.empty());
    words.add("ab", 1);
    words.add("abcd", 2);
    words.add("\xff", 3);
    CHECK_FALSE(words.empty());
    CHECK(words.longest("abcde").id == 2);
    CHECK(words.longest("abcde").length == 4);
    CHECK(words.longest("abc").id == 1);
    CHECK(words.longest("a").length == 0);
    CHECK(words.longest("").length == 0);
    CHECK(words.longest("bab").length == 0);
    CHECK(words.longest("\xff").id == 3);
    words.add("ab", 7);
    CHECK(words.longest("ab").id == 7);
    CHECK(words.may_start('a'));
    CHECK_FALSE(words.may_start('b'));
}

TEST_CASE("byte_trie: a text is split at words, leftmost first") {
    ByteTrie words;
    CHECK(split(words, "abc") == "[abc]");
    words.add("ab", 1);
    words.add("bcd", 2);
    CHECK(split(words, "") == "");
    CHECK(split(words, "abcdab") == "1[cd]1");
    CHECK(split(words, "xbcdbcdy") == "[x]22[y]");
    CHECK(split(words, "xabc") == "[x]1[c]");
}

}  // namespace spikelet_test::byte_trie_test
