// A place for one call at a time: what it has sent, and what came back of its messages.
use crate::connection::Shared;
use crate::frame;
use crate::message::PREFIX_BYTES;
use crate::options::Mode;

/// A place for one call at a time.
#[derive(Default)]
pub struct Slot {
    /// 0: free.
    pub stream: u32,
    /// When its call began, or should have begun.
    pub began_ns: u64,
    pub request: Vec<u8>,
    /// Bytes of `request` sent.
    pub sent: usize,
    /// Further copies of `request` that are to be sent.
    pub queued: u32,
    /// Bidi: messages sent or queued whose answer has not come.
    pub outstanding: u32,
    pub half_closed: bool,
    /// Waits for a WINDOW_UPDATE.
    pub blocked: bool,
    pub send_window: i64,
    pub unreturned: u32,
    pub headers_came: bool,
    /// Unary: a message that came in pieces. Streams: the prefix alone.
    pub partial: Vec<u8>,
    /// Streams: bytes of the present message still to come.
    pub part_left: usize,
    pub messages: u64,
}

impl Slot {
    /// True when a call that ended with OK had its whole answer.
    pub fn complete(&self, shared: &Shared) -> bool {
        match shared.mode {
            Mode::Unary | Mode::Sign => self.messages == 1 && self.partial.is_empty(),
            Mode::Bidi => self.outstanding == 0 && self.part_left == 0,
            Mode::Flow => self.messages == shared.messages.count && self.part_left == 0,
        }
    }

    /// DATA of a unary answer: counts it in `messages` when it is what was asked for.
    pub fn answer(&mut self, payload: &[u8], shared: &Shared) {
        let pieces = !self.partial.is_empty();
        if pieces {
            self.partial.extend_from_slice(payload);
        }
        let bytes = if pieces {
            self.partial.as_slice()
        } else {
            payload
        };
        let length = frame::read_u32(bytes.get(1..).unwrap_or_default()) as usize;
        match bytes.split_at_checked(PREFIX_BYTES) {
            Some((prefix, message)) if message.len() >= length => {
                let whole = prefix[0] == 0 && message.len() == length;
                if whole && shared.messages.answers(&self.request, message) {
                    self.messages += 1;
                }
                self.partial.clear();
            }
            _ if pieces || payload.is_empty() => {}
            _ => self.partial.extend_from_slice(payload),
        }
    }

    /// DATA of a stream: counts its messages, and returns how many became whole.
    pub fn parts(&mut self, payload: &[u8], shared: &mut Shared) -> u32 {
        let mut rest = payload;
        let mut whole = 0;
        while !rest.is_empty() {
            if self.part_left == 0 {
                let taken = rest.len().min(PREFIX_BYTES - self.partial.len());
                self.partial.extend_from_slice(&rest[..taken]);
                rest = &rest[taken..];
                if self.partial.len() < PREFIX_BYTES {
                    break;
                }
                self.part_left = frame::read_u32(&self.partial[1..]) as usize;
                if self.partial[0] != 0 || !shared.messages.is_part(self.part_left) {
                    shared.meter.error("a message of a wrong length");
                }
                self.partial.clear();
                continue;
            }
            let taken = rest.len().min(self.part_left);
            rest = &rest[taken..];
            self.part_left -= taken;
            if self.part_left == 0 {
                self.messages += 1;
                whole += 1;
                shared.meter.unit();
            }
        }
        whole
    }
}
