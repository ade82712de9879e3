/* Stands in for libtengine-lite.so: the functions that nnparity calls, on the files of the stand-in for convert_tool. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options { int num_thread; int cluster; int precision; uint64_t affinity; };
struct tensor { char name[64]; int rank; int sizes[8]; float* values; int bytes; };
struct graph { int inputs, outputs, nodes, ready; struct tensor input[4], output[4]; char kinds[16][32]; };

static const char* fault(void) { const char* said = getenv("NNPARITY_STAND_IN"); return said ? said : ""; }

static int count(const struct tensor* one)
{
    int product = 1;
    for (int i = 0; i < one->rank; i++) product *= one->sizes[i];
    return product;
}

static int read_tensors(FILE* file, int* number, struct tensor* tensors)
{
    if (fscanf(file, "%d", number) != 1) return -1;
    for (int i = 0; i < *number; i++) {
        if (fscanf(file, "%63s %d", tensors[i].name, &tensors[i].rank) != 2) return -1;
        for (int j = 0; j < tensors[i].rank; j++)
            if (fscanf(file, "%d", &tensors[i].sizes[j]) != 1) return -1;
    }
    return 0;
}

/* A build with its online report on sends it from here, to a host that the environment names. */
int init_tengine(void)
{
    const char* host = getenv("tengine_report_host");
    return getenv("NNPARITY_STAND_IN") && host && !strcmp(host, "127.0.0.1") ? 0 : -1;
}

void* create_graph(void* context, const char* form, const char* name, ...)
{
    char magic[16] = "";
    FILE* file = fopen(name, "r");
    struct graph* made = calloc(1, sizeof(struct graph));
    if (context || strcmp(form, "tengine") || !file || fscanf(file, "%15s", magic) != 1 || strcmp(magic, "stand-in")) return NULL;
    if (read_tensors(file, &made->inputs, made->input) || read_tensors(file, &made->outputs, made->output)) return NULL;
    if (fscanf(file, "%d", &made->nodes) != 1) return NULL;
    for (int i = 0; i < made->nodes; i++)
        if (fscanf(file, "%31s", made->kinds[i]) != 1) return NULL;
    fclose(file);
    return made;
}

int destroy_graph(struct graph* graph) { free(graph); return 0; }
int get_graph_input_node_number(struct graph* graph) { return graph->inputs; }
int get_graph_output_node_number(struct graph* graph) { return graph->outputs; }
void* get_graph_input_tensor(struct graph* graph, int node, int place) { return place ? NULL : &graph->input[node]; }
void* get_graph_output_node(struct graph* graph, int node) { return &graph->output[node]; }
int get_node_output_number(void* node) { return node ? 1 : 0; }
void* get_graph_output_tensor(struct graph* graph, int node, int place) { return place ? NULL : &graph->output[node]; }
int get_graph_node_num(struct graph* graph) { return graph->nodes; }
void* get_graph_node_by_idx(struct graph* graph, int place) { return graph->kinds[place]; }
const char* get_node_op(const char* node) { return node; }
const char* get_tensor_name(struct tensor* one) { return one->name; }
int get_tensor_data_type(struct tensor* one) { return one ? 0 : -1; }
void* get_tensor_buffer(struct tensor* one) { return one->values; }
int get_tensor_buffer_size(struct tensor* one) { return one->bytes / (strcmp(fault(), "short buffer") ? 1 : 2); }

int get_tensor_shape(struct tensor* one, int* sizes, int most)
{
    if (one->rank > most) return -1;
    memcpy(sizes, one->sizes, sizeof(int) * one->rank);
    return one->rank;
}

int set_tensor_shape(struct tensor* one, const int* sizes, int rank)
{
    one->rank = rank;
    memcpy(one->sizes, sizes, sizeof(int) * rank);
    return 0;
}

int set_tensor_buffer(struct tensor* one, void* values, int bytes)
{
    one->values = values;
    one->bytes = bytes;
    return bytes == (int)sizeof(float) * count(one) ? 0 : -1;
}

int prerun_graph_multithread(struct graph* graph, struct options options)
{
    graph->ready = options.num_thread == 1 && options.cluster == 0 && options.precision == 0 && options.affinity == 0;
    return graph->ready && strcmp(fault(), "no prerun") ? 0 : -1;
}

int run_graph(struct graph* graph, int block)
{
    if (!block || !graph->ready) return -1;
    if (!strcmp(fault(), "crash in run")) abort();
    for (int out = 0; out < graph->outputs; out++) {
        struct tensor* one = &graph->output[out];
        one->bytes = (int)sizeof(float) * count(one);
        one->values = calloc(1, one->bytes + 1);
        for (int i = 0; i < count(one); i++) {
            float sum = 0;
            for (int in = 0; in < graph->inputs; in++) sum += graph->input[in].values[i];
            for (int node = 0; node < graph->nodes; node++) {
                if (!strcmp(graph->kinds[node], "ReLU") && sum < 0) sum = 0;
                if (!strcmp(graph->kinds[node], "Absval") && sum < 0) sum = -sum;
            }
            one->values[i] = sum;
        }
    }
    return 0;
}

int postrun_graph(struct graph* graph)
{
    for (int out = 0; out < graph->outputs; out++) free(graph->output[out].values);
    return 0;
}
