// The header block of a call, encoded as grpc-go's encoder does it (x/net/http2/hpack): fields in its order,
// what repeats from the table, what is new as a literal with incremental indexing, Huffman where it is shorter.
use std::collections::VecDeque;

use crate::huffman::Huffman;
use crate::options::Vary;
use load::random::Random;

/// RFC 7541 section 4.1.
const ENTRY_OVERHEAD_BYTES: usize = 32;
/// RFC 7541: the static table's end; also the largest table that we keep, as grpc-go does.
const STATIC_ENTRIES: u64 = 61;
const MAX_TABLE_BYTES: usize = 4_096;

const METHOD_POST: u8 = 3;
const SCHEME_HTTP: u8 = 6;
const PATH: u8 = 4;
const AUTHORITY: u8 = 1;
const CONTENT_TYPE: u8 = 31;
const USER_AGENT: u8 = 58;
/// No static entry has the name.
const NEW_NAME: u8 = 0;

/// A field whose value may be in the peer's table.
struct Field {
    name: &'static [u8],
    static_name: u8,
    value: Vec<u8>,
    /// Number of the insertion that has this name, and this value: counts from 1.
    inserted: Option<u64>,
}

impl Field {
    fn new(static_name: u8, name: &'static str, value: &str) -> Self {
        Self {
            name: name.as_bytes(),
            static_name,
            value: value.into(),
            inserted: None,
        }
    }
}

/// The encoder of one connection.
pub struct RequestHeaders {
    fixed: Vec<Field>,
    varying: Vec<Field>,
    vary: Option<Vary>,
    huffman: Huffman,
    /// Sizes of what the peer's table holds, oldest first.
    table: VecDeque<usize>,
    table_bytes: usize,
    limit_bytes: usize,
    insertions: u64,
    limit_changed: bool,
}

impl RequestHeaders {
    pub fn new(path: &str, vary: Option<Vary>) -> Self {
        let fixed = vec![
            Field::new(PATH, ":path", path),
            Field::new(AUTHORITY, ":authority", "localhost"),
            Field::new(CONTENT_TYPE, "content-type", "application/grpc"),
            Field::new(USER_AGENT, "user-agent", "grpc-go/1.85.0"),
            Field::new(NEW_NAME, "te", "trailers"),
        ];
        let varying = vec![
            // 20 to 100 s: no call comes near.
            Field::new(NEW_NAME, "grpc-timeout", "20000000u"),
            // https://www.w3.org/TR/trace-context/#traceparent-header
            Field::new(
                NEW_NAME,
                "traceparent",
                &format!("00-{:032}-{:016}-01", 0, 0),
            ),
        ];
        Self {
            fixed,
            varying,
            vary,
            huffman: Huffman::new(),
            table: VecDeque::new(),
            table_bytes: 0,
            limit_bytes: MAX_TABLE_BYTES,
            insertions: 0,
            limit_changed: false,
        }
    }

    /// The peer's SETTINGS_HEADER_TABLE_SIZE.
    pub fn limit_table(&mut self, bytes: usize) {
        self.limit_bytes = bytes.min(MAX_TABLE_BYTES);
        self.limit_changed = true;
        self.evict_to(self.limit_bytes);
    }

    /// Appends the block of the next call.
    pub fn encode(&mut self, out: &mut Vec<u8>, random: &mut Random) {
        if self.limit_changed {
            self.limit_changed = false;
            integer(out, 0x20, 0x1f, self.limit_bytes as u64);
        }
        out.extend_from_slice(&[0x80 | METHOD_POST, 0x80 | SCHEME_HTTP]);
        for at in 0..self.fixed.len() {
            let mut field = std::mem::replace(&mut self.fixed[at], Field::new(0, "", ""));
            match field.inserted.and_then(|number| self.index_of(number)) {
                Some(index) => integer(out, 0x80, 0x7f, index),
                None => self.literal(out, &mut field, true),
            }
            self.fixed[at] = field;
        }
        let Some(vary) = self.vary else { return };
        for at in 0..self.varying.len() {
            let mut field = std::mem::replace(&mut self.varying[at], Field::new(0, "", ""));
            match field.name {
                b"grpc-timeout" => random.decimal(&mut field.value[..8]),
                _ => {
                    random.hex(&mut field.value[3..35]);
                    random.hex(&mut field.value[36..52]);
                }
            }
            self.literal(out, &mut field, vary == Vary::Indexed);
            self.varying[at] = field;
        }
    }

    fn literal(&mut self, out: &mut Vec<u8>, field: &mut Field, indexing: bool) {
        let (flag, mask) = if indexing { (0x40, 0x3f) } else { (0, 0x0f) };
        let known = match field.static_name {
            NEW_NAME => field.inserted.and_then(|number| self.index_of(number)),
            index => Some(u64::from(index)),
        };
        integer(out, flag, mask, known.unwrap_or(0));
        if known.is_none() {
            self.string(out, field.name);
        }
        self.string(out, &field.value);
        if indexing {
            let bytes = field.name.len() + field.value.len() + ENTRY_OVERHEAD_BYTES;
            self.evict_to(self.limit_bytes.saturating_sub(bytes));
            field.inserted = None;
            if bytes <= self.limit_bytes {
                self.table.push_back(bytes);
                self.table_bytes += bytes;
                self.insertions += 1;
                field.inserted = Some(self.insertions);
            }
        }
    }

    fn string(&self, out: &mut Vec<u8>, text: &[u8]) {
        let packed = Huffman::encoded_len(text);
        if packed < text.len() {
            integer(out, 0x80, 0x7f, packed as u64);
            self.huffman.encode(text, out);
        } else {
            integer(out, 0, 0x7f, text.len() as u64);
            out.extend_from_slice(text);
        }
    }

    /// None: evicted meanwhile.
    fn index_of(&self, number: u64) -> Option<u64> {
        let age = self.insertions - number;
        (age < self.table.len() as u64).then_some(STATIC_ENTRIES + 1 + age)
    }

    fn evict_to(&mut self, bytes: usize) {
        while self.table_bytes > bytes {
            let Some(oldest) = self.table.pop_front() else {
                return;
            };
            self.table_bytes -= oldest;
        }
    }
}

/// RFC 7541 section 5.1.
fn integer(out: &mut Vec<u8>, flag: u8, mask: u8, value: u64) {
    if value < u64::from(mask) {
        return out.push(flag | value as u8);
    }
    out.push(flag | mask);
    let mut rest = value - u64::from(mask);
    while rest >= 128 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluke_hpack::Decoder;

    const CALLS: u64 = 1_000;

    /// Decodes `CALLS` blocks with another implementation; gives the length of the last.
    fn last_len(vary: Option<Vary>, limit: usize) -> usize {
        let mut headers = RequestHeaders::new("/echo.EchoService/Echo", vary);
        let mut decoder = Decoder::new();
        if limit != MAX_TABLE_BYTES {
            headers.limit_table(limit);
        }
        let mut random = Random::new(7);
        let mut block = Vec::new();
        let mut seen = Vec::new();
        for _ in 0..CALLS {
            block.clear();
            headers.encode(&mut block, &mut random);
            let fields = decoder
                .decode(&block)
                .expect("a block that another decoder reads");
            let text = |name: &[u8]| {
                let (_, value) = fields.iter().find(|(other, _)| other == name)?;
                String::from_utf8(value.clone()).ok()
            };
            assert_eq!(text(b":path").as_deref(), Some("/echo.EchoService/Echo"));
            assert_eq!(text(b"te").as_deref(), Some("trailers"));
            assert_eq!(text(b"user-agent").as_deref(), Some("grpc-go/1.85.0"));
            assert_eq!(fields.len(), if vary.is_some() { 9 } else { 7 });
            if vary.is_some() {
                let timeout = text(b"grpc-timeout").unwrap_or_default();
                assert!(timeout.len() == 9 && timeout.ends_with('u'), "{timeout}");
                seen.push(text(b"traceparent").unwrap_or_default());
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len() as u64, if vary.is_some() { CALLS } else { 0 });
        block.len()
    }

    #[test]
    fn a_constant_call_is_one_byte_a_field() {
        assert_eq!(last_len(None, MAX_TABLE_BYTES), 7);
    }

    #[test]
    fn varying_calls_are_read_back_by_another_decoder() {
        last_len(Some(Vary::Indexed), MAX_TABLE_BYTES);
        last_len(Some(Vary::Plain), MAX_TABLE_BYTES);
    }

    #[test]
    fn a_small_table_of_the_peer_is_respected() {
        last_len(Some(Vary::Indexed), 200);
        last_len(Some(Vary::Indexed), 0);
    }
}
