// Streams under way: all memory that their steps need, and the threads that take them.
#pragma once

#include "memory.hpp"
#include "model.hpp"
#include "team.hpp"

#include <memory>
#include <vector>

namespace umtn {

class Batch {
public:
  // Throws std::bad_alloc and std::system_error.
  Batch(const Network& network, const Target& target, int streams, int threads,
        const double* temperatures, double top_p);

  bool has(int stream) const { return stream >= 0 && stream < streams_.streams; }
  // Whether the codes of so many steps fit into a row of so many.
  bool fits(int steps, std::int64_t row) const {
    return steps >= 0 && row / streams_.network->bands >= steps;
  }
  // Whether there is such a stream, and the codes are -1 to 255.
  bool can_load(int stream, const std::int64_t* recent) const;
  void load(int stream, std::int64_t time, const std::int64_t* recent, const float* rings);
  void store(int stream, float* rings) const;

  // Returns whether the output was finite. Allocates nothing.
  bool run(const float* conditioning, const Work& work);

private:
  template <class F>
  void for_each_row(int stream, F work) const;

  const Target& target_;
  Arena arena_;
  Team team_;
  Streams streams_ = {};
  float* row_; // a ring row in float32, padded
};

} // namespace umtn
