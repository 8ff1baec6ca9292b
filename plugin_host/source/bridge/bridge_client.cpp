#include "bridge_client.hpp"

#include "bridge_worker.hpp"

namespace umtn::plugin {

BridgeClient::BridgeClient(OnJob on_job, Timing timing, juce::File address_file)
    : worker_(std::make_unique<Worker>(std::move(on_job), timing, std::move(address_file))) {}
BridgeClient::~BridgeClient() = default;

void BridgeClient::start() {
  worker_->start();
}
void BridgeClient::set_token(const juce::String& token) {
  worker_->set_token(token);
}
void BridgeClient::start_bridge(const juce::StringArray& command) {
  worker_->start_bridge(command);
}
void BridgeClient::render(const RenderRequest& request) {
  worker_->render(request);
}
void BridgeClient::cancel(const juce::String& id) {
  worker_->cancel(id);
}
void BridgeClient::forget(const juce::String& id) {
  worker_->forget(id);
}
void BridgeClient::preview(const juce::String& model, const juce::String& target, OnAnswer answer) {
  worker_->preview(model, target, std::move(answer));
}
void BridgeClient::convert(const juce::File& input, const juce::File& output, OnAnswer answer) {
  worker_->convert(input, output, std::move(answer));
}
Connection BridgeClient::connection() const {
  return worker_->connection();
}
juce::uint64 BridgeClient::version() const {
  return worker_->version();
}

} // namespace umtn::plugin
