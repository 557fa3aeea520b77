//! What a core takes from the allocator while spans come and none can leave: the limits are meant in
//! bytes of memory, so here the allocator itself counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use witspan_core::{
    Core, DropReason, Format, Limits, Parent, Platform, Settings, SpanKind, SpanOption, Target,
};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(held, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Ticking(u64);

impl Platform for Ticking {
    fn wall_ns(&mut self) -> u64 {
        self.monotonic_ns()
    }

    fn monotonic_ns(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    fn entropy(&mut self) -> u64 {
        self.monotonic_ns()
    }
}

const SPANS: u64 = 100_000;
const QUEUE_BYTES: u32 = 16 << 20;

/// Makes the spans, each with an annotation of 1 KB, and never polls; bytes that were taken at most.
fn most_held(targets: Option<Vec<Target>>, open: usize) -> usize {
    let before = HELD.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let mut core = Core::new(Ticking(1));
    let limits = Limits { queue_bytes: QUEUE_BYTES, ..Limits::default() };
    core.configure(Settings { targets, limits, ..Settings::default() }).unwrap();
    let annotation = format!(r#"{{"input":"{}","tags":{{"k":"v"}}}}"#, "x".repeat(1000));
    let mut started = std::collections::VecDeque::new();
    for _ in 0..SPANS {
        let options = vec![SpanOption::ModelName("gpt-4o".to_owned())];
        let name = Some("chat".to_owned());
        let span = core.start_span(SpanKind::Llm, Parent::Root, name, options, None).unwrap();
        core.annotate(span, &annotation).unwrap();
        started.push_back(span);
        if started.len() > open
            && let Some(oldest) = started.pop_front()
        {
            core.finish(oldest, None, None, None).unwrap();
        }
        let said = core.statistics().bytes;
        assert!(said <= u64::from(QUEUE_BYTES) + (open as u64 + 1) * 2048, "{said}");
    }
    let counts = core.statistics();
    let lost = counts.dropped_for(DropReason::QueueFull);
    assert!(lost > SPANS / 2, "{counts:?}");
    assert_eq!(counts.accepted, counts.open + counts.queued + lost);
    MOST.load(Ordering::Relaxed) - before
}

/// One test, so that nothing else is counted.
#[test]
fn a_hundred_thousand_spans_into_a_full_queue_take_no_more_than_the_queue_may() {
    let known = vec![Target { format: Format::SdkIntake, ..Target::default() }];
    for targets in [Some(known), None] {
        // The batch that grows doubles its buffer, to twice its size and half of that while it
        // moves; slots of 4096 finished spans are kept.
        let bound = (QUEUE_BYTES as usize) + 3 * Limits::default().batch_bytes as usize + (8 << 20);
        let awaits = targets.is_none();
        let most = most_held(targets, 100);
        assert!(most < bound, "awaiting: {awaits}, {most} bytes, {bound} at most");
    }
}
