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

/**
 * @typedef {object} Document
 * @property {string} [text]
 * @property {string} [name]
 * @property {string} [id]
 * @property {number} [score]
 * @property {number} [ranking]
 * @property {any} [metadata]
 */

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

/**
 * One page of evaluations.
 * @typedef {object} EvaluationPage
 * @property {Evaluation[]} evaluations the newest, in order of time
 * @property {number} evaluations_total how many there are
 * @property {string | null} evaluations_next asks for older ones
 */
/** @typedef {Span & EvaluationPage} JudgedSpan */

/**
 * A trace with its first spans: `total` is how many there are, `next` asks for those after them.
 * @typedef {{ trace: Trace, spans: Span[], total: number, next: string | null } & EvaluationPage} WholeTrace
 */
/**
 * @typedef {object} TraceList
 * @property {Trace[]} traces
 * @property {string | null} next
 * @property {number} [unsearched_spans] how many spans a search has not looked through yet
 */

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
/**
 * A trace of a session, with input and output of its root span unless it is lean.
 * @typedef {Trace & { input?: Io, output?: Io, lean?: boolean }} Turn
 */
/** @typedef {{ session: Session, traces: Turn[] } & EvaluationPage} WholeSession */

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

/**
 * @typedef {object} ByModel
 * @property {string} model
 * @property {number} calls
 * @property {number} errors
 * @property {number} input_tokens
 * @property {number} output_tokens
 * @property {number} cost
 */
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
 * What one program reported.
 * @typedef {object} ClientDrops
 * @property {string} client
 * @property {string | null} app
 * @property {string | null} language
 * @property {number} last_ms
 * @property {Record<string, number>} spans by reason
 * @property {Record<string, number>} evaluations by reason
 */

/**
 * What the intake itself rejected, dropped and deleted.
 * @typedef {object} IntakeDrops
 * @property {Record<string, number>} refused requests by HTTP status
 * @property {{ spans: number, evaluations: number }} left_out dropped from accepted requests
 * @property {{ reason: string, at_ms: number } | null} last_refusal
 * @property {{ traces: number, spans: number }} deleted_by_retention
 */

/**
 * @typedef {object} Drops
 * @property {ClientDrops[]} clients
 * @property {Record<string, number>} totals
 * @property {IntakeDrops} intake
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
