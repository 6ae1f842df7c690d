# hpack of python-hyper: reads header lists (see ../make.ts) and writes one block a line.
# With the argument "plain" without Huffman code.
import sys

from hpack import Encoder, HeaderTuple, NeverIndexedHeaderTuple

huffman = sys.argv[1:] != ["plain"]
encoder, fields = Encoder(), []
for line in sys.stdin:
    kind, *words = line.rstrip("\n").split(" ")
    if kind == "story":
        encoder = Encoder()
    elif kind == "table":
        encoder.header_table_size = int(words[0])
    elif kind == "field":
        field = NeverIndexedHeaderTuple if words[0] == "1" else HeaderTuple
        fields.append(field(bytes.fromhex(words[1]), bytes.fromhex(words[2])))
    elif kind == "end":
        print(encoder.encode(fields, huffman=huffman).hex())
        fields = []
