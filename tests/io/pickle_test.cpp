// SPDX-License-Identifier: MIT
#include <spikelet/io/pickle.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <spikelet/core/error.hpp>
#include <spikelet/io/byte_reader.hpp>

namespace spikelet_test::pickle_test {

using namespace spikelet;
using namespace std::string_literals;

using Kind = PickleValue::Kind;

namespace {

constexpr std::array<std::string_view, 2> known{"collections.OrderedDict", "a.b.f"};

Pickle read(std::string const& text) {
    ByteReader in("'p'", std::as_bytes(std::span(text)));
    return read_pickle(in, known);
}

std::string complaint(std::string const& text) {
    try {
        static_cast<void>(read(text));
    } catch (Error const& error) { return error.what(); }
    return {};
}

bool complains(std::string const& text, std::string_view of) {
    return complaint(text).find(of) != std::string::npos;
}

}  // namespace

TEST_CASE("pickle: plain values are read") {
    auto const whole = [](std::string const& text) {
        Pickle const pickle = read(text);
        CHECK(pickle.at(pickle.root).kind == Kind::whole);
        return pickle.at(pickle.root).whole;
    };
    CHECK(whole("\x80\2K\xff.") == 255);
    CHECK(whole("M\1\2.") == 513);
    CHECK(whole("J\xfe\xff\xff\xff.") == -2);
    CHECK(whole("\x8a\0."s) == 0);
    CHECK(whole("\x8a\1\xff.") == -1);
    CHECK(whole("\x8a\2\xff\0."s) == 255);
    CHECK(whole("\x8a\x08\0\0\0\0\0\0\0\x80."s) == INT64_MIN);
    Pickle const real = read("G\xbf\xf8\0\0\0\0\0\0."s);
    CHECK(real.at(real.root).real == -1.5);
    Pickle const none = read("N.");
    CHECK(none.at(none.root).kind == Kind::none);
    Pickle const truth = read("\x88.");
    CHECK(truth.at(truth.root).kind == Kind::truth);
    CHECK(truth.at(truth.root).whole == 1);
    std::string const long_text = "X\3\0\0\0abc."s;  // texts borrow
    Pickle const text = read(long_text);
    CHECK(text.at(text.root).text == "abc");
    std::string const wide_text = "\x8d\3\0\0\0\0\0\0\0abc."s;
    Pickle const wide = read(wide_text);
    CHECK(wide.at(wide.root).text == "abc");
}

TEST_CASE("pickle: containers are filled, and the memo brings values back") {
    std::string const list = "]q\0(K\1K\2eh\0a."s;  // a list that is its own third item
    Pickle const own = read(list);
    PickleValue const& root = own.at(own.root);
    CHECK(root.kind == Kind::list);
    REQUIRE(root.items.size() == 3);
    CHECK(own.at(root.items[1]).whole == 2);
    CHECK(root.items[2] == own.root);

    Pickle const dict = read("}(K\1NK\2\x89uK\3)s.");
    CHECK(dict.at(dict.root).items.size() == 6);
    Pickle const tuples = read("(K\1K\2\x86N\x85t.");
    REQUIRE(tuples.at(tuples.root).items.size() == 2);
    CHECK(tuples.at(tuples.at(tuples.root).items[0]).items.size() == 2);
    Pickle const counted = read("\x80\4\x95\0\0\0\0\0\0\0\0K\5\x94K\6\x94h\1h\0\x86\x86\x86."s);
    PickleValue const& outer = counted.at(counted.root);
    CHECK(counted.at(outer.items[0]).whole == 5);
    Pickle const wide = read("K\7r\0\0\0\0K\1j\0\0\0\0\x87."s);
    CHECK(wide.at(wide.at(wide.root).items[2]).whole == 7);
}

TEST_CASE("pickle: known names are called on paper only") {
    Pickle const call = read("ccollections\nOrderedDict\n)R(K\1K\2u}K\3K\4sb.");
    PickleValue const& made = call.at(call.root);
    CHECK(made.kind == Kind::call);
    CHECK(call.at(made.items[0]).kind == Kind::name);
    CHECK(call.at(made.items[0]).whole == 0);
    CHECK(made.items.size() == 4);
    CHECK(call.at(made.state).items.size() == 2);
    Pickle const from_stack = read("\x8c\3a.b\x8c\1f\x93.");
    CHECK(from_stack.at(from_stack.root).whole == 1);
    Pickle const outer = read("K\7Q.");
    CHECK(outer.at(outer.root).kind == Kind::outer);
}

TEST_CASE("pickle: everything that is not data is refused by its name") {
    CHECK(complaint("\x80\2cos\nsystem\n.") ==
          "'p': the pickle cannot be read, at byte 13: it asks for 'os.system', which is not data "
          "that is known here");
    CHECK(complains("\x8c\2os\x8c\6system\x93.", "asks for 'os.system'"));
    CHECK(complains("(ios\nsystem\n.", "asks for 'os.system'"));
    CHECK(complains("cbuiltins\neval\n(K\1tR.", "asks for 'builtins.eval'"));
    CHECK(complaint("ca\nb.f\n.").empty());               // the same name, cut elsewhere
    CHECK(complains("ca.b\nf\n)\x81.", "opcode 0x81"));   // NEWOBJ
    CHECK(complains("(ia.b\nf\n.", "opcode 0x69 'i'"));   // INST of a known name
    CHECK(complains("(ca.b\nf\no.", "opcode 0x6f 'o'"));  // OBJ
    CHECK(complains("\x82\1.", "opcode 0x82"));           // EXT1
    CHECK(complains("P0\n.", "opcode 0x50 'P'"));         // PERSID
    CHECK(complains("\x8f.", "opcode 0x8f"));             // EMPTY_SET
    CHECK(complains("\x97.", "opcode 0x97"));             // NEXT_BUFFER
    CHECK(complains("K\1)R.", "calls something that has no name"));
    CHECK(complains("K\1}b.", "sets the state of something that is no dictionary"));
    CHECK(complains("\x80\6N.", "its protocol is unknown"));
}

TEST_CASE("pickle: nothing is taken that is not there") {
    CHECK(complains("", "at byte 0 should be 1 bytes of an opcode"));
    CHECK(complains("N", "at byte 1 should be 1 bytes of an opcode"));
    CHECK(complains("X\xff\xff\xff\xff.", "should be 4294967295 bytes of text"));
    CHECK(complains("\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "should be 18446744073709551615"));
    CHECK(complains("cos", "of the name of a module"));
    CHECK(complains(".", "takes more values than it has"));
    CHECK(complains("K\1\x86.", "takes more values than it has"));
    CHECK(complains("K\1(\x85.", "takes more values than it has"));  // below a mark
    CHECK(complains("t.", "takes more values than it has"));
    CHECK(complains("NN.", "ends with more than one value"));
    CHECK(complains("(N.", "ends with more than one value"));
    CHECK(complains("](K\1u.", "fills something that is no list or dictionary"));
    CHECK(complains("}(K\1u.", "a key has no value"));
    CHECK(complains("K\1K\2\x93.", "a name is no text"));
}

TEST_CASE("pickle: the memo, the marks and the values are bounded") {
    CHECK(complains("h\0."s, "its memo has no number 0"));
    CHECK(complains("Nq\1h\0."s, "its memo has no number 0"));
    CHECK(complains("Nr\xff\xff\xff\xff.", "its memo has the number 4294967295"));
    CHECK(complains("Nr\x00\x00\x01\x00."s, "its memo has the number 65536"));
    CHECK(complains("j\xff\xff\xff\xff.", "its memo has no number 4294967295"));
    CHECK(complains(std::string(1001, '('), "it is nested too deeply"));
    CHECK(complains(std::string(2'000'001, ']'), "more than two million values"));
    CHECK(complains("]q\0("s + std::string(2'100'000, 'N') + "e.", "more than two million values"));
}

}  // namespace spikelet_test::pickle_test
