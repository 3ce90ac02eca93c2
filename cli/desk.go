package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/halle-cloud/halle/client"
)

// Parked are facts that a reader could not handle.
type Parked struct {
	List  parkedList  `cmd:"" default:"withargs" help:"List what readers could not do."`
	Retry parkedRetry `cmd:"" help:"Try a parked fact again now."`
	Skip  parkedSkip  `cmd:"" help:"Give a parked fact up for one reader; the reason is a fact."`
}

type parkedList struct{}

// Run lists.
func (parkedList) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.ListParked(ctx)
	if err != nil {
		return err
	}
	return list(o, l.Items, "Nothing is parked.", []string{"READER", "POSITION", "KEY", "ATTEMPTS", "AGAIN AT", "ERROR"}, func(p client.Parked) []string {
		return []string{p.Reader, fmt.Sprint(p.Position), p.Key, fmt.Sprint(p.Attempts), when(p.NextAt), p.Error}
	})
}

// parkedArg names a parked fact.
type parkedArg struct {
	Reader   string `arg:"" help:"The reader."`
	Position int64  `arg:"" help:"Position of the fact."`
}

type parkedRetry struct{ parkedArg }

// Run retries.
func (a parkedRetry) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if err := c.RetryParked(ctx, client.ParkedRef{Reader: a.Reader, Position: a.Position}); err != nil {
		return err
	}
	return o.done("It is tried again.")
}

type parkedSkip struct {
	parkedArg
	Reason string `required:"" help:"Why; it becomes a fact."`
}

// Run skips.
func (a parkedSkip) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if err := c.SkipParked(ctx, client.SkipParkedRequest{Reader: a.Reader, Position: a.Position, Reason: a.Reason}); err != nil {
		return err
	}
	return o.done("It is given up for " + a.Reader + ".")
}

// Jobs are those that failed too often.
type Jobs struct {
	List   jobsList   `cmd:"" default:"withargs" help:"List jobs that failed too often."`
	Revive jobsRevive `cmd:"" help:"Let a dead job run again."`
}

type jobsList struct{}

// Run lists.
func (jobsList) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.ListDeadJobs(ctx)
	if err != nil {
		return err
	}
	return list(o, l.Items, "No job is dead.", []string{"JOB", "KIND", "ATTEMPT", "MADE", "ERROR"}, func(j client.DeadJob) []string {
		return []string{j.ID, j.Kind, fmt.Sprint(j.Attempt), when(j.CreatedAt), j.Error}
	})
}

type jobsRevive struct {
	Job string `arg:"" help:"Id of the job."`
}

// Run revives.
func (a jobsRevive) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if err := c.ReviveJob(ctx, a.Job); err != nil {
		return err
	}
	return o.done("It runs again.")
}

// Work is what waits for a person.
type Work struct {
	List   workList   `cmd:"" default:"withargs" help:"List work orders, oldest first."`
	Answer workAnswer `cmd:"" help:"Do a work order's present step."`
}

type workList struct{}

// Run lists.
func (workList) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.ListWorkOrders(ctx)
	if err != nil {
		return err
	}
	return list(o, l.Items, "Nothing waits for a person.", []string{"OPERATION", "KIND", "FOR", "WAITS FOR", "WHAT"}, func(w client.WorkOrder) []string {
		row := []string{w.Run.ID, w.Resource.Kind, w.Resource.Org, "", w.Run.Message}
		if w.Run.Need != nil {
			row[3], row[4] = w.Run.Need.Who, w.Run.Need.Prompt
		}
		return row
	})
}

type workAnswer struct {
	Operation string `arg:"" help:"Id of the operation."`
	Answer    string `arg:"" help:"The answer as JSON."`
}

// Validate is for kong.
func (a workAnswer) Validate() error {
	if !json.Valid([]byte(a.Answer)) {
		return fmt.Errorf("the answer is no JSON: %s", a.Answer)
	}
	return nil
}

// Run answers.
func (a workAnswer) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if err := c.AnswerWorkOrder(ctx, a.Operation, json.RawMessage(a.Answer)); err != nil {
		return err
	}
	return o.done("Answered.")
}
