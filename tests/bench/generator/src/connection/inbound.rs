// What the server sends, frame by frame. Any answer that is not exactly right is an error of the run.
use super::{CONNECTION_WINDOW_BYTES, Connection, STREAM_WINDOW_BYTES, Shared};
use crate::frame::{self, HEADER_BYTES, Head, setting};
use crate::options::Mode;

impl Connection {
    pub(super) fn frames(&mut self, shared: &mut Shared) -> Result<(), String> {
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
            Some(0) if self.slots[at as usize].complete(shared) => {
                let units = shared.messages.units();
                shared.meter.call(self.slots[at as usize].began_ns, units)
            }
            Some(0) => shared.meter.error("the answer is not what was asked for"),
            Some(code) => shared.meter.error(format!("grpc-status {code}")),
            None => shared.meter.error("trailers without grpc-status"),
        }
        self.end(at, shared);
        Ok(())
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
            Mode::Unary | Mode::Sign => slot.answer(payload, shared),
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
        let answers = slot.parts(payload, shared);
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
