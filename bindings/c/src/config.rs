//! Configurations: names and values, and what only code can provide.

use crate::diagnostics::{Kept, Listener, to_stderr};
use crate::input::text;
use crate::outcome::guarded;
use crate::recorder::Recorder;
use crate::text::Text;
use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};
use std::ptr::null_mut;
use std::sync::Arc;
use witspan::Clock;
use witspan::setup::VARIABLES;

/// `witspan_config`.
#[derive(Default)]
pub(crate) struct Settings {
    /// Of the environment, or as if they were there.
    variables: BTreeMap<String, String>,
    options: Vec<(String, String)>,
    tags: Vec<(String, String)>,
    language: Option<String>,
    recorder: Option<Recorder>,
    listener: Option<Listener>,
    keeps_diagnostics: bool,
    /// Where a fixed clock stands, and whether it skips waits.
    fixed: Option<(u64, bool)>,
}

impl Settings {
    /// The settings of the environment, as it is now.
    pub(crate) fn from_env() -> Settings {
        let names = VARIABLES.iter().map(|row| row.name).filter(|name| !name.is_empty());
        let read = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
        Settings { variables: names.filter_map(read).collect(), ..Settings::default() }
    }

    /// As the host takes them, and where the tracer's diagnostics are kept, if they are.
    pub(crate) fn config(&self) -> (witspan::Config, Option<Arc<Kept>>) {
        let mut config = witspan::Config::from_lookup(|name| self.variables.get(name).cloned());
        for (option, value) in &self.options {
            config.set(option, value);
        }
        config.tags.clone_from(&self.tags);
        config.language = self.language.clone().unwrap_or_else(|| "c".to_owned());
        config.exporter = self.recorder.as_ref().map(Recorder::exporter);
        config.clock = match self.fixed {
            None => Clock::system(),
            Some((wall_ns, true)) => Clock::fixed_without_waits(wall_ns),
            Some((wall_ns, false)) => Clock::fixed(wall_ns),
        };
        let kept = self.keeps_diagnostics.then(Arc::<Kept>::default);
        config.listener = Some(match (&kept, self.listener) {
            (Some(kept), _) => kept.listener(),
            (None, Some(listener)) => Arc::new(move |notice| listener.call(notice)),
            (None, None) => Arc::new(to_stderr),
        });
        (config, kept)
    }
}

fn give(settings: impl FnOnce() -> Settings) -> *mut Settings {
    guarded(null_mut(), || Box::into_raw(Box::new(settings())))
}

#[unsafe(no_mangle)]
extern "C" fn witspan_config_new() -> *mut Settings {
    give(Settings::default)
}

#[unsafe(no_mangle)]
extern "C" fn witspan_config_from_env() -> *mut Settings {
    give(Settings::from_env)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_config_free(config: *mut Settings) {
    if !config.is_null() {
        guarded((), || drop(Box::from_raw(config)));
    }
}

/// Changes a configuration, if there is one.
unsafe fn change(config: *mut Settings, change: impl FnOnce(&mut Settings)) {
    if let Some(config) = config.as_mut() {
        guarded((), || change(config));
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_config_set(
    config: *mut Settings,
    name: *const c_char,
    name_length: usize,
    value: *const c_char,
    value_length: usize,
) {
    change(config, |config| {
        let name = text(name, name_length).into_owned();
        let value = text(value, value_length).into_owned();
        if !name.is_empty() && VARIABLES.iter().any(|row| row.name == name) {
            config.variables.insert(name, value);
        } else {
            config.options.push((name, value));
        }
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_config_plan(config: *const Settings) -> *mut Text {
    guarded(null_mut(), || {
        config.as_ref().map_or(null_mut(), |settings| {
            Text::give(witspan::setup::plan_text(&settings.config().0.plan()))
        })
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_config_tag(
    config: *mut Settings,
    key: *const c_char,
    key_length: usize,
    value: *const c_char,
    value_length: usize,
) {
    change(config, |config| {
        let value = text(value, value_length).into_owned();
        config.tags.push((text(key, key_length).into_owned(), value));
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_config_language(
    config: *mut Settings,
    language: *const c_char,
    length: usize,
) {
    change(config, |config| config.language = Some(text(language, length).into_owned()));
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_config_recorder(config: *mut Settings, recorder: *const Recorder) {
    change(config, |config| config.recorder = recorder.as_ref().cloned());
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_config_listener(
    config: *mut Settings,
    listener: Option<crate::diagnostics::Callback>,
    user_data: *mut c_void,
) {
    change(config, |config| {
        config.listener = listener.map(|callback| Listener::new(callback, user_data));
        config.keeps_diagnostics = false;
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_config_keep_diagnostics(config: *mut Settings) {
    change(config, |config| config.keeps_diagnostics = true);
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_config_fixed_clock(
    config: *mut Settings,
    wall_ns: u64,
    skips_waits: i32,
) {
    change(config, |config| config.fixed = Some((wall_ns, skips_waits != 0)));
}
