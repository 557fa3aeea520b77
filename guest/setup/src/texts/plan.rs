//! Writes a plan.

use super::settings::{write_credentials, write_settings, write_targets};
use super::writer::Writer;
use crate::diagnostics::Diagnostic;
use crate::plan::{Discovery, Plan};

pub(crate) fn write(plan: &Plan) -> String {
    let mut json = Writer::new();
    json.object(&mut |json| {
        json.name("enabled").flag(plan.enabled);
        json.name("why_disabled").text(&plan.why_disabled);
        write_settings(json.name("settings"), &plan.settings);
        json.name("lacks_key").flag(plan.lacks_key);
        if let Some(discovery) = &plan.discovery {
            write_discovery(json.name("discovery"), discovery);
        }
        json.name("request_timeout_ns").number(plan.request_timeout_ns);
        json.name("flush_timeout_ns").number(plan.flush_timeout_ns);
        json.name("exit_timeout_ns").number(plan.exit_timeout_ns);
        json.name("handle_signals").flag(plan.handle_signals);
        json.name("diagnostics").list(&mut |json| {
            for diagnostic in &plan.diagnostics {
                write_diagnostic(json, diagnostic);
            }
        });
    });
    json.finish()
}

fn write_diagnostic(json: &mut Writer, diagnostic: &Diagnostic) {
    json.object(&mut |json| {
        json.name("level").text(diagnostic.level.name());
        json.name("code").text(diagnostic.code);
        json.name("message").text(&diagnostic.message);
    });
}

fn write_discovery(json: &mut Writer, discovery: &Discovery) {
    json.object(&mut |json| {
        json.name("url").text(&discovery.url);
        if let Some(socket) = &discovery.socket {
            json.name("socket").text(socket);
        }
        write_credentials(json, &discovery.credentials);
        json.name("timeout_ns").number(discovery.timeout_ns);
        json.name("answer_bytes").number(discovery.answer_bytes.into());
        json.name("sign").text(&discovery.sign);
        write_targets(json.name("found"), &discovery.found);
        write_targets(json.name("otherwise"), &discovery.otherwise);
    });
}
