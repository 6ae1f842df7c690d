"""gRPC's C-core against the TLS port: Echo and Sign with a client certificate and without; one JSON object.

Knows no generated code: the few fields that it needs are written and read by hand.
"""
import json
import sys

import grpc

TIMEOUT_S = 8

def field(number: int, data: bytes) -> bytes:
    """A length-delimited field of less than 128 bytes."""
    return bytes([number << 3 | 2, len(data)]) + data


def first_bytes(message: bytes) -> bytes:
    """The content of the first field, which has less than 128 bytes."""
    return message[2 : 2 + message[1]]


# SignRequest: data, key_type ECC, algorithm ECDSA_P256_SHA256
SIGN = field(1, b"hello") + bytes([2 << 3, 1, 3 << 3, 2])


def call(channel, path, request):
    method = channel.unary_unary(path, request_serializer=bytes, response_deserializer=bytes)
    return method(request, timeout=TIMEOUT_S)


def outcomes(target, credentials):
    options = [("grpc.enable_retries", 0)]
    with grpc.secure_channel(target, credentials, options) as channel:
        result = {}
        for name, path, request, shown in [
            ("echo", "/echo.EchoService/Echo", field(1, b"hello"), lambda reply: first_bytes(reply).decode()),
            ("sign", "/crypto.CryptoService/Sign", SIGN, lambda reply: first_bytes(reply).hex()),
        ]:
            try:
                result[name] = shown(call(channel, path, request))
            except grpc.RpcError as error:
                result[name] = error.code().name
        return result


def main():
    target, ca, cert, key = sys.argv[1:]
    ca, cert, key = (open(path, "rb").read() for path in (ca, cert, key))
    print(
        json.dumps(
            {
                "with": outcomes(target, grpc.ssl_channel_credentials(ca, key, cert)),
                "without": outcomes(target, grpc.ssl_channel_credentials(ca)),
            }
        )
    )


main()
