#include "core.hpp"

#include "core_worker.hpp"

namespace umtn::plugin {

Engine::Engine(EngineOptions options)
    : worker_(std::make_unique<Worker>(capture_, player_, region_, triggers_, sources_wanted_,
                                       std::move(options))) {}
Engine::~Engine() = default;

void Engine::start() {
  worker_->start();
}

void Engine::prepare(double rate, int max_block, int channels) {
  capture_.prepare(rate, max_block, channels);
  player_.prepare(rate, channels);
  worker_->prepare(rate);
}

void Engine::observe(const Transport& transport, int samples, bool trigger,
                     bool armed) noexcept UMTN_REALTIME {
  region_.observe(transport, samples, armed);
  if (trigger && !trigger_) {
    ++triggers_;
    player_.expect(); // after the count: who sees this sees that
  }
  trigger_ = trigger;
}

void Engine::set_audition(Audition audition) noexcept UMTN_REALTIME {
  if (audition == Audition::source)
    sources_wanted_ = true;
}

EngineView Engine::view() const {
  return worker_->view();
}
juce::uint64 Engine::revision() const {
  return worker_->revision();
}
void Engine::render() {
  worker_->render();
}
void Engine::render(const Place& place, const RenderSettings& settings) {
  worker_->render(place, settings);
}
void Engine::render_again(const juce::String& take, const RenderSettings& settings) {
  worker_->render_again(take, settings);
}
void Engine::cancel(const juce::String& take) {
  worker_->cancel(take);
}
void Engine::remove(const juce::String& take) {
  worker_->remove(take);
}
void Engine::bring_to_top(const juce::String& take) {
  worker_->change_takes([&](TakeList& takes) { takes.bring_to_top(take); });
}
void Engine::next_rival(const juce::String& take) {
  worker_->change_takes([&](TakeList& takes) { takes.next_rival(take); });
}
void Engine::mute(const juce::String& take, bool muted) {
  worker_->change_takes([&](TakeList& takes) { takes.mute(take, muted); });
}
void Engine::solo(const juce::String& take) {
  worker_->change_takes([&](TakeList& takes) { takes.solo(take); });
}
void Engine::clear_capture() {
  capture_.set_timeline({});
}
void Engine::set_auto_render(bool on) {
  worker_->set_auto_render(on);
}
void Engine::set_session_folder(const juce::File& folder) {
  worker_->set_session_folder(folder);
}
void Engine::locate(const juce::File& folder) {
  worker_->locate(folder);
}
void Engine::set_token(const juce::String& token) {
  worker_->set_token(token);
}
void Engine::start_bridge() {
  worker_->start_bridge();
}
juce::MemoryBlock Engine::save(State state) const {
  return worker_->save(std::move(state));
}
std::optional<State> Engine::load(const void* data, std::size_t size) {
  return worker_->load(data, size);
}

} // namespace umtn::plugin
