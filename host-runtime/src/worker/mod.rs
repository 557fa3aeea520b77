//! The thread that sends. It locks an instance to poll it and to report outcomes, never while it
//! sends. No other thread blocks on the network.

#[cfg(unix)]
mod final_delivery;
mod state;

#[cfg(unix)]
use self::final_delivery::FinalDelivery;
use self::state::{Shared, State, settled};
use crate::config::Config;
#[cfg(unix)]
use crate::exit_signals;
use crate::instance::delivery::{Action, Disposition, PollMode, Request};
use crate::instance::types::DropReason;
use crate::lock;
use crate::losses;
use crate::notices::Topic;
use crate::pool::{Polled, Pool, Sent, Ticket};
use crate::sender::Sender;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use witspan_setup::{Event, Plan};

/// The tracer's half of the worker.
pub(crate) struct Worker {
    pool: Arc<Pool>,
    settings: Arc<(Config, Plan)>,
    shared: Shared,
    /// The tracer's name in the header that reports losses.
    client: String,
}

impl Worker {
    /// The plan that the tracer was started with.
    pub(crate) fn plan(&self) -> &Plan {
        &self.settings.1
    }

    pub(crate) fn new(pool: Arc<Pool>, config: Config, plan: Plan) -> Worker {
        let settings = Arc::new((config, plan));
        let worker = Worker { pool, settings, shared: Shared::default(), client: losses::client() };
        if worker.settings.1.settings.targets.is_none() {
            // The agent is asked now, so that its answer is known before the first batch is due.
            worker.tell(|_| ());
        }
        worker
    }

    /// Changes the state and wakes the worker, which is started if it does not run yet.
    fn tell<T>(&self, write: impl FnOnce(&mut State) -> T) -> T {
        let (state, changed) = &*self.shared;
        let mut state = lock(state);
        let result = write(&mut state);
        if !state.running && !state.stop {
            let thread = Thread {
                pool: self.pool.clone(),
                settings: self.settings.clone(),
                shared: self.shared.clone(),
                client: self.client.clone(),
                seen: 0,
                retries: Vec::new(),
            };
            let builder = std::thread::Builder::new().name("witspan".to_owned());
            // Without a thread nothing is sent: the queue stays bounded, and the next call tries
            // again.
            let start = || builder.spawn(move || thread.run());
            #[cfg(unix)]
            let started = crate::signals::blocked(start);
            #[cfg(not(unix))]
            let started = start();
            state.running = started.is_ok();
            #[cfg(unix)]
            self.guard(&mut state);
        }
        changed.notify_all();
        result
    }

    /// Has signals deliver finished spans before they end the process, while this worker runs.
    #[cfg(unix)]
    pub(crate) fn deliver_at_signals(&self, plan: exit_signals::Plan) -> std::io::Result<()> {
        let mut state = lock(&self.shared.0);
        state.plan = Some(plan);
        self.guard(&mut state);
        exit_signals::want()
    }

    /// Starts the thread that waits for such a signal, once there is something to deliver: before
    /// that, a program that forks has no thread of ours.
    #[cfg(unix)]
    fn guard(&self, state: &mut State) {
        let Some(plan) = state.plan else { return };
        if !state.running || state.waker.is_some() || state.stop {
            return;
        }
        let last = FinalDelivery::new(self.pool.clone(), self.shared.clone());
        match exit_signals::start(plan, last) {
            Ok(waker) => state.waker = Some(waker),
            Err(error) => {
                let why = || Event::SignalsMissed(error.to_string());
                self.pool.notices().tell(Topic::Signal, why);
            }
        }
    }

    /// Wakes the worker: there is something to send.
    pub(crate) fn attend(&self) {
        self.tell(|state| state.should_poll = true);
    }

    /// Has the worker poll after `wait` at the latest.
    pub(crate) fn attend_by(&self, wait: Duration) {
        let by = Instant::now() + wait;
        // It nearly always polls earlier anyway, and need not be woken then.
        let late = |state: &State| state.wakes.is_none_or(|wakes| wakes > by);
        if late(&lock(&self.shared.0)) {
            self.attend();
        }
    }

    /// Sends everything that has finished, and waits for that at most `timeout`. Returns whether
    /// all of it was settled: delivered or dropped.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        settled(&self.shared, self.tell(State::ask), timeout)
    }

    /// The same; then the thread ends.
    pub(crate) fn stop(&self, timeout: Duration) -> bool {
        let settled = self.flush(timeout);
        let (state, changed) = &*self.shared;
        lock(state).stop = true;
        changed.notify_all();
        settled
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let (state, changed) = &*self.shared;
        let mut state = lock(state);
        state.ask();
        state.orphaned = true;
        changed.notify_all();
    }
}

/// A request to retry.
struct Again {
    at: Instant,
    ticket: Ticket,
    request: Request,
}

struct Thread {
    pool: Arc<Pool>,
    settings: Arc<(Config, Plan)>,
    shared: Shared,
    client: String,
    /// The number of the last flush for which the instances were polled.
    seen: u64,
    retries: Vec<Again>,
}

impl Thread {
    fn run(mut self) {
        let sender = self.decide();
        // Spans that finished before the target was known wait for this first pass.
        let mut next = Some(Instant::now());
        while let Some((mode, asked)) = self.rest(next) {
            self.seen = asked;
            next = self.pass(&sender, mode);
            self.pool.notices().deliver();
            if self.retries.is_empty() {
                let (state, changed) = &*self.shared;
                let mut state = lock(state);
                state.settled = state.settled.max(asked);
                changed.notify_all();
            }
        }
        #[cfg(unix)]
        if let Some(waker) = lock(&self.shared.0).waker.take() {
            waker.leave();
        }
    }

    /// Determines where spans go, and tells the instances if they do not know yet.
    fn decide(&self) -> Sender {
        let (config, plan) = &*self.settings;
        let known = plan.settings.targets.as_ref();
        let targets = known.or_else(|| {
            let discovery = plan.discovery.as_ref()?;
            let found = Sender::finds(config, discovery);
            Some(if found { &discovery.found } else { &discovery.otherwise })
        });
        let target = targets.and_then(|targets| targets.first()).cloned().unwrap_or_default();
        if known.is_none() {
            self.pool.set_targets(std::slice::from_ref(&target));
        }
        Sender::new(config, plan, target)
    }

    /// Sleeps until there is something to do. Returns how to poll, and the number of the last flush
    /// that was asked for; `None` if the thread is to end.
    fn rest(&self, until: Option<Instant>) -> Option<(PollMode, u64)> {
        let (state, changed) = &*self.shared;
        let sleeps =
            |state: &mut State| !state.is_over() && !state.should_poll && state.asked <= self.seen;
        let mut state = lock(state);
        state.wakes = until;
        let mut state = match until {
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                let waited = changed.wait_timeout_while(state, left, sleeps);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => changed.wait_while(state, sleeps).unwrap_or_else(PoisonError::into_inner),
        };
        state.wakes = None;
        if state.is_over() {
            return None;
        }
        state.should_poll = false;
        let flush = state.asked > state.settled;
        Some((if flush { PollMode::Everything } else { PollMode::Due }, state.asked))
    }

    fn stopped(&self) -> bool {
        lock(&self.shared.0).stop
    }

    /// Sends everything that is due. Returns when to poll again.
    ///
    /// From each instance it takes only the spans that had finished when it got there. Spans that
    /// finish while it sends are for the next pass: otherwise a busy application would starve the
    /// other instances, the retries and a flush that waits.
    fn pass(&mut self, sender: &Sender, mode: PollMode) -> Option<Instant> {
        self.send_again(sender);
        let mut next: Option<Instant> = None;
        for at in 0..self.pool.shards() {
            let mut left = None;
            while let Some(Polled { action, ticket, queued }) = self.pool.poll(at, mode) {
                if self.stopped() {
                    return None;
                }
                let sent = ticket.spans + ticket.evaluations;
                let left = left.get_or_insert(queued + sent);
                match action {
                    Action::Send(request) => {
                        self.send(sender, ticket, request);
                        self.send_again(sender);
                        *left = left.saturating_sub(sent);
                        if *left == 0 {
                            next = Some(Instant::now());
                            break;
                        }
                    }
                    Action::Wait(0) => {}
                    Action::Wait(ns) => {
                        let at = Instant::now() + Duration::from_nanos(ns);
                        next = Some(next.map_or(at, |next| next.min(at)));
                        break;
                    }
                    Action::Idle => break,
                }
            }
        }
        self.retries.iter().map(|again| again.at).chain(next).min()
    }

    /// Sends the retries that are due.
    fn send_again(&mut self, sender: &Sender) {
        let due = |retries: &Vec<Again>| {
            let now = Instant::now();
            retries.iter().position(|again| again.at <= now)
        };
        while let Some(at) = due(&self.retries)
            && !self.stopped()
        {
            let Again { ticket, request, .. } = self.retries.remove(at);
            self.send(sender, ticket, request);
        }
    }

    fn send(&mut self, sender: &Sender, ticket: Ticket, request: Request) {
        let pool = self.pool.clone();
        let notices = pool.notices();
        let load = ticket.load();
        let why;
        let lost = losses::header(&self.client, &pool.statistics());
        let sent = match sender.send(&request, lost.as_deref()) {
            Ok(answer) => {
                why = format!("answered {} {}", answer.status, answer.excerpt);
                Sent::Answer { status: answer.status, headers: answer.headers }
            }
            Err(error) => {
                why = format!("could not be reached: {error}");
                Sent::Failed
            }
        };
        match self.pool.complete(ticket, sent) {
            Disposition::Delivered => {}
            Disposition::Retry(wait) => {
                notices.tell(Topic::Unreachable, || {
                    Event::Retried(sender.shown(), why.trim().to_owned(), sender.advice())
                });
                let at = Instant::now() + self.settings.0.clock.wait(wait);
                self.retries.push(Again { at, ticket, request });
            }
            Disposition::Dropped(DropReason::Rejected) => notices.tell(Topic::Rejected, || {
                let why = why.trim().to_owned();
                Event::Rejected(sender.shown(), why, load, sender.advice_when_refused())
            }),
            Disposition::Dropped(DropReason::RetriesExhausted) => notices
                .tell(Topic::GivenUp, || {
                    Event::RetriesExhausted(sender.shown(), why.trim().to_owned(), load)
                }),
            Disposition::Dropped(_) => {}
        }
        notices.deliver();
    }
}
