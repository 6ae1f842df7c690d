// The event loop: warm-up, the measured window, the drain; closed loop, or open loop at a rate.
use std::process;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};
use serde_json::{Value, json};

use crate::connection::{Connection, Shared};
use crate::message::Messages;
use crate::meter::{Meter, Phase};
use crate::options::{Mode, Options};
use crate::socket::{Way, open};
use load::process::{cpu_seconds, resident_bytes};
use load::random::Random;

/// How long connections may take to be ready, and calls to end after the measured window.
const PATIENCE: Duration = Duration::from_secs(10);
const MAX_EVENTS: usize = 256;
/// Longest sleep: phases end no later than this after their time.
const TICK: Duration = Duration::from_millis(1);

struct Used {
    /// Of each process.
    server_seconds: Vec<Option<f64>>,
    own_seconds: f64,
}

impl Used {
    fn now(options: &Options) -> Self {
        Self {
            server_seconds: options.pid.iter().map(|&pid| cpu_seconds(pid)).collect(),
            own_seconds: cpu_seconds(process::id()).unwrap_or_default(),
        }
    }
}

/// Of all processes together; none without processes, or when one is gone.
fn summed<T: std::iter::Sum>(pids: &[u32], of: impl Fn(u32) -> Option<T>) -> Option<T> {
    let each = pids.iter().map(|&pid| of(pid));
    (!pids.is_empty()).then(|| each.sum()).flatten()
}

/// Returns the report, and whether every answer was right.
pub fn run(options: &Options) -> Result<(Value, bool), String> {
    let mut load = Load::new(options)?;
    load.connect()?;
    load.all()?;
    let report = load.report();
    Ok((report, load.shared.meter.errors.is_empty()))
}

struct Load<'a> {
    options: &'a Options,
    began: Instant,
    poll: Poll,
    connections: Vec<Connection>,
    shared: Shared,
    /// Open loop: calls begun, and the connection whose turn is next.
    scheduled: u64,
    turn: usize,
    used: Used,
    measured_ns: u64,
    rss: Vec<u64>,
}

impl<'a> Load<'a> {
    fn new(options: &'a Options) -> Result<Self, String> {
        if options
            .rate
            .is_some_and(|rate| !rate.is_finite() || rate <= 0.0)
        {
            return Err("--rate is calls a second, above 0".into());
        }
        if options.rate.is_some() && options.mode != Mode::Unary {
            return Err("--rate is for unary calls".into());
        }
        let shared = Shared {
            mode: options.mode,
            messages: Messages::new(options)?,
            meter: Meter::new(options.rate.is_some())?,
            random: Random::new(u64::from(process::id())),
            endless: false,
            window: options.window,
        };
        Ok(Self {
            options,
            began: Instant::now(),
            poll: Poll::new().map_err(|error| error.to_string())?,
            connections: Vec::new(),
            shared,
            scheduled: 0,
            turn: 0,
            used: Used::now(options),
            measured_ns: 0,
            rss: Vec::new(),
        })
    }

    fn connect(&mut self) -> Result<(), String> {
        let way = Way::of(self.options)?;
        for number in 0..self.options.connections {
            let mut socket = open(&way, number as usize)?;
            socket
                .register(self.poll.registry(), Token(number as usize))
                .map_err(|error| error.to_string())?;
            self.connections
                .push(Connection::new(socket, self.options, &self.shared.messages));
        }
        let mut events = Events::with_capacity(MAX_EVENTS);
        let deadline = self.clock() + PATIENCE.as_nanos() as u64;
        while self.connections.iter().any(|connection| !connection.ready) {
            self.step(&mut events, Some(TICK))?;
            if self.shared.meter.now_ns > deadline {
                return Err("a connection got no SETTINGS".into());
            }
        }
        if self
            .connections
            .iter()
            .any(|connection| connection.free.len() < self.options.streams as usize)
        {
            return Err("the server allows fewer streams on a connection than --streams".into());
        }
        Ok(())
    }

    fn all(&mut self) -> Result<(), String> {
        let mut events = Events::with_capacity(MAX_EVENTS);
        let warmup_until = self.tick() + self.options.warmup.as_nanos() as u64;
        if let Some(rate) = self.options.rate {
            self.open_loop(&mut events, rate, warmup_until)?;
        } else {
            self.shared.endless = true;
            for connection in &mut self.connections {
                while connection.begin(self.shared.meter.now_ns, &mut self.shared) {}
                connection.flush()?;
            }
            while self.shared.meter.now_ns < warmup_until {
                self.step(&mut events, Some(TICK))?;
            }
            self.measure();
            let until = self.shared.meter.now_ns + self.options.duration.as_nanos() as u64;
            while match self.options.requests {
                Some(requests) => self.shared.meter.units < requests,
                None => self.shared.meter.now_ns < until,
            } {
                self.step(&mut events, Some(TICK))?;
                self.watch_memory();
            }
            self.stop_measuring();
        }
        self.drain(&mut events)
    }

    /// Call number n should begin at n / rate, whether the server keeps up or not.
    fn open_loop(
        &mut self,
        events: &mut Events,
        rate: f64,
        warmup_until: u64,
    ) -> Result<(), String> {
        let began_ns = self.shared.meter.now_ns;
        let until = warmup_until + self.options.duration.as_nanos() as u64;
        loop {
            // Never sleeps: it has a core of its own, and a sleep would be late.
            self.step(events, Some(Duration::ZERO))?;
            let now = self.shared.meter.now_ns;
            if now >= warmup_until && self.shared.meter.phase == Phase::Warmup {
                self.measure();
                self.shared.meter.measured_from_ns = warmup_until;
                self.shared.meter.measured_to_ns = until;
            }
            if now >= until {
                self.stop_measuring();
                return Ok(());
            }
            loop {
                let due = began_ns + (self.scheduled as f64 / rate * 1e9) as u64;
                if due > now || !self.begin_anywhere(due) {
                    break;
                }
                self.scheduled += 1;
            }
            for connection in &mut self.connections {
                connection.flush()?;
            }
        }
    }

    /// False: every slot of every connection is taken.
    fn begin_anywhere(&mut self, due_ns: u64) -> bool {
        for _ in 0..self.connections.len() {
            self.turn = (self.turn + 1) % self.connections.len();
            if self.connections[self.turn].begin(due_ns, &mut self.shared) {
                return true;
            }
        }
        false
    }

    fn measure(&mut self) {
        self.used = Used::now(self.options);
        self.tick();
        self.shared.meter.measured_from_ns = self.shared.meter.now_ns;
        self.shared.meter.phase = Phase::Measured;
        self.measured_ns = self.shared.meter.now_ns;
    }

    fn stop_measuring(&mut self) {
        let now = self.tick();
        let used = Used::now(self.options);
        self.measured_ns = now - self.measured_ns;
        self.used = Used {
            server_seconds: (used.server_seconds.iter())
                .zip(&self.used.server_seconds)
                .map(|(end, start)| Some((*end)? - (*start)?))
                .collect(),
            own_seconds: used.own_seconds - self.used.own_seconds,
        };
        self.shared.meter.phase = Phase::Draining;
        self.shared.endless = false;
    }

    fn drain(&mut self, events: &mut Events) -> Result<(), String> {
        let deadline = self.tick() + PATIENCE.as_nanos() as u64;
        while self
            .connections
            .iter()
            .any(|connection| connection.active() > 0)
        {
            self.step(events, Some(TICK))?;
            if self.shared.meter.now_ns > deadline {
                self.shared.meter.error("calls that never ended");
                return Ok(());
            }
        }
        Ok(())
    }

    fn watch_memory(&mut self) {
        let Some(every) = self.options.rss_every else {
            return;
        };
        if self.shared.meter.units / every.max(1) > self.rss.len() as u64 {
            let resident = summed(&self.options.pid, resident_bytes);
            self.rss.push(resident.unwrap_or_default());
        }
    }

    fn step(&mut self, events: &mut Events, timeout: Option<Duration>) -> Result<(), String> {
        let unread = self.connections.iter().any(|connection| connection.unread);
        match self.poll.poll(
            events,
            if unread {
                Some(Duration::ZERO)
            } else {
                timeout
            },
        ) {
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => {
                return Err(error.to_string());
            }
            _ => {}
        }
        self.tick();
        for event in events.iter() {
            let connection = &mut self.connections[event.token().0];
            if event.is_readable() {
                connection.unread = true;
            } else {
                connection.flush()?;
            }
        }
        for connection in self
            .connections
            .iter_mut()
            .filter(|connection| connection.unread)
        {
            connection.receive(&mut self.shared)?;
            connection.flush()?;
        }
        Ok(())
    }

    fn clock(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    fn tick(&mut self) -> u64 {
        self.shared.meter.now_ns = self.clock();
        self.shared.meter.now_ns
    }

    fn report(&self) -> Value {
        let meter = &self.shared.meter;
        let seconds = self.measured_ns as f64 / 1e9;
        let units = meter.units as f64;
        let latency = |quantile: f64| meter.latencies.value_at_quantile(quantile) as f64 / 1e3;
        let streaming = matches!(self.options.mode, Mode::Bidi | Mode::Flow);
        let each = self.used.server_seconds.iter();
        let server_seconds: Option<f64> = each.clone().copied().sum();
        json!({
            "units": meter.units,
            "seconds": seconds,
            "rate": units / seconds,
            "mb_per_second": streaming.then(|| units * f64::from(self.options.payload) / seconds / 1e6),
            "latency_us": (!streaming).then(|| json!({
                "p50": latency(0.5),
                "p99": latency(0.99),
                "p999": latency(0.999),
                "max": meter.latencies.max() as f64 / 1e3,
            })),
            "server_cpu_us": server_seconds.map(|used| used * 1e6 / units),
            "server_cpu_us_each": each.map(|used| used.map(|used| used * 1e6 / units)).collect::<Vec<_>>(),
            "server_cpu_share": server_seconds.map(|used| used / seconds),
            "server_rss_bytes": summed(&self.options.pid, resident_bytes),
            "rss_bytes": self.rss,
            "generator_cpu_share": self.used.own_seconds / seconds,
            "errors": meter.errors,
        })
    }
}
