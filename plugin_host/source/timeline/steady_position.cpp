#include "steady_position.hpp"

#include <cstdlib>

namespace umtn::plugin {
namespace {

constexpr double kTolerance = 0.005; // seconds
constexpr int kJitter = 8;           // samples; blocks no longer may repeat a position by it

} // namespace

Transport SteadyPosition::follow(Transport transport, int samples) noexcept UMTN_REALTIME {
  if (!transport.rolling() || transport.rate <= 0.0) {
    rolling_ = false;
    return transport;
  }
  const Sample told = transport.position;
  const auto tolerance = static_cast<Sample>(kTolerance * transport.rate);
  const bool repeated = told == told_ && samples_ > kJitter; // it stands still
  if (rolling_ && rate_ == transport.rate && !repeated && std::abs(told - expected_) <= tolerance)
    transport.move_by(expected_ - told);
  if (samples < 1)
    return transport;
  rolling_ = true;
  rate_ = transport.rate;
  told_ = told;
  samples_ = samples;
  expected_ = transport.position + samples;
  return transport;
}

} // namespace umtn::plugin
