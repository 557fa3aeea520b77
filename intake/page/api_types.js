// What the intake answers, as types. Nothing here runs.

/** @typedef {"ok" | "error"} Status */
/** @typedef {{ label: string, value: any, assessment?: string | null }} Badge an evaluation in a list */

/**
 * One trace in a list. Times are milliseconds since 1970 with a fraction, costs dollars.
 * @typedef {object} Trace
 * @property {string} trace_id
 * @property {string | null} root_span_id
 * @property {string} name
 * @property {string} kind
 * @property {string | null} app
 * @property {string | null} session
 * @property {Status} status
 * @property {string | null} error_type
 * @property {number} start_ms
 * @property {number} duration_ms
 * @property {number} spans
 * @property {number} errors
 * @property {string[]} models
 * @property {number | null} input_tokens
 * @property {number | null} output_tokens
 * @property {number | null} total_tokens
 * @property {number | null} cost
 * @property {string | null} language
 * @property {string} source
 * @property {Badge[]} evaluations the newest
 * @property {number} evaluations_total
 * @property {string | null} input_preview
 * @property {string | null} output_preview
 * @property {number} seq
 */

/** @typedef {{ name?: string, arguments?: any, tool_id?: string, type?: string }} ToolCall */
/** @typedef {{ name?: string, result?: any, tool_id?: string, type?: string }} ToolResult */
/** @typedef {{ mime_type?: string, content?: string, attachment_key?: string }} Media */

/**
 * @typedef {object} Message
 * @property {string} [role]
 * @property {string} [content]
 * @property {ToolCall[]} [tool_calls]
 * @property {ToolResult[]} [tool_results]
 * @property {Media[]} [image_parts]
 * @property {Media[]} [audio_parts]
 */

/** @typedef {{ text?: string, name?: string, id?: string, score?: number, ranking?: number, metadata?: any }} Document */

/**
 * @typedef {object} Prompt
 * @property {string} [id]
 * @property {string} [version]
 * @property {string} [label]
 * @property {string} [template]
 * @property {any[]} [chat_template]
 * @property {Record<string, any>} [variables]
 * @property {Record<string, string>} [tags]
 * @property {string[]} [query_variable_keys]
 * @property {string[]} [context_variable_keys]
 */

/** @typedef {{ messages?: Message[], documents?: Document[], value?: any, prompt?: Prompt }} Io */
/** @typedef {{ name?: string, description?: string, schema?: any, version?: string }} ToolDefinition */
/** @typedef {{ span_id: string, trace_id: string, attributes?: Record<string, string> }} Link */

/**
 * @typedef {object} Span
 * @property {string} span_id
 * @property {string | null} parent_id
 * @property {string} name
 * @property {string} kind
 * @property {Status} status
 * @property {number} start_ms
 * @property {number} duration_ms
 * @property {string | null} app
 * @property {string | null} service
 * @property {string | null} env
 * @property {string | null} version
 * @property {string | null} session
 * @property {string | null} model
 * @property {string | null} provider
 * @property {string | null} language
 * @property {string} source
 * @property {string[]} tags
 * @property {Record<string, number>} metrics
 * @property {Io} [input]
 * @property {Io} [output]
 * @property {any} [metadata]
 * @property {{ message?: string, type?: string, stack?: string } | null} [error]
 * @property {ToolDefinition[]} [tool_definitions]
 * @property {Link[]} [links]
 */

/**
 * @typedef {object} Evaluation
 * @property {string} id
 * @property {"evaluation" | "feedback"} kind
 * @property {string} scope
 * @property {string | null} span_id
 * @property {string | null} trace_id
 * @property {string | null} session
 * @property {string} label
 * @property {string} metric_type
 * @property {any} value
 * @property {string | null} assessment
 * @property {string | null} reasoning
 * @property {string | null} status
 * @property {any} submitter
 * @property {number} timestamp_ms
 * @property {string[]} tags
 */

/** @typedef {{ evaluations: Evaluation[], evaluations_total: number, evaluations_next: string | null }} Said the newest evaluations in order of time, how many there are, and what asks for older ones */
/** @typedef {Span & Said} JudgedSpan */

/**
 * A trace with its first spans: `total` is how many there are, `next` asks for those after them.
 * @typedef {{ trace: Trace, spans: Span[], total: number, next: string | null } & Said} WholeTrace
 */
/** @typedef {{ traces: Trace[], next: string | null, unsearched_spans?: number }} TraceList with what a search did not look through yet */

/**
 * @typedef {object} Session
 * @property {string} session
 * @property {string | null} app
 * @property {number} traces
 * @property {number} errors
 * @property {number} first_ms
 * @property {number} last_ms
 * @property {number | null} total_tokens
 * @property {number | null} cost
 * @property {string | null} preview
 */

/** @typedef {{ sessions: Session[], next: string | null }} SessionList */
/** @typedef {Trace & { input?: Io, output?: Io, lean?: boolean }} Turn a trace of a session, with what its root got and gave unless it is lean */
/** @typedef {{ session: Session, traces: Turn[] } & Said} WholeSession */

/** @typedef {{ value: string, count: number }} Count */
/**
 * @typedef {object} Facets
 * @property {Count[]} apps
 * @property {Count[]} kinds
 * @property {Count[]} models
 * @property {Count[]} statuses
 * @property {{ key: string, values: Count[] }[]} tags
 * @property {number} sessions_count
 */

/**
 * @typedef {object} Bucket
 * @property {number} t_ms
 * @property {number} traces
 * @property {number} errors
 * @property {number | null} p50_ms
 * @property {number | null} p95_ms
 * @property {number | null} p99_ms
 * @property {number} input_tokens
 * @property {number} output_tokens
 * @property {number} cost
 */

/** @typedef {{ model: string, calls: number, errors: number, input_tokens: number, output_tokens: number, cost: number }} ByModel */
/** @typedef {{ app: string, traces: number, errors: number, tokens: number, cost: number }} ByApp */
/** @typedef {{ name: string, kind: string, count: number, p50_ms: number, p95_ms: number }} Slow */
/** @typedef {{ name: string, kind: string, count: number, errors: number, rate: number }} Failing */

/**
 * @typedef {object} Overview
 * @property {number} from_ms
 * @property {number} to_ms
 * @property {number} bucket_ms
 * @property {Bucket[]} buckets
 * @property {ByModel[]} by_model
 * @property {ByApp[]} by_app
 * @property {Slow[]} slowest
 * @property {Failing[]} failing
 * @property {{ traces: number, errors: number, tokens: number, cost: number, spans: number }} totals
 */

/**
 * @typedef {object} Drops
 * @property {{ client: string, app: string | null, language: string | null, last_ms: number, spans: Record<string, number>, evaluations: Record<string, number> }[]} clients
 * @property {Record<string, number>} totals
 * @property {{ refused: Record<string, number>, left_out: { spans: number, evaluations: number }, last_refusal: { reason: string, at_ms: number } | null, deleted_by_retention: { traces: number, spans: number } }} intake
 */

/**
 * @typedef {object} IntakeStatus
 * @property {string} version
 * @property {string} data_dir
 * @property {number} spans
 * @property {number} traces
 * @property {number} evaluations
 * @property {{ requests: number, bytes: number }} waiting to be forwarded, to whatever receiver
 * @property {number} bytes
 * @property {number | null} oldest_ms
 * @property {number} [unsearchable_spans]
 * @property {{ age_s?: number | null, bytes?: number | null } | null} retention
 * @property {any} forward
 * @property {string} address
 * @property {number} uptime_s
 */

export {};
