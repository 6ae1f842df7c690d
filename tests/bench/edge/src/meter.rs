// The measured window: what was done in it, and what the processes used meanwhile.
use std::process;
use std::time::{Duration, Instant};

use load::process::cpu_seconds;
use serde_json::{Value, json};

use crate::options::Common;

pub struct Meter<'a> {
    options: &'a Common,
    began: Instant,
    window: Option<Window>,
    /// Handshakes, or bytes, since the window began.
    pub units: u64,
}

struct Window {
    began: Instant,
    used: Used,
}

struct Used {
    server_seconds: Option<f64>,
    own_seconds: f64,
}

impl Used {
    fn now(options: &Common) -> Self {
        let server = options.pid.iter().map(|&pid| cpu_seconds(pid));
        Self {
            server_seconds: server.sum(),
            own_seconds: cpu_seconds(process::id()).unwrap_or_default(),
        }
    }
}

impl<'a> Meter<'a> {
    pub fn new(options: &'a Common) -> Self {
        Self {
            options,
            began: Instant::now(),
            window: None,
            units: 0,
        }
    }

    pub fn measuring(&self) -> bool {
        self.window.is_some()
    }

    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The report, when the window is over; begins the window when the warm-up is.
    pub fn tick(&mut self) -> Option<Value> {
        let options = self.options;
        match &self.window {
            None if self.began.elapsed() >= options.warmup => {
                self.units = 0;
                self.window = Some(Window {
                    began: Instant::now(),
                    used: Used::now(options),
                });
                None
            }
            Some(window) if window.began.elapsed() >= options.duration => {
                let seconds = window.began.elapsed().as_secs_f64();
                let now = Used::now(options);
                let server = now.server_seconds.zip(window.used.server_seconds);
                Some(json!({
                    "units": self.units,
                    "seconds": seconds,
                    "server_cpu_seconds": server.map(|(end, start)| end - start),
                    "own_cpu_seconds": now.own_seconds - window.used.own_seconds,
                }))
            }
            _ => None,
        }
    }
}
