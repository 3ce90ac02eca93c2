package keys

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/halle-cloud/halle/internal/store"
)

// formV1 is the first byte of everything sealed: AES-256-GCM by Tink, a random nonce of 12 bytes in front and the tag
// of 16 behind. With random nonces one key is good for 2^32 values.
const formV1 = 1

// Overhead is by how many bytes a sealed value is longer than the plain one.
const Overhead = 1 + 12 + 16

// key is one reference's secret, unwrapped. The secret itself only ever derives other keys.
type key struct {
	secret  []byte
	aead    tink.AEAD
	derived sync.Map // label → [32]byte
}

func newKey(secret []byte) (*key, error) {
	k := &key{secret: secret}
	sealing := k.derive("seal v1")
	a, err := subtle.NewAESGCM(sealing[:])
	if err != nil {
		return nil, errors.New("key cannot be used for sealing")
	}
	k.aead = a
	return k, nil
}

// derive is HKDF-SHA256 (RFC 5869): knowing one derived key tells nothing about the secret nor another label.
func (k *key) derive(label string) [32]byte {
	if v, ok := k.derived.Load(label); ok {
		return v.([32]byte)
	}
	b, err := hkdf.Key(sha256.New, k.secret, nil, "halle "+label, 32)
	if err != nil {
		panic("hkdf of 32 bytes cannot fail: " + err.Error())
	}
	out := [32]byte(b)
	k.derived.Store(label, out)
	return out
}

// Ensure makes the key when it is not there and returns once it is durable. Call it before the business transaction
// that seals under it. ErrDestroyed when the reference was destroyed: a reference is never used twice.
func (r *Ring) Ensure(ctx context.Context, ref Ref) error {
	if err := ref.check(); err != nil {
		return err
	}
	if _, err := r.key(ctx, ref); !errors.Is(err, ErrUnknown) {
		return err
	}
	secret := make([]byte, keySize)
	_, _ = rand.Read(secret) // never fails: the program stops instead
	wrapped, err := r.root.wrap(ref, secret)
	if err != nil {
		return fmt.Errorf("wrap key %s: %w", ref, err)
	}
	err = r.db.Tx(ctx, func(tx *store.Tx) error { return r.insert(tx, ref, wrapped) })
	if err != nil {
		return fmt.Errorf("make key %s: %w", ref, err)
	}
	_, err = r.key(ctx, ref)
	return err
}

// insert refuses after a rotation has retired this process's root key.
func (r *Ring) insert(tx *store.Tx, ref Ref, wrapped []byte) error {
	var current bool
	if err := tx.QueryRow("SELECT count(*) > 0 FROM root_key WHERE id = $1", r.root.id).Scan(&current); err != nil {
		return err
	}
	if !current {
		return fmt.Errorf("root key %s was rotated away: restart this process with the new root key file", r.root.id)
	}
	err := tx.Send("INSERT INTO wrapped_key (ref, root, wrapped, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (ref) DO NOTHING",
		string(ref), r.root.id, wrapped, store.At(r.now()))
	return err
}

// key gives the unwrapped key from memory or from the store: ErrUnknown, ErrDestroyed.
func (r *Ring) key(ctx context.Context, ref Ref) (*key, error) {
	k, destroyed := r.cache.get(ref)
	switch {
	case destroyed:
		return nil, fmt.Errorf("key %s: %w", ref, ErrDestroyed)
	case k != nil:
		return k, nil
	}
	from, purges := r.cache.begin()
	k, err := r.load(ctx, ref)
	if err == nil || errors.Is(err, ErrDestroyed) {
		r.cache.put(ref, k, from, purges)
	}
	return k, err
}

func (r *Ring) load(ctx context.Context, ref Ref) (*key, error) {
	var root *string
	var wrapped []byte
	var destroyed *store.Time
	err := r.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT root, wrapped, destroyed_at FROM wrapped_key WHERE ref = $1", string(ref)).Scan(&root, &wrapped, &destroyed)
	})
	switch {
	case errors.Is(err, store.ErrNone):
		return nil, fmt.Errorf("key %s: %w", ref, ErrUnknown)
	case err != nil:
		return nil, fmt.Errorf("read key %s: %w", ref, err)
	case destroyed != nil:
		return nil, fmt.Errorf("key %s: %w", ref, ErrDestroyed)
	case root == nil || r.roots[*root] == nil:
		return nil, fmt.Errorf("key %s is wrapped by a root key that this process was not given: restart it with both root files", ref)
	}
	secret, err := r.roots[*root].unwrap(ref, wrapped)
	if err != nil {
		return nil, err
	}
	return newKey(secret)
}

// Seal encrypts plaintext under the key. aad says where the value belongs, "table|row|column" by convention; Open
// needs the same. It adds Overhead bytes.
func (r *Ring) Seal(ctx context.Context, ref Ref, plaintext, aad []byte) ([]byte, error) {
	k, err := r.key(ctx, ref)
	if err != nil {
		return nil, err
	}
	body, err := k.aead.Encrypt(plaintext, aad)
	if err != nil {
		return nil, fmt.Errorf("seal under %s: too long", ref)
	}
	return append([]byte{formV1}, body...), nil
}

// Open decrypts what Seal made. ErrDestroyed when the key was destroyed, ErrSealed when the bytes or aad are not
// those of Seal.
func (r *Ring) Open(ctx context.Context, ref Ref, sealed, aad []byte) ([]byte, error) {
	k, err := r.key(ctx, ref)
	if err != nil {
		return nil, err
	}
	if len(sealed) < Overhead || sealed[0] != formV1 {
		return nil, fmt.Errorf("open under %s: %w", ref, ErrSealed)
	}
	plain, err := k.aead.Decrypt(sealed[1:], aad)
	if err != nil {
		return nil, fmt.Errorf("open under %s: %w", ref, ErrSealed)
	}
	return plain, nil
}

// MAC is the keyed hash (HMAC-SHA256) of data, to look a sealed value up without knowing it. The same purpose and
// data give the same hash for as long as the key lives.
func (r *Ring) MAC(ctx context.Context, ref Ref, purpose string, data []byte) ([32]byte, error) {
	k, err := r.key(ctx, ref)
	if err != nil {
		return [32]byte{}, err
	}
	with := k.derive("mac v1|" + purpose)
	h := hmac.New(sha256.New, with[:])
	h.Write(data)
	return [32]byte(h.Sum(nil)), nil
}

// Secret is 32 bytes derived from the key for one purpose, such as a tenant's view key or a signing seed. The same
// purpose gives the same bytes for as long as the key lives. Purposes are words of the code, never input.
func (r *Ring) Secret(ctx context.Context, ref Ref, purpose string) ([32]byte, error) {
	k, err := r.key(ctx, ref)
	if err != nil {
		return [32]byte{}, err
	}
	return k.derive("secret v1|" + purpose), nil
}
