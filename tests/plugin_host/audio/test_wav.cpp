#include "audio/wav.hpp"
#include "support/support.hpp"

#include <doctest/doctest.h>

#if !JUCE_WINDOWS
#include <sys/stat.h>
#endif

namespace umtn::plugin::test {
namespace {

// Remembers how long it is, and its first bytes.
class HollowStream : public juce::OutputStream {
public:
  explicit HollowStream(juce::MemoryBlock& head, juce::int64& length)
      : head_(head), length_(length) {}
  bool write(const void* data, size_t size) override {
    if (position_ < static_cast<juce::int64>(head_.getSize()))
      head_.copyFrom(data, static_cast<int>(position_), size);
    position_ += static_cast<juce::int64>(size);
    length_ = std::max(length_, position_);
    return true;
  }
  juce::int64 getPosition() override { return position_; }
  bool setPosition(juce::int64 position) override {
    position_ = position;
    return true;
  }
  void flush() override {}

private:
  juce::MemoryBlock& head_;
  juce::int64& length_;
  juce::int64 position_ = 0;
};

} // namespace

TEST_CASE("a WAV comes back bit by bit, and says where it was recorded") {
  TemporaryFolder folder;
  Random random(1);
  const auto file = folder / "sub/a.wav";
  const auto audio = noise(random, 2, 5000);
  {
    auto writer = WavWriter::create(file, 44100.0, 2, 123456);
    REQUIRE(writer != nullptr);
    CHECK(writer->write(audio.getArrayOfReadPointers(), 5000));
  }
  const auto back = read_wav(file);
  REQUIRE(back);
  CHECK(same(*back, audio));
  const auto info = wav_info(file);
  REQUIRE(info);
  CHECK(info->rate == 44100.0);
  CHECK(info->length == 5000);
  const std::unique_ptr<juce::AudioFormatReader> reader(
      juce::WavAudioFormat().createReaderFor(file.createInputStream().release(), true));
  CHECK(reader->metadataValues[juce::WavAudioFormat::bwavTimeReference] == "123456");
}

TEST_CASE("a WAV is whole after each flush, while it is still being written") {
  TemporaryFolder folder;
  Random random(2);
  const auto file = folder / "a.wav";
  auto writer = WavWriter::create(file, 48000.0, 1, 0);
  for (int round = 1; round <= 5; ++round) {
    const auto audio = noise(random, 1, 1000);
    writer->write(audio.getArrayOfReadPointers(), 1000);
    REQUIRE(writer->flush());
    const auto copy = folder / ("copy" + juce::String(round) + ".wav");
    REQUIRE(file.copyFileTo(copy)); // as a crash would leave it
    const auto info = wav_info(copy);
    REQUIRE(info);
    CHECK(info->length == 1000 * round);
    CHECK(same(*read_wav(copy, {1000 * (round - 1), 1000 * round}), audio));
  }
}

TEST_CASE("a file that exists is not written over") {
  TemporaryFolder folder;
  const auto file = folder / "a.wav";
  file.replaceWithText("precious");
  CHECK(WavWriter::create(file, 48000.0, 1, 0) == nullptr);
  CHECK(file.loadFileAsString() == "precious");
}

#if !JUCE_WINDOWS
TEST_CASE("folders are made for a WAV so that nobody else looks into them") {
  TemporaryFolder folder;
  const auto session = folder / "sessions/session 1";
  REQUIRE(WavWriter::create(session.getChildFile("a.wav"), 48000.0, 1, 0) != nullptr);
  for (const auto& made : {session, session.getParentDirectory()}) {
    struct stat status;
    REQUIRE(stat(made.getFullPathName().toRawUTF8(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);
  }
  (folder / "file").create();
  CHECK(WavWriter::create(folder / "file/a.wav", 48000.0, 1, 0) == nullptr);
}
#endif

TEST_CASE("what is no WAV is not read") {
  TemporaryFolder folder;
  const auto file = folder / "a.wav";
  CHECK_FALSE(wav_info(file));
  CHECK_FALSE(read_wav(file));
  file.replaceWithText("RIFF of another kind");
  CHECK_FALSE(wav_info(file));
  CHECK_FALSE(read_wav(file));
}

TEST_CASE("beyond its ends a file is silent") {
  TemporaryFolder folder;
  Random random(3);
  const auto audio = noise(random, 1, 100);
  const auto file = folder / "a.wav";
  WavWriter::create(file, 48000.0, 1, 0)->write(audio.getArrayOfReadPointers(), 100);
  const auto read = read_wav(file, {50, 150});
  REQUIRE(read);
  CHECK(read->getSample(0, 0) == audio.getSample(0, 50));
  CHECK(read->getMagnitude(50, 50) == 0.0f);
}

TEST_CASE("past 4 GB a WAV becomes RF64" * doctest::skip() * doctest::test_suite("long")) {
  juce::MemoryBlock head(4096, true);
  juce::int64 length = 0;
  const juce::int64 samples = (juce::int64{1} << 30) + (1 << 20); // of four bytes
  {
    auto writer = WavWriter::create(std::make_unique<HollowStream>(head, length), 192000.0, 1, 0);
    const juce::AudioBuffer<float> audio(1, 1 << 20);
    for (juce::int64 done = 0; done < samples; done += 1 << 20)
      REQUIRE(writer->write(audio.getArrayOfReadPointers(), 1 << 20));
  }
  CHECK(length > 4 * samples);
  const auto* const bytes = static_cast<const char*>(head.getData());
  CHECK(juce::String(bytes, 4) == "RF64");
  CHECK(juce::String(bytes + 8, 8) == "WAVEds64");
  CHECK(juce::ByteOrder::littleEndianInt64(bytes + 28) == static_cast<juce::uint64>(4 * samples));
}

} // namespace umtn::plugin::test
