/* onednn.cpp: a training step or a forward pass straight on oneDNN's primitives, one process, nothing between the
   calls. A peer of bench.py.

   onednn CELL MODE B T I H UPDATES WEIGHTS DATA     CELL: elman gru lstm peephole; MODE: train forward

   WEIGHTS: float32, W [I, G, H], U [H, G, H], b [G or of gru G + 1, H], peephole [3, H], V [32, H], c [32], gates in
   oneDNN's order. DATA: x [T, B, I] float32, y [T, B] int32. What it says is in child.py. Weights are in the formats
   that oneDNN likes best; putting them there and their gradients back is part of a step. The output layer is by
   dnnl_sgemm, loss, clip and Adam are plain loops. */
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <sys/resource.h>
#include <unordered_map>
#include <vector>
#include <oneapi/dnnl/dnnl.hpp>

using namespace dnnl;
using desc = memory::desc;
using dims = memory::dims;
using tag = memory::format_tag;
using Arguments = std::unordered_map<int, memory>;

static const auto f32 = memory::data_type::f32;
enum { CLASSES = 32 };

static engine cpu(engine::kind::cpu, 0);
static stream queue(cpu);

static void need(bool ok, const char *what)
{
  if (ok) return;
  fprintf(stderr, "onednn: %s\n", what);
  exit(1);
}

template <class N> static std::vector<N> read_file(const char *path, size_t skip, size_t count)
{
  std::ifstream file(path, std::ios::binary);
  std::vector<N> all(count);
  file.seekg(skip);
  need(bool(file.read(reinterpret_cast<char *>(all.data()), count * sizeof(N))), "a file is too short");
  return all;
}

/* An array in plain format, and the same in the one that a primitive wants: the same memory where they agree. */
struct Twin {
  memory plain, wanted;
  bool same;
  reorder to_wanted, to_plain;
  Twin(const desc &plain_desc, float *data, const desc &wanted_desc)
      : plain(plain_desc, cpu, data), same(wanted_desc == plain_desc)
  {
    wanted = same ? plain : memory(wanted_desc, cpu);
    if (!same) to_wanted = reorder(plain, wanted), to_plain = reorder(wanted, plain);
  }
  void there()
  {
    if (!same) to_wanted.execute(queue, plain, wanted);
  }
  void back()
  {
    if (!same) to_plain.execute(queue, wanted, plain);
  }
  void clear() { memset(wanted.get_data_handle(), 0, wanted.get_desc().get_size()); }
};

struct Sizes {
  std::string cell;
  bool train;
  int64_t B, T, I, H, G, biases;
  bool peephole() const { return cell == "peephole"; }
  bool lstm() const { return cell == "lstm" || peephole(); }
};

/* Where each parameter begins in the flat block, as in the file of weights. */
struct Layout {
  size_t W, U, b, peephole, V, c, end;
  Layout(const Sizes &s)
  {
    W = 0;
    U = W + s.I * s.G * s.H;
    b = U + s.H * s.G * s.H;
    peephole = b + s.biases * s.H;
    V = peephole + (s.peephole() ? 3 * s.H : 0);
    c = V + CLASSES * s.H;
    end = c + CLASSES;
  }
};

/* The scan over time, both directions. Its plain weights and their gradients lie in flat blocks of the caller. */
class Scan {
  Sizes s;
  rnn_primitive_desc_base ahead_desc, back_desc;
  primitive ahead, back;
  std::vector<Twin> weights, weights_back, gradients;
  std::vector<int> names, gradient_names;
  memory x, h, workspace, dx, dh, zeros, dzeros, dzeros_c;

  /* A first state of zeros is given: without any, backward gets the gradient of U wrong (uxlfoundation/oneDNN issue
   * 1436). */
  desc first_state() { return s.train ? desc({1, 1, s.B, s.H}, f32, tag::ldnc) : desc(); }
  desc any(dims d) { return desc(d, f32, tag::any); }

  /* Elman and gru; `first` is what the one has before the direction. */
  template <class Forward, class Backward, class... First>
  void make(const desc &W, const desc &U, const desc &b, const desc &xs, const desc &hs, First... first)
  {
    auto kind = s.train ? prop_kind::forward_training : prop_kind::forward_inference;
    auto way = rnn_direction::unidirectional_left2right;
    desc no, s0 = first_state();
    typename Forward::primitive_desc f(typename Forward::desc(kind, first..., way, xs, s0, W, U, b, hs, no), cpu);
    ahead_desc = f, ahead = Forward(f);
    if (!s.train) return;
    typename Backward::primitive_desc g(
        typename Backward::desc(prop_kind::backward, first..., way, xs, s0, W, U, b, hs, no, xs, s0, W, U, b, hs, no),
        cpu, f);
    back_desc = g, back = Backward(g);
  }

  void make_lstm(const desc &W, const desc &U, const desc &b, const desc &xs, const desc &hs)
  {
    auto kind = s.train ? prop_kind::forward_training : prop_kind::forward_inference;
    auto way = rnn_direction::unidirectional_left2right;
    desc no, s0 = first_state(), v = s.peephole() ? desc({1, 1, 3, s.H}, f32, tag::ldgo) : no;
    lstm_forward::primitive_desc f(lstm_forward::desc(kind, way, xs, s0, s0, W, U, v, b, hs, no, no), cpu);
    ahead_desc = f, ahead = lstm_forward(f);
    if (!s.train) return;
    lstm_backward::primitive_desc g(lstm_backward::desc(prop_kind::backward, way, xs, s0, s0, W, U, v, b, hs, no, no,
                                                        xs, s0, s0, W, U, v, b, hs, no, no),
                                    cpu, f);
    back_desc = g, back = lstm_backward(g);
  }

  Arguments arguments(std::vector<Twin> &w)
  {
    Arguments a = {{DNNL_ARG_SRC_LAYER, x}, {DNNL_ARG_DST_LAYER, h}};
    for (size_t k = 0; k < w.size(); k++) a[names[k]] = w[k].wanted;
    if (!s.train) return a;
    a[DNNL_ARG_WORKSPACE] = workspace;
    a[DNNL_ARG_SRC_ITER] = zeros;
    if (s.lstm()) a[DNNL_ARG_SRC_ITER_C] = zeros;
    return a;
  }

public:
  Scan(const Sizes &sizes, float *p, float *g, float *x_data, float *h_data, float *dh_data) : s(sizes)
  {
    desc W = any({1, 1, s.I, s.G, s.H}), U = any({1, 1, s.H, s.G, s.H}), b({1, 1, s.biases, s.H}, f32, tag::ldgo),
         xs({s.T, s.B, s.I}, f32, tag::tnc), hs({s.T, s.B, s.H}, f32, tag::tnc);
    if (s.cell == "elman") make<vanilla_rnn_forward, vanilla_rnn_backward>(W, U, b, xs, hs, algorithm::eltwise_tanh);
    else if (s.cell == "gru") make<lbr_gru_forward, lbr_gru_backward>(W, U, b, xs, hs);
    else make_lstm(W, U, b, xs, hs);

    Layout at(s);
    struct {
      int name, gradient;
      dims d;
      tag plain;
      size_t at;
    } all[] = {{DNNL_ARG_WEIGHTS_LAYER, DNNL_ARG_DIFF_WEIGHTS_LAYER, {1, 1, s.I, s.G, s.H}, tag::ldigo, at.W},
               {DNNL_ARG_WEIGHTS_ITER, DNNL_ARG_DIFF_WEIGHTS_ITER, {1, 1, s.H, s.G, s.H}, tag::ldigo, at.U},
               {DNNL_ARG_BIAS, DNNL_ARG_DIFF_BIAS, {1, 1, s.biases, s.H}, tag::ldgo, at.b},
               {DNNL_ARG_WEIGHTS_PEEPHOLE, DNNL_ARG_DIFF_WEIGHTS_PEEPHOLE, {1, 1, 3, s.H}, tag::ldgo, at.peephole}};
    for (auto &w : all) {
      if (w.name == DNNL_ARG_WEIGHTS_PEEPHOLE && !s.peephole()) continue;
      desc plain(w.d, f32, w.plain);
      names.push_back(w.name);
      gradient_names.push_back(w.gradient);
      weights.emplace_back(plain, p + w.at, ahead_desc.query_md(query::exec_arg_md, w.name));
      if (!s.train) continue;
      weights_back.emplace_back(plain, p + w.at, back_desc.query_md(query::exec_arg_md, w.name));
      gradients.emplace_back(plain, g + w.at, back_desc.query_md(query::exec_arg_md, w.gradient));
    }
    x = memory(xs, cpu, x_data);
    h = memory(hs, cpu, h_data);
    if (!s.train) {
      for (Twin &w : weights) w.there();
      return;
    }
    workspace = memory(ahead_desc.query_md(query::workspace_md), cpu);
    dx = memory(xs, cpu);
    dh = memory(hs, cpu, dh_data);
    for (memory *m : {&zeros, &dzeros, &dzeros_c}) *m = memory(first_state(), cpu);
    memset(zeros.get_data_handle(), 0, first_state().get_size());
  }

  void forward()
  {
    if (s.train)
      for (Twin &w : weights) w.there();
    ahead.execute(queue, arguments(weights));
    queue.wait();
  }

  /* oneDNN adds to the gradients of weights. */
  void backward()
  {
    Arguments a = arguments(weights_back);
    a[DNNL_ARG_DIFF_SRC_LAYER] = dx;
    a[DNNL_ARG_DIFF_DST_LAYER] = dh;
    a[DNNL_ARG_DIFF_SRC_ITER] = dzeros;
    if (s.lstm()) a[DNNL_ARG_DIFF_SRC_ITER_C] = dzeros_c;
    for (size_t k = 0; k < names.size(); k++) {
      weights_back[k].there();
      gradients[k].clear();
      a[gradient_names[k]] = gradients[k].wanted;
    }
    back.execute(queue, a);
    for (Twin &w : gradients) w.back();
    queue.wait();
  }
};

/* logits become their adjoint, of the mean loss, which is returned. */
static double softmax_loss(float *logits, const float *c, const int32_t *y, int64_t rows)
{
  double loss = 0;
#pragma omp parallel for reduction(+ : loss)
  for (int64_t r = 0; r < rows; r++) {
    float *z = logits + r * CLASSES, most, sum = 0;
    for (int k = 0; k < CLASSES; k++) z[k] += c[k];
    most = z[0];
    for (int k = 1; k < CLASSES; k++) most = std::max(most, z[k]);
    float picked = z[y[r]] - most;
    for (int k = 0; k < CLASSES; k++) sum += z[k] = std::exp(z[k] - most);
    loss += std::log(sum) - picked;
    for (int k = 0; k < CLASSES; k++) z[k] *= 1 / (sum * rows);
    z[y[r]] -= 1.0f / rows;
  }
  return loss / rows;
}

static void clip_and_adam(float *p, float *g, float *m, float *v, size_t count, int step)
{
  double square = 0;
#pragma omp parallel for simd reduction(+ : square)
  for (size_t i = 0; i < count; i++) square += g[i] * g[i];
  float scale = std::min(1.0, 1 / std::sqrt(square)), b1 = 1 - std::pow(0.9, step), b2 = 1 - std::pow(0.999, step);
#pragma omp parallel for simd
  for (size_t i = 0; i < count; i++) {
    float a = g[i] * scale;
    m[i] = 0.9f * m[i] + 0.1f * a;
    v[i] = 0.999f * v[i] + 0.001f * a * a;
    p[i] -= 1e-3f * (m[i] / b1) / (std::sqrt(v[i] / b2) + 1e-8f);
  }
}

static double now()
{
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class F> static void serve(F &&run)
{
  for (std::string line; std::getline(std::cin, line);) {
    std::vector<double> times;
    double end = now() + std::stod(line);
    while (times.size() < 3 || now() < end) {
      double start = now();
      run();
      times.push_back(now() - start);
    }
    std::sort(times.begin(), times.end());
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"median_s\": %.9g, \"runs\": %zu, \"peak_mb\": %.1f}\n",
           (times[times.size() / 2] + times[(times.size() - 1) / 2]) / 2, times.size(), usage.ru_maxrss / 1024.0);
    fflush(stdout);
  }
}

int main(int argc, char **argv)
{
  need(argc == 10, "onednn CELL MODE B T I H UPDATES WEIGHTS DATA");
  Sizes s = {argv[1], std::string(argv[2]) == "train", atoi(argv[3]), atoi(argv[4]), atoi(argv[5]), atoi(argv[6]), 4,
             4};
  if (s.cell == "elman") s.G = s.biases = 1;
  if (s.cell == "gru") s.G = 3; /* and a bias inside the reset gate's product */
  Layout at(s);
  int64_t rows = s.T * s.B;
  std::vector<float> p = read_file<float>(argv[8], 0, at.end), g(at.end), m(at.end), v(at.end),
                     x = read_file<float>(argv[9], 0, rows * s.I), h(rows * s.H), dh(s.train ? rows * s.H : 0),
                     logits(s.train ? rows * CLASSES : 0);
  std::vector<int32_t> y = read_file<int32_t>(argv[9], x.size() * sizeof x[0], rows);
  Scan scan(s, p.data(), g.data(), x.data(), h.data(), dh.data());
  if (!s.train) {
    scan.forward();
    printf("{\"check\": [");
    for (int64_t t : {int64_t(0), int64_t(1), s.T - 1}) {
      double sum = 0;
      for (int64_t k = 0; k < s.B * s.H; k++) sum += std::fabs(h[t * s.B * s.H + k]);
      printf("%s%.9g", t ? ", " : "", sum / (s.B * s.H));
    }
    printf("]}\n");
    fflush(stdout);
    serve([&] { scan.forward(); });
    return 0;
  }
  int count = 0;
  auto step = [&] {
    scan.forward();
    float *V = &p[at.V], *dV = &g[at.V], *dc = &g[at.c];
    dnnl_sgemm('N', 'T', rows, CLASSES, s.H, 1, h.data(), s.H, V, s.H, 0, logits.data(), CLASSES);
    double loss = softmax_loss(logits.data(), &p[at.c], y.data(), rows);
    dnnl_sgemm('T', 'N', CLASSES, s.H, rows, 1, logits.data(), CLASSES, h.data(), s.H, 0, dV, s.H);
    dnnl_sgemm('N', 'N', rows, s.H, CLASSES, 1, logits.data(), CLASSES, V, s.H, 0, dh.data(), s.H);
    std::fill(dc, dc + CLASSES, 0);
    for (int64_t r = 0; r < rows; r++)
      for (int k = 0; k < CLASSES; k++) dc[k] += logits[r * CLASSES + k];
    scan.backward();
    clip_and_adam(p.data(), g.data(), m.data(), v.data(), at.end, ++count);
    return loss;
  };
  printf("{\"check\": [");
  for (int k = 0; k < atoi(argv[7]); k++) printf("%s%.9g", k ? ", " : "", step());
  printf("]}\n");
  fflush(stdout);
  serve(step);
}
