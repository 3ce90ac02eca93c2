package keys

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/halle-cloud/halle/internal/store"
)

// Root wraps the keys of the store. Today it is 32 random bytes in a file; a key management service or a hardware
// module takes its place here, by answering wrap and unwrap with the same associated data and naming its key in id:
// the rest of the package sees nothing of the root key.
type Root struct {
	id   string
	aead tink.AEAD
}

const (
	keySize     = 32
	maxRootFile = 1024
)

// ID names the root key without telling anything about it; it is written beside each key that it wraps.
func (r *Root) ID() string { return r.id }

func (r *Root) wrap(ref Ref, secret []byte) ([]byte, error) {
	return r.aead.Encrypt(secret, wrapData(ref))
}

func (r *Root) unwrap(ref Ref, wrapped []byte) ([]byte, error) {
	secret, err := r.aead.Decrypt(wrapped, wrapData(ref))
	if err != nil || len(secret) != keySize {
		return nil, fmt.Errorf("the wrapped key of %s is damaged, or another root key wrapped it", ref)
	}
	return secret, nil
}

// wrapData binds a wrapped key to its reference: a row copied over another is refused.
func wrapData(ref Ref) []byte { return []byte("halle wrapped key v1|" + string(ref)) }

func newRoot(secret []byte) (*Root, error) {
	wrapping, err := hkdf.Key(sha256.New, secret, nil, "halle root v1 wrap", keySize)
	if err != nil {
		return nil, err
	}
	name, err := hkdf.Key(sha256.New, secret, nil, "halle root v1 id", 8)
	if err != nil {
		return nil, err
	}
	a, err := subtle.NewAESGCM(wrapping)
	if err != nil {
		return nil, errors.New("root key: cannot be used")
	}
	return &Root{id: hex.EncodeToString(name), aead: a}, nil
}

// LoadRoot reads the root key from its file: one line, 32 bytes in base64. It refuses a file that others than its
// owner may read or write.
func LoadRoot(file string) (*Root, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("root key %s is not a regular file", file)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("root key %s may be read by others (mode %04o): run chmod 600 on it", file, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxRootFile))
	if err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	secret, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) != keySize {
		// Never the cause: it would quote a byte of the key.
		return nil, fmt.Errorf("root key %s is not one line of 32 bytes in base64: restore it from its safe copy", file)
	}
	return newRoot(secret)
}

// CreateRoot makes a new root key in the file, complete or not at all. A file that is there already, also one that a
// rival made at the same moment, is left alone and is no error.
func CreateRoot(file string) (err error) {
	folder := filepath.Dir(file)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("root key: %w", err)
	}
	f, err := os.CreateTemp(folder, ".root-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("root key: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	secret := make([]byte, keySize)
	_, _ = rand.Read(secret) // never fails: the program stops instead
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(secret) + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("root key: %w", err)
	}
	if err := os.Link(f.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("root key: %w", err)
	}
	return syncFolder(folder)
}

func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// openRoots loads the root keys and compares them with those that the store knows.
func (r *Ring) openRoots(ctx context.Context, c Config) error {
	var known []string
	err := r.db.Read(ctx, func(tx *store.Tx) (err error) {
		known, err = store.All(tx, scanText, "SELECT id FROM root_key")
		return err
	})
	if err != nil {
		return err
	}
	if c.CreateRoot && len(known) == 0 {
		if err := CreateRoot(c.RootFile); err != nil {
			return err
		}
	}
	if r.root, err = LoadRoot(c.RootFile); err != nil {
		return err
	}
	r.roots = map[string]*Root{r.root.id: r.root}
	if c.OtherRootFile != "" {
		other, err := LoadRoot(c.OtherRootFile)
		if err != nil {
			return err
		}
		r.roots[other.id] = other
	}
	return r.db.Tx(ctx, r.admitRoot)
}

// admitRoot enters the root key into the store when the store is new, or when a root key it knows vouches for it by
// being present too. Every root that still wraps keys must be present.
func (r *Ring) admitRoot(tx *store.Tx) error {
	known, err := store.All(tx, scanText, "SELECT id FROM root_key")
	if err != nil {
		return err
	}
	for _, id := range known {
		if r.roots[id] == nil {
			return fmt.Errorf("root key %s wraps keys of this store and is not among the files given (%s): give the right file", id, r.root.id)
		}
	}
	err = tx.Send("INSERT INTO root_key (id, first_used_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING", r.root.id, store.At(r.now()))
	return err
}

func scanText(row store.Scanner) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}
