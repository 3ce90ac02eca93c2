package provision

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/signin"
)

// SecretUsageToken is the name under which an operation gets the token with which its resource reports usage.
const SecretUsageToken = "usage_token"

// tokenLife is longer than a resource is expected to live; the token is revoked with the resource.
const tokenLife = 10 * 366 * 24 * time.Hour

// secrets gives what an operation needs to know but is never stored in the clear. The usage token's secret is derived
// from the tenant's key, so that a repeated call after a crash gives the same one and nothing need be kept.
func (s *Resources) secrets(ctx context.Context, r Resource) (map[string]string, error) {
	if r.Publisher == "" {
		return nil, nil
	}
	bits, err := s.Ring.Secret(ctx, keys.Tenant(r.Org), "usage-token/"+r.ID)
	if err != nil {
		return nil, err
	}
	secret := "hal_" + base64.RawURLEncoding.EncodeToString(bits[:])
	if r.token != "" {
		return map[string]string{SecretUsageToken: secret}, nil
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		now, err := selectResource(tx, r.ID)
		if err != nil || now.token != "" {
			return err
		}
		t, err := s.SignIns.IssueToken(tx, access.System("provision"), signin.Token{Org: r.Publisher, Name: "usage of " + r.ID,
			Roles: []access.Role{access.RolePublisher}, Scopes: []access.Action{access.UsageWrite, access.LicenceUse}, Subject: r.Subscription}, tokenLife, secret)
		if err != nil {
			return err
		}
		now.token = t.ID
		return updateResource(tx, now)
	})
	return map[string]string{SecretUsageToken: secret}, err
}

// revoke takes the token of a resource that is gone.
func (s *Resources) revoke(tx *store.Tx, r Resource) error {
	if r.token == "" {
		return nil
	}
	return s.SignIns.Revoke(tx, access.System("provision"), r.Publisher, r.token)
}
