/* What one launch of the decode kernel is told: shared by the kernel and by Python.
 *
 * umtn_core/native/cuda/device.py hands this very file to cffi, without its directives, so only
 * plain C declarations may stand here. All pointers are to device memory.
 */
#pragma once

typedef struct {
  long long ring_offset; /* rows of the layers before */
  long long ring_size;   /* (kernel - 1) * dilation rows */
  int dilation;
  int last; /* 1: the last layer, whose residual leads nowhere */
} umtn_cuda_layer;

typedef struct {
  /* The model. R and S are padded to whole tiles of 16; what is added is zeros. */
  const unsigned char* weights;  /* strips, see product.cuh */
  const umtn_cuda_layer* layers; /* (layers) */
  const float* out_bias;         /* (layers, R + S) */
  const float* first;            /* (bands, 256, R) for an embedding, else (input_kernel, R) */
  const float* first_bias;       /* (R) */
  const float* fc_bias;          /* (S) */
  const float* logits_bias;      /* (bands, 256) */
  long long layer_bytes;         /* of weights: a layer's */
  long long first_skip_at;       /* where the strips outside the layers begin */
  long long fc_at;
  long long logits_at;
  long long weights_end;
  int layer_count;
  int kernel;
  int residual; /* as they are in the model */
  int skip;
  int residual_padded;
  int skip_padded;
  int input_kernel; /* steps whose codes enter */
  int embedding;
  int bands; /* codes of a step, at most 8 */

  /* The plan: which block does what, and where its numbers lie in its memory. */
  int stages;       /* blocks that share the layers; 1: every block does everything */
  int stage_layers; /* layers of a stage; the last may have fewer */
  int heads;        /* groups whose codes a pipeline makes at once; 0 where stages is 1 */
  int head_parts;   /* blocks that share the bands of a group; 1 where stages is 1 */
  int logits_bands; /* of a block's bands: those whose logits lie in memory at once */
  int pipelines;
  int groups; /* of streams, dealt out to the pipelines */
  int streams;
  int slots;               /* messages that fit between two stages of a pipeline */
  int clustered;           /* blocks in a cluster, whose messages go from one to another directly */
  int resident_bytes;      /* of weights, kept in a block's shared memory */
  int head_resident_bytes; /* likewise, of a block that only makes codes */
  int queue_ahead;         /* batches of weights on their way: 1, 2, 4, 8, or 0: no queue */
  int rows_at;             /* offsets in bytes */
  int taps_at;
  int gated_at;
  int residual_at;
  int skip_at;
  int head_at;
  int messages_at; /* where messages come in that are sent within a cluster */
  int weights_at;
  int head_weights_at; /* in a block that only makes codes */
  int queue_at;
  unsigned char* workspace; /* in place of shared memory where that is too small */
  long long workspace_bytes;

  /* The streams. */
  void* rings;                     /* (streams, ring rows, R) */
  int* recent;                     /* (streams, input_kernel, bands) */
  const void* conditioning;        /* (streams, conditioning_width), as precise as the rings */
  const unsigned long long* seeds; /* (streams), and their ids: random numbers are made of them */
  const unsigned long long* ids;
  const float* uniforms; /* (streams, steps, bands) of random numbers that are given, or NULL */
  const unsigned char* given;   /* likewise of codes, or NULL: codes are drawn */
  unsigned char* codes;         /* likewise */
  float* logits;                /* (streams, steps, bands, 256) where codes are given */
  unsigned long long* messages; /* (pipelines, stages, slots, streams of a group, R + S) */
  unsigned long long* feedback; /* (streams, bands) */
  unsigned* credits;            /* (pipelines, stages, slots, head_parts) */
  int* failed;                  /* [0]: 1, a number was none; [1]: 1, a block has waited too long */
  unsigned long long* clocks;   /* (blocks, phases) where the kernels were built to count cycles */
  unsigned long long patience;  /* cycles that one block waits for another */
  long long ring_rows;
  long long conditioning_width;
  long long time;
  unsigned long long sequence; /* messages sent over each link before this launch */
  int steps;
  double temperatures[8]; /* of each band */
  double top_p;
} umtn_cuda_work;

/* What a block's cycles go to, where that is counted. */
enum umtn_cuda_phase {
  UMTN_TURN,    /* whose turn it is, and whether there is room for what it sends */
  UMTN_OLDER,   /* older taps: rows, conditioning, products */
  UMTN_ARRIVAL, /* the newest input: waited for, and taken */
  UMTN_NEWEST,  /* its product */
  UMTN_GATE,
  UMTN_OUT,    /* what goes on, and to the skips; sent */
  UMTN_SKIPS,  /* the sum of the skips: waited for, and taken */
  UMTN_HIDDEN, /* the output layers */
  UMTN_LOGITS,
  UMTN_DRAW,
  UMTN_PHASES
};

/* Rings of one stream on their way in or out: float32 without padding on the outside. */
typedef struct {
  float* outside;
  void* inside;
  long long rows;
  int residual;
  int residual_padded;
} umtn_cuda_rings;

/* Codes drawn from logits that are given: for tests of the sampling. */
typedef struct {
  const float* logits;
  const float* uniforms;
  unsigned char* codes;
  int* failed;
  int rows;
  double temperature;
  double top_p;
} umtn_cuda_draw;
