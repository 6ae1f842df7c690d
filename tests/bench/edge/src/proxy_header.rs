// How long the PROXY header is that a server puts before a connection, of version 1 or 2
// (haproxy's proxy-protocol.txt, 2.1 and 2.2). What it says is not looked at.

const V2_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const V2_FIXED_BYTES: usize = 16;
const V1_START: &[u8] = b"PROXY ";
/// With its line end, section 2.1.
const V1_MAX_BYTES: usize = 107;

/// Its length, when it is whole; None when more bytes are needed.
pub fn length(bytes: &[u8]) -> Result<Option<usize>, &'static str> {
    if bytes.starts_with(V2_SIGNATURE) {
        let Some(&[high, low]) = bytes.get(V2_FIXED_BYTES - 2..V2_FIXED_BYTES) else {
            return Ok(None);
        };
        let whole = V2_FIXED_BYTES + usize::from(u16::from_be_bytes([high, low]));
        return Ok((bytes.len() >= whole).then_some(whole));
    }
    if bytes.starts_with(V1_START) {
        let line = &bytes[..bytes.len().min(V1_MAX_BYTES)];
        let end = line.windows(2).position(|two| two == b"\r\n");
        return match end {
            None if bytes.len() >= V1_MAX_BYTES => Err("a PROXY line without an end"),
            end => Ok(end.map(|at| at + 2)),
        };
    }
    let begins = [V2_SIGNATURE, V1_START]
        .iter()
        .any(|all| all.starts_with(bytes));
    if begins {
        Ok(None)
    } else {
        Err("no PROXY header")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_ends_where_its_length_or_its_line_end_says() {
        let v2 = [V2_SIGNATURE, &[0x21, 0x11, 0, 3], b"abc", b"payload"].concat();
        assert_eq!(length(&v2), Ok(Some(19)));
        let v1 = b"PROXY UNKNOWN\r\npayload\r\n";
        assert_eq!(length(v1), Ok(Some(15)));
        for short in 0..19 {
            assert_eq!(length(&v2[..short]), Ok(None), "{short}");
        }
        for short in 0..15 {
            assert_eq!(length(&v1[..short]), Ok(None), "{short}");
        }
    }

    #[test]
    fn what_is_no_header_is_refused() {
        assert!(length(b"GET / HTTP/1.1").is_err());
        assert!(length(b"\r\n\r\nX").is_err());
        let endless = [V1_START, &[b'x'; V1_MAX_BYTES]].concat();
        assert!(length(&endless).is_err());
    }
}
