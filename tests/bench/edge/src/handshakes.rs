// Handshakes: each connection is made, says a few bytes, hears them again from the backend, and ends.
// The echo shows that the server has finished its half, and brings the tickets of TLS 1.3.
use std::io::ErrorKind;

use load::tls::TlsStream;
use rustls::HandshakeKind;
use serde_json::{Value, json};
use slab::Slab;

use crate::clients::{Clients, World};
use crate::meter::Meter;
use crate::options::HandshakesOptions;
use crate::request::{Request, Work};

/// An echo's length, chosen anew for each connection.
const ECHO_BYTES: std::ops::RangeInclusive<usize> = 1..=256;

/// # Errors
/// When a connection failed, or a byte was wrong.
pub fn run(options: &HandshakesOptions) -> Result<Value, String> {
    let world = World::new(&options.common, options.resume)?;
    let mut connections = Connections {
        all: Slab::new(),
        wanted: options.common.connections as usize,
        resumed: 0,
    };
    let mut report = world.run(&mut connections)?;
    report["resumed"] = json!(connections.resumed);
    Ok(report)
}

struct Connections {
    all: Slab<Connection>,
    wanted: usize,
    /// Of the measured ones.
    resumed: u64,
}

struct Connection {
    stream: TlsStream,
    position: u64,
    echo_bytes: usize,
    heard: usize,
    woken: bool,
}

impl Clients for Connections {
    fn wake(&mut self, number: usize) {
        if let Some(connection) = self.all.get_mut(number) {
            connection.woken = true;
        }
    }

    fn work(
        &mut self,
        world: &mut World<'_>,
        meter: &mut Meter<'_>,
        _taken: u64,
    ) -> Result<bool, String> {
        let mut ended = Vec::new();
        for (number, connection) in &mut self.all {
            if !std::mem::take(&mut connection.woken) {
                continue;
            }
            match connection.work(world)? {
                Outcome::Wait => {}
                Outcome::Heard(kind) => {
                    meter.units += 1;
                    if meter.measuring() && kind == HandshakeKind::Resumed {
                        self.resumed += 1;
                    }
                }
                Outcome::Ended => ended.push(number),
            }
        }
        for number in ended {
            self.all.remove(number);
        }
        while self.all.len() < self.wanted {
            let entry = self.all.vacant_entry();
            let connection = Connection::open(world, entry.key())?;
            entry.insert(connection);
        }
        Ok(false)
    }
}

enum Outcome {
    Wait,
    /// The whole echo, just now.
    Heard(HandshakeKind),
    Ended,
}

impl Connection {
    fn open(world: &mut World<'_>, number: usize) -> Result<Self, String> {
        let mut stream = world.connect(number)?;
        let position = world.random.bits() >> 1;
        let sizes = ECHO_BYTES.end() - ECHO_BYTES.start() + 1;
        let most = ECHO_BYTES.start() + (world.random.bits() >> 32) as usize % sizes;
        let echo = world.pattern.from(position, most);
        let work = Work::Echo;
        stream.queue(&Request { work, position }.bytes())?;
        stream.queue(echo)?;
        Ok(Self {
            stream,
            position,
            echo_bytes: echo.len(),
            heard: 0,
            woken: false,
        })
    }

    fn work(&mut self, world: &World<'_>) -> Result<Outcome, String> {
        let explain = |error: std::io::Error| format!("after {:?}: {error}", self.heard);
        self.stream.flush().map_err(explain)?;
        let heard_before = self.heard;
        let mut bytes = [0; 512];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) if self.is_heard() => return Ok(Outcome::Ended),
                Ok(0) => return Err("the server ended a connection before its echo".into()),
                Ok(read) => {
                    let expected = self.position + self.heard as u64;
                    self.heard += read;
                    if self.heard > self.echo_bytes
                        || !world.pattern.is_at(expected, &bytes[..read])
                    {
                        return Err("an echo is not what was said".into());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // It was heard: how the server closes is its own affair.
                Err(_) if self.is_heard() => return Ok(Outcome::Ended),
                Err(error) => return Err(format!("a connection failed: {error}")),
            }
        }
        if !self.is_heard() || self.heard == heard_before {
            return Ok(Outcome::Wait);
        }
        self.stream.end();
        match self.stream.handshake() {
            _ if !self.stream.speaks_h2() => Err("the server did not settle on h2".into()),
            Some(HandshakeKind::FullWithHelloRetryRequest) => {
                Err("the server asked for another group".into())
            }
            Some(kind) => Ok(Outcome::Heard(kind)),
            None => Err("an echo before the end of the handshake".into()),
        }
    }

    fn is_heard(&self) -> bool {
        self.heard == self.echo_bytes
    }
}
