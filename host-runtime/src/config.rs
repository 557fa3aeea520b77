//! What a tracer is started with: the environment, options from code that override it, and what
//! only code can provide.

use crate::certificates;
use crate::clock::Clock;
use crate::environment::folders;
use crate::exporter::Exporter;
use crate::notices::Listener;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use witspan_setup::{API_KEY, Environment, Input, Plan, hide_proxies, make_plan};
use witspan_text::{Secrets, Url};

/// Settings of a tracer. [`Config::from_env`] reads the environment; [`Config::set`] overrides it.
///
/// ```
/// let mut config = witspan::Config::from_env();
/// config.set("ml_app", "my-app").set("batch_spans", 100);
/// assert_eq!(config.plan().settings.ml_app, "my-app");
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// The application's programming language. Default `rust`.
    pub language: String,
    /// Tags of every span, besides those of `DD_TAGS`; of the same key these win.
    pub tags: Vec<(String, String)>,
    /// Time and entropy.
    pub clock: Clock,
    /// Takes requests instead of HTTP: no agent is asked, and nothing leaves the process. `None`:
    /// HTTP.
    pub exporter: Option<Exporter>,
    /// Gets the diagnostics. `None`: the `log` crate, target `witspan`, level warn.
    pub listener: Option<Listener>,
    environment: Environment,
    options: Vec<(String, String)>,
    program: Option<Program>,
    /// The source URL and commit of the main package.
    source_link: String,
    /// A component to run instead of the embedded one.
    pub(crate) component: Option<Vec<u8>>,
}

/// Where the program is, and how its language marks packages and sources.
#[derive(Clone)]
struct Program {
    path: PathBuf,
    package_marker: &'static str,
    extension: &'static str,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            language: "rust".to_owned(),
            tags: Vec::new(),
            clock: Clock::system(),
            exporter: None,
            listener: None,
            environment: Environment::default(),
            options: Vec::new(),
            program: None,
            source_link: String::new(),
            component: None,
        }
    }
}

impl Config {
    /// The settings from the environment, with defaults for the rest.
    pub fn from_env() -> Self {
        Config::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads variables by `lookup`. A value that is not understood leaves the default, and is
    /// reported when the tracer starts.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        Config { environment: Environment::read(lookup), ..Config::default() }
    }

    /// Sets an option, by its name in [`crate::setup::VARIABLES`]. It overrides the variable of the
    /// same row. The value is written as in the environment; an empty text sets nothing. An unknown
    /// option is reported when the tracer starts.
    pub fn set(&mut self, option: &str, value: impl Display) -> &mut Self {
        self.options.retain(|(known, _)| known != option);
        let value = value.to_string();
        if let Some(open) = self.environment.keep_option(option, &value) {
            self.options.push((option.to_owned(), open));
        }
        self
    }

    /// Sets where the program is. If the settings name no service, the program's name is used. A
    /// folder that has the file `package_marker` is a package; files with `extension` are sources.
    pub fn set_program(
        &mut self,
        path: &Path,
        package_marker: &'static str,
        extension: &'static str,
    ) {
        self.program = Some(Program { path: path.to_owned(), package_marker, extension });
    }

    /// Sets the source of the package that `DD_MAIN_PACKAGE` names, from the package's metadata:
    /// `URL#COMMIT`.
    pub fn set_source_link(&mut self, link: String) {
        self.source_link = link;
    }

    /// The plan that these settings result in.
    pub fn plan(&self) -> Plan {
        let mut input = Input {
            language: self.language.clone(),
            environment: self.environment.open.clone(),
            options: self.options.clone(),
            secrets: self.environment.secrets(),
            unix_sockets: cfg!(unix),
            files: true,
            gzip: false,
            program: Vec::new(),
            source_link: self.source_link.clone(),
            unusable_files: certificates::named().err().into_iter().collect(),
        };
        if let Some(Program { path, package_marker, extension }) = &self.program {
            input.program = folders(path, package_marker, extension);
        }
        if self.exporter.is_some() {
            // The route that needs no key and no discovery.
            input.options.retain(|(name, _)| name != "agentless_enabled");
            input.options.push(("agentless_enabled".to_owned(), "false".to_owned()));
        }
        let mut plan = make_plan(&input);
        if self.exporter.is_some() {
            // The exporter takes every request, whatever its target.
            let targets = plan.settings.targets.iter_mut().flatten();
            targets.for_each(|target| target.drop = None);
        }
        for (key, value) in &self.tags {
            plan.settings.tags.retain(|(known, _)| known != key);
            plan.settings.tags.push((key.clone(), value.clone()));
        }
        plan
    }

    /// The secret of a variable.
    pub(crate) fn secret(&self, name: &str) -> Option<&str> {
        self.environment.secrets.get(name).map(String::as_str)
    }

    /// What no notice may contain: the key, and the secrets in the URLs that are used.
    pub(crate) fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        for (name, value) in &self.environment.secrets {
            if name == API_KEY {
                secrets.add(value, "(the API key)");
            } else {
                secrets.add_url(&format!("http://{value}@host"));
            }
        }
        for (_, value) in self.environment.open.iter().chain(&self.options) {
            if value.contains("://") {
                secrets.add_url(value);
            }
        }
        hide_proxies(&mut secrets, |name| std::env::var(name).ok());
        secrets
    }

    /// Runs another component instead of the embedded one, for tests of a failing core.
    ///
    /// # Safety
    /// The bytes must be the unchanged `.cwasm` of this project's build: they are run as they are.
    #[doc(hidden)]
    pub unsafe fn set_component(&mut self, precompiled: Vec<u8>) {
        self.component = Some(precompiled);
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the key nor a password is shown.
        let mut shown = f.debug_map();
        for (name, value) in self.environment.open.iter().chain(&self.options) {
            shown.entry(name, &Url(value));
        }
        for name in self.environment.secrets.keys() {
            shown.entry(name, &"…");
        }
        shown.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Config {
        let find =
            |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string());
        Config::from_lookup(find)
    }

    #[test]
    fn options_in_code_win_over_the_environment_and_so_do_their_secrets() {
        let mut both = config(&[("DD_LLMOBS_ML_APP", "a"), ("DD_API_KEY", "env")]);
        both.set("ml_app", "b").set("api_key", "code").set("ml_app", "c");
        assert_eq!(both.plan().settings.ml_app, "c");
        assert_eq!(both.secret("DD_API_KEY"), Some("code"));
        both.set("agent_url", "http://u:pw@h");
        assert_eq!(both.secret("DD_TRACE_AGENT_URL"), Some("u:pw"));
    }

    #[test]
    fn neither_the_key_nor_a_password_is_shown() {
        let config = config(&[
            ("DD_API_KEY", "secret"),
            ("DD_TRACE_AGENT_URL", "user:sec@ret@agent:8126"),
            ("DD_LLMOBS_OVERRIDE_ORIGIN", "http://user:secret@host/?api_key=secret"),
        ]);
        let text = format!("{config:?} {:?}", config.plan().diagnostics);
        assert!(!text.contains("sec") && !text.contains("ret@"), "{text}");
        assert!(text.contains("`DD_TRACE_AGENT_URL` is `…@agent:8126`"), "{text}");
    }
}
