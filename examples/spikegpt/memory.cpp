// SPDX-License-Identifier: MIT
#include "memory.hpp"

#include <algorithm>
#include <fstream>

#include <unistd.h>

namespace spikegpt {

namespace {

/// Bytes on a stack of pieces that start on cache lines.
struct Stack {
    sk::index used = 0;
    sk::index peak = 0;

    template <class U>
    constexpr void take(sk::index n) {
        auto const line = static_cast<sk::index>(sk::alignment);
        used += (n * static_cast<sk::index>(sizeof(U)) + line - 1) / line * line;
        peak = std::max(peak, used);
    }
};

/// A context that computes nothing and counts what a Tape would hold.
class TapeCount {
public:
    using scalar = float;
    static constexpr bool records = true;
    static constexpr bool dry = true;

    explicit TapeCount(bool recompute) : recompute_(recompute) {}

    template <class U, class E>
    sk::Var<TapeCount, U, E> make(E extents) {
        values_.take<sk::storage_of<U>>(sk::units<U>(extents));
        values_.take<sk::detail::GradientSlot<float>>(1);
        largest_gradient_ = std::max(largest_gradient_, extents.size());
        return {this, nullptr, nullptr, extents};
    }
    template <class U, class E>
    sk::Var<TapeCount, U, E> constant(E extents) {
        values_.take<sk::storage_of<U>>(sk::units<U>(extents));
        return {this, nullptr, nullptr, extents};
    }
    template <class U>
    U* keep(sk::index n) {
        values_.take<U>(n);
        return nullptr;
    }
    float* carry(sk::index, std::initializer_list<float>) { return nullptr; }
    template <class U>
    U* scratch(sk::index n) {
        scratch_ = std::max(scratch_, n * static_cast<sk::index>(sizeof(U)));
        return nullptr;
    }
    void run(auto&&) {}
    template <class F, class... Results>
    void record(F const&, Results const&...) {
        auto const words = 2 + sizeof...(Results);
        values_.take<std::byte>(static_cast<sk::index>(sizeof(F) + words * sizeof(void*)));
    }
    std::uint64_t draw() { return 0; }
    sk::EventCost<float>& event_cost() { return event_cost_; }
    [[nodiscard]] sk::Serial<> policy() const { return {}; }

    // Recomputed, each layer's values have the room of the last one's.
    template <class Layers, class E>
    auto chain(Layers const& layers, sk::Var<TapeCount, float, E> x) {
        for (auto const& layer : layers) {
            if (recompute_) { values_.take<float>(x.extents.size()); }
            auto const before = values_.used;
            layer(x);
            largest_layer_ = std::max(largest_layer_, values_.used - before);
            if (recompute_) { values_.used = before; }
        }
        return x;
    }

    // On the way back, layers are computed again above everything else. An op reads one gradient
    // and adds to another, so the two are there together.
    [[nodiscard]] sk::index bytes() const {
        sk::index const again = recompute_ ? values_.used + largest_layer_ : 0;
        auto const gradients = 2 * largest_gradient_ * static_cast<sk::index>(sizeof(float));
        return std::max(values_.peak, again) + gradients + scratch_;
    }

private:
    sk::EventCost<float> event_cost_;
    bool recompute_;
    Stack values_;
    sk::index scratch_ = 0;
    sk::index largest_layer_ = 0;
    sk::index largest_gradient_ = 0;
};

// What cross_entropy keeps for each position: target, nats, and the logarithm of the sum as two
// numbers. Only the loss has a gradient.
void count_loss(TapeCount& tape, sk::index positions) {
    sk::Extents<sk::dyn> const each(positions);
    tape.constant<std::int32_t>(each);
    tape.constant<double>(each);
    tape.constant<float>(sk::Extents<sk::dyn>(2 * positions));
    tape.make<float>(sk::Extents<1>{});
}

}  // namespace

TrainingMemory training_memory(sk::SpikeGpt<> const& model, StepShape const& step) {
    TapeCount tape(step.recompute);
    using Ids = sk::Var<TapeCount, std::int32_t, sk::Extents<sk::dyn, sk::dyn>>;
    model(Ids{&tape, nullptr, nullptr, sk::Extents<sk::dyn, sk::dyn>(step.batch, step.ctx)});
    count_loss(tape, step.batch * step.ctx);
    // Value, gradient and two moments.
    double const weights = 4.0 * sizeof(float) * static_cast<double>(sk::parameter_count(model));
    return {weights, static_cast<double>(tape.bytes())};
}

double machine_memory() {
    double const machine =
        static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
    double container = 0;  // what its control group may use, or "max"
    std::ifstream file("/sys/fs/cgroup/memory.max");
    return file >> container ? std::min(machine, container) : machine;
}

}  // namespace spikegpt
