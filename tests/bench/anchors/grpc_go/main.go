// The Go anchor: grpc-go, serving what the others serve. The runner sets GOMAXPROCS=1.
// Usage: grpc_go UNIX_SOCKET. Prints {"tcp": "host:port"} once it listens.
package main

//go:generate protoc -I ../../../../proto --go_out=. --go_opt=module=gatehouse/tests/bench/anchors/grpc_go,Mecho.proto=gatehouse/tests/bench/anchors/grpc_go/echopb --go-grpc_out=. --go-grpc_opt=module=gatehouse/tests/bench/anchors/grpc_go,Mecho.proto=gatehouse/tests/bench/anchors/grpc_go/echopb echo.proto
//go:generate protoc -I ../../../../proto --go_out=. --go_opt=module=gatehouse/tests/bench/anchors/grpc_go,Mcrypto.proto=gatehouse/tests/bench/anchors/grpc_go/cryptopb --go-grpc_out=. --go-grpc_opt=module=gatehouse/tests/bench/anchors/grpc_go,Mcrypto.proto=gatehouse/tests/bench/anchors/grpc_go/cryptopb crypto.proto
//go:generate protoc -I ../../proto --go_out=. --go_opt=module=gatehouse/tests/bench/anchors/grpc_go,Mbench.proto=gatehouse/tests/bench/anchors/grpc_go/benchpb --go-grpc_out=. --go-grpc_opt=module=gatehouse/tests/bench/anchors/grpc_go,Mbench.proto=gatehouse/tests/bench/anchors/grpc_go/benchpb bench.proto

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"

	"gatehouse/tests/bench/anchors/grpc_go/benchpb"
	"gatehouse/tests/bench/anchors/grpc_go/cryptopb"
	"gatehouse/tests/bench/anchors/grpc_go/echopb"
	"google.golang.org/grpc"
)

// Largest message, bytes: above the comparison's megabyte, as every anchor has it.
const maxMessageBytes = 16 << 20

type echo struct {
	echopb.UnimplementedEchoServiceServer
}

func (echo) Echo(_ context.Context, in *echopb.EchoRequest) (*echopb.EchoResponse, error) {
	return &echopb.EchoResponse{
		Payload:           in.Payload,
		RequestTimestamp:  in.Timestamp,
		ResponseTimestamp: time.Now().UnixMilli(),
	}, nil
}

type streams struct {
	benchpb.UnimplementedStreamsServer
}

func partOf(sizeBytes uint32) *benchpb.Part {
	return &benchpb.Part{Payload: bytes.Repeat([]byte{0x62}, int(min(sizeBytes, maxMessageBytes)))}
}

func (streams) Bidi(stream grpc.BidiStreamingServer[benchpb.Ask, benchpb.Part]) error {
	part := partOf(0)
	for {
		ask, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if len(part.Payload) != int(ask.SizeBytes) {
			part = partOf(ask.SizeBytes)
		}
		if err := stream.Send(part); err != nil {
			return err
		}
	}
}

func (streams) Flow(ask *benchpb.Ask, stream grpc.ServerStreamingServer[benchpb.Part]) error {
	part := partOf(ask.SizeBytes)
	for range ask.Count {
		if err := stream.Send(part); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: grpc_go UNIX_SOCKET")
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessageBytes))
	echopb.RegisterEchoServiceServer(server, echo{})
	benchpb.RegisterStreamsServer(server, streams{})
	signing, err := newSigning()
	if err != nil {
		log.Fatal(err)
	}
	cryptopb.RegisterCryptoServiceServer(server, signing)
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	unix, err := net.Listen("unix", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	ended := make(chan error)
	for _, listener := range []net.Listener{tcp, unix} {
		go func() { ended <- server.Serve(listener) }()
	}
	fmt.Printf("{\"tcp\":%q}\n", tcp.Addr())
	log.Fatal(<-ended)
}
