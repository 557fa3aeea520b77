//! What plans come out of the environment and of code.

use super::*;
use crate::input::Secret;

fn input(environment: &[(&str, &str)]) -> Input {
    let pairs = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    Input { environment: pairs(environment), unix_sockets: true, files: true, ..Input::default() }
}

fn with_key(environment: &[(&str, &str)]) -> Input {
    let secrets = vec![Secret { name: API_KEY.to_owned(), usable: true }];
    Input { secrets, ..input(environment) }
}

/// Where spans go, and why nothing can be sent there.
fn urls(plan: &Plan) -> Vec<(&str, Option<DropReason>)> {
    let targets = plan.settings.targets.iter().flatten();
    targets.map(|target| (target.spans.url.as_str(), target.drop)).collect()
}

const NO_RECEIVER: (&str, Option<DropReason>) = ("", Some(DropReason::NoReceiver));

#[test]
fn spans_go_where_the_readme_says() {
    let goes = |input: &Input, url: &str| assert_eq!(urls(&make_plan(input)), [(url, None)]);
    goes(&input(&[]), "http://localhost:8126/evp_proxy/v2/api/v2/llmobs");
    let eu = [("DD_SITE", "datadoghq.eu"), ("DD_LLMOBS_AGENTLESS_ENABLED", "1")];
    goes(&with_key(&eu), "https://api.datadoghq.eu/api/intake/llm-obs/v1/trace/spans");
    let over = [("DD_LLMOBS_OVERRIDE_ORIGIN", "http://x"), ("DD_SITE", "a b")];
    goes(&input(&over), "http://x/evp_proxy/v2/api/v2/llmobs");
    let found_out = make_plan(&with_key(&[("DD_AGENT_HOST", "::1")]));
    let discovery = found_out.discovery.unwrap();
    assert_eq!(discovery.url, "http://[::1]:8126/info");
    assert_eq!(discovery.found[0].format, Format::SdkIntake);
    assert_eq!(discovery.otherwise[0].name, "the intake of datadoghq.com");
    assert_eq!(found_out.settings.targets, None);
}

#[test]
fn an_address_that_cannot_work_gives_a_diagnostic_with_its_variable() {
    for (name, value) in [
        ("DD_TRACE_AGENT_URL", "ftp://x"),
        ("DD_TRACE_AGENT_URL", "localhost:8126"),
        ("DD_LLMOBS_OVERRIDE_ORIGIN", "http://[::1"),
        ("DD_AGENT_HOST", "http://h"),
        ("DD_AGENT_HOST", "[::1"),
        ("DD_AGENT_HOST", "a..b"),
        ("DD_TRACE_AGENT_PORT", "0"),
    ] {
        let plan = make_plan(&input(&[(name, value)]));
        assert_eq!(urls(&plan), [NO_RECEIVER], "{value}");
        let said: Vec<&str> = plan.diagnostics.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with(&format!("`{name}` is `")), "{said:?}");
        assert!(said[0].ends_with("nothing is sent there"), "{said:?}");
    }
}

#[test]
fn an_invalid_site_gives_a_diagnostic_and_is_not_used() {
    for site in ["datadoghq,com", "https://datadoghq.com", "datadoghq..com", ".com", "a/b"] {
        let plan = make_plan(&with_key(&[("DD_SITE", site), ("DD_LLMOBS_AGENTLESS_ENABLED", "1")]));
        assert_eq!(urls(&plan), [NO_RECEIVER], "{site}");
        assert!(plan.diagnostics[0].message.starts_with("`DD_SITE` is `"), "{site}");
    }
}

#[test]
fn an_ipv6_host_may_have_its_brackets() {
    for host in ["::1", "[::1]"] {
        let plan = make_plan(&input(&[("DD_AGENT_HOST", host), ("DD_TRACE_AGENT_PORT", "1")]));
        assert_eq!(plan.settings.targets.as_ref().unwrap()[0].base(), "http://[::1]:1", "{host}");
        assert_eq!(plan.diagnostics, []);
    }
}

#[test]
fn what_a_host_cannot_do_gives_a_diagnostic_in_the_plan() {
    let mut poor = input(&[("DD_TRACE_AGENT_URL", "unix:///x"), ("SSL_CERT_FILE", "/a.pem")]);
    (poor.unix_sockets, poor.files) = (false, false);
    let plan = make_plan(&poor);
    assert_eq!(urls(&plan), [NO_RECEIVER]);
    assert!(plan.diagnostics[0].message.contains("this host cannot reach"));
    assert!(plan.diagnostics[1].message.contains("`SSL_CERT_FILE`"));
}

#[test]
fn a_key_that_no_header_can_hold_counts_as_absent() {
    let mut odd = with_key(&[("DD_LLMOBS_AGENTLESS_ENABLED", "1")]);
    odd.secrets[0].usable = false;
    let plan = make_plan(&odd);
    assert_eq!(urls(&plan), [("", Some(DropReason::NoApiKey))]);
    let codes: Vec<&str> = plan.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["api-key-unusable", "no-api-key"]);
}

#[test]
fn an_option_in_code_wins_over_the_environment() {
    let mut both = input(&[("DD_SERVICE", "s"), ("DD_LLMOBS_ML_APP", "a"), ("DD_ENV", "e")]);
    both.options = vec![("ml_app".to_owned(), "b".to_owned()), ("env".to_owned(), " ".to_owned())];
    let settings = make_plan(&both).settings;
    assert_eq!((settings.ml_app.as_str(), settings.env.as_str()), ("b", "e"));
}

#[test]
fn a_plan_that_is_off_says_why_and_has_no_discovery() {
    let plan = make_plan(&with_key(&[("DD_LLMOBS_ENABLED", "0")]));
    assert!(!plan.enabled && plan.discovery.is_none());
    assert_eq!(plan.why_disabled, "`DD_LLMOBS_ENABLED` is `0`");
}

#[test]
fn the_plan_names_the_secret_and_does_not_know_it() {
    let mut guarded = input(&[("DD_TRACE_AGENT_URL", "http://h:1")]);
    guarded.secrets = vec![Secret { name: "DD_TRACE_AGENT_URL".to_owned(), usable: true }];
    let targets = make_plan(&guarded).settings.targets.unwrap();
    let credential = &targets[0].credentials[0];
    assert_eq!(
        (credential.header.as_str(), credential.form),
        ("authorization", CredentialForm::Basic)
    );
    assert_eq!(credential.secret, "DD_TRACE_AGENT_URL");
}

#[test]
fn an_empty_option_in_code_leaves_the_agent_of_the_environment() {
    let mut both = input(&[("DD_TRACE_AGENT_URL", "http://a:1")]);
    both.options = vec![("agent_host".to_owned(), String::new())];
    assert_eq!(make_plan(&both).settings.targets.unwrap()[0].base(), "http://a:1");
    both.options =
        vec![("agent_url".to_owned(), " ".to_owned()), ("agent_host".to_owned(), "b".to_owned())];
    assert_eq!(make_plan(&both).settings.targets.unwrap()[0].base(), "http://b:8126");
}

#[test]
fn a_password_goes_only_to_the_agent_of_its_url() {
    let mut guarded = with_key(&[("DD_TRACE_AGENT_URL", "http://a:1")]);
    guarded.secrets.push(Secret { name: "DD_TRACE_AGENT_URL".to_owned(), usable: true });
    guarded.options = vec![("agent_host".to_owned(), "b".to_owned())];
    let discovery = make_plan(&guarded).discovery.unwrap();
    assert_eq!(discovery.url, "http://b:8126/info");
    assert_eq!((discovery.credentials, &discovery.found[0].credentials), (vec![], &vec![]));
}

#[test]
fn a_plan_that_is_off_has_no_other_diagnostics() {
    let mut off = input(&[("DD_LLMOBS_ENABLED", "0"), ("DD_LLMOBS_SAMPLE_RATE", "7")]);
    let variable = CERTIFICATE_FILE.to_owned();
    off.unusable_files = vec![UnusableFile { variable, ..UnusableFile::default() }];
    assert_eq!(make_plan(&off).diagnostics, []);
}
