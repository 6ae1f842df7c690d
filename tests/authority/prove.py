"""One proven call by another implementation, from the words of access.proto: gRPC's C-core, openssl signs.

prove.py TARGET KEY.pem METHOD REQUEST_HEX; prints the response in hex, or the status.
"""
import hashlib
import subprocess
import sys
import tempfile

import grpc


def call(channel, method, request, metadata=()):
    return channel.unary_unary(method)(request, metadata=metadata, timeout=10)


def fields(message):
    """The length-delimited fields of a message, by number; others have no place in these answers."""
    found, at = {}, 0
    while at < len(message):
        tag, at = message[at], at + 1
        if tag & 7 == 0:  # a varint
            while message[at] & 0x80:
                at += 1
            at += 1
            continue
        length, at = message[at], at + 1
        assert tag & 7 == 2 and length < 0x80
        found[tag >> 3] = message[at:at + length]
        at += length
    return found


def openssl(*args):
    return subprocess.run(["openssl", *args], check=True, capture_output=True).stdout


def main(target, key, method, request):
    channel = grpc.insecure_channel(target)
    challenge = fields(call(channel, "/gatehouse.v1.Access/Challenge", b""))
    nonce, instance_id = challenge[1], challenge[2]
    parts = [b"gatehouse-proof-v1", instance_id, method.encode(), nonce + hashlib.sha256(request).digest()]
    with tempfile.NamedTemporaryFile() as signed:
        signed.write(b"\0".join(parts))
        signed.flush()
        signature = openssl("pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", signed.name)
    key_id = hashlib.sha256(openssl("pkey", "-in", key, "-pubout", "-outform", "DER")).digest()
    proof = b"".join(bytes([number << 3 | 2, len(value)]) + value
                     for number, value in [(1, key_id), (2, nonce), (3, signature)])
    try:
        print(call(channel, method, request, [("gatehouse-proof-bin", proof)]).hex())
    except grpc.RpcError as error:
        print(error.code().name)


main(sys.argv[1], sys.argv[2], sys.argv[3], bytes.fromhex(sys.argv[4]))
