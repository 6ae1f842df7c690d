// The header blocks of responses. A block that repeats and touches no table is known by its bytes,
// so that reading it costs a comparison; every other one goes through the HPACK decoder.
use fluke_hpack::Decoder;

/// Blocks kept: response headers and trailers, each in a form or two.
const KEPT: usize = 4;

/// What a gRPC client must look at.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Head {
    /// `:status` was there: false for trailers.
    pub http_status: Option<u16>,
    pub grpc_status: Option<u16>,
}

struct Known {
    block: Vec<u8>,
    /// The table's state that it was decoded in.
    epoch: u64,
    head: Head,
}

pub struct ResponseHeaders {
    decoder: Decoder<'static>,
    epoch: u64,
    known: Vec<Known>,
    oldest: usize,
}

impl ResponseHeaders {
    pub fn new() -> Self {
        Self {
            decoder: Decoder::new(),
            epoch: 0,
            known: Vec::new(),
            oldest: 0,
        }
    }

    pub fn read(&mut self, block: &[u8]) -> Result<Head, String> {
        for known in &self.known {
            if known.epoch == self.epoch && known.block == block {
                return Ok(known.head);
            }
        }
        let fields = self
            .decoder
            .decode(block)
            .map_err(|error| format!("HPACK: {error:?}"))?;
        let number = |value: &[u8]| str::from_utf8(value).ok()?.parse().ok();
        let mut head = Head::default();
        for (name, value) in fields {
            match name.as_slice() {
                b":status" => head.http_status = number(&value),
                b"grpc-status" => head.grpc_status = number(&value),
                _ => {}
            }
        }
        if changes_table(block) {
            self.epoch += 1;
        } else {
            self.keep(Known {
                block: block.into(),
                epoch: self.epoch,
                head,
            });
        }
        Ok(head)
    }

    fn keep(&mut self, known: Known) {
        if self.known.len() < KEPT {
            self.known.push(known);
        } else {
            self.known[self.oldest] = known;
            self.oldest = (self.oldest + 1) % KEPT;
        }
    }
}

/// RFC 7541 section 6: a literal with incremental indexing or a size update. True also for what is cut.
fn changes_table(block: &[u8]) -> bool {
    let mut rest = block;
    while let Some(&first) = rest.first() {
        let done = match first {
            0x80.. => skip_integer(&mut rest, 0x7f).is_some(),
            0x20..0x80 => false,
            _ => {
                let index = skip_integer(&mut rest, 0x0f);
                let name = index.is_some_and(|index| index > 0) || skip_string(&mut rest).is_some();
                name && skip_string(&mut rest).is_some()
            }
        };
        if !done {
            return true;
        }
    }
    false
}

fn skip_string(rest: &mut &[u8]) -> Option<()> {
    let length = skip_integer(rest, 0x7f)?;
    *rest = rest.get(length..)?;
    Some(())
}

fn skip_integer(rest: &mut &[u8], mask: u8) -> Option<usize> {
    let (first, mut tail) = rest.split_first()?;
    let mut value = usize::from(first & mask);
    if value == usize::from(mask) {
        let mut shift = 0;
        loop {
            let (byte, after) = tail.split_first()?;
            tail = after;
            value += usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
            if shift > 28 {
                return None;
            }
        }
    }
    *rest = tail;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_inserts_is_decoded_each_time_and_one_that_refers_is_kept() {
        let mut headers = ResponseHeaders::new();
        // :status 200, then grpc-status: 0 as a literal with incremental indexing.
        let inserting = [b"\x88\x40\x0bgrpc-status\x01".as_slice(), b"0"].concat();
        let expected = Head {
            http_status: Some(200),
            grpc_status: Some(0),
        };
        assert_eq!(headers.read(&inserting), Ok(expected));
        assert_eq!(headers.epoch, 1);
        for _ in 0..2 {
            assert_eq!(
                headers.read(b"\xbe"),
                Ok(Head {
                    http_status: None,
                    grpc_status: Some(0)
                })
            );
        }
        assert_eq!(headers.known.len(), 1);
        // The same byte means something else once the table has changed.
        assert_eq!(
            headers.read(b"\x40\x0bgrpc-status\x0213"),
            Ok(Head {
                http_status: None,
                grpc_status: Some(13)
            })
        );
        assert_eq!(
            headers.read(b"\xbe"),
            Ok(Head {
                http_status: None,
                grpc_status: Some(13)
            })
        );
    }

    #[test]
    fn a_cut_block_is_an_error() {
        assert!(ResponseHeaders::new().read(b"\x40\x0bgrpc").is_err());
    }
}
