//! The thread that sends. It holds an instance only to ask it and to tell it, never while it
//! sends, and it is the only one that blocks on the network.

use crate::config::Config;
#[cfg(unix)]
use crate::exit_signals::{self, Bell};
use crate::instance::delivery::{Action, Disposition, PollMode, Request};
use crate::instance::types::DropReason;
#[cfg(unix)]
use crate::last::Last;
use crate::lock;
use crate::losses;
use crate::notices::Topic;
use crate::pool::{Polled, Pool, Sent, Ticket};
use crate::sender::Sender;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use witspan_setup::{Event, Plan};

/// What the application's threads and the worker tell each other.
#[derive(Default)]
pub(crate) struct Board {
    running: bool,
    /// An instance said that there is something to do.
    should_poll: bool,
    /// How often a flush was asked for, and up to which one all is settled.
    asked: u64,
    settled: u64,
    /// Nobody holds the tracer any more: what has finished is sent, then the thread ends.
    orphaned: bool,
    stop: bool,
    /// When the worker, if it sleeps, looks again by itself.
    wakes: Option<Instant>,
    /// What a signal that ends the process shall do first, and what wakes the thread that does it.
    #[cfg(unix)]
    plan: Option<exit_signals::Plan>,
    #[cfg(unix)]
    bell: Option<Arc<Bell>>,
}

impl Board {
    fn is_over(&self) -> bool {
        self.stop || (self.orphaned && self.settled >= self.asked)
    }

    /// Asks for a flush; by its number it is found again.
    pub(crate) fn ask(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }
}

pub(crate) type Shared = Arc<(Mutex<Board>, Condvar)>;

/// The tracer's half of the worker.
pub(crate) struct Worker {
    pool: Arc<Pool>,
    settings: Arc<(Config, Plan)>,
    shared: Shared,
    /// By what name the tracer tells what it has lost.
    client: String,
}

impl Worker {
    /// What the tracer was started with.
    pub(crate) fn plan(&self) -> &Plan {
        &self.settings.1
    }

    pub(crate) fn new(pool: Arc<Pool>, config: Config, plan: Plan) -> Worker {
        let settings = Arc::new((config, plan));
        let worker = Worker { pool, settings, shared: Shared::default(), client: losses::client() };
        if worker.settings.1.settings.targets.is_none() {
            // The agent is asked now, so that the answer is there before the first batch is due.
            worker.tell(|_| ());
        }
        worker
    }

    /// Writes on the board and wakes the worker, which is started if it does not run yet.
    fn tell<T>(&self, write: impl FnOnce(&mut Board) -> T) -> T {
        let (board, changed) = &*self.shared;
        let mut board = lock(board);
        let told = write(&mut board);
        if !board.running && !board.stop {
            let thread = Thread {
                pool: self.pool.clone(),
                settings: self.settings.clone(),
                shared: self.shared.clone(),
                client: self.client.clone(),
                seen: 0,
                retries: Vec::new(),
            };
            let builder = std::thread::Builder::new().name("witspan".to_owned());
            // Without a thread nothing is sent: the queue's bound holds, and the next call tries.
            let start = || builder.spawn(move || thread.run());
            #[cfg(unix)]
            let started = crate::signals::blocked(start);
            #[cfg(not(unix))]
            let started = start();
            board.running = started.is_ok();
            #[cfg(unix)]
            self.guard(&mut board);
        }
        changed.notify_all();
        told
    }

    /// Has signals that would end the process deliver before, for as long as this runs.
    #[cfg(unix)]
    pub(crate) fn deliver_at_signals(&self, plan: exit_signals::Plan) -> std::io::Result<()> {
        let mut board = lock(&self.shared.0);
        board.plan = Some(plan);
        self.guard(&mut board);
        exit_signals::want()
    }

    /// Starts the thread that waits for such a signal, once there is something to deliver: until
    /// then a program that forks has no thread of ours.
    #[cfg(unix)]
    fn guard(&self, board: &mut Board) {
        let Some(plan) = board.plan else { return };
        if !board.running || board.bell.is_some() || board.stop {
            return;
        }
        let last = Last::new(self.pool.clone(), self.shared.clone());
        match exit_signals::start(plan, last) {
            Ok(bell) => board.bell = Some(bell),
            Err(error) => {
                let why = || Event::SignalsMissed(error.to_string());
                self.pool.notices().tell(Topic::Signal, why);
            }
        }
    }

    /// There is something to send.
    pub(crate) fn attend(&self) {
        self.tell(|board| board.should_poll = true);
    }

    /// There may be something to do after so long.
    pub(crate) fn attend_by(&self, wait: Duration) {
        let by = Instant::now() + wait;
        // Nearly always it looks earlier anyway: then it need not be woken.
        let late = |board: &Board| board.wakes.is_none_or(|wakes| wakes > by);
        if late(&lock(&self.shared.0)) {
            self.attend();
        }
    }

    /// Has everything that has finished sent, and waits for that at most so long. Whether all of
    /// it was settled: delivered or dropped.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        settled(&self.shared, self.tell(Board::ask), timeout)
    }

    /// The same, and the thread ends.
    pub(crate) fn stop(&self, timeout: Duration) -> bool {
        let settled = self.flush(timeout);
        let (board, changed) = &*self.shared;
        lock(board).stop = true;
        changed.notify_all();
        settled
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let (board, changed) = &*self.shared;
        let mut board = lock(board);
        board.ask();
        board.orphaned = true;
        changed.notify_all();
    }
}

/// Waits, at most so long, until a flush is settled; whether it is.
pub(crate) fn settled(shared: &Shared, ticket: u64, timeout: Duration) -> bool {
    let (board, changed) = &**shared;
    let waits = |board: &mut Board| board.settled < ticket && !board.stop;
    let waited = changed.wait_timeout_while(lock(board), timeout, waits);
    let (board, _) = waited.unwrap_or_else(PoisonError::into_inner);
    board.settled >= ticket
}

/// A request that is to be sent again.
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
    /// The last flush for which the instances were asked.
    seen: u64,
    retries: Vec<Again>,
}

impl Thread {
    fn run(mut self) {
        let sender = self.decide();
        // What finished before the way was known waits for this first look.
        let mut next = Some(Instant::now());
        while let Some((mode, asked)) = self.rest(next) {
            self.seen = asked;
            next = self.pass(&sender, mode);
            self.pool.notices().deliver();
            if self.retries.is_empty() {
                let (board, changed) = &*self.shared;
                let mut board = lock(board);
                board.settled = board.settled.max(asked);
                changed.notify_all();
            }
        }
        #[cfg(unix)]
        if let Some(bell) = lock(&self.shared.0).bell.take() {
            bell.leave();
        }
    }

    /// Finds out where spans go, and tells the instances if they do not know.
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

    /// Sleeps until there is something to do. What to ask for, and up to which flush; `None` if
    /// the thread is to end.
    fn rest(&self, until: Option<Instant>) -> Option<(PollMode, u64)> {
        let (board, changed) = &*self.shared;
        let sleeps =
            |board: &mut Board| !board.is_over() && !board.should_poll && board.asked <= self.seen;
        let mut board = lock(board);
        board.wakes = until;
        let mut board = match until {
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                let waited = changed.wait_timeout_while(board, left, sleeps);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => changed.wait_while(board, sleeps).unwrap_or_else(PoisonError::into_inner),
        };
        board.wakes = None;
        if board.is_over() {
            return None;
        }
        board.should_poll = false;
        let flush = board.asked > board.settled;
        Some((if flush { PollMode::Everything } else { PollMode::Due }, board.asked))
    }

    fn stopped(&self) -> bool {
        lock(&self.shared.0).stop
    }

    /// Does all that is due; when to look again.
    ///
    /// Of each instance it takes what had finished when it came there: spans that finish while it
    /// sends are for the next pass, or a busy application would keep it here for ever, and with
    /// it other instances, retries and whoever waits for a flush.
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

    /// Sends what is to be sent again and due.
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
