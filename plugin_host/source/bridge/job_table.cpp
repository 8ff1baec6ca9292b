#include "job_table.hpp"

#include <algorithm>

namespace umtn::plugin {
namespace {

constexpr double kBusyWait = 2.0; // seconds, for a bridge that says it has too much to do

juce::OSCMessage render_message(const RenderRequest& request) {
  juce::OSCMessage message("/umtn/render");
  message.addString(request.id);
  message.addString(request.input.getFullPathName());
  message.addString(request.settings.target);
  message.addString(request.output.getFullPathName());
  message.addString("model");
  message.addString(request.settings.model);
  message.addString("seed");
  message.addInt32(request.settings.seed);
  if (request.settings.temperature > 0.0f) { // else the model's own
    message.addString("temperature");
    message.addFloat32(request.settings.temperature);
  }
  // What the bridge does unasked is not asked for, so that an older one is still understood.
  if (request.settings.channels != RenderSettings().channels) {
    message.addString("channels");
    message.addString(request.settings.channels);
  }
  if (request.settings.dynamics < RenderSettings().dynamics) {
    message.addString("dynamics");
    message.addFloat32(request.settings.dynamics);
  }
  if (const int transpose = request.settings.transpose; transpose != 0) {
    message.addString("transpose");
    if (transpose == kOctave)
      message.addString(transpose_text(transpose));
    else
      message.addInt32(transpose);
  }
  return message;
}

std::optional<JobUpdate> update_of(const juce::String& id, TakeState state) {
  JobUpdate update;
  update.id = id;
  update.state = state;
  return update;
}

} // namespace

void JobTable::add(const RenderRequest& request, double now) {
  Job job;
  job.request = request;
  send_again(job, now, timing_.resend);
  jobs_[request.id] = job;
}

void JobTable::send_again(Job& job, double now, double wait) {
  job.accepted = false;
  job.send_at = now;
  job.wait = wait;
}

std::optional<JobUpdate> JobTable::cancel(const juce::String& id, double now) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end())
    return std::nullopt;
  if (!found->second.sent) {
    jobs_.erase(found);
    return update_of(id, TakeState::cancelled);
  }
  found->second.cancelling = true;
  found->second.send_at = now;
  found->second.wait = timing_.resend;
  return std::nullopt;
}

void JobTable::bridge_is_new(double now) {
  for (auto& [id, job] : jobs_)
    send_again(job, now, timing_.resend);
}

std::vector<juce::OSCMessage> JobTable::due(double now) {
  std::vector<juce::OSCMessage> messages;
  for (auto& [id, job] : jobs_) {
    if ((!job.accepted || job.cancelling) && now >= job.send_at) {
      messages.push_back(job.cancelling ? juce::OSCMessage("/umtn/cancel", id)
                                        : render_message(job.request));
      job.sent = true;
      job.send_at = now + job.wait;
      job.wait = std::min(2.0 * job.wait, timing_.resend_most);
      job.ask_at = now + timing_.quiet;
    } else if (job.accepted && now >= job.ask_at) {
      messages.emplace_back("/umtn/status", id);
      job.ask_at = now + timing_.quiet;
    }
  }
  return messages;
}

std::optional<JobUpdate> JobTable::receive(const juce::String& address, const Arguments& arguments,
                                           double now) {
  const auto found = jobs_.find(arguments.text(0));
  if (found == jobs_.end())
    return std::nullopt;
  auto update = apply(found->second, address, arguments, now);
  if (update && update->state != TakeState::queued && update->state != TakeState::running)
    jobs_.erase(found);
  return update;
}

std::optional<JobUpdate> JobTable::apply(Job& job, const juce::String& address,
                                         const Arguments& arguments, double now) {
  const auto id = job.request.id;
  job.ask_at = now + timing_.quiet;
  if (address == "/umtn/accepted") {
    job.accepted = true;
    const auto state = take_state(arguments.text(1));
    // An end is told by a message of its own, which says more.
    auto update =
        update_of(id, state == TakeState::running ? TakeState::running : TakeState::queued);
    update->note = arguments.text(2);
    update->offer = arguments.text(3);
    return update;
  }
  if (address == "/umtn/progress" || address == "/umtn/job") {
    const bool full = address == "/umtn/job";
    const auto state = take_state(arguments.text(full ? 1 : 3));
    if (!state)
      return std::nullopt;
    job.accepted = true;
    auto update = update_of(id, *state);
    update->fraction = arguments.number(full ? 2 : 1);
    update->seconds_left = arguments.number(full ? 3 : 2);
    if (full) {
      update->output = arguments.file(4);
      update->message = arguments.text(5);
      update->note = arguments.text(8);
      update->offer = arguments.text(9);
    } else if (!(*state == TakeState::queued || *state == TakeState::running)) {
      return std::nullopt; // likewise
    }
    return update;
  }
  if (address == "/umtn/done") {
    auto update = update_of(id, TakeState::done);
    update->fraction = 1.0f;
    update->output = arguments.file(1);
    return update;
  }
  if (address == "/umtn/cancelled")
    return update_of(id, TakeState::cancelled);
  return address == "/umtn/error" ? error(job, arguments, now) : std::nullopt;
}

std::optional<JobUpdate> JobTable::error(Job& job, const Arguments& arguments, double now) {
  const auto code = arguments.text(1);
  auto update = update_of(job.request.id, TakeState::failed);
  update->code = code;
  update->message = arguments.text(2);
  if (code == "unknown_id") {
    if (job.cancelling) {
      update->state = TakeState::cancelled;
      return update;
    }
    send_again(job, now, timing_.resend);
    return std::nullopt;
  }
  if (code == "busy" || code == "rate") {
    send_again(job, now + kBusyWait, kBusyWait);
    update->state = TakeState::queued;
  }
  return update;
}

} // namespace umtn::plugin
