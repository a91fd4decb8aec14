// SPDX-License-Identifier: MIT
// What some neurons of a model do during a short text, for pictures.
#pragma once

#include <string>
#include <vector>

#include <spikelet/autodiff/part_names.hpp>
#include <spikelet/io/spike_pictures.hpp>
#include <spikelet/io/vocabulary.hpp>
#include <spikelet/train/activity.hpp>

namespace spikegpt {

namespace sk = spikelet;

/// What stands for an id beside its spikes, in at most so many characters. A terminal shows it as
/// it is: of control characters there is none.
inline std::string label_of(sk::Vocabulary const& vocabulary, std::int32_t id, int longest = 24) {
    std::string const bytes = vocabulary.decode({&id, 1});
    std::string label;
    int length = 0;
    sk::for_each_code_point(bytes, [&](char32_t c) {
        if (++length > longest) { return; }
        bool const control = c < 0x20 || (c >= 0x7f && c < 0xa0);
        switch (c) {
        case '\n':
            label += "↵";
            break;
        case '\t':
            label += "→";
            break;
        case ' ':
            label += "␣";
            break;
        default:
            sk::append_utf8(label, control ? sk::replacement_character : c);
        }
    });
    return length > longest ? label + "…" : label;
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
