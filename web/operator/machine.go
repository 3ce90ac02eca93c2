package operator

import (
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/internal/job"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/trace"
	"github.com/halle-cloud/halle/web/design/button"
	"github.com/halle-cloud/halle/web/design/code"
	"github.com/halle-cloud/halle/web/design/confirm"
	"github.com/halle-cloud/halle/web/design/form"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/table"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// parked are the facts that readers could not handle.
func (d *pages) parked(r *site.Request) ([]trace.Parked, error) {
	if err := d.allowed(r, access.ReaderRead, "reader"); err != nil {
		return nil, err
	}
	return d.Facts.Parked(r.Context())
}

func (d *pages) dead(r *site.Request) ([]job.Job, error) {
	if err := d.allowed(r, access.JobRead, "job"); err != nil {
		return nil, err
	}
	return d.Queue.Dead(r.Context())
}

func (d *pages) readers(r *site.Request) error {
	list, err := d.parked(r)
	if err != nil {
		return err
	}
	var rows []table.Row
	for _, p := range list {
		position := strconv.FormatInt(p.Position, 10)
		state := r.T("operator.parked.waits")
		var todo table.Cell
		if p.Attempts > 0 {
			state = r.T("operator.parked.next", "n", p.Attempts, "ago", r.L.Ago(p.NextAt))
			hidden := []button.Pair{{Name: "reader", Value: p.Reader}, {Name: "position", Value: position}}
			if todo, err = desk.Buttons(r, button.Button{Text: r.T("operator.parked.retry"), URL: home + "/readers/retry", Post: true, Hidden: hidden},
				button.Button{Text: r.T("operator.parked.skip"), URL: home + "/readers/skip?reader=" + p.Reader + "&position=" + position, Kind: button.Quiet}); err != nil {
				return err
			}
		}
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Two(p.Reader, r.T("operator.parked.position", "position", p.Position)), desk.Named(p.Error, p.Key), desk.Text(state), todo}})
	}
	t := desk.List(r, "readers", r.T("operator.readers"), "operator.readers.none", []table.Column{desk.Col(r.T("operator.reader")), desk.Col(r.T("operator.problem")), desk.Wide(r.T("desk.state")), desk.Col(r.T("operator.todo"))}, rows)
	return r.OK(site.Sheet{Page: page(r, r.T("operator.readers")), Lead: r.T("operator.readers.lead"), Main: []site.Block{desk.Block("", "", "", t)}})
}

func position(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fail.New(fail.Invalid, "operator.position", "This is not the position of a fact.", "Open the list of readers again.").Wrap(err)
	}
	return n, nil
}

func (d *pages) retryReader(r *site.Request) error {
	if err := d.allowed(r, access.ReaderRetry, "reader"); err != nil {
		return err
	}
	n, err := position(r.Value("position"))
	if err != nil {
		return err
	}
	if err := d.Facts.RetryNow(r.Context(), r.Value("reader"), n); err != nil {
		return err
	}
	return r.Redirect(home+"/readers", site.Done("operator.parked.retried"))
}

func skipQuestion(r *site.Request, reader, position string) confirm.Question {
	return confirm.Question{Title: r.T("operator.skip.question", "reader", reader), Action: home + "/readers/skip", Button: r.T("operator.skip.button"), Danger: true,
		Hidden: []button.Pair{{Name: "reader", Value: reader}, {Name: "position", Value: position}}, Fields: []form.Field{desk.Field(r, "reason", "operator.skip.reason", form.Text)},
		Back: part.Link{Text: r.T("operator.skip.back"), URL: home + "/readers"}, Consequences: []confirm.Consequence{{Tone: part.Bad, Text: r.T("operator.skip.a")}, {Tone: part.Good, Text: r.T("operator.skip.b")}, {Tone: part.Accent, Text: r.T("operator.skip.c")}}}
}

func (d *pages) askSkip(r *site.Request) error {
	if err := d.allowed(r, access.ReaderRetry, "reader"); err != nil {
		return err
	}
	q := r.URL.Query()
	return r.OK(site.Sheet{Page: page(r, r.T("operator.skip.title"), r.T("operator.readers"), home+"/readers"), Narrow: true,
		Main: []site.Block{{Template: "confirm", View: skipQuestion(r, q.Get("reader"), q.Get("position"))}}})
}

func (d *pages) skip(r *site.Request) error {
	if err := d.allowed(r, access.ReaderRetry, "reader"); err != nil {
		return err
	}
	n, err := position(r.Value("position"))
	if err != nil {
		return err
	}
	if reason := r.Value("reason"); reason == "" {
		question := skipQuestion(r, r.Value("reader"), r.Value("position"))
		question.Fields[0].Error = r.T("operator.skip.needed")
		return r.Show(422, site.Sheet{Page: page(r, r.T("operator.skip.title"), r.T("operator.readers"), home+"/readers"), Narrow: true, Main: []site.Block{{Template: "confirm", View: question}}})
	} else if err := d.Facts.Skip(r.Context(), root(r.Caller), r.Caller.Ref(), r.Value("reader"), n, reason); err != nil {
		return err
	}
	return r.Redirect(home+"/readers", site.Done("operator.skipped"))
}

func (d *pages) jobs(r *site.Request) error {
	list, err := d.dead(r)
	if err != nil {
		return err
	}
	var rows []table.Row
	for _, j := range list {
		todo, err := desk.Buttons(r, button.Button{Text: r.T("operator.job.revive"), URL: home + "/jobs/" + j.ID + "/revive", Post: true})
		if err != nil {
			return err
		}
		rows = append(rows, table.Row{Cells: []table.Cell{desk.Named(j.Kind, j.Key), desk.Text(j.LastError), desk.Text(r.L.Number(int64(j.Attempt))), desk.Since(r, j.CreatedAt), todo}})
	}
	t := desk.List(r, "jobs", r.T("operator.jobs"), "operator.jobs.none", []table.Column{desk.Col(r.T("operator.job")), desk.Col(r.T("operator.problem")), {Name: r.T("operator.attempt"), Numeric: true, Hidden: true}, desk.Wide(r.T("desk.since")), desk.Col(r.T("operator.todo"))}, rows)
	return r.OK(site.Sheet{Page: page(r, r.T("operator.jobs")), Lead: r.T("operator.jobs.lead"), Main: []site.Block{desk.Block("", "", "", t)}})
}

func (d *pages) revive(r *site.Request) error {
	if err := d.allowed(r, access.JobRetry, "job"); err != nil {
		return err
	}
	if err := d.Queue.Revive(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(home+"/jobs", site.Done("operator.job.revived"))
}

// held is the quarantine over all publishers.
func (d *pages) held() desk.Held {
	return desk.Held{Meters: d.Meters, Base: home + "/quarantine", Side: meter.SideOperator, Page: page, Org: func(r *site.Request) string { return root(r.Caller) }, Names: d.namesOf}
}

// disputes are all of them; the operator decides those that were brought to it.
func (d *pages) disputes() desk.Disputes {
	return desk.Disputes{Meters: d.Meters, Base: home + "/disputes", Side: meter.SideOperator, Page: page, Org: func(r *site.Request) string { return r.Caller.Org },
		May: func(r *site.Request) bool { return may(r.Caller) }, Names: d.namesOf,
		Service: func(r *site.Request, subject string) (string, string) {
			s, err := d.Subscriptions.Service(r.Context(), r.Caller, subject)
			if err != nil {
				return desk.Short(subject), ""
			}
			return s.Deal.Name, ""
		}}
}

func (d *pages) namesOf(r *site.Request) func(org string) string {
	names := d.names()
	return func(org string) string { return names.Of(r, org) }
}

// logState is how the log stands.
type logState struct {
	size, waiting uint64
	age           time.Duration
	at            time.Time
}

func (d *pages) logState(r *site.Request) (s logState, err error) {
	if d.Log == nil {
		return s, nil
	}
	if s.size, err = d.Log.Published(r.Context()); err != nil {
		return s, err
	}
	if info, err := os.Stat(filepath.Join(d.Log.Dir, "checkpoint")); err == nil {
		s.at = info.ModTime()
		s.age = max(0, r.Site().Options().Now().Sub(s.at))
	}
	latest, err := d.Facts.Timeline(r.Context(), root(r.Caller), 0, 1)
	if err != nil || len(latest) == 0 {
		return s, err
	}
	seal, err := d.Facts.Seal(r.Context(), d.Log, root(r.Caller), latest[0].ID)
	if fail.Is(err, fail.Unavailable) || err == nil && !seal.Published {
		s.waiting = 1
		return s, nil
	}
	return s, err
}

// log is the state of what is proved and what is counted.
func (d *pages) log(r *site.Request) error {
	if err := d.allowed(r, access.ReaderRead, "log"); err != nil {
		return err
	}
	s, err := d.logState(r)
	if err != nil {
		return err
	}
	h, err := d.Meters.Health(r.Context(), r.Caller, root(r.Caller))
	if err != nil {
		return err
	}
	ingest := r.T("operator.ingest.runs")
	switch {
	case h.Stopped != nil:
		ingest = r.T("operator.ingest.stopped", "why", h.Stopped.Error())
	case h.Log.Problem != nil:
		ingest = r.T("operator.ingest.refused", "why", h.Log.Problem.Error())
	}
	count := func(n uint64) string { return r.L.Number(int64(n)) }
	published := r.T("operator.log.never")
	if !s.at.IsZero() {
		published = r.L.Instant(s.at) + " (" + r.L.Ago(s.at) + ")"
	}
	sheet := site.Sheet{Page: page(r, r.T("operator.log")), Lead: r.T("operator.log.lead"), Main: []site.Block{
		{ID: "log-state", Title: r.T("operator.log.state"), Template: "details", View: desk.Pairs(desk.Pair(r.T("operator.log.size"), count(s.size)), desk.Pair(r.T("operator.log.published"), published))},
		{ID: "ingest", Title: r.T("operator.ingest"), Template: "details", View: desk.Pairs(desk.Pair(r.T("desk.state"), ingest), desk.Pair(r.T("operator.ingest.stored"), count(h.Stored)),
			desk.Pair(r.T("operator.ingest.behind"), count(h.Stored-h.Folded)), desk.Pair(r.T("operator.ingest.uncommitted"), count(h.Folded-min(h.Committed, h.Folded))), desk.Pair(r.T("operator.ingest.subjects"), r.L.Number(int64(h.Subjects))),
			desk.Pair(r.T("operator.ingest.open"), r.L.Number(int64(h.Open))), desk.Pair(r.T("operator.ingest.closed"), r.L.Number(h.Closings)))},
		{ID: "usage-log", Title: r.T("operator.usagelog"), Text: r.T("operator.usagelog.text"), Template: "details", View: usageLog(r, h.Log)}}}
	if d.Log != nil {
		sheet.Main = append(sheet.Main, site.Block{Title: r.T("operator.log.key"), Text: r.T("operator.log.key.text"), Template: "code", View: code.Block{ID: "log-key", Label: r.T("operator.log.key"), Text: d.Log.Key}})
	}
	return r.OK(sheet)
}
