package signin

import (
	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/trace"
)

// Readers are what signin does on upstream facts: who leaves an organisation takes the tokens it made there along. Its
// sessions need nothing: they lose the organisation when it is read.
func (s *SignIns) Readers() []trace.Reader {
	return []trace.Reader{{
		Name: "signin", Types: []string{party.FactMemberLeft}, From: trace.FromStart,
		Handle: func(tx *store.Tx, e trace.Entry) error {
			var left party.MemberFact
			if err := e.Into(&left); err != nil {
				return err
			}
			tokens, err := selectTokensBy(tx, left.Org, access.Caller{Person: left.Person}.Ref(), e.At)
			if err != nil {
				return err
			}
			for _, token := range tokens {
				if err := s.Revoke(tx, access.System("signin"), left.Org, token); err != nil {
					return err
				}
			}
			return nil
		},
	}}
}
