#pragma once

namespace litebench::cuda {

int graph_open(void** graph);
int graph_begin(void* graph);
int graph_end(void* graph);
int graph_replay(void* graph);
void graph_close(void* graph);

}  // namespace litebench::cuda
