/* Forks while other threads use the tracer: `forks URL CHILDREN`. Every child, and a child of each, sends one span
 * of its own; the parent sends what it has. A line on standard output says how many spans the parent finished. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <witspan.h>

#define TEXT(text) (text), strlen(text)
#define THREADS 4

/* What POSIX has beyond C99. */
extern int usleep(unsigned int microseconds);

static const uint64_t SECOND = 1000000000;
static witspan_tracer *tracer;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int ends;
static unsigned long finished;

static int over(void)
{
    int now;
    pthread_mutex_lock(&lock);
    now = ends;
    pthread_mutex_unlock(&lock);
    return now;
}

/* Holds the library's locks as often as it can: instances, notices, the queue, the thread that sends. */
static void *work(void *nothing)
{
    unsigned long count = 0;
    while (!over()) {
        uint64_t span = witspan_start(tracer, WITSPAN_TASK, WITSPAN_ROOT, 0, TEXT("parent"));
        witspan_annotate(tracer, span, TEXT("{\"input\": \"of the parent\", \"metrics\": {\"a\": null}}"), NULL);
        witspan_finish(tracer, span, 0);
        witspan_text_free(witspan_statistics(tracer));
        witspan_set_processor(tracer, NULL, NULL, SECOND);
        ++count;
        usleep(200);
    }
    pthread_mutex_lock(&lock);
    finished += count;
    pthread_mutex_unlock(&lock);
    return nothing;
}

/* What a process that was just forked does; the span of its parent is open there, and not known here. */
static int in_child(const char *name, uint64_t of_the_parent)
{
    uint64_t span, delivered = 0;
    if (witspan_annotate(tracer, of_the_parent, TEXT("{\"input\": \"of a child\"}"), NULL) != WITSPAN_LOST)
        return 3;
    span = witspan_start(tracer, WITSPAN_TASK, WITSPAN_CURRENT, of_the_parent, TEXT(name));
    if (span == 0 || span == of_the_parent)
        return 4;
    witspan_finish(tracer, span, 0);
    if (witspan_flush(tracer, 60 * SECOND, &delivered, NULL) != WITSPAN_OK || delivered != 1)
        return 5;
    return 0;
}

static int wait_for(pid_t child)
{
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

int main(int count, char **words)
{
    pthread_t threads[THREADS];
    witspan_config *config = witspan_config_new();
    int at, children = count > 2 ? atoi(words[2]) : 1, bad = 0;
    uint64_t open;

    witspan_config_set(config, TEXT("override_origin"), TEXT(words[1]));
    witspan_config_set(config, TEXT("agentless_enabled"), TEXT("0"));
    tracer = witspan_tracer_start(config, NULL);
    witspan_config_free(config);
    open = witspan_start(tracer, WITSPAN_AGENT, WITSPAN_ROOT, 0, TEXT("open"));
    for (at = 0; at < THREADS; ++at)
        pthread_create(&threads[at], NULL, work, NULL);
    for (at = 0; at < children; ++at) {
        pid_t child = fork();
        if (child == 0) {
            char name[32];
            alarm(60); /* a deadlock ends by this signal */
            snprintf(name, sizeof name, "child %d", at);
            bad = in_child(name, open);
            if (bad == 0) {
                pid_t below = fork();
                if (below == 0) {
                    alarm(60);
                    snprintf(name, sizeof name, "grandchild %d", at);
                    _exit(in_child(name, open));
                }
                bad = wait_for(below);
            }
            /* Once as a program ends that says so, once as one that does not. */
            if (at % 2)
                witspan_shutdown(tracer, 60 * SECOND, NULL, NULL);
            witspan_tracer_free(tracer);
            _exit(bad);
        }
        bad = wait_for(child);
        if (bad != 0) {
            fprintf(stderr, "child %d ended with %d\n", at, bad);
            return 1;
        }
    }
    pthread_mutex_lock(&lock);
    ends = 1;
    pthread_mutex_unlock(&lock);
    for (at = 0; at < THREADS; ++at)
        pthread_join(threads[at], NULL);
    witspan_finish(tracer, open, 0);
    if (witspan_shutdown(tracer, 60 * SECOND, NULL, NULL) != WITSPAN_OK)
        return 2;
    /* After the end of the parent's tracer a child has none either. */
    if (fork() == 0)
        _exit(witspan_is_on(tracer) || witspan_start(tracer, WITSPAN_TASK, WITSPAN_ROOT, 0, NULL, 0) != 0);
    wait(&at);
    witspan_tracer_free(tracer);
    printf("%lu\n", finished + 1);
    return at != 0;
}
