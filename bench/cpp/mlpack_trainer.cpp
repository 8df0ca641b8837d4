// Trains a network of dense layers and dropout with mlpack, for bench/workloads/mlpack_peer.py.
//
//     mlpack_trainer TASK BATCH ROWS INPUTS OUTPUTS DATA LAYER...
//
// TASK is regression, classification or binary; DATA holds the rows and then the targets, all
// float32 (labels too); a LAYER is dense:UNITS:ACTIVATION or dropout:RATE.  Each line of input is a
// command, `fit EPOCHS` or `loss`, and is answered with a number: 0, or the mean loss over all
// rows.
#include <ensmallen.hpp>
#include <fstream>
#include <iostream>
#include <limits>
#include <mlpack/core.hpp>
#include <mlpack/methods/ann/ann.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Matrix = arma::fmat;  // one column per row of data

struct Job {
  std::string task;
  std::size_t batch, rows;
  Matrix x, y;
  std::vector<std::string> layers;
};

Matrix read(std::ifstream& file, std::size_t values, std::size_t rows) {
  Matrix matrix(values, rows);
  file.read(reinterpret_cast<char*>(matrix.memptr()),
            static_cast<std::streamsize>(matrix.n_elem * sizeof(float)));
  if (!file) throw std::runtime_error("the data end early");
  return matrix;
}

Job parse(const std::vector<std::string>& words) {
  if (words.size() < 7) throw std::runtime_error("needs TASK BATCH ROWS INPUTS OUTPUTS DATA LAYER");
  Job job;
  job.task = words[0];
  job.batch = std::stoul(words[1]);
  job.rows = std::stoul(words[2]);
  std::ifstream file(words[5], std::ios::binary);
  job.x = read(file, std::stoul(words[3]), job.rows);
  job.y = read(file, std::stoul(words[4]), job.rows);
  job.layers.assign(words.begin() + 6, words.end());
  return job;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ':');) parts.push_back(part);
  return parts;
}

template <typename Network>
void add(Network& network, const std::string& layer) {
  const std::vector<std::string> parts = split(layer);
  if (parts[0] == "dropout") {
    network.template Add<mlpack::Dropout<Matrix>>(std::stod(parts[1]));
    return;
  }
  network.template Add<mlpack::Linear<Matrix>>(std::stoul(parts[1]));
  const std::string& activation = parts[2];
  if (activation == "relu") network.template Add<mlpack::ReLU<Matrix>>();
  if (activation == "tanh") network.template Add<mlpack::TanH<Matrix>>();
  if (activation == "sigmoid") network.template Add<mlpack::Sigmoid<Matrix>>();
  if (activation == "softmax") network.template Add<mlpack::LogSoftMax<Matrix>>();
}

// `mean` is the divisor that turns the loss into a mean over rows.
template <typename Loss>
void serve(const Job& job, double mean) {
  mlpack::FFN<Loss, mlpack::GlorotInitialization, Matrix> network;
  for (const std::string& layer : job.layers) add(network, layer);
  // Never stops before its iterations are complete; the moments persist from fit to fit.
  ens::Adam adam(0.001, job.batch, 0.9, 0.999, 1e-7, 0, -1.0, true, false);
  network.Reset(job.x.n_rows);
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "loss") {
      std::cout << network.Evaluate(job.x, job.y) / mean << std::endl;
      continue;
    }
    adam.MaxIterations() = std::stoul(line.substr(4)) * job.rows;
    network.Train(job.x, job.y, adam);
    std::cout << 0 << std::endl;
  }
}

}  // namespace

int main(int count, char** words) try {
  const Job job = parse({words + 1, words + count});
  const auto rows = static_cast<double>(job.rows);
  if (job.task == "classification") {
    serve<mlpack::NegativeLogLikelihoodType<Matrix>>(job, rows);
  } else if (job.task == "binary") {
    serve<mlpack::BCELossType<Matrix>>(job, rows);
  } else {
    serve<mlpack::MeanSquaredErrorType<Matrix>>(job, 1.0);
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << "mlpack_trainer: " << error.what() << '\n';
  return 1;
}
