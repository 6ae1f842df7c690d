"""Calls of gRPC's C-core (grpcio) to the server of tests/differential/service.ts.

python client.py TARGET: runs every case and prints one JSON object, case -> what the caller saw.
python client.py TARGET keepalive MS: one call that hangs, on a channel that pings every MS milliseconds.
Judges nothing: that is the test's.
"""

import hashlib
import json
import sys
import threading

import grpc

PREFIX = "/differential.Test/"
DEADLINE_S = 20


def digest(data):
    return "%d:%s" % (len(data), hashlib.sha256(data).hexdigest()[:16])


def pattern(size, seed=0):
    return bytes((i * 31 + seed) & 255 for i in range(size))


def script(**fields):
    return json.dumps(fields).encode()


def plain(metadata):
    out = {}
    for key, value in metadata or ():
        out.setdefault(key, []).append(value.hex() if isinstance(value, bytes) else value)
    return out


def failure(error):
    return {"code": error.code().name, "details": error.details()}


class Cases:
    def __init__(self, target):
        options = [("grpc.max_receive_message_length", -1)]
        self.channel = grpc.insecure_channel(target, options=options)
        grpc.channel_ready_future(self.channel).result(timeout=DEADLINE_S)

    def unary(self, request, method="Unary", **options):
        call = self.channel.unary_unary(PREFIX + method)
        options.setdefault("timeout", DEADLINE_S)
        try:
            response, done = call.with_call(request, **options)
        except grpc.RpcError as error:
            return failure(error)
        return {
            "code": "OK",
            "message": digest(response),
            "initial": plain(done.initial_metadata()),
            "trailers": plain(done.trailing_metadata()),
        }

    def case_unary_echo(self):
        return self.unary(b"hello")

    def case_empty_message(self):
        return self.unary(b"")

    def case_large_message(self):
        return self.unary(pattern(3 * 1024 * 1024))

    def case_too_large_message(self):
        return self.unary(pattern(4 * 1024 * 1024 + 1))

    def case_metadata(self):
        trailers = [["t-one", "1"], ["t-two-bin", "00ff10"]]
        metadata = [("x-a", "1"), ("x-a", "2"), ("x-b-bin", b"\x00\xff\x10"), ("x-b-bin", b"\xaa")]
        return self.unary(script(reflect="r-", trailers=trailers), metadata=metadata)

    def case_error(self):
        return self.unary(script(code=9, details="50% of \u00e9t\u00e9, \u4f60\u597d"))

    def case_unimplemented(self):
        return self.unary(b"", method="Nothing")

    def case_deadline(self):
        return self.unary(script(hang=True), timeout=0.1)

    def case_gzip(self):
        return self.unary(pattern(100_000), compression=grpc.Compression.Gzip)

    def case_deflate(self):
        return self.unary(pattern(100_000), compression=grpc.Compression.Deflate)

    def case_bidi(self):
        call = self.channel.stream_stream(PREFIX + "Bidi")
        requests = (pattern(i * 37, i) for i in range(100))
        return {"messages": [digest(one) for one in call(requests, timeout=DEADLINE_S)]}

    def case_bidi_gzip(self):
        call = self.channel.stream_stream(PREFIX + "Bidi")
        requests = (pattern(i * 1000, i) for i in range(20))
        responses = call(requests, timeout=DEADLINE_S, compression=grpc.Compression.Gzip)
        return {"messages": [digest(one) for one in responses]}

    def case_server_stream(self):
        call = self.channel.unary_stream(PREFIX + "ServerStream")
        responses = call(script(count=50, size=20_000, trailers=[["x-end", "yes"]]), timeout=DEADLINE_S)
        return {"messages": [digest(one) for one in responses], "trailers": plain(responses.trailing_metadata())}

    def case_client_stream(self):
        call = self.channel.stream_unary(PREFIX + "ClientStream")
        response = call((pattern(size) for size in (1, 0, 70_000)), timeout=DEADLINE_S)
        return {"text": response.decode()}

    def case_cancel(self):
        open_end = threading.Event()

        def requests():
            yield b"first"
            open_end.wait(DEADLINE_S)

        responses = self.channel.stream_stream(PREFIX + "Bidi")(requests(), timeout=DEADLINE_S)
        first = next(responses)
        responses.cancel()
        open_end.set()
        try:
            next(responses)
        except grpc.RpcError as error:
            return {"first": first.decode(), "code": error.code().name}
        return {"first": first.decode(), "code": "OK"}


def keepalive(target, time_ms):
    options = [
        ("grpc.keepalive_time_ms", time_ms),
        ("grpc.keepalive_timeout_ms", 5_000),
        ("grpc.http2.max_pings_without_data", 0),
    ]
    with grpc.insecure_channel(target, options=options) as channel:
        try:
            channel.unary_unary(PREFIX + "Unary")(script(hang=True), timeout=8)
        except grpc.RpcError as error:
            return failure(error)
    return {"code": "OK"}


def main():
    target = sys.argv[1]
    if len(sys.argv) > 2:
        print(json.dumps(keepalive(target, int(sys.argv[3]))))
        return
    cases = Cases(target)
    names = [name for name in dir(cases) if name.startswith("case_")]
    print(json.dumps({name[len("case_"):]: getattr(cases, name)() for name in names}))


main()
