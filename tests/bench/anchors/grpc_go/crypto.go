package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"time"

	"gatehouse/tests/bench/anchors/grpc_go/cryptopb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Signs with Go's own library and keys made at the start.
type signing struct {
	cryptopb.UnimplementedCryptoServiceServer
	rsa        *rsa.PrivateKey
	p256, p384 *ecdsa.PrivateKey
}

func newSigning() (*signing, error) {
	made := &signing{}
	var err error
	if made.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	if made.p256, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	made.p384, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	return made, err
}

var errAlgorithm = status.Error(codes.InvalidArgument, "algorithm")

func (s *signing) Sign(_ context.Context, in *cryptopb.SignRequest) (*cryptopb.SignResponse, error) {
	var signature []byte
	var err error
	switch in.Algorithm {
	case cryptopb.SigningAlgorithm_RSA_PKCS1_SHA256:
		digest := sha256.Sum256(in.Data)
		signature, err = rsa.SignPKCS1v15(nil, s.rsa, crypto.SHA256, digest[:])
	case cryptopb.SigningAlgorithm_ECDSA_P256_SHA256:
		digest := sha256.Sum256(in.Data)
		signature, err = ecdsa.SignASN1(rand.Reader, s.p256, digest[:])
	case cryptopb.SigningAlgorithm_ECDSA_P384_SHA384:
		digest := sha512.Sum384(in.Data)
		signature, err = ecdsa.SignASN1(rand.Reader, s.p384, digest[:])
	default:
		err = errAlgorithm
	}
	if err != nil {
		return nil, err
	}
	return &cryptopb.SignResponse{
		Signature:         signature,
		KeyType:           in.KeyType,
		Algorithm:         in.Algorithm,
		RequestTimestamp:  in.Timestamp,
		ResponseTimestamp: time.Now().UnixMilli(),
	}, nil
}

func (s *signing) GetPublicKey(_ context.Context, in *cryptopb.PublicKeyRequest) (*cryptopb.PublicKeyResponse, error) {
	var key any
	switch in.GetAlgorithm() {
	case cryptopb.SigningAlgorithm_RSA_PKCS1_SHA256:
		key = s.rsa.Public()
	case cryptopb.SigningAlgorithm_ECDSA_P256_SHA256:
		key = s.p256.Public()
	case cryptopb.SigningAlgorithm_ECDSA_P384_SHA384:
		key = s.p384.Public()
	default:
		return nil, errAlgorithm
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	return &cryptopb.PublicKeyResponse{
		PublicKeyDer:      der,
		KeyType:           in.KeyType,
		RequestTimestamp:  in.Timestamp,
		ResponseTimestamp: time.Now().UnixMilli(),
	}, nil
}
