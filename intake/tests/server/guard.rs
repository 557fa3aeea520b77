//! Who may ask.

use crate::client::{Intake, command, event};

const TRACES: &str = "/api/ui/traces";

#[test]
fn a_page_of_another_origin_can_neither_read_nor_write() {
    let intake = Intake::start(&[]);
    let body = serde_json::to_vec(&[event(1, 1, None, "x")]).unwrap();
    let port = intake.address.rsplit(':').next().unwrap();
    for origin in
        ["http://evil.example", "null", "http://127.0.0.1:1", &format!("http://127.0.0.1:{port}0")]
    {
        let headers = [("Origin", origin), ("Content-Type", "text/plain")];
        for (method, path) in [
            ("GET", TRACES),
            ("GET", "/api/ui/live"),
            ("GET", "/"),
            ("DELETE", TRACES),
            ("OPTIONS", TRACES),
            ("POST", "/api/v2/llmobs"),
            ("POST", "/v1/traces"),
        ] {
            let answer = intake.ask_with(method, path, &headers, &body);
            assert_eq!(answer.status, 403, "{method} {path} from {origin}");
            let allowed =
                answer.headers.iter().find(|(name, _)| name.starts_with("access-control"));
            assert_eq!(allowed, None, "{method} {path} from {origin}");
        }
    }
    // A request that a browser sends without an origin: a script or a picture of another page.
    let embedded = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")];
    assert_eq!(intake.ask_with("GET", TRACES, &embedded, b"").status, 403);
    assert_eq!(intake.ask_with("GET", "/assets/app.js", &embedded, b"").status, 403);
    assert_eq!(intake.get("/api/ui/status")["spans"], 0);
}

#[test]
fn its_own_page_may_ask_and_a_link_may_open_it() {
    let intake = Intake::start(&[]);
    let own = format!("http://{}", intake.address);
    let headers = [("Origin", own.as_str()), ("Sec-Fetch-Site", "same-origin")];
    assert_eq!(intake.ask_with("GET", TRACES, &headers, b"").status, 200);
    assert_eq!(intake.ask_with("DELETE", TRACES, &headers, b"").status, 204);
    let link = [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "document"),
    ];
    assert_eq!(intake.ask_with("GET", "/trace/abc", &link, b"").status, 200);
    assert_eq!(intake.ask_with("GET", TRACES, &link, b"").status, 403);
}

#[test]
fn a_name_that_another_site_points_here_is_refused() {
    let intake = Intake::start(&[]);
    let port = intake.address.rsplit(':').next().unwrap();
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "192.168.1.5", "[::2]"]
    {
        let host = format!("{host}:{port}");
        assert_eq!(intake.ask_with("GET", TRACES, &[("Host", &host)], b"").status, 403, "{host}");
    }
    // Invalid names, and a request line that names another host.
    for host in [
        "[::1",
        "[::1].evil.example",
        "[::1]evil",
        "::1",
        "localhost:80:80",
        "localhost:x",
        "u@localhost",
        "",
    ] {
        assert_eq!(intake.ask_with("GET", TRACES, &[("Host", host)], b"").status, 403, "{host}");
    }
    for host in ["localhost", "LOCALHOST", "127.0.0.1", "[::1]", "app.localhost"] {
        let host = format!("{host}:{port}");
        assert_eq!(intake.ask_with("GET", TRACES, &[("Host", &host)], b"").status, 200, "{host}");
    }
}

#[test]
fn a_host_header_that_is_no_name_and_no_address_is_refused() {
    let intake = Intake::start(&[]);
    let mut open = Intake::start(&["--host", "0.0.0.0", "--token", "known"]);
    open.address = open.address.replace("0.0.0.0", "127.0.0.1");
    for host in [
        "[::1].evil.example",
        "[::1].evil.example:80",
        "[::1",
        "[::1]80",
        "::1",
        "[localhost]",
        "evil.example@localhost",
        "localhost@evil.example",
        "localhost:80:80",
        "localhost:port",
        "localhost:99999",
        "127.0.0.1:80.evil.example",
        "localhost/evil",
        "localhost..",
        "local host",
        "",
    ] {
        let answer = intake.ask_with("GET", TRACES, &[("Host", host)], b"");
        assert_eq!(answer.status, 403, "{host}");
        let known = [("Host", host), ("Authorization", "Bearer known")];
        if host != "localhost.." {
            assert_eq!(open.ask_with("GET", TRACES, &known, b"").status, 400, "{host}");
        }
    }
    for host in ["[::1]", "localhost", "localhost.", "127.0.0.1:", "127.0.0.2:1"] {
        let answer = intake.ask_with("GET", TRACES, &[("Host", host)], b"");
        assert_eq!(answer.status, 200, "{host}");
    }
}

#[test]
fn a_request_that_names_two_hosts_or_origins_is_refused() {
    let intake = Intake::start(&[]);
    let own = intake.address.as_str();
    for (first, second) in [(own, "evil.example"), ("evil.example", own), (own, own)] {
        let both = [("Host", first), ("Host", second)];
        assert_eq!(intake.ask_with("GET", TRACES, &both, b"").status, 400, "{first}, {second}");
    }
    let target = |host: &str| format!("http://{host}{TRACES}");
    for host in ["evil.example", "user@127.0.0.1", "localhost"] {
        assert_eq!(intake.ask("GET", &target(host), b"").status, 400, "{host}");
    }
    assert_eq!(intake.ask("GET", &target(own), b"").status, 200);
    let both = [("Origin", &*format!("http://{own}")), ("Origin", "http://evil.example")];
    assert_eq!(intake.ask_with("GET", TRACES, &both, b"").status, 403);
}

#[test]
fn a_token_that_no_header_or_cookie_can_carry_is_refused_at_the_start() {
    for (token, at) in [
        ("se;cret", "character 3 is a `;`"),
        ("se\ncret", "character 3 is a character that is not visible"),
        ("secrét", "character 5 is a character that is not visible"),
        (" secret", "character 1 is a space"),
        ("secret ", "character 7 is a space"),
    ] {
        let output = command().args(["--port", "0", "--token", token]).output().unwrap();
        assert!(!output.status.success());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(at) && text.contains("--token"), "{text}");
        assert!(!text.contains("cret") && text.lines().count() == 1, "{text}");
    }
    let intake = Intake::start(&["--token", "a=b,\"c\" d~"]);
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let headers = [("Authorization", &*format!("{scheme} a=b,\"c\" d~"))];
        assert_eq!(intake.ask_with("GET", TRACES, &headers, b"").status, 200, "{scheme}");
    }
    let other = [("Authorization", "Basic a=b,\"c\" d~")];
    assert_eq!(intake.ask_with("GET", TRACES, &other, b"").status, 401);
}

#[test]
fn every_answer_says_that_no_foreign_script_may_run() {
    let intake = Intake::start(&[]);
    for path in
        ["/", "/trace/x", "/assets/app.js", TRACES, "/api/ui/traces/none", "/nowhere", "/info"]
    {
        let answer = intake.ask("GET", path, b"");
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        // Sounds come from what the page holds, and from no address.
        assert!(policy.contains("media-src data:;"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
    }
}

#[test]
fn an_address_that_others_reach_needs_a_token() {
    let output = command().args(["--host", "0.0.0.0", "--port", "0"]).output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("--token"), "{text}");
}

#[test]
fn with_a_token_only_who_knows_it_may_send_and_read() {
    let mut intake = Intake::start(&["--host", "0.0.0.0", "--token", "open sesame"]);
    intake.address = intake.address.replace("0.0.0.0", "127.0.0.1");
    let body = serde_json::to_vec(&[event(1, 1, None, "x")]).unwrap();
    let json = ("Content-Type", "application/json");

    for headers in [
        vec![json],
        vec![json, ("DD-API-KEY", "open sesam")],
        vec![json, ("Authorization", "Bearer ")],
    ] {
        let sent = intake.ask_with("POST", "/api/v2/llmobs", &headers, &body);
        assert_eq!(sent.status, 401, "{headers:?}");
        assert_eq!(intake.ask_with("GET", TRACES, &headers, b"").status, 401, "{headers:?}");
        assert_eq!(intake.ask_with("GET", "/assets/app.js", &headers, b"").status, 401);
    }
    let key = [json, ("DD-API-KEY", "open sesame")];
    assert_eq!(intake.ask_with("POST", "/api/v2/llmobs", &key, &body).status, 202);
    for scheme in ["Bearer", "bearer", "BEARER "] {
        let bearer = format!("{scheme} open sesame");
        let bearer = [("Authorization", bearer.as_str()), ("Host", "traces.example")];
        assert_eq!(intake.ask_with("GET", TRACES, &bearer, b"").status, 200, "{scheme}");
    }

    // The browser: once by the address, then by a cookie that scripts do not see.
    let entered = intake.ask("GET", "/sessions?token=open+sesame", b"");
    assert_eq!(entered.status, 303);
    assert_eq!(entered.header("location"), Some("/sessions"));
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = [("Cookie", cookie.split(';').next().unwrap())];
    assert_eq!(intake.ask_with("GET", TRACES, &cookie, b"").status, 200);
    assert_eq!(intake.ask("GET", "/?token=wrong", b"").status, 401);
    let elsewhere = intake.ask("GET", "//evil.example/?token=open+sesame", b"");
    assert_ne!(elsewhere.header("location"), Some("//evil.example/"));
}
