// What every contender is told of its spans. Objects are made anew for each span, as applications do.

const RULES =
  "You answer in two sentences, no more.\n\nThe tracer keeps what it is given until a batch is full, and a " +
  "batch that is not full goes after a second.\nNothing of it is sent twice; a note says \"delivered\" when " +
  "the intake took it.";
const QUESTION =
  "What happens to a span that has finished?\nThe tracer keeps what it is given until a batch is full, and " +
  "a batch that is not full goes after a second.\nNothing of it is sent twice; a note says \"delivered\" " +
  "when the intake took it. What of one that has not, and of one whose program has ended?";
const ANSWER =
  "It waits in the queue. The tracer keeps what it is given until a batch is full, and a batch that is not " +
  "full goes after a second.\nNothing of it is sent twice; a note says \"delivered\" when the intake took " +
  "it. One that has not finished is not sent: it is counted as `unfinished` when the program ends, and a " +
  "line on standard error says how many such spans there were. Finish each of them where its work ends,\nalso where it ends with an error, or its time is " +
  "not known.";

/** One call of a model: 1,000 bytes of messages. */
export const model = {
  name: "gpt-4o",
  provider: "openai",
  input: () => [
    { role: "system", content: RULES },
    { role: "user", content: QUESTION },
  ],
  output: () => [{ role: "assistant", content: ANSWER }],
  metadata: () => ({ temperature: 0.2, max_tokens: 1024, stream: true, user: "u-4711" }),
  metrics: () => ({ input_tokens: 312, output_tokens: 128, time_to_first_token: 0.412 }),
  tags: () => ({ team: "search", feature: "summary" }),
};

/** A workflow of ten spans: itself, three steps, and two short calls of a model in each of them. */
export const workflow = {
  steps: ["plan", "search", "answer"],
  calls: ["draft", "check"],
  question: "Which spans are sent at the end of the program?",
  answer: "Those that have finished, for at most five seconds.",
};
