"""Echo and Sign over TLS by gRPC's C-core (grpcio), whose messages are written by hand here.

python tls_call.py HOST:PORT CA [CERT KEY]: prints {"echo": text, "signature": base64} or {"refused": code}.
Judges nothing: that is the test's.
"""

import base64
import json
import sys

import grpc

DEADLINE_S = 20


def field_one(data):
    assert len(data) < 128
    return bytes([0x0A, len(data)]) + data


def first_field(message):
    """The bytes of field 1, which both answers begin with."""
    length, at, shift = 0, 1, 0
    while True:
        byte = message[at]
        length |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return message[at : at + length]


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main(target, ca, cert=None, key=None):
    credentials = grpc.ssl_channel_credentials(read(ca), key and read(key), cert and read(cert))
    with grpc.secure_channel(target, credentials) as channel:
        try:
            echo = channel.unary_unary("/echo.EchoService/Echo")(field_one(b"by grpcio"), timeout=DEADLINE_S)
            sign = channel.unary_unary("/crypto.CryptoService/Sign")(field_one(b"signed"), timeout=DEADLINE_S)
        except grpc.RpcError as error:
            return {"refused": error.code().name}
    return {"echo": first_field(echo).decode(), "signature": base64.b64encode(first_field(sign)).decode()}


print(json.dumps(main(*sys.argv[1:])))
