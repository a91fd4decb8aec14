// SPDX-License-Identifier: MIT
#include "determinism.hpp"

#include <algorithm>

namespace spikegpt {

namespace {

/// Ids [first, first + time) of some rows.
sk::Tokens part_of(sk::Tokens const& all, sk::index row, sk::index rows, sk::index first,
                   sk::index time) {
    sk::Tokens part;
    part.resize(rows, time);
    for (sk::index b = 0; b < rows; ++b) {
        std::ranges::copy(all.row(row + b).subspan(static_cast<std::size_t>(first),
                                                   static_cast<std::size_t>(time)),
                          part.row(b).begin());
    }
    return part;
}

class Reader {
public:
    Reader(StoredNet const& net, Computer const& computer, sk::Tokens const& texts)
        : net_(net),
          computer_(computer),
          texts_(texts) {}

    /// So many texts at once, in pieces of so many ids.
    ShownBits in_batches(sk::index rows, sk::index piece, int threads) {
        ShownBits bits(net_, texts_.batch, texts_.time);
        auto const predictor = computer_.engine().predictor(net_, {.carry_state = true}, threads);
        predictor->observe(&bits);
        for (sk::index row = 0; row < texts_.batch; row += rows) {
            sk::index const some = std::min(rows, texts_.batch - row);
            predictor->reset();
            for (sk::index first = 0; first < texts_.time; first += piece) {
                auto const part =
                    part_of(texts_, row, some, first, std::min(piece, texts_.time - first));
                bits.expect(row, some, first);
                static_cast<void>(predictor->nats(part, part));
            }
        }
        return bits;
    }

    /// Each text as a stream of chunks.
    ShownBits in_streams(sk::index chunk, int threads) {
        ShownBits bits(net_, texts_.batch, texts_.time);
        for (sk::index row = 0; row < texts_.batch; ++row) {
            auto const stream = computer_.engine().stream(net_, chunk, threads);
            stream->observe(&bits);
            for (sk::index first = 0; first < texts_.time; first += chunk) {
                auto const part =
                    part_of(texts_, row, 1, first, std::min(chunk, texts_.time - first));
                bits.expect(row, 1, first);
                static_cast<void>(stream->feed(part.ids));
            }
        }
        return bits;
    }

private:
    StoredNet const& net_;
    Computer const& computer_;
    sk::Tokens const& texts_;
};

}  // namespace

std::vector<WayToRead> read_in_all_ways(StoredNet const& net, Computer const& computer,
                                        sk::Tokens const& texts) {
    Reader reader(net, computer, texts);
    int const threads = std::max(2, computer.threads);
    sk::index const all = texts.batch, whole = texts.time;
    std::vector<WayToRead> ways{{"one by one, 1 thread"}};
    ShownBits const expected = reader.in_batches(1, whole, 1);
    ways[0].values = expected.in_common(expected);
    auto const add = [&](std::string const& name, ShownBits const& bits, bool is_stream) {
        ways.push_back({name, expected.in_common(bits), expected.first_difference(bits),
                        expected.first_missing(bits, is_stream)});
    };
    auto const compare = [&](std::string const& name, ShownBits const& bits) {
        add(name, bits, false);
    };
    auto const stream = [&](std::string const& name, ShownBits const& bits) {
        add(name, bits, true);
    };
    std::string const several = fmt::format("{} threads", threads);
    compare("one by one, " + several, reader.in_batches(1, whole, threads));
    compare(fmt::format("{} at once, 1 thread", all), reader.in_batches(all, whole, 1));
    compare(fmt::format("{} at once, {}", all, several), reader.in_batches(all, whole, threads));
    compare(fmt::format("{} at once, pieces of 7 ids, {}", all, several),
            reader.in_batches(all, 7, threads));
    stream("streams of single ids, 1 thread", reader.in_streams(1, 1));
    stream("streams of 5 ids at a time, 1 thread", reader.in_streams(5, 1));
    stream("streams of 64 ids at a time, " + several, reader.in_streams(64, threads));
    return ways;
}

int say_ways(std::vector<WayToRead> const& ways, sk::Tokens const& texts, Computer const& computer,
             Output const& out) {
    out.say("{} of {}, read in {} ways, by {}", counted(texts.batch, "text"),
            counted(texts.time, "id"), ways.size(), computer.instructions->name);
    auto list = Json::array();
    bool same = true;
    for (WayToRead const& way : ways) {
        auto const& d = way.difference;
        bool const good = !d && !way.missing && way.values > 0;
        same = same && good;
        std::string const text =
            d ? fmt::format("{} differs first, at id {} of text {}", d->value, d->id, d->text)
            : way.missing ? fmt::format("{} is not shown", *way.missing)
                          : fmt::format("{} values, the same bits", way.values);
        out.say("{:<40} {}", way.name, text);
        Json json{{"way", way.name}, {"values", way.values}, {"same_bits", good}};
        if (way.missing) { json["missing"] = *way.missing; }
        if (d) { json.update({{"value", d->value}, {"text", d->text}, {"id", d->id}}); }
        list.push_back(json);
    }
    out.result({{"command", "eval"},
                {"texts", texts.batch},
                {"tokens", texts.time},
                {"same_bits", same},
                {"ways", list},
                {"cpu", computer.instructions->name}});
    return same ? 0 : 1;
}

}  // namespace spikegpt
