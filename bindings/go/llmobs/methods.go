// The methods of each kind of span, which all do nothing on a nil span.

package llmobs

// whole gives what a span is; nil for a nil span, whose field has no address.
func whole(span *AnySpan) *base {
	if span == nil {
		return nil
	}
	return &span.base
}

// Name is what the span was started with, else the name of its kind.
func (s *AnySpan) Name() string { return whole(s).Name() }

// Kind is the kind of the span, such as llm.
func (s *AnySpan) Kind() string { return whole(s).Kind() }

// SpanID is the span's id as it is sent, a decimal number; "" if the span is not kept.
func (s *AnySpan) SpanID() string { return whole(s).SpanID() }

// TraceID is the trace's id as it is sent, 32 hexadecimal digits; "" if the span is not kept.
func (s *AnySpan) TraceID() string { return whole(s).TraceID() }

// APMTraceID is the same as TraceID: there is one trace.
func (s *AnySpan) APMTraceID() string { return whole(s).APMTraceID() }

// AddLink adds a link to another span.
func (s *AnySpan) AddLink(link SpanLink) { whole(s).AddLink(link) }

// Annotate adds to the span what the options say.
func (s *AnySpan) Annotate(opts ...AnnotateOption) { whole(s).Annotate(opts...) }

// Finish ends the span. Only the first call counts.
func (s *AnySpan) Finish(opts ...FinishSpanOption) { whole(s).Finish(opts...) }

func (s *AnySpan) self() *base { return whole(s) }

// Name is what the span was started with, else the name of its kind.
func (s *LLMSpan) Name() string { return whole((*AnySpan)(s)).Name() }

// Kind is the kind of the span, such as llm.
func (s *LLMSpan) Kind() string { return whole((*AnySpan)(s)).Kind() }

// SpanID is the span's id as it is sent, a decimal number; "" if the span is not kept.
func (s *LLMSpan) SpanID() string { return whole((*AnySpan)(s)).SpanID() }

// TraceID is the trace's id as it is sent, 32 hexadecimal digits; "" if the span is not kept.
func (s *LLMSpan) TraceID() string { return whole((*AnySpan)(s)).TraceID() }

// APMTraceID is the same as TraceID: there is one trace.
func (s *LLMSpan) APMTraceID() string { return whole((*AnySpan)(s)).APMTraceID() }

// AddLink adds a link to another span.
func (s *LLMSpan) AddLink(link SpanLink) { whole((*AnySpan)(s)).AddLink(link) }

// Annotate adds to the span what the options say.
func (s *LLMSpan) Annotate(opts ...AnnotateOption) { whole((*AnySpan)(s)).Annotate(opts...) }

// Finish ends the span. Only the first call counts.
func (s *LLMSpan) Finish(opts ...FinishSpanOption) { whole((*AnySpan)(s)).Finish(opts...) }

func (s *LLMSpan) self() *base { return whole((*AnySpan)(s)) }

// Name is what the span was started with, else the name of its kind.
func (s *WorkflowSpan) Name() string { return whole((*AnySpan)(s)).Name() }

// Kind is the kind of the span, such as workflow.
func (s *WorkflowSpan) Kind() string { return whole((*AnySpan)(s)).Kind() }

// SpanID is the span's id as it is sent, a decimal number; "" if the span is not kept.
func (s *WorkflowSpan) SpanID() string { return whole((*AnySpan)(s)).SpanID() }

// TraceID is the trace's id as it is sent, 32 hexadecimal digits; "" if the span is not kept.
func (s *WorkflowSpan) TraceID() string { return whole((*AnySpan)(s)).TraceID() }

// APMTraceID is the same as TraceID: there is one trace.
func (s *WorkflowSpan) APMTraceID() string { return whole((*AnySpan)(s)).APMTraceID() }

// AddLink adds a link to another span.
func (s *WorkflowSpan) AddLink(link SpanLink) { whole((*AnySpan)(s)).AddLink(link) }

// Annotate adds to the span what the options say.
func (s *WorkflowSpan) Annotate(opts ...AnnotateOption) { whole((*AnySpan)(s)).Annotate(opts...) }

// Finish ends the span. Only the first call counts.
func (s *WorkflowSpan) Finish(opts ...FinishSpanOption) { whole((*AnySpan)(s)).Finish(opts...) }

func (s *WorkflowSpan) self() *base { return whole((*AnySpan)(s)) }

// Name is what the span was started with, else the name of its kind.
func (s *AgentSpan) Name() string { return whole((*AnySpan)(s)).Name() }

// Kind is the kind of the span, such as agent.
func (s *AgentSpan) Kind() string { return whole((*AnySpan)(s)).Kind() }

// SpanID is the span's id as it is sent, a decimal number; "" if the span is not kept.
func (s *AgentSpan) SpanID() string { return whole((*AnySpan)(s)).SpanID() }

// TraceID is the trace's id as it is sent, 32 hexadecimal digits; "" if the span is not kept.
func (s *AgentSpan) TraceID() string { return whole((*AnySpan)(s)).TraceID() }

// APMTraceID is the same as TraceID: there is one trace.
func (s *AgentSpan) APMTraceID() string { return whole((*AnySpan)(s)).APMTraceID() }

// AddLink adds a link to another span.
func (s *AgentSpan) AddLink(link SpanLink) { whole((*AnySpan)(s)).AddLink(link) }

// Annotate adds to the span what the options say.
func (s *AgentSpan) Annotate(opts ...AnnotateOption) { whole((*AnySpan)(s)).Annotate(opts...) }

// Finish ends the span. Only the first call counts.
func (s *AgentSpan) Finish(opts ...FinishSpanOption) { whole((*AnySpan)(s)).Finish(opts...) }

func (s *AgentSpan) self() *base { return whole((*AnySpan)(s)) }

// Name is what the span was started with, else the name of its kind.
func (s *ToolSpan) Name() string { return whole((*AnySpan)(s)).Name() }

// Kind is the kind of the span, such as tool.
func (s *ToolSpan) Kind() string { return whole((*AnySpan)(s)).Kind() }

// SpanID is the span's id as it is sent, a decimal number; "" if the span is not kept.
func (s *ToolSpan) SpanID() string { return whole((*AnySpan)(s)).SpanID() }

// TraceID is the trace's id as it is sent, 32 hexadecimal digits; "" if the span is not kept.
func (s *ToolSpan) TraceID() string { return whole((*AnySpan)(s)).TraceID() }

// APMTraceID is the same as TraceID: there is one trace.
func (s *ToolSpan) APMTraceID() string { return whole((*AnySpan)(s)).APMTraceID() }

// AddLink adds a link to another span.
func (s *ToolSpan) AddLink(link SpanLink) { whole((*AnySpan)(s)).AddLink(link) }

// Annotate adds to the span what the options say.
func (s *ToolSpan) Annotate(opts ...AnnotateOption) { whole((*AnySpan)(s)).Annotate(opts...) }

// Finish ends the span. Only the first call counts.
func (s *ToolSpan) Finish(opts ...FinishSpanOption) { whole((*AnySpan)(s)).Finish(opts...) }

func (s *ToolSpan) self() *base { return whole((*AnySpan)(s)) }

// Name is what the span was started with, else the name of its kind.
func (s *TaskSpan) Name() string { return whole((*AnySpan)(s)).Name() }

// Kind is the kind of the span, such as task.
func (s *TaskSpan) Kind() string { return whole((*AnySpan)(s)).Kind() }

// SpanID is the span's id as it is sent, a decimal number; "" if the span is not kept.
func (s *TaskSpan) SpanID() string { return whole((*AnySpan)(s)).SpanID() }

// TraceID is the trace's id as it is sent, 32 hexadecimal digits; "" if the span is not kept.
func (s *TaskSpan) TraceID() string { return whole((*AnySpan)(s)).TraceID() }

// APMTraceID is the same as TraceID: there is one trace.
func (s *TaskSpan) APMTraceID() string { return whole((*AnySpan)(s)).APMTraceID() }

// AddLink adds a link to another span.
func (s *TaskSpan) AddLink(link SpanLink) { whole((*AnySpan)(s)).AddLink(link) }

// Annotate adds to the span what the options say.
func (s *TaskSpan) Annotate(opts ...AnnotateOption) { whole((*AnySpan)(s)).Annotate(opts...) }

// Finish ends the span. Only the first call counts.
func (s *TaskSpan) Finish(opts ...FinishSpanOption) { whole((*AnySpan)(s)).Finish(opts...) }

func (s *TaskSpan) self() *base { return whole((*AnySpan)(s)) }

// Name is what the span was started with, else the name of its kind.
func (s *EmbeddingSpan) Name() string { return whole((*AnySpan)(s)).Name() }

// Kind is the kind of the span, such as embedding.
func (s *EmbeddingSpan) Kind() string { return whole((*AnySpan)(s)).Kind() }

// SpanID is the span's id as it is sent, a decimal number; "" if the span is not kept.
func (s *EmbeddingSpan) SpanID() string { return whole((*AnySpan)(s)).SpanID() }

// TraceID is the trace's id as it is sent, 32 hexadecimal digits; "" if the span is not kept.
func (s *EmbeddingSpan) TraceID() string { return whole((*AnySpan)(s)).TraceID() }

// APMTraceID is the same as TraceID: there is one trace.
func (s *EmbeddingSpan) APMTraceID() string { return whole((*AnySpan)(s)).APMTraceID() }

// AddLink adds a link to another span.
func (s *EmbeddingSpan) AddLink(link SpanLink) { whole((*AnySpan)(s)).AddLink(link) }

// Annotate adds to the span what the options say.
func (s *EmbeddingSpan) Annotate(opts ...AnnotateOption) { whole((*AnySpan)(s)).Annotate(opts...) }

// Finish ends the span. Only the first call counts.
func (s *EmbeddingSpan) Finish(opts ...FinishSpanOption) { whole((*AnySpan)(s)).Finish(opts...) }

func (s *EmbeddingSpan) self() *base { return whole((*AnySpan)(s)) }

// Name is what the span was started with, else the name of its kind.
func (s *RetrievalSpan) Name() string { return whole((*AnySpan)(s)).Name() }

// Kind is the kind of the span, such as retrieval.
func (s *RetrievalSpan) Kind() string { return whole((*AnySpan)(s)).Kind() }

// SpanID is the span's id as it is sent, a decimal number; "" if the span is not kept.
func (s *RetrievalSpan) SpanID() string { return whole((*AnySpan)(s)).SpanID() }

// TraceID is the trace's id as it is sent, 32 hexadecimal digits; "" if the span is not kept.
func (s *RetrievalSpan) TraceID() string { return whole((*AnySpan)(s)).TraceID() }

// APMTraceID is the same as TraceID: there is one trace.
func (s *RetrievalSpan) APMTraceID() string { return whole((*AnySpan)(s)).APMTraceID() }

// AddLink adds a link to another span.
func (s *RetrievalSpan) AddLink(link SpanLink) { whole((*AnySpan)(s)).AddLink(link) }

// Annotate adds to the span what the options say.
func (s *RetrievalSpan) Annotate(opts ...AnnotateOption) { whole((*AnySpan)(s)).Annotate(opts...) }

// Finish ends the span. Only the first call counts.
func (s *RetrievalSpan) Finish(opts ...FinishSpanOption) { whole((*AnySpan)(s)).Finish(opts...) }

func (s *RetrievalSpan) self() *base { return whole((*AnySpan)(s)) }
