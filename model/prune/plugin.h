/* A pruning method as a shared object: `method = "plugin:FILE.so"`. Plain C, nothing else of
 * litebench is needed to compile against it.
 *
 * A plug-in exports one function, litebench_plugin_entry, which returns a table of what it is. For
 * every image and budget litebench calls select(), which looks at matrices and answers by calling
 * keep(), or part() and end(), once per token, in the order the tokens shall have in the sequence.
 * docs/outside-methods.md explains the matrices; tests/harness/outside/plugins holds an example. */
#ifndef LITEBENCH_PLUGIN_H
#define LITEBENCH_PLUGIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a struct below changes. A plug-in of another version is refused. */
#define LITEBENCH_PLUGIN_VERSION 1

/* Bits of litebench_plugin.inputs and places in litebench_view.inputs, in this order. P patches in
 * raster order, of which row 0 of a [1 + P, ...] matrix is CLS; Q texts. */
enum litebench_input {
  LITEBENCH_FEATURES,      /* [1 + P, D] */
  LITEBENCH_JOINT,         /* [P, J] */
  LITEBENCH_TEXT,          /* [Q, J] */
  LITEBENCH_CLS_ATTENTION, /* [heads, P] */
  LITEBENCH_QUERIES,       /* [1 + P, D] */
  LITEBENCH_KEYS,
  LITEBENCH_VALUES,
  LITEBENCH_NEXT_QUERIES,
  LITEBENCH_NEXT_KEYS,
  LITEBENCH_NEXT_VALUES,
  LITEBENCH_PROJECTED, /* [P, d] */
  LITEBENCH_INPUTS
};

/* Row-major, on the host. Null where the plug-in did not ask for it. */
typedef struct litebench_matrix {
  const float* data;
  int64_t rows, cols;
} litebench_matrix;

typedef struct litebench_view {
  litebench_matrix inputs[LITEBENCH_INPUTS];
  int64_t patches, grid; /* P = grid * grid */
  int64_t tokens;        /* the budget: how many tokens to answer with */
} litebench_view;

/* Where the answer goes. `patch` is 0 to P - 1, or -1 for CLS. Nothing is checked before select()
 * has returned. */
typedef struct litebench_answer litebench_answer;
struct litebench_answer {
  void (*keep)(litebench_answer*, int64_t patch);               /* one token: this patch */
  void (*part)(litebench_answer*, int64_t patch, float weight); /* adds to the token being made */
  void (*end)(litebench_answer*);                               /* ends that token */
  void (*fail)(litebench_answer*, const char* reason);          /* before returning non-zero */
};

typedef struct litebench_plugin {
  uint32_t version; /* LITEBENCH_PLUGIN_VERSION of the header it was compiled with */
  uint32_t inputs;  /* 1 << LITEBENCH_..., what it wants to see */
  const char* title;
  /* 0, or anything else for "no answer for this one". Called from one thread at a time; the answer
   * may depend on the view alone. */
  int (*select)(const litebench_view* view, litebench_answer* answer);
} litebench_plugin;

/* The one symbol that litebench looks for. The table lives as long as the plug-in is loaded. */
const litebench_plugin* litebench_plugin_entry(void);

#ifdef __cplusplus
}
#endif

#endif
