package witness

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// algCosignature is the algorithm byte of Ed25519 cosignature keys (C2SP signed-note, 0x04).
const algCosignature = 4

// GenerateKey makes a witness's secret key. The name is its address without a schema, such as witness.example.org.
func GenerateKey(name string) (secret string, err error) {
	if secret, _, err = note.GenerateKey(rand.Reader, name); err != nil {
		return "", fmt.Errorf("name of the witness: %w", err)
	}
	return secret, nil
}

// VerifierKey is what others put into their policies, of a secret key.
func VerifierKey(secret string) (string, error) {
	signer, err := fnote.NewSignerForCosignatureV1(secret)
	if err != nil {
		return "", fmt.Errorf("key of the witness: %w", err)
	}
	parts := strings.SplitN(secret, "+", 5) // PRIVATE+KEY+name+hash+key; base64 has "+" too
	seed, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return "", fmt.Errorf("key of the witness: it is no Ed25519 key")
	}
	public := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	return fmt.Sprintf("%s+%08x+%s", signer.Name(), signer.KeyHash(), base64.StdEncoding.EncodeToString(append([]byte{algCosignature}, public...))), nil
}
