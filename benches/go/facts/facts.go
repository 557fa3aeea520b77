// Package facts has what every contender is told of its spans: the same as in benches/javascript, without
// metadata.
package facts

// Rules, Question and Answer are the messages of one call of a model: 1,000 bytes.
const (
	Rules = "You answer in two sentences, no more.\n\nThe tracer keeps what it is given until a batch is full, and a " +
		"batch that is not full goes after a second.\nNothing of it is sent twice; a note says \"delivered\" when " +
		"the intake took it."
	Question = "What happens to a span that has finished?\nThe tracer keeps what it is given until a batch is full, and " +
		"a batch that is not full goes after a second.\nNothing of it is sent twice; a note says \"delivered\" " +
		"when the intake took it. What of one that has not, and of one whose program has ended?"
	Answer = "It waits in the queue. The tracer keeps what it is given until a batch is full, and a batch that is not " +
		"full goes after a second.\nNothing of it is sent twice; a note says \"delivered\" when the intake took " +
		"it. One that has not finished is not sent: it is counted as `unfinished` when the program ends, and a " +
		"line on standard error says how many such spans there were. Finish each of them where its work ends,\nalso " +
		"where it ends with an error, or its time is not known."
)

// The model and what its call took.
const (
	Model, Provider  = "gpt-4o", "openai"
	InputTokens      = 312
	OutputTokens     = 128
	TimeToFirstToken = 0.412
	Team, Feature    = "search", "summary"
)

// A workflow of ten spans: itself, three steps, and two short calls of a model in each of them.
const (
	WorkflowQuestion     = "Which spans are sent at the end of the program?"
	WorkflowAnswer       = "Those that have finished, for at most five seconds."
	WorkflowInputTokens  = 12
	WorkflowOutputTokens = 9
)

// Steps of the workflow, and Calls in each.
var (
	Steps = [...]string{"plan", "search", "answer"}
	Calls = [...]string{"draft", "check"}
)
