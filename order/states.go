package order

import (
	"fmt"

	"github.com/halle-cloud/halle/internal/fail"
)

// State is where an order stands: the words of TM Forum 622 v4.
type State string

// The states of an order.
const (
	StateAcknowledged        State = "acknowledged" // accepted; placement looks at it
	StateHeld                State = "held"         // waits for an approval
	StateInProgress          State = "inProgress"   // something is being made
	StatePending             State = "pending"      // an item waits for an answer from outside
	StateAssessingCancel     State = "assessingCancellation"
	StatePendingCancellation State = "pendingCancellation" // what was made is being removed
	StateCompleted           State = "completed"
	StatePartial             State = "partial" // some items are completed, others are not and never will be
	StateFailed              State = "failed"
	StateCancelled           State = "cancelled"
	StateRejected            State = "rejected"
)

// Final tells whether nothing more comes by itself. A consumer may still withdraw from a completed or partial order.
func (s State) Final() bool {
	switch s {
	case StateCompleted, StatePartial, StateFailed, StateCancelled, StateRejected:
		return true
	}
	return false
}

// ItemState is where an item stands.
type ItemState string

// The states of an item.
const (
	ItemAcknowledged        ItemState = "acknowledged"
	ItemHeld                ItemState = "held"
	ItemInProgress          ItemState = "inProgress"
	ItemPending             ItemState = "pending"
	ItemAssessingCancel     ItemState = "assessingCancellation"
	ItemPendingCancellation ItemState = "pendingCancellation"
	ItemCompleted           ItemState = "completed"
	ItemFailed              ItemState = "failed"
	ItemCancelled           ItemState = "cancelled"
	ItemRejected            ItemState = "rejected"
)

// Final tells whether nothing more comes by itself.
func (s ItemState) Final() bool {
	switch s {
	case ItemCompleted, ItemFailed, ItemCancelled, ItemRejected:
		return true
	}
	return false
}

// Command is what is done to an order or an item.
type Command string

// The commands. Those of the second group are given by the states of the items, never by a person.
const (
	CommandApprove  Command = "approve"
	CommandReject   Command = "reject"
	CommandCancel   Command = "cancel"
	CommandWithdraw Command = "withdraw"

	CommandStart    Command = "start"
	CommandWait     Command = "wait"
	CommandGoOn     Command = "goOn"
	CommandRemove   Command = "remove"
	CommandComplete Command = "complete"
	CommandPartial  Command = "partial"
	CommandFail     Command = "fail"
	CommandRefuse   Command = "refuse"
	CommandVoid     Command = "void"

	CommandPlace     Command = "place"
	CommandRelease   Command = "release"
	CommandDone      Command = "done"
	CommandAsk       Command = "askCancel"
	CommandCancelled Command = "cancelled"
)

// Transition is one row of the table of orders.
type Transition struct {
	From    State
	Command Command
	Guard   string // in words; the use case checks it
	To      State
	Fact    string
}

// New orders begin as acknowledged (fact order.placed.v1) or, when a rule asks for an approval, as held (order.held.v1).

// Transitions is the closed table of an order: what is not here cannot happen.
func Transitions() []Transition {
	const ended = "every item has ended: "
	return []Transition{
		{StateHeld, CommandApprove, "by an approver; another than the requester when there is one", StateAcknowledged, FactApproved},
		{StateHeld, CommandReject, "by an approver", StateRejected, FactRejected},
		{StateHeld, CommandCancel, "", StateCancelled, FactCancelled},
		{StateAcknowledged, CommandCancel, "no item was placed", StateCancelled, FactCancelled},
		{StateAcknowledged, CommandStart, "an item was placed", StateInProgress, FactStarted},
		{StateAcknowledged, CommandComplete, ended + "all completed", StateCompleted, FactCompleted},
		{StateAcknowledged, CommandPartial, ended + "some completed", StatePartial, FactPartial},
		{StateAcknowledged, CommandFail, ended + "none completed, one failed", StateFailed, FactFailed},
		{StateAcknowledged, CommandRefuse, ended + "all rejected", StateRejected, FactRejected},
		{StateAcknowledged, CommandVoid, ended + "none completed or failed, one cancelled", StateCancelled, FactCancelled},
		{StateInProgress, CommandWait, "an item needs an answer", StatePending, FactPending},
		{StateInProgress, CommandCancel, "", StateAssessingCancel, FactCancelRequested},
		{StateInProgress, CommandComplete, ended + "all completed", StateCompleted, FactCompleted},
		{StateInProgress, CommandPartial, ended + "some completed", StatePartial, FactPartial},
		{StateInProgress, CommandFail, ended + "none completed, one failed", StateFailed, FactFailed},
		{StateInProgress, CommandRefuse, ended + "all rejected", StateRejected, FactRejected},
		{StateInProgress, CommandVoid, ended + "none completed or failed, one cancelled", StateCancelled, FactCancelled},
		{StatePending, CommandGoOn, "no item needs an answer", StateInProgress, FactStarted},
		{StatePending, CommandCancel, "", StateAssessingCancel, FactCancelRequested},
		{StatePending, CommandComplete, ended + "all completed", StateCompleted, FactCompleted},
		{StatePending, CommandPartial, ended + "some completed", StatePartial, FactPartial},
		{StatePending, CommandFail, ended + "none completed, one failed", StateFailed, FactFailed},
		{StatePending, CommandRefuse, ended + "all rejected", StateRejected, FactRejected},
		{StatePending, CommandVoid, ended + "none completed or failed, one cancelled", StateCancelled, FactCancelled},
		{StateAssessingCancel, CommandRemove, "the removal of an item began", StatePendingCancellation, FactCancelling},
		{StateAssessingCancel, CommandComplete, ended + "too late, all completed", StateCompleted, FactCompleted},
		{StateAssessingCancel, CommandPartial, ended + "some completed", StatePartial, FactPartial},
		{StateAssessingCancel, CommandFail, ended + "none completed, one failed", StateFailed, FactFailed},
		{StateAssessingCancel, CommandRefuse, ended + "all rejected", StateRejected, FactRejected},
		{StateAssessingCancel, CommandVoid, ended + "none completed or failed, one cancelled", StateCancelled, FactCancelled},
		{StatePendingCancellation, CommandComplete, ended + "too late, all completed", StateCompleted, FactCompleted},
		{StatePendingCancellation, CommandPartial, ended + "some completed", StatePartial, FactPartial},
		{StatePendingCancellation, CommandFail, ended + "none completed, one failed", StateFailed, FactFailed},
		{StatePendingCancellation, CommandVoid, ended + "none completed or failed, one cancelled", StateCancelled, FactCancelled},
		{StateCompleted, CommandWithdraw, "a consumer, within the withdrawal period", StatePendingCancellation, FactWithdrawn},
		{StatePartial, CommandWithdraw, "a consumer, within the withdrawal period", StatePendingCancellation, FactWithdrawn},
	}
}

// ItemTransition is one row of the table of items.
type ItemTransition struct {
	From    ItemState
	Command Command
	Guard   string
	To      ItemState
	Fact    string // "" where the order's fact says it
}

// ItemTransitions is the closed table of an item.
func ItemTransitions() []ItemTransition {
	return []ItemTransition{
		{ItemHeld, CommandRelease, "the order was approved", ItemAcknowledged, ""},
		{ItemHeld, CommandCancelled, "the order was cancelled", ItemCancelled, ""},
		{ItemHeld, CommandRefuse, "the order was rejected", ItemRejected, ""},
		{ItemAcknowledged, CommandPlace, "", ItemInProgress, FactItemPlaced},
		{ItemAcknowledged, CommandRefuse, "no region may have it", ItemRejected, FactItemRejected},
		{ItemAcknowledged, CommandDone, "", ItemCompleted, FactItemCompleted},
		{ItemAcknowledged, CommandFail, "", ItemFailed, FactItemFailed},
		{ItemAcknowledged, CommandCancelled, "nothing was begun", ItemCancelled, FactItemCancelled},
		{ItemInProgress, CommandPlace, "placed again elsewhere", ItemInProgress, FactItemPlaced},
		{ItemInProgress, CommandRefuse, "no other region may have it", ItemRejected, FactItemRejected},
		{ItemInProgress, CommandWait, "", ItemPending, FactItemWaiting},
		{ItemInProgress, CommandDone, "", ItemCompleted, FactItemCompleted},
		{ItemInProgress, CommandFail, "", ItemFailed, FactItemFailed},
		{ItemInProgress, CommandAsk, "the customer cancels", ItemAssessingCancel, ""},
		{ItemPending, CommandGoOn, "", ItemInProgress, FactItemContinued},
		{ItemPending, CommandDone, "", ItemCompleted, FactItemCompleted},
		{ItemPending, CommandFail, "", ItemFailed, FactItemFailed},
		{ItemPending, CommandAsk, "the customer cancels", ItemAssessingCancel, ""},
		{ItemAssessingCancel, CommandRemove, "it can be stopped", ItemPendingCancellation, FactItemCancelling},
		{ItemAssessingCancel, CommandDone, "too late", ItemCompleted, FactItemCompleted},
		{ItemAssessingCancel, CommandFail, "", ItemFailed, FactItemFailed},
		{ItemAssessingCancel, CommandRefuse, "no other region may have it", ItemRejected, FactItemRejected},
		{ItemAssessingCancel, CommandCancelled, "nothing is left", ItemCancelled, FactItemCancelled},
		{ItemPendingCancellation, CommandDone, "too late", ItemCompleted, FactItemCompleted},
		{ItemPendingCancellation, CommandFail, "", ItemFailed, FactItemFailed},
		{ItemPendingCancellation, CommandCancelled, "nothing is left", ItemCancelled, FactItemCancelled},
		{ItemCompleted, CommandWithdraw, "a consumer withdraws from the contract", ItemPendingCancellation, FactItemCancelling},
	}
}

func next(from State, command Command) (Transition, error) {
	possible := ""
	for _, t := range Transitions() {
		if t.From != from {
			continue
		}
		if t.Command == command {
			return t, nil
		}
		switch t.Command {
		case CommandApprove, CommandReject, CommandCancel, CommandWithdraw:
			possible += " " + string(t.Command)
		}
	}
	return Transition{}, refused("order", string(from), command, possible)
}

func nextItem(from ItemState, command Command) (ItemTransition, error) {
	for _, t := range ItemTransitions() {
		if t.From == from && t.Command == command {
			return t, nil
		}
	}
	return ItemTransition{}, refused("order item", string(from), command, "")
}

func refused(noun, state string, command Command, possible string) error {
	remedy := "Nothing can be done with it any more; place a new order."
	if possible != "" {
		remedy = "Possible now:" + possible + "."
	}
	return fail.New(fail.Conflict, "order.state", fmt.Sprintf("An %s that is %s cannot take %s.", noun, state, command), remedy).
		With("state", state).With("command", string(command))
}
