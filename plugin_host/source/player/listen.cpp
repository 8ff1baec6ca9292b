#include "listen.hpp"

#include <chrono>
#include <cmath>

namespace umtn::plugin {
namespace {

constexpr auto kNap = std::chrono::milliseconds(8);
constexpr double kAhead = 1.5;      // seconds that are read before they are heard
constexpr double kFarthest = 1.0e6; // seconds from 0 that it goes
constexpr double kQuietHost = 2.0;  // seconds without blocks, after which nothing can be heard

Sample sample_at(double seconds, double rate) {
  return static_cast<Sample>(std::llround(seconds * rate));
}

} // namespace

Listen::Listen(Player& player, std::function<Material()> material)
    : material_(std::move(material)), head_(player) {}

void Listen::end() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  if (reader_.joinable())
    reader_.join();
}

void Listen::prepare(double rate, int channels) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const double seconds = where();
  rate_ = rate;
  channels_ = channels;
  order_.playing = order_.file = false;
  order_.seconds = seconds;
  ++order_.jump;
  give();
  head_.prepare(rate);
}

void Listen::play() {
  const auto material = material_();
  const std::lock_guard<std::mutex> lock(mutex_);
  double seconds = where();
  if (head_.rolled() || !std::isfinite(seconds) || seconds >= material.end)
    seconds = material.start;
  head_.forget_roll();
  message_ = {};
  if (material.end <= material.start) {
    message_ = "There is nothing to play yet: switch capture on, and play the region in the host.";
    return;
  }
  file_ = juce::File();
  begin(false, seconds);
}

void Listen::play(const juce::File& file) {
  const std::lock_guard<std::mutex> lock(mutex_);
  message_ = {};
  file_ = file;
  begin(true, where());
}

// With the lock held.
void Listen::begin(bool file, double seconds) {
  ++order_.serial;
  ++order_.jump;
  order_.seconds = seconds;
  order_.playing = true;
  order_.file = file;
  blocks_ = head_.blocks();
  blocks_at_ = steady_seconds();
  give();
  if (!reader_.joinable())
    reader_ = std::thread(&Listen::run, this);
  wake_.notify_all();
}

void Listen::stop() {
  const std::lock_guard<std::mutex> lock(mutex_);
  order_.playing = false;
  give();
}

bool Listen::playing() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return is_playing() && !order_.file;
}

bool Listen::playing_file() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return is_playing() && order_.file;
}

void Listen::locate(double seconds) {
  if (!std::isfinite(seconds))
    return;
  const std::lock_guard<std::mutex> lock(mutex_);
  order_.playing = is_playing() && !order_.file;
  order_.file = false;
  order_.seconds = std::clamp(seconds, -kFarthest, kFarthest);
  ++order_.jump;
  head_.forget_roll();
  give();
  wake_.notify_all();
}

double Listen::where() const {
  return head_.jump() == order_.jump ? head_.seconds() : order_.seconds;
}

double Listen::position() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return where();
}

bool Listen::placed() const {
  return !head_.rolled();
}

void Listen::loop(std::optional<Place> place) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (order_.loop == place)
    return;
  order_.loop = place;
  give();
  wake_.notify_all();
}

juce::String Listen::message() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return message_;
}

// With the lock held.
void Listen::give() {
  head_.give(std::make_unique<Order>(order_));
}

void Listen::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!ending_) {
    if (!is_playing()) {
      lock.unlock();
      let_go(); // recordings that nobody needs any more may go
      lock.lock();
      wake_.wait(lock, [this] { return ending_ || is_playing(); });
      continue;
    }
    const auto blocks = head_.blocks();
    const double now = steady_seconds();
    if (blocks != blocks_)
      blocks_at_ = now;
    blocks_ = blocks;
    if (now - blocks_at_ > kQuietHost) {
      message_ = "The host runs no plugins while it stands still: switch its audio engine on, or "
                 "keep it from suspending plugins.";
      order_.playing = false;
      give();
      continue;
    }
    if (!read_on(lock))
      wake_.wait_for(lock, kNap);
  }
}

void Listen::let_go() {
  read_ = {};
  pieces_.clear();
  given_.clear();
  read_order_ = 0;
}

// Reads one piece, if there is one to read; the lock is let go meanwhile.
bool Listen::read_on(std::unique_lock<std::mutex>& lock) {
  const Order order = order_;
  const auto file = file_;
  const double rate = rate_;
  const int channels = channels_;
  if (rate <= 0.0 || channels < 1)
    return false;
  lock.unlock();

  juce::String trouble;
  const bool fresh =
      order.serial != read_order_ || rate != read_rate_ || channels != read_channels_;
  if (fresh) {
    let_go();
    read_order_ = order.serial;
    read_rate_ = rate;
    read_channels_ = channels;
  }
  if (fresh || !order.file)
    read_ = order.file ? material_of(file, trouble) : material_();

  const Sample end = sample_at(read_.end, rate);
  const auto wanted = needed(order, rate, end);
  const auto missing = [&](Sample start) {
    return std::none_of(pieces_.begin(), pieces_.end(),
                        [&](const Tape::Piece& piece) { return piece.start == start; });
  };
  const auto next = std::find_if(wanted.begin(), wanted.end(), missing);
  const bool any = next != wanted.end();
  if (any) {
    const Range range = {*next, *next + Tape::kPiece};
    pieces_.push_back({*next, std::make_shared<const Audio>(
                                  read_recorded(read_.captured, range, rate, channels, trouble))});
  }
  if (any || fresh || wanted != given_) {
    pieces_.erase(std::remove_if(pieces_.begin(), pieces_.end(),
                                 [&](const Tape::Piece& piece) {
                                   return std::find(wanted.begin(), wanted.end(), piece.start) ==
                                          wanted.end();
                                 }),
                  pieces_.end());
    auto tape = std::make_unique<Tape>();
    tape->order = order.serial;
    tape->rate = rate;
    tape->start = sample_at(read_.start, rate);
    tape->end = end;
    tape->pieces = pieces_;
    head_.give(std::unique_ptr<const Tape>(std::move(tape)));
    given_ = wanted;
  }
  lock.lock();
  if (trouble.isNotEmpty())
    message_ = trouble;
  return any;
}

// The pieces that will be heard next, in this order.
std::vector<Sample> Listen::needed(const Order& order, double rate, Sample end) const {
  std::vector<Sample> wanted;
  const auto walk = [&](Sample from, Sample left) {
    const Range loop = order.loop && !order.file ? order.loop->at(rate) : Range{};
    const bool round = !loop.empty() && from < loop.end;
    bool again = false;
    for (Sample at = from; left > 0;) {
      const Sample piece = Tape::piece_start(at);
      if (std::find(wanted.begin(), wanted.end(), piece) == wanted.end())
        wanted.push_back(piece);
      const Sample next = piece + Tape::kPiece;
      left -= next - at;
      at = next;
      if (round && at >= loop.end) {
        if (again)
          break;
        again = true;
        at = loop.start;
      } else if (!round && at >= end) {
        break;
      }
    }
  };
  const auto ahead = static_cast<Sample>(kAhead * rate) + Tape::kPiece;
  const bool there = head_.jump() == order.jump;
  const Sample at = head_.at();
  const Sample start = order.file ? 0 : sample_at(order.seconds, rate);
  walk(there ? at : start, ahead);
  if (!there) // what fades out until then
    walk(at, 2);
  return wanted;
}

Material Listen::material_of(const juce::File& file, juce::String& trouble) {
  Material material;
  const auto info = wav_info(file);
  if (!info || info->length < 1) {
    trouble = "The file " + file.getFullPathName() + " cannot be played: it is no WAV.";
    return material;
  }
  Clip clip;
  clip.place = {{0, info->length}, info->rate};
  clip.file = file;
  clip.channels = info->channels;
  material.captured.record(clip);
  material.end = static_cast<double>(info->length) / info->rate;
  return material;
}

} // namespace umtn::plugin
