// What the stress programs share.
#pragma once

#include "umtn_decode.h"

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

using Vector = std::vector<float>;

// Numbers that a seed decides.
class Random {
public:
  explicit Random(unsigned seed) : engine_(seed) {}
  int whole(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }
  Vector normal(std::size_t count, double spread) {
    std::normal_distribution<float> distribution(0, static_cast<float>(spread));
    Vector values(count);
    for (float& value : values)
      value = distribution(engine_);
    return values;
  }

private:
  std::mt19937 engine_;
};

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

inline void expect(int status, const char* what) {
  if (status != UMTN_OK)
    fail(std::string(what) + " returned " + std::to_string(status));
}

inline std::vector<const float*> pointers(const std::vector<Vector>& vectors) {
  std::vector<const float*> all;
  for (const Vector& vector : vectors)
    all.push_back(vector.data());
  return all;
}

// Runs a test for so many seeds from one on, as the command line says.
inline int run_stress(int count, char** arguments, void (*stress)(unsigned seed)) {
  if (count != 3)
    fail(std::string("usage: ") + arguments[0] + " SEED ROUNDS");
  const auto seed = static_cast<unsigned>(std::atoi(arguments[1]));
  for (int round = 0; round < std::atoi(arguments[2]); ++round)
    stress(seed + static_cast<unsigned>(round));
  std::puts("all equal");
  return 0;
}
