// One HTTP/2 connection: frames in and out, both sides' flow control, and its slots of calls.
// Any answer that is not exactly right is an error of the run, never passed over.
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{self, ErrorKind, Read, Write};

use mio::net::{TcpStream, UnixStream};

use crate::frame::{self, HEADER_BYTES, Head, setting};
use crate::message::{Messages, PREFIX_BYTES};
use crate::meter::Meter;
use crate::options::{Mode, Options};
use crate::random::Random;
use crate::request_headers::RequestHeaders;
use crate::response_headers::ResponseHeaders;

/// Never the bottleneck of a stream on loopback.
const STREAM_WINDOW_BYTES: u32 = 16 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 64 << 20;
const READ_BUFFER_BYTES: usize = 256 << 10;
/// Reads in one go: a server that is faster than us must not keep us from the clock.
const MAX_READS: usize = 16;
/// Ours are odd, RFC 9113 section 5.1.1.
const MAX_STREAM_ID: u32 = 0x7fff_ffff;

pub enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.read(into),
            Socket::Unix(stream) => stream.read(into),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.write(bytes),
            Socket::Unix(stream) => stream.write(bytes),
        }
    }
}

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

/// A place for one call at a time.
#[derive(Default)]
struct Slot {
    /// 0: free.
    stream: u32,
    /// When its call began, or should have begun.
    began_ns: u64,
    request: Vec<u8>,
    /// Bytes of `request` sent.
    sent: usize,
    /// Further copies of `request` that are to be sent.
    queued: u32,
    /// Bidi: messages sent or queued whose answer has not come.
    outstanding: u32,
    half_closed: bool,
    /// Waits for a WINDOW_UPDATE.
    blocked: bool,
    send_window: i64,
    unreturned: u32,
    headers_came: bool,
    /// Unary: a message that came in pieces. Streams: the prefix alone.
    partial: Vec<u8>,
    /// Streams: bytes of the present message still to come.
    part_left: usize,
    messages: u64,
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
        Ok(())
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

    fn frames(&mut self, shared: &mut Shared) -> Result<(), String> {
        // Taken out, so that a frame's payload can be read while the rest of the connection changes.
        let mut input = std::mem::take(&mut self.input);
        let result = self.frames_of(&input[self.input_start..self.input_end], shared);
        if let Ok(read) = result {
            self.input_start += read;
            input.copy_within(self.input_start..self.input_end, 0);
            self.input_end -= self.input_start;
            self.input_start = 0;
        }
        self.input = input;
        result?;
        if self.unblock {
            self.unblock = false;
            for at in std::mem::take(&mut self.blocked) {
                self.slots[at as usize].blocked = false;
                if self.slots[at as usize].stream != 0 {
                    self.send(at, shared.mode);
                }
            }
        }
        Ok(())
    }

    /// Returns how many bytes were whole frames.
    fn frames_of(&mut self, bytes: &[u8], shared: &mut Shared) -> Result<usize, String> {
        let mut at = 0;
        while let Some(first) = bytes[at..].first_chunk::<HEADER_BYTES>() {
            let head = frame::read_head(first);
            if head.len > frame::MAX_FRAME_BYTES {
                return Err(format!("a frame of {} bytes", head.len));
            }
            let Some(payload) = bytes.get(at + HEADER_BYTES..at + HEADER_BYTES + head.len) else {
                break;
            };
            self.frame(head, payload, shared)?;
            at += HEADER_BYTES + head.len;
        }
        Ok(at)
    }

    fn frame(&mut self, head: Head, payload: &[u8], shared: &mut Shared) -> Result<(), String> {
        match head.kind {
            frame::DATA => self.data(head, payload, shared),
            frame::HEADERS => self.headers(head, payload, shared),
            frame::SETTINGS if head.flags & frame::ACK == 0 => {
                self.settings(payload);
                Ok(())
            }
            frame::PING if head.flags & frame::ACK == 0 => {
                frame::write_head(&mut self.output, payload.len(), frame::PING, frame::ACK, 0);
                self.output.extend_from_slice(payload);
                Ok(())
            }
            frame::WINDOW_UPDATE => {
                let increment = i64::from(frame::read_u32(payload) & 0x7fff_ffff);
                if head.stream == 0 {
                    self.send_window += increment;
                } else if let Some(&at) = self.by_stream.get(&head.stream) {
                    self.slots[at as usize].send_window += increment;
                }
                self.unblock = !self.blocked.is_empty();
                Ok(())
            }
            frame::RST_STREAM => {
                if let Some(at) = self.by_stream.get(&head.stream).copied() {
                    shared
                        .meter
                        .error(format!("RST_STREAM {}", frame::read_u32(payload)));
                    self.end(at, shared);
                }
                Ok(())
            }
            frame::GOAWAY => {
                let debug = String::from_utf8_lossy(payload.get(8..).unwrap_or_default());
                Err(format!(
                    "GOAWAY {} {debug}",
                    frame::read_u32(payload.get(4..).unwrap_or_default())
                ))
            }
            frame::CONTINUATION => Err("CONTINUATION, which no answer here needs".into()),
            _ => Ok(()),
        }
    }

    fn settings(&mut self, payload: &[u8]) {
        for entry in payload.chunks_exact(6) {
            let value = frame::read_u32(&entry[2..]);
            match u16::from_be_bytes([entry[0], entry[1]]) {
                setting::HEADER_TABLE_SIZE => self.request_headers.limit_table(value as usize),
                setting::MAX_CONCURRENT_STREAMS => self.free.retain(|&slot| slot < value),
                setting::INITIAL_WINDOW_SIZE => {
                    let change = i64::from(value) - self.peer_initial_window;
                    self.peer_initial_window = i64::from(value);
                    for &at in self.by_stream.values() {
                        self.slots[at as usize].send_window += change;
                    }
                    self.unblock = !self.blocked.is_empty();
                }
                setting::MAX_FRAME_SIZE => {
                    self.peer_frame_bytes = (value as usize).min(frame::MAX_FRAME_BYTES)
                }
                _ => {}
            }
        }
        frame::write_head(&mut self.output, 0, frame::SETTINGS, frame::ACK, 0);
        self.ready = true;
    }

    fn headers(&mut self, head: Head, payload: &[u8], shared: &mut Shared) -> Result<(), String> {
        if head.flags & frame::END_HEADERS == 0 {
            return Err("HEADERS in pieces, which no answer here needs".into());
        }
        let mut block = payload;
        if head.flags & frame::PADDED != 0 {
            let padding = usize::from(*block.first().unwrap_or(&0));
            block = block
                .get(1..block.len().saturating_sub(padding))
                .ok_or("HEADERS of padding only")?;
        }
        if head.flags & frame::PRIORITY != 0 {
            block = block.get(5..).ok_or("HEADERS without its priority")?;
        }
        let fields = self.response_headers.read(block)?;
        let Some(&at) = self.by_stream.get(&head.stream) else {
            return Ok(());
        };
        let slot = &mut self.slots[at as usize];
        if !slot.headers_came && fields.http_status != Some(200) {
            shared
                .meter
                .error(format!("HTTP status {:?}", fields.http_status));
        }
        slot.headers_came = true;
        if head.flags & frame::END_STREAM == 0 {
            return Ok(());
        }
        match fields.grpc_status {
            Some(0) if self.complete(at, shared) => {
                shared.meter.call(self.slots[at as usize].began_ns)
            }
            Some(0) => shared.meter.error("the answer is not what was asked for"),
            Some(code) => shared.meter.error(format!("grpc-status {code}")),
            None => shared.meter.error("trailers without grpc-status"),
        }
        self.end(at, shared);
        Ok(())
    }

    /// True when a call that ended with OK had its whole answer.
    fn complete(&self, at: u32, shared: &Shared) -> bool {
        let slot = &self.slots[at as usize];
        match shared.mode {
            Mode::Unary => slot.messages == 1 && slot.partial.is_empty(),
            Mode::Bidi => slot.outstanding == 0 && slot.part_left == 0,
            Mode::Flow => slot.messages == shared.messages.count && slot.part_left == 0,
        }
    }

    fn end(&mut self, at: u32, shared: &mut Shared) {
        let slot = &mut self.slots[at as usize];
        self.by_stream.remove(&slot.stream);
        slot.stream = 0;
        self.free.push(at);
        if shared.endless {
            self.begin(shared.meter.now_ns, shared);
        }
    }

    fn data(&mut self, head: Head, payload: &[u8], shared: &mut Shared) -> Result<(), String> {
        self.unreturned += head.len as u32;
        if self.unreturned > CONNECTION_WINDOW_BYTES / 2 {
            frame::write_window_update(&mut self.output, 0, self.unreturned);
            self.unreturned = 0;
        }
        if head.flags & frame::PADDED != 0 {
            return Err("padded DATA, which no server here sends".into());
        }
        let Some(&at) = self.by_stream.get(&head.stream) else {
            return Ok(());
        };
        let slot = &mut self.slots[at as usize];
        slot.unreturned += head.len as u32;
        if slot.unreturned > STREAM_WINDOW_BYTES / 2 {
            frame::write_window_update(&mut self.output, head.stream, slot.unreturned);
            slot.unreturned = 0;
        }
        match shared.mode {
            Mode::Unary => unary_data(slot, payload, shared),
            Mode::Bidi | Mode::Flow => self.stream_data(at, payload, shared),
        }
        if head.flags & frame::END_STREAM != 0 && self.by_stream.contains_key(&head.stream) {
            shared.meter.error("an answer without trailers");
            self.end(at, shared);
        }
        Ok(())
    }

    fn stream_data(&mut self, at: u32, payload: &[u8], shared: &mut Shared) {
        let slot = &mut self.slots[at as usize];
        let mut rest = payload;
        let mut answers = 0;
        while !rest.is_empty() {
            if slot.part_left == 0 {
                let taken = rest.len().min(PREFIX_BYTES - slot.partial.len());
                slot.partial.extend_from_slice(&rest[..taken]);
                rest = &rest[taken..];
                if slot.partial.len() < PREFIX_BYTES {
                    break;
                }
                slot.part_left = frame::read_u32(&slot.partial[1..]) as usize;
                if slot.partial[0] != 0 || !shared.messages.is_part(slot.part_left) {
                    shared.meter.error("a message of a wrong length");
                }
                slot.partial.clear();
                continue;
            }
            let taken = rest.len().min(slot.part_left);
            rest = &rest[taken..];
            slot.part_left -= taken;
            if slot.part_left == 0 {
                slot.messages += 1;
                answers += 1;
                shared.meter.unit();
            }
        }
        if shared.mode != Mode::Bidi || answers == 0 {
            return;
        }
        if shared.endless {
            slot.queued += answers;
        } else {
            slot.outstanding = slot.outstanding.saturating_sub(answers);
            if slot.outstanding == 0 && !slot.half_closed {
                slot.half_closed = true;
                frame::write_head(
                    &mut self.output,
                    0,
                    frame::DATA,
                    frame::END_STREAM,
                    slot.stream,
                );
            }
        }
        self.send(at, shared.mode);
    }
}

fn unary_data(slot: &mut Slot, payload: &[u8], shared: &mut Shared) {
    let pieces = !slot.partial.is_empty();
    if pieces {
        slot.partial.extend_from_slice(payload);
    }
    let bytes = if pieces {
        slot.partial.as_slice()
    } else {
        payload
    };
    let length = frame::read_u32(bytes.get(1..).unwrap_or_default()) as usize;
    match bytes.split_at_checked(PREFIX_BYTES) {
        Some((prefix, message)) if message.len() >= length => {
            if prefix[0] == 0
                && message.len() == length
                && shared.messages.echoes(&slot.request, message)
            {
                slot.messages += 1;
            }
            slot.partial.clear();
        }
        _ if pieces || payload.is_empty() => {}
        _ => slot.partial.extend_from_slice(payload),
    }
}

/// Stream ids are ours and ascend: a multiplication spreads them.
#[derive(Default)]
struct StreamHasher(u64);

impl Hasher for StreamHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(u32::from(byte));
        }
    }
    fn write_u32(&mut self, id: u32) {
        self.0 = (self.0 ^ u64::from(id)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
