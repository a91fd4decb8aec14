// SPDX-License-Identifier: MIT
// The memory of the machine that reads pickles: its values, its stack with marks, its memo. All of
// them are bounded, whatever the pickle says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikelet/core/error.hpp>
#include <spikelet/io/byte_reader.hpp>
#include <spikelet/io/pickle_value.hpp>

namespace spikelet::detail {

class PickleStack {
protected:
    using Kind = PickleValue::Kind;

    explicit PickleStack(ByteReader& in) : in_(in), begin_(in.place()), values_(1) {}

    [[nodiscard]] PickleValue& value(std::uint32_t place) { return values_[place]; }
    [[nodiscard]] PickleValue const& value(std::uint32_t place) const { return values_[place]; }
    [[nodiscard]] Kind kind(std::uint32_t place) const { return values_[place].kind; }

    void push(PickleValue value) {
        push(static_cast<std::uint32_t>(values_.size()));
        values_.push_back(std::move(value));
    }
    void push(std::uint32_t place) {
        if (++pushes_ > most_pushes) { complain("it has more than two million values"); }
        stack_.push_back(place);
    }

    [[nodiscard]] std::uint32_t top() const {
        if (loose() == 0) { complain("it takes more values than it has"); }
        return stack_.back();
    }
    std::uint32_t pop() { return pop(1).front(); }
    std::vector<std::uint32_t> pop(std::size_t count) {
        if (loose() < count) { complain("it takes more values than it has"); }
        auto const first = stack_.end() - static_cast<std::ptrdiff_t>(count);
        std::vector<std::uint32_t> taken(first, stack_.end());
        stack_.erase(first, stack_.end());
        return taken;
    }

    void mark() {
        if (marks_.size() == most_marks) { complain("it is nested too deeply"); }
        marks_.push_back(stack_.size());
    }
    std::vector<std::uint32_t> pop_to_mark() {
        if (marks_.empty()) { complain("it takes more values than it has"); }
        auto taken = pop(loose());
        marks_.pop_back();
        return taken;
    }

    // Each number is used first by an opcode of its own, so there are fewer of them than bytes.
    void put(std::size_t number) {
        if (number >= in_.place() - begin_) {
            complain("its memo has the number " + std::to_string(number) + ", more than it can");
        }
        if (number >= memo_.size()) { memo_.resize(number + 1, no_value); }
        memo_[number] = top();
        ++puts_;
    }
    void put_next() { put(puts_); }
    void get(std::size_t number) {
        if (number >= memo_.size() || memo_[number] == no_value) {
            complain("its memo has no number " + std::to_string(number));
        }
        push(memo_[number]);
    }

    // All values, when the last is the only one on the stack.
    Pickle result() {
        std::uint32_t const root = pop();
        if (!stack_.empty() || !marks_.empty()) { complain("it ends with more than one value"); }
        return {std::move(values_), root};
    }

    [[noreturn]] void complain(std::string const& message) const {
        fail(in_.where(),
             "the pickle cannot be read, at byte " + std::to_string(in_.place()) + ": " + message);
    }

    ByteReader& in_;

private:
    // Enough for tensors by the ten thousand. A value takes 64 bytes.
    static constexpr std::size_t most_pushes = 2'000'000;
    static constexpr std::size_t most_marks = 1000;
    static constexpr std::uint32_t no_value = ~std::uint32_t{0};

    // Values above the last mark are there to be taken, those below wait until it is used.
    [[nodiscard]] std::size_t loose() const {
        return stack_.size() - (marks_.empty() ? 0 : marks_.back());
    }

    std::size_t begin_;
    std::vector<PickleValue> values_;
    std::vector<std::uint32_t> stack_;
    std::vector<std::size_t> marks_;
    std::vector<std::uint32_t> memo_;
    std::size_t pushes_ = 0;
    std::size_t puts_ = 0;
};

}  // namespace spikelet::detail
