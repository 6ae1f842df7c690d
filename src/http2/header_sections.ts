// A whole header block becomes a request, a response or trailers (RFC 9113 section 8), and opens its stream.
// Must never skip decoding: the HPACK state must follow even where the section is refused.
import { checkHeaders, type HeaderCheck, type Section } from "./header_check.ts";
import type { DecodedBlock } from "./block_cache.ts";
import { Closed } from "./closed_streams.ts";
import type { Core } from "./core.ts";
import type { HeaderList } from "./events.ts";
import { ErrorCode } from "./errors.ts";
import { HEADER_LIST_BOMB, HpackDecoder } from "./hpack_decoder.ts";
import { DECODER_TABLE_BYTES, MAX_INFORMATIONAL_RESPONSES } from "./limits.ts";
import type { Outbound } from "./outbound.ts";
import type { Stream } from "./stream.ts";

const NO_CONTENT = 204;
const NOT_MODIFIED = 304;

/** The meaning of header blocks, and of a body's length, which they announce. */
export class HeaderSections {
  readonly #core: Core;
  readonly #outbound: Outbound;
  readonly #decoder: HpackDecoder;
  /** The newest list that passed the check. */
  #passed: HeaderList = [];

  constructor(core: Core, outbound: Outbound) {
    this.#core = core;
    this.#outbound = outbound;
    const { maxHeaderListBytes, maxHeaderCount } = core.config;
    this.#decoder = new HpackDecoder(DECODER_TABLE_BYTES, maxHeaderListBytes, maxHeaderCount);
  }

  /** @param from the whole block is `from[start..end)` */
  receive(
    streamId: number,
    endStream: boolean,
    selfDependent: boolean,
    from: Uint8Array,
    start: number,
    end: number,
  ): void {
    const core = this.#core;
    const block = this.#decoder.decode(from, start, end);
    if (block === undefined) {
      const { error } = this.#decoder;
      if (error === HEADER_LIST_BOMB) return void core.calm(error);
      return core.fail(ErrorCode.COMPRESSION_ERROR, error, "peer");
    }
    const stream = core.find(streamId);
    if (stream !== undefined) this.#onStream(stream, block, endStream, selfDependent);
    else if (core.isServer && streamId > core.lastPeerId) {
      this.#request(streamId, block, endStream, selfDependent);
    } else this.#onGoneStream(streamId);
  }

  #request(streamId: number, block: DecodedBlock, endStream: boolean, selfDependent: boolean): void {
    const core = this.#core;
    core.lastPeerId = streamId;
    if (streamId > core.lastServedId) return void core.calm(core.floods.ignored(core.nowMs)); // the client retries it elsewhere
    if (core.streams.size + core.heldSlots >= core.config.maxConcurrentStreams) {
      return core.streamError(streamId, ErrorCode.REFUSED_STREAM, "too_many_streams");
    }
    if (selfDependent) {
      return core.streamError(streamId, ErrorCode.PROTOCOL_ERROR, "the stream depends on itself");
    }
    if (block.tooLarge) return this.#outbound.refuseHeaderList(streamId, endStream);
    const check = this.#check(block, "request");
    if (check.error !== "") return core.streamError(streamId, ErrorCode.PROTOCOL_ERROR, check.error);
    if (endStream && check.contentLength > 0) {
      return core.streamError(streamId, ErrorCode.PROTOCOL_ERROR, "content-length without a body");
    }
    const stream = core.open(streamId);
    stream.headersReceived = true;
    stream.remoteEnded = endStream;
    stream.contentLength = check.contentLength;
    core.events.onHeaders(streamId, block.headers, endStream, "initial");
  }

  #onStream(stream: Stream, block: DecodedBlock, endStream: boolean, selfDependent: boolean): void {
    const core = this.#core;
    if (stream.remoteEnded) {
      return core.streamError(stream.id, ErrorCode.STREAM_CLOSED, "HEADERS after END_STREAM");
    }
    if (selfDependent) {
      return core.streamError(stream.id, ErrorCode.PROTOCOL_ERROR, "the stream depends on itself");
    }
    if (block.tooLarge) {
      return core.streamError(stream.id, ErrorCode.ENHANCE_YOUR_CALM, "header_list_too_large");
    }
    if (!stream.headersReceived) return this.#response(stream, block, endStream);
    const check = this.#check(block, "trailers");
    let error = check.error;
    if (error === "" && !endStream) error = "trailers without END_STREAM";
    if (error === "") error = this.bodyError(stream, true);
    if (error !== "") return core.streamError(stream.id, ErrorCode.PROTOCOL_ERROR, error);
    stream.remoteEnded = true;
    core.events.onHeaders(stream.id, block.headers, true, "trailers");
    core.endIfDone(stream);
  }

  #response(stream: Stream, block: DecodedBlock, endStream: boolean): void {
    const core = this.#core;
    const check = this.#check(block, "response");
    if (check.error !== "") return core.streamError(stream.id, ErrorCode.PROTOCOL_ERROR, check.error);
    if (check.status < 200) {
      if (endStream) {
        return core.streamError(
          stream.id,
          ErrorCode.PROTOCOL_ERROR,
          "informational response with END_STREAM",
        );
      }
      if (++stream.informational > MAX_INFORMATIONAL_RESPONSES) {
        return core.streamError(stream.id, ErrorCode.ENHANCE_YOUR_CALM, "too_many_informational_responses");
      }
      return core.events.onHeaders(stream.id, block.headers, false, "informational");
    }
    stream.headersReceived = true;
    stream.contentLength = check.contentLength;
    if (check.status === NO_CONTENT || check.status === NOT_MODIFIED) stream.bodyless = true;
    if (endStream) {
      const error = this.bodyError(stream, true);
      if (error !== "") return core.streamError(stream.id, ErrorCode.PROTOCOL_ERROR, error);
      stream.remoteEnded = true;
    }
    core.events.onHeaders(stream.id, block.headers, endStream, "initial");
    if (endStream) core.endIfDone(stream);
  }

  #check(block: DecodedBlock, section: Section): HeaderCheck {
    const known = block.check;
    if (known !== undefined && known.section === section) return known;
    block.check = checkHeaders(block.headers, section, this.#passed);
    if (block.check.error === "") this.#passed = block.headers;
    return block.check;
  }

  /** Is the body, so far or as a whole, what content-length said (RFC 9113 section 8.1.1)? Empty if so. */
  bodyError(stream: Stream, ended: boolean): string {
    if (!stream.headersReceived) return "DATA before HEADERS";
    if (stream.bodyless) return stream.receivedBytes > 0 ? "a body where there can be none" : "";
    if (stream.contentLength < 0) return "";
    if (stream.receivedBytes > stream.contentLength) return "body is longer than content-length";
    return ended && stream.receivedBytes !== stream.contentLength
      ? "body is shorter than content-length"
      : "";
  }

  #onGoneStream(streamId: number): void {
    const core = this.#core;
    switch (core.howClosed(streamId)) {
      case Closed.RESET_BY_US:
      case Closed.FORGOTTEN: // sent before the peer knew (section 5.1)
        return void core.calm(core.floods.ignored(core.nowMs));
      case Closed.RESET_BY_PEER:
        return core.streamError(streamId, ErrorCode.STREAM_CLOSED, "HEADERS after RST_STREAM");
      case Closed.ENDED:
        return core.fail(ErrorCode.STREAM_CLOSED, `HEADERS on stream ${streamId}, which is closed`, "peer");
      default: // section 5.1.1: ids only rise
        return core.fail(ErrorCode.PROTOCOL_ERROR, `HEADERS on stream ${streamId}, below the newest`, "peer");
    }
  }
}
