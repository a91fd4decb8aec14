// SPDX-License-Identifier: MIT
// Where the two forms of PyTorch's files keep the pickle and the storages.
//   zip, since 1.6      NAME/data.pkl, NAME/data/KEY for each storage, NAME/version; entries may be
//                       deflated by other programs
//   stream, before 1.6  pickles of a magic number, the version 1001, facts about the machine, the
//                       object, a list of keys; then for each key a count (i64) and the numbers
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/core/quote.hpp>
#include <spikelet/io/byte_reader.hpp>
#include <spikelet/io/inflate.hpp>
#include <spikelet/io/pickle.hpp>
#include <spikelet/io/torch_names.hpp>
#include <spikelet/io/torch_pickle.hpp>
#include <spikelet/io/zip.hpp>

namespace spikelet::detail {

/// What is described, and the numbers of each storage. They borrow from the file where it has them
/// as they are.
struct TorchStorages {
    TorchTable table;
    std::vector<std::span<std::byte const>> bytes;  ///< one for each of table.storages
    std::vector<std::vector<std::byte>> inflated;
    std::vector<ZipEntry> unchecked;  ///< entries whose CRC-32 nobody has looked at yet
};

inline void check_storage_size(std::string_view where, TorchStorage const& storage,
                               std::uint64_t bytes) {
    if (bytes != static_cast<std::uint64_t>(*storage.bytes())) {
        fail(where, "storage " + quote(storage.key) + " should have " +
                        std::to_string(*storage.bytes()) + " bytes, but has " +
                        std::to_string(bytes));
    }
}

class TorchZip {
public:
    TorchZip(std::span<std::byte const> file, std::string_view where)
        : where_(where),
          entries_(read_zip(file, where)) {
        std::ranges::sort(entries_, {}, &ZipEntry::name);
    }

    TorchStorages storages() {
        ZipEntry const& pickled = pickle_entry();
        std::string const prefix(pickled.name.substr(0, pickled.name.size() - pickle_name.size()));
        check_byte_order(prefix);
        std::string const here = where_ + ": entry " + quote(pickled.name);
        ByteReader in(here, content(pickled, true));
        found_.table = read_torch_pickle(where_, read_pickle(in, torch_names));
        for (TorchStorage const& storage : found_.table.storages) {
            ZipEntry const* const entry = find(prefix + "data/" + storage.key);
            if (entry == nullptr) {
                fail(where_, "there is no entry " + quote(prefix + "data/" + storage.key) +
                                 " for a storage");
            }
            check_storage_size(where_, storage, entry->size);
            found_.bytes.push_back(content(*entry, false));
        }
        return std::move(found_);
    }

private:
    static constexpr std::string_view pickle_name = "data.pkl";

    ZipEntry const& pickle_entry() const {
        auto const is_pickle = [](ZipEntry const& entry) {
            std::size_t const slash = entry.name.find('/');
            return slash != entry.name.npos && entry.name.substr(slash + 1) == pickle_name;
        };
        auto const found = std::ranges::find_if(entries_, is_pickle);
        if (found == entries_.end() || std::ranges::count_if(entries_, is_pickle) != 1) {
            fail(where_, "not a file of PyTorch: the archive should have one entry NAME/data.pkl");
        }
        return *found;
    }

    void check_byte_order(std::string const& prefix) {
        ZipEntry const* const order = find(prefix + "byteorder");
        if (order == nullptr) { return; }
        ByteReader in(where_, content(*order, true));
        if (in.text(in.left(), "an order of bytes") != "little") {
            fail(where_, "its numbers have their highest byte first");
        }
    }

    ZipEntry const* find(std::string_view name) const {
        auto const found = std::ranges::lower_bound(entries_, name, {}, &ZipEntry::name);
        return found != entries_.end() && found->name == name ? &*found : nullptr;
    }

    std::span<std::byte const> content(ZipEntry const& entry, bool check) {
        std::string const here = where_ + ": entry " + quote(entry.name);
        if (entry.method == ZipEntry::Method::deflated) {
            return found_.inflated.emplace_back(inflate(entry, here));
        }
        if (check) {
            check_crc32(entry.bytes, entry.crc, here);
        } else {
            found_.unchecked.push_back(entry);
        }
        return entry.bytes;
    }

    std::string where_;
    std::vector<ZipEntry> entries_;
    TorchStorages found_;
};

class TorchStream {
public:
    TorchStream(std::span<std::byte const> file, std::string_view where)
        : where_(where),
          in_(where_, file) {}

    TorchStorages storages() {
        check_start();
        TorchStorages found;
        found.table = read_torch_pickle(where_, read_pickle(in_, torch_names));
        auto const& storages = found.table.storages;
        std::map<std::string_view, std::size_t> waiting;
        for (std::size_t i = 0; i < storages.size(); ++i) { waiting.emplace(storages[i].key, i); }
        found.bytes.resize(storages.size());
        Pickle const keys = read_pickle(in_, {});
        for (std::uint32_t const place : keys.at(keys.root).items) {
            auto const next = waiting.find(keys.at(place).text);
            if (next == waiting.end()) {
                fail(where_, "storage " + quote(keys.at(place).text) +
                                 " belongs to no tensor, or is there twice");
            }
            found.bytes[next->second] = numbers_of(storages[next->second]);
            waiting.erase(next);
        }
        if (!waiting.empty()) {
            fail(where_, "there is no storage " + quote(waiting.begin()->first));
        }
        if (in_.left() > 0) { fail(where_, "it goes on after its last storage"); }
        return found;
    }

private:
    void check_start() {
        constexpr std::string_view magic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
        Pickle const number = read_pickle(in_, {});
        if (number.at(number.root).text != magic) {
            fail(where_, "not a file of PyTorch: it does not begin with the magic number");
        }
        Pickle const version = read_pickle(in_, {});
        if (version.at(version.root).whole != 1001) {
            fail(where_, "its version is not 1001, that of PyTorch before 1.6");
        }
        Pickle const machine = read_pickle(in_, {});
        auto const& facts = machine.at(machine.root).items;
        for (std::size_t i = 0; i + 1 < facts.size(); i += 2) {
            bool const order = machine.at(facts[i]).text == "little_endian";
            if (order && machine.at(facts[i + 1]).whole != 1) {
                fail(where_, "its numbers have their highest byte first");
            }
        }
    }

    std::span<std::byte const> numbers_of(TorchStorage const& storage) {
        std::string const what = "the numbers of storage " + quote(storage.key);
        auto const count = in_.number<std::int64_t>("the size of storage " + quote(storage.key));
        if (count != storage.count) {
            fail(where_, "storage " + quote(storage.key) + " should have " +
                             std::to_string(storage.count) + " numbers, but has " +
                             std::to_string(count));
        }
        return in_.take(static_cast<std::uint64_t>(*storage.bytes()), what);
    }

    std::string where_;
    ByteReader in_;
};

}  // namespace spikelet::detail
