// SPDX-License-Identifier: MIT
// What some neurons of a model do during a short text, for pictures.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <utf8proc.h>

#include <spikelet/autodiff/part_names.hpp>
#include <spikelet/io/spike_pictures.hpp>
#include <spikelet/io/vocabulary.hpp>
#include <spikelet/train/activity.hpp>

namespace spikegpt {

namespace sk = spikelet;

/// What a terminal shows for a character in a line: of control characters there is none.
inline char32_t visible(char32_t c) {
    bool const control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    switch (c) {
    case '\n':
        return U'↵';
    case '\t':
        return U'→';
    case ' ':
        return U'␣';
    default:
        return control ? sk::replacement_character : c;
    }
}

/// Columns of a terminal that a character takes: 2 for a wide one, 0 for an accent of its own.
inline int columns_of(char32_t c) { return utf8proc_charwidth(static_cast<utf8proc_int32_t>(c)); }

/// `label` at the end of so many columns, or as it is if it takes more.
inline std::string right_aligned(std::string const& label, int columns) {
    sk::for_each_code_point(label, [&](char32_t c) { columns -= columns_of(c); });
    return std::string(static_cast<std::size_t>(std::max(columns, 0)), ' ') + label;
}

/// What stands for an id beside its spikes, in at most so many columns, and one more where it is
/// cut.
inline std::string label_of(sk::Vocabulary const& vocabulary, std::int32_t id, int longest = 24) {
    std::string const bytes = vocabulary.decode({&id, 1});
    std::string label;
    int columns = 0;
    sk::for_each_code_point(bytes, [&](char32_t c) {
        columns += columns_of(visible(c));
        if (columns <= longest) { sk::append_utf8(label, visible(c)); }
    });
    return columns > longest ? label + "…" : label;
}

/// Keeps the spikes and charges of sites, the first neurons of each, in passes over one sequence.
class SpikeRecorder final : public sk::Observer {
public:
    /// The model must stay where it is.
    template <class Model>
    SpikeRecorder(Model const& model, std::vector<std::string> sites, sk::index most_neurons)
        : names_(model),
          sites_(std::move(sites)),
          most_neurons_(most_neurons) {}

    void see(sk::Tap const& tap) override {
        std::string const name = names_(tap);
        std::string const site = name.substr(0, name.rfind('.'));
        if (std::ranges::find(sites_, site) == sites_.end()) { return; }
        bool const charge = tap.name == "h" || tap.name == "u";
        if (charge && tap.kind == sk::Tap::Kind::f32) { charge_ = tap; }
        if (tap.name == "s") { records_.push_back(record_of(tap, site)); }
    }

    /// In the order in which they fired.
    [[nodiscard]] std::vector<sk::SpikeRecord> const& records() const { return records_; }

    /// Forgets the passes so far.
    void clear() { records_.clear(); }

private:
    sk::SpikeRecord record_of(sk::Tap const& tap, std::string const& site) const {
        sk::index const neurons = std::min(tap.last, most_neurons_);
        auto const size = static_cast<std::size_t>(tap.rows * neurons);
        sk::SpikeRecord record{.name = site, .neurons = neurons};
        record.spikes.resize(size);
        sk::each_active(tap, [&](sk::index row, sk::index neuron) {
            if (neuron < neurons) {
                record.spikes[static_cast<std::size_t>(row * neurons + neuron)] = 1;
            }
        });
        if (charge_.layer != tap.layer || charge_.layer_type != tap.layer_type) { return record; }
        auto const* const from = static_cast<float const*>(charge_.data);
        for (sk::index row = 0; row < tap.rows; ++row) {
            record.charges.insert(record.charges.end(), from + row * tap.last,
                                  from + row * tap.last + neurons);
        }
        return record;
    }

    sk::PartNames names_;
    std::vector<std::string> sites_;
    sk::index most_neurons_;
    sk::Tap charge_{};  // of a site that has not shown its spikes yet
    std::vector<sk::SpikeRecord> records_;
};

}  // namespace spikegpt
