#include "inverse_hessian.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>

namespace lamina {
namespace {

constexpr double least_curvature = 1e-10;  // of s y; as in PyTorch

double inner(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}
// y += factor x
void add(std::vector<double>& y, double factor, const std::vector<double>& x) {
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += factor * x[i];
}

class LimitedMemory final : public InverseHessian {
 public:
  LimitedMemory(Index size, int pairs) : size_(std::size_t(size)), most_(std::size_t(pairs)) {}

  void direction(const std::vector<double>& gradient, std::vector<double>& d) const override {
    d.assign(gradient.begin(), gradient.end());
    for (double& x : d) x = -x;
    std::vector<double> shares(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      shares[i] = inner(pairs_[i].s, d) * pairs_[i].inverse;
      add(d, -shares[i], pairs_[i].y);
    }
    for (double& x : d) x *= scale_;
    for (std::size_t i = 0; i < pairs_.size(); ++i)
      add(d, shares[i] - inner(pairs_[i].y, d) * pairs_[i].inverse, pairs_[i].s);
  }
  void update(const std::vector<double>& s, const std::vector<double>& y) override {
    const double curvature = inner(s, y);
    if (!(curvature > least_curvature)) return;
    if (pairs_.size() == most_) pairs_.pop_front();
    pairs_.push_back({s, y, 1.0 / curvature});
    scale_ = curvature / inner(y, y);
  }
  void forget() override {
    pairs_.clear();
    scale_ = 1.0;
  }

  std::vector<double> memory() const override {
    std::vector<double> all;
    for (const Pair& pair : pairs_) {
      all.insert(all.end(), pair.s.begin(), pair.s.end());
      all.insert(all.end(), pair.y.begin(), pair.y.end());
    }
    return all;
  }
  void set_memory(const std::vector<double>& memory) override {
    if (size_ == 0 || memory.size() % (2 * size_) != 0)
      throw std::invalid_argument("memory: needs pairs of " + std::to_string(size_) +
                                  " numbers; got " + std::to_string(memory.size()) + " numbers");
    forget();
    for (auto at = memory.begin(); at != memory.end(); at += std::ptrdiff_t(2 * size_))
      update({at, at + std::ptrdiff_t(size_)},
             {at + std::ptrdiff_t(size_), at + std::ptrdiff_t(2 * size_)});
  }

 private:
  struct Pair {
    std::vector<double> s, y;
    double inverse;  // 1 / (s y)
  };
  const std::size_t size_, most_;
  std::deque<Pair> pairs_;
  double scale_ = 1.0;
};

class DenseMemory final : public InverseHessian {
 public:
  explicit DenseMemory(Index size) : size_(std::size_t(size)) {}

  void direction(const std::vector<double>& gradient, std::vector<double>& d) const override {
    d.assign(size_, 0.0);
    if (matrix_.empty()) {
      std::transform(gradient.begin(), gradient.end(), d.begin(), [](double g) { return -g; });
      return;
    }
    for (std::size_t i = 0; i < size_; ++i)
      d[i] = -std::inner_product(gradient.begin(), gradient.end(), row(i), 0.0);
  }
  // H += (1 + y H y / s y) s s / s y - (H y s + s y H) / s y
  void update(const std::vector<double>& s, const std::vector<double>& y) override {
    const double curvature = inner(s, y);
    if (!(curvature > least_curvature)) return;
    if (matrix_.empty()) {
      matrix_.assign(size_ * size_, 0.0);
      for (std::size_t i = 0; i < size_; ++i) matrix_[i * size_ + i] = curvature / inner(y, y);
    }
    std::vector<double> hy(size_);
    for (std::size_t i = 0; i < size_; ++i)
      hy[i] = std::inner_product(y.begin(), y.end(), row(i), 0.0);
    const double factor = (1.0 + inner(y, hy) / curvature) / curvature;
    for (std::size_t i = 0; i < size_; ++i) {
      double* h = matrix_.data() + i * size_;
      const double of_s = factor * s[i] - hy[i] / curvature, of_hy = -s[i] / curvature;
      for (std::size_t j = 0; j < size_; ++j) h[j] += of_s * s[j] + of_hy * hy[j];
    }
  }
  void forget() override { matrix_.clear(); }

  std::vector<double> memory() const override { return matrix_; }
  void set_memory(const std::vector<double>& memory) override {
    if (!memory.empty() && memory.size() != size_ * size_)
      throw std::invalid_argument("memory: needs " + std::to_string(size_ * size_) +
                                  " numbers or none; got " + std::to_string(memory.size()));
    matrix_ = memory;
  }

 private:
  const double* row(std::size_t i) const { return matrix_.data() + i * size_; }
  const std::size_t size_;
  std::vector<double> matrix_;  // empty before the first step
};

}  // namespace

std::unique_ptr<InverseHessian> limited_memory(Index size, int pairs) {
  return std::make_unique<LimitedMemory>(size, pairs);
}
std::unique_ptr<InverseHessian> dense_memory(Index size) {
  return std::make_unique<DenseMemory>(size);
}

}  // namespace lamina
