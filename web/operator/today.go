package operator

import (
	"errors"
	"slices"
	"time"

	"github.com/halle-cloud/halle/access"
	"github.com/halle-cloud/halle/internal/fail"
	"github.com/halle-cloud/halle/meter"
	"github.com/halle-cloud/halle/meter/usage"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/design/states"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

const (
	many  = 100                 // things are counted up to this
	early = 60 * 24 * time.Hour // a certificate that ends sooner asks for attention
	quiet = 10 * time.Minute    // a log that published nothing for so long, with facts waiting, has a problem
)

// today is what needs somebody, one line each.
func (d *pages) today(r *site.Request) error {
	var tasks desk.Tasks
	checks := []func(*site.Request) ([]desk.Task, error){d.reviewTasks, d.resourceTasks, d.workTasks, d.invoiceTasks, d.closeTasks, d.ruleTasks, d.capTasks, d.disputeTasks, d.vatTasks,
		d.copyTasks, d.remedyTasks, d.bankTasks}
	if runs(r.Caller) {
		checks = append([]func(*site.Request) ([]desk.Task, error){d.readerTasks, d.jobTasks, d.logTasks}, append(checks, d.quarantineTasks, d.certificateTasks, d.payoutTasks)...)
	}
	for _, check := range checks {
		list, err := check(r)
		if err != nil && !fail.Is(err, fail.Denied) {
			return err
		}
		tasks.Tasks = append(tasks.Tasks, list...)
	}
	slices.SortStableFunc(tasks.Tasks, func(a, b desk.Task) int { return urgency(a.Tone) - urgency(b.Tone) })
	block := site.Block{Template: "desk/tasks", View: tasks}
	if len(tasks.Tasks) == 0 {
		block = site.Block{Template: "states.empty", View: states.Empty{Icon: "check", Title: r.T("operator.today.none"), Text: r.T("operator.today.none.text")}}
	}
	return r.OK(site.Sheet{Page: r.Page(r.T("operator.today")), Lead: r.T("operator.today.lead"), Main: []site.Block{block}})
}

// urgency orders tones: what is broken first.
func urgency(t part.Tone) int { return slices.Index([]part.Tone{part.Bad, part.Warn, part.Accent}, t) }

func one(tone part.Tone, text, sub, url string) []desk.Task {
	return []desk.Task{{Tone: tone, Text: text, Sub: sub, URL: home + url}}
}

func (d *pages) readerTasks(r *site.Request) ([]desk.Task, error) {
	list, err := d.parked(r)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return one(part.Bad, r.T("operator.task.readers", "n", len(list)), list[0].Reader+": "+list[0].Error, "/readers"), nil
}

func (d *pages) jobTasks(r *site.Request) ([]desk.Task, error) {
	list, err := d.dead(r)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return one(part.Bad, r.T("operator.task.jobs", "n", len(list)), list[0].Kind+": "+list[0].LastError, "/jobs"), nil
}

func (d *pages) logTasks(r *site.Request) ([]desk.Task, error) {
	h, err := d.Meters.Health(r.Context(), r.Caller, root(r.Caller))
	if err != nil {
		return nil, err
	}
	var out []desk.Task
	switch l := h.Log; {
	case h.Stopped != nil:
		out = one(part.Bad, r.T("operator.task.ingest"), h.Stopped.Error(), "/log")
	case l.Problem != nil:
		out = one(part.Bad, r.T("operator.task.usagelog"), l.Problem.Error(), "/log")
	case l.CopiesUp < l.Copies:
		out = one(part.Warn, r.T("operator.task.copies", "n", l.Copies, "up", l.CopiesUp), r.T("operator.task.copies.sub"), "/log")
	}
	s, err := d.logState(r)
	if err != nil || s.age < quiet || s.waiting == 0 {
		return out, err
	}
	return append(out, one(part.Bad, r.T("operator.task.log", "ago", s.age), "", "/log")...), nil
}

// disputeTasks are the disputes in which the operator has the last word.
func (d *pages) disputeTasks(r *site.Request) ([]desk.Task, error) {
	list, err := d.Meters.Disputes(r.Context(), r.Caller, r.Caller.Org, meter.DisputeFilter{State: meter.DisputeEscalated}, "", many)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return one(part.Warn, r.T("operator.task.disputes", "n", len(list)), list[0].Reason, "/disputes?state=escalated"), nil
}

func (d *pages) reviewTasks(r *site.Request) ([]desk.Task, error) {
	p, err := d.Catalogue.InReview(r.Context(), r.Caller, "", many)
	if err != nil || len(p.Versions) == 0 {
		return nil, err
	}
	name, _ := p.Versions[0].Content.Name.In(r.Lang())
	return one(part.Warn, r.T("operator.task.review", "n", len(p.Versions)), r.T("operator.task.review.sub", "name", name, "ago", r.L.Ago(p.Versions[0].SubmittedAt)), "/review"), nil
}

func (d *pages) resourceTasks(r *site.Request) ([]desk.Task, error) {
	list, err := d.Resources.Troubled(r.Context(), r.Caller, "", many)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return one(part.Bad, r.T("operator.task.resources", "n", len(list)), r.T("operator.task.resources.sub", "kind", list[0].Kind, "place", list[0].Region), "/resources?state=troubled"), nil
}

func (d *pages) workTasks(r *site.Request) ([]desk.Task, error) {
	list, err := d.Resources.WorkOrders(r.Context(), r.Caller)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return one(part.Warn, r.T("operator.task.work", "n", len(list)), prompt(list[0].Run.Need), "/work"), nil
}

func (d *pages) invoiceTasks(r *site.Request) ([]desk.Task, error) {
	p, err := d.Invoices.Unpaid(r.Context(), r.Caller, "")
	if err != nil || len(p.Invoices) == 0 {
		return nil, err
	}
	now, late := r.Site().Options().Now(), 0
	for _, i := range p.Invoices {
		if overdue(i, now) {
			late++
		}
	}
	if late > 0 {
		return one(part.Bad, r.T("operator.task.late", "n", late), r.T("operator.task.unpaid", "n", len(p.Invoices)), "/invoices"), nil
	}
	return one(part.Accent, r.T("operator.task.unpaid", "n", len(p.Invoices)), r.T("operator.task.unpaid.sub"), "/invoices"), nil
}

// capTasks are the budgets that are used up and stop something: the customer's own choice, which its people may ask about.
func (d *pages) capTasks(r *site.Request) ([]desk.Task, error) {
	list, err := d.Budgets.InForce(r.Context(), r.Caller, r.Caller.Org, many)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return one(part.Accent, r.T("operator.task.caps", "n", len(list)), r.T("operator.task.caps.sub", "ago", r.L.Ago(list[0].CappedAt)), "/organisations/"+list[0].Org), nil
}

func (d *pages) quarantineTasks(r *site.Request) ([]desk.Task, error) {
	list, err := d.Meters.Quarantine(r.Context(), r.Caller, root(r.Caller), usage.HeldFilter{}, "", many)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return one(part.Warn, r.T("operator.task.quarantine", "n", len(list)), r.T("operator.task.quarantine.sub"), "/quarantine"), nil
}

func (d *pages) certificateTasks(r *site.Request) ([]desk.Task, error) {
	facts, _, err := d.Residency.FactsNow(r.Context(), r.Caller)
	if fail.Is(err, fail.Unavailable) {
		return one(part.Warn, r.T("operator.task.regions"), r.T("operator.task.regions.sub"), "/regions/import"), nil
	}
	if err != nil {
		return nil, err
	}
	n, now := 0, r.Site().Options().Now()
	for _, c := range facts.Certificates {
		if state := certified(c, now); state != "valid" {
			n++
		}
	}
	if n == 0 {
		return nil, nil
	}
	return one(part.Warn, r.T("operator.task.certificates", "n", n), "", "/regions#certificates"), nil
}

// allowed asks for what has no use case of its own: readers and jobs of the whole installation.
func (d *pages) allowed(r *site.Request, a access.Action, noun string) error {
	if d.Policy == nil {
		return errors.New("the portal was made without a policy")
	}
	return d.Policy.Check(r.Caller, a, whole(r.Caller, noun))
}
