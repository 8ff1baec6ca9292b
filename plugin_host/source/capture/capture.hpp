// Records the input while the transport rolls.
#pragma once

#include "../audio/peaks.hpp"
#include "../timeline/pace.hpp"
#include "../timeline/steady_position.hpp"
#include "capture_fifo.hpp"
#include "captured_timeline.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace umtn::plugin {

struct CaptureReport {
  bool recording = false;   // in the last fraction of a second
  Sample lost = 0;          // samples that came faster than the disk could take them
  juce::String message;     // what is wrong with the disk, in a sentence, or empty
  juce::uint64 version = 0; // grows when the captured timeline changes
};

// The loudest sample of either channel; mono is on both.
struct InputLevel {
  float peak[2] = {0.0f, 0.0f};
};

// Audio thread → FIFO → writer thread → WAV. Each unbroken run of blocks is a file of its own.
class Capture {
public:
  Capture() = default;
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture();

  // Before audio starts: takes memory for the FIFO, and starts the writer's thread.
  void prepare(double rate, int max_block, int channels);

  // Every block. Writes only where armed and rolling.
  void process(const juce::AudioBuffer<float>& input, const Transport& host,
               bool armed) noexcept UMTN_REALTIME;

  // From here on any other thread.

  // Where new files go; the folder is made when the first is.
  void set_folder(const juce::File& folder);
  // Waits until everything that was recorded before the call is in its file.
  void flush();
  CapturedTimeline timeline() const;
  void set_timeline(CapturedTimeline timeline);
  CaptureReport report() const;
  // The waveform of a file that was made here, while it grows too; nullptr of any other.
  std::shared_ptr<const Peaks> peaks(const juce::File& file) const;
  // Of what came in since this was last asked, armed or not.
  InputLevel input_level();

private:
  void measure(const juce::AudioBuffer<float>& input) noexcept UMTN_REALTIME;
  void run();
  bool write_pending();
  void write_block(const CaptureFifo::Block& block);
  bool open_file(const CaptureFifo::Block& block);
  void settle();
  void close_file();
  void note_trouble(const juce::String& sentence);
  bool wait_for_room(const CaptureFifo::Block& block, const float* const* channels) noexcept;

  std::mutex fifo_mutex_; // the writer's end of the FIFO, and its making; not the audio thread's
  CaptureFifo fifo_;
  Pace pace_; // the audio thread's, with the next
  SteadyPosition steady_;
  int channels_ = 0; // that the FIFO has room for
  std::atomic<Sample> lost_{0};
  std::atomic<double> last_recorded_{-1.0};
  std::array<std::atomic<float>, 2> level_{};

  // The writer's.
  std::unique_ptr<WavWriter> file_;
  std::shared_ptr<Peaks> file_peaks_;
  Clip unsettled_; // the end of the file, which is not yet on the timeline
  Audio block_;
  double settled_at_ = 0.0, failed_at_ = -1.0;

  mutable std::mutex mutex_; // guards what follows
  std::condition_variable wake_, flushed_;
  juce::File folder_;
  CapturedTimeline timeline_;
  std::map<juce::String, std::shared_ptr<const Peaks>> peaks_; // by the file's whole name
  juce::String trouble_;
  juce::uint64 version_ = 0;
  juce::uint64 flushes_wanted_ = 0, flushes_done_ = 0;
  bool ending_ = false;
  std::thread writer_;
};

} // namespace umtn::plugin
