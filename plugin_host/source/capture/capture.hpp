// Records the input while the transport rolls.
#pragma once

#include "../audio/peaks.hpp"
#include "../timeline/pace.hpp"
#include "../timeline/steady_position.hpp"
#include "capture_fifo.hpp"
#include "captured_timeline.hpp"
#include "recording_plan.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
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

// Audio thread → FIFO → writer thread → WAV. What is recorded in one go is one file, however often
// the host's time jumps in it.
class Capture {
public:
  Capture() = default;
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture();

  // Before audio starts: takes memory for the FIFO, and starts the writer's thread. Waits for
  // nothing: what an earlier FIFO still holds is written.
  void prepare(double rate, int max_block, int channels);

  // Every block. Writes only where armed and rolling.
  void process(const juce::AudioBuffer<float>& input, const Transport& host,
               bool armed) noexcept UMTN_REALTIME;

  // From here on any other thread.

  // Where new files go; the folder is made when the first is.
  void set_folder(const juce::File& folder);
  // Waits until everything that was recorded before the call is in its file.
  void flush();
  // What is in its files.
  CapturedTimeline timeline() const;
  // The same, and what waits to be written, as it is going to be. For a project's state: none of
  // the files that it names is ever deleted here.
  CapturedTimeline timeline_to_save();
  void set_timeline(CapturedTimeline timeline);
  // What is recorded meanwhile stays as it is.
  void move_files(const std::map<juce::String, juce::File>& moved);
  // Records a file that somebody else has made.
  void add(const Clip& clip, std::shared_ptr<const Peaks> peaks = nullptr);
  CaptureReport report() const;
  // The waveform of a file that was made here, while it grows too; nullptr of any other.
  std::shared_ptr<const Peaks> peaks(const juce::File& file) const;
  // Of what came in since this was last asked, armed or not.
  InputLevel input_level();

private:
  using Block = CaptureFifo::Block;

  // A short file that is whole, and of which nobody was told for good.
  struct Fragment {
    juce::File file;
    std::weak_ptr<const bool> in_use;
  };

  void measure(const juce::AudioBuffer<float>& input) noexcept UMTN_REALTIME;
  bool wait_for_room(const Block& block, const float* const* channels) noexcept;

  // The writer's.
  void run();
  bool write_pending();
  bool take_next();
  void let_go();
  bool plan_write(const Block& block);
  void write_block(const Block& block, const Audio& audio, bool new_file);
  bool open_file(const Block& block);
  void lose(const Block& block);
  void settle();
  void close_file();
  void end_run();
  void sweep();
  void note_trouble(const juce::String& sentence);

  // The writer's end of the FIFOs, their making, and what of them is where: where several are
  // locked, the first of them.
  std::mutex plan_mutex_;
  std::unique_ptr<CaptureFifo> fifo_;
  std::deque<std::unique_ptr<CaptureFifo>> earlier_; // of other sizes, still to be emptied
  RecordingPlan plan_;
  juce::File folder_;

  Pace pace_; // the audio thread's, with the next
  SteadyPosition steady_;
  int channels_ = 0; // that the FIFO has room for
  int room_ = 0;
  std::atomic<Sample> lost_{0};
  std::atomic<double> last_recorded_{-1.0};
  std::array<std::atomic<float>, 2> level_{};

  // The writer's.
  std::unique_ptr<WavWriter> file_;
  double file_rate_ = 0.0;
  juce::File written_; // its name
  std::weak_ptr<const bool> written_in_use_;
  std::shared_ptr<Peaks> file_peaks_;
  Audio held_, next_; // of the block that the plan holds, and of the one that comes
  double settled_at_ = 0.0, failed_at_ = -1.0;

  mutable std::mutex mutex_; // guards what follows
  std::condition_variable wake_, flushed_;
  CapturedTimeline timeline_;
  std::map<juce::String, std::shared_ptr<const Peaks>> peaks_; // by the file's whole name
  std::vector<Fragment> fragments_;
  std::set<juce::String> told_; // files that a state names, and that may not be whole yet
  juce::String trouble_;
  juce::uint64 version_ = 0;
  juce::uint64 flushes_wanted_ = 0, flushes_done_ = 0;
  bool ending_ = false;
  std::thread writer_;
};

} // namespace umtn::plugin
