// The core's parts, joined: what its thread does in each round, and what others ask of it.
#pragma once

#include "../core.hpp"
#include "../takes/live_instance.hpp"
#include "audio_import.hpp"
#include "command_thread.hpp"
#include "previews.hpp"
#include "programme_maker.hpp"
#include "project_files.hpp"
#include "render_moments.hpp"
#include "take_life.hpp"

namespace umtn::plugin {

// Public functions are called on any thread but the audio thread, and only take a lock for a
// moment. What takes time is done on the thread: ask().
class Core::Worker {
public:
  Worker(Capture& capture, Player& player, Listen& listen, Region& region,
         const std::atomic<unsigned>& triggers, const std::atomic<bool>& sources_wanted,
         CoreOptions options);
  ~Worker();

  void start();
  void prepare(double rate);

  CoreView view() const;
  // What there is to listen to.
  Material material() const;
  juce::uint64 revision() const { return board_.revision(); }

  void render();
  void render(const juce::StringArray& targets);
  void render(const Place& place, const RenderSettings& settings);
  void render_again(const juce::String& id, const RenderSettings& settings);
  void cancel(const juce::String& id) { life_.cancel(id); }
  void remove(const juce::String& id);
  // All that people do to the list of takes, but for render and remove; its name, for undo.
  void edit_takes(const juce::String& name, const std::function<void(TakeList&)>& change);
  void undo();
  void redo();
  void measure_disk();
  void clean_up();
  void set_auto_render(bool on) { moments_.set_on_stop(on); }
  void set_session_folder(const juce::File& folder) { files_.set_session_folder(folder); }
  void locate(const juce::File& folder);
  void set_token(const juce::String& token) { client_.set_token(token); }
  void start_bridge();
  void import_audio(const std::vector<juce::File>& files, const Place& start);
  void request_preview(const juce::String& model, const juce::String& target) {
    previews_.request(model, target);
  }

  juce::MemoryBlock save(State state);
  std::optional<State> load(const void* data, std::size_t size);

private:
  // The thread's.
  bool round();
  void render_region(const juce::StringArray& targets = {});
  void begin(const Place& place, const std::vector<RenderSettings>& wanted);
  void measure();
  void look_for_changes();
  bool bridge_may_come() const;
  bool bridge_unknown() const;

  void settle();
  std::vector<juce::File> needed_files() const;

  Capture& capture_;
  Player& player_;
  Region& region_;
  const CoreOptions options_;

  Board board_;
  ProjectFiles files_;
  TakeLife life_;
  RenderMoments moments_;
  ProgrammeMaker programmes_;
  AudioImport import_;
  Previews previews_;

  // The thread's: what the view showed of others.
  juce::uint64 client_version_ = 0, capture_version_ = 0;
  bool was_waiting_ = false;
  Preview preview_;
  std::vector<Model> models_;

  CommandThread thread_;
  BridgeClient client_; // its thread calls into the rest
  LiveInstance live_;   // last: others' threads do
};

} // namespace umtn::plugin
