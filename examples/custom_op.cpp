// SPDX-License-Identifier: MIT
// An op of your own, written outside of the library as its ops are: a kernel on plain pointers, the
// op itself, a layer that uses it, and the checks that it is right.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include <spikelet/autodiff/gradcheck.hpp>
#include <spikelet/spikelet.hpp>

namespace mine {

namespace sk = spikelet;
namespace simd = sk::simd;
using sk::index, sk::kernels::Btc;

// The kernel: a gate says how much of the past stays (f-pooling: Bradbury et al., "Quasi-Recurrent
// Neural Networks", 2016). x, f, y [batch, time, channels], state [batch, channels].
//   y[t] = f[t] y[t-1] + (1 - f[t]) x[t]
// Backward, with e[t] = dy[t] + f[t+1] e[t+1]:
//   dx[t] += (1 - f[t]) e[t],   df[t] += (y[t-1] - x[t]) e[t]
// Threads share out strips of channels, a batch B of which fills a vector register.
template <class Policy, class T>
void pool_forward(Policy policy, Btc n, T const* x, T const* f, T* y, T* state) {
    using B = simd::Batch<T, Policy>;
    sk::kernels::for_each_strip(policy, n, [=](index b, index begin, index end) {
        simd::for_each_batch<B>(begin, end, [=](index c, auto lanes) {
            B past = state == nullptr ? B(0) : simd::load<B>(state + b * n.C + c, lanes);
            for (index t = 0; t < n.T; ++t) {
                index const i = (b * n.T + t) * n.C + c;
                B const now = simd::load<B>(x + i, lanes);
                past = simd::fma(simd::load<B>(f + i, lanes), past - now, now);
                simd::store(y + i, past, lanes);
            }
            if (state != nullptr) { simd::store(state + b * n.C + c, past, lanes); }
        });
    });
}

// `start` is the state as it was. Null is 0, and a gradient that nobody wants.
template <class Policy, class T>
void pool_backward(Policy policy, Btc n, T const* x, T const* f, T const* y, T const* start,
                   T const* dy, T* dx, T* df) {
    using B = simd::Batch<T, Policy>;
    sk::kernels::for_each_strip(policy, n, [=](index b, index begin, index end) {
        simd::for_each_batch<B>(begin, end, [=](index c, auto lanes) {
            B const first = start == nullptr ? B(0) : simd::load<B>(start + b * n.C + c, lanes);
            B e(0);
            for (index t = n.T - 1; t >= 0; --t) {
                index const i = (b * n.T + t) * n.C + c;
                B const past = t == 0 ? first : simd::load<B>(y + i - n.C, lanes);
                B const stays = simd::load<B>(f + i, lanes);
                e += simd::load<B>(dy + i, lanes);
                simd::accumulate(dx, i, B(1) - stays, e, lanes);
                simd::accumulate(df, i, past - simd::load<B>(x + i, lanes), e, lanes);
                e *= stays;
            }
        });
    });
}

// The op: check, make room for y, carry what the next step needs and keep it for the way back, run
// the kernel now, record the other one.
template <class Ctx, class T, class E, class U, class F>
constexpr auto pool(sk::Var<Ctx, T, E> value, sk::Var<Ctx, U, F> gate) {
    static_assert(E::rank == 3, "pool: x must be [batch, time, channels]");
    using Scalar = typename Ctx::scalar;
    auto const x = sk::checked_numbers(value);
    auto const f = sk::checked_numbers(gate);
    auto const y = x.ctx->template make<Scalar>(sk::common_shape("pool", x, f));
    auto const n = sk::btc(y.extents);
    Scalar* const state = x.ctx->carry(n.B * n.C, {Scalar(0)});
    Scalar const* const start = sk::kept_start<Scalar>(*x.ctx, state, n.B * n.C);
    x.ctx->run([&] { pool_forward<>(x.ctx->policy(), n, x.data, f.data, y.data, state); });
    auto const back = [=] {
        pool_backward<>(x.ctx->policy(), n, x.data, f.data, y.data, start, y.gradient.numbers(),
                        x.gradient.numbers(), f.gradient.numbers());
    };
    x.ctx->record(back, y);
    return y;
}

// A model with it, as small as a check needs.
struct Memory {
    sk::Embedding<256, 40> values, gates;
    SPIKELET_PARTS(values, gates)

    constexpr auto operator()(auto bytes) const {
        return pool(values(bytes), sk::sigmoid(gates(bytes)));
    }
};

bool check_gradients(sk::Rng rng) {
    sk::Tensor<double, 2, 9, 5> x, f;
    for (double& number : x.span()) { number = rng.normal(); }
    for (double& number : f.span()) { number = rng.uniform(); }
    auto const found = sk::gradcheck([](auto in, auto gates) { return pool(in, gates); }, x, f);
    std::printf("gradients   %4td checked, worst error %.1e\n", found.checked, found.worst);
    return found.passed();
}

// A Tape and Forward see all tokens at once, a Session one by one.
bool check_stream(sk::Rng rng) {
    Memory memory;
    sk::init(memory, rng);
    sk::Tokens text{std::vector<std::int32_t>(100), 1, 100};
    for (auto& id : text.ids) { id = static_cast<std::int32_t>(rng.below(256)); }
    sk::Tape tape;
    sk::Forward forward;
    sk::Session session{memory};
    float const* taped = memory(tape.begin(text)).data;
    float const* passed = memory(forward.begin(text)).data;
    int other = 0;
    for (std::int32_t const id : text.ids) {
        auto const streamed = session(id);
        auto const differs = [&](float const* numbers) {
            return std::memcmp(streamed.data(), numbers, streamed.size_bytes()) != 0;
        };
        other += differs(taped) || differs(passed) ? 1 : 0;
        taped += streamed.size();
        passed += streamed.size();
    }
    std::printf("stream      %4td tokens, %d with other bits\n", text.time, other);
    return other == 0;
}

// A Tape that carries state goes on where its last window ended. What the second window adds is
// what one pass over both has there, since no gradient of a step depends on those before.
bool check_windows(sk::Rng rng) {
    constexpr index rows = 3, first = 5, time = 9, channels = 69;
    sk::Tensor<float, rows, time, channels> all;
    for (float& number : all.span()) { number = static_cast<float>(rng.normal()); }
    auto const gradients = [&](sk::Tape<>& tape, index from, index to) {
        sk::Tensor<float, sk::dyn, sk::dyn, sk::dyn> part{rows, to - from, channels};
        for (index b = 0; b < rows; ++b) {
            std::copy_n(&all(b, from, 0), (to - from) * channels, &part(b, 0, 0));
        }
        auto const x = tape.begin(std::as_const(part).view());
        tape.backward(pool(x, sk::sigmoid(x)));
        return std::vector<float>(x.gradient.numbers(), x.gradient.numbers() + part.size());
    };
    sk::Tape whole, windows{sk::serial, {.carry_state = true}};
    auto const of_all = gradients(whole, 0, time);
    gradients(windows, 0, first);
    auto const of_second = gradients(windows, first, time);
    int other = 0;
    for (index b = 0; b < rows; ++b) {
        index const length = (time - first) * channels;
        auto const expected = of_all.begin() + (b * time + first) * channels;
        other += std::equal(expected, expected + length, of_second.begin() + b * length) ? 0 : 1;
    }
    std::printf("windows     %4td rows, %d with other gradients in the second\n", rows, other);
    return other == 0;
}

}  // namespace mine

int main() {
    bool const gradients = mine::check_gradients(spikelet::Rng{1});
    bool const stream = mine::check_stream(spikelet::Rng{2});
    bool const windows = mine::check_windows(spikelet::Rng{3});
    bool const all = gradients && stream && windows;
    std::puts(all ? "all is right" : "something is WRONG");
    return all ? 0 : 1;
}
