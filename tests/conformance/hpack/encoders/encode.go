// golang.org/x/net/http2/hpack: reads header lists (see ../make.ts) and writes one block a line.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/net/http2/hpack"
)

func text(encoded string) string {
	bytes, err := hex.DecodeString(encoded)
	if err != nil {
		panic(err)
	}
	return string(bytes)
}

func main() {
	var block bytes.Buffer
	var encoder *hpack.Encoder
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		words := strings.Split(lines.Text(), " ")
		switch words[0] {
		case "story":
			block.Reset()
			encoder = hpack.NewEncoder(&block)
		case "table":
			size, _ := strconv.Atoi(words[1])
			encoder.SetMaxDynamicTableSizeLimit(uint32(size))
			encoder.SetMaxDynamicTableSize(uint32(size))
		case "field":
			encoder.WriteField(hpack.HeaderField{
				Name: text(words[2]), Value: text(words[3]), Sensitive: words[1] == "1",
			})
		case "end":
			fmt.Println(hex.EncodeToString(block.Bytes()))
			block.Reset()
		}
	}
}
