package kv

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/testkit"
)

// selfSigned writes a certificate for 127.0.0.1 and its key.
func selfSigned(t testing.TB) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: clock.Deadline(-time.Hour), NotAfter: clock.Deadline(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, bytes []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", secret)
}

func TestRedisOverTLS(t *testing.T) {
	t.Parallel()
	cert, key := selfSigned(t)
	server := testkit.StartRedis(t) // finds a port, which then speaks TLS
	_, port, _ := net.SplitHostPort(server.Addr)
	server.Stop()
	testkit.StartRedis(t, "--port", "0", "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "no")
	url := "rediss://127.0.0.1:" + port
	n := namespace(t, openDriver(t, url+"?skip_verify=true", nil, nil), "ns")
	put(t, n, "k", "v", PutOptions{})
	if got := get(t, n, "k"); got != "v" {
		t.Errorf("k is %q", got)
	}
	err := openDriver(t, url, nil, nil).Ping(ctx)
	wantAway(t, err, "127.0.0.1:"+port)
	if err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("a certificate that nobody signed: %v", err)
	}
}
