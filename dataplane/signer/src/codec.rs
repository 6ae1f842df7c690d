//! protobuf as prost does it, but a message with too many elements is refused
//! before it is decoded: two bytes on the wire can be a hundred in memory.

use prost::Message;
use prost::bytes::Buf;
use prost::encoding::{DecodeContext, decode_key, skip_field};
use std::marker::PhantomData;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder};
use tonic_prost::{ProstCodec, ProstDecoder, ProstEncoder};

use crate::limits::MAX_ITEMS_PER_BATCH;

pub struct BoundedCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for BoundedCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for BoundedCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = BoundedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::default().encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        BoundedDecoder(ProstDecoder::default())
    }
}

pub struct BoundedDecoder<U>(ProstDecoder<U>);

impl<U: Message + Default> Decoder for BoundedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        // tonic hands over one whole message in one piece.
        let whole = buf.chunk();
        if whole.len() != buf.remaining() {
            return Err(Status::internal("a message arrived in pieces"));
        }
        check_fields(whole)?;
        self.0.decode(buf)
    }
}

/// Walks the fields of the outermost message, without looking inside.
fn check_fields(mut message: &[u8]) -> Result<(), Status> {
    let malformed = |error| Status::invalid_argument(format!("not a protobuf message: {error}"));
    let mut fields = 0;
    while message.has_remaining() {
        let (tag, wire_type) = decode_key(&mut message).map_err(malformed)?;
        skip_field(wire_type, tag, &mut message, DecodeContext::default()).map_err(malformed)?;
        fields += 1;
        if fields > MAX_ITEMS_PER_BATCH {
            return Err(Status::resource_exhausted(format!(
                "a message has at most {MAX_ITEMS_PER_BATCH} items; split the batch"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{SignBatchRequest, SignItem};
    use tonic::Code;

    fn batch(items: usize) -> Vec<u8> {
        SignBatchRequest {
            items: vec![SignItem::default(); items],
            ..SignBatchRequest::default()
        }
        .encode_to_vec()
    }

    #[test]
    fn as_many_items_as_allowed_pass_and_one_more_is_refused() {
        assert!(check_fields(&batch(MAX_ITEMS_PER_BATCH)).is_ok());
        let refused = check_fields(&batch(MAX_ITEMS_PER_BATCH + 1)).unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
    }

    #[test]
    fn bytes_that_are_no_message_are_refused() {
        let refused = check_fields(&[0xff; 32]).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
}
