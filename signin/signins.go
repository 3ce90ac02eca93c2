package signin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/clock"
	"github.com/halle-cloud/halle/internal/id"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/mail"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/trace"
)

// SignIns is the service. Safe for concurrent use.
type SignIns struct {
	db      *store.DB
	ring    *keys.Ring
	ids     *id.Source
	now     clock.Clock
	facts   *trace.Facts
	policy  *access.Policy
	parties *party.Parties
	outbox  *mail.Outbox
	queue   *job.Queue
	texts   *mail.Texts
	hasher  *hasher
	cache   *cache
	cfg     Config
}

// New makes the service and gives its jobs to the queue.
func New(ctx context.Context, db *store.DB, ring *keys.Ring, ids *id.Source, now clock.Clock, facts *trace.Facts, policy *access.Policy,
	parties *party.Parties, outbox *mail.Outbox, queue *job.Queue, cfg Config) (*SignIns, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Cost.check(); err != nil {
		return nil, err
	}
	texts, err := mail.LoadTexts(mailTexts, "mails", "en", "fr")
	if err != nil {
		return nil, err
	}
	s := &SignIns{db: db, ring: ring, ids: ids, now: now, facts: facts, policy: policy, parties: parties, outbox: outbox, queue: queue, texts: texts,
		cache: newCache(), cfg: cfg, hasher: &hasher{ring: ring, cost: cfg.Cost, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}}
	if s.hasher.dummy, err = s.hasher.hash(ctx, newSecret("")); err != nil {
		return nil, err
	}
	queue.Handle(jobReset, s.sendReset)
	queue.Handle(jobSweep, s.sweep)
	queue.Every(jobSweep, time.Hour)
	return s, nil
}

const jobSweep = "signin.sweep"

func (s *SignIns) sweep(ctx context.Context, _ job.Job) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error { return sweep(tx, s.now().Add(-24*time.Hour)) })
}

// newSecret is the prefix and 256 random bits as text.
func newSecret(prefix string) string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: the program stops instead
	return prefix + base64.RawURLEncoding.EncodeToString(b)
}

// hashSecret is what is stored and looked up of a secret.
func hashSecret(secret string) []byte {
	h := sha256.Sum256([]byte("halle signin " + secret))
	return h[:]
}

// SignIn opens a session for e-mail address and password. The answer and the work are the same for an unknown address
// and a wrong password. TooMany after too many attempts for one account or from one network.
func (s *SignIns) SignIn(ctx context.Context, email, password string, from Origin) (Session, error) {
	limits := s.signInLimits(email, from)
	if err := s.count(ctx, limits); err != nil {
		return Session{}, err
	}
	person, err := s.parties.PersonByEmail(ctx, email)
	if err != nil {
		return Session{}, err
	}
	var stored string
	if err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		stored, err = selectPassword(tx, person)
		return err
	}); err != nil {
		return Session{}, fmt.Errorf("sign in: %w", err)
	}
	ok, old, err := s.hasher.verify(ctx, password, stored)
	if err != nil {
		return Session{}, fmt.Errorf("sign in: %w", err)
	}
	if !ok {
		return Session{}, wrong()
	}
	fresh := ""
	if old {
		if fresh, err = s.hasher.hash(ctx, password); err != nil {
			return Session{}, err
		}
	}
	account, err := s.limitKey(ctx, limits[0])
	if err != nil {
		return Session{}, err
	}
	secret := newSecret(sessionPrefix)
	var out Session
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		// A password that was changed meanwhile opens nothing.
		if now, err := selectPassword(tx, person); err != nil || now != stored {
			return orElse(err, wrong())
		}
		if fresh != "" {
			if err := rehash(tx, person, stored, fresh); err != nil {
				return err
			}
		}
		if err := deleteAttempt(tx, account); err != nil {
			return err
		}
		out, err = s.open(tx, person, "", MethodPassword, secret, from)
		return err
	})
	return out, err
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// open writes a session of the person, acting for org, or for its oldest membership when org is "".
func (s *SignIns) open(tx *store.Tx, person, org, method, secret string, from Origin) (Session, error) {
	p, err := s.parties.Reach(tx, person)
	if err != nil {
		return Session{}, err
	}
	if p.Erased {
		return Session{}, wrong()
	}
	if org == "" {
		list, err := s.parties.Standings(tx, person)
		if err != nil {
			return Session{}, err
		}
		if len(list) > 0 {
			org = list[0].Org.ID
		}
	}
	now := s.now()
	row := sessionRow{Session: Session{ID: s.ids.New("ses"), Secret: secret, Person: person, Org: org, Method: method,
		Origin: clean(from), CreatedAt: now, SeenAt: now, EndsAt: now.Add(s.cfg.Absolute)}}
	if row.sealed, err = s.sealOrigin(tx.Context(), row); err != nil {
		return Session{}, err
	}
	if err := insertSession(tx, row, hashSecret(secret)); err != nil {
		return Session{}, fmt.Errorf("open session: %w", err)
	}
	return row.Session, s.personFact(tx, access.Caller{Person: person}, FactSessionStarted, row.ID, p.Home,
		SessionFact{Session: row.ID, Person: person, Method: method, Country: row.Origin.Country})
}

// personFact records something about a person; its home organisation owns the fact.
func (s *SignIns) personFact(tx *store.Tx, c access.Caller, kind, aggregate, home string, payload any) error {
	_, err := s.facts.Record(tx, trace.Fact{Type: kind, Aggregate: aggregate, Owner: home, Actor: c.Ref(), At: s.now(), Machine: payload})
	return err
}

// clean cuts what a client says about itself.
func clean(o Origin) Origin {
	const most = 300
	o.Agent = strings.ToValidUTF8(o.Agent[:min(len(o.Agent), most)], "")
	o.Address = o.Address[:min(len(o.Address), 64)]
	if len(o.Country) != 2 {
		o.Country = ""
	}
	return o
}

func originAAD(session string) []byte { return []byte("session|" + session + "|origin") }

func (s *SignIns) sealOrigin(ctx context.Context, row sessionRow) ([]byte, error) {
	plain, err := json.Marshal(row.Origin)
	if err != nil {
		return nil, err
	}
	return s.ring.Seal(ctx, keys.Person(row.Person), plain, originAAD(row.ID))
}

// SignUp stores a household with its first person and signs it in; a message asks to confirm the address. When the
// address is known already, the session is empty, its owner is told by mail, and nothing else happens.
func (s *SignIns) SignUp(ctx context.Context, in party.SignUp, password string, from Origin) (Session, error) {
	if err := s.count(ctx, s.joinLimits(from)); err != nil {
		return Session{}, err
	}
	if err := checkPassword(password, in.Email); err != nil {
		return Session{}, err
	}
	p, err := s.parties.PrepareSignUp(ctx, in)
	if err != nil {
		return Session{}, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return Session{}, err
	}
	secret, link := newSecret(sessionPrefix), newSecret("")
	var out Session
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		out = Session{}
		st, fresh, err := s.parties.SignUpHousehold(tx, p)
		if err != nil {
			return err
		}
		if !fresh {
			return s.mailLink(tx, st.Person, mailKnown, linkReset, link)
		}
		if err := s.setPassword(tx, st.Person, st.Org.ID, hash, "sign_up"); err != nil {
			return err
		}
		if err := s.mailLink(tx, st.Person, mailConfirm, linkConfirm, link); err != nil {
			return err
		}
		out, err = s.open(tx, st.Person, st.Org.ID, MethodSignUp, secret, from)
		return err
	})
	return out, err
}

func (s *SignIns) setPassword(tx *store.Tx, person, home, hash, how string) error {
	if err := upsertPassword(tx, person, hash, s.now()); err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	return s.personFact(tx, access.Caller{Person: person}, FactPasswordSet, person, home, PasswordFact{Person: person, How: how})
}

// AcceptInvitation joins the invited person by the secret of the link. A new person gets the password and a session; one
// that is known joins and signs in as before: then the session is empty.
func (s *SignIns) AcceptInvitation(ctx context.Context, invitation, name, password string, from Origin) (Session, error) {
	if err := s.count(ctx, s.joinLimits(from)); err != nil {
		return Session{}, err
	}
	a, err := s.parties.PrepareAcceptance(ctx, invitation, name)
	if err != nil {
		return Session{}, err
	}
	if err := checkPassword(password, a.Contact.Email); err != nil {
		return Session{}, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return Session{}, err
	}
	secret := newSecret(sessionPrefix)
	var out Session
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		out = Session{}
		st, fresh, err := s.parties.AcceptInvitation(tx, a)
		if err != nil || !fresh {
			return err
		}
		if err := s.setPassword(tx, st.Person, st.Org.ID, hash, "invitation"); err != nil {
			return err
		}
		out, err = s.open(tx, st.Person, st.Org.ID, MethodInvitation, secret, from)
		return err
	})
	return out, err
}
