// Package fail is the one error type of Halle.
//
// Owns: the few kinds of failure, the split between what a person reads (message, remedy, fields, reasons)
// and what an operator reads (the wrapped error).
// Does not own: HTTP status codes and problem documents (api maps kinds once) or translations (web and mail
// look the code up in their catalogues and fall back to the English message).
// Reads: nothing.
// Writes: nothing.
package fail

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what class of failure happened; api maps each kind to one HTTP status.
type Kind string

// The kinds. Anything that is not an *Error counts as Internal and its text never reaches a user.
const (
	Internal        Kind = "internal"        // our fault; 500
	Invalid         Kind = "invalid"         // the input cannot be accepted as it is; 422
	Unauthenticated Kind = "unauthenticated" // nobody is signed in; 401
	Denied          Kind = "denied"          // signed in, but a rule forbids it; 403
	NotFound        Kind = "not_found"       // no such thing, or none that the caller may see; 404
	Conflict        Kind = "conflict"        // the state does not allow it, or the idempotency key was used otherwise; 409
	Gone            Kind = "gone"            // it existed and is no longer offered; 410
	Precondition    Kind = "precondition"    // the ETag given is not the current one; 412
	TooLarge        Kind = "too_large"       // more bytes or items than the limit; 413
	Limit           Kind = "limit"           // a quota or budget would be passed; 409
	TooMany         Kind = "too_many"        // too many requests; 429
	Unavailable     Kind = "unavailable"     // a part that is needed does not answer now; 503
)

// Field names one input that was refused. Path is dotted JSON ("items.0.quantity").
type Field struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Reason is one rule that refused, in a sentence; Clause is its legal source where it has one.
type Reason struct {
	Rule   string `json:"rule"`
	Text   string `json:"text"`
	Clause string `json:"clause,omitempty"`
}

// Error is what a use case returns when it refuses or breaks. Message says what happened and why, Remedy what
// would make it pass; both are shown to the person. Err is for the operator's log only.
type Error struct {
	Kind    Kind
	Code    string // stable dotted word, "order.limit": the key of translations and documentation
	Message string
	Remedy  string
	Args    map[string]string // values inside Message, for translation
	Fields  []Field
	Reasons []Reason
	Err     error
}

// New makes an error of a kind. code is stable; message says what and why; remedy says what would make it pass.
func New(kind Kind, code, message, remedy string) *Error {
	return &Error{Kind: kind, Code: code, Message: message, Remedy: remedy}
}

// With returns a copy that carries one more argument for translation.
func (e *Error) With(name, value string) *Error {
	c := *e
	c.Args = make(map[string]string, len(e.Args)+1)
	for k, v := range e.Args {
		c.Args[k] = v
	}
	c.Args[name] = value
	return &c
}

// Field returns a copy that names one more refused input.
func (e *Error) Field(path, message string) *Error {
	c := *e
	c.Fields = append(append([]Field(nil), e.Fields...), Field{Path: path, Message: message})
	return &c
}

// Because returns a copy that carries the rules that refused.
func (e *Error) Because(reasons ...Reason) *Error {
	c := *e
	c.Reasons = append(append([]Reason(nil), e.Reasons...), reasons...)
	return &c
}

// Wrap returns a copy that carries the operator's error.
func (e *Error) Wrap(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// Error is the operator's text: code, message, and the wrapped error.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.Code, e.Message)
	for _, r := range e.Reasons {
		fmt.Fprintf(&b, "; %s: %s", r.Rule, r.Text)
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "; %s: %s", f.Path, f.Message)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap gives the operator's error to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of err; Internal for anything that is not an *Error, and "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// CodeOf is the code of err, "internal" for anything that is not an *Error, and "" for nil.
func CodeOf(err error) string {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return string(Internal)
}

// Is tells whether err is of the kind.
func Is(err error, kind Kind) bool { return KindOf(err) == kind }

// Missing is the one answer for "no such thing, or none that you may see": the two are never told apart.
func Missing(noun, id string) *Error {
	return New(NotFound, noun+".not_found", fmt.Sprintf("There is no %s %q that you may see.", noun, id),
		"Check the identifier, or ask the owner for access.").With("id", id)
}
