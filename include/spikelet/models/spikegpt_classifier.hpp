// SPDX-License-Identifier: MIT
// A SpikeGPT that tells classes of texts apart (arXiv 2302.13939, section 4.3, equations 10 to 12:
// mean pooling, then a perceptron; the official repository lacks the file with the model, so that
// what is averaged is our reading):
//   h = mean of ln_out(x_t) over the ids of the text
//   logits = W2 relu(W1 h + b1) + b2
// Texts of a batch are filled up to the longest at their ends. Nothing looks ahead, so what stands
// there changes neither h nor a gradient, whatever ids it has.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <spikelet/models/spikegpt.hpp>
#include <spikelet/ops/bias.hpp>
#include <spikelet/ops/mean_over_time.hpp>

namespace spikelet {

/// y [..., Out] = relu(x W1 + b1) W2 + b2 for x [..., In]. Both in and out of the hidden layer,
/// dropout in training.
template <class T = float>
struct ClassifyHead {
    Linear<dyn, dyn, T> in;           ///< W1
    Linear<dyn, dyn, T> out;          ///< W2
    BasicParameter<T, dyn> in_bias;   ///< b1
    BasicParameter<T, dyn> out_bias;  ///< b2
    double dropout_rate = 0.0;        ///< from 0 to below 1
    SPIKELET_PARTS(in, in_bias, out, out_bias)

    /// In, hidden width and Out, and the dropout's rate.
    ClassifyHead(index channels, index hidden, index classes, double rate = 0.0)
        : in{channels, hidden},
          out{hidden, classes},
          in_bias{hidden},
          out_bias{classes},
          dropout_rate(rate) {}

    constexpr auto operator()(auto x) const {
        auto const h = relu(add_bias(in(dropout(x, dropout_rate)), in_bias));
        return add_bias(out(dropout(h, dropout_rate)), out_bias);
    }
};

/// The sizes of a head.
struct ClassifyHeadSizes {
    index hidden = 64;     ///< channels between the two matrices
    index classes = 2;     ///< classes to tell apart
    double dropout = 0.0;  ///< in training, of what both matrices read

    static constexpr index most_hidden = index{1} << 20;  ///< the largest `hidden`
    static constexpr index most_classes = 4096;           ///< the largest `classes`

    /// Throws Error unless all are within their limits.
    void check() const {
        auto const check_size = [](std::string const& name, index size, index least, index most) {
            if (size >= least && size <= most) { return; }
            fail("classifier", name + " is " + std::to_string(size) + ", expected " +
                                   std::to_string(least) + " to " + std::to_string(most));
        };
        check_size("hidden", hidden, 1, most_hidden);
        check_size("classes", classes, 2, most_classes);
        if (!(dropout >= 0 && dropout < 1)) {
            fail("classifier", "the dropout must be at least 0 and below 1");
        }
    }
};

/// All of a SpikeGPT but its output matrix, and a head for classes. It has a shape only, until
/// init() or load_checkpoint(), or until a language model's body is moved in.
template <class T = float>
struct SpikeGptClassifier {
    /// A SpikeGPT of float by default, all sizes at run time.
    using Body = SpikeGpt<dyn, dyn, dyn, dyn, Arctan, T>;
    /// Numbers and gradients are of this type.
    using scalar = T;

    ClassifyHeadSizes sizes;        ///< of the head
    Body body;                      ///< all but its output matrix is in use
    ClassifyHead<T> classify_head;  ///< what the mean over time goes through
    // The output matrix is no part: it has no numbers, and is in no file.
    SPIKELET_PARTS(body.emb, body.ln0, body.blocks, body.ln_out, classify_head)

    /// Throws Error if sizes make no sense.
    SpikeGptClassifier(SpikeGptConfig const& config, ClassifyHeadSizes const& head)
        : SpikeGptClassifier(Body(config), head) {}

    /// With the weights of a language model, whose output matrix is dropped.
    SpikeGptClassifier(Body&& model, ClassifyHeadSizes const& head)
        : sizes(checked(head)),
          body(std::move(model)),
          classify_head(body.config.channels, head.hidden, head.classes, head.dropout) {
        body.head = {body.config.channels, body.config.vocabulary};
    }

    /// Logits [batch, classes] for ids [batch, time], of which lengths[b] from the left count.
    auto operator()(auto ids, std::span<std::int32_t const> lengths) const {
        auto const logits = classify_head(mean_over_time(body.hidden(ids), lengths));
        tap(*this, "logits", logits);
        return logits;
    }

    /// Gives the body its first values, see init_spikegpt(), and the head those of init().
    void init(Initialisation form, Rng& rng) {
        init_spikegpt(body, form, rng);
        body.head = {body.config.channels, body.config.vocabulary};
        init_head(rng);
    }
    void init(Rng& rng) { init(Initialisation::C, rng); }

    /// Only the head, for a body that has learned already.
    void init_head(Rng& rng) { spikelet::init(classify_head, rng); }

    /// Names in files: those of the language model, and classify_head.
    static std::string file_name(std::string_view name) {
        constexpr std::string_view prefix = "body.";
        return name.starts_with(prefix) ? Body::file_name(name.substr(prefix.size()))
                                        : std::string(name);
    }
    /// Extents of one in front of a parameter's shape, as SpikeGpt::file_leading_ones().
    static int file_leading_ones(std::string_view name) { return Body::file_leading_ones(name); }

private:
    static ClassifyHeadSizes checked(ClassifyHeadSizes const& head) {
        head.check();
        return head;
    }
};

}  // namespace spikelet
