/* Uses one tracer from 16 threads at once, in every way: for valgrind and the compilers' sanitizers. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <witspan.h>

#define TEXT(text) (text), strlen(text)
#define THREADS 16

static const uint64_t SECOND = 1000000000;
static witspan_tracer *tracer;
static int rounds = 20;

/* Counts of callbacks, which any thread makes. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t processed, told;

static void want(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "wrong: %s\n", what);
    exit(2);
}

static int32_t process(void *data, const char *event, size_t length, witspan_reply *reply)
{
    want(strlen(event) == length, "an event ends in NUL");
    pthread_mutex_lock(&lock);
    ++*(uint64_t *)data;
    pthread_mutex_unlock(&lock);
    if (strstr(event, "\"fails\"") != NULL) {
        witspan_reply_set(reply, TEXT("as it was told"));
        return WITSPAN_REJECT;
    }
    if (strstr(event, "\"replaced\"") != NULL) {
        witspan_reply_set(reply, TEXT("{\"name\": \"renamed\"}"));
        return WITSPAN_REPLACE;
    }
    return WITSPAN_KEEP;
}

static void listen(void *data, int32_t level, const char *code, const char *message)
{
    want(level == WITSPAN_WARNING || level == WITSPAN_ERROR, "a level");
    want(strlen(code) > 0 && strlen(message) > 0, "a code and a message");
    pthread_mutex_lock(&lock);
    ++*(uint64_t *)data;
    pthread_mutex_unlock(&lock);
}

/* One trace, and everything that may be asked of it. */
static void trace(void)
{
    witspan_text *one = NULL, *other = NULL;
    uint64_t span = 0, times[2], again, value;
    uint64_t root = witspan_start(tracer, WITSPAN_WORKFLOW, WITSPAN_ROOT, 0, NULL, 0);
    witspan_option options[] = {
        {WITSPAN_SESSION_ID, "s-\xff", 3},
        {WITSPAN_MODEL_NAME, "m", 1},
        {WITSPAN_CONTEXT, "{\"tags\": {\"team\": \"a\"}}", 23},
        {WITSPAN_START_NS, NULL, 1700000000000000000},
    };
    want(root != 0, "a root is kept");
    want(witspan_start_with(tracer, WITSPAN_LLM, WITSPAN_CHILD_OF, root, TEXT("replaced"), options, 4, &span,
                            &one) == WITSPAN_OK && one == NULL, "a child starts");
    want(witspan_annotate(tracer, span, TEXT("{\"input\": \"\xc3\x28\", \"tags\": {\"a\": 1}}"), NULL) == WITSPAN_OK,
         "what is not UTF-8 is repaired");
    want(witspan_annotate(tracer, span, TEXT("{\"metrics\": 1}"), &one) == WITSPAN_INVALID_ARGUMENT, "a mistake");
    want(strstr(witspan_text_data(one), "metrics") != NULL, "its field");
    witspan_text_free(one);
    want(witspan_ids(tracer, span, &one, &other) == WITSPAN_OK, "ids");
    want(witspan_text_length(other) == 32, "a trace id");
    witspan_text_free(one);
    witspan_text_free(other);
    want(witspan_info(tracer, span, &one) == WITSPAN_OK, "info");
    witspan_text_free(one);
    want(witspan_times(tracer, span, &times[0], &times[1]) == WITSPAN_OK && times[1] == UINT64_MAX, "times");
    want(witspan_inject(tracer, span, TEXT("accept: */*\r\n"), &one) == WITSPAN_OK, "headers");
    want(witspan_extract(tracer, witspan_text_data(one), witspan_text_length(one), &other, NULL) == WITSPAN_OK,
         "the place in them");
    witspan_text_free(one);
    options[0].option = WITSPAN_REMOTE;
    options[0].text = witspan_text_data(other);
    options[0].number = witspan_text_length(other);
    want(witspan_start_with(tracer, WITSPAN_TOOL, WITSPAN_ROOT, 0, TEXT("fails"), options, 1, &again, NULL) ==
             WITSPAN_OK, "a trace goes on");
    witspan_text_free(other);
    want(witspan_fail(tracer, again, 0, TEXT("no"), TEXT("E"), NULL, 0) == 0, "nothing is current");
    want(witspan_finish(tracer, span, 0) == root, "the parent is current again");
    want(witspan_annotate(tracer, span, TEXT("{}"), NULL) == WITSPAN_SPAN_FINISHED, "it has finished");
    want(witspan_evaluate(tracer, TEXT("{\"label\": \"l\", \"metric_type\": \"score\", \"value\": 1, \"session_id\": "
                                       "\"s\", \"eval_scope\": \"session\"}"), NULL) == WITSPAN_OK, "an evaluation");
    want(witspan_record(tracer, TEXT("{\"kind\": \"task\", \"start_ns\": 1, \"end_ns\": 2}"), &span, NULL) ==
             WITSPAN_OK && span != 0, "a span that is over");
    witspan_abandon(tracer, witspan_start(tracer, WITSPAN_TASK, WITSPAN_CURRENT, root, NULL, 0));
    witspan_finish(tracer, root, 0);
    want(witspan_counter(tracer, TEXT("accepted"), &value) == WITSPAN_OK && value > 0, "a counter");
    one = witspan_statistics(tracer);
    want(witspan_text_length(one) > 0, "counters");
    witspan_text_free(one);
}

static void *work(void *nothing)
{
    int round;
    for (round = 0; round < rounds; ++round)
        trace();
    return nothing;
}

int main(int count, char **words)
{
    pthread_t threads[THREADS];
    witspan_recorder *recorder = witspan_recorder_new(64 << 20);
    witspan_config *config = witspan_config_new();
    witspan_text *message = NULL, *text;
    uint64_t counters[4], round;
    size_t at;

    if (count > 1)
        rounds = atoi(words[1]);
    witspan_config_set(config, TEXT("ml_app"), TEXT("threads"));
    witspan_config_set(config, TEXT("no_such_option"), TEXT("1"));
    witspan_config_tag(config, TEXT("key"), TEXT("value"));
    witspan_config_language(config, TEXT("c"));
    witspan_config_recorder(config, recorder);
    witspan_config_listener(config, listen, &told);
    tracer = witspan_tracer_start(config, &message);
    want(tracer != NULL && message == NULL, "a tracer starts");
    witspan_config_free(config);
    witspan_set_processor(tracer, process, &processed, 100 * SECOND);
    for (at = 0; at < THREADS; ++at)
        want(pthread_create(&threads[at], NULL, work, NULL) == 0, "a thread starts");
    /* Beside them: what one thread does while others work. */
    for (round = 0; round < 3; ++round) {
        want(witspan_flush(tracer, 100 * SECOND, NULL, NULL) == WITSPAN_OK, "a flush is settled");
        for (at = 0; at < witspan_recorder_count(recorder); ++at) {
            text = witspan_recorder_body(recorder, at);
            want(text != NULL && strchr("[{", witspan_text_data(text)[0]) != NULL, "a body");
            witspan_text_free(text);
        }
    }
    for (at = 0; at < THREADS; ++at)
        pthread_join(threads[at], NULL);
    want(witspan_shutdown(tracer, 100 * SECOND, NULL, NULL) == WITSPAN_OK, "a shutdown is settled");
    for (at = 0; at < 4; ++at) {
        const char *names[] = {"accepted", "delivered", "dropped.unfinished", "content_dropped"};
        const uint64_t each[] = {5, 4, 1, 1};
        want(witspan_counter(tracer, TEXT(names[at]), &counters[at]) == WITSPAN_OK, names[at]);
        want(counters[at] == each[at] * THREADS * (uint64_t)rounds, names[at]);
    }
    want(processed == 4 * THREADS * (uint64_t)rounds, "each finished span was processed");
    want(told > 0, "the unknown option was told");
    want(witspan_start(tracer, WITSPAN_TASK, WITSPAN_ROOT, 0, NULL, 0) == 0, "nothing starts after the end");
    witspan_tracer_free(tracer);
    want(witspan_recorder_refused(recorder) == 0, "the recorder has room");
    witspan_recorder_clear(recorder);
    witspan_recorder_free(recorder);
    puts("good");
    return 0;
}
