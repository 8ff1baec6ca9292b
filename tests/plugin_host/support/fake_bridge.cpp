#include "fake_bridge.hpp"

#include "audio/wav.hpp"
#include "timeline/pace.hpp"

namespace umtn::plugin::test {

FakeBridge::FakeBridge(const juce::File& address_file, const juce::File& session_folder,
                       Behaviour behaviour, std::shared_ptr<Store> store)
    : address_file_(address_file), session_folder_(session_folder), store_(std::move(store)),
      behaviour_(behaviour) {
  socket_.bindToPort(0, "127.0.0.1");
  auto* const object = new juce::DynamicObject;
  object->setProperty("protocol", 1);
  object->setProperty("version", "test");
  object->setProperty("pid", 0);
  object->setProperty("host", "127.0.0.1");
  object->setProperty("port", socket_.getBoundPort());
  object->setProperty("session_folder", session_folder.getFullPathName());
  object->setProperty("started", juce::Uuid().toString());
  if (behaviour.writes)
    object->setProperty("token", behaviour.token);
  address_file.replaceWithText(juce::JSON::toString(juce::var(object)));
  thread_ = std::thread(&FakeBridge::run, this);
}

FakeBridge::~FakeBridge() {
  ending_ = true;
  thread_.join();
}

void FakeBridge::leave() {
  address_file_.deleteFile();
}

void FakeBridge::behave(const std::function<void(Behaviour&)>& change) {
  const std::lock_guard<std::mutex> lock(mutex_);
  change(behaviour_);
}

int FakeBridge::received(const juce::String& address) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = received_.find(address);
  return found == received_.end() ? 0 : found->second;
}

void FakeBridge::run() {
  std::vector<char> buffer(65536);
  while (!ending_) {
    if (socket_.waitUntilReady(true, 5) == 1) {
      Client client;
      const int size = socket_.read(buffer.data(), static_cast<int>(buffer.size()), false,
                                    client.host, client.port);
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto message = parse(buffer.data(), size);
      ++received_[message.address];
      if (!lost() && !behaviour_.silent)
        answer(message, client);
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    finish_jobs();
  }
}

// OSC 1.0, written down a second time, so that the plugin's packets are checked too.
FakeBridge::Message FakeBridge::parse(const char* data, int size) {
  int at = 0;
  const auto text = [&] {
    const auto string = juce::String::fromUTF8(data + at);
    at += static_cast<int>(string.getNumBytesAsUTF8()) / 4 * 4 + 4;
    return string;
  };
  Message message;
  message.address = text();
  const auto types = text();
  for (int n = 1; n < types.length() && at < size; ++n) {
    if (types[n] == 's') {
      message.arguments.add(text());
      continue;
    }
    const auto bits = juce::ByteOrder::bigEndianInt(data + at);
    at += 4;
    float number = 0.0f;
    std::memcpy(&number, &bits, 4);
    message.arguments.add(types[n] == 'i' ? juce::String(static_cast<int>(bits))
                                          : juce::String(number));
  }
  return message;
}

bool FakeBridge::lost() {
  return random_.nextDouble() < behaviour_.lose;
}

void FakeBridge::send(const Client& client, const juce::OSCMessage& message) {
  if (lost() || behaviour_.silent)
    return;
  if (behaviour_.late > 0.0)
    std::this_thread::sleep_for(std::chrono::duration<double>(behaviour_.late));
  juce::OSCSender sender;
  sender.connectToSocket(socket_, client.host, client.port);
  sender.send(message);
}

void FakeBridge::answer(const Message& message, const Client& client) {
  if (message.address == "/umtn/token") {
    const bool right = message.arguments[0] == behaviour_.token;
    greeted_[client] = right;
    return send(client, right
                            ? juce::OSCMessage("/umtn/token", 1)
                            : juce::OSCMessage("/umtn/error", juce::String(), juce::String("token"),
                                               juce::String("The token is wrong.")));
  }
  if (behaviour_.token.isNotEmpty() && !greeted_[client])
    return send(client, {"/umtn/error", juce::String(), juce::String("token"),
                         juce::String("This bridge has a token.")});
  if (message.address == "/umtn/ping")
    return send(client, {"/umtn/pong", juce::String("test"), behaviour_.protocol,
                         session_folder_.getFullPathName()});
  if (message.address == "/umtn/models") {
    send(client, {"/umtn/model", 0, 2, juce::String("default"), juce::String("flute,trumpet"),
                  juce::String("CC0"), juce::String("cpu,onnx")});
    return send(client, {"/umtn/model", 1, 2, juce::String("other"), juce::String("cello"),
                         juce::String("CC0"), juce::String("onnx")});
  }
  if (message.address == "/umtn/render")
    return render(message, client);
  for (const auto* later : {"/umtn/preview", "/umtn/convert"})
    if (message.address == later && behaviour_.old)
      return send(client, {"/umtn/error", juce::String(), juce::String("bad_request"),
                           "There is no request '" + message.address + "'."});
  if (message.address == "/umtn/preview")
    return preview(message, client);
  if (message.address == "/umtn/convert")
    return convert(message, client);

  const std::lock_guard<std::mutex> lock(store_->mutex);
  const auto id = message.arguments[0];
  const auto found = store_->jobs.find(id);
  if (found == store_->jobs.end())
    return send(client,
                {"/umtn/error", id, juce::String("unknown_id"), juce::String("No such job.")});
  requesters_[id] = client;
  if (message.address == "/umtn/cancel") {
    if (found->second.state != "done")
      found->second.state = "cancelled";
    return send(client, found->second.state == "done"
                            ? juce::OSCMessage("/umtn/done", id, found->second.output)
                            : juce::OSCMessage("/umtn/cancelled", id));
  }
  if (message.address == "/umtn/status") {
    juce::OSCMessage job("/umtn/job");
    job.addString(id);
    job.addString(found->second.state);
    job.addFloat32(found->second.state == "done" ? 1.0f : 0.5f);
    job.addFloat32(-1.0f);
    job.addString(found->second.output);
    job.addString({});
    job.addInt32(0);
    job.addInt32(1);
    if (!behaviour_.old) {
      job.addString(behaviour_.note);
      job.addString(behaviour_.offer);
    }
    send(client, job);
  }
}

void FakeBridge::render(const Message& message, const Client& client) {
  const auto id = message.arguments[0];
  if (behaviour_.refuse.isNotEmpty())
    return send(client, {"/umtn/error", id, behaviour_.refuse, juce::String("Not now.")});
  const std::lock_guard<std::mutex> lock(store_->mutex);
  requesters_[id] = client;
  auto [job, is_new] = store_->jobs.try_emplace(id);
  if (is_new) {
    ++store_->renders;
    job->second = {message.arguments[1],
                   message.arguments[2],
                   message.arguments[3],
                   "running",
                   steady_seconds() + behaviour_.render,
                   message.arguments};
  }
  juce::OSCMessage accepted("/umtn/accepted", id, job->second.state);
  if (!behaviour_.old) {
    accepted.addString(behaviour_.note);
    accepted.addString(behaviour_.offer);
  }
  send(client, accepted);
  if (job->second.state == "done")
    send(client, {"/umtn/done", id, job->second.output});
  else
    send(client, {"/umtn/progress", id, 0.5f, 1.0f, job->second.state});
}

void FakeBridge::preview(const Message& message, const Client& client) {
  const auto id = message.arguments[0];
  if (behaviour_.refuse.isNotEmpty())
    return send(client, {"/umtn/error", id, behaviour_.refuse, juce::String("Not now.")});
  const std::lock_guard<std::mutex> lock(store_->mutex);
  const auto now = steady_seconds();
  const auto [made, is_new] = store_->previews.try_emplace(id, now + behaviour_.render);
  if (now < made->second)
    return send(client, {"/umtn/preview", id, juce::String("making")});
  send(client, {"/umtn/preview", id, juce::String("ready"),
                "/previews/" + message.arguments[1] + " " + message.arguments[2] + ".wav"});
}

void FakeBridge::convert(const Message& message, const Client& client) {
  const auto id = message.arguments[0];
  if (behaviour_.refuse.isNotEmpty())
    return send(client, {"/umtn/error", id, behaviour_.refuse, juce::String("Not now.")});
  const std::lock_guard<std::mutex> lock(store_->mutex);
  const auto audio = read_wav(juce::File(message.arguments[1]));
  const auto info = wav_info(juce::File(message.arguments[1]));
  if (!audio || !info)
    return send(client,
                {"/umtn/error", id, juce::String("audio"), juce::String("It is no audio.")});
  if (++store_->conversions[id] == 1) {
    auto writer =
        WavWriter::create(juce::File(message.arguments[2]), info->rate, info->channels, 0);
    if (writer != nullptr)
      writer->write(audio->getArrayOfReadPointers(), audio->getNumSamples());
  }
  send(client, {"/umtn/converted", id, message.arguments[2], static_cast<int>(info->rate),
                info->channels, audio->getNumSamples()});
}

void FakeBridge::finish_jobs() {
  const std::lock_guard<std::mutex> lock(store_->mutex);
  for (auto& [id, job] : store_->jobs) {
    if (job.state != "running" || steady_seconds() < job.finished)
      continue;
    if (behaviour_.write) {
      auto audio = read_wav(juce::File(job.input));
      const auto info = wav_info(juce::File(job.input));
      if (audio && info) {
        audio->applyGain(-1.0f);
        auto writer = WavWriter::create(juce::File(job.output), info->rate, info->channels, 0);
        if (writer != nullptr)
          writer->write(audio->getArrayOfReadPointers(), audio->getNumSamples());
      }
    }
    job.state = "done";
    if (requesters_.count(id) != 0)
      send(requesters_[id], {"/umtn/done", id, job.output});
  }
}

} // namespace umtn::plugin::test
