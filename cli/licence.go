package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/halle-cloud/halle/client"
)

// Licence is by what right software is used.
type Licence struct {
	Show     licenceShow     `cmd:"" help:"Show the licences of a service: seats, who holds them, how often one was refused."`
	Take     licenceTake     `cmd:"" help:"Take a seat, as the software does."`
	Keep     licenceKeep     `cmd:"" help:"Say that a seat is still in use."`
	Return   licenceReturn   `cmd:"" help:"Give a seat back."`
	Assign   licenceAssign   `cmd:"" help:"Give a named seat to a person."`
	Release  licenceRelease  `cmd:"" help:"Take a named seat back."`
	Bring    licenceBring    `cmd:"" help:"Bring an own licence; it counts once its publisher has accepted it."`
	Withdraw licenceWithdraw `cmd:"" help:"Take an own licence back; its price ends at once."`
	Renew    licenceRenew    `cmd:"" help:"Renew a licence for another term."`
	Convert  licenceConvert  `cmd:"" help:"Set a licence beside a plan that is paid by use: cost by month, break-even, what is owed back; order it with --order."`
	Sold     licenceSold     `cmd:"" help:"List what was granted and what customers brought, as the publisher."`
	Accept   licenceAccept   `cmd:"" help:"Accept a customer's own licence, as its publisher."`
	Refuse   licenceRefuse   `cmd:"" help:"Refuse a customer's own licence, as its publisher."`
}

type licenceShow struct{ serviceArg }

// Run shows.
func (a licenceShow) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.GetLicences(ctx, a.Service)
	if err != nil {
		return err
	}
	return o.Show(l, func(w io.Writer) error {
		if _, err := fmt.Fprintf(w, "%s: %s. %s in use, %s free. Refused %d times this month, peak %d of %s.\n", l.Name, l.State, seatCount(l.InUse), seatCount(l.Free), l.Month.Refused,
			l.Month.Peak, seatCount(l.Month.Capacity)); err != nil {
			return err
		}
		if err := table(w, "There is no licence.", licenceHead(), rowsOf(l.Licences, licenceRow)); err != nil {
			return err
		}
		if len(l.Named) > 0 {
			_, _ = fmt.Fprintln(w)
			if err := table(w, "", []string{"SEAT", "PERSON", "SINCE", "MAY GO TO ANOTHER FROM"}, rowsOf(l.Named, func(s client.NamedSeat) []string {
				return []string{strconv.FormatInt(s.Seat, 10), s.Person, when(s.Since), when(s.Free)}
			})); err != nil {
				return err
			}
		}
		_, _ = fmt.Fprintln(w)
		return table(w, "No seat is in use.", seatHead(), rowsOf(l.Seats, seatRow))
	})
}

func seatCount(n int64) string {
	if n < 0 {
		return "any number"
	}
	return strconv.FormatInt(n, 10)
}

func licenceHead() []string {
	return []string{"LICENCE", "KIND", "STATE", "REFERENCE", "SEATS", "FROM", "TO", "NUMBER", "NOTE"}
}

func licenceRow(l client.Licence) []string {
	note := l.Note
	if l.Twice {
		note = "another customer declared this number"
	}
	return []string{l.ID, l.Kind, l.State, l.Reference, strconv.FormatInt(l.Seats, 10), when(l.From), when(l.To), l.Number, note}
}

func seatHead() []string { return []string{"SEAT", "HOLDER", "DEVICE", "FROM", "UNTIL", "OFFLINE"} }

func seatRow(s client.Seat) []string {
	offline := ""
	if s.Hours > 0 {
		offline = fmt.Sprintf("%d h", s.Hours)
	}
	return []string{s.ID, s.Holder, s.Device, when(s.From), when(s.Until), offline}
}

func (o Out) seat(s client.Seat, err error) error {
	if err != nil {
		return err
	}
	return o.Show(s, func(w io.Writer) error { return table(w, "", seatHead(), [][]string{seatRow(s)}) })
}

func (o Out) licence(l client.Licence, err error) error {
	if err != nil {
		return err
	}
	return o.Show(l, func(w io.Writer) error { return table(w, "", licenceHead(), [][]string{licenceRow(l)}) })
}

type licenceTake struct {
	serviceArg
	Holder string `required:"" help:"Who, as the software knows them: an opaque id; of named seats the person."`
	Device string `required:"" help:"Opaque id of the device."`
	Hours  int64  `help:"Take it offline for so many hours."`
	Key    string `help:"The same key takes the same seat; a new one when it is missing."`
}

// Run takes.
func (a licenceTake) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	s, err := c.TakeSeat(ctx, a.Service, client.TakeSeatParams{IdempotencyKey: orKey(a.Key)}, client.SeatInput{Holder: a.Holder, Device: a.Device, Hours: a.Hours})
	return o.seat(s, err)
}

type seatArg struct {
	serviceArg
	Seat string `arg:"" help:"Id of the seat (lea_…)."`
}

type licenceKeep struct {
	seatArg
	Hours int64 `help:"Take it offline for so many hours."`
}

// Run renews.
func (a licenceKeep) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	s, err := c.RenewSeat(ctx, a.Service, a.Seat, client.SeatRenewal{Hours: a.Hours})
	return o.seat(s, err)
}

type licenceReturn struct {
	seatArg
	Device string `help:"Device of a seat that was taken offline."`
}

// Run gives back.
func (a licenceReturn) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if err := c.ReturnSeat(ctx, a.Service, a.Seat, client.ReturnSeatParams{Device: a.Device}); err != nil {
		return err
	}
	return o.done("The seat is free.")
}

type licenceAssign struct {
	serviceArg
	Person string `arg:"" help:"Id of the person (per_…)."`
}

// Run gives.
func (a licenceAssign) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	s, err := c.AssignSeat(ctx, a.Service, client.SeatOwner{Person: a.Person})
	if err != nil {
		return err
	}
	return o.Show(s, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Seat %d belongs to %s.\n", s.Seat, s.Person)
		return err
	})
}

type licenceRelease struct {
	serviceArg
	Seat int64 `arg:"" help:"Number of the seat."`
}

// Run takes back.
func (a licenceRelease) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	if err := c.ReleaseSeat(ctx, a.Service, strconv.FormatInt(a.Seat, 10)); err != nil {
		return err
	}
	return o.done("The seat belongs to nobody.")
}

type licenceBring struct {
	serviceArg
	Number    string `required:"" help:"By which the publisher knows it."`
	Seats     int64  `required:"" help:"How many at once."`
	Until     string `required:"" help:"Day from which it is valid no more, such as 2027-01-31." placeholder:"DATE"`
	Reference string `help:"What it is for, a part number."`
	Document  string `help:"File that proves it; only its SHA-256 is sent." type:"existingfile" placeholder:"FILE"`
	Attest    bool   `help:"I attest that we may use the software by this licence."`
}

// Run brings.
func (a licenceBring) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	until, err := time.Parse(time.DateOnly, a.Until)
	if err != nil {
		return errors.New("--until: write the day as 2027-01-31")
	}
	in := client.OwnLicence{Number: a.Number, Reference: a.Reference, Seats: a.Seats, To: until, Attested: a.Attest}
	if a.Document != "" {
		b, err := os.ReadFile(a.Document)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		in.Document = hex.EncodeToString(sum[:])
	}
	l, err := c.DeclareLicence(ctx, a.Service, in)
	return o.licence(l, err)
}

type licenceArg struct {
	Licence string `arg:"" help:"Id of the licence (lic_…)."`
}

type licenceWithdraw struct{ licenceArg }

// Run takes back.
func (a licenceWithdraw) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.WithdrawLicence(ctx, a.Licence)
	return o.licence(l, err)
}

type licenceRenew struct{ licenceArg }

// Run renews.
func (a licenceRenew) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.RenewLicence(ctx, a.Licence)
	return o.licence(l, err)
}

type licenceAccept struct{ licenceArg }

// Run accepts.
func (a licenceAccept) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.AcceptLicence(ctx, a.Licence)
	return o.licence(l, err)
}

type licenceRefuse struct {
	licenceArg
	Reason string `required:"" help:"Why, in a sentence that the customer reads."`
}

// Run refuses.
func (a licenceRefuse) Run(ctx context.Context, o Out, name profileName) error {
	c, err := name.client()
	if err != nil {
		return err
	}
	l, err := c.RefuseLicence(ctx, a.Licence, client.Reason{Reason: a.Reason})
	return o.licence(l, err)
}

type licenceSold struct {
	Org string `help:"Organisation; your own when it is missing."`
}

// Run lists.
func (a licenceSold) Run(ctx context.Context, o Out, name profileName) error {
	c, org, err := acting(ctx, name, a.Org)
	if err != nil {
		return err
	}
	l, err := c.ListSoldLicences(ctx, org)
	if err != nil {
		return err
	}
	return o.Show(l.Items, func(w io.Writer) error {
		var rows [][]string
		for _, one := range l.Items {
			for _, licence := range one.Licences {
				head := []string{one.Service, one.Name, fmt.Sprintf("%d of %s", one.InUse, seatCount(one.Capacity))}
				rows = append(rows, append(head, licenceRow(licence)...))
			}
		}
		return table(w, "No licence was sold.", append([]string{"SERVICE", "NAME", "IN USE"}, licenceHead()...), rows)
	})
}
