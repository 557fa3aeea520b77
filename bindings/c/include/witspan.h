/* witspan in C: spans of an LLM application, to Datadog LLM Observability or any receiver of its formats.
 *
 * For C99 and C++11. Other languages (PHP's FFI, LuaJIT, cffi) take the text between the lines "begin" and
 * "end" below as it is: it has no line with `#`. `just c` also writes it alone, as `witspan.cdef`.
 *
 * Link with `-lwitspan`; `pkg-config --static --libs witspan` says what the static library needs besides.
 *
 * What holds for every function:
 *
 * - OWNERSHIP. A function never takes ownership of what it is given: texts are copied, and objects stay the
 *   caller's. What a function returns, or stores through a pointer to a pointer, is the caller's, who
 *   frees it with the `_free` function of its type. Both exceptions say "borrowed".
 * - TEXT is given as pointer and length in bytes, and needs no NUL. It is UTF-8; what is not becomes U+FFFD.
 *   NULL is the empty text. Of a name, NULL means "by default".
 * - ERRORS. A result is one of the codes `WITSPAN_OK` and so on. The last parameter `message`, which may be
 *   NULL, gets the sentence for a person, or NULL if there is none. Only `WITSPAN_INVALID_ARGUMENT`,
 *   `WITSPAN_INVALID_CONTEXT` and `WITSPAN_INVALID_REMOTE` are mistakes of the caller; the others are states
 *   that an application need not handle, and are counted. A caller passes over codes it does not know.
 * - OUT-PARAMETERS may be NULL. They are set in every case: to 0 or NULL if the call fails.
 * - NULL may be given for every object. A tracer that is NULL, off or shut down does nothing.
 * - THREADS. All functions of a tracer and a recorder may be called from any thread at any time, except that
 *   nothing else may use an object while it is freed. A configuration and a text are for one thread at a
 *   time. There is no state of a thread.
 * - FORK. In a forked child the first use of a tracer starts it anew, with the same configuration, the last
 *   processor and the signals of its parent, and an empty recorder. The child never sends what the parent
 *   had; a span of the parent is not known there, and a span that starts below it begins a trace. Locks of
 *   the parent do not matter. This is noticed for `fork`, not for a bare system call `clone`.
 * - CALLBACKS must return: no exception and no `longjmp` may leave them. They may call any function here but
 *   `_free` of the object that calls them. They may fork only to execute another program.
 */
#ifndef WITSPAN_H
#define WITSPAN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
/* begin */

/* The interface that this header describes. Functions and numbers may be added to an interface; it gets another number
 * where one is removed or gets another meaning. */
enum {
    WITSPAN_INTERFACE = 1
};

/* The interface that the library has. */
uint32_t witspan_interface(void);

/* The version of the library, such as "0.1.0". Borrowed: it is never freed. */
const char *witspan_version(void);

/* Results. */
enum {
    WITSPAN_OK = 0,
    WITSPAN_INVALID_ARGUMENT = 1, /* nothing of what was given is kept; the message names the field */
    WITSPAN_INVALID_CONTEXT = 2,  /* not a text that `witspan_check_context` accepted */
    WITSPAN_INVALID_REMOTE = 3,   /* not a text that `witspan_extract` or `witspan_remote_of` gave */
    WITSPAN_SPAN_FINISHED = 4,
    WITSPAN_UNKNOWN_SPAN = 5,     /* of another tracer or process, or finished too long ago */
    WITSPAN_MEMORY_FULL = 6,
    WITSPAN_OFF = 7,              /* there is no answer, because nothing is traced */
    WITSPAN_LOST = 8,             /* the span was lost when the core failed, or is of an earlier tracer */
    WITSPAN_TIMED_OUT = 9,        /* not everything was settled within the time */
    WITSPAN_FAILED = 10           /* a defect of ours, or the system refused something */
};

/* ---- Texts that functions give ---- */

typedef struct witspan_text witspan_text;

/* The bytes of a text, with a NUL behind them; "" for NULL. Borrowed: valid until the text is freed. */
const char *witspan_text_data(const witspan_text *text);

/* How many bytes it has, without that NUL. */
size_t witspan_text_length(const witspan_text *text);

/* Frees a text; nothing for NULL. */
void witspan_text_free(witspan_text *text);

/* The JSON form of a text, with its quotes, to write annotations with. The caller frees it. */
witspan_text *witspan_json_string(const char *text, size_t length);

/* The names that every language needs (kinds, counters, limits, bounds, stand-ins), and the table of all
 * settings, both as JSON; `wit/setup.wit` describes them at `names` and `variables`. The caller frees it. */
witspan_text *witspan_names(void);
witspan_text *witspan_variables(void);

/* ---- A recorder: requests stay in memory instead of being sent, for tests ---- */

typedef struct witspan_recorder witspan_recorder;

/* An empty recorder, for at most so many bytes. The caller frees it; tracers that use it go on doing so. */
witspan_recorder *witspan_recorder_new(size_t most_bytes);

/* Frees it; nothing for NULL. */
void witspan_recorder_free(witspan_recorder *recorder);

/* How many requests it has. */
size_t witspan_recorder_count(const witspan_recorder *recorder);

/* The path and the body of a request, by its number from 0; NULL if there is none. The caller frees it. */
witspan_text *witspan_recorder_path(const witspan_recorder *recorder, size_t at);
witspan_text *witspan_recorder_body(const witspan_recorder *recorder, size_t at);

/* How many spans, evaluations and feedbacks did not fit. */
uint64_t witspan_recorder_refused(const witspan_recorder *recorder);

/* Removes all requests, and resets the number of refused ones. */
void witspan_recorder_clear(witspan_recorder *recorder);

/* ---- Configuration ---- */

typedef struct witspan_config witspan_config;

/* An empty configuration, and one with the settings of the environment as it is now. The caller frees it, and
 * may do so as soon as its tracers have started. */
witspan_config *witspan_config_new(void);
witspan_config *witspan_config_from_env(void);

/* Frees it; nothing for NULL. */
void witspan_config_free(witspan_config *config);

/* Sets a setting by its name in the table of settings, docs/configuration.md: the option ("ml_app"), which
 * wins, or the variable ("DD_LLMOBS_ML_APP"), as if it were in the environment. The value is written as there.
 * An empty one sets nothing. What is not understood is reported by a diagnostic when a tracer starts. */
void witspan_config_set(witspan_config *config, const char *name, size_t name_length, const char *value,
                        size_t value_length);

/* The plan that a configuration results in, as JSON; `wit/setup.wit` describes it at `make-plan`. Nothing starts, and
 * nothing is reported but in its member `diagnostics`. The caller frees it. */
witspan_text *witspan_config_plan(const witspan_config *config);

/* Adds a tag of every span. */
void witspan_config_tag(witspan_config *config, const char *key, size_t key_length, const char *value,
                        size_t value_length);

/* The application's programming language. Default "c". */
void witspan_config_language(witspan_config *config, const char *language, size_t length);

/* Has all requests stay in a recorder; nothing leaves the process. */
void witspan_config_recorder(witspan_config *config, const witspan_recorder *recorder);

/* How much a diagnostic matters. */
enum {
    WITSPAN_WARNING = 0, /* something was accepted, but not as it was given; or something was dropped */
    WITSPAN_ERROR = 1    /* nothing is sent until this is fixed */
};

/* Gets a diagnostic, one line, at most once for each kind of problem. Code and message are borrowed, end in NUL,
 * and are valid during the call. It is called on any thread, also one of the library; it must not block. */
typedef void (*witspan_listener)(void *user_data, int32_t level, const char *code, const char *message);

/* Where diagnostics go. By default: to standard error, as "witspan: MESSAGE". With a listener: to it; what
 * `user_data` points to must be valid until all tracers of this configuration are shut down and freed. With `keep`:
 * `witspan_diagnostics` gives them, for languages that no foreign thread may call. */
void witspan_config_listener(witspan_config *config, witspan_listener listener, void *user_data);
void witspan_config_keep_diagnostics(witspan_config *config);

/* Only for tests: time stands still at `wall_ns` since the Unix epoch until `witspan_advance` is called, and entropy
 * is always the same. With `skips_waits` a wait for a retry advances the clock instead of sleeping. */
void witspan_config_fixed_clock(witspan_config *config, uint64_t wall_ns, int32_t skips_waits);

/* ---- Tracer ---- */

typedef struct witspan_tracer witspan_tracer;

/* Starts a tracer; NULL for the configuration means that of the environment. If the settings turn tracing off, it
 * does nothing. Returns NULL, with a message, only if that cannot be done on this machine. The caller frees it. */
witspan_tracer *witspan_tracer_start(const witspan_config *config, witspan_text **message);

/* Frees a tracer; nothing for NULL. What has finished is still sent by a thread, which nobody waits for: to wait,
 * shut it down before. */
void witspan_tracer_free(witspan_tracer *tracer);

/* 1 if it traces, else 0. */
int32_t witspan_is_on(const witspan_tracer *tracer);

/* The plan that the settings resulted in, as JSON; `wit/setup.wit` describes it at `make-plan`. It has the
 * time-outs for a flush and for the end of the program. NULL if nothing is traced. The caller frees it. */
witspan_text *witspan_plan(const witspan_tracer *tracer);

/* Sends everything that has finished, and waits for that until the time is over: `WITSPAN_OK`, or
 * `WITSPAN_TIMED_OUT`. `delivered` and `dropped` get how many spans were, meanwhile.
 *
 * This and `witspan_shutdown` are the only functions that block for long: call them without Ruby's GVL, on a dirty
 * scheduler of Elixir, not on the event loop; a virtual thread of Java is pinned meanwhile. */
int32_t witspan_flush(const witspan_tracer *tracer, uint64_t timeout_ns, uint64_t *delivered,
                      uint64_t *dropped);

/* The same, and ends the tracer. What could not be sent is counted as dropped. Later calls do nothing, also in
 * processes that are forked later. A second call returns `WITSPAN_OK`. */
int32_t witspan_shutdown(witspan_tracer *tracer, uint64_t timeout_ns, uint64_t *delivered,
                         uint64_t *dropped);

/* Has SIGTERM, SIGINT and SIGHUP send what has finished, for at most that time, before they end the process. Only
 * where the system's default handler stands. `WITSPAN_FAILED` if the system refuses. */
int32_t witspan_deliver_at_signals(witspan_tracer *tracer, uint64_t timeout_ns, witspan_text **message);

/* For `witspan_config_keep_diagnostics`: those since the last call, as a JSON list of objects with `level`
 * ("warning" or "error"), `code` and `message`. The caller frees it. */
witspan_text *witspan_diagnostics(const witspan_tracer *tracer);

/* Only for tests: lets a fixed clock advance. */
void witspan_advance(const witspan_tracer *tracer, uint64_t ns);

/* ---- Counters ---- */

/* All counters as a JSON object: `accepted`, `open`, `queued`, `in_flight`, `delivered`, `dropped` (an object by
 * reason, of those that occurred), `annotations_rejected`, `warnings`, `cut`, `content_dropped`,
 * `evaluations_rejected`, `bytes`, and `evaluations` (an object likewise). The caller frees it. */
witspan_text *witspan_statistics(const witspan_tracer *tracer);

/* One of them: "delivered", "evaluations.delivered", "dropped" (the sum), "dropped.queue_full" and so on.
 * `WITSPAN_INVALID_ARGUMENT` if there is no such counter. */
int32_t witspan_counter(const witspan_tracer *tracer, const char *name, size_t length, uint64_t *value);

/* ---- Spans ---- */

/* A span is one number, which may be copied freely, also between threads. 0 is the span that is not kept: every
 * function takes it and does nothing; those that give something about it return `WITSPAN_OFF`. A number stays
 * valid after the span has finished, for as long as it can still be a parent. */

/* Kinds. */
enum {
    WITSPAN_LLM = 0,
    WITSPAN_WORKFLOW = 1,
    WITSPAN_AGENT = 2,
    WITSPAN_TOOL = 3,
    WITSPAN_TASK = 4,
    WITSPAN_EMBEDDING = 5,
    WITSPAN_RETRIEVAL = 6
};

/* What a new span belongs to. */
enum {
    WITSPAN_ROOT = 0,     /* nothing: it begins a trace, or continues that of the option `WITSPAN_REMOTE` */
    WITSPAN_CURRENT = 1,  /* the span that is current; if that has finished, its nearest open ancestor */
    WITSPAN_CHILD_OF = 2  /* exactly this span, finished or not */
};

/* Options of a new span. */
enum {
    WITSPAN_SESSION_ID = 1,
    WITSPAN_ML_APP = 2,
    WITSPAN_MODEL_NAME = 3,
    WITSPAN_MODEL_PROVIDER = 4,
    WITSPAN_START_NS = 5, /* a number: nanoseconds since the Unix epoch; default: now */
    WITSPAN_CONTEXT = 6,  /* an annotation context; may be given several times, the outermost first */
    WITSPAN_REMOTE = 7    /* a remote context, whose trace the span continues; only with `WITSPAN_ROOT` */
};

/* One option: three words of 64 bits on every 64-bit machine. `number` is the length of the text, or the value of
 * an option that is a number. */
typedef struct witspan_option {
    uint64_t option;
    const char *text;
    uint64_t number;
} witspan_option;

/* Starts a span, with a parent as `belongs` says; the name is by default that of the kind. Returns 0 if the span is not
 * kept, or an argument is wrong. */
uint64_t witspan_start(const witspan_tracer *tracer, uint32_t kind, uint32_t belongs, uint64_t parent,
                       const char *name, size_t name_length);

/* The same with options and a result. If it fails, the span is 0. */
int32_t witspan_start_with(const witspan_tracer *tracer, uint32_t kind, uint32_t belongs, uint64_t parent,
                           const char *name, size_t name_length, const witspan_option *options,
                           size_t options_count, uint64_t *span, witspan_text **message);

/* Adds the members of a JSON object (input, output, metadata, metrics, tags, prompt …) to an open span;
 * `wit/tracing.wit` describes them at `annotate`. */
int32_t witspan_annotate(const witspan_tracer *tracer, uint64_t span, const char *json, size_t length,
                         witspan_text **message);

/* Ends a span, at `end_ns` since the Unix epoch; 0: now. Returns the span to make current where this one was
 * current, 0 for none. A second call changes nothing. */
uint64_t witspan_finish(const witspan_tracer *tracer, uint64_t span, uint64_t end_ns);

/* The same for a span that ends with an error: its message, its type and its stack trace. */
uint64_t witspan_fail(const witspan_tracer *tracer, uint64_t span, uint64_t end_ns, const char *error,
                      size_t error_length, const char *type, size_t type_length, const char *stack,
                      size_t stack_length);

/* Gives up an open span: it is counted as unfinished and not sent. */
void witspan_abandon(const witspan_tracer *tracer, uint64_t span);

/* Records a span that is over, a JSON object; `wit/tracing.wit` describes it at `record-span`. `span` gets the
 * number of the span, which can be a parent. */
int32_t witspan_record(const witspan_tracer *tracer, const char *json, size_t length, uint64_t *span,
                       witspan_text **message);

/* The ids of a span as they are sent, decimal and hexadecimal. The caller frees both. */
int32_t witspan_ids(const witspan_tracer *tracer, uint64_t span, witspan_text **span_id,
                    witspan_text **trace_id);

/* What is known of a span, as a JSON object: `kind`, `name` while it is open, `span_id`, `trace_id`, `parent_id`
 * unless it is a root. The caller frees it. */
int32_t witspan_info(const witspan_tracer *tracer, uint64_t span, witspan_text **info);

/* Start since the Unix epoch and duration of a span. The duration of an open span is 2^64 - 1. */
int32_t witspan_times(const witspan_tracer *tracer, uint64_t span, uint64_t *start_ns,
                      uint64_t *duration_ns);

/* Checks an annotation context, a JSON object; `wit/tracing.wit` describes it at `check-context`. A text that is
 * accepted may be given to spans as the option `WITSPAN_CONTEXT`. */
int32_t witspan_check_context(const witspan_tracer *tracer, const char *json, size_t length,
                              witspan_text **message);

/* For bindings: counts an annotation that had no open span to go to, or an argument that was changed. The first one of
 * each becomes a diagnostic with this sentence. */
void witspan_misplaced(const witspan_tracer *tracer, const char *why, size_t length);
void witspan_changed(const witspan_tracer *tracer, const char *why, size_t length);

/* ---- Other services ---- */

/* Headers are one text, as HTTP writes them: a line "NAME: VALUE" each, ended by "\n" or "\r\n". */

/* The headers to set so that the receiver of a request continues the trace of a span. `headers` are those that the
 * request has already; ids of another tracer there stay. The caller frees `set`. */
int32_t witspan_inject(const witspan_tracer *tracer, uint64_t span, const char *headers, size_t length,
                       witspan_text **set);

/* The remote context in the headers of a request: a text for the option `WITSPAN_REMOTE`, in any process. The caller
 * frees it. `WITSPAN_INVALID_ARGUMENT` if they contain no trace. */
int32_t witspan_extract(const witspan_tracer *tracer, const char *headers, size_t length,
                        witspan_text **remote, witspan_text **message);

/* The remote context of a span. The caller frees it. */
int32_t witspan_remote_of(const witspan_tracer *tracer, uint64_t span, witspan_text **remote);

/* ---- Evaluations ---- */

/* Queues an evaluation, or a feedback, a JSON object; `wit/evaluations.wit` describes both. */
int32_t witspan_evaluate(const witspan_tracer *tracer, const char *json, size_t length,
                         witspan_text **message);
int32_t witspan_feedback(const witspan_tracer *tracer, const char *json, size_t length,
                         witspan_text **message);

/* ---- The processor: the application's function that sees each span before it is sent ---- */

typedef struct witspan_reply witspan_reply;

/* What a processor returns; any other number counts as failed. */
enum {
    WITSPAN_KEEP = 0,    /* the span is sent as it is */
    WITSPAN_REPLACE = 1, /* the event of `witspan_reply_set` is sent instead */
    WITSPAN_DROP = 2,    /* the span is not sent */
    WITSPAN_REJECT = 3   /* the processor failed: the span is sent without its content, and counted */
};

/* Gets a finished span as a JSON object; `wit/processing.wit` describes it. The text ends in NUL. Event and reply are
 * borrowed, and valid during the call. It is called on the thread that finishes or records the span, which waits for
 * it, and so on several threads at once. Spans that start inside it are not kept. */
typedef int32_t (*witspan_processor)(void *user_data, const char *event, size_t length,
                                     witspan_reply *reply);

/* Sets the text of a reply: the event for `WITSPAN_REPLACE`, the reason for `WITSPAN_REJECT`. */
void witspan_reply_set(witspan_reply *reply, const char *text, size_t length);

/* Sets the processor of a tracer; NULL removes it. If a call takes longer than `limit_ns`, the span is sent without its
 * content. What `user_data` points to must be valid until the tracer is freed, since a thread or a forked child may
 * still use it. */
void witspan_set_processor(witspan_tracer *tracer, witspan_processor processor, void *user_data,
                           uint64_t limit_ns);

/* end */
#ifdef __cplusplus
}
#endif

#endif
