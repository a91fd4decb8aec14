// SPDX-License-Identifier: MIT
// spikegpt energy: what a token costs, in operations and bytes that the kernels have counted, and
// in energy by a table. docs/energy.md says what each number means.
#include <spikelet/train/energy.hpp>
#include <spikelet/train/matrix_work.hpp>

#include "block_name.hpp"
#include "command.hpp"
#include "evaluation.hpp"
#include "flags.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "source.hpp"
#include "stop.hpp"
#include "stored_model.hpp"

namespace spikegpt {

namespace {

constexpr char const* purpose_of_energy = "Counts what a token costs: operations, bytes, energy";
constexpr char const* examples_of_energy =
    "  spikegpt energy --model runs/book/model.safetensors --data test.txt\n"
    "  spikegpt energy --model M --data test.txt --byte-pj 12.5   weights in a cache of 1 MiB\n"
    "  spikegpt energy --model M --data test.txt --json";

struct EnergyRequest {
    ModelSource model{};
    std::vector<std::string> data;
    sk::index tokens = 256;
    sk::EnergyTable table{};
    std::string cpu;
    bool json = false;
};

void declare(CLI::App& flags, EnergyRequest& request) {
    add_model_flags(flags, request.model);
    flags.add_option("--data", request.data, "Text to read, several files count as one; or ids")
        ->type_name("FILE...")
        ->required();
    flags.add_option("--tokens", request.tokens, "Read at most so many ids, from the start")
        ->check(whole(1, 1'000'000'000))
        ->capture_default_str();
    flags
        .add_option("--byte-pj", request.table.weight_byte,
                    "pJ to bring a byte of weights; 162.5 is DRAM")
        ->check(number(0, 1e6))
        ->capture_default_str();
    flags.add_option("--cpu", request.cpu, cpu_meaning)->check(one_of(instruction_sets()));
    flags.add_flag("--json", request.json, "End with one JSON object on standard output");
}

/// What a model did while it read.
struct Counts final : sk::Observer {
    explicit Counts(StoredNet const& net) : rates(net), matrices(net) {}
    void see(sk::Tap const& tap) override {
        rates.see(tap);
        matrices.see(tap);
    }

    sk::FiringRates rates;
    sk::MatrixWork matrices;
    sk::index tokens = 0;
};

void read(sk::Corpus const& text, EnergyRequest const& request, Stream& stream, Counts& counts) {
    stream.observe(&counts);
    ProgressLine progress(2.0);
    sk::index const all = std::min(request.tokens, text.size());
    for (; counts.tokens < all && stop_signal() == 0; ++counts.tokens) {
        std::int32_t id = 0;
        text.copy(counts.tokens, {&id, 1});
        stream.feed({&id, 1});
        if (progress.due()) {
            progress.show({{fmt::format("read {} of {} ids", counts.tokens, all)}});
        }
    }
}

/// One line of the result; all numbers are those of a token.
struct Cost {
    std::string name;
    double terms = 0;
    double multiply_adds = 0, additions = 0;
    double integer_multiply_adds = 0, integer_additions = 0;
    double skipped = 0;
    double bytes = 0;
    double dense_pj = 0, paper_pj = 0, executed_pj = 0, traffic_pj = 0;

    Cost& operator+=(Cost const& more) {
        for (auto const field : fields) { this->*field.of += more.*field.of; }
        return *this;
    }

    struct Field {
        char const* key;
        double Cost::*of;
    };
    static std::array<Field, 11> const fields;
};

constexpr std::array<Cost::Field, 11> Cost::fields{
    {{"terms", &Cost::terms},
     {"multiply_adds", &Cost::multiply_adds},
     {"additions", &Cost::additions},
     {"integer_multiply_adds", &Cost::integer_multiply_adds},
     {"integer_additions", &Cost::integer_additions},
     {"skipped", &Cost::skipped},
     {"weight_bytes", &Cost::bytes},
     {"dense_pj", &Cost::dense_pj},
     {"paper_pj", &Cost::paper_pj},
     {"executed_pj", &Cost::executed_pj},
     {"traffic_pj", &Cost::traffic_pj}}};

/// The paper accounts for the blocks; the head reads numbers.
Cost cost_of(sk::MatrixWork::Matrix const& matrix, double tokens, std::optional<double> rate,
             sk::EnergyTable const& table) {
    double const terms = matrix.terms() / tokens;
    bool const spikes = rate && BlockName(matrix.name).block >= 0;
    sk::Work const& work = matrix.work;
    auto const each = [&](auto count) { return static_cast<double>(count) / tokens; };
    return {.name = matrix.name,
            .terms = terms,
            .multiply_adds = each(work.multiply_adds),
            .additions = each(work.additions),
            .integer_multiply_adds = each(work.integer_multiply_adds),
            .integer_additions = each(work.integer_additions),
            .skipped = each(work.skipped),
            .bytes = each(work.weight_bytes),
            .dense_pj = sk::energy_of_dense(terms, table),
            .paper_pj = spikes ? sk::energy_as_in_paper(terms, *rate, table)
                               : sk::energy_of_dense(terms, table),
            .executed_pj = sk::energy_as_executed(work, table) / tokens,
            .traffic_pj = sk::energy_of_traffic(work, table) / tokens};
}

/// A row of the embedding, and all that is neither table nor matrix, which every token reads.
Cost cost_of_the_rest(StoredNet const& net, sk::EnergyTable const& table) {
    sk::index numbers = net.config.channels;
    sk::each_parameter(net, [&](std::string_view name, auto const& parameter) {
        using Scalar = typename std::remove_cvref_t<decltype(parameter)>::scalar;
        bool const of_matrix = name.ends_with(".codes") || name.ends_with(".scale");
        if constexpr (std::is_same_v<std::remove_const_t<Scalar>, float>) {
            if (name != "emb.weight" && !of_matrix) { numbers += parameter.size(); }
        }
    });
    double const bytes = 4.0 * static_cast<double>(numbers);
    return {.name = "vectors", .bytes = bytes, .traffic_pj = bytes * table.weight_byte};
}

struct Report {
    std::vector<Cost> costs;
    Cost total{.name = "all"};
    std::optional<double> rate;
};

Report report_of(Counts& counts, StoredNet const& net, sk::EnergyTable const& table) {
    Report report;
    report.rate = neuron_rate(counts.rates);
    for (auto const& matrix : counts.matrices.matrices()) {
        if (matrix.products == 0) { continue; }
        report.costs.push_back(
            cost_of(matrix, static_cast<double>(counts.tokens), report.rate, table));
    }
    report.costs.push_back(cost_of_the_rest(net, table));
    for (Cost const& cost : report.costs) { report.total += cost; }
    return report;
}

void say_line(Output const& out, Cost const& cost, bool integers) {
    std::string line = fmt::format("{:<26}{:>11.0f}{:>11.0f}{:>11.0f}", cost.name, cost.terms,
                                   cost.multiply_adds, cost.additions);
    if (integers) {
        line +=
            fmt::format("{:>11.0f}{:>11.0f}", cost.integer_multiply_adds, cost.integer_additions);
    }
    line +=
        fmt::format("{:>11.0f}{:>11.0f} |{:>11.2f} |{:>11.2f} |{:>11.2f}", cost.skipped, cost.bytes,
                    cost.paper_pj / 1000, cost.executed_pj / 1000, cost.traffic_pj / 1000);
    out.say("{}", line);
}

void say_table(Output const& out, Report const& report) {
    Cost const& all = report.total;
    bool const integers = all.integer_multiply_adds + all.integer_additions > 0;
    std::string head =
        fmt::format("{:<26}{:>11}{:>11}{:>11}", "a token", "terms", "mul-adds", "additions");
    if (integers) { head += fmt::format("{:>11}{:>11}", "int m-adds", "int adds"); }
    head += fmt::format("{:>11}{:>11} |{:>11} |{:>11} |{:>11}", "skipped", "bytes", "paper nJ",
                        "executed nJ", "memory nJ");
    out.say("{}", head);
    for (Cost const& cost : report.costs) { say_line(out, cost, integers); }
    say_line(out, all, integers);
}

void say_summary(Output const& out, Report const& report, sk::index tokens) {
    Cost const& all = report.total;
    auto const share = [&](double pj) { return 100 * pj / all.dense_pj; };
    out.say("");
    out.say("tokens              {}", tokens);
    if (report.rate) { out.say("firing neurons      {:.4f}", *report.rate); }
    out.say("all multiply-adds   {:.2f} nJ", all.dense_pj / 1000);
    out.say("paper accounting    {:.2f} nJ, {:.1f} %", all.paper_pj / 1000, share(all.paper_pj));
    out.say("as executed         {:.2f} nJ, {:.1f} %", all.executed_pj / 1000,
            share(all.executed_pj));
    out.say("weights from memory {:.2f} nJ, {:.0f} bytes", all.traffic_pj / 1000, all.bytes);
}

Json json_of(Cost const& cost) {
    Json json{{"name", cost.name}};
    for (auto const& field : Cost::fields) { json[field.key] = cost.*field.of; }
    return json;
}

Json summary(Report const& report, Counts const& counts, sk::EnergyTable const& table,
             Computer const& computer) {
    auto costs = Json::array();
    for (Cost const& cost : report.costs) { costs.push_back(json_of(cost)); }
    return {{"command", "energy"},
            {"tokens", counts.tokens},
            {"firing_rate", number_or_null(report.rate)},
            {"picojoules",
             {{"multiply_add", table.multiply_add},
              {"addition", table.addition},
              {"integer_multiply_add", table.integer_multiply_add},
              {"integer_addition", table.integer_addition},
              {"weight_byte", table.weight_byte}}},
            {"costs", costs},
            {"total", json_of(report.total)},
            {"cpu", computer.instructions->name}};
}

int energy(CLI::App const&, EnergyRequest const& request) {
    Output const out(request.json);
    Computer const computer = choose_computer(request.cpu, 1);
    StoredModel const language = load_stored_language(request.model);
    sk::Corpus const corpus = Source(request.data).corpus(*language.vocabulary);
    if (corpus.size() == 0) { sk::fail("--data", corpus.name() + " is empty"); }
    Counts counts(language.net);
    listen_for_stop();
    auto const stream = computer.engine().counting_stream(language.net, counts.matrices.work());
    read(corpus, request, *stream, counts);
    if (counts.tokens == 0) { return exit_code_of(stop_signal()); }
    Report const report = report_of(counts, language.net, request.table);
    say_table(out, report);
    say_summary(out, report, counts.tokens);
    out.result(summary(report, counts, request.table, computer));
    return stop_signal() == 0 ? 0 : exit_code_of(stop_signal());
}

}  // namespace

void add_energy(CLI::App& program, Command& command) {
    add_command<EnergyRequest>(program, command, "energy", purpose_of_energy, examples_of_energy,
                               declare, energy);
}

}  // namespace spikegpt
