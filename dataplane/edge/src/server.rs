//! The one loop: waits for sockets, signals and deadlines, and hands each event to
//! whom it concerns.

mod settings;

use gatehouse_common::notify::notify;
use mio::{Events, Interest, Poll, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook_mio::v1_0::Signals;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::config::Unusable;
use crate::front::Front;
use crate::generation::{Generation, Source};
use crate::limits::{ACCEPT_PAUSE, ACCEPTS_PER_TURN, DRAIN_GRACE, Limits, METRICS_READERS};
use crate::log;
use crate::metrics::Gauges;
use crate::metrics_socket::MetricsSocket;
use crate::table::{Shared, Table};

const LISTENERS: Token = Token(usize::MAX - 1);
const SIGNALS: Token = Token(usize::MAX - 2);
const METRICS: Token = Token(usize::MAX - 3);
/// Reader n has this token plus n.
const FIRST_READER: usize = usize::MAX - 3 - METRICS_READERS;
const EVENTS_PER_POLL: usize = 1024;

type OnReady = Box<dyn FnMut(&[SocketAddr])>;

/// What SIGINT does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    Stops,
    /// A Ctrl-C in the terminal reaches the parent too, and is its to act on.
    Ignored,
}

pub struct Server<F: Front> {
    front: F,
    file: PathBuf,
    source: Source,
    /// None until the first good one.
    generation: Option<Generation>,
    /// Why the files as they are weren't taken.
    refused: Option<Unusable>,
    poll: Poll,
    signals: Option<Signals>,
    interrupt: Interrupt,
    table: Table<F::Stream>,
    metrics: MetricsSocket,
    accept_at: Option<Instant>,
    look_at: Instant,
    recheck_at: Instant,
    /// What can't be listened on now.
    unbound: Vec<String>,
    /// What the last ready line said.
    said: Option<Vec<SocketAddr>>,
    /// Called with the addresses each time they change.
    on_ready: OnReady,
    /// When a drain ends; set by SIGTERM.
    draining: Option<Instant>,
}

impl<F: Front> Server<F> {
    /// Serves what `file` says, now and whenever it changes; `limits` where it says
    /// nothing.
    ///
    /// # Errors
    /// When the machine gives no poll.
    pub fn new(front: F, file: &Path, limits: Limits) -> io::Result<Self> {
        let now = Instant::now();
        Ok(Self {
            front,
            file: file.to_owned(),
            source: Source::new(file, limits),
            generation: None,
            refused: None,
            poll: Poll::new()?,
            signals: None,
            interrupt: Interrupt::Stops,
            table: Table::new(now),
            metrics: MetricsSocket::default(),
            accept_at: None,
            look_at: now,
            recheck_at: now,
            unbound: Vec::new(),
            said: None,
            on_ready: Box::new(log::ready),
            draining: None,
        })
    }

    /// Tells `on_ready` of addresses instead of the log.
    #[must_use]
    pub fn on_ready(mut self, on_ready: impl FnMut(&[SocketAddr]) + 'static) -> Self {
        self.on_ready = Box::new(on_ready);
        self
    }

    /// SIGHUP reloads, SIGTERM and SIGINT drain, a second one ends at once.
    /// SIGINT is taken and forgotten when it is to be ignored.
    ///
    /// # Errors
    /// When the machine gives no signal handler.
    pub fn listen_for_signals(&mut self, interrupt: Interrupt) -> io::Result<()> {
        let mut signals = Signals::new([SIGHUP, SIGTERM, SIGINT])?;
        let registry = self.poll.registry();
        registry.register(&mut signals, SIGNALS, Interest::READABLE)?;
        self.signals = Some(signals);
        self.interrupt = interrupt;
        Ok(())
    }

    /// Serves until a signal ends it.
    ///
    /// # Errors
    /// Only when polling fails.
    pub fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_PER_POLL);
        let mut due: Vec<usize> = Vec::new();
        self.reload(Instant::now());
        loop {
            let now = Instant::now();
            if self.is_finished(now) {
                return Ok(());
            }
            let timeout = self.next_deadline(now).saturating_duration_since(now);
            match self.poll.poll(&mut events, Some(timeout)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            }
            let now = Instant::now();
            let mut accept = self.accept_at.is_some_and(|at| at <= now);
            let mut signalled = false;
            due.clear();
            for event in &events {
                match event.token() {
                    LISTENERS => accept = true,
                    SIGNALS => signalled = true,
                    METRICS => {
                        let registry = self.poll.registry();
                        self.metrics.accept(registry, FIRST_READER, now);
                    }
                    Token(at) if at >= FIRST_READER => self.answer(at - FIRST_READER),
                    _ => due.push(self.table.note(event)),
                }
            }
            if signalled {
                self.take_signals(now);
            }
            if now >= self.look_at {
                self.look(now);
            }
            self.table.collect_due(&mut due, now);
            if let Some(generation) = &self.generation {
                let shared = Shared {
                    now,
                    registry: self.poll.registry(),
                    generation,
                };
                self.table.drive_due(&due, shared);
                if now >= self.recheck_at {
                    self.table.begin_rechecks();
                    self.recheck_at = now + generation.limits.recheck_pause;
                }
                self.table.tend(shared);
            }
            self.metrics.turn(self.poll.registry(), FIRST_READER, now);
            if accept {
                self.accept(now);
            }
        }
    }

    fn next_deadline(&self, now: Instant) -> Instant {
        let table = self.table.next_deadline(now);
        let recheck = self.generation.as_ref().map(|_| self.recheck_at);
        let metrics = self.metrics.next_deadline(now);
        let others = [table, self.accept_at, self.draining, recheck, metrics];
        others
            .into_iter()
            .flatten()
            .fold(self.look_at, Instant::min)
    }

    fn accept(&mut self, now: Instant) {
        self.accept_at = None;
        let Some(generation) = &self.generation else {
            return;
        };
        let shared = Shared {
            now,
            registry: self.poll.registry(),
            generation,
        };
        for _ in 0..ACCEPTS_PER_TURN {
            match self.front.accept() {
                Ok(None) => return,
                Ok(Some(accepted)) => self.table.take(accepted, shared),
                Err(error) => {
                    let line = || tracing::warn!(%error, "no connection can be accepted now");
                    self.table.log.say(now, line);
                    self.accept_at = Some(now + ACCEPT_PAUSE);
                    return;
                }
            }
        }
        // There may be more.
        self.accept_at = Some(now);
    }

    /// A reader of the metrics.
    fn answer(&mut self, reader: usize) {
        let (table, generation) = (&self.table, &self.generation);
        let text = || {
            let tls = generation.as_ref().and_then(|one| one.tls.as_ref());
            table.metrics.text(&Gauges {
                connections: table.len(),
                handshakes_waiting: table.waiting(),
                queued_bytes: table.queued_bytes(),
                listeners: self.said.as_ref().map_or(0, Vec::len),
                unbound: self.unbound.len(),
                certificate_not_after: tls.map(|tls| tls.not_after),
                configuration: generation
                    .as_ref()
                    .map(|one| one.config.path.display().to_string()),
            })
        };
        self.metrics.drive(reader, text);
    }

    fn take_signals(&mut self, now: Instant) {
        let Some(signals) = &mut self.signals else {
            return;
        };
        let taken: Vec<i32> = signals.pending().collect();
        for signal in taken {
            match signal {
                SIGHUP if self.draining.is_some() => {}
                SIGHUP => self.reload(now),
                SIGINT if self.interrupt == Interrupt::Ignored => {}
                _ => self.begin_drain(now),
            }
        }
    }

    fn begin_drain(&mut self, now: Instant) {
        if self.draining.is_some() {
            self.draining = Some(now);
            return;
        }
        let _ = notify("STOPPING=1");
        self.front.listen(&[], self.poll.registry(), LISTENERS);
        self.metrics.close();
        self.accept_at = None;
        self.draining = Some(now + DRAIN_GRACE);
        self.table.drop_unused(now);
        tracing::info!(connections = self.table.len(), "stopping");
    }

    fn is_finished(&mut self, now: Instant) -> bool {
        let Some(until) = self.draining else {
            return false;
        };
        if now >= until {
            self.table.abandon_all();
        }
        now >= until || self.table.is_empty()
    }
}
