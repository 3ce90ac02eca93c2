package operator

import (
	"github.com/halle-cloud/halle/billing/bank"
	"github.com/halle-cloud/halle/copies"
	"github.com/halle-cloud/halle/copies/drift"
	"github.com/halle-cloud/halle/settlement/payout"
	"github.com/halle-cloud/halle/web/design/part"
	"github.com/halle-cloud/halle/web/desk"
	"github.com/halle-cloud/halle/web/site"
)

// copyTasks are copies of data that an engine has and nobody registered, or that are missing there.
func (d *pages) copyTasks(r *site.Request) ([]desk.Task, error) {
	list, err := d.Copies.Incidents(r.Context(), r.Caller, "", true, many)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	rogue := 0
	for _, one := range list {
		if one.Kind == copies.StateUnregistered {
			rogue++
		}
	}
	if rogue == 0 {
		return one(part.Bad, r.T("operator.task.missing", "n", len(list)), r.T("operator.task.copies.ago", "ago", r.L.Ago(list[0].OpenedAt)), "/copies"), nil
	}
	sub := r.T("operator.task.copies.ago", "ago", r.L.Ago(list[0].OpenedAt))
	if rogue < len(list) {
		sub = r.T("operator.task.missing", "n", len(list)-rogue)
	}
	return one(part.Bad, r.T("operator.task.rogue", "n", rogue), sub, "/copies"), nil
}

// remedyTasks are places that are no longer allowed for what lies there; those whose deadline is over come first.
func (d *pages) remedyTasks(r *site.Request) ([]desk.Task, error) {
	list, err := d.Drifts.Remedies(r.Context(), r.Caller, drift.Filter{Limit: many})
	if err != nil {
		return nil, err
	}
	now, open, late := r.Site().Options().Now(), 0, 0
	var next drift.Remedy
	for _, one := range list {
		if one.State != drift.StateOpen {
			continue
		}
		if open++; open == 1 || one.Deadline.Before(next.Deadline) {
			next = one
		}
		if one.Overdue(now) {
			late++
		}
	}
	switch {
	case open == 0:
		return nil, nil
	case late > 0:
		return one(part.Bad, r.T("operator.task.remedies.late", "n", late), r.T("operator.task.remedies", "n", open), "/remedies"), nil
	}
	return one(part.Warn, r.T("operator.task.remedies", "n", open), r.T("operator.task.remedies.sub", "date", r.L.Date(next.Deadline)), "/remedies"), nil
}

// bankTasks are movements at the bank whose invoice was not found: a person decides.
func (d *pages) bankTasks(r *site.Request) ([]desk.Task, error) {
	list, _, err := d.Banks.Entries(r.Context(), r.Caller, bank.Desk, "")
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return one(part.Warn, r.T("operator.task.movements", "n", len(list)), r.T("operator.task.movements.sub"), "/payments/movements"), nil
}

// payoutTasks are files of payouts that wait: for a second person, or to be given to the bank.
func (d *pages) payoutTasks(r *site.Request) ([]desk.Task, error) {
	list, _, err := d.Payouts.Runs(r.Context(), r.Caller, "")
	if err != nil {
		return nil, err
	}
	var out []desk.Task
	for _, k := range list {
		if k.State == payout.Prepared || k.State == payout.Approved {
			out = append(out, one(part.Warn, r.T("operator.task.payout."+string(k.State), "amount", desk.Money(r, k.Total)), r.L.Ago(k.CreatedAt), "/payments/runs/"+k.ID)...)
		}
	}
	return out, nil
}
