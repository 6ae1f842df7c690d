// One HTTP/2 connection: its slots of calls, what they send, both sides' flow control. What comes in: inbound.rs.
// Must never send past the peer's windows.
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::io::ErrorKind;

use crate::frame::{self, setting};
use crate::message::Messages;
use crate::meter::Meter;
use crate::options::{Mode, Options};
use crate::request_headers::RequestHeaders;
use crate::response_headers::ResponseHeaders;
use crate::slot::Slot;
use crate::socket::Socket;
use crate::stream_hash::StreamHasher;
use load::random::Random;

mod inbound;

/// Never the bottleneck of a stream on loopback.
const STREAM_WINDOW_BYTES: u32 = 16 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 64 << 20;
const READ_BUFFER_BYTES: usize = 256 << 10;
/// Reads in one go: a server that is faster than us must not keep us from the clock.
const MAX_READS: usize = 16;
/// Ours are odd, RFC 9113 section 5.1.1.
const MAX_STREAM_ID: u32 = 0x7fff_ffff;

/// What the connections of a run share.
pub struct Shared {
    pub mode: Mode,
    pub messages: Messages,
    pub meter: Meter,
    pub random: Random,
    /// Slots begin their next call, and streams their next message, by themselves.
    pub endless: bool,
    /// Messages in flight of a bidirectional stream.
    pub window: u32,
}

pub struct Connection {
    pub socket: Socket,
    input: Vec<u8>,
    input_start: usize,
    input_end: usize,
    output: Vec<u8>,
    output_start: usize,
    request_headers: RequestHeaders,
    response_headers: ResponseHeaders,
    block: Vec<u8>,
    slots: Vec<Slot>,
    pub free: Vec<u32>,
    by_stream: HashMap<u32, u32, BuildHasherDefault<StreamHasher>>,
    next_stream: u32,
    send_window: i64,
    peer_initial_window: i64,
    peer_frame_bytes: usize,
    unreturned: u32,
    blocked: Vec<u32>,
    unblock: bool,
    /// The peer's SETTINGS came: calls may begin.
    pub ready: bool,
    /// There is more to read, which epoll will not tell again.
    pub unread: bool,
}

impl Connection {
    pub fn new(socket: Socket, options: &Options, messages: &Messages) -> Self {
        let mut output = frame::PREFACE.to_vec();
        frame::write_settings(
            &mut output,
            &[
                (setting::ENABLE_PUSH, 0),
                (setting::INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES),
            ],
        );
        frame::write_window_update(
            &mut output,
            0,
            CONNECTION_WINDOW_BYTES - frame::INITIAL_WINDOW_BYTES as u32,
        );
        let path = match options.mode {
            Mode::Unary => "/echo.EchoService/Echo",
            Mode::Bidi => "/gatehouse.bench.Streams/Bidi",
            Mode::Flow => "/gatehouse.bench.Streams/Flow",
            Mode::Sign if options.key.is_none() => "/crypto.CryptoService/Sign",
            Mode::Sign if options.batch > 1 => "/gatehouse.v1.Crypto/SignBatch",
            Mode::Sign => "/gatehouse.v1.Crypto/Sign",
        };
        let slot = || Slot {
            request: messages.request(),
            ..Slot::default()
        };
        Self {
            socket,
            input: vec![0; READ_BUFFER_BYTES],
            input_start: 0,
            input_end: 0,
            output,
            output_start: 0,
            request_headers: RequestHeaders::new(path, options.vary),
            response_headers: ResponseHeaders::new(),
            block: Vec::new(),
            slots: (0..options.streams).map(|_| slot()).collect(),
            free: (0..options.streams).rev().collect(),
            by_stream: HashMap::default(),
            next_stream: 1,
            send_window: frame::INITIAL_WINDOW_BYTES,
            peer_initial_window: frame::INITIAL_WINDOW_BYTES,
            peer_frame_bytes: frame::MAX_FRAME_BYTES,
            unreturned: 0,
            blocked: Vec::new(),
            unblock: false,
            ready: false,
            unread: false,
        }
    }

    /// Calls under way.
    pub fn active(&self) -> usize {
        self.by_stream.len()
    }

    /// Begins a call on a free slot. False: none is free.
    pub fn begin(&mut self, began_ns: u64, shared: &mut Shared) -> bool {
        let Some(at) = self.free.pop() else {
            return false;
        };
        if self.next_stream > MAX_STREAM_ID - 2 {
            shared
                .meter
                .error("the connection's stream ids are used up");
            return false;
        }
        let id = self.next_stream;
        self.next_stream += 2;
        self.by_stream.insert(id, at);
        let slot = &mut self.slots[at as usize];
        slot.stream = id;
        slot.began_ns = began_ns;
        slot.sent = 0;
        slot.half_closed = false;
        slot.send_window = self.peer_initial_window;
        slot.unreturned = 0;
        slot.headers_came = false;
        slot.partial.clear();
        slot.part_left = 0;
        slot.messages = 0;
        slot.queued = 0;
        if shared.mode == Mode::Bidi {
            slot.outstanding = shared.window;
            slot.queued = shared.window - 1;
        }
        shared.messages.renew(&mut slot.request, &mut shared.random);
        self.block.clear();
        self.request_headers
            .encode(&mut self.block, &mut shared.random);
        frame::write_head(
            &mut self.output,
            self.block.len(),
            frame::HEADERS,
            frame::END_HEADERS,
            id,
        );
        self.output.extend_from_slice(&self.block);
        self.send(at, shared.mode);
        true
    }

    /// Sends what the windows allow of a slot's messages.
    fn send(&mut self, at: u32, mode: Mode) {
        let slot = &mut self.slots[at as usize];
        if slot.half_closed {
            return;
        }
        loop {
            let left = slot.request.len() - slot.sent;
            if left == 0 {
                if slot.queued == 0 {
                    return;
                }
                slot.queued -= 1;
                slot.sent = 0;
                continue;
            }
            let allowed = self.send_window.min(slot.send_window).max(0) as usize;
            let size = left.min(allowed).min(self.peer_frame_bytes);
            if size == 0 {
                if !slot.blocked {
                    slot.blocked = true;
                    self.blocked.push(at);
                }
                return;
            }
            slot.half_closed = mode != Mode::Bidi && size == left;
            let flags = if slot.half_closed {
                frame::END_STREAM
            } else {
                0
            };
            frame::write_head(&mut self.output, size, frame::DATA, flags, slot.stream);
            self.output
                .extend_from_slice(&slot.request[slot.sent..slot.sent + size]);
            slot.sent += size;
            slot.send_window -= size as i64;
            self.send_window -= size as i64;
        }
    }

    /// Writes what is queued, as far as the socket takes it.
    pub fn flush(&mut self) -> Result<(), String> {
        while self.output_start < self.output.len() {
            match self.socket.write(&self.output[self.output_start..]) {
                Ok(written) => self.output_start += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(format!("write: {error}")),
            }
        }
        self.output.clear();
        self.output_start = 0;
        self.socket
            .flush()
            .map_err(|error| format!("write: {error}"))
    }

    /// Reads until the socket is empty (or `unread`), and does what the frames ask for.
    pub fn receive(&mut self, shared: &mut Shared) -> Result<(), String> {
        self.unread = false;
        for _ in 0..MAX_READS {
            let room = self.input.len() - self.input_end;
            match self.socket.read(&mut self.input[self.input_end..]) {
                Ok(0) => return Err("the server closed the connection".into()),
                Ok(size) => {
                    self.input_end += size;
                    self.frames(shared)?;
                    // epoll(7): a short read of a stream socket has emptied it.
                    if size < room {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(format!("read: {error}")),
            }
        }
        self.unread = true;
        Ok(())
    }
}
