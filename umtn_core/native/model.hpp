// What a decoder's weights look like once repacked, and where a batch keeps its numbers.
//
// Plain structs without functions: files compiled for different instruction sets share them, and
// an inline function compiled for AVX-512 must never be the copy that the linker keeps for all.
#pragma once

#include <cstddef>
#include <cstdint>

namespace umtn {

constexpr int kLevels = 256;

// Older taps are multiplied for up to this many steps in one product where streams are few:
// weights then come from memory once for all of them.
constexpr int kAhead = 8;

// Widest that a target's vectors are, in bytes; every buffer is aligned to it.
constexpr std::size_t kAlignment = 64;

// A matrix in panels: a panel is up to `panel` vectors of output rows (the last may be narrower),
// and holds, group of inputs after group, one 32-bit unit for each output row: one float32, two
// bfloat16 or four int8 weights.
struct Matrix {
  const std::uint32_t* data;
  int vectors; // of output rows
  int groups;  // of inputs
  // Matrices may share their panels, one's inputs behind the other's: this one's begin behind
  // first_group of all_groups.
  int first_group, all_groups;
  const float* scales;         // int8: what one unit of a row is worth, by row
  const std::int32_t* offsets; // int8: what the activations' offset of 128 adds to a row, negated
};

struct Layer {
  int dilation;
  // Inputs are kept for (kernel - 1) * dilation steps, and the newest has a row of its own: the
  // oldest is still wanted when it comes.
  int ring_rows;
  std::int64_t ring_offset; // rows of the layers before
  const Matrix* taps;       // the oldest first, sharing panels; rows: gate and filter vectors
  Matrix out;               // rows: residual, then skip; the last layer has skip only
  const float* out_bias;
};

struct Network {
  int layers, kernel, residual, skip, input_kernel;
  bool embedding;
  int bands;       // codes of one step
  int input_codes; // that enter the first layer: input_kernel steps' of every band
  int outputs;     // logits of one step: 256 a band
  int precision;
  int lanes, panel;       // of the target
  int residual_padded;    // to whole vectors
  int skip_padded;        //
  int row_units;          // 32-bit units of one row of activations in this precision
  std::int64_t ring_rows; // over all layers
  const Layer* layer;
  int head_units; // of one row of what leads from the skips to the logits
  // What a code, or one of input_kernel codes' values, adds to the first layer's input, and what
  // that adds to the sum of the skips: rows of padded R + padded S, 256 a band or input_kernel of
  // them.
  const float *first, *first_bias;
  Matrix fc, logits; // float32, or bfloat16 where the layers are in less
  const float *fc_bias, *logits_bias;
  const float* zeros; // as many as any matrix has rows
};

// Activations that a matrix is multiplied by: rows of units, and for int8 a scale for each; no
// scales where all have the gates'.
struct Input {
  const std::uint32_t* rows;
  const float* scales;
};

struct Team;

// Waits until all of the team have come here.
void team_wait(Team* team);

struct Streams {
  const Network* network;
  Team* team;
  int streams;
  int threads;
  int ahead;                  // steps whose older taps are multiplied together, 1 to kAhead
  const double* temperatures; // (bands)
  double top_p;
  std::int64_t time;          // steps taken
  std::int64_t hidden_layer;  // floats from one layer's `hidden` to the next; 0 where shared
  std::uint32_t* rings;       // (ring rows, streams, row_units)
  float* ring_scales;         // int8: (ring rows, streams)
  float* hidden;              // (layers or 1, ahead, streams, 2 padded R)
  float* conditioning;        // (layers, streams, 2 padded R), gate and filter vectors as packed
  float* output_conditioning; // (streams, padded S)
  float* sums;                // (streams, padded R + padded S): residual path, sum of skips
  std::uint32_t* gated;       // (streams, row_units)
  std::uint32_t* head;        // (2, streams, head_units)
  float* logits;              // (streams, bands, 256)
  std::int32_t* recent;       // (streams, input_codes)
  double* draw_room;          // (threads, kDrawn, 256)
  Input* inputs;              // (threads, kernel)
  int* failed;                // (threads): whether the output was not a number
};

// Codes drawn at a time: their sums are independent, and each is one long dependency.
constexpr int kDrawn = 8;

// Codes to be drawn, of every band of some streams: numbered, draw i is that of stream i / bands
// and band i % bands.
struct Draws {
  int begin, end;
  int bands;
  const float* logits;   // (streams, bands, 256)
  const float* uniforms; // (streams, uniforms_row), of which the first `bands` of each row are read
  std::int64_t uniforms_row;
  const double* temperatures; // (bands)
  double top_p;
  std::uint8_t* codes; // (streams, codes_row); likewise written
  std::int64_t codes_row;
  double* room; // (kDrawn, 256)
};

// What one call of steps or score is asked for.
struct Work {
  int steps;
  std::int64_t row;          // codes of a stream, `bands` a step
  const float* uniforms;     // NULL when scoring
  std::uint8_t* codes;       // written when drawing
  const std::uint8_t* given; // read when scoring
  float* logits;             // written when scoring
};

struct Encoder;
struct EncoderRun;

// What a target offers.
struct Target {
  const char* name;
  int lanes, panel;
  void (*take_conditioning)(Streams*, const float* conditioning);
  void (*run)(Streams*, const Work*, int thread);
  void (*load_row)(const Network*, const float* values, std::uint32_t* row, float* scale);
  void (*store_row)(const Network*, const std::uint32_t* row, float scale, float* values);
  bool (*draw)(const Draws*); // whether all logits were finite
  void (*encode)(const Encoder*, EncoderRun*);
  double (*peak_work)(int precision, long rounds); // multiply-adds done
};

} // namespace umtn
