"""A server on gRPC's C-core (grpcio), with methods that echo, fail and hang.

python server.py UNIX_PATH: listens there and on a TCP port of 127.0.0.1, and prints that port. Ends with its input.
"""

import sys
import threading
from concurrent import futures

import grpc

# Calls of Hang that their caller cancelled, or whose deadline passed.
ended = []
lock = threading.Lock()


def unary(request, context):
    sent = context.invocation_metadata()
    mine = [(key, value) for key, value in sent if key.startswith("x-")]
    context.send_initial_metadata(mine)
    context.set_trailing_metadata([("x-bytes", str(len(request))), ("x-raw-bin", b"\x00\xff")])
    return request


def fail(request, context):
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, request.decode())


def hang(_request, context):
    done = threading.Event()
    context.add_callback(done.set)
    done.wait(30)
    with lock:
        ended.append(1)
    return b""


def count(_request, _context):
    with lock:
        return str(len(ended)).encode()


def many(request, _context):
    for i in range(int(request)):
        yield bytes([i & 255]) * 20_000


def bidi(requests, _context):
    for request in requests:
        yield request


METHODS = {
    "Unary": grpc.unary_unary_rpc_method_handler(unary),
    "Fail": grpc.unary_unary_rpc_method_handler(fail),
    "Hang": grpc.unary_unary_rpc_method_handler(hang),
    "Count": grpc.unary_unary_rpc_method_handler(count),
    "Many": grpc.unary_stream_rpc_method_handler(many),
    "Bidi": grpc.stream_stream_rpc_method_handler(bidi),
}


def main():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), compression=grpc.Compression.Gzip)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("ccore.Test", METHODS),))
    server.add_insecure_port("unix:" + sys.argv[1])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(0).wait()


main()
