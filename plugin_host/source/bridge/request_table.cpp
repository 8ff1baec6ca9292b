#include "request_table.hpp"

namespace umtn::plugin {
namespace {

constexpr double kBusyWait = 2.0; // seconds, for a bridge that says it has too much to do

juce::String new_id(const juce::String& kind) {
  return kind + "-" + juce::Uuid().toString();
}

} // namespace

void RequestTable::preview(const juce::String& model, const juce::String& target, OnAnswer answer,
                           double now) {
  const auto id = new_id("preview");
  add({"/umtn/preview", id, model, target}, id, timing_.answer, std::move(answer), now);
}

void RequestTable::convert(const juce::File& input, const juce::File& output, OnAnswer answer,
                           double now) {
  const auto id = new_id("convert");
  add({"/umtn/convert", id, input.getFullPathName(), output.getFullPathName()}, id, timing_.convert,
      std::move(answer), now);
}

void RequestTable::add(juce::OSCMessage message, const juce::String& id, double patience,
                       OnAnswer answer, double now) {
  requests_.emplace(
      id, Request{std::move(message), std::move(answer), patience, now, now, timing_.resend});
}

std::vector<juce::OSCMessage> RequestTable::due(double now) {
  std::vector<juce::OSCMessage> messages;
  for (auto& [id, request] : requests_)
    if (now >= request.send_at) {
      messages.push_back(request.message);
      request.send_at = now + request.wait;
      request.wait = std::min(2.0 * request.wait, timing_.resend_most);
    }
  return messages;
}

void RequestTable::expire(double now, const juce::String& trouble) {
  for (auto request = requests_.begin(); request != requests_.end();) {
    const auto at = request++;
    const double silence = now - at->second.heard_at;
    if (trouble.isNotEmpty() && silence > timing_.silence)
      fail(at, trouble);
    else if (silence > at->second.patience)
      fail(at, "The bridge has not answered: try it once more.");
  }
}

void RequestTable::wait(Request& request, double now) {
  request.heard_at = now;
  request.send_at = now + timing_.quiet;
  if (request.answer)
    request.answer({});
}

void RequestTable::receive(const juce::String& address, const Arguments& arguments, double now) {
  // A bridge that does not know a request does not know where its id would be.
  if (address == "/umtn/error" && arguments.text(0).isEmpty() &&
      arguments.text(1) == "bad_request") {
    for (auto request = requests_.begin(); request != requests_.end();) {
      const auto at = request++;
      const auto kind = at->second.message.getAddressPattern().toString();
      if (arguments.text(2).contains("'" + kind + "'"))
        fail(at, "The bridge is older than the plugin and cannot do this: install the same version "
                 "of both, and start the bridge again.");
    }
    return;
  }
  const auto request = requests_.find(arguments.text(0));
  if (request == requests_.end())
    return;
  Answer done;
  done.state = Answer::State::done;
  if (address == "/umtn/converted") {
    done.file = arguments.file(1);
    done.rate = arguments.number(2);
    done.channels = arguments.integer(3);
    done.frames = arguments.integer(4);
    return end(request, done);
  }
  if (address == "/umtn/preview" && arguments.text(1) == "ready") {
    done.file = arguments.file(2);
    return end(request, done);
  }
  if (address == "/umtn/error")
    return error(request, arguments, now);
  wait(request->second, now); // still at it
}

void RequestTable::error(Requests::iterator request, const Arguments& arguments, double now) {
  const auto code = arguments.text(1);
  if (code == "token")
    return; // the connection's matter
  if (code == "busy" || code == "rate") {
    wait(request->second, now);
    request->second.send_at = now + kBusyWait;
    return;
  }
  fail(request, arguments.text(2));
}

void RequestTable::fail(Requests::iterator request, const juce::String& message) {
  Answer answer;
  answer.state = Answer::State::failed;
  answer.message = message;
  end(request, answer);
}

void RequestTable::end(Requests::iterator request, const Answer& answer) {
  const auto tell = std::move(request->second.answer);
  requests_.erase(request);
  if (tell)
    tell(answer);
}

} // namespace umtn::plugin
