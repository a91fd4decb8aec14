// SPDX-License-Identifier: MIT
#include "conformance/report.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <utility>

#include "conformance/not_covered.hpp"

namespace conformance {

void Report::begin(std::string name) {
    if (cases_ == 0) {
        std::printf("%-36s %-46s %14s %9s  %s\n", "case", "item", "max difference", "allowed",
                    "verdict");
    }
    cases_ += name == case_ ? 0 : 1;
    case_ = std::move(name);
    items_.clear();
}

Report::Item& Report::item(std::string_view name, double allowed) {
    auto const found = std::ranges::find(items_, name, &Item::name);
    if (found != items_.end()) { return *found; }
    Item& fresh = items_.emplace_back();
    fresh.name = name;
    fresh.allowed = allowed;
    return fresh;
}

void Report::add(std::string_view name, std::string_view tensor, double difference, double allowed,
                 std::string note) {
    Item& it = item(name, allowed);
    ++it.tensors;
    if (difference >= it.worst) {
        it.worst = difference;
        it.worst_tensor = tensor;
    }
    if (!(difference <= allowed)) {
        it.faults.push_back({std::string(tensor), difference, std::move(note)});
    }
}

void Report::compare(std::string_view name, std::string_view tensor, Array const& ours,
                     Array const& reference, Tolerance tolerance) {
    std::string note;
    if (ours.shape != reference.shape) {
        note = "ours is " + spikelet::describe(ours.shape) + ", the reference " +
               spikelet::describe(reference.shape);
    }
    double const d = note.empty() ? difference(ours.values, reference.values, tolerance.measure)
                                  : std::numeric_limits<double>::infinity();
    add(name, tensor, d, tolerance.allowed, note);
}

void Report::unchecked(std::string_view name) {
    std::string_view const reason = reason_to_leave_out(case_, name);
    if (reason.empty()) {
        add("what nothing compares", name, std::numeric_limits<double>::infinity(), 0,
            "unknown, and not_covered.hpp does not list it");
    } else {
        item(name, 0).not_covered = reason;
    }
}

void Report::broken(std::string_view reason) {
    ++failed_;
    ++checked_;
    std::printf("%-36s %.*s  FAILED\n", case_.c_str(), static_cast<int>(reason.size()),
                reason.data());
}

void Report::print_line(std::string_view name, double difference, double allowed,
                        std::string_view verdict) const {
    std::printf("%-36s %-46s %14.2g %9.2g  %s\n", case_.c_str(), std::string(name).c_str(),
                difference, allowed, std::string(verdict).c_str());
}

void Report::end() {
    for (Item const& it : items_) {
        if (!it.not_covered.empty()) {
            ++open_;
            std::printf("%-36s %-46s %14s %9s  not covered: %s\n", case_.c_str(), it.name.c_str(),
                        "-", "-", it.not_covered.c_str());
            continue;
        }
        ++checked_;
        failed_ += it.faults.empty() ? 0 : 1;
        bool const many = it.tensors > 1;
        std::string const name = many ? it.name + " (" + std::to_string(it.tensors) + ")" : it.name;
        std::string const worst =
            many && it.worst > 0 ? ", most at " + it.worst_tensor : std::string();
        print_line(name, it.worst, it.allowed, (it.faults.empty() ? "ok" : "FAILED") + worst);
        for (Fault const& fault : it.faults) {
            print_line("  " + fault.tensor, fault.difference, it.allowed,
                       "FAILED" + (fault.note.empty() ? "" : ": " + fault.note));
        }
    }
    items_.clear();
    std::fflush(stdout);
}

bool Report::finish() const {
    std::printf("%td case%s: %td of %td items agree with the reference, %td failed, %td not "
                "covered\n",
                cases_, cases_ == 1 ? "" : "s", checked_ - failed_, checked_, failed_, open_);
    return failed_ == 0 && checked_ > 0;
}

}  // namespace conformance
