#include "core.hpp"
#include "support/fake_bridge.hpp"
#include "support/support.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

constexpr BridgeTiming kHurry = {0.03, 0.05, 0.4, 0.02, 0.1, 0.1};

// A core with a bridge or without.
struct Session {
  explicit Session(const TemporaryFolder& folder, bool with_bridge = false) : files(folder) {
    if (with_bridge)
      bridge = std::make_unique<FakeBridge>(folder / "bridge.json", folder / "sessions",
                                            FakeBridge::Behaviour());
    CoreOptions options;
    options.timing = kHurry;
    options.address_file = folder / "bridge.json";
    core = std::make_unique<Core>(std::move(options));
    core->start();
    if (with_bridge)
      REQUIRE(eventually([&] { return core->view().connection.connected(); }));
    else
      core->set_session_folder(folder / "sessions");
  }

  void bring_in(const std::vector<juce::File>& list, Place start = {{48000, 48000}, 48000.0}) {
    const auto before = core->revision();
    core->import_audio(list, start);
    REQUIRE(eventually([&] {
      return core->revision() != before && !core->view().message.startsWith("Bringing in");
    }));
    // The message of its end comes with the last file's, or empty.
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }

  const TemporaryFolder& files;
  std::unique_ptr<FakeBridge> bridge;
  std::unique_ptr<Core> core;
};

juce::File write(const juce::File& file, juce::AudioFormat& format, const Audio& audio, double rate,
                 int bits) {
  std::unique_ptr<juce::AudioFormatWriter> writer(
      format.createWriterFor(new juce::FileOutputStream(file), rate,
                             static_cast<unsigned>(audio.getNumChannels()), bits, {}, 0));
  REQUIRE(writer != nullptr);
  writer->writeFromAudioSampleBuffer(audio, 0, audio.getNumSamples());
  return file;
}

juce::File wav(const juce::File& file, const Audio& audio, double rate = 48000.0) {
  juce::WavAudioFormat format;
  return write(file, format, audio, rate, 32);
}

int others(const juce::File& folder) { // than whole WAVs
  return folder.getNumberOfChildFiles(juce::File::findFiles) -
         folder.getNumberOfChildFiles(juce::File::findFiles, "imported *.wav");
}

} // namespace

TEST_CASE("a file is copied into the session, put at its place, and is the region") {
  TemporaryFolder folder;
  Session session(folder);
  Random random(8);
  const auto audio = noise(random, 2, 300000);
  session.bring_in({wav(folder / "my song.wav", audio, 44100.0)});
  const auto view = session.core->view();
  REQUIRE(view.captured.size() == 1);
  const Clip& clip = view.captured[0];
  CHECK(clip.place == Place{{44100, 344100}, 44100.0});
  REQUIRE(view.region);
  CHECK(*view.region == clip.place);
  CHECK(view.region_source == RegionSource::dragged);
  CHECK(view.message.isEmpty());
  CHECK(clip.file.getParentDirectory() == folder / "sessions");
  CHECK(clip.file.getFileName().startsWith("imported "));
  CHECK(clip.file.getFileName().endsWith("my song.wav"));
  const auto copy = read_wav(clip.file);
  REQUIRE(copy);
  CHECK(same(*copy, audio));
  const auto peaks = session.core->capture().peaks(clip.file);
  REQUIRE(peaks != nullptr);
  CHECK(peaks->length() == 300000);
  CHECK(others(folder / "sessions") == 0);

  // A project that is opened without the original has it.
  const auto state = session.core->save();
  (folder / "my song.wav").deleteFile();
  Session again(folder);
  REQUIRE(again.core->load(state.getData(), state.getSize()));
  CHECK(again.core->view().missing.empty());
  CHECK(again.core->view().captured.size() == 1);
}

TEST_CASE("several files go one after another, each at its rate, in the formats that there are") {
  TemporaryFolder folder;
  Session session(folder);
  Audio second(1, 48000), aiff(1, 22050);
  second.clear();
  aiff.clear();
  juce::AiffAudioFormat format;
  const auto a = wav(folder / "a.wav", second);
  const auto b = write(folder / "b.aiff", format, aiff, 22050.0, 16);
  session.bring_in({a, folder / "none.wav", b, a}, {{0, 0}, 96000.0});
  const auto view = session.core->view();
  REQUIRE(view.captured.size() == 3);
  CHECK(view.captured[1].place == Place{{22050, 44100}, 22050.0});
  CHECK(view.captured[2].place == Place{{96000, 144000}, 48000.0});
  REQUIRE(view.region);
  CHECK(*view.region == Place{{0, 144000}, 48000.0});
  CHECK(view.message.contains("none.wav")); // and says what it could not bring in
}

TEST_CASE("what is no audio is refused in a sentence, and leaves nothing behind") {
  TemporaryFolder folder;
  Session session(folder);
  Random random(2);
  (folder / "a folder").createDirectory();
  (folder / "empty.wav").create();
  (folder / "text.wav").replaceWithText("I am no audio.");
  Audio nothing(1, 0), many(6, 480);
  many.clear();
  wav(folder / "silent.wav", nothing);
  wav(folder / "surround.wav", many);
  for (const char* const name :
       {"gone.wav", "a folder", "empty.wav", "text.wav", "silent.wav", "surround.wav"}) {
    session.bring_in({folder / name});
    const auto view = session.core->view();
    CHECK_MESSAGE(view.message.contains(name), view.message);
    CHECK_MESSAGE(view.message.containsChar(':'), view.message);
    CHECK_MESSAGE(view.message.endsWithChar('.'), view.message);
    CHECK(view.captured.empty());
    CHECK_FALSE(view.region);
    CHECK((folder / "sessions").getNumberOfChildFiles(juce::File::findFiles) == 0);
  }
}

TEST_CASE("a file that was cut off is brought in as far as it goes") {
  TemporaryFolder folder;
  Session session(folder);
  Random random(2);
  const auto file = wav(folder / "cut.wav", noise(random, 1, 48000));
  juce::MemoryBlock data;
  file.loadFileAsData(data);
  file.replaceWithData(data.getData(), data.getSize() / 2);
  session.bring_in({file});
  const auto view = session.core->view();
  REQUIRE(view.captured.size() == 1);
  const auto length = view.captured[0].place.range.length();
  CHECK(length > 23000);
  CHECK(length <= 24500); // half of it, and no silence for what the header promises
  CHECK(view.message.contains("was cut off: 0.5 seconds"));
}

TEST_CASE("a session folder that cannot be written is said, and nothing is brought in") {
  TemporaryFolder folder;
  Session session(folder);
  (folder / "in the way").replaceWithText("no folder");
  session.core->set_session_folder(folder / "in the way");
  Audio audio(1, 480);
  audio.clear();
  session.bring_in({wav(folder / "a.wav", audio)});
  CHECK(session.core->view().message.contains("session folder"));
  CHECK(session.core->view().captured.empty());
}

TEST_CASE("what JUCE cannot read, the bridge converts") {
  TemporaryFolder folder;
  Session session(folder, true);
  Random random(2);
  const auto audio = noise(random, 1, 4800);
  // To JUCE it is no WAV, by its name; the bridge looks into it.
  const auto file = wav(folder / "hidden.wav", audio);
  REQUIRE(file.moveFileTo(folder / "hidden.opus"));
  session.bring_in({folder / "hidden.opus"});
  auto view = session.core->view();
  CHECK(view.message.isEmpty());
  REQUIRE(view.captured.size() == 1);
  CHECK(view.captured[0].place.range.length() == 4800);
  const auto copy = read_wav(view.captured[0].file);
  REQUIRE(copy);
  CHECK(same(*copy, audio));
  CHECK(others(view.captured[0].file.getParentDirectory()) == 0);

  (folder / "text.mp3").replaceWithText("I am no audio.");
  session.bring_in({folder / "text.mp3"});
  CHECK(eventually([&] { return session.core->view().message.contains("It is no audio."); }));
  view = session.core->view();
  CHECK(view.captured.size() == 1);
  CHECK(others(view.captured[0].file.getParentDirectory()) == 0);
}

TEST_CASE("the core stays at hand while a long file is brought in, and can end in the midst") {
  TemporaryFolder folder;
  const auto file = folder / "hour.wav";
  {
    auto writer = WavWriter::create(file, 48000.0, 2, 0);
    Audio minute(2, 60 * 48000);
    minute.clear();
    for (int n = 0; n < 10; ++n)
      writer->write(minute.getArrayOfReadPointers(), minute.getNumSamples());
  }
  const auto session_folder = folder / "sessions";
  {
    Session session(folder);
    session.core->import_audio({file}, {{0, 0}, 48000.0});
    REQUIRE(eventually([&] { return session_folder.getNumberOfChildFiles(2, "*.part") == 1; }));
    const double before = steady_seconds();
    session.core->render(); // asked of the same thread
    session.core->prepare(48000.0, 512, 2);
    CHECK(steady_seconds() - before < 0.1);
    session.core.reset();
    CHECK(steady_seconds() - before < 0.3);
  }
  CHECK(session_folder.getNumberOfChildFiles(juce::File::findFiles) == 0);
}

} // namespace umtn::plugin::test
