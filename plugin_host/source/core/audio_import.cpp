#include "audio_import.hpp"

#include <chrono>

namespace umtn::plugin {
namespace {

constexpr int kChunk = 1 << 14;        // samples of each channel that are read at once
constexpr double kStepSeconds = 0.004; // that a step takes, more or less
constexpr int kLentAtOnce = 1 << 20;   // bytes
constexpr juce::int64 kMostLent = 4LL << 30;
constexpr double kLeastRate = 1000.0, kMostRate = 768000.0;

juce::String quoted(const juce::File& file) {
  return "\"" + file.getFileName() + "\"";
}

juce::String cannot_write(const juce::File& file) {
  return "Nothing can be written to " + file.getParentDirectory().getFullPathName() +
         ": make room there, or choose another session folder.";
}

// As many as the file has bytes for: JUCE's readers give silence for what a header promises beyond.
Sample samples_in(const juce::File& file, const juce::AudioFormatReader& reader) {
  const auto bits = std::max(8u, reader.bitsPerSample) * std::max(1u, reader.numChannels);
  return 8 * file.getSize() / bits;
}

} // namespace

struct AudioImport::Copy {
  juce::File original, part, whole;
  std::unique_ptr<juce::AudioFormatReader> reader;
  std::unique_ptr<WavWriter> writer;
  std::shared_ptr<Peaks> peaks;
  Sample length = 0; // of what is there: headers of files that were cut off promise more
  Sample done = 0;

  ~Copy() {
    writer.reset();
    part.deleteFile(); // where it has become the whole, there is none
  }
};

struct AudioImport::Loan {
  juce::File copy, result;
  std::unique_ptr<juce::FileInputStream> from;
  std::unique_ptr<juce::FileOutputStream> to;

  ~Loan() {
    to.reset();
    copy.deleteFile();
  }
};

AudioImport::AudioImport(Board& board, Capture& capture, Region& region, Convert convert, Ask ask)
    : board_(board), capture_(capture), region_(region), convert_(std::move(convert)),
      ask_(std::move(ask)) {
  formats_.registerBasicFormats();
}

AudioImport::~AudioImport() = default;

void AudioImport::begin(const std::vector<juce::File>& files, const Place& start) {
  if (files.empty() || start.rate <= 0.0)
    return;
  batches_.push_back({{files.begin(), files.end()}, start, std::nullopt});
}

bool AudioImport::step() {
  if (batches_.empty() || converting_)
    return false;
  if (copy_ != nullptr) {
    copy_some();
  } else if (loan_ != nullptr) {
    lend_some();
  } else if (Batch& batch = batches_.front(); !batch.files.empty()) {
    open();
  } else {
    if (batch.region)
      region_.drag(*batch.region);
    board_.say(std::exchange(trouble_, {}));
    batches_.pop_front();
  }
  return !batches_.empty() && !converting_;
}

juce::File AudioImport::new_file(const juce::File& original) const {
  const auto folder = board_.change([](Board::Content& content) {
    content.folder_settled = true; // it holds what the project needs
    return content.session_folder;
  });
  return folder.getChildFile(juce::File::createLegalFileName(
      "imported " + juce::Time::getCurrentTime().formatted("%Y-%m-%d %H.%M.%S") + " " +
      juce::Uuid().toString().substring(0, 6) + " " +
      original.getFileNameWithoutExtension().substring(0, 64) + ".wav"));
}

// The next file: refused, copied, or given to the bridge.
void AudioImport::open() {
  const auto file = batches_.front().files.front();
  if (file.isDirectory())
    return fail(quoted(file) + " is a folder: bring in the audio files that lie in it.");
  if (!file.existsAsFile())
    return fail(quoted(file) + " is not there any more: look where it has gone.");
  if (file.getSize() == 0)
    return fail(quoted(file) + " is empty: export it again from where it was made.");
  board_.say("Bringing in " + quoted(file) + ".");
  std::unique_ptr<juce::AudioFormatReader> reader(formats_.createReaderFor(file));
  if (reader == nullptr)
    return lend(file);
  if (reader->lengthInSamples <= 0)
    return fail(quoted(file) + " holds no sound: export it again from where it was made.");
  if (reader->numChannels < 1 || reader->numChannels > 2)
    return fail(quoted(file) + " has " + juce::String(reader->numChannels) +
                " channels: bring in one that is mono or stereo.");
  if (!(reader->sampleRate >= kLeastRate && reader->sampleRate <= kMostRate))
    return fail(quoted(file) + " has a sample rate of " + juce::String(reader->sampleRate) +
                " Hz: bring in one at a usual rate, such as 44100 Hz.");

  auto copy = std::make_unique<Copy>();
  copy->original = file;
  copy->length = std::min<Sample>(reader->lengthInSamples, samples_in(file, *reader));
  if (copy->length < reader->lengthInSamples)
    trouble_ = quoted(file) + " was cut off: " +
               juce::String(static_cast<double>(copy->length) / reader->sampleRate, 1) +
               " seconds of it are there, and were brought in.";
  copy->whole = new_file(file);
  copy->part = copy->whole.getSiblingFile(copy->whole.getFileName() + ".part");
  const Place& start = batches_.front().start;
  const int channels = static_cast<int>(reader->numChannels);
  copy->writer = WavWriter::create(copy->part, reader->sampleRate, channels,
                                   at_rate(start.range.start, start.rate, reader->sampleRate));
  const auto folder = copy->whole.getParentDirectory();
  if (copy->writer == nullptr)
    return fail(cannot_write(copy->part));
  const auto free = folder.getBytesFreeOnVolume();
  if (free > 0 && free / (4 * channels) < copy->length)
    return fail(quoted(file) + " is too long for the room on the disk of " +
                folder.getFullPathName() + ": make room there.");
  copy->peaks = std::make_shared<Peaks>(channels);
  copy->reader = std::move(reader);
  copy_ = std::move(copy);
}

void AudioImport::copy_some() {
  Copy& copy = *copy_;
  const auto begun = std::chrono::steady_clock::now();
  const auto spent = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  };
  Audio audio(static_cast<int>(copy.reader->numChannels), kChunk);
  do {
    const auto length = static_cast<int>(std::min<Sample>(kChunk, copy.length - copy.done));
    audio.setSize(audio.getNumChannels(), length, false, false, true);
    if (!copy.reader->read(audio.getArrayOfWritePointers(), audio.getNumChannels(), copy.done,
                           length))
      return fail(quoted(copy.original) + " cannot be read to its end: is it broken?");
    silence_no_numbers(audio);
    if (!copy.writer->write(audio.getArrayOfReadPointers(), length))
      return fail(cannot_write(copy.part));
    copy.peaks->append(audio.getArrayOfReadPointers(), length);
    copy.done += length;
  } while (copy.done < copy.length && spent() < kStepSeconds);
  if (copy.done < copy.length)
    return;

  const WavInfo info = {copy.reader->sampleRate, static_cast<int>(copy.reader->numChannels),
                        copy.done};
  const bool flushed = copy.writer->flush();
  copy.writer.reset();
  if (!flushed || !copy.part.moveFileTo(copy.whole))
    return fail(cannot_write(copy.part));
  put(copy.whole, info, copy.peaks);
}

// What JUCE does not read, the bridge may; but only in the session's folder.
void AudioImport::lend(const juce::File& file) {
  if (file.getSize() > kMostLent)
    return fail(quoted(file) + " cannot be read: export it as WAV, and bring in that.");
  auto loan = std::make_unique<Loan>();
  loan->result = new_file(file);
  loan->copy = loan->result.getSiblingFile(loan->result.getFileNameWithoutExtension() +
                                           " original" + file.getFileExtension());
  loan->from = file.createInputStream();
  loan->to = make_private_folder(loan->copy.getParentDirectory()) ? loan->copy.createOutputStream()
                                                                  : nullptr;
  if (loan->from == nullptr)
    return fail(quoted(file) + " cannot be opened: may you read it?");
  if (loan->to == nullptr)
    return fail(cannot_write(loan->copy));
  loan_ = std::move(loan);
}

void AudioImport::lend_some() {
  Loan& loan = *loan_;
  const auto copied = loan.to->writeFromInputStream(*loan.from, kLentAtOnce);
  if (copied == kLentAtOnce)
    return;
  loan.to->flush();
  const bool whole = loan.to->getStatus().wasOk() && loan.from->isExhausted();
  loan.to.reset();
  if (!whole)
    return fail(cannot_write(loan.copy));
  converting_ = true;
  convert_(loan.copy, loan.result, [this](const Answer& answer) {
    if (answer.state != Answer::State::waiting)
      ask_([this, answer] { converted(answer); });
  });
}

void AudioImport::converted(const Answer& answer) {
  converting_ = false;
  const auto file = batches_.front().files.front();
  if (answer.state == Answer::State::failed)
    return fail(quoted(file) + " cannot be brought in: " + answer.message);
  const auto info = wav_info(answer.file);
  if (!info || info->length <= 0)
    return fail(quoted(file) + " holds no sound that can be read: export it as WAV, and bring in "
                               "that.");
  if (info->channels > 2)
    return fail(quoted(file) + " has " + juce::String(info->channels) +
                " channels: bring in one that is mono or stereo.");
  put(answer.file, *info, nullptr);
}

void AudioImport::put(const juce::File& file, const WavInfo& info,
                      std::shared_ptr<const Peaks> peaks) {
  Batch& batch = batches_.front();
  const Sample start = at_rate(batch.start.range.start, batch.start.rate, info.rate);
  const Place place = {{start, start + info.length}, info.rate};
  capture_.add({place, file, 0, info.channels}, std::move(peaks));
  if (batch.region)
    batch.region->range.end = place.at(batch.region->rate).end;
  else
    batch.region = place;
  batch.start = {{place.range.end, place.range.end}, place.rate};
  next_file();
}

// One file less; the others are still brought in.
void AudioImport::fail(const juce::String& message) {
  trouble_ = message;
  next_file();
}

void AudioImport::next_file() {
  batches_.front().files.pop_front();
  copy_.reset();
  loan_.reset();
}

} // namespace umtn::plugin
