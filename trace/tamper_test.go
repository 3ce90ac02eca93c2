package trace_test

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/tessera/api"
	"golang.org/x/mod/sumdb/note"

	"github.com/halle-cloud/halle/internal/keys"
	"github.com/halle-cloud/halle/internal/store"
	"github.com/halle-cloud/halle/internal/store/storetest"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace"
	"github.com/halle-cloud/halle/trace/logtest"
)

// crime is a way to tamper with an installation of 20 facts of two parties, 40 entries.
type crime struct {
	do func(t *testing.T, s *scene)
	// found is what halle log check must say, beside other things; "" when database and log agree and only the
	// checkpoint that a witness kept (seen) tells.
	found, seen string
}

// scene is what a criminal has: everything, with the keys of the log.
type scene struct {
	*house
	l *trace.Log
}

func (s *scene) sql(t *testing.T, query string, args ...any) {
	t.Helper()
	must(t, s.db.Tx(context.Background(), func(tx *store.Tx) error {
		n, err := tx.Exec(query, args...)
		if err == nil && n == 0 {
			t.Errorf("the crime changes nothing: %s", query)
		}
		return err
	}))
}

// bundle changes the file of the entries.
func (s *scene) bundle(t *testing.T, change func(b []byte) []byte) {
	t.Helper()
	path := filepath.Join(s.l.Dir, "tile", "entries", "000.p", "40")
	b, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, change(b), 0o644))
}

const entrySize = 2 + proof.LeafSize

// sign writes the log anew from other entries and signs it with the log's own key.
func (s *scene) sign(t *testing.T, change func(entries [][]byte) [][]byte) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.l.Dir, "tile", "entries", "000.p", "40"))
	must(t, err)
	var entries api.EntryBundle
	must(t, entries.UnmarshalText(b))
	forged := &logtest.Log{Dir: s.l.Dir, Key: s.l.Key, Signer: s.signer(t), Leaves: change(entries.Entries)}
	forged.Publish(t)
}

func (s *scene) signer(t *testing.T) note.Signer {
	t.Helper()
	seed, err := s.ring.Secret(context.Background(), keys.Install("log"), "signing/ed25519/1")
	must(t, err)
	parts := strings.Split(s.l.Key, "+")
	signer, err := note.NewSigner("PRIVATE+KEY+" + parts[0] + "+" + parts[1] + "+" + base64.StdEncoding.EncodeToString(append([]byte{1}, seed[:]...)))
	must(t, err)
	return signer
}

var crimes = map[string]crime{
	"an entry flipped": {found: "entry 13 was altered", do: func(t *testing.T, s *scene) {
		s.bundle(t, func(b []byte) []byte { b[entrySize*13+40] ^= 1; return b })
	}},
	"two entries swapped": {found: "entry 3 was altered", do: func(t *testing.T, s *scene) {
		s.bundle(t, func(b []byte) []byte {
			third := append([]byte{}, b[entrySize*3:entrySize*4]...)
			copy(b[entrySize*3:], b[entrySize*4:entrySize*5])
			copy(b[entrySize*4:], third)
			return b
		})
	}},
	"the entries cut short": {found: "entries 0 and on", do: func(t *testing.T, s *scene) {
		s.bundle(t, func(b []byte) []byte { return b[:entrySize*39] })
	}},
	"the entries' file gone": {found: "entries 0 and on", do: func(t *testing.T, s *scene) {
		must(t, os.Remove(filepath.Join(s.l.Dir, "tile", "entries", "000.p", "40")))
	}},
	"signed by somebody else": {found: "the signature or the form is wrong", do: func(t *testing.T, s *scene) {
		other := logtest.New(t, "test.halle")
		other.Dir = s.l.Dir
		other.Grow(t, "x", 40)
		must(t, os.WriteFile(filepath.Join(s.l.Dir, "log.pub"), []byte(s.l.Key), 0o644))
	}},
	"swapped and signed anew": {found: "entry 3 of the log is not the one that the database numbered 3", do: func(t *testing.T, s *scene) {
		s.sign(t, func(e [][]byte) [][]byte { e[3], e[4] = e[4], e[3]; return e })
	}},
	"dropped and signed anew": {found: "entry 7 of the log is not the one that the database numbered 7", do: func(t *testing.T, s *scene) {
		s.sign(t, func(e [][]byte) [][]byte { return append(e[:7], e[8:]...) })
	}},
	"doubled and signed anew": {found: "entry 8 is entry 7 once more", do: func(t *testing.T, s *scene) {
		s.sign(t, func(e [][]byte) [][]byte { e[8] = e[7]; return e })
	}},
	"another end, signed anew": {found: "entry 30 of the log is not the one that the database numbered 30", do: func(t *testing.T, s *scene) {
		s.sign(t, func(e [][]byte) [][]byte {
			for i := 30; i < 40; i++ {
				e[i] = logtest.Leaf("x", i)
			}
			return e
		})
	}},
	"a tag used twice, signed anew": {found: "bear the same tag", do: func(t *testing.T, s *scene) {
		s.sign(t, func(e [][]byte) [][]byte { copy(e[9][17:33], e[7][17:33]); return e })
	}},
	"the log brought back alone": {found: "the log has 30 entries, the database knows of 40 in it", do: func(t *testing.T, s *scene) {
		s.sign(t, func(e [][]byte) [][]byte { return e[:30] })
	}},
	"the database brought back alone": {found: "entry 30 of the log is not in the database", do: func(t *testing.T, s *scene) { rollDatabaseBack(t, s.db, 30) }},
	"contents flipped": {found: "its contents cannot be opened", do: func(t *testing.T, s *scene) {
		s.sql(t, "UPDATE fact SET machine = $1 WHERE id = (SELECT fact FROM fact_position WHERE position = 5)", []byte("another text under no key"))
	}},
	"somebody else did it": {found: "who, when or about what was changed", do: func(t *testing.T, s *scene) {
		s.sql(t, "UPDATE fact SET actor = 'person:per_x' WHERE id = (SELECT fact FROM fact_position WHERE position = 5)")
	}},
	"another kind of fact": {found: "what the database says is not what it committed to (entry 8)", do: func(t *testing.T, s *scene) {
		s.sql(t, "UPDATE fact SET type = 'thing.undone.v1' WHERE id = (SELECT fact FROM fact_position WHERE position = 5)")
	}},
	"a root exchanged": {found: "a part of it was changed, added or taken out", do: func(t *testing.T, s *scene) {
		s.sql(t, "UPDATE fact SET root = $1 WHERE id = (SELECT fact FROM fact_position WHERE position = 5)", make([]byte, 32))
	}},
	"one party's fact hidden": {found: "entry 9 of the log is number 5 of org_b, which the database hides", do: func(t *testing.T, s *scene) {
		s.sql(t, "DELETE FROM fact_leaf WHERE leaf_no = 9")
	}},
	"a party's last fact hidden": {found: "entry 39 of the log is number 20 of org_b, which the database hides", do: func(t *testing.T, s *scene) {
		s.sql(t, "DELETE FROM fact_leaf WHERE leaf_no = 39")
	}},
	"a fact hidden from everybody": {found: "number 5 of org_a is missing in the database", do: func(t *testing.T, s *scene) {
		s.sql(t, "DELETE FROM fact WHERE id = (SELECT fact FROM fact_position WHERE position = 5)")
		s.sql(t, "DELETE FROM fact_position WHERE position = 5")
		s.sql(t, "DELETE FROM fact_leaf WHERE position = 5")
	}},
	"a fact without contents": {found: "is gone: it has a place in the order", do: func(t *testing.T, s *scene) {
		s.sql(t, "DELETE FROM fact WHERE id = (SELECT fact FROM fact_position WHERE position = 5)")
	}},
	"a fact without a place": {found: "has no place in the order", do: func(t *testing.T, s *scene) { s.sql(t, "DELETE FROM fact_position WHERE position = 5") }},
	"given to somebody else": {found: "its tag was changed or moved", do: func(t *testing.T, s *scene) {
		s.sql(t, "UPDATE fact_leaf SET party = 'org_op', seq = 1 WHERE leaf_no = 9")
	}},
	"moved in the database": {found: "is not number", do: func(t *testing.T, s *scene) {
		s.sql(t, "UPDATE fact_leaf SET leaf = (SELECT leaf FROM fact_leaf WHERE leaf_no = 7) WHERE leaf_no = 9")
	}},
	"database and log brought back together": {seen: "the log was rolled back", do: func(t *testing.T, s *scene) {
		s.sign(t, func(e [][]byte) [][]byte { return e[:30] })
		rollDatabaseBack(t, s.db, 30)
	}},
	"database and log written anew together": {seen: "the log was forked", do: func(t *testing.T, s *scene) {
		s.sign(t, func(e [][]byte) [][]byte { return e[:30] })
		rollDatabaseBack(t, s.db, 30)
		again := openLog(t, s.house, t.TempDir()) // the criminal has the key and the leaves
		for i := range int64(6) {
			s.record(t, "other", i, "org_b")
		}
		must(t, s.facts.Drain(context.Background()))
		must(t, s.db.Tx(context.Background(), func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE fact_counter SET n = 0 WHERE name = 'logged'")
			return err
		}))
		s.pumpUntil(t, again, 42)
		s.l = again
	}},
}

// TestEveryTamperingIsFoundAndNamed: 100 %, given database, log and the witness's last checkpoint.
func TestEveryTamperingIsFoundAndNamed(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h, l := pumped(t, db, 20)
		if r, err := h.facts.Check(t.Context(), offline(t, l)); err != nil || len(r.Findings) > 0 || r.Entries != 40 || r.Facts != 20 || r.Parties != 2 {
			t.Fatalf("the honest installation: %+v %v", r, err)
		}
	})
	for name, c := range crimes {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
				h, l := pumped(t, db, 20)
				witnessed, _, err := offline(t, l).Checkpoint()
				must(t, err)
				s := &scene{house: h, l: l}
				must(t, l.Close(context.Background())) // nothing runs beside the crime
				c.do(t, s)
				c.judge(t, s, witnessed)
			})
		})
	}
}

func (c crime) judge(t *testing.T, s *scene, witnessed *log.Checkpoint) {
	t.Helper()
	r, err := s.facts.Check(t.Context(), offline(t, s.l))
	must(t, err)
	all := strings.Join(r.Findings, "\n")
	if c.found != "" && !strings.Contains(all, c.found) {
		t.Errorf("found:\n%s\nwant: %s", all, c.found)
	}
	if c.found == "" && all != "" {
		t.Errorf("only the witness should see it, but:\n%s", all)
	}
	if c.seen == "" {
		return
	}
	if r, err = s.facts.Check(t.Context(), offline(t, s.l), witnessed); err != nil || !strings.Contains(strings.Join(r.Findings, "\n"), c.seen) {
		t.Errorf("beside the witness's checkpoint: %v %v, want %q", r.Findings, err, c.seen)
	}
}

// TestAnAcceptedLossIsToldToEverybody: a database older than the log is refused, and after a person accepted the loss
// numbers are not given again, and every statement verifies and names what was lost.
func TestAnAcceptedLossIsToldToEverybody(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h, l := pumped(t, db, 20)
		ctx := context.Background()
		rollDatabaseBack(t, db, 30)
		if err := h.facts.Reconcile(ctx, l); err == nil || !strings.Contains(err.Error(), "halle log accept") {
			t.Fatalf("a database older than the log was accepted: %v", err)
		}
		if _, err := h.facts.AcceptLoss(ctx, l, "org_op", "system:test", " "); err == nil {
			t.Fatal("accepted without a reason")
		}
		lost, err := h.facts.AcceptLoss(ctx, l, "org_op", "system:test", "the disk broke")
		must(t, err)
		if len(lost) != 10 || lost[9].Party != "org_b" || lost[9].Seq != 20 {
			t.Fatalf("%+v", lost)
		}
		if _, err := h.facts.AcceptLoss(ctx, l, "org_op", "system:test", "again"); err == nil {
			t.Fatal("accepted twice")
		}
		h.record(t, "agg_0", 99, "org_b")
		must(t, h.facts.Drain(ctx))
		h.pumpUntil(t, l, 43)
		for _, party := range []string{"org_a", "org_b"} {
			r, err := proof.VerifyStatement(strings.NewReader(string(statement(t, h, l, party))), offline(t, l))
			if err != nil || r.Facts != 21 || r.Lost != 5 {
				t.Errorf("%s: %+v %v", party, r, err)
			}
		}
		if r, err := h.facts.Check(ctx, offline(t, l)); err != nil || len(r.Findings) > 0 || r.Lost != 10 {
			t.Errorf("%+v %v", r, err)
		}
		text := string(statement(t, h, l, "org_a"))
		if _, err := proof.VerifyStatement(strings.NewReader(strings.Replace(text, `halle-facts/2`, `halle-facts/1`, 1)), offline(t, l)); err == nil {
			t.Error("a statement that knows of no loss named one")
		}
	})
}

// TestADiskThatIsFull: what could not be appended is appended once the disk has room, once.
func TestADiskThatIsFull(t *testing.T) {
	storetest.Each(t, sets(), func(t *testing.T, db *store.DB) {
		h, l := pumped(t, db, 10)
		tiles := filepath.Join(l.Dir, "tile")
		must(t, os.Rename(tiles, tiles+".away"))
		must(t, os.WriteFile(tiles, nil, 0o644)) // no file below it can be made
		for i := range int64(5) {
			h.record(t, "full", i, "org_b")
		}
		must(t, h.facts.Drain(context.Background()))
		if err := h.facts.PumpOnce(context.Background(), l); err == nil {
			t.Fatal("appended to a disk that takes nothing")
		}
		must(t, os.Remove(tiles))
		must(t, os.Rename(tiles+".away", tiles))
		h.pumpUntil(t, l, 30)
		if r, err := h.facts.Check(t.Context(), offline(t, l)); err != nil || len(r.Findings) > 0 || r.Entries != 30 {
			t.Errorf("%+v %v", r, err)
		}
	})
}
