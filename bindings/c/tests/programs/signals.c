/* Ends by a signal, and so does its child: `signals URL`. Neither flushes. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <witspan.h>

#define TEXT(text) (text), strlen(text)

static void end(const witspan_tracer *tracer, const char *name)
{
    witspan_finish(tracer, witspan_start(tracer, WITSPAN_TASK, WITSPAN_ROOT, 0, TEXT(name)), 0);
    raise(SIGTERM);
    sleep(20);
    _exit(3);
}

int main(int count, char **words)
{
    witspan_config *config = witspan_config_new();
    witspan_tracer *tracer;
    int status = 0;

    if (count != 2)
        return 2;
    witspan_config_set(config, TEXT("override_origin"), TEXT(words[1]));
    witspan_config_set(config, TEXT("agentless_enabled"), TEXT("0"));
    /* Without the signal nothing would leave for an hour. */
    witspan_config_set(config, TEXT("batch_age_ns"), TEXT("3600000000000"));
    tracer = witspan_tracer_start(config, NULL);
    witspan_config_free(config);
    if (witspan_deliver_at_signals(tracer, 10000000000, NULL) != WITSPAN_OK)
        return 4;
    if (fork() == 0)
        end(tracer, "child");
    wait(&status);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM)
        return 5;
    end(tracer, "parent");
    return 6;
}
