//! The endpoints of tracers: one row for each, with everything that depends on which one it is.
//!
//! The server reads here which paths there are, what `/info` lists and how a request is answered; `decode` how
//! its body is read; `forward` what each kind of receiver gets of it, and where.

/// An endpoint's name; `decode` has the reader of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    PublicSpans,
    SdkSpans,
    EvalV1,
    EvalV2,
    ApmTraces,
    ApmTracesV5,
    ApmAgentless,
    OtlpTraces,
    Telemetry,
}

impl Route {
    pub(crate) fn endpoint(self) -> &'static Endpoint {
        let found = ENDPOINTS.iter().find(|row| row.route == self);
        found.expect("every route has a row")
    }
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) route: Route,
    /// The paths, below the agent's proxies as well. The first one is that of requests that are forwarded.
    paths: &'static [&'static str],
    /// What `/info` lists for it.
    listed: &'static [&'static str],
    pub(crate) answer: Answer,
    /// Who has this endpoint.
    pub(crate) host: Host,
    /// What an agent gets of a request.
    pub(crate) agent: Form,
    /// What Datadog's intake gets.
    pub(crate) datadog: Form,
    /// What an OTLP collector gets.
    pub(crate) otlp: Form,
}

/// The answer to an accepted request, as the real receiver gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 202 without a body.
    Empty,
    /// 202 with an object.
    Object,
    /// 202 with the evaluations and their ids.
    Evaluations,
    /// 200 with sampling rates, as an agent has it.
    Rates,
    /// 200 with OpenTelemetry's own message.
    Otlp,
}

/// Whose endpoint it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// `api.SITE`, which an agent's proxy leads to.
    Api,
    /// `llmobs-intake.SITE`, which an agent's proxy leads to.
    LlmobsIntake,
    /// An agent or a collector itself.
    Local,
}

/// What a receiver gets of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nothing.
    Nothing,
    /// Nothing, since its format cannot carry it; counted for this reason.
    Lost(&'static str),
    /// The request as it came.
    Unchanged,
    /// The request as it came, or `Encoded` if invalid spans were dropped: for those the receiver would reject
    /// the whole request.
    UnchangedIfValid,
    /// The spans, encoded in the receiver's own format.
    Encoded,
}

const APM: &[&str] = &["/v0.4/traces", "/v0.3/traces"];
const OTLP: &[&str] = &["/v1/traces"];
const EVALUATIONS_LOST: Form = Form::Lost("evaluations_have_no_otlp");

static ENDPOINTS: [Endpoint; 9] = [
    Endpoint {
        route: Route::PublicSpans,
        paths: &["/api/intake/llm-obs/v1/trace/spans"],
        listed: &[],
        answer: Answer::Empty,
        host: Host::Api,
        agent: Form::Encoded,
        datadog: Form::UnchangedIfValid,
        otlp: Form::Encoded,
    },
    Endpoint {
        route: Route::SdkSpans,
        paths: &["/api/v2/llmobs"],
        listed: &[],
        answer: Answer::Object,
        host: Host::LlmobsIntake,
        agent: Form::UnchangedIfValid,
        datadog: Form::UnchangedIfValid,
        otlp: Form::Encoded,
    },
    Endpoint {
        route: Route::EvalV1,
        paths: &["/api/intake/llm-obs/v1/eval-metric"],
        listed: &[],
        answer: Answer::Evaluations,
        host: Host::Api,
        agent: Form::Unchanged,
        datadog: Form::Unchanged,
        otlp: EVALUATIONS_LOST,
    },
    Endpoint {
        route: Route::EvalV2,
        paths: &["/api/intake/llm-obs/v2/eval-metric"],
        listed: &[],
        answer: Answer::Evaluations,
        host: Host::Api,
        agent: Form::Unchanged,
        datadog: Form::Unchanged,
        otlp: EVALUATIONS_LOST,
    },
    // An agent gets the whole trace, including spans that are not LLM spans.
    Endpoint {
        route: Route::ApmTraces,
        paths: APM,
        listed: APM,
        answer: Answer::Rates,
        host: Host::Local,
        agent: Form::Unchanged,
        datadog: Form::Encoded,
        otlp: Form::Encoded,
    },
    // It cannot carry LLM spans. Tracers enable what they find in `/info`, so it is not listed.
    Endpoint {
        route: Route::ApmTracesV5,
        paths: &["/v0.5/traces"],
        listed: &[],
        answer: Answer::Rates,
        host: Host::Local,
        agent: Form::Unchanged,
        datadog: Form::Encoded,
        otlp: Form::Encoded,
    },
    Endpoint {
        route: Route::ApmAgentless,
        paths: &["/v1/input"],
        listed: &[],
        answer: Answer::Object,
        host: Host::Local,
        agent: Form::Encoded,
        datadog: Form::Encoded,
        otlp: Form::Encoded,
    },
    Endpoint {
        route: Route::OtlpTraces,
        paths: OTLP,
        listed: OTLP,
        answer: Answer::Otlp,
        host: Host::Local,
        agent: Form::Encoded,
        datadog: Form::Encoded,
        otlp: Form::UnchangedIfValid,
    },
    // Tracers' reports about themselves are for the intake they talk to.
    Endpoint {
        route: Route::Telemetry,
        paths: &["/telemetry/proxy/api/v2/apmtelemetry", "/api/v2/apmtelemetry"],
        listed: &["/telemetry/proxy/"],
        answer: Answer::Object,
        host: Host::Local,
        agent: Form::Nothing,
        datadog: Form::Nothing,
        otlp: Form::Nothing,
    },
];

/// The agent's proxies, which have the same paths below them.
const PROXIES: [&str; 4] = ["/evp_proxy/v1/", "/evp_proxy/v2/", "/evp_proxy/v3/", "/evp_proxy/v4/"];

impl Endpoint {
    /// The endpoint at a path.
    pub(crate) fn at(path: &str) -> Option<&'static Self> {
        let proxy = PROXIES.iter().find(|proxy| path.starts_with(**proxy));
        let path = proxy.map_or(path, |proxy| &path[proxy.len() - 1..]);
        ENDPOINTS.iter().find(|row| row.paths.contains(&path))
    }

    /// The path of requests that are forwarded.
    pub(crate) fn path(&self) -> &'static str {
        self.paths[0]
    }

    /// What `/info` lists for all of them.
    pub(crate) fn listed() -> impl Iterator<Item = &'static str> {
        ENDPOINTS.iter().flat_map(|row| row.listed).copied().chain(PROXIES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_leads_to_its_own_row_directly_and_through_a_proxy() {
        for row in &ENDPOINTS {
            assert_eq!(row.route.endpoint().path(), row.path());
            for path in row.paths {
                for path in [(*path).to_owned(), format!("/evp_proxy/v2{path}")] {
                    assert_eq!(Endpoint::at(&path).map(|row| row.route), Some(row.route), "{path}");
                }
            }
        }
        for path in ["/evp_proxy/v5/api/v2/llmobs", "/evp_proxy/v2", "/evp_proxy/v2/", "/v1", ""] {
            assert!(Endpoint::at(path).is_none(), "{path}");
        }
    }

    #[test]
    fn info_lists_what_a_tracer_may_find_and_not_what_carries_no_llm_spans() {
        let listed: Vec<&str> = Endpoint::listed().collect();
        for path in ["/v0.3/traces", "/v0.4/traces", "/evp_proxy/v2/", "/v1/traces"] {
            assert!(listed.contains(&path), "{path}");
        }
        assert!(!listed.contains(&"/v0.5/traces"));
    }

    #[test]
    fn the_document_names_every_path() {
        let document = include_str!("../../docs/intake.md");
        for path in ENDPOINTS.iter().flat_map(|row| row.paths) {
            assert!(document.contains(&format!("`{path}`")), "{path}");
        }
    }
}
