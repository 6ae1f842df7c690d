// Bulk data through connections that stay, one way: from the clients to the backend or back.
use std::io::ErrorKind;

use load::tls::TlsStream;
use serde_json::Value;

use crate::clients::{Clients, World};
use crate::meter::Meter;
use crate::options::{BulkOptions, Direction};
use crate::pattern::piece_bytes;
use crate::request::{Request, Work};

const READ_BYTES: usize = 64 << 10;
/// Reads or writes of one connection before the others get their turn.
const TURNS: usize = 8;

/// # Errors
/// When a connection failed, or a byte was wrong.
pub fn run(options: &BulkOptions) -> Result<Value, String> {
    let mut world = World::new(&options.common, false)?;
    let direction = options.direction;
    let numbers = 0..options.common.connections as usize;
    let all = numbers.map(|number| Connection::open(&mut world, number, direction));
    let mut connections = Connections {
        all: all.collect::<Result<_, _>>()?,
        direction,
        scratch: vec![0; READ_BYTES].into(),
    };
    world.run(&mut connections)
}

struct Connections {
    all: Vec<Connection>,
    direction: Direction,
    scratch: Box<[u8]>,
}

struct Connection {
    stream: TlsStream,
    position: u64,
    /// There may be more to do, which epoll will not tell again.
    ready: bool,
}

impl Clients for Connections {
    fn wake(&mut self, number: usize) {
        self.all[number].ready = true;
    }

    fn work(
        &mut self,
        world: &mut World<'_>,
        meter: &mut Meter<'_>,
        taken: u64,
    ) -> Result<bool, String> {
        meter.units += taken;
        let ready = self.all.iter_mut().filter(|connection| connection.ready);
        for connection in ready {
            meter.units += match self.direction {
                Direction::Up => connection.write(world)?,
                Direction::Down => connection.read(world, &mut self.scratch)?,
            };
        }
        Ok(self.all.iter().any(|connection| connection.ready))
    }
}

impl Connection {
    fn open(world: &mut World<'_>, number: usize, direction: Direction) -> Result<Self, String> {
        let mut stream = world.connect(number)?;
        let position = world.random.bits() >> 1;
        let work = match direction {
            Direction::Up => Work::Take,
            Direction::Down => Work::Give,
        };
        stream.queue(&Request { work, position }.bytes())?;
        Ok(Self {
            stream,
            position,
            ready: false,
        })
    }

    /// Counted where it arrives, so 0 here.
    fn write(&mut self, world: &mut World<'_>) -> Result<u64, String> {
        // The handshake, and the tickets after it.
        match self.stream.read(&mut [0; 16]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(format!("a connection failed: {error}")),
            Ok(_) => return Err("bytes where none are expected".into()),
        }
        if self.stream.handshake().is_none() {
            self.ready = false;
            return self
                .stream
                .flush()
                .map(|_| 0)
                .map_err(|error| error.to_string());
        }
        for _ in 0..TURNS {
            let piece = world
                .pattern
                .from(self.position, piece_bytes(&mut world.random));
            match self.stream.write(piece) {
                Ok(written) => self.position += written as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.ready = false;
                    break;
                }
                Err(error) => return Err(format!("a connection failed: {error}")),
            }
        }
        Ok(0)
    }

    fn read(&mut self, world: &World<'_>, scratch: &mut [u8]) -> Result<u64, String> {
        self.stream.flush().map_err(|error| error.to_string())?;
        let mut came = 0;
        for _ in 0..TURNS {
            match self.stream.read(scratch) {
                Ok(0) => return Err("the server ended a connection".into()),
                Ok(read) => {
                    if !world.pattern.is_at(self.position, &scratch[..read]) {
                        return Err("the server changed a byte".into());
                    }
                    self.position += read as u64;
                    came += read as u64;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.ready = false;
                    break;
                }
                Err(error) => return Err(format!("a connection failed: {error}")),
            }
        }
        Ok(came)
    }
}
