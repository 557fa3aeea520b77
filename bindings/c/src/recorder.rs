//! A recorder: requests that stay in memory. A forked process records for itself.

use crate::outcome::guarded;
use crate::text::Text;
use std::ptr::null_mut;
use std::sync::Arc;
use witspan::fork::PerProcess;
use witspan::{Exporter, KeptRequest, Memory};

/// `witspan_recorder`.
#[derive(Clone)]
pub(crate) struct Recorder {
    most_bytes: usize,
    memory: Arc<PerProcess<Memory>>,
}

impl Recorder {
    fn memory(&self) -> &Memory {
        self.memory.get(|| Memory::new(self.most_bytes))
    }

    pub(crate) fn exporter(&self) -> Exporter {
        let recorder = self.clone();
        Arc::new(move |request| recorder.memory().exporter()(request))
    }
}

#[unsafe(no_mangle)]
extern "C" fn witspan_recorder_new(most_bytes: usize) -> *mut Recorder {
    guarded(null_mut(), || {
        let memory = Arc::new(PerProcess::new(Memory::new(most_bytes)));
        Box::into_raw(Box::new(Recorder { most_bytes, memory }))
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_recorder_free(recorder: *mut Recorder) {
    if !recorder.is_null() {
        guarded((), || drop(Box::from_raw(recorder)));
    }
}

/// Asks a recorder, if there is one.
unsafe fn ask<T>(recorder: *const Recorder, otherwise: T, ask: impl FnOnce(&Memory) -> T) -> T {
    match recorder.as_ref() {
        Some(recorder) => guarded(otherwise, || ask(recorder.memory())),
        None => otherwise,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_recorder_count(recorder: *const Recorder) -> usize {
    ask(recorder, 0, |memory| memory.requests().len())
}

unsafe fn part(
    recorder: *const Recorder,
    at: usize,
    part: impl FnOnce(&KeptRequest) -> &[u8],
) -> *mut Text {
    ask(recorder, null_mut(), |memory| {
        memory.requests().get(at).map_or(null_mut(), |request| Text::give(part(request)))
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_recorder_path(recorder: *const Recorder, at: usize) -> *mut Text {
    part(recorder, at, |request| request.path.as_bytes())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_recorder_body(recorder: *const Recorder, at: usize) -> *mut Text {
    part(recorder, at, |request| &request.body)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_recorder_refused(recorder: *const Recorder) -> u64 {
    ask(recorder, 0, Memory::refused)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_recorder_clear(recorder: *mut Recorder) {
    ask(recorder, (), Memory::clear);
}
