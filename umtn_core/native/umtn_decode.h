/* C interface of the decode kernels.
 *
 * umtn_core/native/library.py hands this very file to cffi, without its directives and what only
 * C++ sees, so only plain C declarations may stand here.
 *
 * A model is one decoder's weights, repacked for one target and precision; it never changes and
 * may be shared by threads. A batch is streams that advance together; only one thread may call
 * with it at a time. Whatever returns int returns a umtn_status.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  UMTN_OK = 0,
  UMTN_NO_MEMORY = 1,
  UMTN_NOT_FINITE_WEIGHTS = 2, /* a weight is NaN or infinite */
  UMTN_NOT_FINITE_OUTPUT = 3,  /* the network's output is NaN or infinite */
  UMTN_BAD_ARGUMENT = 4,
  UMTN_NO_TARGET = 5, /* the machine lacks the instructions, or the build the target */
  UMTN_NO_THREAD = 6
} umtn_status;

typedef enum { UMTN_FP32 = 0, UMTN_BF16 = 1, UMTN_INT8 = 2 } umtn_precision;

enum { UMTN_MOST_BANDS = 8 };

typedef struct umtn_model umtn_model;
typedef struct umtn_batch umtn_batch;
typedef struct umtn_encoder umtn_encoder;

/* A step makes a code of every band. The codes of a step lie side by side, the lowest band's first,
 * and step after step behind one another; so do the numbers that belong to them. */
typedef struct {
  int32_t layers;
  int32_t kernel;
  int32_t residual_channels;
  int32_t skip_channels;
  int32_t input_kernel;     /* past steps that enter the first layer */
  int32_t embedding;        /* 1: a code enters as a learned vector; 0: as a number */
  int32_t bands;            /* 1 to UMTN_MOST_BANDS; more than 1 only with an embedding */
  const int32_t* dilations; /* (layers) */
} umtn_shape;

/* All float32, C order. Of the arrays of pointers there is one pointer a layer. */
typedef struct {
  const float* first_weight; /* (bands * 256, R) for an embedding, else (R, input_kernel) */
  const float* first_bias;   /* (R); NULL for an embedding */
  const float* first_skip_weight;
  const float* first_skip_bias;
  const float* const* causal_weight;   /* (2R, R, kernel) */
  const float* const* residual_weight; /* (R, R); the last layer's is not read */
  const float* const* residual_bias;   /* (R); likewise */
  const float* const* skip_weight;     /* (S, R) */
  const float* const* skip_bias;       /* (S) */
  const float* fc_weight;              /* (S, S) */
  const float* fc_bias;                /* (S) */
  const float* logits_weight;          /* (bands * 256, S) */
  const float* logits_bias;            /* (bands * 256) */
} umtn_weights;

typedef struct {
  int32_t layers;
  int32_t kernel; /* odd */
  int32_t channels;
  int32_t latent_channels;
  int32_t first_kernel;
  int32_t stride;           /* of the first convolution */
  int32_t pool;             /* of its rows, averaged into one frame */
  int32_t leading_relu;     /* 1: a layer begins with a ReLU */
  const int32_t* dilations; /* (layers) */
} umtn_encoder_shape;

/* As for umtn_weights. */
typedef struct {
  const float* first_weight;       /* (C, first_kernel) */
  const float* first_bias;         /* (C) */
  const float* const* conv_weight; /* (C, C, kernel) */
  const float* const* conv_bias;   /* (C) */
  const float* const* out_weight;  /* (C, C) */
  const float* const* out_bias;    /* (C) */
  const float* latent_weight;      /* (latent channels, C) */
  const float* latent_bias;        /* (latent channels) */
} umtn_encoder_weights;

/* Name of the index-th target this machine can run, the fastest first; NULL past the last. */
const char* umtn_target_name(int index);

/* Multiply-adds a second that one core does at a precision if it does nothing else, in units
 * of 1e9. Takes about a tenth of a second. Negative if the target cannot run. */
double umtn_measure_peak(const char* target, int precision);

int umtn_model_open(const umtn_shape* shape, const umtn_weights* weights, const char* target,
                    int precision, umtn_model** model);
void umtn_model_close(umtn_model* model);

/* threads: that share the work of one step, this batch's caller included. temperatures: (bands). */
int umtn_batch_open(const umtn_model* model, int streams, int threads, const double* temperatures,
                    double top_p, umtn_batch** batch);
void umtn_batch_close(umtn_batch* batch);

/* One stream's state. time: steps taken. recent: (input_kernel * bands) newest codes, newest last,
 * -1 for nothing yet. rings: (ring rows, R); layer after layer, the input at time t in row t % size
 * of its own size = (kernel - 1) * dilation rows. All streams of a batch must be given the same
 * time. */
int umtn_batch_load(umtn_batch* batch, int stream, int64_t time, const int64_t* recent,
                    const float* rings);
int umtn_batch_store(const umtn_batch* batch, int stream, float* rings);

/* Takes some steps of every stream. conditioning: (streams, layers * 2R + S). uniforms:
 * (streams, steps * bands). codes: (streams, row), of which the first steps * bands of each row are
 * written. After UMTN_NOT_FINITE_OUTPUT the batch is of no more use. */
int umtn_batch_steps(umtn_batch* batch, const float* conditioning, const float* uniforms,
                     uint8_t* codes, int64_t row, int steps);

/* As umtn_batch_steps, but the codes are given: logits (streams, steps * bands, 256) are
 * written. */
int umtn_batch_score(umtn_batch* batch, const float* conditioning, const uint8_t* codes,
                     int64_t row, float* logits, int steps);

/* An encoder never changes either. */
int umtn_encoder_open(const umtn_encoder_shape* shape, const umtn_encoder_weights* weights,
                      const char* target, int precision, umtn_encoder** encoder);
void umtn_encoder_close(umtn_encoder* encoder);

/* Encodes some frames of audio (samples), a multiple of stride * pool: latents (frames, latent
 * channels). They depend on all of the audio that they can hear, and not on which are asked for
 * together. */
int umtn_encoder_run(const umtn_encoder* encoder, const float* audio, int64_t samples,
                     int64_t first, int64_t frames, float* latents);

/* Draws codes from rows of 256 logits each as umtn_batch_steps does. */
int umtn_draw(const char* target, const float* logits, const float* uniforms, int rows,
              double temperature, double top_p, uint8_t* codes);

#ifdef __cplusplus
}
#endif
