// The types of the public surface. Names and shapes are those of dd-trace's `llmobs`, and more.

import type { Statistics } from "../delivery/statistics.js";
import type { Span } from "../span.js";
import type { Time } from "../time.js";

export type { Statistics, Time };
export type { EvaluationStatistics } from "../delivery/statistics.js";

/** The kind of a span. */
export type SpanKind =
  | "llm"
  | "workflow"
  | "agent"
  | "tool"
  | "task"
  | "embedding"
  | "retrieval";

/** dd-trace's name for it. */
export type spanKind = SpanKind;

/**
 * What a new span belongs to, besides the current span: a span, the headers of a request (`Headers`, an
 * object, pairs), the text that `extract` returned; `null` for nothing.
 */
export type ParentOption = Span | object | string | null;

/** Options of `enable`: one for each row of the table of settings. What is absent comes from the environment. */
export interface EnableOptions {
  /** Whether anything is traced (`DD_LLMOBS_ENABLED`, which wins where it is set and false). */
  enabled?: boolean;
  /** The ML app, by which traces are grouped (`DD_LLMOBS_ML_APP`). */
  mlApp?: string;
  /** The service (`DD_SERVICE`). */
  service?: string;
  /** The environment, such as `prod` (`DD_ENV`). */
  env?: string;
  /** The application's version (`DD_VERSION`). */
  version?: string;
  /** Tags of every span (`DD_TAGS`): an object, or `key:value` separated by commas. */
  tags?: Readonly<Record<string, string>> | string;
  /** The API key of the intake (`DD_API_KEY`). It never enters the core, nor a page in a browser. */
  apiKey?: string;
  /** The Datadog site (`DD_SITE`). */
  site?: string;
  /** Whether spans go to the intake itself, without an agent (`DD_LLMOBS_AGENTLESS_ENABLED`); by default detected. */
  agentlessEnabled?: boolean;
  /** Where the agent or a local receiver is (`DD_TRACE_AGENT_URL`): `http://`, `https://` or `unix://`. */
  agentUrl?: string;
  /** The agent's host, if its URL is not set (`DD_AGENT_HOST`). */
  agentHost?: string;
  /** The agent's port, if its URL is not set (`DD_TRACE_AGENT_PORT`). */
  agentPort?: number | string;
  /** An origin that replaces intake and agent (`DD_LLMOBS_OVERRIDE_ORIGIN`). */
  overrideOrigin?: string;
  /** The format of bodies, `public` or `sdk` (`WITSPAN_INTAKE`). */
  intake?: "public" | "sdk";
  /** The share of traces that are marked as sampled, from 0 to 1 (`DD_LLMOBS_SAMPLE_RATE`). */
  sampleRate?: number;
  /** Rules that are applied before the rate (`DD_LLMOBS_SAMPLING_RULES`): a list, or its JSON. */
  samplingRules?: readonly object[] | string;
  /** Whether spans of traces that are not sampled are dropped (`WITSPAN_DROP_UNSAMPLED`). */
  dropUnsampled?: boolean;
  /** Bytes of one span; longer ones are cut (`DD_LLMOBS_EVENT_SIZE_BYTES`). */
  eventBytes?: number;
  /** Spans that make a batch full. */
  batchSpans?: number;
  /** Bytes that make a batch full. */
  batchBytes?: number;
  /** Nanoseconds after which a batch is sent. */
  batchAgeNs?: number | bigint;
  /** Bytes of finished spans in the queue. */
  queueBytes?: number;
  /** Bytes that open spans hold. */
  openBytes?: number;
  /** The most attempts to send one batch. */
  attempts?: number;
  /** Nanoseconds during which a batch is retried. */
  retryBudgetNs?: number | bigint;
  /** How long one request may take, in seconds. */
  requestTimeout?: number;
  /** How long a flush waits by default, in seconds. */
  flushTimeout?: number;
  /** How long the end of the program waits for the last spans, in seconds (`WITSPAN_EXIT_TIMEOUT`). */
  exitTimeout?: number;
  /** Whether spans are sent before a signal ends the process (`WITSPAN_SIGNALS`). */
  handleSignals?: boolean;
  /** The application's processor, as for `registerProcessor`. */
  spanProcessor?: SpanProcessor;
  /** Taken for dd-trace's sake: experiments are not offered. */
  projectName?: string;
}

/** dd-trace's name for them. */
export type LLMObsEnableOptions = EnableOptions;

/** Options of a span that is made for a function. */
export interface SpanOptions {
  /** What is done: required. */
  kind: SpanKind;
  /** Its name; by default the function's, else the kind. */
  name?: string;
  /** The session. Children inherit it. */
  sessionId?: string;
  /** The ML app. Children inherit it. */
  mlApp?: string;
  /** The model; of llm and embedding spans. */
  modelName?: string;
  /** Its provider, such as `openai`; of llm and embedding spans. */
  modelProvider?: string;
  /**
   * What it is below, instead of the current span: a span, the headers of a request, what `extract` returned;
   * `null` begins a trace.
   */
  parent?: ParentOption;
  /** When it started; by default now. */
  startTime?: Time;
  /** Of APM, as are the next three: taken for dd-trace's sake, and ignored. */
  tags?: Readonly<Record<string, unknown>>;
  childOf?: unknown;
  references?: readonly unknown[];
  integrationName?: string;
}

/** Options of `wrap` and `decorate`. */
export interface WrapOptions extends SpanOptions {
  /** Whether the arguments become the input; by default for every kind but llm and embedding. */
  captureInput?: boolean;
  /** Whether the result becomes the output; by default for every kind but llm and retrieval. */
  captureOutput?: boolean;
}

export interface FinishOptions {
  /** What failed, of any type: its message, type and stack are sent. */
  error?: unknown;
  /** When it ended; by default now. */
  endTime?: Time;
}

/** The ids of a span, as evaluations and feedback take them. */
export interface ExportedSpan {
  /** 32 hexadecimal digits; in a continued trace as it was received. */
  traceId: string;
  /** Decimal. */
  spanId: string;
}

export interface ToolCall {
  name?: string;
  arguments?: unknown;
  toolId?: string;
  type?: string;
}

export interface ToolResult {
  result?: unknown;
  name?: string;
  toolId?: string;
  type?: string;
}

/** A message, in dd-trace's form. OpenAI's, Anthropic's and others' are taken as they are, too. */
export interface Message {
  role?: string;
  content?: unknown;
  toolCalls?: readonly ToolCall[];
  toolResults?: readonly ToolResult[];
  toolId?: string;
  audioParts?: readonly { mimeType: string; content?: string; attachmentKey?: string }[];
  imageParts?: readonly { mimeType: string; content?: string; attachmentKey?: string }[];
}

export interface Document {
  text?: string;
  name?: string;
  id?: string;
  score?: number;
}

export interface Prompt {
  id?: string;
  version?: string;
  label?: string;
  template?: string | readonly object[];
  variables?: Readonly<Record<string, unknown>>;
  tags?: Readonly<Record<string, unknown>>;
  queryVariables?: readonly string[];
  contextVariables?: readonly string[];
  promptUuid?: string;
  promptVersionUuid?: string;
}

export interface ToolDefinition {
  name?: string;
  description?: string;
  schema?: unknown;
  version?: string;
}

export interface Agent {
  name?: string;
  version?: string;
  instructions?: string;
  model?: string;
  modelSettings?: Readonly<Record<string, unknown>>;
  tools?: readonly object[];
}

/** What a span is annotated with. All are optional; `null` and `undefined` are nothing. */
export interface AnnotationOptions {
  /** Messages for llm, documents for embedding, any value otherwise. */
  inputData?: unknown;
  /** Messages for llm, documents for retrieval, any value otherwise. */
  outputData?: unknown;
  /** Any values by key. */
  metadata?: Readonly<Record<string, unknown>> | null;
  /** Numbers by key, such as `inputTokens`, `outputTokens`, and `time_to_first_token` in seconds. */
  metrics?: Readonly<Record<string, unknown>> | null;
  /** Texts by key. */
  tags?: Readonly<Record<string, unknown>> | null;
  /** Keys of tags that the span has. */
  costTags?: readonly string[] | null;
  /** The prompt of an llm span. */
  prompt?: Prompt | null;
  /** The tools that an llm span's model could call, also in OpenAI's or Anthropic's form. */
  toolDefinitions?: readonly (ToolDefinition | object)[] | null;
  /** What an agent span's agent is. */
  agent?: Agent | null;
  /** Other spans that this one belongs with: `{ traceId, spanId, attributes }`. */
  links?: readonly object[] | null;
  /** What the user wants. */
  intent?: string | null;
}

/** What is said of every span that starts inside a function. */
export interface AnnotationContextOptions {
  name?: string;
  tags?: Readonly<Record<string, unknown>>;
  costTags?: readonly string[];
  prompt?: Prompt;
  agent?: Agent;
}

/** A span that is over, for `recordSpan`. */
export interface RecordedSpan extends Omit<SpanOptions, "parent" | "tags">, AnnotationOptions {
  /** When it started: required. */
  startTime: Time;
  /** When it ended: required. */
  endTime: Time;
  /** A span, the ids of one, the headers of a request, what `extract` returned. */
  parent?: ParentOption | ExportedSpan;
  /** Its own id, decimal; by default a new one. */
  spanId?: string;
  /** The id of the trace that it begins. */
  traceId?: string;
  /** What failed, of any type. */
  error?: unknown;
}

export interface EvaluationOptions {
  label: string;
  metricType: "categorical" | "score" | "boolean" | "json";
  value?: string | number | boolean | Readonly<Record<string, unknown>> | null;
  tags?: Readonly<Record<string, unknown>>;
  mlApp?: string;
  /** Milliseconds since 1970; by default now. */
  timestampMs?: number;
  reasoning?: string;
  assessment?: "pass" | "fail";
  metadata?: Readonly<Record<string, unknown>>;
  /** `span` by default; `trace` (the ids are its root's) or `session`. */
  evalScope?: "span" | "trace" | "session";
  /** The session, for the scope `session`, instead of a span. */
  sessionId?: string;
  /** A tag that names the span, instead of its ids. */
  spanWithTagValue?: { tagKey: string; tagValue: string };
  status?: "OK" | "WARN" | "ERROR";
  error?: { type?: string; message?: string; stack?: string };
}

export interface FeedbackOptions {
  label: string;
  metricType: "categorical" | "score" | "boolean" | "json" | "text";
  value: string | number | boolean | Readonly<Record<string, unknown>> | null;
  submitter: { id: string; type?: string };
  /** What it is about: exactly one of these five. */
  span?: ExportedSpan | Span;
  spanId?: string;
  traceId?: string;
  sessionId?: string;
  feedbackJoinKey?: string;
  tags?: Readonly<Record<string, unknown>>;
  mlApp?: string;
  timestampMs?: number;
  assessment?: "pass" | "fail";
  reasoning?: string;
}

/** What a flush waits for, and what came of it. */
export interface FlushResult {
  /** Whether everything that had finished was delivered or dropped before the time was over. */
  settled: boolean;
  /** Spans that the receiver accepted, since the tracer started. */
  delivered: number;
  /** Spans that have finished, and are not settled. */
  pending: number;
  /** Spans that were dropped, by reason. */
  dropped: Record<string, number>;
}

export interface FlushOptions {
  /** How long to wait, in milliseconds; by default `flushTimeout`, else 10 s. */
  timeoutMs?: number;
}

/** A finished span, as a processor sees it: see `LLMObsSpan`. */
export type { LLMObservabilitySpan } from "./processor.js";

/** Gives the span as it is to be sent, or `null` to drop it. */
export type SpanProcessor = (
  span: import("./processor.js").LLMObservabilitySpan,
) => import("./processor.js").LLMObservabilitySpan | null;

/** Ends the span of `trace`, in functions that take it. */
export type Done = (error?: unknown) => void;

// dd-trace's names for these, and for parts of them.

/** The ids of a span. */
export type ExportedLLMObsSpan = ExportedSpan;
export type LLMObsSpanOptions = SpanOptions;
export type LLMObsNamedSpanOptions = SpanOptions;
export type LLMObsNamelessSpanOptions = WrapOptions;
export type LLMObsRuntimeEnableOptions = EnableOptions;
export interface RoutingContextOptions {
  ddApiKey: string;
  ddSite?: string;
}
export type FeedbackSubmitter = FeedbackOptions["submitter"];
export type AudioPart = NonNullable<Message["audioParts"]>[number];
export type ImagePart = NonNullable<Message["imageParts"]>[number];
export type AgentModelSettings = Readonly<Record<string, unknown>>;
export interface AgentToolParameter {
  type?: string;
  required?: boolean;
}
export interface AgentToolJsonSchema {
  type: "object";
  properties: Readonly<Record<string, unknown>>;
  required?: readonly string[];
}
export interface AgentTool {
  name: string;
  description?: string;
  parameters?: Readonly<Record<string, AgentToolParameter>> | AgentToolJsonSchema;
}
export type JSONType = string | number | boolean | null | readonly JSONType[] | { readonly [key: string]: JSONType };
