// The plugin without its host and its editor: capture, bridge, takes and player, joined.
#pragma once

#include "bridge/bridge_client.hpp"
#include "capture/capture.hpp"
#include "core/previews.hpp"
#include "player/listen.hpp"
#include "state/state.hpp"
#include "takes/disk_use.hpp"
#include "takes/take_list.hpp"
#include "timeline/region.hpp"

#include <atomic>
#include <functional>
#include <memory>

namespace umtn::plugin {

// All that an editor shows, at one moment.
struct CoreView {
  Transport transport;
  RegionSource region_source = RegionSource::last_played;
  std::optional<Place> region;
  Connection connection;
  std::vector<Take> takes; // bottom to top
  juce::String soloed;
  std::vector<Clip> captured;
  CaptureReport capture;
  juce::File session_folder;
  std::vector<juce::File> missing; // files of the project that were not found
  juce::String message;            // what the last action met, in a sentence, or empty
  Preview preview;
  bool bounce_waits = false;   // an offline render stands still for takes under way
  juce::String undo, redo;     // what they would undo and redo, in words, or empty
  std::optional<DiskUse> disk; // once it was asked for
};

struct CoreOptions {
  BridgeTiming timing;
  juce::File address_file;          // empty: where the bridge leaves it
  juce::StringArray bridge_command; // empty: wherever umtn is
  // How to render now. Called on the core's thread, so it must not mind threads.
  std::function<RenderSettings()> settings;
  // Called on the core's thread when the bridge's models are known, and when they are others.
  std::function<void(const std::vector<Model>&)> models_changed;
};

// How processBlock reads:
//   const Transport transport =
//       host_time.next(getPlayHead(), getSampleRate(), isNonRealtime(), samples);
//   core.observe(transport, samples, trigger, armed);
//   core.capture().process(audio, transport, armed);
//   core.listen().process(audio, transport, controls);
//
// A thread of its own does all that takes time. The constructor does nothing that a host's probing
// would notice; threads start with the first prepare().
class Core {
public:
  explicit Core(CoreOptions options);
  ~Core();

  // Starts the threads. Once is enough; prepare() and the editor call it.
  void start();
  // The host's, before audio starts. Does not wait: finished takes that are short are loaded when
  // it returns, others soon after, and offline renders wait for them.
  void prepare(double rate, int max_block, int channels);

  // The audio thread.
  void observe(const Transport& transport, int samples, bool trigger,
               bool armed = true) noexcept UMTN_REALTIME;
  // The sound of takes' sources is loaded only once somebody wants to hear it.
  void set_audition(Audition audition) noexcept UMTN_REALTIME;
  Capture& capture() { return capture_; }
  Player& player() { return player_; }
  // Plays inside the plugin while the host stands still; has the player play else.
  Listen& listen() { return listen_; }

  // From here on any other thread. None of these waits for disk, bridge or audio.
  CoreView view() const;
  // Grows with everything in the view but the transport.
  juce::uint64 revision() const;

  Region& region() { return region_; }
  // Renders the region, with options.settings().
  void render();
  void render(const Place& place, const RenderSettings& settings);
  // The region on several instruments, a take each.
  void render(const juce::StringArray& targets);
  // Another take of the same recording. Where one with these settings is there, with the next seed.
  void render_again(const juce::String& take, const RenderSettings& settings);
  void cancel(const juce::String& take);
  // Takes it off the list; its files stay for as long as it can come back.
  void remove(const juce::String& take);
  void bring_to_top(const juce::String& take);
  void next_rival(const juce::String& take);
  void mute(const juce::String& take, bool muted);
  void solo(const juce::String& take);
  void rename(const juce::String& take, const juce::String& name);
  // Of what is done to the takes by the seven above, but for cancel().
  void undo();
  void redo();
  // What the session folder holds, and what of it nobody needs: see CoreView::disk.
  void measure_disk();
  // Moves what nobody needs to the trash.
  void clean_up();
  // A take as soon as the transport stops after something new was recorded.
  void set_auto_render(bool on);
  void set_session_folder(const juce::File& folder);
  // Where else to look for a project's files that were not found.
  void locate(const juce::File& folder);
  void set_token(const juce::String& token);
  void start_bridge();
  // Audio files become what was recorded at the place, one after another, and the dragged region.
  // Any format: what is not JUCE's own, the bridge reads.
  void import_audio(const std::vector<juce::File>& files, Place start);
  // Plays a short phrase of an instrument as soon as the bridge has it. Listen::stop() ends it.
  void request_preview(const juce::String& model, const juce::String& target);

  // `state` gives the parameters, model and target; the rest is the core's own.
  juce::MemoryBlock save(State state = {});
  // Returns what was read, for the parameters, model and target; nothing where it is no state, and
  // then nothing has changed. As in prepare(), takes may be loaded soon after.
  std::optional<State> load(const void* data, std::size_t size);

private:
  class Worker;
  Material material() const;
  Capture capture_;
  Player player_;
  Listen listen_{player_, [this] { return material(); }};
  Region region_;
  bool trigger_ = true; // the audio thread's: a trigger that is on from the start is none
  std::atomic<unsigned> triggers_{0};
  std::atomic<bool> sources_wanted_{false};
  std::unique_ptr<Worker> worker_;
};

} // namespace umtn::plugin
