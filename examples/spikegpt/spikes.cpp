// SPDX-License-Identifier: MIT
// spikegpt spikes: which neurons fire, when, and how charged they are; as a table, as JSON, and as
// pictures.
#include <fmt/format.h>

#include <spikelet/io/file_writer.hpp>
#include <spikelet/train/spike_statistics.hpp>

#include "command.hpp"
#include "evaluation.hpp"
#include "language_model.hpp"
#include "output.hpp"
#include "processor.hpp"
#include "progress.hpp"
#include "source.hpp"
#include "spike_recorder.hpp"
#include "spike_sites.hpp"
#include "spikes_request.hpp"
#include "stop.hpp"
#include "stored_model.hpp"

namespace spikegpt {

namespace {

constexpr char const* purpose_of_spikes = "Looks at a model's neurons while it reads";
constexpr char const* examples_of_spikes =
    "  spikegpt spikes --model runs/book/model.safetensors --data test.txt\n"
    "  spikegpt spikes --model M --data test.txt --raster spikes.svg --length 80\n"
    "  spikegpt spikes --model M --data test.txt --raster spikes.svg --site blocks.1.lif2\n"
    "  spikegpt spikes --model M --data test.txt --dots --site blocks.1.lif2      in the terminal\n"
    "  spikegpt spikes --model M --data test.txt --rates rates.svg";

/// Reads windows that start at rest; returns how many ids.
sk::index read(sk::Corpus const& text, SpikesRequest const& request, Predictor& predictor,
               sk::SpikeStatistics& statistics) {
    predictor.observe(&statistics);
    ProgressLine progress(2.0);
    sk::index const all = std::min(request.tokens, text.size() - 1);
    sk::index const ctx = std::min(*request.ctx, all);
    statistics.begin(ctx);
    sk::Batch batch;
    sk::index done = 0;
    while (done + ctx <= all && stop_signal() == 0) {
        sk::index const windows = std::min(request.batch, (all - done) / ctx);
        batch.input.resize(windows, ctx);
        batch.target.resize(windows, ctx);
        text.copy(done, batch.input.ids);
        text.copy(done + 1, batch.target.ids);
        predictor.nats(batch.input, batch.target);
        done += windows * ctx;
        if (progress.due()) { progress.show({{fmt::format("read {} of {} ids", done, all)}}); }
    }
    predictor.observe(nullptr);
    return done;
}

/// Bars from none to full, one for each bin, higher for more.
std::string bars_of(sk::ChargeHistogram const& charges) {
    constexpr std::string_view heights[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    auto const most = std::max<std::int64_t>(*std::ranges::max_element(charges.counts), 1);
    std::string bars;
    for (std::int64_t const count : charges.counts) {
        bars += heights[(count * 8 + most - 1) / most];
    }
    return bars;
}

void say_table(Output const& out, std::vector<sk::SpikeStatistics::Site> const& sites) {
    out.say("{:<22}{:>8}{:>8}{:>8}{:>8}{:>9}{:>9}", "site", "neurons", "rate", "never", "always",
            "at first", "at last");
    for (auto const& site : sites) {
        sk::index const last = std::ssize(site.of_position) - 1;
        out.say("{:<22}{:>8}{:>8.4f}{:>8}{:>8}{:>9.4f}{:>9.4f}", site.name, site.neurons(),
                site.rate(), site.dead(), site.saturated(), site.rate_at(0), site.rate_at(last));
    }
    bool any = false;
    for (auto const& site : sites) {
        if (site.charges.least > site.charges.most) { continue; }
        if (!any) {
            out.say("\n{:<22}from -4{:25}to 4{:>12}{:>9}", "charges", "", "least", "most");
        }
        any = true;
        out.say("{:<22}|{}|{:>14.2f}{:>9.2f}", site.name, bars_of(site.charges), site.charges.least,
                site.charges.most);
    }
}

Json json_of(sk::SpikeStatistics::Site const& site) {
    auto positions = Json::array();
    for (sk::index i = 0; i < std::ssize(site.of_position); ++i) {
        positions.push_back(site.rate_at(i));
    }
    Json json{{"name", site.name},    {"neurons", site.neurons()},  {"rate", site.rate()},
              {"never", site.dead()}, {"always", site.saturated()}, {"positions", positions}};
    auto const& charges = site.charges;
    if (charges.least <= charges.most) {
        json["charges"] = {{"low", charges.low},       {"width", charges.width},
                           {"counts", charges.counts}, {"below", charges.below},
                           {"above", charges.above},   {"least", charges.least},
                           {"most", charges.most}};
    }
    return json;
}

void write_picture(std::string const& path, sk::Svg const& picture) {
    sk::write_file_atomically(path, [&](sk::FileWriter& file) { file.write(picture.text()); });
}

/// What the sites to draw do over the beginning of the text, and what its ids are called.
struct Excerpt {
    std::vector<sk::SpikeRecord> records;
    std::vector<std::string> labels;
};

Excerpt record(SpikesRequest const& request, StoredModel const& language, sk::Corpus const& text,
               Predictor& predictor, std::vector<std::string> const& sites) {
    SpikeRecorder recorder(language.net, sites, request.neurons);
    auto const batch = text.window(0, request.length);
    predictor.observe(&recorder);
    predictor.nats(batch.input, batch.target);
    predictor.observe(nullptr);
    Excerpt excerpt{recorder.records(), {}};
    for (std::int32_t const id : batch.input.ids) {
        excerpt.labels.push_back(label_of(*language.vocabulary, id));
    }
    return excerpt;
}

/// A line for each id, a dot for each neuron that fires.
void say_dots(Output const& out, Excerpt const& excerpt) {
    for (auto const& record : excerpt.records) {
        out.say("\n{}", record.name);
        for (std::size_t t = 0; t < excerpt.labels.size(); ++t) {
            out.say("{} {}", right_aligned(excerpt.labels[t], 4),
                    sk::dots_of(record, static_cast<sk::index>(t)));
        }
    }
}

void draw_bars(SpikesRequest const& request, std::vector<sk::SpikeStatistics::Site> const& sites) {
    std::vector<sk::NamedRate> rates;
    for (auto const& site : sites) { rates.push_back({site.name, site.rate()}); }
    write_picture(request.rates, sk::draw_rates("Firing rates of " + request.model.path, rates));
}

// Whether single neurons are shown over the text's start.
bool shows_excerpt(SpikesRequest const& request) { return request.dots || !request.raster.empty(); }

void check_excerpt_flags(CLI::App const& flags, SpikesRequest const& request) {
    for (char const* of_excerpt : {"--site", "--length", "--neurons"}) {
        if (flags.count(of_excerpt) > 0 && !shows_excerpt(request)) {
            throw CLI::ValidationError(of_excerpt, "it is for --raster and --dots");
        }
    }
}

std::vector<std::string> names_of_drawn(SpikesRequest const& request, StoredModel const& language,
                                        sk::Corpus const& text, Predictor& predictor) {
    auto const names = names_of_sites(language.net, [&](sk::FiringRates& rates) {
        auto const first = text.window(0, 1);
        predictor.observe(&rates);
        predictor.nats(first.input, first.target);
        predictor.observe(nullptr);
    });
    if (names.empty()) { sk::fail(sk::quote(request.model.path), "nothing in it spikes"); }
    return sites_to_draw(request.sites, names);
}

void draw_pictures(SpikesRequest const& request, sk::Corpus const& text, Excerpt const& excerpt,
                   std::vector<sk::SpikeStatistics::Site> const& sites) {
    if (!request.raster.empty()) {
        auto const title = fmt::format("{} reads {}", request.model.path, text.name());
        write_picture(request.raster, sk::draw_spikes(title, excerpt.labels, excerpt.records));
    }
    if (!request.rates.empty()) { draw_bars(request, sites); }
}

int spikes(CLI::App const& flags, SpikesRequest& request) {
    check_excerpt_flags(flags, request);
    Output const out(request.json);
    check_pictures(request);
    Computer const computer = choose_computer(request.cpu, request.threads);
    StoredModel const language = load_stored_language(request.model);
    if (!request.ctx) { request.ctx = trained_context(request.model.path).value_or(128); }
    sk::Corpus const text = Source(request.data).corpus(*language.vocabulary);
    check_predictable("--data", text);
    auto const predictor = computer.engine().predictor(language.net, {}, computer.threads);
    auto const drawn = names_of_drawn(request, language, text, *predictor);
    sk::SpikeStatistics statistics(language.net);
    listen_for_stop();
    sk::index const done = read(text, request, *predictor, statistics);
    if (stop_signal() != 0) { return exit_code_of(stop_signal()); }

    auto const& sites = statistics.sites();
    Excerpt const excerpt =
        shows_excerpt(request) ? record(request, language, text, *predictor, drawn) : Excerpt{};
    // First: who reads the table may go away, as `head` does.
    draw_pictures(request, text, excerpt, sites);
    sk::index const ctx = std::min(*request.ctx, done);
    out.say("{} in windows of {}", counted(done, "id"), ctx);
    say_table(out, sites);
    if (request.dots) { say_dots(out, excerpt); }
    auto all = Json::array();
    for (auto const& site : sites) { all.push_back(json_of(site)); }
    out.result({{"command", "spikes"},
                {"tokens", done},
                {"ctx", ctx},
                {"sites", all},
                {"cpu", computer.instructions->name},
                {"threads", computer.threads}});
    return 0;
}

}  // namespace

void add_spikes(CLI::App& program, Command& command) {
    add_command<SpikesRequest>(program, command, "spikes", purpose_of_spikes, examples_of_spikes,
                               declare_spikes, spikes);
}

}  // namespace spikegpt
