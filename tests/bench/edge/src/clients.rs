// What both measurements share: the poll with the backend in it, the clients' configurations, the loop.
use std::sync::Arc;
use std::time::Duration;

use load::random::Random;
use load::tls::{TlsStream, client_config};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustls::ClientConfig;
use serde_json::Value;

use crate::backend::Backend;
use crate::meter::Meter;
use crate::options::Common;
use crate::pattern::Pattern;

/// Longest sleep: the window ends no later than this after its time.
const TICK: Duration = Duration::from_millis(1);
/// With nothing done for so long, the server hangs.
const PATIENCE: Duration = Duration::from_secs(5);
const MAX_EVENTS: usize = 256;
const LISTENER: Token = Token(usize::MAX - 1);

/// A client's socket has an even token, a backend's an odd one.
fn client_token(number: usize) -> Token {
    Token(number * 2)
}

fn backend_token(number: usize) -> Token {
    Token(number * 2 + 1)
}

pub struct World<'a> {
    pub poll: Poll,
    pub backend: Backend,
    pub pattern: Pattern,
    pub random: Random,
    pub options: &'a Common,
    configs: Vec<Arc<ClientConfig>>,
}

/// One measurement's clients.
pub trait Clients {
    /// Something happened on a client's socket.
    fn wake(&mut self, number: usize);

    /// Does what can be done; `taken` are the bytes that came to the backend. True when there is more to do.
    fn work(
        &mut self,
        world: &mut World<'_>,
        meter: &mut Meter<'_>,
        taken: u64,
    ) -> Result<bool, String>;
}

impl<'a> World<'a> {
    pub fn new(options: &'a Common, resume: bool) -> Result<Self, String> {
        let poll = Poll::new().map_err(|error| error.to_string())?;
        let backend = Backend::bind(&options.backend, poll.registry(), LISTENER, backend_token)?;
        let mut random = Random::new(u64::from(std::process::id()));
        let clients = 0..load::pki::CLIENTS;
        let version = options.tls.version();
        let configs =
            clients.map(|client| client_config(&options.certificates, client, version, resume));
        Ok(Self {
            poll,
            backend,
            pattern: Pattern::new(&mut random),
            random,
            options,
            configs: configs.collect::<Result<_, _>>()?,
        })
    }

    /// Begins to connect, always as the same client: so each has the ticket of its connection before.
    pub fn connect(&mut self, number: usize) -> Result<TlsStream, String> {
        let explain = |error: std::io::Error| format!("{}: {error}", self.options.server);
        let mut socket = TcpStream::connect(self.options.server).map_err(explain)?;
        socket.set_nodelay(true).map_err(explain)?;
        self.poll
            .registry()
            .register(
                &mut socket,
                client_token(number),
                Interest::READABLE | Interest::WRITABLE,
            )
            .map_err(explain)?;
        let config = Arc::clone(&self.configs[number % self.configs.len()]);
        TlsStream::new(socket, config)
    }

    /// Runs until the window is over. Returns the report.
    pub fn run(mut self, clients: &mut impl Clients) -> Result<Value, String> {
        let mut events = Events::with_capacity(MAX_EVENTS);
        let mut meter = Meter::new(self.options);
        let mut more = true;
        let (mut seen, mut changed) = (0, meter.elapsed());
        loop {
            let timeout = if more { Duration::ZERO } else { TICK };
            match self.poll.poll(&mut events, Some(timeout)) {
                Err(error) if error.kind() != std::io::ErrorKind::Interrupted => {
                    return Err(error.to_string());
                }
                _ => {}
            }
            for event in &events {
                match event.token() {
                    token if self.backend.is_listener(token) => {
                        self.backend.accept(self.poll.registry())?;
                    }
                    Token(token) if token % 2 == 1 => {
                        let (read, write) = (event.is_readable(), event.is_writable());
                        self.backend.wake(token / 2, read, write);
                    }
                    Token(token) => clients.wake(token / 2),
                }
            }
            let (taken, busy) = self.backend.work(&self.pattern, &mut self.random)?;
            more = clients.work(&mut self, &mut meter, taken)? || busy;
            if let Some(report) = meter.tick() {
                return Ok(report);
            }
            if meter.units != seen {
                (seen, changed) = (meter.units, meter.elapsed());
            } else if meter.elapsed() > changed + PATIENCE {
                return Err(format!("nothing came through for {PATIENCE:?}"));
            }
        }
    }
}
