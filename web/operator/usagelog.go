package operator

import (
	"github.com/halle-cloud/halle/internal/batchlog"
	"github.com/halle-cloud/halle/web/design/details"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// usageLog says where received usage is kept and how safe it is there.
func usageLog(r *site.Request, s batchlog.State) details.List {
	place := desk.Pair(r.T("operator.usagelog.place"), r.T("operator.usagelog.files", "place", s.Place))
	if s.Kind == batchlog.JetStream {
		place = desk.Pair(r.T("operator.usagelog.place"), r.T("operator.usagelog.stream", "place", s.Place))
	}
	state := r.T("operator.usagelog.takes")
	if s.Problem != nil {
		state = r.T("operator.usagelog.problem", "ago", r.L.Ago(s.Since), "why", s.Problem.Error())
	}
	list := []details.Item{place, desk.Pair(r.T("desk.state"), state)}
	if s.Kind == batchlog.JetStream {
		copies := r.T("operator.usagelog.up", "up", s.CopiesUp, "n", s.Copies)
		if s.Behind > 0 {
			copies += " " + r.T("operator.usagelog.behind", "n", s.Behind)
		}
		list = append(list, desk.Pair(r.T("operator.usagelog.copies"), copies))
	}
	list = append(list, desk.Pair(r.T("operator.usagelog.synced"), r.T("operator.usagelog.synced."+string(s.Synced))),
		desk.Pair(r.T("operator.usagelog.size"), r.L.Bytes(s.Bytes)))
	return desk.Pairs(list...)
}
