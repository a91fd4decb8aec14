// SPDX-License-Identifier: MIT
// Reads Python pickles that are data: a machine with a stack and a memo (PEP 307, PEP 3154;
// pickletools of Python names the opcodes). It makes plain values, tuples, lists and dictionaries.
// What a pickle asks to be called is not called but written down, if its name is among the known
// ones; any other name, and every opcode that makes objects, is refused by its name.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikelet/core/quote.hpp>
#include <spikelet/io/byte_reader.hpp>
#include <spikelet/io/pickle_stack.hpp>
#include <spikelet/io/pickle_value.hpp>

namespace spikelet {

namespace detail {

class PickleMachine : private PickleStack {
public:
    // Reads one pickle from where `in` is. Names are "module.name".
    PickleMachine(ByteReader& in, std::span<std::string_view const> known)
        : PickleStack(in),
          known_(known) {}

    Pickle run() {
        for (;;) {
            auto const code = in_.number<std::uint8_t>("an opcode of the pickle");
            if (code == '.') { break; }
            bool const done = make_plain(code) || make_text(code) || make_container(code) ||
                              fill_container(code) || remember(code) || ask(code);
            if (!done) { refuse_opcode(code); }
        }
        return result();
    }

private:
    bool make_plain(std::uint8_t code) {
        switch (code) {
        case 0x80:  // PROTO
            if (in_.number<std::uint8_t>("a protocol") > 5) { complain("its protocol is unknown"); }
            return true;
        case 0x95:  // FRAME: so many bytes follow, which does not matter here
            in_.take(8, "the length of a frame");
            return true;
        case 'N':
            push(0);
            return true;
        case 0x88:  // NEWTRUE
        case 0x89:  // NEWFALSE
            push_whole(code == 0x88 ? 1 : 0, Kind::truth);
            return true;
        case 'K':  // BININT1
            push_whole(in_.number<std::uint8_t>("a number"));
            return true;
        case 'M':  // BININT2
            push_whole(in_.number<std::uint16_t>("a number"));
            return true;
        case 'J':  // BININT
            push_whole(in_.number<std::int32_t>("a number"));
            return true;
        case 0x8a:  // LONG1
            push_long(in_.text(in_.number<std::uint8_t>("the length of a number"), "a number"));
            return true;
        case 'G':  // BINFLOAT, the highest byte first
            push({.kind = Kind::real,
                  .real = std::bit_cast<double>(
                      __builtin_bswap64(in_.number<std::uint64_t>("a number")))});
            return true;
        default:
            return false;
        }
    }

    bool make_text(std::uint8_t code) {
        switch (code) {
        case 'U':   // SHORT_BINSTRING
        case 0x8c:  // SHORT_BINUNICODE
            push_text(in_.number<std::uint8_t>("the length of a text"));
            return true;
        case 'T':  // BINSTRING
        case 'X':  // BINUNICODE
            push_text(in_.number<std::uint32_t>("the length of a text"));
            return true;
        case 0x8d:  // BINUNICODE8
            push_text(in_.number<std::uint64_t>("the length of a text"));
            return true;
        default:
            return false;
        }
    }

    bool make_container(std::uint8_t code) {
        switch (code) {
        case '(':  // MARK
            mark();
            return true;
        case ')':  // EMPTY_TUPLE
            push({.kind = Kind::tuple});
            return true;
        case 0x85:  // TUPLE1
        case 0x86:  // TUPLE2
        case 0x87:  // TUPLE3
            push({.kind = Kind::tuple, .items = pop(code - 0x84U)});
            return true;
        case 't':  // TUPLE
            push({.kind = Kind::tuple, .items = pop_to_mark()});
            return true;
        case ']':  // EMPTY_LIST
            push({.kind = Kind::list});
            return true;
        case '}':  // EMPTY_DICT
            push({.kind = Kind::dict});
            return true;
        default:
            return false;
        }
    }

    bool fill_container(std::uint8_t code) {
        switch (code) {
        case 'a':  // APPEND
            add(pop(1), Kind::list);
            return true;
        case 'e':  // APPENDS
            add(pop_to_mark(), Kind::list);
            return true;
        case 's':  // SETITEM
            add(pop(2), Kind::dict);
            return true;
        case 'u':  // SETITEMS
            add(pop_to_mark(), Kind::dict);
            return true;
        default:
            return false;
        }
    }

    // The memo: values that come again.
    bool remember(std::uint8_t code) {
        switch (code) {
        case 'q':  // BINPUT
            put(in_.number<std::uint8_t>("a number of the memo"));
            return true;
        case 'r':  // LONG_BINPUT
            put(in_.number<std::uint32_t>("a number of the memo"));
            return true;
        case 0x94:  // MEMOIZE
            put_next();
            return true;
        case 'h':  // BINGET
            get(in_.number<std::uint8_t>("a number of the memo"));
            return true;
        case 'j':  // LONG_BINGET
            get(in_.number<std::uint32_t>("a number of the memo"));
            return true;
        default:
            return false;
        }
    }

    // What other readers would look up and call.
    bool ask(std::uint8_t code) {
        switch (code) {
        case 'c':    // GLOBAL
        case 'i': {  // INST, which also calls
            std::string const module(in_.line("the name of a module"));
            push_name(module + "." + std::string(in_.line("a name in a module")));
            return code == 'c';
        }
        case 0x93: {  // STACK_GLOBAL
            auto const names = pop(2);
            push_name(std::string(text_of(names[0])) + "." + std::string(text_of(names[1])));
            return true;
        }
        case 'R': {  // REDUCE
            auto call = pop(2);
            if (kind(call[0]) != Kind::name || kind(call[1]) != Kind::tuple) {
                complain("it calls something that has no name");
            }
            push({.kind = Kind::call, .items = std::move(call)});
            return true;
        }
        case 'Q':  // BINPERSID
            push({.kind = Kind::outer, .items = pop(1)});
            return true;
        case 'b':  // BUILD
            set_state();
            return true;
        default:
            return false;
        }
    }

    // Attributes, which only dictionaries have; what a call makes may be one.
    void set_state() {
        std::uint32_t const state = pop();
        std::uint32_t const of = top();
        if (kind(state) != Kind::dict || (kind(of) != Kind::dict && kind(of) != Kind::call)) {
            complain("it sets the state of something that is no dictionary");
        }
        value(of).state = state;
    }

    void add(std::vector<std::uint32_t> const& items, Kind to) {
        PickleValue& container = value(top());
        bool const fits =
            container.kind == to || (to == Kind::dict && container.kind == Kind::call);
        if (!fits) { complain("it fills something that is no list or dictionary"); }
        if (to == Kind::dict && items.size() % 2 != 0) { complain("a key has no value"); }
        auto& all = container.items;
        all.insert(all.end(), items.begin(), items.end());
    }

    void push_whole(std::int64_t value, Kind kind = Kind::whole) {
        push({.kind = kind, .whole = value});
    }
    void push_text(std::uint64_t length) {
        push({.kind = Kind::text, .text = in_.text(length, "text")});
    }

    // Bytes of a number in two's complement, the lowest first.
    void push_long(std::string_view bytes) {
        if (bytes.size() > sizeof(std::int64_t)) {
            push({.kind = Kind::whole, .text = bytes});
            return;
        }
        bool const negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
        std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
        for (std::size_t i = bytes.size(); i-- > 0;) {
            value = value << 8 | static_cast<unsigned char>(bytes[i]);
        }
        push_whole(static_cast<std::int64_t>(value));
    }

    void push_name(std::string const& name) {
        for (std::size_t i = 0; i < known_.size(); ++i) {
            if (known_[i] == name) {
                push_whole(static_cast<std::int64_t>(i), Kind::name);
                return;
            }
        }
        complain("it asks for " + quote(name) + ", which is not data that is known here");
    }

    [[nodiscard]] std::string_view text_of(std::uint32_t place) const {
        if (kind(place) != Kind::text) { complain("a name is no text"); }
        return value(place).text;
    }

    [[noreturn]] void refuse_opcode(std::uint8_t code) const {
        constexpr std::string_view digits = "0123456789abcdef";
        std::string const hex{digits[code >> 4], digits[code & 15]};
        std::string const shown =
            code > 0x20 && code < 0x7f ? " " + quote(std::string(1, static_cast<char>(code))) : "";
        complain("it has the opcode 0x" + hex + shown + ", which makes no data that are read here");
    }
    std::span<std::string_view const> known_;
};

}  // namespace detail

/// Reads the pickle that begins where `in` is, up to its end; texts borrow from there. `known` are
/// the names, "module.name", that it may ask for. Throws Error.
[[nodiscard]] inline Pickle read_pickle(ByteReader& in, std::span<std::string_view const> known) {
    return detail::PickleMachine(in, known).run();
}

}  // namespace spikelet
