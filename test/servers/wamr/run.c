/*
 * Runs the mapping as Fluent Bit's wasm filter does: one instance for all records, 8,192 bytes of heap and of stack, and for each record the calls
 * of flb_wasm_call_function_format_json, in their order.
 * https://github.com/fluent/fluent-bit/blob/v5.1.1/src/wasm/flb_wasm.c
 *
 *   run MODULE.wasm
 *
 * Records come on stdin, answers go to stdout in the same order, late: all are there when stdin has ended. Numbers have 32 bits, the lowest byte first.
 *
 *   record:  length, seconds, nanoseconds, then the bytes
 *   answer:  length, outcome, pages of memory that the instance has now, nanoseconds that the calls took, then the bytes
 *
 * stderr begins with the version and the settings, and ends with the number of calls and the time in them.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "wasm_export.h"

#define HEAP_BYTES 8192
#define STACK_BYTES 8192
#define TAG "o365.audit"
#define FUNCTION "o365_to_ecs"
#define PIPE_BUFFER_BYTES (1 << 20)

/* What became of a record. Of all but the first Fluent Bit drops the record; the answer's bytes say why. */
enum outcome { DOCUMENT, TRAP, NO_STRING };

struct filter {
    wasm_module_inst_t instance;
    wasm_exec_env_t environment;
};

struct record {
    uint32_t length;
    uint32_t seconds;
    uint32_t nanoseconds;
    char *bytes;
};

struct answer {
    enum outcome outcome;
    char *text;
};

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void *allocate(size_t size)
{
    void *memory = malloc(size);
    if (memory == NULL) fail("malloc", "no memory");
    return memory;
}

static uint8_t *read_file(const char *path, uint32_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail(path, "cannot be opened");
    fseek(file, 0, SEEK_END);
    *size = (uint32_t)ftell(file);
    rewind(file);
    uint8_t *bytes = allocate(*size);
    if (fread(bytes, 1, *size, file) != *size) fail(path, "cannot be read");
    fclose(file);
    return bytes;
}

static void start_runtime(void)
{
    RuntimeInitArgs arguments;
    memset(&arguments, 0, sizeof(arguments));
    arguments.mem_alloc_type = Alloc_With_Allocator;
    arguments.mem_alloc_option.allocator.malloc_func = (void *)malloc;
    arguments.mem_alloc_option.allocator.realloc_func = (void *)realloc;
    arguments.mem_alloc_option.allocator.free_func = (void *)free;
    if (!wasm_runtime_full_init(&arguments)) fail("WAMR", "does not start");
    uint32_t major, minor, patch;
    wasm_runtime_get_version(&major, &minor, &patch);
    fprintf(stderr, "WAMR %u.%u.%u, heap %d bytes, stack %d bytes\n", major, minor, patch, HEAP_BYTES, STACK_BYTES);
}

static struct filter open_filter(const char *path)
{
    char error[128];
    uint32_t size;
    uint8_t *bytes = read_file(path, &size);
    wasm_module_t module = wasm_runtime_load(bytes, size, error, sizeof(error));
    if (module == NULL) fail(path, error);
    wasm_module_inst_t instance = wasm_runtime_instantiate(module, STACK_BYTES, HEAP_BYTES, error, sizeof(error));
    if (instance == NULL) fail(path, error);
    wasm_exec_env_t environment = wasm_runtime_create_exec_env(instance, STACK_BYTES);
    if (environment == NULL) fail(path, "no execution environment");
    return (struct filter){instance, environment};
}

static char *copy(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(allocate(size), text, size);
}

/* The calls between the record and its document. Both arguments lie in the module's memory with a zero byte behind them. */
static struct answer call(struct filter filter, struct record record)
{
    struct answer answer;
    wasm_function_inst_t function = wasm_runtime_lookup_function(filter.instance, FUNCTION);
    if (function == NULL) fail(FUNCTION, "is not exported");
    uint32_t tag = (uint32_t)wasm_runtime_module_dup_data(filter.instance, TAG, sizeof(TAG));
    uint32_t text = (uint32_t)wasm_runtime_module_dup_data(filter.instance, record.bytes, (uint64_t)record.length + 1);
    uint32_t words[6] = {tag, sizeof(TAG) - 1, record.seconds, record.nanoseconds, text, record.length};
    if (!wasm_runtime_call_wasm(filter.environment, function, 6, words)) {
        answer = (struct answer){TRAP, copy(wasm_runtime_get_exception(filter.instance))};
        wasm_runtime_clear_exception(filter.instance);
    } else if (!wasm_runtime_validate_app_str_addr(filter.instance, words[0])) {
        /* The exception that this sets is not cleared, as in Fluent Bit: it makes the next record fail too. */
        answer = (struct answer){NO_STRING, copy(wasm_runtime_get_exception(filter.instance))};
    } else {
        answer = (struct answer){DOCUMENT, copy(wasm_runtime_addr_app_to_native(filter.instance, words[0]))};
    }
    if (tag != 0) wasm_runtime_module_free(filter.instance, tag);
    if (text != 0) wasm_runtime_module_free(filter.instance, text);
    return answer;
}

static bool read_record(struct record *record)
{
    uint32_t head[3];
    size_t got = fread(head, 1, sizeof(head), stdin);
    if (got == 0) return false;
    if (got < sizeof(head)) fail("stdin", "ends within the head of a record");
    *record = (struct record){head[0], head[1], head[2], allocate((size_t)head[0] + 1)};
    if (fread(record->bytes, 1, record->length, stdin) != record->length) fail("stdin", "ends within a record");
    record->bytes[record->length] = 0;
    return true;
}

/* Where the answers go: stdout as it was at the start. Behind it stdout becomes stderr, for WAMR prints its warnings to stdout. */
static FILE *open_answers(void)
{
    int descriptor = dup(STDOUT_FILENO);
    FILE *answers = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    if (answers == NULL || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) fail("stdout", "cannot be duplicated");
    setvbuf(answers, NULL, _IOFBF, PIPE_BUFFER_BYTES);
    return answers;
}

static void write_answer(FILE *answers, struct filter filter, struct answer answer, uint64_t nanoseconds)
{
    uint32_t pages = (uint32_t)wasm_memory_get_cur_page_count(wasm_runtime_get_default_memory(filter.instance));
    uint32_t length = (uint32_t)strlen(answer.text);
    uint32_t head[4] = {length, answer.outcome, pages, nanoseconds > UINT32_MAX ? UINT32_MAX : (uint32_t)nanoseconds};
    if (fwrite(head, sizeof(head), 1, answers) != 1 || fwrite(answer.text, 1, length, answers) != length) fail("stdout", "cannot be written");
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int main(int count, char **arguments)
{
    if (count != 2) fail("usage", "run MODULE.wasm");
    setvbuf(stdin, NULL, _IOFBF, PIPE_BUFFER_BYTES);
    FILE *answers = open_answers();
    start_runtime();
    struct filter filter = open_filter(arguments[1]);
    struct record record;
    uint64_t calls = 0;
    uint64_t total = 0;
    for (; read_record(&record); calls++) {
        uint64_t start = now();
        struct answer answer = call(filter, record);
        uint64_t took = now() - start;
        total += took;
        write_answer(answers, filter, answer, took);
        free(answer.text);
        free(record.bytes);
    }
    if (fclose(answers) != 0) fail("stdout", "cannot be written");
    fprintf(stderr, "%llu calls, %.3f ms in calls\n", (unsigned long long)calls, (double)total / 1e6);
    return 0;
}
