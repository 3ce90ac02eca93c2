package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/party"
	"github.com/halle-cloud/halle/proof"
	"github.com/halle-cloud/halle/trace"
)

// Fact is something that happened, as one of those concerned sees it.
type Fact struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	Aggregate string          `json:"aggregate" doc:"what it is about"`
	Version   int64           `json:"version"`
	Actor     string          `json:"actor"`
	At        time.Time       `json:"at"`
	Erased    bool            `json:"erased,omitempty" doc:"its key was destroyed"`
	Data      json.RawMessage `json:"data,omitempty"`
}

func fact(e trace.Entry) Fact {
	return Fact{ID: e.ID, Type: e.Type, Aggregate: e.Aggregate, Version: e.Version, Actor: e.Actor, At: e.At, Erased: e.Erased, Data: e.Machine}
}

// Seal says how far a fact has come on its way into the log.
type Seal struct {
	Seq       int64  `json:"seq" doc:"number in the party's own sequence"`
	Index     uint64 `json:"index"`
	Size      uint64 `json:"size" doc:"of the newest published checkpoint"`
	Published bool   `json:"published"`
}

// ProvableFact is a fact with its place in the log.
type ProvableFact struct {
	Fact
	Seal Seal `json:"seal"`
}

// FactPath names a fact and the organisation that is concerned.
type FactPath struct {
	Fact string `path:"fact"`
	Org  string `query:"org" doc:"empty: the caller's"`
}

// concerned authorises a look at an organisation's facts: trace knows no roles.
func (s *server) concerned(ctx context.Context, c access.Caller, a access.Action, org, noun, id string) (party.Organisation, error) {
	o, err := s.Parties.Organisation(ctx, c, orgOr(org, c))
	if err != nil {
		return o, err
	}
	return o, s.Policy.Check(c, a, o.Resource(noun, id))
}

func (s *server) factRoutes() {
	const tag = "facts"
	add(s, route{method: http.MethodGet, path: "/facts", id: "listFacts", summary: "Facts that concern an organisation, newest first", tag: tag},
		func(ctx context.Context, c access.Caller, in *struct {
			Page
			Org   string `query:"org" doc:"empty: the caller's"`
			About string `query:"about" doc:"only those about one thing, oldest first"`
		}) (*Body[List[Fact]], error) {
			var before int64
			if err := unpack(in.Cursor, &before); err != nil {
				return nil, err
			}
			o, err := s.concerned(ctx, c, access.FactRead, in.Org, "fact", "")
			if err != nil {
				return nil, err
			}
			if in.About != "" {
				list, err := s.Facts.About(ctx, o.ID, in.About)
				return listOf(list, "", fact, err)
			}
			list, err := s.Facts.Timeline(ctx, o.ID, before, in.Limit)
			next := ""
			if len(list) == in.Limit {
				next = pack(list[len(list)-1].Position)
			}
			return listOf(list, next, fact, err)
		})
	add(s, route{method: http.MethodGet, path: "/facts/{fact}", id: "getFact", summary: "One fact and its place in the log", tag: tag},
		func(ctx context.Context, c access.Caller, in *FactPath) (*Body[ProvableFact], error) {
			o, err := s.concerned(ctx, c, access.FactRead, in.Org, "fact", in.Fact)
			if err != nil {
				return nil, err
			}
			e, err := s.Facts.Entry(ctx, o.ID, in.Fact)
			if err != nil {
				return nil, err
			}
			seal, err := s.Facts.Seal(ctx, s.Log, o.ID, in.Fact)
			return body(ProvableFact{Fact: fact(e), Seal: Seal(seal)}, err)
		})
	add(s, route{method: http.MethodGet, path: "/facts/{fact}/receipt", id: "getReceipt", summary: "The proof that a fact stands in the log", tag: tag},
		func(ctx context.Context, c access.Caller, in *FactPath) (*Body[proof.Receipt], error) {
			o, err := s.concerned(ctx, c, access.FactProve, in.Org, "fact", in.Fact)
			if err != nil {
				return nil, err
			}
			r, err := s.Facts.Receipt(ctx, s.Log, o.ID, in.Fact)
			return body(r, err)
		})
	s.raw(route{method: http.MethodGet, path: "/statement", id: "getStatement", summary: "All facts of an organisation, to be verified offline", tag: tag},
		"/statement", rawDoc{gives: []string{"application/x-ndjson"}, query: []string{"org"}}, s.statement)
}

func (s *server) statement(w http.ResponseWriter, r *http.Request) error {
	o, err := s.concerned(r.Context(), callerOf(r), access.FactProve, r.URL.Query().Get("org"), "fact", "")
	if err != nil {
		return err
	}
	return s.file(w, r, "application/x-ndjson", "facts-"+o.ID+".ndjson", func(w io.Writer) error {
		return s.Facts.Statement(r.Context(), s.Log, o.ID, w)
	})
}
