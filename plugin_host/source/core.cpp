#include "core.hpp"

#include "core/worker.hpp"

namespace umtn::plugin {

Core::Core(CoreOptions options)
    : worker_(std::make_unique<Worker>(capture_, player_, listen_, region_, triggers_,
                                       sources_wanted_, std::move(options))) {}
Core::~Core() {
  listen_.end(); // its thread asks the worker
}

void Core::start() {
  worker_->start();
}

void Core::prepare(double rate, int max_block, int channels) {
  capture_.prepare(rate, max_block, channels);
  player_.prepare(rate, channels);
  listen_.prepare(rate, channels);
  worker_->prepare(rate);
}

void Core::observe(const Transport& transport, int samples, bool trigger,
                   bool armed) noexcept UMTN_REALTIME {
  region_.observe(transport, samples, armed);
  if (trigger && !trigger_) {
    ++triggers_;
    player_.expect(); // after the count: who sees this sees that
  }
  trigger_ = trigger;
}

void Core::set_audition(Audition audition) noexcept UMTN_REALTIME {
  if (audition == Audition::source)
    sources_wanted_ = true;
}

Material Core::material() const {
  return worker_->material();
}

CoreView Core::view() const {
  return worker_->view();
}
juce::uint64 Core::revision() const {
  return worker_->revision();
}
void Core::render() {
  worker_->render();
}
void Core::render(const Place& place, const RenderSettings& settings) {
  worker_->render(place, settings);
}
void Core::render(const juce::StringArray& targets) {
  worker_->render(targets);
}
void Core::render_again(const juce::String& take, const RenderSettings& settings) {
  worker_->render_again(take, settings);
}
void Core::cancel(const juce::String& take) {
  worker_->cancel(take);
}
void Core::remove(const juce::String& take) {
  worker_->remove(take);
}
void Core::bring_to_top(const juce::String& take) {
  worker_->edit_takes("Bring take to top", [&](TakeList& takes) { takes.bring_to_top(take); });
}
void Core::next_rival(const juce::String& take) {
  worker_->edit_takes("Next take", [&](TakeList& takes) { takes.next_rival(take); });
}
void Core::mute(const juce::String& take, bool muted) {
  worker_->edit_takes(muted ? "Mute take" : "Unmute take",
                      [&](TakeList& takes) { takes.mute(take, muted); });
}
void Core::solo(const juce::String& take) {
  worker_->edit_takes(take.isEmpty() ? "End solo" : "Solo take",
                      [&](TakeList& takes) { takes.solo(take); });
}
void Core::rename(const juce::String& take, const juce::String& name) {
  worker_->edit_takes("Rename take", [&](TakeList& takes) { takes.rename(take, name); });
}
void Core::undo() {
  worker_->undo();
}
void Core::redo() {
  worker_->redo();
}
void Core::measure_disk() {
  worker_->measure_disk();
}
void Core::clean_up() {
  worker_->clean_up();
}
void Core::set_auto_render(bool on) {
  worker_->set_auto_render(on);
}
void Core::set_session_folder(const juce::File& folder) {
  worker_->set_session_folder(folder);
}
void Core::locate(const juce::File& folder) {
  worker_->locate(folder);
}
void Core::set_token(const juce::String& token) {
  worker_->set_token(token);
}
void Core::start_bridge() {
  worker_->start_bridge();
}
void Core::request_preview(const juce::String& model, const juce::String& target) {
  worker_->request_preview(model, target);
}
void Core::import_audio(const std::vector<juce::File>& files, Place start) {
  worker_->start();
  worker_->import_audio(files, start);
}
juce::MemoryBlock Core::save(State state) {
  return worker_->save(std::move(state));
}
std::optional<State> Core::load(const void* data, std::size_t size) {
  return worker_->load(data, size);
}

} // namespace umtn::plugin
