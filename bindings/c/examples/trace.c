/* A first trace in C: an agent's answer, with one call of a model in it.
 *
 *     cc trace.c $(pkg-config --cflags --libs witspan) -o trace && ./trace
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <witspan.h>

/* A text as the functions take it. */
#define TEXT(text) (text), strlen(text)

static const uint64_t SECOND = 1000000000;

/* Says what a call did not accept: a mistake of this program. */
static void check(int32_t code, witspan_text *message)
{
    if (code != WITSPAN_OK)
        fprintf(stderr, "refused (%d): %s\n", (int)code, witspan_text_data(message));
    witspan_text_free(message);
}

static void ask(const witspan_tracer *tracer, uint64_t parent, const char *question)
{
    witspan_option options[] = {
        {WITSPAN_MODEL_NAME, "gpt-4o", strlen("gpt-4o")},
        {WITSPAN_MODEL_PROVIDER, "openai", strlen("openai")},
    };
    witspan_text *message = NULL;
    witspan_text *quoted = witspan_json_string(TEXT(question));
    char annotation[512];
    uint64_t call = 0;

    check(witspan_start_with(tracer, WITSPAN_LLM, WITSPAN_CHILD_OF, parent, TEXT("ask"), options, 2, &call,
                             &message),
          message);
    snprintf(annotation, sizeof annotation,
             "{\"input\": [{\"role\": \"user\", \"content\": %s}], \"output\": \"Rayleigh scattering.\","
             " \"metrics\": {\"input_tokens\": 9, \"output_tokens\": 4}}",
             witspan_text_data(quoted));
    check(witspan_annotate(tracer, call, TEXT(annotation), &message), message);
    witspan_finish(tracer, call, 0);
    witspan_text_free(quoted);
}

int main(int count, char **words)
{
    const char *question = count > 1 ? words[1] : "Why is the sky \"blue\"?";
    witspan_text *message = NULL;
    witspan_config *config = witspan_config_from_env();
    witspan_tracer *tracer;
    uint64_t answer, delivered, dropped;

    witspan_config_set(config, TEXT("ml_app"), TEXT("first-trace"));
    tracer = witspan_tracer_start(config, &message);
    witspan_config_free(config);
    if (tracer == NULL)
        check(WITSPAN_FAILED, message); /* and go on: what is done with NULL does nothing */

    answer = witspan_start(tracer, WITSPAN_AGENT, WITSPAN_ROOT, 0, TEXT("answer"));
    ask(tracer, answer, question);
    witspan_finish(tracer, answer, 0);

    if (witspan_shutdown(tracer, 10 * SECOND, &delivered, &dropped) != WITSPAN_OK)
        fprintf(stderr, "not everything was sent in time\n");
    printf("%llu delivered, %llu dropped\n", (unsigned long long)delivered, (unsigned long long)dropped);
    witspan_tracer_free(tracer);
    return EXIT_SUCCESS;
}
