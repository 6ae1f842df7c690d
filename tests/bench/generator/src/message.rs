// Request bodies, and the check of what comes back: gRPC's 5-byte prefix around a protobuf message.
use crate::options::{Check, Mode, Options};
use crate::signing::Signing;
use load::random::Random;

pub const PREFIX_BYTES: usize = 5;
/// Protobuf: field 1, length-delimited.
const FIELD_1_BYTES: u8 = 0x0a;

/// What every call of this run sends, and how its answers must look.
pub struct Messages {
    mode: Mode,
    check: Check,
    payload_bytes: usize,
    /// Messages of one server-streaming call.
    pub count: u64,
    vary: bool,
    /// Length of each message of a stream, without its prefix.
    part_bytes: usize,
    request: Vec<u8>,
    /// Where the payload begins in `request`.
    payload_at: usize,
    signing: Option<Signing>,
}

impl Messages {
    pub fn new(options: &Options) -> Result<Self, String> {
        let size = options.payload as usize;
        let mut message = Vec::new();
        let signing = match options.mode {
            Mode::Sign => Some(Signing::new(options, &mut message)?),
            _ => None,
        };
        if matches!(options.mode, Mode::Bidi | Mode::Flow) {
            varint_field(&mut message, 1, options.payload);
        }
        if options.mode == Mode::Flow {
            varint_field(&mut message, 2, options.count);
        }
        let mut payload_at = 0;
        if matches!(options.mode, Mode::Unary | Mode::Bidi) {
            message.push(if options.mode == Mode::Unary {
                FIELD_1_BYTES
            } else {
                0x1a
            });
            varint(&mut message, options.payload);
            payload_at = PREFIX_BYTES + message.len();
            message.resize(message.len() + size, b'b');
        }
        let mut request = vec![0];
        request.extend_from_slice(&(message.len() as u32).to_be_bytes());
        request.extend_from_slice(&message);
        let mut length = Vec::new();
        varint(&mut length, options.payload);
        Ok(Self {
            mode: options.mode,
            check: options.check,
            payload_bytes: size,
            count: u64::from(options.count),
            vary: options.vary.is_some() && options.mode == Mode::Unary,
            part_bytes: 1 + length.len() + size,
            request,
            payload_at,
            signing,
        })
    }

    /// What each call brings, as the report counts it.
    pub fn units(&self) -> u64 {
        self.signing.as_ref().map_or(1, Signing::items)
    }

    /// A first request of a stream's slot.
    pub fn request(&self) -> Vec<u8> {
        self.request.clone()
    }

    /// Gives the next call its own text, where calls differ.
    pub fn renew(&self, request: &mut [u8], random: &mut Random) {
        if let Some(signing) = &self.signing {
            signing.renew(&mut request[PREFIX_BYTES..], random);
        } else if self.vary {
            random.hex(&mut request[self.payload_at..self.payload_at + self.payload_bytes]);
        }
    }

    /// True when `message` (without its prefix) is what `request` asked for.
    pub fn answers(&self, request: &[u8], message: &[u8]) -> bool {
        match &self.signing {
            Some(signing) => signing.answers(&request[PREFIX_BYTES..], message),
            None => self.echoes(request, message),
        }
    }

    fn echoes(&self, request: &[u8], message: &[u8]) -> bool {
        let Some((&FIELD_1_BYTES, mut rest)) = message.split_first() else {
            return false;
        };
        let mut length = 0_usize;
        for shift in (0..28).step_by(7) {
            let Some((&byte, after)) = rest.split_first() else {
                return false;
            };
            rest = after;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let Some(text) = rest.get(..length) else {
            return false;
        };
        match self.check {
            Check::Length => length == self.payload_bytes,
            Check::Payload => text == &request[self.payload_at..],
        }
    }

    /// True when a stream's message may be so long.
    pub fn is_part(&self, length: usize) -> bool {
        matches!(self.mode, Mode::Bidi | Mode::Flow) && length == self.part_bytes
    }
}

pub fn varint_field(out: &mut Vec<u8>, number: u8, value: u32) {
    out.push(number << 3);
    varint(out, value);
}

pub fn varint(out: &mut Vec<u8>, value: u32) {
    let mut rest = value;
    while rest >= 128 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}
