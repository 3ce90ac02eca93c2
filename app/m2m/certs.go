package m2m

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"

	"github.com/halle-cloud/halle/internal/durable"
)

// tlsConfig loads the certificate, or makes an authority and a certificate for the configured hosts. The authority's
// key is not kept: ca.pem signs this one certificate.
func tlsConfig(cfg Config) (*tls.Config, error) {
	cert, key := cfg.path(cfg.Cert), cfg.path(cfg.Key)
	if cfg.Cert == "" {
		cert, key = cfg.path("tls.crt"), cfg.path("tls.key")
		if _, err := os.Stat(cert); err != nil { // written last: without it the others are of no use
			if err := makeCerts(cfg); err != nil {
				return nil, err
			}
		}
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("m2m: load certificate: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// makeCerts writes ca.pem, tls.key and tls.crt.
func makeCerts(cfg Config) error {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("m2m: make key: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("m2m: make key: %w", err)
	}
	ca, leaf := templates(cfg, cfg.Clock())
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return fmt.Errorf("m2m: make authority: %w", err)
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return fmt.Errorf("m2m: make certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("m2m: encode key: %w", err)
	}
	for _, f := range []struct {
		name, kind string
		der        []byte
	}{
		{"ca.pem", "CERTIFICATE", caDER}, {"tls.key", "PRIVATE KEY", keyDER}, {"tls.crt", "CERTIFICATE", leafDER},
	} {
		if err := durable.Write(cfg.path(f.name), pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.der})); err != nil {
			return err
		}
	}
	return nil
}

// templates are the authority, which may sign end certificates only, and the certificate for the configured hosts.
func templates(cfg Config, now time.Time) (ca, leaf *x509.Certificate) {
	ca = &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: "Halle M2M " + cfg.Resource}, IsCA: true,
		BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0)}
	leaf = &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: cfg.Resource},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter}
	hosts := cfg.Hosts
	if len(hosts) == 0 {
		hosts = []string{"localhost", "127.0.0.1", "::1"}
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
			continue
		}
		leaf.DNSNames = append(leaf.DNSNames, h)
	}
	return ca, leaf
}

func serial() *big.Int { return new(big.Int).SetBytes(append([]byte{1}, random(15)...)) }
