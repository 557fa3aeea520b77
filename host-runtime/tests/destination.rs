//! Where spans go and what they say of the application: the environment's variables, and the
//! agent's answer.

use crate::common::*;
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::Duration;
use witspan::{DropReason, Topic};

const PUBLIC_PATH: &str = "/api/intake/llm-obs/v1/trace/spans";
const SDK_PATH: &str = "/api/v2/llmobs";
/// What an agent that takes spans says of itself.
const PROXY_INFO: &str = r#"{"version": "7.60", "endpoints": ["/v0.4/traces", "/evp_proxy/v2/"]}"#;
const PLAIN_INFO: &str = r#"{"version": "6.10", "endpoints": ["/v0.4/traces"]}"#;

fn info(text: &str) -> Answer {
    Answer::status(200).body(text)
}

/// Sends one span with these variables; the request that came.
#[track_caller]
fn request_of(receiver: &Receiver, variables: &[(&str, &str)]) -> (String, Value, Sent, bool) {
    let before = receiver.requests().len();
    let tracer = start(config(variables));
    make(&tracer, "one");
    let sent = shutdown(&tracer);
    assert_eq!(sent.delivered, 1, "{variables:?}: {sent:?}");
    let requests = receiver.requests();
    assert_eq!(requests.len(), before + 1, "{variables:?}");
    let request = &requests[before];
    let body = serde_json::from_slice(&request.body).expect("JSON");
    let has_key = request.header("dd-api-key").is_some();
    (request.path.clone(), body, request.spans().remove(0), has_key)
}

/// The variables of a direct way to a receiver, and more.
fn directly<'a>(receiver: &'a Receiver, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut variables = vec![
        ("DD_API_KEY", KEY),
        ("DD_LLMOBS_AGENTLESS_ENABLED", "true"),
        ("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.origin()),
    ];
    variables.extend(more);
    variables
}

#[test]
fn ml_app_service_env_version_and_tags_are_sent_with_every_span() {
    let receiver = Receiver::start();
    let said = [
        ("DD_LLMOBS_ML_APP", "bot"),
        ("DD_SERVICE", "shop"),
        ("DD_ENV", "prod"),
        ("DD_VERSION", "1.2"),
        ("DD_TAGS", "team:docs,region:eu"),
    ];
    for format in ["public", "sdk"] {
        let mut variables = directly(&receiver, &said);
        variables.push(("WITSPAN_INTAKE", format));
        let (_, body, span, _) = request_of(&receiver, &variables);
        for tag in
            ["ml_app:bot", "service:shop", "env:prod", "version:1.2", "team:docs", "region:eu"]
        {
            assert!(span.has_tag(tag), "{format}: {tag} in {}", span.event["tags"]);
        }
        assert!(span.has_tag("language:rust"));
        if format == "public" {
            assert_eq!(body["data"]["attributes"]["ml_app"], "bot");
            assert_eq!(span.event["service"], "shop");
        }
    }
}

#[test]
fn the_service_is_the_ml_app_unless_one_is_named() {
    let receiver = Receiver::start();
    let app = |more: &[(&str, &str)]| {
        let (_, body, ..) = request_of(&receiver, &directly(&receiver, more));
        body["data"]["attributes"]["ml_app"].clone()
    };
    assert_eq!(app(&[]), "unnamed-ml-app");
    assert_eq!(app(&[("DD_SERVICE", "shop")]), "shop");
    assert_eq!(app(&[("DD_SERVICE", "shop"), ("DD_LLMOBS_ML_APP", "bot")]), "bot");
}

#[test]
fn the_override_origin_takes_the_place_of_the_intake() {
    let receiver = Receiver::start();
    let (path, _, _, has_key) = request_of(&receiver, &directly(&receiver, &[]));
    assert_eq!((path.as_str(), has_key), (PUBLIC_PATH, true));

    let with_base = format!("{}/some/base/", receiver.origin());
    let (path, ..) = request_of(
        &receiver,
        &directly(&receiver, &[])
            .into_iter()
            .filter(|(name, _)| *name != "DD_LLMOBS_OVERRIDE_ORIGIN")
            .chain([("DD_LLMOBS_OVERRIDE_ORIGIN", with_base.as_str())])
            .collect::<Vec<_>>(),
    );
    assert_eq!(path, format!("/some/base{PUBLIC_PATH}"));
}

#[test]
fn the_override_origin_takes_the_place_of_the_agent_and_its_base_that_of_the_prefix() {
    let receiver = Receiver::start();
    let based = format!("{}/base", receiver.origin());
    for (origin, expected) in [
        (receiver.origin(), format!("/evp_proxy/v2{SDK_PATH}")),
        (based.as_str(), format!("/base{SDK_PATH}")),
    ] {
        let (path, _, _, has_key) = request_of(
            &receiver,
            &[
                ("DD_API_KEY", KEY),
                ("DD_LLMOBS_AGENTLESS_ENABLED", "false"),
                ("DD_TRACE_AGENT_URL", NOBODY),
                ("DD_LLMOBS_OVERRIDE_ORIGIN", origin),
            ],
        );
        assert_eq!((path, has_key), (expected, false));
    }
}

#[test]
fn the_agent_is_where_its_url_says_or_its_host_and_port() {
    let agent = Receiver::start();
    let expected = format!("/evp_proxy/v2{SDK_PATH}");
    let (path, ..) = request_of(&agent, &[("DD_TRACE_AGENT_URL", agent.origin())]);
    assert_eq!(path, expected);
    let (_, port) = agent.origin().rsplit_once(':').expect("a port");
    let host_and_port = [("DD_AGENT_HOST", "127.0.0.1"), ("DD_TRACE_AGENT_PORT", port)];
    assert_eq!(request_of(&agent, &host_and_port).0, expected);
    let both = [("DD_TRACE_AGENT_URL", agent.origin()), ("DD_AGENT_HOST", "192.0.2.1")];
    assert_eq!(request_of(&agent, &both).0, expected);
    assert_eq!(agent.probes(), 0, "without a key only an agent can take spans: none is asked");
}

#[test]
fn either_format_goes_either_way_when_it_is_asked_for() {
    let receiver = Receiver::start();
    let sdk = directly(&receiver, &[("WITSPAN_INTAKE", "sdk")]);
    let (path, body, _, has_key) = request_of(&receiver, &sdk);
    assert_eq!((path.as_str(), has_key), (SDK_PATH, true));
    assert_eq!(body[0]["_dd.stage"], "raw");

    let public = [("DD_TRACE_AGENT_URL", receiver.origin()), ("WITSPAN_INTAKE", "public")];
    let (path, body, _, has_key) = request_of(&receiver, &public);
    assert_eq!((path, has_key), (format!("/evp_proxy/v2{PUBLIC_PATH}"), false));
    assert_eq!(body["data"]["type"], "span");
    let last = receiver.requests().pop().expect("a request");
    assert_eq!(last.header("x-datadog-evp-subdomain"), Some("api"));
}

#[test]
fn invalid_settings_give_one_notice_and_the_defaults_apply() {
    let receiver = Receiver::start();
    let mut config = config(&directly(
        &receiver,
        &[("WITSPAN_INTAKE", "xml"), ("DD_TRACE_AGENT_URL", "localhost:8126")],
    ));
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    let text = heard.one(Topic::Configuration);
    assert!(text.contains("`WITSPAN_INTAKE` is `xml`"), "{text}");
    assert!(text.contains("`DD_TRACE_AGENT_URL` is `localhost:8126`"), "{text}");
    make(&tracer, "one");
    assert_eq!(shutdown(&tracer).delivered, 1);
    assert_eq!(receiver.requests()[0].path, PUBLIC_PATH);
}

#[test]
fn an_agent_that_takes_spans_gets_them_in_the_sdk_format() {
    let agent = Receiver::start().info(info(PROXY_INFO));
    let (path, _, _, has_key) =
        request_of(&agent, &[("DD_API_KEY", KEY), ("DD_TRACE_AGENT_URL", agent.origin())]);
    assert_eq!((path, has_key), (format!("/evp_proxy/v2{SDK_PATH}"), false));
    assert_eq!(agent.probes(), 1);
}

#[test]
fn without_an_agent_that_takes_spans_they_go_directly_in_the_public_format() {
    let intake = Receiver::start();
    for answer in [
        info(PLAIN_INFO),
        Answer::status(404),
        Answer::status(500).body(PROXY_INFO),
        Answer::closed_connection(),
    ] {
        let agent = Receiver::start().info(answer);
        let (path, _, _, has_key) = request_of(
            &intake,
            &[
                ("DD_API_KEY", KEY),
                ("DD_TRACE_AGENT_URL", agent.origin()),
                ("DD_LLMOBS_OVERRIDE_ORIGIN", intake.origin()),
            ],
        );
        assert_eq!((path.as_str(), has_key), (PUBLIC_PATH, true));
        assert_eq!((agent.probes(), agent.requests().len()), (1, 0));
    }
    let (path, ..) = request_of(
        &intake,
        &[
            ("DD_API_KEY", KEY),
            ("DD_TRACE_AGENT_URL", NOBODY),
            ("DD_LLMOBS_OVERRIDE_ORIGIN", intake.origin()),
        ],
    );
    assert_eq!(path, PUBLIC_PATH);
}

#[test]
fn an_agent_that_does_not_answer_discovery_counts_as_absent() {
    let intake = Receiver::start();
    let agent = Receiver::start().info(info(PROXY_INFO).held());
    let (path, ..) = request_of(
        &intake,
        &[
            ("DD_API_KEY", KEY),
            ("DD_TRACE_AGENT_URL", agent.origin()),
            ("DD_LLMOBS_OVERRIDE_ORIGIN", intake.origin()),
        ],
    );
    assert_eq!(path, PUBLIC_PATH);
}

#[test]
fn spans_that_finish_before_the_agent_has_answered_arrive_by_themselves() {
    let agent = Receiver::start().info(info(PROXY_INFO).held());
    let mut config = config(&[("DD_API_KEY", KEY), ("DD_TRACE_AGENT_URL", agent.origin())]);
    config.set("batch_age_ns", 1_000_000);
    let tracer = start(config);
    wait_until("the agent is asked", || agent.probes() == 1);
    make_many(&tracer, "early", 200);
    let early = counters(&tracer);
    assert_eq!((early.queued, early.in_flight), (200, 0));
    assert!(early.bytes > 0);
    agent.release();
    // No flush and no later span helps.
    wait_until("all have arrived", || agent.spans().len() == 200);
    assert_eq!(by_name(&agent.spans()).len(), 200);
    wait_until("they are counted", || counters(&tracer).delivered == 200);
}

#[test]
fn spans_that_wait_for_the_agents_answer_are_within_the_bound_and_counted() {
    let agent = Receiver::start().info(info(PROXY_INFO).held());
    let mut config = config(&[("DD_API_KEY", KEY), ("DD_TRACE_AGENT_URL", agent.origin())]);
    config.set("queue_bytes", 20_000);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    wait_until("the agent is asked", || agent.probes() == 1);
    make_many(&tracer, "early", 500);
    let full = counters(&tracer);
    assert!(full.dropped_for(DropReason::QueueFull) > 100, "{full:?}");
    heard.one(Topic::Full);
    agent.release();
    let ended = shutdown(&tracer);
    assert_eq!(ended.delivered + ended.dropped_for(DropReason::QueueFull), 500);
    assert!(ended.delivered > 10);
    assert_eq!(by_name(&agent.spans()).len() as u64, ended.delivered);
}

#[test]
fn shutdown_does_not_wait_for_the_agents_answer_beyond_its_deadline() {
    let agent = Receiver::start().info(info(PROXY_INFO).held());
    let tracer = start(config(&[("DD_API_KEY", KEY), ("DD_TRACE_AGENT_URL", agent.origin())]));
    make_many(&tracer, "early", 3);
    let ended = tracer.shutdown(Duration::from_millis(20));
    assert!(!ended.settled);
    assert_eq!(losses(&adding_up(ended.statistics)), [(DropReason::Shutdown, 3)]);
}

#[test]
fn without_a_key_spans_are_counted_and_one_notice_names_the_variable() {
    let receiver = Receiver::start();
    let mut config = config(&[
        ("DD_LLMOBS_AGENTLESS_ENABLED", "1"),
        ("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.origin()),
    ]);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    for n in 0..3 {
        make(&tracer, &format!("keyless{n}"));
        let sent = flush(&tracer);
        assert_eq!((sent.delivered, sent.dropped_total()), (0, n + 1));
    }
    let ended = shutdown(&tracer);
    assert_eq!(losses(&ended), [(DropReason::NoApiKey, 3)]);
    assert!(heard.one(Topic::NoApiKey).contains("DD_API_KEY"));
    assert_eq!(heard.all().len(), 1);
    assert_eq!(receiver.requests().len(), 0, "nothing is sent without the key");
}

#[test]
fn without_key_and_agent_the_notice_says_what_to_set() {
    let mut config = unhurried(config(&[("DD_TRACE_AGENT_URL", NOBODY)]));
    config.set("attempts", 2);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    make(&tracer, "nowhere");
    assert_eq!(losses(&shutdown(&tracer)), [(DropReason::RetriesExhausted, 1)]);
    let text = heard.one(Topic::Unreachable);
    assert!(text.contains(NOBODY) && text.contains("DD_API_KEY"), "{text}");
}

#[test]
fn the_key_is_in_no_notice_and_no_debug_text() {
    for status in [403, 503] {
        // A receiver that repeats what it was sent, as some proxies' error pages do.
        let receiver = Receiver::start().otherwise(Answer::echo(status));
        let mut config = direct(&receiver);
        config.set("attempts", 2);
        let heard = Heard::listen(&mut config);
        let shown = format!("{config:?}");
        let tracer = start(config);
        make(&tracer, "one");
        let ended = shutdown(&tracer);
        assert_eq!(receiver.requests()[0].header("dd-api-key"), Some(KEY));
        let told = format!("{:?}", heard.all());
        assert!(told.contains(&status.to_string()) && told.contains("user-agent"), "{told}");
        for text in [&shown, &told, &format!("{ended:?}")] {
            assert!(!text.contains(KEY), "{text}");
        }
    }
}

#[test]
fn options_and_annotations_of_one_span_do_not_change_another() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let span = tracer.span(witspan::SpanKind::Llm).name("special").ml_app("other").session_id("s1");
    let span = span.start().expect("a root");
    span.annotate(&json!({"tags": {"only": "here"}})).expect("valid");
    span.child(witspan::SpanKind::Tool).name("heir").start().expect("a child").finish();
    span.finish();
    make(&tracer, "plain");
    shutdown(&tracer);
    let spans = receiver.spans();
    let spans = by_name(&spans);
    for name in ["special", "heir"] {
        assert!(spans[name].has_tag("ml_app:other") && spans[name].has_tag("session_id:s1"));
        assert_eq!(spans[name].event["session_id"], "s1");
    }
    assert!(spans["special"].has_tag("only:here") && !spans["heir"].has_tag("only:here"));
    assert!(spans["plain"].has_tag("ml_app:tests"));
    assert_eq!(spans["plain"].event["session_id"], Value::Null);
}

/// Set where the environment is that of a test, not that of whoever runs the tests.
const CHILD: &str = "WITSPAN_TEST_CHILD";

/// The part of [`the_site_names_the_intakes_host`] that has a process, so an environment, of its
/// own.
#[test]
#[ignore = "run by the_site_names_the_intakes_host"]
fn child_sends_to_the_intake() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let tracer = start(witspan::Config::from_env());
    make(&tracer, "one");
    tracer.shutdown(PATIENCE);
}

#[test]
fn the_site_names_the_intakes_host() {
    for (format, site, expected) in [
        ("public", "datadoghq.eu", "api.datadoghq.eu:443"),
        ("sdk", "us5.datadoghq.com", "llmobs-intake.us5.datadoghq.com:443"),
    ] {
        // A proxy sees which host is meant, and nothing leaves this machine.
        let proxy = Receiver::start().otherwise(Answer::closed_connection());
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--ignored", "--exact", "destination::child_sends_to_the_intake"])
            .env_clear()
            // Without it there are no sockets on Windows.
            .envs(std::env::var_os("SystemRoot").map(|root| ("SystemRoot", root)))
            .env(CHILD, "1")
            .env("HTTPS_PROXY", proxy.origin())
            .env("DD_API_KEY", KEY)
            .env("DD_LLMOBS_AGENTLESS_ENABLED", "1")
            .env("DD_SITE", site)
            .env("WITSPAN_INTAKE", format)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        wait_until("the child comes to its proxy", || !proxy.received().is_empty());
        let _ = child.kill();
        let _ = child.wait();
        let asked = &proxy.received()[0];
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("CONNECT", expected));
        assert!(!format!("{:?}", asked.headers).contains(KEY), "the key is for the intake alone");
    }
}
