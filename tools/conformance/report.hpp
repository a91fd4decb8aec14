// SPDX-License-Identifier: MIT
// The table that the program prints: one line for each item of a case, one more for each tensor
// that is too far away.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conformance/array.hpp"

namespace conformance {

class Report {
public:
    /// From here on, items belong to the case of this name.
    void begin(std::string name);

    /// A difference of one tensor, which counts to an item.
    void add(std::string_view item, std::string_view tensor, double difference, double allowed,
             std::string note = "");

    /// Compares one tensor; shapes must agree, too.
    void compare(std::string_view item, std::string_view tensor, Array const& ours,
                 Array const& reference, Tolerance tolerance);

    /// Something that is there and that nothing compares: a fault, unless not_covered.hpp says why.
    void unchecked(std::string_view item);

    /// Something that could not be read.
    void broken(std::string_view reason);

    /// Prints the lines of the case and forgets them.
    void end();

    /// Prints the last line. Returns whether something was compared, and everything was good.
    bool finish() const;

private:
    struct Fault {
        std::string tensor;
        double difference;
        std::string note;
    };

    struct Item {
        std::string name;
        double allowed = 0;
        double worst = 0;
        std::string worst_tensor;
        index tensors = 0;
        std::vector<Fault> faults;
        std::string not_covered;  // why, or empty
    };

    Item& item(std::string_view name, double allowed);
    void print_line(std::string_view item, double difference, double allowed,
                    std::string_view verdict) const;

    std::string case_;
    std::vector<Item> items_;
    index cases_ = 0;
    index checked_ = 0;
    index failed_ = 0;
    index open_ = 0;
};

}  // namespace conformance
