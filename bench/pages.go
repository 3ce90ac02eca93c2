package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	pageServices = 2000
	pageLoads    = 200
)

// pages are the first page of everything that a buyer has.
func pages() []string {
	return []string{"/", "/services", "/orders", "/invoices", "/payments", "/spending", "/disputes", "/limits", "/people", "/organisation", "/tokens", "/residency", "/data", "/data/remedies", "/activity"}
}

// pageFigure loads pages of the portal one after another, as one person, from an installation with many services of
// that customer and others.
func pageFigure() Figure {
	return Figure{Name: "any page, p99", Unit: "ms", Less: true, Held: 100, Measure: func(ctx context.Context) (r Result, err error) {
		s, err := startStage(ctx, "", nil)
		if err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, s.stop()) }()
		n := int(span(pageServices))
		s.Customers = s.Customers[:2]
		if _, err := s.services(ctx, n); err != nil && !strings.Contains(err.Error(), "services are there") {
			return r, err
		}
		body, err := json.Marshal(map[string]string{"email": s.Buyer, "password": s.Password})
		if err != nil {
			return r, err
		}
		var session struct{ Secret string }
		if err := s.call(ctx, "", "POST", "/api/v1/session", jsonHeader(), body, &session); err != nil {
			return r, err
		}
		var took []time.Duration
		slowest, worst := "", time.Duration(0)
		for i := range pageLoads {
			path := pages()[i%len(pages())]
			begin := time.Now()
			if err := s.call(ctx, session.Secret, "GET", path, http.Header{"Accept": {"text/html"}}, nil, nil); err != nil {
				return r, err
			}
			d := time.Since(begin)
			if took = append(took, d); i >= len(pages()) && d > worst {
				slowest, worst = path, d
			}
		}
		return Result{Value: ms(at(took, 0.99)), Reference: fmt.Sprintf("p50 %s ms of %s; slowest %s; %d services", number(ms(at(took, 0.5))), strings.Join(pages(), " "), slowest, n)}, nil
	}}
}
